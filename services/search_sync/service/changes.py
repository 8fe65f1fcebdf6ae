"""Turns events, exported lines and parked documents into changes of the index: pure work, done off the event loop."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from services.search_sync.repository.ledger import LedgerEntry, ParkedDocument
from services.search_sync.rules.documents import Document, hash_document
from services.search_sync.rules.shelves import Shelf
from shared.kit.reader import ExportLine
from shared.schemas.events import Event

_MAX_REASON_CHARACTERS = 2000


@dataclass(frozen=True)
class Change:
    """One subject's new state. `lines` are its documents as JSON, none of which take it out of the index."""

    source: str
    subject: str
    kind: str
    version: int
    lines: tuple[bytes, ...]
    content_hash: str | None
    data: bytes | None
    """The representation as JSON, should it have to be parked."""
    at: datetime | None = None
    fault: str | None = None
    """Why no document could be made of it."""
    is_first: bool = False
    """Nothing of the subject can be in the index yet, so that nothing has to be taken out."""

    @property
    def key(self) -> tuple[str, str]:
        return self.source, self.subject

    @property
    def size(self) -> int:
        return sum(map(len, self.lines)) + len(self.data or b"")

    def entry(self) -> LedgerEntry:
        return LedgerEntry(
            self.source, self.subject, self.kind, self.version, self.content_hash, deleted=not self.lines
        )

    def parked(self, reason: str) -> ParkedDocument:
        data = None if self.data is None else self.data.decode()
        return ParkedDocument(self.source, self.subject, self.kind, self.version, reason[:_MAX_REASON_CHARACTERS], data)


async def changes_of_events(shelf: Shelf, source: str, events: Sequence[Event]) -> list[Change]:
    """One change a subject, its newest, in the order of the log."""
    newest: dict[str, Event] = {}
    for event in events:
        if shelf.holds(_kind(event)) and (
            event.subject not in newest or newest[event.subject].subjectversion <= event.subjectversion
        ):
            newest.pop(event.subject, None)
            newest[event.subject] = event
    return await asyncio.to_thread(_build_all, shelf, source, newest.values())


async def changes_of_lines(
    shelf: Shelf, source: str, lines: Sequence[ExportLine], *, is_first: bool = False
) -> list[Change]:
    """The same of an export."""
    wanted = [line for line in lines if shelf.holds(line.type)]
    return await asyncio.to_thread(
        lambda: [
            replace(_build(shelf, source, line.type, line.subject, line.version, line.data, None), is_first=is_first)
            for line in wanted
        ]
    )


async def changes_of_parked(shelf: Shelf, documents: Sequence[ParkedDocument]) -> list[Change]:
    """The same of what was parked: the code may have learned since."""
    return await asyncio.to_thread(
        lambda: [
            _build(
                shelf, one.source, one.kind, one.subject, one.version, from_json(one.data) if one.data else None, None
            )
            for one in documents
        ]
    )


def _kind(event: Event) -> str:
    """`policy.released` is about a policy."""
    return event.type.partition(".")[0]


def _build_all(shelf: Shelf, source: str, events: Iterable[Event]) -> list[Change]:
    return [
        _build(shelf, source, _kind(event), event.subject, event.subjectversion, event.data, event.time)
        for event in events
    ]


def _build(
    shelf: Shelf, source: str, kind: str, subject: str, version: int, data: dict[str, Any] | None, at: datetime | None
) -> Change:
    if data is None:
        return Change(source, subject, kind, version, (), None, None, at)
    stored = to_json(data)
    try:
        documents = shelf.build(kind, source=source, subject=subject, version=version, data=data)
    except ValidationError as error:
        reason = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:10])
        return Change(source, subject, kind, version, (), None, stored, at, fault=f"invalid {kind}: {reason}")
    lines = tuple(to_json(document) for document in documents)
    return Change(source, subject, kind, version, lines, _hash(shelf, documents), stored, at)


def _hash(shelf: Shelf, documents: Sequence[Document]) -> str | None:
    return shelf.hash_of({str(one["id"]): hash_document(one) for one in documents}) if documents else None
