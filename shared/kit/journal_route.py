"""Serves the journal: `GET /v1/journal`, to each client its own lines."""

import hashlib
from datetime import datetime
from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import AwareDatetime

from shared.kit.auth import Authenticated
from shared.kit.database import Reading
from shared.kit.http import PRIVATE_CACHE, api_router, page_links
from shared.kit.journal import Filter, read_lines
from shared.schemas.journal import JournalLine, StatusClass
from shared.schemas.pages import Page

router = api_router(tags=["journal"])


@router.get("/v1/journal", response_model=Page[JournalLine], summary="调用记录 My recent calls")
async def read_journal(
    request: Request,
    caller: Authenticated,
    reads: Reading,
    response: Response,
    status: Annotated[
        list[StatusClass] | None, Query(title="状态码类别", description="Several: any of them.", max_length=3)
    ] = None,
    route: Annotated[str | None, Query(title="路由", description="As a line names it.", max_length=200)] = None,
    since: Annotated[AwareDatetime | None, Query(title="起", description="Inclusive.")] = None,
    until: Annotated[AwareDatetime | None, Query(title="止", description="Exclusive.")] = None,
    cursor: Annotated[str | None, Query(title="游标", max_length=400)] = None,
    limit: Annotated[int, Query(title="条数", ge=1, le=100)] = 50,
) -> Page[JournalLine]:
    """The client's own writes, and whatever of its calls was refused; newest first, about a second late.

    Successful reads are not in it. Kept for `MINGQUAN_JOURNAL_RETENTION_DAYS`. It is a convenience: what was changed stands
    in the audit trail, and lines may be missing when the database was away.
    """
    wanted = Filter(tuple(status or ()), route, since, until)
    cursors, name = request.app.state.kit.cursors, _name(caller.client_id, wanted)
    after = None
    if cursor:
        at, number = cursors.open(name, cursor)
        after = datetime.fromisoformat(at), int(number)
    found = await read_lines(reads, caller.client_id, wanted, after=after, limit=limit + 1)
    more = None
    if len(found) > limit:
        number, last = found[limit - 1]
        more = cursors.seal(name, [last.at.isoformat(), number])
    response.headers.update(page_links(request, next_cursor=more) | {"Cache-Control": PRIVATE_CACHE})
    return Page[JournalLine](items=[line for _, line in found[:limit]], next_cursor=more)


def _name(client_id: str, wanted: Filter) -> str:
    """Of the list that a cursor belongs to: this client's, with these filters."""
    return "journal:" + hashlib.sha256(repr((client_id, wanted)).encode()).hexdigest()
