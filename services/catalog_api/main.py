"""The HTTP door of catalog_api."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI

from services.catalog_api.repository import catalogs as catalog_repository
from services.catalog_api.repository import disclosure as disclosure_repository
from services.catalog_api.repository import lists as list_repository
from services.catalog_api.routes import (
    candidates,
    catalogs,
    directory,
    disclosure,
    lists,
    monitoring,
    patrol,
    states,
    tables,
    withheld,
)
from services.catalog_api.service.importing import WORKBOOKS
from services.catalog_api.settings import Settings
from shared.kit.app import Kit, create_app
from shared.kit.confined import ConfinedReader, ReaderLimits
from shared.schemas.disclosure import DisclosureResult, PublicationLine, TaskLine
from shared.schemas.lists import ListLine, ListLineResult

DESCRIPTION = (
    "政务公开目录：应公开什么、由谁、何时、在哪里；公开任务、公开记录和效能监测。"
    "The disclosure catalog: what must be published, by whom, when and where, and what was."
)


def build_app(settings: Settings, *, transport: httpx.AsyncBaseTransport | None = None) -> FastAPI:
    """The application; nothing is connected before its life span begins. `transport` replaces the network."""
    return create_app(
        settings,
        title="明泉 · 政务公开目录 catalog_api",
        description=DESCRIPTION,
        routers=[
            candidates.router,
            withheld.router,
            directory.router,
            states.router,
            patrol.router,
            lists.router,
            monitoring.router,
            disclosure.router,
            tables.router,
            catalogs.router,
        ],
        extend=_with_reader,
        transport=transport,
        line_schemas=[TaskLine, PublicationLine, DisclosureResult, ListLine, ListLineResult],
        stored_reads={
            "/v1/catalogs": ("/v1/catalogs/{catalog_id}", _find_catalog),
            "/v1/items": ("/v1/items/{item_id}", _find_item),
            "/v1/list-entries": ("/v1/list-entries/{entry_id}", _find_entry),
            "/v1/publications": ("/v1/publications/{publication_id}", _find_publication),
        },
    )


@asynccontextmanager
async def _with_reader(kit: Kit) -> AsyncIterator[None]:
    assert isinstance(kit.settings, Settings)
    settings = kit.settings
    limits = ReaderLimits(settings.reader_memory_bytes, settings.reader_seconds, settings.tables_at_once)
    reader = kit.extra["tables"] = ConfinedReader(WORKBOOKS, limits)
    try:
        yield
    finally:
        await reader.close()


# What is stored is right on every day: nothing here changes by itself.


async def _find_catalog(reads: Any, subject: UUID, _today: date) -> Any:
    return await catalog_repository.find_public(reads, subject)


async def _find_item(reads: Any, subject: UUID, _today: date) -> Any:
    return await catalog_repository.find_public_item(reads, subject)


async def _find_entry(reads: Any, subject: UUID, today: date) -> Any:
    """What a day has made another is left to the route."""
    stored = await list_repository.find_public(reads, subject)
    is_present = stored is not None and (stored["next_change_on"] is None or stored["next_change_on"] > today)
    return stored if is_present else None


async def _find_publication(reads: Any, subject: UUID, _today: date) -> Any:
    return await disclosure_repository.find_public(reads, subject)


def app() -> FastAPI:
    """For `uvicorn --factory`."""
    return build_app(Settings())
