"""How a request is shown: to the office with its applicant masked, to the applicant with what concerns them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json

from services.request_api.repository import files as file_repository
from services.request_api.repository import notices as notice_repository
from services.request_api.repository import requests as repository
from services.request_api.repository.requests import Reads, Rows
from services.request_api.rules.case import Case, fold
from services.request_api.rules.clock import colour_days, explain, workdays_left
from services.request_api.rules.guards import Terms, allowed_now
from services.request_api.rules.masks import mask_address, mask_email, mask_name, mask_number, mask_phone
from services.request_api.rules.notices import FORMS
from services.request_api.service.keeping import Vault, events_of, open_applicant, open_wanted
from shared.schemas.notices import NoticeKind
from shared.schemas.policies import OrganizationRef
from shared.schemas.request_codes import ApplicantKind, Colour, RequestState, StepKind
from shared.schemas.requests import (
    Applicant,
    CaseLine,
    CaseView,
    ClockView,
    Consultation,
    KnownDeadline,
    Step,
    Tracked,
    TrackedDocument,
    TrackedStep,
    WantedForm,
)

_TOLD: dict[StepKind, str] = {
    StepKind.SUBMITTED: "已提交申请",
    StepKind.CONFIRMED: "已与您确认申请",
    StepKind.ACCEPTED: "已受理，正在办理",
    StepKind.CORRECTION_REQUESTED: "请您补正申请内容",
    StepKind.CORRECTED: "已收到补正，答复期限重新计算",
    StepKind.CORRECTION_LAPSED: "逾期未补正，不再办理",
    StepKind.CONSULTED: "正在征求意见，所需时间不计入答复期限",
    StepKind.REASONS_ASKED: "请您说明理由",
    StepKind.REASONS_GIVEN: "已收到理由说明",
    StepKind.FEE_NOTICED: "请您缴纳信息处理费",
    StepKind.PAID: "已缴费，答复期限重新计算",
    StepKind.PAYMENT_LAPSED: "逾期未缴费，不再办理",
    StepKind.EXTENDED: "答复期限已延长",
    StepKind.SERVED: "已答复",
    StepKind.WITHDRAWN: "已按您的要求撤回",
}


async def show(reads: Reads, row: Any, terms: Terms, vault: Vault) -> CaseView:
    """A request as the office sees it."""
    steps = await repository.list_steps(reads, row["id"])
    applicant = await repository.find_applicant(reads, row["id"])
    case = fold(events_of(steps), terms.calendar, terms.periods)
    return _view(row, steps, case, terms, masked(open_applicant(applicant, vault)) if applicant else {}, vault)


def _view(row: Any, steps: Rows, case: Case, terms: Terms, applicant: dict[str, str], vault: Vault) -> CaseView:
    due, answered = row["due_on"], row["answered_on"]
    waits = row["is_open"] and due is not None
    return CaseView(
        id=row["id"],
        number=row["number"],
        organization=OrganizationRef(code=row["organization"], name=row["organization_name"]),
        external_id=row["external_id"],
        province_id=row["province_id"],
        channel=row["channel"],
        state=RequestState(row["state"]),
        allowed=allowed_now(case, terms),
        received_on=row["received_on"],
        first_due_on=row["first_due_on"],
        due_on=due,
        waiting_until=row["waiting_until"],
        provisional=row["provisional"],
        calendar_version=row["calendar_version"],
        colour=colour_days(terms.today, terms.calendar, terms.periods).colour(due) if waits else Colour.NONE,
        workdays_left=workdays_left(due, terms.today, terms.calendar) if waits else None,
        answered_on=answered,
        in_time=None if answered is None or due is None else answered <= due,
        applicant_kind=ApplicantKind(row["applicant_kind"]),
        applicant=applicant,
        wanted=open_wanted(row, vault),
        form=WantedForm.model_validate(from_json(row["form"])),
        assistance=list(row["assistance"]),
        consultations=_consultations(case, terms),
        decision=row["decision"],
        report_row=row["report_row"],
        reply_number=row["reply_number"],
        steps=[_step(step) for step in steps],
        version=row["version"],
    )


def _consultations(case: Case, terms: Terms) -> list[Consultation]:
    return [
        Consultation(
            id=UUID(name),
            kind=asked.kind,
            sent_on=asked.sent_on,
            received_on=asked.received_on,
            opinion_due_on=asked.due_on,
            replied_on=asked.replied_on,
            opinion=asked.opinion_on(terms.today),
        )
        for name, asked in case.consultations.items()
    ]


def _step(row: Any) -> Step:
    return Step(
        sequence=row["sequence"],
        kind=StepKind(row["kind"]),
        on=row["on_day"],
        recorded_at=row["recorded_at"],
        state=RequestState(row["state"]),
        due_on=row["due_on"],
        facts=from_json(row["facts"]),
    )


def show_lines(rows: Sequence[Any], terms: Terms) -> list[CaseLine]:
    """Requests in a list."""
    colours = colour_days(terms.today, terms.calendar, terms.periods)
    closed = {RequestState.SERVED, RequestState.CLOSED, RequestState.ARCHIVED}
    return [
        CaseLine(
            **dict(row),
            colour=Colour.NONE if RequestState(row["state"]) in closed else colours.colour(row["due_on"]),
        )
        for row in rows
    ]


async def show_clock(reads: Reads, row: Any, terms: Terms) -> ClockView:
    """The clock of a request, day by day."""
    case = fold(events_of(await repository.list_steps(reads, row["id"])), terms.calendar, terms.periods)
    clock = case.clock_in(terms.calendar, terms.periods)
    return ClockView(
        received_on=clock.received_on,
        first_due_on=clock.first.on if clock.first else None,
        due_on=clock.due.on if clock.due else None,
        provisional=bool(clock.due and clock.due.provisional),
        calendar_version=terms.calendar.version,
        workdays_allowed=clock.workdays,
        restarts=[start.on for start in clock.facts.starts[1:]],
        days=explain(clock, terms.calendar, until=case.closed_on or case.waiting_until or terms.today),
    )


async def show_known(reads: Reads, row: Any, moment: datetime) -> KnownDeadline | None:
    """What was held to be the deadline at a moment; None before the request was there."""
    steps = [step for step in await repository.list_steps(reads, row["id"]) if step["recorded_at"] <= moment]
    if not steps:
        return None
    return KnownDeadline(as_known_at=moment, state=RequestState(steps[-1]["state"]), due_on=steps[-1]["due_on"])


async def show_tracked(reads: Reads, row: Any) -> Tracked:
    """What the applicant sees."""
    notices = [
        TrackedDocument(id=one["id"], title=title_of(one), issued_on=one["issued_on"])
        for one in await notice_repository.list_to_applicant(reads, row["id"])
    ]
    files = [
        TrackedDocument(id=one["id"], title=one["title"], issued_on=one["issued_on"])
        for one in await file_repository.list_issued(reads, row["id"])
    ]
    steps = await repository.list_steps(reads, row["id"])
    told = [(step["on_day"], _TOLD.get(StepKind(step["kind"]))) for step in steps]
    return Tracked(
        number=row["number"],
        organization=row["organization_name"],
        state=RequestState(row["state"]),
        received_on=row["received_on"],
        due_on=row["due_on"],
        waiting_until=row["waiting_until"],
        answered_on=row["answered_on"],
        decision=row["decision"] if row["answered_on"] or row["closed_on"] else None,
        steps=[TrackedStep(on=day, title=title) for day, title in told if title],
        documents=[*notices, *files],
    )


def title_of(notice: Any) -> str:
    """As the applicant reads it: what it is, and its number."""
    return f"{FORMS[NoticeKind(notice['kind'])].title}（{notice['number']}）"


async def open_document(reads: Reads, row: Any, document_id: UUID, vault: Vault) -> bytes | None:
    """A notice or an answer's file that the applicant may have."""
    notice = await notice_repository.find_to_applicant(reads, row["id"], document_id)
    if notice is not None:
        return vault.open_bytes(bytes(notice["content"]), f"notice {document_id}", row["id"])
    file = await file_repository.find_issued(reads, row["id"], document_id)
    return None if file is None else vault.open_bytes(bytes(file["content"]), f"file {document_id}", row["id"])


def masked(applicant: Applicant) -> dict[str, str]:
    """Enough to recognise an applicant by, not enough to know them."""
    parts = {
        "name": mask_name(applicant.name),
        "identity": mask_number(applicant.identity.number),
        "phone": applicant.phone and mask_phone(applicant.phone),
        "email": applicant.email and mask_email(applicant.email),
        "address": applicant.address and mask_address(applicant.address),
        "agent": applicant.agent and mask_name(applicant.agent.name),
    }
    return {name: part for name, part in parts.items() if part}
