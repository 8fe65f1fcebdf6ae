"""What is told of a request: a row for its step, an entry of the audit trail, an event with number, status and dates only."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from services.request_api.repository import requests as repository
from services.request_api.rules.case import Event
from services.request_api.service.keeping import Vault
from shared.kit.database import WriteSession
from shared.kit.log import Announcement

STATUS_CHANGED = "request.status_changed"


async def record_step(
    session: WriteSession,
    row: Mapping[str, Any],
    event: Event,
    *,
    sequence: int,
    private: dict[str, Any] | None,
    vault: Vault,
    now: datetime,
) -> None:
    """Keep a step as it is and let the audit trail know of it."""
    await repository.insert_step(
        await session.driver(),
        {
            "request_id": row["id"],
            "sequence": sequence,
            "kind": event.kind.value,
            "on_day": event.on,
            "recorded_at": now,
            "actor": event.actor,
            "facts": to_json(event.facts).decode(),
            "private": None if private is None else vault.seal(private, f"step {sequence}", row["id"]),
            "state": row["state"],
            "due_on": row["due_on"],
        },
    )
    await repository.note_sealed(await session.driver(), row["id"], vault.ring.current)
    session.record(
        actor=event.actor,
        action=f"request.{event.kind.value}",
        subject=str(row["id"]),
        version=row["version"],
        organization=row["organization"],
        state=row["state"],
    )


def announce_status(session: WriteSession, row: Mapping[str, Any]) -> None:
    """Number, status and dates: never who asked, nor for what."""
    names = ("received_on", "due_on", "waiting_until", "answered_on", "closed_on")
    told = {
        "id": str(row["id"]),
        "number": row["number"],
        "organization": row["organization"],
        "province_id": row["province_id"],
        "state": row["state"],
        **{name: row[name] for name in names},
    }
    session.announce(
        Announcement(type=STATUS_CHANGED, subject=str(row["id"]), version=row["version"], data=to_json(told))
    )
