"""Figures on interpretation at the edge, the policies behind them, and whether a policy's links resolve."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel

from services.policy_api.repository import interpretation_metrics as repository
from services.policy_api.repository import reading
from services.policy_api.routes.policies import PolicyId
from services.policy_api.service import interpretation_metrics as service
from services.policy_api.service.reading import NO_POLICY
from shared.kit.clock import Now, local_day
from shared.kit.database import Reading
from shared.kit.errors import InvalidCursor, NotFound
from shared.kit.http import api_router, page_links
from shared.schemas.entries import LinkCheck, LinkFault
from shared.schemas.interpretation_metrics import InterpretationMetrics, MeasuredPolicy, Timing
from shared.schemas.organizations import Level
from shared.schemas.pages import Page

router = api_router(tags=["interpretations"])
_DEFAULT_DAYS = 365
_MAX_LINKS = 2000
_MAX_FAULTS = 200


@dataclass(frozen=True)
class Asked:
    """What both addresses take."""

    question: service.Question
    key: str
    """Names the list that a cursor belongs to."""


async def _asked(
    request: Request,
    now: Now,
    organization: Annotated[
        str | None, Query(title="机关代码", description="It and everything below it.", max_length=18)
    ] = None,
    level: Annotated[Level | None, Query(title="层级")] = None,
    published_from: Annotated[
        date | None, Query(alias="from", title="发布日期自", description="Default: a year before `to`.")
    ] = None,
    published_to: Annotated[date | None, Query(alias="to", title="发布日期至", description="Default: today.")] = None,
) -> Asked:
    kit, today = request.app.state.kit, local_day(now)
    last = published_to or today
    first = published_from or max(last, date.min + timedelta(days=_DEFAULT_DAYS)) - timedelta(days=_DEFAULT_DAYS)
    late = kit.settings.interpretation_late_workdays
    question = service.Question(first, last, organization, level, today, await kit.calendar.get(), late)
    return Asked(question, f"interpretation-metrics:{first}:{last}:{organization}:{level}")


Asking = Annotated[Asked, Depends(_asked)]


@router.get(
    "/v1/interpretation-metrics", response_model=InterpretationMetrics, summary="政策解读指标 Interpretation metrics"
)
async def get_interpretation_metrics(asked: Asking, reads: Reading) -> Response:
    """Public: of the policies published in a period of up to three years, how many were interpreted, when, and how.

    `/v1/interpretation-metrics/policies` with the same parameters lists the policies behind every number.
    """
    return _answer(await service.measure(reads, asked.question))


@router.get(
    "/v1/interpretation-metrics/policies",
    response_model=Page[MeasuredPolicy],
    summary="指标所依据的政策 List measured policies",
)
async def list_measured_policies(
    request: Request,
    asked: Asking,
    reads: Reading,
    timing: Annotated[Timing | None, Query(title="解读时效")] = None,
    cursor: Annotated[str | None, Query(title="游标", max_length=400)] = None,
    limit: Annotated[int, Query(title="条数", ge=1, le=100)] = 20,
) -> Response:
    """Public: every policy in scope with the facts that count, newest first; together they are the figures."""
    cursors = request.app.state.kit.cursors
    kind = f"{asked.key}:{timing}"
    after = _after(cursors.open(kind, cursor)) if cursor else None
    found = await service.list_measured(reads, asked.question, timing=timing, after=after, limit=limit)
    last = found[limit - 1] if len(found) > limit else None
    more = cursors.seal(kind, [last.published_on.isoformat(), str(last.id)]) if last else None
    return _answer(Page(items=found[:limit], next_cursor=more), **page_links(request, next_cursor=more))


@router.get(
    "/v1/policies/{policy_id}/link-check",
    response_model=LinkCheck,
    tags=["policies"],
    summary="关联核查 Check links",
)
async def check_policy_links(policy_id: PolicyId, reads: Reading) -> Response:
    """Public: whether every link of a policy can be followed from both ends (LIB-08), and which cannot.

    Checked in the bytes that the public reads: each side has to name the other.
    """
    if await reading.find_public(reads, policy_id) is None:
        raise NotFound(NO_POLICY)
    rows = await repository.check_links(reads, policy_id, limit=_MAX_LINKS)
    faults = [LinkFault(**dict(row)) for row in rows if row["problem"] is not None]
    return _answer(
        LinkCheck(
            policy_id=policy_id, links=len(rows), resolving=len(rows) - len(faults), unresolved=faults[:_MAX_FAULTS]
        )
    )


def _answer(body: BaseModel, **headers: str) -> Response:
    cached = {"Cache-Control": "public, max-age=60", **headers}
    return Response(body.model_dump_json(), headers=cached, media_type="application/json")


def _after(position: list[object]) -> tuple[date, UUID]:
    try:
        day, policy_id = position
        return date.fromisoformat(str(day)), UUID(str(policy_id))
    except ValueError as error:
        raise InvalidCursor("游标无法使用；请从第一页重新读取") from error
