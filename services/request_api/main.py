"""The HTTP door of request_api."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from services.request_api.routes import (
    library,
    moves,
    notices,
    records,
    reports,
    request_files,
    requests,
    supervision,
    track,
)
from services.request_api.service.keeping import vault_of
from services.request_api.service.request_files import READER
from services.request_api.service.state import STATE_METRICS
from services.request_api.service.throttle import Throttle
from services.request_api.settings import Settings
from shared.kit.app import Kit, create_app
from shared.kit.confined import ConfinedReader, ReaderLimits

DESCRIPTION = (
    "依申请公开：从提交到归档，法定期限、决定、案例和年度报告。"
    "Disclosure on request: from submission to archive, with the clock of the law, decisions, cases and the annual report."
)


def build_app(settings: Settings, *, transport: httpx.AsyncBaseTransport | None = None) -> FastAPI:
    """The application; nothing is connected before its life span begins. `transport` replaces the network."""
    return create_app(
        settings,
        title="明泉 · 依申请公开 request_api",
        description=DESCRIPTION,
        routers=[
            *(track.router, supervision.router, reports.router, library.router, requests.router, moves.router),
            *(request_files.router, notices.router, records.router),
        ],
        extend=_with_vault,
        transport=transport,
        # A letter's number may be made of its writer's.
        journal_external_ids=False,
        state_metrics=STATE_METRICS,
    )


@asynccontextmanager
async def _with_vault(kit: Kit) -> AsyncIterator[None]:
    assert isinstance(kit.settings, Settings)
    kit.extra["vault"] = vault_of(kit.settings)
    kit.extra["throttle"] = Throttle(kit.settings.track_failures, kit.settings.track_window_seconds)
    limits = ReaderLimits(kit.settings.reader_memory_bytes, kit.settings.reader_seconds, kit.settings.files_at_once)
    reader = kit.extra["answer_files"] = ConfinedReader(READER, limits)
    try:
        yield
    finally:
        await reader.close()


def app() -> FastAPI:
    """For `uvicorn --factory`."""
    return build_app(Settings())
