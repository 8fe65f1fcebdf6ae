"""Dossiers (会签卷) at the edge: drafting, reviewing, approving, signing, releasing, and the three-sync report."""

from typing import Annotated
from uuid import UUID

import asyncpg
from fastapi import Depends, Header, Path, Request, Response
from pydantic import BaseModel

from services.policy_api.repository import dossiers as repository
from services.policy_api.repository import reading
from services.policy_api.rules.scans import WordLists
from services.policy_api.rules.three_sync import Limits
from services.policy_api.service import dossier_moves as moves
from services.policy_api.service import dossiers as service
from services.policy_api.service.dossier_acts import Acting
from services.policy_api.service.dossier_facts import Loaded, load_dossier
from services.policy_api.service.dossier_view import etag_of, report_on, view_dossier
from services.policy_api.settings import Settings
from shared.kit.auth import Caller, require
from shared.kit.clock import Now, local_day
from shared.kit.database import Reading, Writing
from shared.kit.errors import NotFound
from shared.kit.http import IfMatch, api_router, problem_response, problems
from shared.kit.idempotency import Idempotent
from shared.schemas.dossiers import (
    ApprovalInput,
    ApprovalRecord,
    Dossier,
    DossierInput,
    ExemptionInput,
    FeedbackInput,
    HeldConsultation,
    Material,
    PlanInput,
    ReceiptInput,
    ReturnInput,
    ReviewInput,
    ReviewRecord,
    SignInput,
    ThreeSyncReport,
)
from shared.schemas.policies import InterpretationInput
from shared.schemas.scopes import Scope

router = api_router(tags=["dossiers"])
DossierId = Annotated[UUID, Path(title="会签卷编号")]
MaterialId = Annotated[UUID, Path(title="解读材料编号")]

Drafter = Annotated[Caller, Depends(require(Scope.POLICY_WRITE))]
Reviewer = Annotated[Caller, Depends(require(Scope.POLICY_REVIEW))]
Approver = Annotated[Caller, Depends(require(Scope.POLICY_APPROVE, Scope.POLICY_SIGN))]
Signer = Annotated[Caller, Depends(require(Scope.POLICY_SIGN))]
Returner = Annotated[Caller, Depends(require(Scope.POLICY_SIGN, Scope.POLICY_APPROVE, Scope.POLICY_REVIEW))]
Releaser = Annotated[Caller, Depends(require(Scope.POLICY_RELEASE))]
Participant = Annotated[
    Caller,
    Depends(
        require(Scope.POLICY_WRITE, Scope.POLICY_REVIEW, Scope.POLICY_APPROVE, Scope.POLICY_SIGN, Scope.POLICY_RELEASE)
    ),
]
ActingPerson = Annotated[
    str,
    Header(
        title="经办人",
        description="Who acts, as the caller's own system knows the person (e.g. a staff number). Duties that must not "
        "fall together are kept apart by client and by person.",
        min_length=1,
        max_length=64,
        pattern=r"^[\x21-\x7e]+$",
        examples=["staff-0017"],
    ),
]


async def _acting(request: Request, caller: Caller, person: str, now: Now) -> Acting:
    """Asks for the calendar before a transaction is begun: it may have to be fetched."""
    kit = request.app.state.kit
    calendar = await kit.calendar.get()
    return Acting(caller, person, now, calendar, _limits(kit.settings), _words(kit.settings))


def _limits(settings: Settings) -> Limits:
    return Limits(
        late_workdays=settings.interpretation_late_workdays,
        similarity=settings.interpretation_similarity,
        enquiries=settings.follow_up_enquiries,
        follow_up_months=settings.follow_up_months,
    )


def _words(settings: Settings) -> WordLists:
    return WordLists(sensitive=settings.sensitive_words, typos=settings.typo_words)


async def _cover(reads: asyncpg.Pool, caller: Caller, dossier_id: UUID) -> None:
    organization = await repository.find_organization(reads, dossier_id)
    if organization is None:
        raise NotFound("没有这个会签卷")
    await caller.ensure_covers(organization)


