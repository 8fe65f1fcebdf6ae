"""文书 going out with the steps of a request: rendered from the office's template, numbered, kept sealed (domain.md §9.3)."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic_core import from_json
from uuid_utils.compat import uuid7

from services.request_api.repository import notices as repository
from services.request_api.repository import requests as request_repository
from services.request_api.rules.case import Case, Event
from services.request_api.rules.decisions import FORMS
from services.request_api.rules.notices import FORMS as NOTICES
from services.request_api.rules.notices import reply_kind
from services.request_api.service.keeping import Vault, open_applicant, open_wanted
from services.request_api.service.notices.remedy_texts import remedies_for
from services.request_api.service.notices.rendering import Template, built_in_template, render_notice
from services.request_api.service.notices.templates import number_notice
from services.request_api.settings import Settings
from shared.kit.database import WriteSession
from shared.kit.organizations import OrganizationDirectory
from shared.schemas.notices import NoticeKind
from shared.schemas.organizations import Organization
from shared.schemas.request_codes import ConsultationKind, DecisionCode, StepKind, SubmissionChannel
from shared.schemas.requests import Answer, Applicant, Carrier, Way

LETTERS: Mapping[ConsultationKind, NoticeKind] = {
    ConsultationKind.THIRD_PARTY: NoticeKind.THIRD_PARTY_LETTER,
    ConsultationKind.CO_PRODUCER: NoticeKind.CO_PRODUCER_LETTER,
    ConsultationKind.OTHER_ORGAN: NoticeKind.ASSISTANCE,
}
SILENCE: Mapping[ConsultationKind, str] = {
    ConsultationKind.THIRD_PARTY: "逾期未提出意见的，由本机关依照条例的规定决定是否公开。",  # 条例第三十二条
    ConsultationKind.CO_PRODUCER: "逾期未提出意见的，视为同意公开。",  # 条例第三十四条
    ConsultationKind.OTHER_ORGAN: "请按期函复。",
}
_CHANNELS: Mapping[SubmissionChannel, str] = {
    SubmissionChannel.IN_PERSON: "当面提交",
    SubmissionChannel.MAIL_SIGNED: "邮寄（签收）",
    SubmissionChannel.MAIL_PLAIN: "平常信函",
    SubmissionChannel.ONLINE: "互联网",
    SubmissionChannel.FAX: "传真",
    SubmissionChannel.ORAL: "口头（代填）",
}
_FORMS_IN_WORDS: Mapping[str, str] = {
    Carrier.PAPER: "纸质",
    Carrier.EMAIL: "电子邮件",
    Carrier.DISC: "光盘",
    Way.POST: "邮寄",
    Way.PICK_UP: "自行领取",
    Way.READ_ON_SITE: "当场阅读、抄录",
    Way.EMAIL: "电子邮件",
    Way.FAX: "传真",
}
_REGULATION = "《中华人民共和国政府信息公开条例》"


@dataclass(frozen=True)
class Press:
    """What notices of an organisation are made with."""

    session: WriteSession
    organization: Organization
    directory: OrganizationDirectory
    settings: Settings
    vault: Vault
    now: datetime

    async def issue(
        self,
        row: Mapping[str, Any],
        kind: NoticeKind,
        fields: Mapping[str, str | None],
        *,
        on: date,
        addressee: str | None = None,
        decision: DecisionCode | None = None,
    ) -> str:
        """Render, number and keep one notice; its number. The number is taken last: others wait for it."""
        driver = await self.session.driver()
        template_row = await repository.find_template(driver, self.organization.path, kind.value)
        template = Template(kind, bytes(template_row["content"])) if template_row else built_in_template(kind)
        notice_id = uuid7()
        number = await number_notice(self.session, self.organization, kind, year=on.year, settings=self.settings)
        head: dict[str, str | None] = {
            "number": number,
            "addressee": addressee or await self._applicant_name(row),
            "agency": self.organization.name,
            "date": in_words(on),
        }
        filled = {name: text for name, text in {**_known(kind, head), **fields}.items() if text}
        content = await asyncio.to_thread(render_notice, template, filled, dated=on, decision=decision)
        await repository.insert_notice(
            driver,
            {
                "id": notice_id,
                "request_id": row["id"],
                "organization": self.organization.code,
                "kind": kind.value,
                "number": number,
                "year": on.year,
                "template_of": template_row["organization"] if template_row else None,
                "template_version": template_row["version"] if template_row else 0,
                "fields": self.vault.seal(filled, f"notice fields {notice_id}", row["id"]),
                "content": self.vault.seal_bytes(content, f"notice {notice_id}", row["id"]),
                "sha256": hashlib.sha256(content).hexdigest(),
                "issued_on": on,
                "revoked_on": None,
                "recorded_at": self.now,
            },
        )
        return number

    def about(self, row: Any) -> dict[str, str | None]:
        """What every notice to the applicant says of the request."""
        wanted = open_wanted(row, self.vault)
        return {
            "request_number": row["number"],
            "received_on": row["received_on"] and in_words(row["received_on"]),
            "wanted": wanted.description if wanted else "（已按期删除）",
        }

    async def register(self, row: Any, *, on: date) -> str:
        """The office's own sheet of the request; its number."""
        applicant = await request_repository.find_applicant(await self.session.driver(), row["id"])
        form = from_json(row["form"])
        fields = {
            **self.about(row),
            "channel": _CHANNELS[SubmissionChannel(row["channel"])],
            "applicant": "（已按期删除）" if applicant is None else _in_a_line(open_applicant(applicant, self.vault)),
            "form": "、".join(_FORMS_IN_WORDS[name] for name in dict.fromkeys((*form["carriers"], *form["ways"]))),
            "due_on": in_words(row["due_on"]),
        }
        return await self.issue(row, NoticeKind.REGISTRATION, fields, on=on)

    async def reply(self, row: Any, answer: Answer, case: Case, events: Sequence[Event], *, on: date) -> str:
        """The reply by its decision, with the remedy that the decision has (§1.8); its number."""
        code = answer.decision
        form = FORMS[code]
        basis = form.article.replace("条例", _REGULATION, 1) if form.article.startswith("条例") else form.article
        fields = self.about(row) | {
            "history": history_of(events, case),
            "basis": f"{basis}，{answer.law}" if answer.law else basis,
            "result": form.title,
            "access": answer.access,
            "withheld": "\n".join(f"{part.place}：{part.reason}" for part in answer.withheld),
            "reason": answer.reasons,
            "guidance": answer.guidance,
            "earlier_number": answer.earlier_number,
            "evaluation": answer.evaluation,
            "search_record": _search_of(answer),
            "responsible": _responsible_of(answer),
            "remedies": await remedies_for(self.organization, code, self.directory, self.settings),
        }
        kind = reply_kind(code)
        return await self.issue(row, kind, _known(kind, fields), on=on, decision=code)

    async def closing(self, row: Any, code: DecisionCode, case: Case, events: Sequence[Event], *, on: date) -> str:
        """What tells an applicant that the request is not handled any further."""
        fields = self.about(row) | {
            "history": history_of(events, case),
            "basis": FORMS[code].article.replace("条例", _REGULATION, 1),
            "result": FORMS[code].title,
            "remedies": await remedies_for(self.organization, code, self.directory, self.settings),
        }
        return await self.issue(row, NoticeKind.CLOSING, fields, on=on, decision=code)

    async def _applicant_name(self, row: Mapping[str, Any]) -> str:
        """The one field that a letter needs: the others stay sealed."""
        applicant = await request_repository.find_applicant(await self.session.driver(), row["id"])
        if applicant is None:
            return "申请人"
        return str(self.vault.open(bytes(applicant["name"]), "applicant.name", row["id"]))


