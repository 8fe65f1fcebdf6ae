"""The HTTP door of search_sync."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from services.search_sync.repository.engine import Engine
from services.search_sync.repository.state import STATE_METRICS
from services.search_sync.routes import administration, answers, search, vocabulary
from services.search_sync.service.phrasing import Phraser
from services.search_sync.service.publicity import PublicityCheck
from services.search_sync.service.searching import SearchRoom
from services.search_sync.settings import Settings
from shared.kit.app import Kit, create_app

DESCRIPTION = """政策文件、解读、问答、政策条款、意见征集与专题的中文检索。

Chinese full-text search over policies and what explains them, and the passages that answer a question.
"""


def build_app(settings: Settings, *, transport: httpx.AsyncBaseTransport | None = None) -> FastAPI:
    """The application; nothing is connected before its life span begins. `transport` replaces the network."""
    return create_app(
        settings,
        title="明泉 · 检索 search_sync",
        description=DESCRIPTION,
        routers=[search.router, answers.router, vocabulary.router, administration.router],
        extend=_open_room,
        serves_log=False,
        transport=transport,
        state_metrics=STATE_METRICS,
    )


@asynccontextmanager
async def _open_room(kit: Kit) -> AsyncIterator[None]:
    settings = kit.settings
    assert isinstance(settings, Settings)
    engine = Engine(
        settings.meili_url, settings.meili_key.get_secret_value(), timeout_seconds=settings.search_timeout_seconds
    )
    kit.extra["room"] = SearchRoom(
        engine=engine,
        reads=kit.database.reads,
        publicity=PublicityCheck(kit.client, settings.sources),
        uid=settings.index_uid,
        sources=tuple(settings.sources),
        stale_after_seconds=settings.stale_after_seconds,
        phraser=_phraser(kit, settings),
    )
    try:
        yield
    finally:
        engine.close()


def _phraser(kit: Kit, settings: Settings) -> Phraser | None:
    if settings.answers_model_url is None:
        return None
    return Phraser(
        kit.client,
        url=settings.answers_model_url,
        model=settings.answers_model or "",
        key=settings.answers_model_key.get_secret_value() if settings.answers_model_key else "",
        timeout_seconds=settings.answers_model_timeout_seconds,
        at_once=settings.answers_model_at_once,
    )


def app() -> FastAPI:
    """For `uvicorn --factory`."""
    return build_app(Settings())
