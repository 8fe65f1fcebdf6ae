"""The procedure of a major administrative decision as gates (PP-02, PP-05 to PP-09, PP-C3), and where an item stands. Pure.

    PLANNED ─▶ PARTICIPATION ─▶ REVIEW ─▶ DELIBERATED ─▶ PUBLISHED ─▶ IMPLEMENTED ─▶ EVALUATED

An item stands where its records have brought it: there is no move without a record. Every record has its day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.policy_api.rules.hearings import check_hearing
from services.policy_api.rules.personal_data import find_personal_data
from shared.kit.errors import RuleViolation
from shared.kit.workdays import WorkCalendar
from shared.schemas.consultations import ConsultationStatus
from shared.schemas.decisions import (
    DecisionInput,
    DecisionStatus,
    DeliberationOutcome,
    LegalityResult,
    NotApplicable,
    Participation,
)
from shared.schemas.problems import InvalidField


@dataclass(frozen=True)
class Gate:
    """One step before the meeting. `waivable`: it may be not applicable, with its reason."""

    name: str
    chinese: str
    basis: str
    waivable: bool = True


GATES = (
    Gate("participation", "公众参与", "国务院令第713号第十四条"),
    Gate("expert_review", "专家论证", "国务院令第713号第十九条"),
    Gate("risk_assessment", "风险评估", "国务院令第713号第二十二条"),
    # 第二十五条: 未经合法性审查或者经审查不合法的，不得提交决策机关讨论；不得以征求意见等方式代替合法性审查。
    Gate("legality_review", "合法性审查", "国务院令第713号第二十五条", waivable=False),
    Gate("collective_discussion", "集体讨论", "国务院令第713号第三十条"),
)
CATALOG = ("title", "year", "category", "drafter", "procedure", "planned_time")
"""What the catalog says of an item: changed by adjustment only (PP-02)."""
RECORDS = (*(gate.name for gate in GATES), "deliberation", "publication", "implemented_on", "evaluated_on")
_PASSED = frozenset({DeliberationOutcome.PASSED, DeliberationOutcome.PASSED_WITH_CHANGES})
Faults = Iterator[tuple[str, str]]


def check_decision(wanted: DecisionInput, today: date) -> list[InvalidField]:
    """Everything in an item's records that the procedure does not allow."""
    found = [
        *_check_catalog(wanted, today),
        *_check_records(wanted, today),
        *_check_gates(wanted),
        *_check_aftermath(wanted, today),
    ]
    errors = [InvalidField(pointer=pointer, detail=detail) for pointer, detail in found]
    participation = wanted.participation
    if isinstance(participation, Participation) and participation.hearing is not None:
        errors += check_hearing(participation.hearing, "/participation/hearing")
    return errors + find_personal_data(_public_texts(wanted))


def _check_catalog(wanted: DecisionInput, today: date) -> Faults:
    """PP-02: 报同级党委同意后公布. 国令713 第三条第三款."""
    consented_on, published_on = wanted.party_consent.given_on, wanted.catalog_published_on
    if published_on > today:
        yield "/catalog_published_on", "目录公布日期不能在今天之后"
    if consented_on > published_on:
        yield "/party_consent/given_on", "目录应经同级党委同意后公布（国务院令第713号第三条）；请核对同意日期"


def _check_records(wanted: DecisionInput, today: date) -> Faults:
    for pointer, day in _record_days(wanted):
        if day > today:
            yield pointer, "记录的日期不能在今天之后；尚未进行的程序请在完成后登记"
    step = wanted.participation
    if isinstance(step, Participation) and step.completed_on is not None:
        if step.completed_on < step.started_on:
            yield "/participation/completed_on", "完成日期不能早于开始日期"
        if step.adoption is None:
            # 国令713 第十八条：充分研究论证，采纳合理意见。
            yield "/participation/adoption", "公众参与完成的，应说明意见采纳情况（国务院令第713号第十八条）"
    review = wanted.legality_review
    if review is not None and review.completed_on is not None and review.completed_on < review.submitted_on:
        yield "/legality_review/completed_on", "完成日期不能早于送审日期"


