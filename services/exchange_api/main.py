"""The HTTP door of exchange_api."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from services.exchange_api.repository.organizations import find_stored
from services.exchange_api.routes import clients, inbound, organizations, webhooks
from services.exchange_api.service.state import STATE_METRICS
from services.exchange_api.service.tokens import denied_clients, published_keys
from services.exchange_api.settings import Settings
from shared.kit.app import Kit, build_verifier, create_app
from shared.kit.auth import DenyList
from shared.kit.organizations import OrganizationDirectory
from shared.schemas.organizations import Organization

DESCRIPTION = (
    "机关目录、接口客户端与令牌、工作日历、消息订阅与外部平台。"
    "Organisations, API clients and tokens, the working-day calendar, webhooks out and in."
)


def build_app(settings: Settings) -> FastAPI:
    """The application; nothing is connected before its life span begins."""
    return create_app(
        settings,
        title="明泉 · 交换服务 exchange_api",
        description=DESCRIPTION,
        routers=[organizations.router, clients.router, webhooks.router, inbound.router],
        extend=_look_inside,
        state_metrics=STATE_METRICS,
    )


@asynccontextmanager
async def _look_inside(kit: Kit) -> AsyncIterator[None]:
    """This service owns the directory and the keys that others fetch from it: it reads its own tables."""
    settings = kit.settings
    assert isinstance(settings, Settings)
    reads = kit.database.reads

    async def load_organization(code: str) -> Organization | None:
        stored = await find_stored(reads, code)
        return Organization.model_validate_json(stored["representation"]) if stored else None

    async def load_keys() -> dict[str, Any]:
        return (await published_keys(reads, settings, now=kit.clock())).model_dump()

    kit.directory = OrganizationDirectory(load_organization, ttl_seconds=1.0)

    async def load_denied() -> frozenset[str]:
        return frozenset((await denied_clients(reads, settings, now=kit.clock())).clients)

    kit.verifier = build_verifier(settings, kit.client, load_keys)
    # Here it is a question to its own table, and holds at once.
    kit.denied = DenyList(load_denied, ttl_seconds=0.05)
    yield


def app() -> FastAPI:
    """For `uvicorn --factory`."""
    return build_app(Settings())
