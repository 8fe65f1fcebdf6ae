"""How a rule says its verdict. No rules here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from shared.kit.workdays import WorkCalendar
from shared.schemas.dossiers import Evidence, RuleStatus, Severity


@dataclass(frozen=True)
class Limits:
    """Numbers that a city may set. The law leaves them open; the defaults are design (domain.md §7, mark D)."""

    late_workdays: int = 3
    """郑州等地规定：至迟3个工作日."""
    similarity: float = 0.6
    enquiries: int = 50
    follow_up_months: int = 6
    flag_workdays: int = 1


@dataclass(frozen=True)
class Context:
    """What a rule may know besides the dossier."""

    today: date
    calendar: WorkCalendar
    limits: Limits


@dataclass(frozen=True)
class Verdict:
    """A rule's answer; `severity` only where it differs from the rule's own."""

    status: RuleStatus
    sentence: str
    evidence: tuple[Evidence, ...] = ()
    severity: Severity | None = None


Facts = Iterable[tuple[str, object]]


def passed(sentence: str, *facts: tuple[str, object]) -> Verdict:
    """The rule is met."""
    return Verdict(RuleStatus.PASS, sentence, evidence_of(facts))


def failed(sentence: str, *facts: tuple[str, object], severity: Severity | None = None) -> Verdict:
    """The rule is broken; the sentence says what to do."""
    return Verdict(RuleStatus.FAIL, sentence, evidence_of(facts), severity)


def not_applicable(reason: str, *facts: tuple[str, object]) -> Verdict:
    """The rule does not concern this dossier, or cannot be judged yet."""
    return Verdict(RuleStatus.NOT_APPLICABLE, reason, evidence_of(facts))


def evidence_of(facts: Facts) -> tuple[Evidence, ...]:
    """Facts as text: instants and days in ISO form."""
    return tuple(Evidence(name=name, value=_text(value)) for name, value in facts)


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def listed(items: Iterable[str]) -> str:
    """`甲、乙、丙`."""
    return "、".join(items)