def _record_days(wanted: DecisionInput) -> Iterator[tuple[str, date]]:
    for gate in GATES:
        step = getattr(wanted, gate.name)
        for name in ("started_on", "submitted_on", "completed_on"):
            day = getattr(step, name, None)
            if day is not None:
                yield f"/{gate.name}/{name}", day
    if wanted.deliberation is not None:
        yield "/deliberation/held_on", wanted.deliberation.held_on
    if wanted.publication is not None:
        yield "/publication/published_on", wanted.publication.published_on
    if wanted.evaluated_on is not None:
        yield "/evaluated_on", wanted.evaluated_on


def missing_gates(wanted: DecisionInput) -> list[Gate]:
    """PP-C3: what has neither a completed record nor a reason why it does not apply."""
    return [gate for gate in GATES if not _is_passed(getattr(wanted, gate.name))]


def _is_passed(step: Any) -> bool:
    if step is None:
        return False
    return isinstance(step, NotApplicable) or step.completed_on is not None


def _check_gates(wanted: DecisionInput) -> Faults:
    """PP-C3: no meeting before participation, experts, risk, legality and the drafter's own discussion."""
    if wanted.deliberation is None:
        return
    missing = missing_gates(wanted)
    if missing:
        names = "、".join(gate.chinese for gate in missing)
        yield "/deliberation", f"会议审议前还缺：{names}；请登记各项程序的完成记录，或说明不适用的理由"
    for gate in missing:
        remedy = "，或说明不适用的理由" if gate.waivable else "，此项不能免除"
        yield f"/{gate.name}", f"会议审议前应完成{gate.chinese}（{gate.basis}）{remedy}"
    for gate in GATES:
        done_on = getattr(getattr(wanted, gate.name), "completed_on", None)
        if done_on is not None and done_on > wanted.deliberation.held_on:
            yield f"/{gate.name}/completed_on", f"{gate.chinese}应在会议审议（{wanted.deliberation.held_on}）之前完成"
    review = wanted.legality_review
    if review is not None and review.result is LegalityResult.UNLAWFUL:
        yield "/legality_review/result", "经审查不合法的，不得提交决策机关讨论（国务院令第713号第二十五条）"


def _check_aftermath(wanted: DecisionInput, today: date) -> Faults:
    """PP-07, PP-08: what was passed is published, then carried out, then evaluated."""
    meeting, publication = wanted.deliberation, wanted.publication
    if publication is not None:
        if meeting is None or meeting.outcome not in _PASSED:
            yield "/publication", "会议审议通过后才能公布决策（国务院令第713号第三十二条）"
        elif publication.published_on < meeting.held_on:
            yield "/publication/published_on", "决策公布不能早于会议审议"
    if wanted.implemented_on is not None:
        if publication is None:
            yield "/implemented_on", "决策公布后才能登记施行日期"
        elif wanted.implemented_on < publication.published_on:
            yield "/implemented_on", "施行日期不能早于决策公布日期"
    if wanted.evaluated_on is not None and (
        wanted.implemented_on is None or wanted.evaluated_on < wanted.implemented_on
    ):
        # 国令713 第三十六条：决策后评估的对象是已经执行的决策。
        yield "/evaluated_on", "决策施行以后才能作决策后评估（国务院令第713号第三十六条）"


def _public_texts(wanted: DecisionInput) -> Iterator[tuple[str, str | None]]:
    yield "/title", wanted.title
    yield "/adjustment_reason", wanted.adjustment_reason
    for gate in GATES:
        step = getattr(wanted, gate.name)
        for name in ("adoption", "opinion", "not_applicable_reason", "shortened_reason"):
            yield f"/{gate.name}/{name}", getattr(step, name, None)
    participation = wanted.participation
    if isinstance(participation, Participation) and participation.hearing is not None:
        yield "/participation/hearing/notice", participation.hearing.notice
        yield "/participation/hearing/selection_method", participation.hearing.selection_method
    if wanted.publication is not None:
        yield "/publication/adoption_explained", wanted.publication.adoption_explained


