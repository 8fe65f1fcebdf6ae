"""Searching at the edge: public, bounded, with what must be known to trust an answer."""

from datetime import date
from typing import Annotated

from fastapi import Query, Request, Response

from services.search_sync.rules.queries import Wanted
from services.search_sync.service import administration, searching
from services.search_sync.service.searching import SearchRoom
from shared.kit.clock import Now
from shared.kit.errors import RuleViolation
from shared.kit.http import api_router
from shared.schemas.organizations import CreditCode, Level
from shared.schemas.policies import DocClass, DocKind, Validity
from shared.schemas.problems import InvalidField
from shared.schemas.search import (
    MAX_LIMIT,
    MAX_OFFSET,
    MAX_QUERY_CHARACTERS,
    SearchAnswer,
    SearchedType,
    SearchStatus,
    Sort,
    SuggestAnswer,
)

router = api_router(tags=["search"])
_MAX_SUGGESTIONS = 20
_FIRST_DAY, _LAST_DAY = date(1900, 1, 1), date(2200, 12, 31)


@router.get("/v1/search", response_model=SearchAnswer, summary="检索 Search")
async def search_documents(
    request: Request,
    now: Now,
    q: Annotated[
        str,
        Query(
            title="检索词",
            description="Words, a document number in any spelling, or a title's pinyin or initials. Empty: everything.",
            max_length=MAX_QUERY_CHARACTERS,
        ),
    ] = "",
    kind: Annotated[DocKind | None, Query(title="文种")] = None,
    issuer: Annotated[str | None, Query(title="发文机关", max_length=120)] = None,
    level: Annotated[Level | None, Query(title="层级")] = None,
    theme: Annotated[str | None, Query(title="主题分类", description="`一级` or `一级\\二级`.", max_length=80)] = None,
    status: Annotated[list[Validity] | None, Query(title="有效性", description="Repeatable.", max_length=4)] = None,
    include_lapsed: Annotated[
        bool, Query(title="包括失效和废止的", description="Without it, only what is in force or will be.")
    ] = False,
    doc_class: Annotated[DocClass | None, Query(title="文件类别")] = None,
    type_: Annotated[SearchedType | None, Query(alias="type", title="类型")] = None,
    organization: Annotated[CreditCode | None, Query(title="机关代码")] = None,
    year: Annotated[int | None, Query(title="年份", ge=1900, le=2200)] = None,
    from_: Annotated[date | None, Query(alias="from", title="发布日期起")] = None,
    to: Annotated[date | None, Query(title="发布日期止")] = None,
    sort: Annotated[Sort, Query(title="排序")] = Sort.RELEVANCE,
    limit: Annotated[int, Query(title="条数", ge=1, le=MAX_LIMIT)] = 10,
    offset: Annotated[int, Query(title="起始", ge=0, le=MAX_OFFSET)] = 0,
) -> Response:
    """Public. A document named by its number comes first. Lapsed and repealed documents, and what explains them, are
    left out unless asked for (`status`, `include_lapsed`), and flagged.

    `freshness` says up to which moment the answer reflects each service. Whatever is not public any more is never shown:
    503 `unavailable` when the owning service cannot be asked.
    """
    _check_days(from_, to)
    wanted = Wanted(
        q=q,
        type=type_,
        kind=kind,
        doc_class=doc_class,
        issuer=issuer,
        level=level,
        theme=theme,
        organization=organization,
        year=year,
        published_from=from_,
        published_to=to,
        statuses=tuple(status or ()),
        include_lapsed=include_lapsed,
        sort=sort,
    )
    answer = await searching.search(room_of(request), wanted, offset=offset, limit=limit, now=now)
    return as_json(answer.model_dump_json())


@router.get("/v1/suggest", response_model=SuggestAnswer, summary="输入提示 Suggest")
async def suggest_titles(
    request: Request,
    q: Annotated[
        str, Query(title="已输入的字", description="Chinese, pinyin or initials.", min_length=1, max_length=50)
    ],
    limit: Annotated[int, Query(title="条数", ge=1, le=_MAX_SUGGESTIONS)] = 8,
) -> Response:
    """Public. Titles and numbers in force that begin like what was typed."""
    return as_json((await searching.suggest(room_of(request), q, limit=limit)).model_dump_json())


@router.get("/v1/status", response_model=SearchStatus, summary="索引状态 State of the index")
async def get_status(request: Request, now: Now) -> Response:
    """Public. Lag, counts and cursors; answers also while the engine is away."""
    return as_json((await administration.read_status(room_of(request), now=now)).model_dump_json())


def _check_days(first: date | None, last: date | None) -> None:
    errors = [
        InvalidField(pointer=f"?{name}", detail="应在1900年至2200年之间")
        for name, day in (("from", first), ("to", last))
        if day is not None and not _FIRST_DAY <= day <= _LAST_DAY
    ]
    if first is not None and last is not None and first > last:
        errors.append(InvalidField(pointer="?to", detail="应不早于 from"))
    if errors:
        raise RuleViolation("请按所列各项改正后重新提交", errors=errors)


def room_of(request: Request) -> SearchRoom:
    room: SearchRoom = request.app.state.kit.extra["room"]
    return room


def as_json(body: str) -> Response:
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})
