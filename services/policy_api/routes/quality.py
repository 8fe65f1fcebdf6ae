"""Quality reports at the edge. For offices: what is to be mended is theirs to know first."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request

from services.policy_api.repository import quality as repository
from services.policy_api.repository import reading
from services.policy_api.routes.policies import PolicyId
from services.policy_api.service import quality as service
from services.policy_api.service.reading import NO_POLICY
from shared.kit.auth import Caller, OrganizationCode, require
from shared.kit.clock import Now, local_day
from shared.kit.database import Reading
from shared.kit.errors import InvalidCursor, NotFound
from shared.kit.http import api_router
from shared.schemas.pages import Page
from shared.schemas.quality import FindingItem, OrganizationQuality, QualityReport
from shared.schemas.scopes import Scope

router = api_router(tags=["quality"])
Office = Annotated[Caller, Depends(require(Scope.POLICY_WRITE, Scope.POLICY_IMPORT))]
Subtree = Annotated[bool, Query(title="含下级机关")]


@router.get("/v1/policies/{policy_id}/quality", response_model=QualityReport, summary="文件质量 Quality of a policy")
async def get_policy_quality(policy_id: PolicyId, caller: Office, reads: Reading, now: Now) -> QualityReport:
    """What is missing, does not fit or leads nowhere in this public document, as it stands now (LIB-01 to LIB-08)."""
    owner = await reading.find_owner(reads, policy_id)
    if owner is None:
        raise NotFound(NO_POLICY)
    await caller.ensure_covers(owner["organization"])
    return await service.report_on(reads, policy_id, today=local_day(now))


@router.get(
    "/v1/organizations/{org}/quality",
    response_model=OrganizationQuality,
    summary="机关文件质量 Quality of an organisation's policies",
)
async def get_organization_quality(
    org: OrganizationCode, caller: Office, reads: Reading, subtree: Subtree = False
) -> OrganizationQuality:
    """Counts by rule and a mean score over all its public documents, with those below it on request.

    Kept up to date behind the event log: `reflects_until` says up to when. The rows are at `/quality/findings`.
    """
    await caller.ensure_covers(org)
    return await service.report_on_organization(reads, org, subtree=subtree)


@router.get(
    "/v1/organizations/{org}/quality/findings",
    response_model=Page[FindingItem],
    summary="机关文件质量问题 List findings",
)
async def list_quality_findings(
    org: OrganizationCode,
    request: Request,
    caller: Office,
    reads: Reading,
    subtree: Subtree = False,
    rule: Annotated[str | None, Query(title="规则", max_length=20, examples=["LIB-01"])] = None,
    cursor: Annotated[str | None, Query(title="游标", max_length=400)] = None,
    limit: Annotated[int, Query(title="条数", ge=1, le=100)] = 50,
) -> Page[FindingItem]:
    """The rows behind an organisation's report, by rule and document."""
    await caller.ensure_covers(org)
    cursors = request.app.state.kit.cursors
    kind = f"quality:{org}:{subtree}:{rule}"
    after = _after(cursors.open(kind, cursor)) if cursor else None
    rows = await repository.list_findings(reads, org, own=not subtree, rule=rule, after=after, limit=limit)
    last = rows[limit - 1] if len(rows) > limit else None
    more = cursors.seal(kind, [last["rule"], str(last["policy_id"]), last["position"]]) if last else None
    return Page[FindingItem](items=[FindingItem.model_validate(dict(row)) for row in rows[:limit]], next_cursor=more)


def _after(position: list[Any]) -> tuple[str, UUID, int]:
    try:
        rule, policy_id, number = position
        return str(rule), UUID(str(policy_id)), int(number)
    except ValueError as error:
        raise InvalidCursor("游标无法使用；请从第一页重新读取") from error