class Entry:
    """What every act on a dossier needs from its request, checked: caller's subtree, person, time, calendar."""

    def __init__(self, request: Request, reads: Reading, now: Now, acting_person: ActingPerson) -> None:
        self._request, self._reads, self._now, self._person = request, reads, now, acting_person

    async def begin(self, caller: Caller, dossier_id: UUID) -> Acting:
        """Who acts on this dossier; OutsideSubtree when the caller may not."""
        await _cover(self._reads, caller, dossier_id)
        return await _acting(self._request, caller, self._person, self._now)


async def _entry(request: Request, reads: Reading, now: Now, acting_person: ActingPerson) -> Entry:
    return Entry(request, reads, now, acting_person)


At = Annotated[Entry, Depends(_entry)]


# A `Location` is relative to the address that was called, so that any gateway prefix holds.
def _answer(body: BaseModel, *, status: int = 200, version: int | None = None, location: str | None = None) -> Response:
    headers = {"Cache-Control": "no-store"}
    if version is not None:
        headers["ETag"] = etag_of(version)
    if location is not None:
        headers["Location"] = location
    return Response(body.model_dump_json(), status_code=status, headers=headers, media_type="application/json")


def _dossier(dossier: Dossier, *, status: int = 200, location: str | None = None) -> Response:
    return _answer(dossier, status=status, version=dossier.version, location=location)


@router.post(
    "/v1/dossiers",
    status_code=201,
    response_model=Dossier,
    responses=problems(409),
    summary="建立会签卷 Open a dossier",
)
async def create_dossier(
    request: Request,
    body: DossierInput,
    caller: Drafter,
    once: Idempotent,
    reads: Reading,
    session: Writing,
    now: Now,
    acting_person: ActingPerson,
) -> Response:
    """For a pushed text that is not public yet. 409 when the policy has an open dossier (`dossier_id`) or no such text."""
    if body.policy_id is not None:
        row = await reading.find_owner(reads, body.policy_id)
    else:
        assert body.organization is not None
        assert body.external_id is not None
        row = await reading.find_by_key(reads, body.organization, body.external_id)
    if row is None:
        raise NotFound("没有这份政策；请先推送草案")
    await caller.ensure_covers(row["organization"])
    for unit in body.drafting_units:
        await caller.directory.get(unit)
    policy_id = body.policy_id or row["id"]
    acting = await _acting(request, caller, acting_person, now)

    async def work() -> Response:
        dossier = await service.create_dossier(session, acting, policy_id, body)
        return _dossier(dossier, status=201, location=f"dossiers/{dossier.id}")

    return await once.run(session, caller.client_id, work)


async def _read(reads: asyncpg.Pool, dossier_id: UUID, settings: Settings) -> Loaded:
    """One snapshot, so that the parts belong together."""
    async with reads.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        return await load_dossier(connection, dossier_id, words=_words(settings))


@router.get("/v1/dossiers/{dossier_id}", response_model=Dossier, summary="读取会签卷 Read a dossier")
async def get_dossier(request: Request, dossier_id: DossierId, caller: Participant, reads: Reading) -> Response:
    """The whole dossier with its acts, for those who take part in it."""
    await _cover(reads, caller, dossier_id)
    return _dossier(view_dossier(await _read(reads, dossier_id, request.app.state.kit.settings)))


@router.get(
    "/v1/dossiers/{dossier_id}/three-sync",
    response_model=ThreeSyncReport,
    summary="三同步核查报告 The three-synchronised check",
)
async def get_three_sync(
    request: Request, dossier_id: DossierId, caller: Participant, reads: Reading, now: Now
) -> ThreeSyncReport:
    """TS-01 to TS-30 as the dossier stands today: status, severity, evidence and what to do. Live before and after release."""
    await _cover(reads, caller, dossier_id)
    kit = request.app.state.kit
    calendar = await kit.calendar.get()
    loaded = await _read(reads, dossier_id, kit.settings)
    return report_on(loaded, today=local_day(now), calendar=calendar, limits=_limits(kit.settings))


@router.put(
    "/v1/dossiers/{dossier_id}/plan",
    response_model=Dossier,
    responses=problems(409, 412),
    summary="编制解读方案 Write the interpretation plan",
)
async def put_plan(
    dossier_id: DossierId, body: PlanInput, caller: Drafter, at: At, session: Writing, if_match: IfMatch = None
) -> Response:
    """Replaces the plan. After signing it voids the signature."""
    acting = await at.begin(caller, dossier_id)
    return _dossier(await service.put_plan(session, acting, dossier_id, body, if_match=if_match))


