"""What an organisation has at exchange_api, for the walks over every route."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.exchange_api.repository import inbound, webhooks
from shared.webhooks import new_secret
from tests.services import Suite

WISH = {"name": "区政务公开平台", "event_types": ["policy.*"], "url": "https://hooks.example/x"}
_AT = "exchange POST /v1/subscriptions/{subscription_id}"


def webhook_bodies() -> dict[str, Callable[[Any], Any]]:
    """The body with which each route would do its work for somebody who may."""
    return {
        "exchange POST /v1/subscriptions": lambda victim: WISH | {"organization": victim.code},
        "exchange PUT /v1/subscriptions/{subscription_id}": lambda victim: WISH | {"organization": victim.code},
        f"{_AT}:rotate": lambda _: None,
        f"{_AT}:enable": lambda _: None,
        f"{_AT}:disable": lambda _: None,
        f"{_AT}:test": lambda _: None,
        f"{_AT}:resend": lambda _: {"since": "2026-01-01T00:00:00+08:00"},
        f"{_AT}:reconcile": lambda _: {"day": "2026-03-04", "messages": {}, "repair": True},
        f"{_AT}/deliveries/{{message_id}}:resend": lambda _: None,
        "exchange DELETE /v1/subscriptions/{subscription_id}": lambda _: None,
        "exchange PUT /v1/partners/{source}": lambda victim: {
            "name": "省政府信息公开平台",
            "organization": victim.code,
            "keys": [new_secret()],
            "types": ["request.assigned"],
        },
        "exchange POST /v1/partners/{source}/messages/{message_id}:retry": lambda _: None,
    }


async def webhooks_of(suite: Suite, code: str) -> dict[str, str]:
    """A subscription with a message that was given up, and a partner with another: path parameters by name."""
    made = await suite.exchange.post("/v1/subscriptions", json=WISH | {"organization": code}, headers=suite.admin)
    assert made.status_code == 201, made.text
    subscription_id = made.json()["subscription"]["id"]
    now, message_id = datetime.now(UTC), str(uuid7())
    message = {
        **{"id": message_id, "source": "/api/policy", "type": "policy.released", "subject": "x", "subjectversion": 1},
        **{"occurred_at": now, "day": now.date(), "body": "{}"},
    }
    source = f"owned-{code[-4:].lower()}"
    partner = {
        **{"source": source, "name": "省平台", "organization": code, "public_keys": [], "sealed_secrets": b""},
        **{"shared_secrets": 0, "types": []},
    }
    stored = {
        **{"source": source, "id": message_id, "type": "request.urged", "subject": "x", "place": 1},
        **{"day": now.date(), "digest": b"", "body": b"", "received_at": now},
    }
    async with suite.apps["exchange"].state.kit.database.write() as session:
        driver = await session.driver()
        await webhooks.keep_messages(driver, [message])
        await webhooks.keep_deliveries(driver, [(UUID(subscription_id), message_id, "x")], now=now)
        await inbound.keep_partner(driver, partner)
        await inbound.store(driver, stored)
        await inbound.settle(driver, source, message_id, state="dead", error="x", next_at=now)
    return {"subscription_id": subscription_id, "message_id": message_id, "source": source}