def _in_a_line(applicant: Applicant) -> str:
    """Who asks and how he is reached (条例第二十九条第二款第（一）项)."""
    shown = [applicant.name, applicant.identity and applicant.identity.number, applicant.phone, applicant.address]
    return "，".join(part for part in (*shown, applicant.email) if part)


def in_words(day: date) -> str:
    """As a document writes it: 2026年3月4日."""
    return f"{day.year}年{day.month}月{day.day}日"


def history_of(events: Sequence[Event], case: Case) -> str:
    """What happened on the way, as the reply tells it."""
    lines = []
    for event in events:
        if event.kind is StepKind.CORRECTION_REQUESTED:
            lines.append(f"{in_words(event.on)}告知补正")
        elif event.kind is StepKind.CORRECTED:
            lines.append(f"{in_words(event.on)}收到补正，答复期限重新起算")
        elif event.kind is StepKind.EXTENDED:
            lines.append(f"{in_words(event.on)}告知延长答复期限{event.facts['workdays']}个工作日")
        elif event.kind is StepKind.PAID:
            lines.append(f"{in_words(event.on)}收到缴费，答复期限重新起算")
    lines += [f"{in_words(asked.sent_on)}起征求意见，所需时间不计入答复期限" for asked in case.consultations.values()]
    return "；".join(lines)


def _responsible_of(answer: Answer) -> str | None:
    organ = answer.responsible
    return f"{organ.name} {organ.contact or ''}".strip() if organ else None


def _search_of(answer: Answer) -> str | None:
    record = answer.search_record
    if record is None:
        return None
    return f"{in_words(record.searched_on)}在{'、'.join(record.places)}以{'、'.join(record.keywords)}检索"


def _known(kind: NoticeKind, fields: dict[str, str | None]) -> dict[str, str | None]:
    """Those that this kind of document has a place for."""
    return {name: text for name, text in fields.items() if name in NOTICES[kind].known}