@router.put(
    "/v1/dossiers/{dossier_id}/exemption",
    response_model=Dossier,
    responses=problems(409, 412),
    summary="申请免予解读 Ask for exemption",
)
async def put_exemption(
    dossier_id: DossierId, body: ExemptionInput, caller: Drafter, at: At, session: Writing, if_match: IfMatch = None
) -> Response:
    """Counts once the disclosure office has passed `exemption`; never for 规章 and 行政规范性文件."""
    acting = await at.begin(caller, dossier_id)
    return _dossier(await service.put_exemption(session, acting, dossier_id, body, if_match=if_match))


@router.delete(
    "/v1/dossiers/{dossier_id}/exemption",
    response_model=Dossier,
    responses=problems(409),
    summary="撤回免予解读 Withdraw the exemption",
)
async def delete_exemption(dossier_id: DossierId, caller: Drafter, at: At, session: Writing) -> Response:
    """A second time changes nothing."""
    acting = await at.begin(caller, dossier_id)
    return _dossier(await service.delete_exemption(session, acting, dossier_id))


@router.put(
    "/v1/dossiers/{dossier_id}/consultation",
    response_model=Dossier,
    responses=problems(409, 412),
    summary="登记征求意见 Note the consultation",
)
async def note_consultation(
    dossier_id: DossierId,
    body: HeldConsultation,
    caller: Drafter,
    at: At,
    reads: Reading,
    session: Writing,
    if_match: IfMatch = None,
) -> Response:
    """One of this library by its id, or one held elsewhere as reported. The draft's interpretation is published with it (TS-08)."""
    acting = await at.begin(caller, dossier_id)
    if body.consultation_id is not None:
        await caller.ensure_covers(await service.find_consultation(reads, body.consultation_id, today=acting.today))
    return _dossier(await service.put_consultation(session, acting, dossier_id, body, if_match=if_match))


@router.post(
    "/v1/dossiers/{dossier_id}/materials",
    status_code=201,
    response_model=Material,
    responses=problems(409),
    summary="添加解读材料 Add an interpretation",
)
async def add_material(
    dossier_id: DossierId, body: InterpretationInput, caller: Drafter, once: Idempotent, at: At, session: Writing
) -> Response:
    """Becomes public together with the policy."""
    acting = await at.begin(caller, dossier_id)

    async def work() -> Response:
        written = await service.add_material(session, acting, dossier_id, body)
        location = f"materials/{written.material.id}"
        return _answer(written.material, status=201, version=written.version, location=location)

    return await once.run(session, caller.client_id, work)


@router.put(
    "/v1/dossiers/{dossier_id}/materials/{material_id}",
    response_model=Material,
    responses=problems(409, 412),
    summary="修改解读材料 Replace an interpretation",
)
async def put_material(
    dossier_id: DossierId,
    material_id: MaterialId,
    body: InterpretationInput,
    caller: Drafter,
    at: At,
    session: Writing,
    if_match: IfMatch = None,
) -> Response:
    """Reviews and approvals of the former text no longer count. `If-Match` takes the dossier's ETag."""
    acting = await at.begin(caller, dossier_id)
    written = await service.put_material(session, acting, dossier_id, material_id, body, if_match=if_match)
    return _answer(written.material, version=written.version)


@router.delete(
    "/v1/dossiers/{dossier_id}/materials/{material_id}",
    response_model=Dossier,
    responses=problems(409),
    summary="移除解读材料 Remove an interpretation",
)
async def delete_material(
    dossier_id: DossierId, material_id: MaterialId, caller: Drafter, at: At, session: Writing
) -> Response:
    """Takes it out of the dossier."""
    acting = await at.begin(caller, dossier_id)
    return _dossier(await service.delete_material(session, acting, dossier_id, material_id))


@router.post(
    "/v1/dossiers/{dossier_id}/reviews",
    status_code=201,
    response_model=ReviewRecord,
    responses=problems(409),
    summary="登记审查 Record a review",
)
async def add_review(
    dossier_id: DossierId, body: ReviewInput, caller: Reviewer, once: Idempotent, at: At, session: Writing
) -> Response:
    """Of one subject as it is now. To let pass what the scan found, review `personal_information` (or, for marks and
    words, `secrecy`) with a reason. 409 `duties_not_separated` for who has drafted.
    """
    acting = await at.begin(caller, dossier_id)

    async def work() -> Response:
        return _answer(await moves.add_review(session, acting, dossier_id, body), status=201)

    return await once.run(session, caller.client_id, work)


