"""Synonyms and stop words at the edge."""

from typing import Annotated

from fastapi import Depends, Request, Response

from services.search_sync.service import vocabulary as service
from shared.kit.auth import Caller, require
from shared.kit.database import Reading, WriteSession, Writing
from shared.kit.http import IfMatch, api_router, problems
from shared.schemas.scopes import Scope
from shared.schemas.search import StopWords, StopWordsInput, Synonyms, SynonymsInput

router = api_router(tags=["administration"])
Administrator = Annotated[Caller, Depends(require(Scope.SEARCH_ADMIN))]


@router.get("/v1/synonyms", response_model=Synonyms, summary="同义词 Read the synonyms")
async def get_synonyms(_caller: Administrator, reads: Reading) -> Response:
    """As put last; `applied` says whether the indexes in use have them."""
    return _answer(await service.read_synonyms(reads))


@router.put("/v1/synonyms", response_model=Synonyms, responses=problems(412), summary="设置同义词 Replace the synonyms")
async def put_synonyms(
    request: Request,
    body: SynonymsInput,
    caller: Administrator,
    session: Writing,
    reads: Reading,
    if_match: IfMatch = None,
) -> Response:
    """All of them at once; for the root organisation's clients. No rebuild is needed.

    Answers when the indexes in use have them, or with `applied: false` when that takes longer: the worker sees to it.
    """
    return await _finish(request, session, reads, await service.put_synonyms(session, caller, body, if_match=if_match))


@router.get("/v1/stop-words", response_model=StopWords, summary="停用词 Read the stop words")
async def get_stop_words(_caller: Administrator, reads: Reading) -> Response:
    """As put last; `applied` says whether the indexes in use have them."""
    return _answer(await service.read_stop_words(reads))


@router.put(
    "/v1/stop-words", response_model=StopWords, responses=problems(412), summary="设置停用词 Replace the stop words"
)
async def put_stop_words(
    request: Request,
    body: StopWordsInput,
    caller: Administrator,
    session: Writing,
    reads: Reading,
    if_match: IfMatch = None,
) -> Response:
    """All of them at once; for the root organisation's clients. The engine goes through the whole index for them.

    Answers when the indexes in use have them, or with `applied: false` when that takes longer: the worker sees to it.
    """
    stored = await service.put_stop_words(session, caller, body, if_match=if_match)
    return await _finish(request, session, reads, stored)


async def _finish(request: Request, session: WriteSession, reads: Reading, stored: Synonyms | StopWords) -> Response:
    # Committed here, because the worker is to act on it while this request waits.
    await session.commit()
    if session.rehearsal:
        return _answer(stored)
    wait_seconds = request.app.state.kit.settings.vocabulary_wait_seconds
    applied = await service.wait_until_applied(reads, at_most_seconds=wait_seconds)
    return _answer(stored.model_copy(update={"applied": applied}))


def _answer(stored: Synonyms | StopWords) -> Response:
    return Response(
        stored.model_dump_json(),
        headers={"ETag": service.etag_of(stored.version), "Cache-Control": "no-store"},
        media_type="application/json",
    )
