"""The moves of a request at the edge: one route a step, each for those whose duty it is (domain.md §9.1, §11.5)."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Request
from fastapi import Response as HttpResponse

from services.request_api.repository import requests as repository
from services.request_api.routes.common import (
    Approver,
    Extender,
    Handler,
    OpenVault,
    RequestId,
    Returner,
    Reviewer,
    Submitter,
    TermsNow,
    covered,
    ensure_own,
    judged_on,
)
from services.request_api.routes.requests import NOT_STORED
from services.request_api.rules.guards import Terms
from services.request_api.service import showing
from services.request_api.service.issuing import Press
from services.request_api.service.keeping import Vault
from services.request_api.service.moves import Mover
from services.request_api.service.steps import hold
from services.request_api.service.submission import identity_of
from services.request_api.settings import Settings
from shared.kit.auth import Caller
from shared.kit.clock import Now
from shared.kit.database import Reading, WriteSession, Writing
from shared.kit.errors import RuleViolation
from shared.kit.http import api_router, problems
from shared.schemas.problems import InvalidField
from shared.schemas.request_codes import StepKind
from shared.schemas.requests import (
    Applicant,
    CaseView,
    ConsultationAnswer,
    ConsultationInput,
    Corrected,
    CorrectionNotice,
    Draft,
    Extension,
    FeeNotice,
    OnDay,
    Payment,
    ReasonsEvaluation,
    ReasonsQuestion,
    Return,
    Review,
    Service,
    Withdrawal,
)
from shared.schemas.scopes import Scope

router = api_router(tags=["steps"])
ConsultationId = Annotated[UUID, Path(title="征求意见编号")]


class Desk:
    """Where one step of one request is taken: everything but who takes it."""

    def __init__(
        self,
        request_id: RequestId,
        reads: Reading,
        session: Writing,
        terms: TermsNow,
        vault: OpenVault,
        now: Now,
        request: Request,
        response: HttpResponse,
    ) -> None:
        self._settings: Settings = request.app.state.kit.settings
        self._id: UUID = request_id
        self._reads: Any = reads
        self._session: WriteSession = session
        self._terms: Terms = terms
        self._vault: Vault = vault
        self._now: datetime = now
        self._response = response

    async def move(
        self,
        caller: Caller,
        on: date,
        work: Callable[[Mover], Awaitable[Any]],
        *,
        applicant: Applicant | None = None,
        by_applicant: bool = False,
    ) -> CaseView:
        """Take the step, and show the request as it is then.

        A website acts for those who came to it: only in requests that it handed in, and never as somebody else.
        """
        row = await covered(self._reads, caller, self._id)
        if by_applicant and not caller.has(Scope.REQUEST_HANDLE):
            await ensure_own(self._reads, caller, self._id)
            self._ensure_same(row, applicant)
        organization = await caller.directory.get(row["organization"])
        held = await hold(self._session, self._id, judged_on(self._terms, caller, on))
        now = self._now
        press = Press(self._session, organization, caller.directory, self._settings, self._vault, now)
        mover = Mover(self._session, held, caller.client_id, self._vault, press, now=now)
        await work(mover)
        driver = await self._session.driver()
        self._response.headers.update(NOT_STORED)
        return await showing.show(driver, await repository.find_request(driver, self._id), self._terms, self._vault)

    def _ensure_same(self, row: Any, applicant: Applicant | None) -> None:
        if applicant is None or row["applicant_key"] is None:
            return
        if self._vault.prints.of(identity_of(applicant), purpose="applicant") != bytes(row["applicant_key"]):
            detail = "补正不能更换申请人；证件号码有误的，由受理机构更正"
            raise RuleViolation(detail, errors=[InvalidField(pointer="/applicant/identity", detail=detail)])


AtDesk = Annotated[Desk, Depends()]


def _step(address: str, summary: str) -> Callable[[Any], Any]:
    return router.post(
        f"/v1/requests/{{request_id}}{address}", response_model=CaseView, responses=problems(404, 409), summary=summary
    )


@_step(":confirm", "双方确认 Confirm")
async def confirm(body: OnDay, caller: Handler, desk: AtDesk) -> CaseView:
    """The day both sides confirmed it: from here the law counts (条例第三十一条第（三）项)."""
    return await desk.move(caller, body.on, lambda mover: mover.simple(StepKind.CONFIRMED, body))


@_step(":accept", "受理 Accept")
async def accept(body: OnDay, caller: Handler, desk: AtDesk) -> CaseView:
    """It is complete and is being worked on."""
    return await desk.move(caller, body.on, lambda mover: mover.accept(body))


@_step(":request-correction", "告知补正 Request a correction")
async def request_correction(body: CorrectionNotice, caller: Handler, desk: AtDesk) -> CaseView:
    """Once, within seven working days of receipt; the clock starts anew when the correction arrives (条例第三十条)."""
    return await desk.move(caller, body.on, lambda mover: mover.request_correction(body))


@_step(":correct", "登记补正 Take in the correction")
async def correct(body: Corrected, caller: Submitter, desk: AtDesk) -> CaseView:
    """What the applicant has corrected, and the day it was received."""
    return await desk.move(
        caller, body.on, lambda mover: mover.correct(body), applicant=body.applicant, by_applicant=True
    )


@_step(":lapse-correction", "逾期不补正 Close for want of a correction")
async def lapse_correction(body: OnDay, caller: Handler, desk: AtDesk) -> CaseView:
    """The time has passed without a correction: deemed abandoned (条例第三十条), F1."""
    return await desk.move(caller, body.on, lambda mover: mover.lapse(StepKind.CORRECTION_LAPSED, body))


@_step("/consultations", "征求意见 Ask for an opinion")
async def consult(body: ConsultationInput, caller: Handler, desk: AtDesk) -> CaseView:
    """A letter to a third party (条例第三十二条), a co-producer (第三十四条) or another organ; its time does not count."""
    judged = max(body.on, body.received_on or body.on)
    return await desk.move(caller, judged, lambda mover: mover.consult(body))


@_step("/consultations/{consultation_id}:receive", "登记对方收到 Note its receipt")
async def receive_consultation(consultation_id: ConsultationId, body: OnDay, caller: Handler, desk: AtDesk) -> CaseView:
    """The day the letter was received: fifteen working days run from it."""
    return await desk.move(caller, body.on, lambda mover: mover.receive_consultation(consultation_id, body))


@_step("/consultations/{consultation_id}:answer", "登记意见 Note its answer")
async def answer_consultation(
    consultation_id: ConsultationId, body: ConsultationAnswer, caller: Handler, desk: AtDesk
) -> CaseView:
    """What came back. Who stays silent: a third party leaves it to the organ, a co-producer agrees."""
    return await desk.move(caller, body.on, lambda mover: mover.answer_consultation(consultation_id, body))


@_step(":ask-reasons", "要求说明理由 Ask for reasons")
async def ask_reasons(body: ReasonsQuestion, caller: Handler, desk: AtDesk) -> CaseView:
    """Of an applicant whose number or frequency of requests is beyond reason (条例第三十五条); the clock runs on."""
    return await desk.move(caller, body.on, lambda mover: mover.ask_reasons(body))


@_step(":evaluate-reasons", "评估理由 Evaluate the reasons")
async def evaluate_reasons(body: ReasonsEvaluation, caller: Handler, desk: AtDesk) -> CaseView:
    """Unreasonable: may not be handled (E4). Reasonable but not doable in time: a later day is set and told."""
    return await desk.move(caller, body.on, lambda mover: mover.give_reasons(body))


@_step(":notice-fee", "收费通知 Notice a fee")
async def notice_fee(body: FeeNotice, caller: Handler, desk: AtDesk) -> CaseView:
    """Per item or per page; what to pay follows from the tiers (国办函〔2020〕109号). Thirty days to pay."""
    return await desk.move(caller, body.on, lambda mover: mover.notice_fee(body))


@_step(":pay", "登记缴费 Note the payment")
async def pay(body: Payment, caller: Handler, desk: AtDesk) -> CaseView:
    """The clock starts anew on the day after."""
    return await desk.move(caller, body.on, lambda mover: mover.pay(body))


@_step(":lapse-payment", "逾期不缴费 Close for want of payment")
async def lapse_payment(body: OnDay, caller: Handler, desk: AtDesk) -> CaseView:
    """The time has passed without payment: no further handling, F2."""
    return await desk.move(caller, body.on, lambda mover: mover.lapse(StepKind.PAYMENT_LAPSED, body))


@_step(":extend", "延期答复 Extend")
async def extend(body: Extension, caller: Extender, desk: AtDesk) -> CaseView:
    """By the head of the disclosure office, once, up to twenty working days, told before the time is up (条例第三十三条)."""
    return await desk.move(caller, body.on, lambda mover: mover.extend(body))


@_step(":draft", "拟稿 Draft the answer")
async def draft(body: Draft, caller: Handler, desk: AtDesk) -> CaseView:
    """The decision with all it has to contain; refused with what is missing."""
    return await desk.move(caller, body.on, lambda mover: mover.draft(body))


@_step(":review", "审核 Review")
async def review(body: Review, caller: Reviewer, desk: AtDesk) -> CaseView:
    """Legal and secrecy review, by others than who drafted; not passed, it goes back (条例第十七条)."""
    return await desk.move(caller, body.on, lambda mover: mover.review(body))


@_step(":return", "退回 Send back")
async def send_back(body: Return, caller: Returner, desk: AtDesk) -> CaseView:
    """Back to who drafted it."""
    return await desk.move(caller, body.on, lambda mover: mover.send_back(body))


@_step(":approve", "签发 Approve")
async def approve(body: OnDay, caller: Approver, desk: AtDesk) -> CaseView:
    """Signed by somebody who neither drafted nor reviewed; the reply gets its number."""
    return await desk.move(caller, body.on, lambda mover: mover.approve(body))


@_step(":serve", "送达 Serve")
async def serve(body: Service, caller: Handler, desk: AtDesk) -> CaseView:
    """The day of signature, of posting (交邮之日) or of sending is the day of the answer."""
    return await desk.move(caller, body.on, lambda mover: mover.serve(body))


@_step(":archive", "归档 Archive")
async def archive(body: OnDay, caller: Handler, desk: AtDesk) -> CaseView:
    """The file is closed (条例第四十五条)."""
    return await desk.move(caller, body.on, lambda mover: mover.simple(StepKind.ARCHIVED, body))


@_step(":withdraw", "撤回申请 Withdraw")
async def withdraw(body: Withdrawal, caller: Submitter, desk: AtDesk) -> CaseView:
    """The applicant takes it back before it is decided, F3."""
    return await desk.move(caller, body.on, lambda mover: mover.withdraw(body), by_applicant=True)
