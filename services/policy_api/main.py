"""The HTTP door of policy_api."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from services.policy_api.repository.reading import find_current, find_current_interpretation
from services.policy_api.routes import (
    batch,
    changes,
    collections,
    dossiers,
    enquiries,
    expiry,
    files,
    interpretation_metrics,
    interpretation_tasks,
    interpretations,
    matching,
    opinions,
    parsing,
    passages,
    policies,
    profiles,
    quality,
)
from services.policy_api.routes.entries import entry_lookup, entry_router, links
from services.policy_api.routes.participation import PREPARATIONS
from services.policy_api.rules.entry_kinds.registry import KINDS
from services.policy_api.service.clause_set import ClauseSource
from services.policy_api.service.parsing import READERS
from services.policy_api.service.push_queue import PushQueue
from services.policy_api.service.sealing import OpinionSealer, ProfileSealer
from services.policy_api.settings import Settings, file_store
from shared.kit.app import Kit, create_app
from shared.kit.confined import ConfinedReader, ReaderLimits
from shared.schemas.clauses import MatchLine, MatchLineResult
from shared.schemas.policies import BatchLine, BatchResult

DESCRIPTION = "政策文件库：全部历史文本、政策解读、三同步审签。Policies with every version, interpretations, and the three-sync gate."


def build_app(settings: Settings, *, transport: httpx.AsyncBaseTransport | None = None) -> FastAPI:
    """The application; nothing is connected before its life span begins. `transport` replaces the network."""
    return create_app(
        settings,
        title="明泉 · 政策文件库 policy_api",
        description=DESCRIPTION,
        routers=[
            policies.router,
            batch.router,
            parsing.router,
            files.router,
            interpretations.router,
            dossiers.router,
            enquiries.router,
            interpretation_tasks.router,
            interpretation_metrics.router,
            collections.router,
            links,
            changes.router,
            expiry.router,
            quality.router,
            passages.router,
            opinions.router,
            matching.router,
            profiles.router,
            *(entry_router(kind, prepare=PREPARATIONS.get(kind.name)) for kind in KINDS.values()),
        ],
        extend=_with_own_parts,
        transport=transport,
        line_schemas=[BatchLine, BatchResult, MatchLine, MatchLineResult],
        stored_reads={
            "/v1/policies": ("/v1/policies/{policy_id}", find_current),
            "/v1/interpretations": ("/v1/interpretations/{interpretation_id}", find_current_interpretation),
            **{
                f"/v1/{kind.plural}": (f"/v1/{kind.plural}/{{entry_id}}", entry_lookup(kind)) for kind in KINDS.values()
            },
        },
    )


@asynccontextmanager
async def _with_own_parts(kit: Kit) -> AsyncIterator[None]:
    assert isinstance(kit.settings, Settings)
    kit.extra["entry_kinds"] = KINDS
    kit.extra["opinion_sealer"] = OpinionSealer(kit.settings.opinion_key.get_secret_value())
    kit.extra["profile_sealer"] = ProfileSealer(kit.settings.profile_key.get_secret_value())
    kit.extra["clauses"] = ClauseSource()
    kit.extra["files"] = file_store(kit.settings)
    limits = ReaderLimits(kit.settings.reader_memory_bytes, kit.settings.reader_seconds, kit.settings.readers_at_once)
    reader = kit.extra["reader"] = ConfinedReader(READERS, limits)
    queue = kit.extra["pushes"] = PushQueue(kit.database)
    try:
        yield
    finally:
        await queue.close()
        await reader.close()


def app() -> FastAPI:
    """For `uvicorn --factory`."""
    return build_app(Settings())