def supply_decision(
    wanted: DecisionInput,
    have: tuple[dict[str, Any], dict[str, Any]] | None,
    today: date,
    *,
    calendar: WorkCalendar,
    legality_workdays: int,
    consultation: ConsultationStatus | None,
) -> dict[str, Any]:
    """What the service adds to an item: its adjustments so far. `have`: content and supplement as they are kept;
    `consultation`: where the consultation stands that the item names, None when there is none.

    RuleViolation for what only the calendar, the former records or the named consultation tell.
    """
    errors = [*_check_review_time(wanted, calendar, legality_workdays), *_check_consultation(wanted, consultation)]
    adjustments = list(have[1]["adjustments"]) if have is not None else []
    if have is not None:
        content = have[0]
        errors += _check_kept(wanted, content)
        now = wanted.model_dump(mode="json")
        before = {name: content[name] for name in CATALOG if content[name] != now[name]}
        if before and wanted.adjustment_reason is None:
            detail = "目录内容有变动，属目录调整，请说明理由（国务院令第713号第三条：目录根据实际情况调整）"
            errors.append(InvalidField(pointer="/adjustment_reason", detail=detail))
        if before:
            # JSON numbers would make the member's type depend on the field; the year is shown as it is written.
            shown = {name: str(value) if isinstance(value, int) else value for name, value in before.items()}
            adjustments.append({"adjusted_on": today.isoformat(), "reason": wanted.adjustment_reason, "before": shown})
    if errors:
        raise RuleViolation("决策事项不符合程序要求", errors=errors)
    return {"adjustments": adjustments}


def _check_review_time(wanted: DecisionInput, calendar: WorkCalendar, workdays: int) -> list[InvalidField]:
    """PP-09: 国令713 第二十六条，应当保证必要的审查时间，一般不少于7个工作日.

    Submitted 2026-09-28: 2026-10-13 at the earliest, across 国庆 and the make-up Saturday.
    """
    review = wanted.legality_review
    if review is None or review.completed_on is None or review.shortened_reason is not None:
        return []
    earliest = calendar.add_workdays(review.submitted_on, workdays).on
    if review.completed_on >= earliest:
        return []
    detail = (
        f"合法性审查时间一般不少于{workdays}个工作日（国务院令第713号第二十六条），最早{earliest.isoformat()}；"
        "确需缩短的，请说明理由（shortened_reason）"
    )
    return [InvalidField(pointer="/legality_review/completed_on", detail=detail)]


def _check_consultation(wanted: DecisionInput, consultation: ConsultationStatus | None) -> list[InvalidField]:
    """PP-06: the meeting decides with what became of the opinions before it."""
    step, pointer = wanted.participation, "/participation/consultation_id"
    if not isinstance(step, Participation) or step.consultation_id is None:
        return []
    if consultation is None:
        return [InvalidField(pointer=pointer, detail="没有这次已公开的征求意见")]
    if step.completed_on is not None and consultation is not ConsultationStatus.RESULT_PUBLISHED:
        detail = "所指征求意见尚未公布结果；请先公布意见采纳情况，再登记公众参与完成"
        return [InvalidField(pointer=pointer, detail=detail)]
    return []


def _check_kept(wanted: DecisionInput, content: dict[str, Any]) -> list[InvalidField]:
    """PP-08: 国令713 第三十三条，决策过程记录、立卷归档. A record is corrected, never removed."""
    return [
        InvalidField(
            pointer=f"/{name}", detail="已登记的程序记录应当保留，可以更正，不能删除（国务院令第713号第三十三条）"
        )
        for name in RECORDS
        if content[name] is not None and getattr(wanted, name) is None
    ]


def decision_status(content: dict[str, Any], today: date) -> DecisionStatus:
    """Where an item's records have brought it: the furthest that they prove."""
    implemented_on = content["implemented_on"]
    proofs = (
        (DecisionStatus.EVALUATED, content["evaluated_on"] is not None),
        (DecisionStatus.IMPLEMENTED, implemented_on is not None and date.fromisoformat(implemented_on) <= today),
        (DecisionStatus.PUBLISHED, content["publication"] is not None),
        (DecisionStatus.DELIBERATED, content["deliberation"] is not None),
        (DecisionStatus.REVIEW, any("completed_on" in (content[gate.name] or {}) for gate in GATES[1:])),
        (DecisionStatus.PARTICIPATION, "started_on" in (content["participation"] or {})),
    )
    return next((status for status, proven in proofs if proven), DecisionStatus.PLANNED)


def decision_changes_on(content: dict[str, Any], today: date) -> date | None:
    """The day on which a published decision comes to be carried out."""
    if content["implemented_on"] is None or content["evaluated_on"] is not None:
        return None
    day = date.fromisoformat(content["implemented_on"])
    return day if day > today else None
