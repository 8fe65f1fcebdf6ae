"""What makes a consultation sound, how it may change once announced, and when it takes opinions. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from services.policy_api.rules.consultation_periods import Periods, describe_shortfall, measure_period
from services.policy_api.rules.hearings import REGULATION_NOTICE_DAYS, check_hearing
from services.policy_api.rules.personal_data import find_personal_data
from shared.kit.errors import Conflict, IllegalMove, RuleViolation
from shared.kit.workdays import WorkCalendar
from shared.schemas.consultations import (
    ConsultationInput,
    ConsultationPeriod,
    ConsultationStatus,
    ConsultedKind,
    HandlingOutcome,
    ResultInput,
)
from shared.schemas.problems import InvalidField

MAX_PERIOD_DAYS = 366
_FIXED = {
    "doc_kind": "文件类型",
    "opened_on": "开始日期",
    "draft": "草案内容",
    "explanation": "起草说明",
    "files": "附件",
    "shortened_reason": "缩短期限的理由",
}


def check_consultation(wanted: ConsultationInput, _today: date) -> list[InvalidField]:
    """What is wrong with an announcement by itself."""
    found = [InvalidField(pointer=pointer, detail=detail) for pointer, detail in _check_dates(wanted)]
    if wanted.hearing is not None:
        notice_days = REGULATION_NOTICE_DAYS if wanted.doc_kind is ConsultedKind.REGULATION else 1
        found += check_hearing(wanted.hearing, "/hearing", notice_days=notice_days)
    return found + find_personal_data(_public_texts(wanted))


def _check_dates(wanted: ConsultationInput) -> Iterator[tuple[str, str]]:
    if wanted.closes_on < wanted.opened_on:
        yield "/closes_on", "截止日期不能早于开始日期"
    elif wanted.closes_on - wanted.opened_on > timedelta(days=MAX_PERIOD_DAYS):
        yield "/closes_on", f"征求意见期限不应超过{MAX_PERIOD_DAYS}日，请核对日期"
    stated = wanted.interpretation.published_on if wanted.interpretation is not None else None
    if stated is not None and stated < wanted.opened_on:
        yield "/interpretation/published_on", "草案解读不能早于草案公布"


def _public_texts(wanted: ConsultationInput) -> Iterator[tuple[str, str | None]]:
    yield from (
        ("/title", wanted.title),
        ("/draft", wanted.draft),
        ("/explanation", wanted.explanation),
        ("/shortened_reason", wanted.shortened_reason),
    )
    if wanted.interpretation is not None:
        yield "/interpretation/body", wanted.interpretation.body
    if wanted.hearing is not None:
        yield "/hearing/notice", wanted.hearing.notice
        yield "/hearing/selection_method", wanted.hearing.selection_method
    for number, file in enumerate(wanted.files):
        yield f"/files/{number}/name", file.name
        yield f"/files/{number}/alt_text", file.alt_text


@dataclass(frozen=True)
class Announced:
    """A consultation as it is kept: what was pushed, and what the service added."""

    content: dict[str, Any]
    supplement: dict[str, Any]

    @property
    def opened_on(self) -> date:
        return date.fromisoformat(self.content["opened_on"])

    @property
    def closes_on(self) -> date:
        return date.fromisoformat(self.content["closes_on"])

    @property
    def result_due_on(self) -> date:
        return date.fromisoformat(self.supplement["result_due_on"])

    @property
    def result(self) -> dict[str, Any] | None:
        result: dict[str, Any] | None = self.supplement.get("result")
        return result

    @property
    def interpretation_on(self) -> date | None:
        day = self.supplement.get("interpretation_on")
        return date.fromisoformat(day) if day is not None else None

    def status(self, today: date) -> ConsultationStatus:
        """PP-C2: the result is due some days after the close."""
        if self.result is not None:
            return ConsultationStatus.RESULT_PUBLISHED
        if today < self.opened_on:
            return ConsultationStatus.UPCOMING
        if today <= self.closes_on:
            return ConsultationStatus.OPEN
        return ConsultationStatus.OVERDUE_RESULT if today > self.result_due_on else ConsultationStatus.CLOSED

    def changes_on(self, today: date) -> date | None:
        """The next day on which the public reads something else by date alone."""
        day = timedelta(days=1)
        days = [self.opened_on, self.interpretation_on]
        if self.result is None:
            days += [self.closes_on + day, self.result_due_on + day]
        return min((one for one in days if one is not None and one > today), default=None)


def announce_consultation(
    wanted: ConsultationInput, have: Announced | None, today: date, *, calendar: WorkCalendar, periods: Periods
) -> dict[str, Any]:
    """What the service adds to an announcement: minimum period, day of the draft interpretation, day the result is due.

    RuleViolation when the period is too short without a reason (PP-C1), or when what the public was asked about is
    changed while it is asked.
    """
    if have is not None:
        _ensure_kept(wanted, have, today)
    recorded_on = date.fromisoformat(have.supplement["recorded_on"]) if have is not None else today
    held_before = recorded_on > wanted.closes_on
    if have is not None and today >= have.opened_on:
        # Judged when it was announced: neither a new calendar nor a new setting makes it short afterwards.
        period = ConsultationPeriod.model_validate(have.supplement["period"])
        period = period.model_copy(update={"met": wanted.closes_on >= period.earliest_closes_on})
    else:
        # Who can read a notice from today on is not asked since an earlier day, whatever the notice says.
        counted_from = wanted.opened_on if held_before else max(wanted.opened_on, recorded_on)
        period = measure_period(wanted.doc_kind, counted_from, wanted.closes_on, calendar=calendar, periods=periods)
        _ensure_long_enough(period, wanted, held_before=held_before)
    interpretation_on = _interpretation_day(wanted, have, today, held_before=held_before)
    return {
        "recorded_on": recorded_on.isoformat(),
        "period": period.model_dump(mode="json"),
        "result_due_on": _result_day(wanted, have, today, periods).isoformat(),
        "interpretation_on": interpretation_on.isoformat() if interpretation_on is not None else None,
        "result": have.result if have is not None else None,
    }


def _ensure_long_enough(period: ConsultationPeriod, wanted: ConsultationInput, *, held_before: bool) -> None:
    """PP-C1. What is recorded after it was held is recorded as it was."""
    if not period.met and not held_before and wanted.shortened_reason is None:
        errors = [InvalidField(pointer="/closes_on", detail=describe_shortfall(period))]
        raise RuleViolation("征求意见期限不足", errors=errors)


def _ensure_kept(wanted: ConsultationInput, have: Announced, today: date) -> None:
    """Once the public is being asked, what it is asked about stays, and its time may only grow."""
    if today < have.opened_on:
        return
    now = wanted.model_dump(mode="json")
    errors = [
        InvalidField(pointer=f"/{name}", detail=f"征求意见已开始，{label}不能再改；需要改动的，请撤回后另行征求意见")
        for name, label in _FIXED.items()
        if now[name] != have.content[name]
    ]
    if wanted.closes_on != have.closes_on and (wanted.closes_on < have.closes_on or today > have.closes_on):
        detail = f"截止日期只能在截止（{have.closes_on.isoformat()}）之前延后，不能提前"
        errors.append(InvalidField(pointer="/closes_on", detail=detail))
    if errors:
        raise RuleViolation("征求意见开始后不能这样修改", errors=errors)


def _result_day(wanted: ConsultationInput, have: Announced | None, today: date, periods: Periods) -> date:
    """PP-C2: when the result is due. Promised with the notice: only another close moves it once the public is asked."""
    if have is not None and today >= have.opened_on and wanted.closes_on == have.closes_on:
        return have.result_due_on
    return wanted.closes_on + timedelta(days=periods.result_days)


def _interpretation_day(
    wanted: ConsultationInput, have: Announced | None, today: date, *, held_before: bool
) -> date | None:
    """When the draft interpretation was or will be there for the public to read (TS-08)."""
    if wanted.interpretation is None:
        return None
    if have is not None and have.interpretation_on is not None and have.interpretation_on <= today:
        return have.interpretation_on
    if held_before and have is None:
        return wanted.interpretation.published_on or wanted.opened_on
    return max(wanted.opened_on, today)


def ensure_takes_opinions(have: Announced, today: date) -> None:
    """IllegalMove unless the consultation is open on that day. The last day counts whole."""
    status = have.status(today)
    if status is ConsultationStatus.OPEN:
        return
    if status is ConsultationStatus.UPCOMING:
        raise IllegalMove(f"征求意见尚未开始，{have.opened_on.isoformat()}起接收意见", allowed=[])
    raise IllegalMove(f"征求意见已于{have.closes_on.isoformat()}截止，不再接收意见", allowed=[])


def check_result(wanted: ResultInput, have: Announced, handled: dict[HandlingOutcome | None, int], today: date) -> None:
    """Refuse a result that is early, miscounted, silent on what the law asks for, or that shows personal data.

    PP-14; `handled` counts the opinions by what became of them, None for those not handled yet.
    """
    if have.status(today) in (ConsultationStatus.UPCOMING, ConsultationStatus.OPEN):
        raise IllegalMove(f"征求意见{have.closes_on.isoformat()}截止，截止后才能公布结果", allowed=[])
    errors = find_personal_data(_result_texts(wanted))
    if have.content["doc_kind"] == ConsultedKind.NORMATIVE_MARKET and wanted.enterprises_heard is None:
        # 国办发〔2019〕9号：制定与企业生产经营活动密切相关的文件，应听取企业和行业协会商会意见。
        detail = "涉企文件应说明听取企业和行业协会商会意见的情况（国办发〔2019〕9号）"
        errors.append(InvalidField(pointer="/enterprises_heard", detail=detail))
    if errors:
        raise RuleViolation("结果不符合公布要求", errors=errors)
    _ensure_counted(wanted, handled)


def _result_texts(wanted: ResultInput) -> Iterator[tuple[str, str | None]]:
    yield "/summary", wanted.summary
    yield "/enterprises_heard", wanted.enterprises_heard
    for number, item in enumerate(wanted.items):
        yield f"/items/{number}/opinion", item.opinion
        yield f"/items/{number}/reason", item.reason


def _ensure_counted(wanted: ResultInput, handled: dict[HandlingOutcome | None, int]) -> None:
    actual = {"received": sum(handled.values())} | {str(one): handled.get(one, 0) for one in HandlingOutcome}
    stated = {name: int(getattr(wanted, name)) for name in actual}
    difference = {
        name: {"stated": stated[name], "actual": actual[name]} for name in actual if stated[name] != actual[name]
    }
    unhandled = handled.get(None, 0)
    if difference or unhandled:
        said = [f"{unhandled}条意见尚未处理"] if unhandled else []
        said += [f"{_COUNT_NAMES[name]}应为{one['actual']}，所报为{one['stated']}" for name, one in difference.items()]
        raise Conflict(
            f"结果与意见处理情况不符：{'；'.join(said)}；请处理全部意见并更正数字",
            difference=difference,
            unhandled=unhandled,
        )


_COUNT_NAMES = {"received": "收到意见数", "adopted": "采纳数", "partly": "部分采纳数", "not_adopted": "未采纳数"}
