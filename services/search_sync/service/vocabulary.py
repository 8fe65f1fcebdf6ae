"""Synonyms and stop words: what administrators put, and whether the indexes in use have it already.

Nothing is told to the engine here: the worker is the one that writes, and gives every index what was put last. So two
changes at once cannot arrive there in the wrong order, and one that was put while the engine was away is not lost.
"""

import asyncio
import time
from typing import Any

import asyncpg

from services.search_sync.repository import ledger
from services.search_sync.repository import vocabulary as repository
from services.search_sync.repository.vocabulary import SYNONYMS, Vocabulary
from shared.kit.auth import Caller, ensure_supervises_all
from shared.kit.database import WriteSession
from shared.kit.http import check_if_match
from shared.schemas.search import StopWords, StopWordsInput, Synonyms, SynonymsInput

_LOOK_SECONDS = 0.1


async def read_synonyms(reads: asyncpg.Pool) -> Synonyms:
    """As put last; version 0 and empty before that."""
    return _synonyms(await repository.find(reads, SYNONYMS), applied=await is_applied(reads))


async def read_stop_words(reads: asyncpg.Pool) -> StopWords:
    """As put last; version 0 and empty before that."""
    return _stop_words(await repository.find(reads, repository.STOP_WORDS), applied=await is_applied(reads))


async def put_synonyms(
    session: WriteSession, caller: Caller, wanted: SynonymsInput, *, if_match: str | None
) -> Synonyms:
    """All synonyms from now on. The same again changes nothing."""
    return _synonyms(await _put(session, caller, SYNONYMS, wanted.model_dump(), if_match=if_match), applied=False)


async def put_stop_words(
    session: WriteSession, caller: Caller, wanted: StopWordsInput, *, if_match: str | None
) -> StopWords:
    """All stop words from now on. The same again changes nothing."""
    stored = await _put(session, caller, repository.STOP_WORDS, wanted.model_dump(), if_match=if_match)
    return _stop_words(stored, applied=False)


async def is_applied(reads: asyncpg.Pool) -> bool:
    """Whether every index in use has what was put last."""
    wanted = await repository.read_version(reads)
    live = [one for one in await ledger.list_generations(reads) if one.state == "live"]
    return bool(live) and all(one.vocabulary == wanted for one in live)


async def wait_until_applied(reads: asyncpg.Pool, *, at_most_seconds: float) -> bool:
    """Whether it came about in that time."""
    patience_ends = time.monotonic() + at_most_seconds
    while True:
        if await is_applied(reads):
            return True
        if time.monotonic() >= patience_ends:
            return False
        await asyncio.sleep(_LOOK_SECONDS)


async def _put(
    session: WriteSession, caller: Caller, kind: str, content: dict[str, Any], *, if_match: str | None
) -> Vocabulary:
    await ensure_supervises_all(caller)
    driver = await session.driver()
    await repository.lock(driver, kind)
    present = await repository.find(driver, kind)
    version = present.version if present else 0
    check_if_match(if_match, etag=etag_of(version), version=version)
    if present is not None and present.content == content:
        return present
    stored = await repository.store(driver, kind, version=version + 1, content=content, by=caller.client_id)
    session.record(
        actor=caller.client_id,
        action=f"search.{kind}_put",
        subject=kind,
        version=stored.version,
        organization=caller.principal.organization,
        count=sum(map(len, content.values())),
    )
    return stored


def etag_of(version: int) -> str:
    return f'"{version}"'


def _synonyms(stored: Vocabulary | None, *, applied: bool) -> Synonyms:
    if stored is None:
        return Synonyms(version=0, changed_at=None, applied=applied, groups=[])
    return Synonyms(version=stored.version, changed_at=stored.changed_at, applied=applied, **stored.content)


def _stop_words(stored: Vocabulary | None, *, applied: bool) -> StopWords:
    if stored is None:
        return StopWords(version=0, changed_at=None, applied=applied, words=[])
    return StopWords(version=stored.version, changed_at=stored.changed_at, applied=applied, **stored.content)
