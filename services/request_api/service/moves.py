"""The moves of a request as use cases: what each step keeps in the open, what it seals, and what else it brings about."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from services.request_api.repository import requests as repository
from services.request_api.repository.files import has_uncleared
from services.request_api.repository.requests import Rows
from services.request_api.rules.case import Event
from services.request_api.rules.clock import add_days
from services.request_api.rules.decisions import check_answer
from services.request_api.rules.fees import fee_of_item, fee_of_pages
from services.request_api.rules.likeness import remaining
from services.request_api.service.conversion import consider, subject_key
from services.request_api.service.issuing import LETTERS, SILENCE, Press, in_words
from services.request_api.service.keeping import Vault, last_private, seal_applicant
from services.request_api.service.library import applicant_values
from services.request_api.service.proposals import place_in_month
from services.request_api.service.steps import Held, Taken, take
from services.request_api.service.submission import identity_of
from shared.kit.database import WriteSession
from shared.kit.errors import Conflict, NotFound, RuleViolation
from shared.schemas.notices import NoticeKind
from shared.schemas.problems import InvalidField
from shared.schemas.request_codes import DecisionCode, Opinion, StepKind
from shared.schemas.requests import (
    Answer,
    ConsultationAnswer,
    ConsultationInput,
    Corrected,
    CorrectionNotice,
    Draft,
    Extension,
    FeeMethod,
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

_DISCLOSING = frozenset({DecisionCode.A2, DecisionCode.B})


class Mover:
    """Makes the moves of one held request for one caller, in one transaction."""

    def __init__(
        self, session: WriteSession, held: Held, actor: str, vault: Vault, press: Press, *, now: datetime
    ) -> None:
        self._session, self._held, self._actor, self._vault, self._now = session, held, actor, vault, now
        self._press = press
        self._applicants_from = press.settings.conversion_applicants

    async def simple(self, kind: StepKind, body: OnDay) -> None:
        """A step that is its day only: confirmed, archived."""
        await self._take(kind, body.on)

    async def accept(self, body: OnDay) -> None:
        """Worked on; the applicant gets the receipt."""
        await self._take(StepKind.ACCEPTED, body.on)
        row = await self._row()
        fields = self._press.about(row) | {
            "due_on": in_words(row["due_on"]),
            "query_code": self._vault.query_code(row["number"]),
        }
        await self._press.issue(row, NoticeKind.RECEIPT, fields, on=body.on)
        await self._press.register(row, on=body.on)

    async def lapse(self, kind: StepKind, body: OnDay) -> None:
        """Closed because its applicant let the time pass."""
        await close(
            self._session, self._held, Event(kind, body.on, {}, self._actor), self._vault, self._press, now=self._now
        )

    async def _row(self) -> Any:
        """The request as it is after the step."""
        return await repository.find_request(await self._session.driver(), self._held.row["id"])

    async def request_correction(self, body: CorrectionNotice) -> None:
        facts = {"workdays": body.workdays} if body.workdays else {}
        await self._take(StepKind.CORRECTION_REQUESTED, body.on, facts, {"items": body.items})
        row = await self._row()
        fields = self._press.about(row) | {
            "items": "\n".join(f"{number}. {item}" for number, item in enumerate(body.items, start=1)),
            "until": in_words(row["waiting_until"]),
            "consequence": "无正当理由逾期不补正的，视为放弃申请，本机关不再处理。",
        }
        await self._press.issue(row, NoticeKind.CORRECTION, fields, on=body.on)

    async def correct(self, body: Corrected) -> None:
        """The request is from now on what was corrected; what it was stays in the steps, sealed."""
        row, driver = self._held.row, await self._session.driver()
        changes: dict[str, Any] = {
            "wanted": self._vault.seal(body.wanted, "wanted", row["id"]),
            "subject_key": subject_key(body.wanted, self._vault),
        }
        before = {"wanted": self._vault.open(row["wanted"], "wanted", row["id"])}
        if body.form is not None:
            changes["form"] = body.form.model_dump_json()
        if body.applicant is not None:
            changes |= {
                "applicant_kind": body.applicant.kind.value,
                "applicant_key": self._vault.prints.of(identity_of(body.applicant), purpose="applicant"),
            }
        await self._take(StepKind.CORRECTED, body.on, {}, before, changes)
        if body.applicant is not None:
            await repository.replace_applicant(driver, seal_applicant(body.applicant, self._vault, row["id"]))

    async def consult(self, body: ConsultationInput) -> UUID:
        """A letter asking for an opinion; the id names it in what follows."""
        consultation = uuid4()
        await self._ensure_applicant_unnamed(body.question)
        facts = {"consultation": str(consultation), "kind": body.kind.value}
        if body.received_on is not None:
            facts["received_on"] = body.received_on.isoformat()
        await self._take(StepKind.CONSULTED, body.on, facts, {"name": body.name, "question": body.question})
        row, kind = await self._row(), LETTERS[body.kind]
        workdays = self._held.terms.periods.opinion
        until = in_words(self._held.terms.calendar.add_workdays(body.received_on or body.on, workdays).on)
        letter = {"question": body.question, "until": until}
        if kind is NoticeKind.ASSISTANCE:
            about = self._press.about(row)
            letter |= {name: about[name] or "" for name in ("request_number", "wanted")}
        else:
            letter |= {"consequence": SILENCE[body.kind]}
        await self._press.issue(row, kind, letter, on=body.on, addressee=body.name)
        if kind is NoticeKind.THIRD_PARTY_LETTER:
            to_fill_in = {"question": body.question}
            await self._press.issue(row, NoticeKind.THIRD_PARTY_REPLY, to_fill_in, on=body.on, addressee=body.name)
        told = self._press.about(row) | {"sent_on": in_words(body.on)}
        await self._press.issue(row, NoticeKind.CONSULTATION, told, on=body.on)
        return consultation

    async def _ensure_applicant_unnamed(self, question: str) -> None:
        """A letter to somebody else says what is asked for, not who asks."""
        known = await applicant_values(await self._session.driver(), self._held.row["id"], self._vault)
        if any(leak.kind == "known" for leak in remaining({"question": question}, known)):
            detail = "征求意见不应写明申请人，请以“申请人”称谓"
            raise RuleViolation(detail, errors=[InvalidField(pointer="/question", detail=detail)])

    async def receive_consultation(self, consultation: UUID, body: OnDay) -> None:
        await self._take(StepKind.CONSULTATION_RECEIVED, body.on, self._consultation(consultation))

    async def answer_consultation(self, consultation: UUID, body: ConsultationAnswer) -> None:
        facts = self._consultation(consultation) | {"opinion": body.opinion.value, "has_grounds": bool(body.grounds)}
        await self._take(StepKind.CONSULTATION_ANSWERED, body.on, facts, {"grounds": body.grounds})

    async def ask_reasons(self, body: ReasonsQuestion) -> None:
        await self._take(StepKind.REASONS_ASKED, body.on, {}, {"reason": body.reason})
        row = await self._row()
        fields = self._press.about(row) | {"reason": body.reason, "until": in_words(row["waiting_until"])}
        await self._press.issue(row, NoticeKind.REASONS, fields, on=body.on)

    async def give_reasons(self, body: ReasonsEvaluation) -> None:
        facts: dict[str, Any] = {"reasonable": body.reasonable}
        if body.delayed_until is not None:
            facts["delayed_until"] = body.delayed_until.isoformat()
        await self._take(StepKind.REASONS_GIVEN, body.on, facts, {"evaluation": body.evaluation})
        if body.delayed_until is not None:
            row = await self._row()
            fields = {"reason": body.evaluation, "due_on": in_words(row["due_on"])}
            await self._press.issue(row, NoticeKind.DELAY, self._press.about(row) | fields, on=body.on)

    async def notice_fee(self, body: FeeNotice) -> None:
        """FEE-02: per item or per page; what comes to nothing is not charged."""
        row, driver = self._held.row, await self._session.driver()
        quantity, amount = await self._fee(body)
        if amount == 0:
            raise Conflict(f"数量{quantity}未超过免费标准，不收取信息处理费（国办函〔2020〕109号）")
        facts = {"method": body.method.value, "quantity": quantity, "amount_yuan": amount}
        await self._take(StepKind.FEE_NOTICED, body.on, facts)
        pay_until = add_days(body.on, self._held.terms.periods.payment_days, self._held.terms.calendar).on
        fee = {
            "request_id": row["id"],
            "organization": row["organization"],
            "noticed_on": body.on,
            "pay_until": pay_until,
        }
        await repository.insert_fee(driver, fee | facts)
        about = self._press.about(row)
        fields = about | {
            "method": "按件计收" if body.method is FeeMethod.PER_ITEM else "按量计收",
            "quantity": f"{quantity}{'件' if body.method is FeeMethod.PER_ITEM else '页'}",
            "standard": "《政府信息公开信息处理费管理办法》（国办函〔2020〕109号）超额累进标准",
            "amount": str(amount),
            "payment": self._press.settings.fee_payment,
            "until": in_words(pay_until),
            "consequence": "逾期未缴纳的，视为放弃申请，本机关不再处理。",
        }
        await self._press.issue(row, NoticeKind.FEE, fields, on=body.on)

    async def _fee(self, body: FeeNotice) -> tuple[int, int]:
        if body.method is FeeMethod.PER_PAGE:
            assert body.pages is not None
            return body.pages, fee_of_pages(body.pages)
        place = await place_in_month(await self._session.driver(), self._held.row)
        if place is None:
            raise Conflict("尚未收到申请，不能计费")
        return place, fee_of_item(place)

    async def pay(self, body: Payment) -> None:
        await self._take(StepKind.PAID, body.on, {"receipt_no": body.receipt_no})
        driver = await self._session.driver()
        await repository.note_payment(driver, self._held.row["id"], paid_on=body.on, receipt_no=body.receipt_no)

    async def extend(self, body: Extension) -> None:
        await self._take(StepKind.EXTENDED, body.on, {"workdays": body.workdays}, {"reason": body.reason})
        row = await self._row()
        fields = {"reason": body.reason, "workdays": str(body.workdays), "due_on": in_words(row["due_on"])}
        await self._press.issue(row, NoticeKind.EXTENSION, self._press.about(row) | fields, on=body.on)

    async def draft(self, body: Draft) -> None:
        answer, case = body.answer, self._held.case
        errors = check_answer(answer, body.on, was_corrected=case.was_corrected, has_asked_reasons=case.reasons_asked)
        errors += self._objections(answer) + await self._earlier(answer)
        if errors:
            raise RuleViolation("答复缺少应有的内容，请按所列各项补齐", errors=errors)
        facts = {"decision": answer.decision.value, "exemption": answer.exemption and answer.exemption.value}
        private = answer.model_dump(mode="json", exclude_none=True)
        await self._take(StepKind.DRAFTED, body.on, {name: fact for name, fact in facts.items() if fact}, private)

    def _objections(self, answer: Answer) -> list[InvalidField]:
        """REG-32: what a third party objects to with grounds is disclosed for a public interest only, which is stated."""
        objects = any(
            event.kind is StepKind.CONSULTATION_ANSWERED
            and event.facts.get("opinion") == Opinion.OBJECTS.value
            and event.facts.get("has_grounds")
            for event in self._held.events
        )
        if not objects or answer.decision not in _DISCLOSING or answer.public_interest:
            return []
        if answer.decision is DecisionCode.B and any(
            part.exemption.value.startswith("EX15") for part in answer.withheld
        ):
            return []
        detail = (
            "第三方不同意公开且有合理理由的不予公开；认为不公开可能对公共利益造成重大影响的，应说明（条例第三十二条）"
        )
        return [InvalidField(pointer="/answer/public_interest", detail=detail)]

    async def _earlier(self, answer: Answer) -> list[InvalidField]:
        """E2: the earlier request has to be there, the same applicant's, and answered."""
        if answer.decision is not DecisionCode.E2 or not answer.earlier_number:
            return []
        row = self._held.row
        earlier = await repository.find_number(await self._session.driver(), answer.earlier_number)
        is_answered = earlier is not None and earlier["answered_on"] is not None
        if is_answered and earlier["id"] != row["id"] and earlier["applicant_key"] == row["applicant_key"]:
            return []
        detail = "没有同一申请人的、已经答复的这件申请（条例第三十六条第（六）项）"
        return [InvalidField(pointer="/answer/earlier_number", detail=detail)]

    async def review(self, body: Review) -> None:
        facts = {"kind": body.kind.value, "passes": body.passes}
        await self._take(StepKind.REVIEWED, body.on, facts, {"note": body.note} if body.note else None)

    async def send_back(self, body: Return) -> None:
        await self._take(StepKind.RETURNED, body.on, {}, {"reason": body.reason})

    async def approve(self, body: OnDay) -> None:
        """The answer is signed: it gets its number, the next of the organisation's year."""
        row, driver = self._held.row, await self._session.driver()
        if await has_uncleared(driver, row["id"]):
            raise Conflict("答复文件含有个人信息或者隐藏内容，应由审核人核准，删除，或者退回遮盖后重新送审")
        await self._take(StepKind.APPROVED, body.on)
        answer = answer_of(self._held.steps, self._vault)
        number = await self._press.reply(await self._row(), answer, self._held.case, self._held.events, on=body.on)
        await repository.update_request(driver, row["id"], {"reply_number": number})

    async def serve(self, body: Service) -> None:
        facts = {"method": body.method.value}
        private = {"postal_number": body.postal_number} if body.postal_number else None
        await self._take(StepKind.SERVED, body.on, facts, private)
        row = await self._row()
        await self._tell_objectors(row, body.on)
        suggested = bool(self._held.events[0].facts.get("suggests_publication"))
        await consider(self._session, row, suggested=suggested, applicants_from=self._applicants_from)

    async def _tell_objectors(self, row: Any, on: date) -> None:
        """REG-32: who objected in vain is told in writing what is disclosed and why."""
        answer = answer_of(self._held.steps, self._vault)
        if answer.decision not in _DISCLOSING or not answer.public_interest:
            return
        objected = {
            event.facts["consultation"]
            for event in self._held.events
            if event.kind is StepKind.CONSULTATION_ANSWERED and event.facts["opinion"] == Opinion.OBJECTS.value
        }
        for step, event in zip(self._held.steps, self._held.events, strict=True):
            if event.kind is not StepKind.CONSULTED or event.facts["consultation"] not in objected:
                continue
            asked = self._vault.open(bytes(step["private"]), f"step {step['sequence']}", row["id"])
            fields = {
                "result": f"决定公开下列内容：{asked['question']}",
                "reason": answer.public_interest,
                "basis": "《中华人民共和国政府信息公开条例》第三十二条",
            }
            kind = NoticeKind.THIRD_PARTY_DECISION
            await self._press.issue(row, kind, fields, on=on, addressee=asked["name"], decision=answer.decision)

    async def withdraw(self, body: Withdrawal) -> None:
        event = Event(StepKind.WITHDRAWN, body.on, {}, self._actor)
        private = {"reason": body.reason} if body.reason else None
        await close(self._session, self._held, event, self._vault, self._press, now=self._now, private=private)

    def _consultation(self, consultation: UUID) -> dict[str, Any]:
        if str(consultation) not in self._held.case.consultations:
            raise NotFound("没有这一征求意见")
        return {"consultation": str(consultation)}

    async def _take(
        self,
        kind: StepKind,
        on: date,
        facts: dict[str, Any] | None = None,
        private: dict[str, Any] | None = None,
        changes: dict[str, Any] | None = None,
    ) -> None:
        event = Event(kind, on, facts or {}, self._actor)
        taken = Taken(event, private, changes or {})
        await take(self._session, self._held, taken, self._vault, now=self._now)


async def close(
    session: WriteSession,
    held: Held,
    event: Event,
    vault: Vault,
    press: Press,
    *,
    now: datetime,
    private: dict[str, Any] | None = None,
) -> None:
    """A request that ends without a reply: lapsed or withdrawn. The applicant is told; who never was received, is not."""
    case = await take(session, held, Taken(event, private), vault, now=now)
    if case.decision is not None and case.received_on is not None:
        row = await repository.find_request(await session.driver(), held.row["id"])
        await press.closing(row, case.decision, case, held.events, on=event.on)


def answer_of(steps: Rows, vault: Vault) -> Answer:
    """The answer as it was last drafted."""
    private = last_private(steps, StepKind.DRAFTED, vault)
    if private is None:
        raise Conflict("这件申请没有答复稿")
    return Answer.model_validate(private)
