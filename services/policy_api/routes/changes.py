"""The public change feed: Atom (RFC 4287) with tombstones (RFC 6721), for readers that hold no token.

The event log is the complete account; this feed names what changed and where it is read.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from xml.etree import ElementTree as Xml  # only written here, never parsed

from fastapi import Query, Request, Response

from services.policy_api.repository import changes as repository
from shared.kit.database import Reading
from shared.kit.errors import InvalidCursor
from shared.kit.http import api_router, stored_answer
from shared.kit.log import read_head

router = api_router(tags=["events"])
ATOM = "http://www.w3.org/2005/Atom"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
MEDIA_TYPE = "application/atom+xml"
_PER_PAGE = 100
_PLURALS = {"policy": "policies", "interpretation": "interpretations"}


@router.get(
    "/v1/changes.atom",
    response_class=Response,
    responses={200: {"description": "Atom", "content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}},
    summary="公开变化 Atom feed of public changes",
)
async def read_changes(
    request: Request,
    reads: Reading,
    before: Annotated[str | None, Query(title="游标", description="From `rel=next`.", max_length=400)] = None,
) -> Response:
    """Public, newest first: what was released, changed or taken back. A subject appears once a page, as its last change.

    Addresses are relative to the feed's own. What was taken back is a tombstone. `rel="next"` leads to older changes, as far back as the event log reaches.
    """
    kit = request.app.state.kit
    head = await read_head(kit.database.reads)
    position = _position(kit.cursors.open("changes", before), head.epoch) if before else None
    rows = await repository.list_latest(reads, before=position, limit=_PER_PAGE + 1)
    more = kit.cursors.seal("changes", [head.epoch, rows[_PER_PAGE - 1]["seq"]]) if len(rows) > _PER_PAGE else None
    known = _PLURALS | {name: kind.plural for name, kind in kit.extra["entry_kinds"].items()}
    body = _feed(rows[:_PER_PAGE], known, more)
    etag = f'"{head.epoch}-{rows[0]["seq"] if rows else 0}"'
    answer = stored_answer(request, body, etag, cache="public, max-age=30")
    if answer.status_code == 200:
        answer.headers["content-type"] = MEDIA_TYPE
    return answer


def _position(opened: Sequence[Any], epoch: str) -> int:
    if len(opened) != 2 or opened[0] != epoch:
        raise InvalidCursor("游标无法使用；请从第一页重新读取")
    return int(opened[1])


def _feed(rows: Sequence[Any], known: dict[str, str], more: str | None) -> bytes:
    Xml.register_namespace("", ATOM)
    Xml.register_namespace("at", TOMBSTONES)
    feed = Xml.Element(f"{{{ATOM}}}feed")
    _add(feed, "id", "urn:mingquan:policy:changes")
    _add(feed, "title", "政策文件库公开变化")
    _add(feed, "updated", _stamp(rows[0]["recorded_at"] if rows else datetime.fromtimestamp(0, UTC)))
    Xml.SubElement(feed, f"{{{ATOM}}}link", rel="self", href="changes.atom")
    if more is not None:
        Xml.SubElement(feed, f"{{{ATOM}}}link", rel="next", href=f"changes.atom?before={more}")
    seen: set[str] = set()
    for row in rows:
        kind, _, happened = row["type"].partition(".")
        if kind in known and row["subject"] not in seen:
            seen.add(row["subject"])
            _add_change(feed, f"{known[kind]}/{row['subject']}", row, kind, happened)
    return bytes(Xml.tostring(feed, encoding="utf-8", xml_declaration=True))


def _add_change(feed: Xml.Element, address: str, row: Any, kind: str, happened: str) -> None:
    name, when = f"urn:uuid:{row['subject']}", _stamp(row["recorded_at"])
    if happened == "withdrawn":
        Xml.SubElement(feed, f"{{{TOMBSTONES}}}deleted-entry", ref=name, when=when)
        return
    entry = Xml.SubElement(feed, f"{{{ATOM}}}entry")
    _add(entry, "id", name)
    _add(entry, "title", row["title"])
    _add(entry, "updated", when)
    _add(Xml.SubElement(entry, f"{{{ATOM}}}author"), "name", row["organization"])
    Xml.SubElement(entry, f"{{{ATOM}}}category", term=kind)
    Xml.SubElement(entry, f"{{{ATOM}}}category", term=happened)
    if row["validity"] is not None:
        Xml.SubElement(entry, f"{{{ATOM}}}category", term=row["validity"])
    Xml.SubElement(entry, f"{{{ATOM}}}link", rel="alternate", type="application/json", href=address)


_NOT_IN_XML = "\ufffe\uffff"


def _add(parent: Xml.Element, name: str, text: str) -> None:
    # XML 1.0 has no way to write most control characters.
    Xml.SubElement(parent, f"{{{ATOM}}}{name}").text = "".join(
        one for one in text if one in "\t\n" or (one >= " " and one not in _NOT_IN_XML)
    )


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