@router.post(
    "/v1/dossiers/{dossier_id}/approvals",
    status_code=201,
    response_model=ApprovalRecord,
    responses=problems(409),
    summary="登记审批 Record an approval",
)
async def add_approval(
    dossier_id: DossierId, body: ApprovalInput, caller: Approver, once: Idempotent, at: At, session: Writing
) -> Response:
    """`department_head` needs scope `policy:approve`; `office` takes that or `policy:sign`."""
    acting = await at.begin(caller, dossier_id)

    async def work() -> Response:
        return _answer(await moves.add_approval(session, acting, dossier_id, body), status=201)

    return await once.run(session, caller.client_id, work)


@router.post(
    "/v1/dossiers/{dossier_id}:submit",
    response_model=Dossier,
    responses=problems(409),
    summary="报送 Submit for signature",
)
async def submit(dossier_id: DossierId, caller: Drafter, at: At, session: Writing) -> Response:
    """409 `three_sync_blocked` with the whole `report` when a BLOCK rule fails; the dossier is then returned (自动退文)."""
    acting = await at.begin(caller, dossier_id)
    outcome = await moves.submit(session, acting, dossier_id)
    error = outcome.refusal
    if error is None:
        return _dossier(outcome.dossier)
    # Answered, not raised: an exception would undo the record of the return.
    return problem_response(error.status, error.code, error.detail, title=error.title, facts=error.facts)


@router.post(
    "/v1/dossiers/{dossier_id}:sign",
    response_model=Dossier,
    responses=problems(409),
    summary="签发 Sign",
)
async def sign(
    dossier_id: DossierId, caller: Signer, at: At, session: Writing, body: SignInput | None = None
) -> Response:
    """Covers text, attachments, plan, materials and exemption by hash. Of two who sign at once one is refused."""
    acting = await at.begin(caller, dossier_id)
    return _dossier(await moves.sign(session, acting, dossier_id, body or SignInput()))


@router.post(
    "/v1/dossiers/{dossier_id}:return",
    response_model=Dossier,
    responses=problems(409),
    summary="退文 Return",
)
async def return_dossier(
    dossier_id: DossierId, body: ReturnInput, caller: Returner, at: At, session: Writing
) -> Response:
    """Back to its drafters with the reason and what is missing."""
    acting = await at.begin(caller, dossier_id)
    return _dossier(await moves.return_dossier(session, acting, dossier_id, body))


@router.post(
    "/v1/dossiers/{dossier_id}:release",
    response_model=Dossier,
    responses=problems(409),
    summary="发布 Release",
)
async def release(dossier_id: DossierId, caller: Releaser, at: At, session: Writing) -> Response:
    """Publishes policy and materials together, today, or nothing. 409 `signature_void` after any edit since the signature."""
    acting = await at.begin(caller, dossier_id)
    return _dossier(await moves.release(session, acting, dossier_id))


@router.post(
    "/v1/dossiers/{dossier_id}/receipts",
    status_code=201,
    response_model=Dossier,
    responses=problems(409),
    summary="登记发布回执 Note a channel's receipt",
)
async def add_receipt(
    dossier_id: DossierId, body: ReceiptInput, caller: Drafter, once: Idempotent, at: At, session: Writing
) -> Response:
    """After release: a channel of the plan has carried its interpretation (TS-20)."""
    acting = await at.begin(caller, dossier_id)

    async def work() -> Response:
        return _dossier(await moves.add_receipt(session, acting, dossier_id, body), status=201)

    return await once.run(session, caller.client_id, work)


@router.put(
    "/v1/dossiers/{dossier_id}/feedback",
    response_model=Dossier,
    responses=problems(409, 412),
    summary="登记实施反馈 Note what became known after release",
)
async def put_feedback(
    dossier_id: DossierId, body: FeedbackInput, caller: Drafter, at: At, session: Writing, if_match: IfMatch = None
) -> Response:
    """Enquiries, results of evaluation, tasks to interpret again (TS-27)."""
    acting = await at.begin(caller, dossier_id)
    return _dossier(await moves.put_feedback(session, acting, dossier_id, body, if_match=if_match))
