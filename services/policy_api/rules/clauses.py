"""What makes a clause sound, and whether it can be had on a day. Pure."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from services.policy_api.rules.condition_checks import check_conditions
from services.policy_api.rules.personal_data import find_personal_data
from shared.schemas.clauses import ClauseInput, ClauseStatus
from shared.schemas.policies import Validity
from shared.schemas.problems import InvalidField

_PERSONAL = ("title", "original_text", "object_text", "procedure", "contact", "basis", "quota", "fund_source")


def check_clause(wanted: ClauseInput, _today: date) -> list[InvalidField]:
    """Every field that is wrong by itself."""
    errors = [InvalidField(pointer=pointer, detail=detail) for pointer, detail in _faults(wanted)]
    if wanted.conditions is not None:
        errors += check_conditions(wanted.conditions, base="/conditions")
    texts = [(f"/{name}", getattr(wanted, name)) for name in _PERSONAL]
    texts += [(f"/materials/{number}", text) for number, text in enumerate(wanted.materials)]
    return errors + find_personal_data(texts)


def _faults(wanted: ClauseInput) -> Iterator[tuple[str, str]]:
    if len(wanted.policies) != 1:
        yield "/policies", "条款应恰好属于一份政策"
    window = wanted.window
    if window.opens_on is not None and window.closes_on is not None and window.closes_on < window.opens_on:
        yield "/window/closes_on", "申报截止日期不能早于开始日期"
    if wanted.valid_from is not None and wanted.valid_to is not None and wanted.valid_to < wanted.valid_from:
        yield "/valid_to", "条款失效日期不能早于生效日期"


def clause_status(shown: dict[str, Any], today: date) -> ClauseStatus:
    """From its public fields: `window`, `valid_from`, `valid_to`, and its `policies` as they stand.

    What no longer holds is over, whatever its window says; then the days decide.
    """
    validities = [policy["validity"] for policy in shown["policies"]]
    gone = any(validity not in (Validity.IN_FORCE, Validity.NOT_YET) for validity in validities)
    if gone or any(policy["repealed_articles"] for policy in shown["policies"]) or _past(shown["valid_to"], today):
        return ClauseStatus.ENDED
    if _past(shown["window"]["closes_on"], today):
        return ClauseStatus.CLOSED
    opens = (shown["window"]["opens_on"], shown["valid_from"])
    if Validity.NOT_YET in validities or any(_is_ahead(day, today) for day in opens):
        return ClauseStatus.UPCOMING
    return ClauseStatus.OPEN


def clause_changes_on(content: dict[str, Any], today: date) -> date | None:
    """The next day on which its own dates give another status."""
    window = content["window"]
    turns = [date.fromisoformat(day) for day in (window["opens_on"], content["valid_from"]) if day]
    turns += [date.fromisoformat(day) + timedelta(days=1) for day in (window["closes_on"], content["valid_to"]) if day]
    return min((day for day in turns if day > today), default=None)


def _past(day: str | None, today: date) -> bool:
    return day is not None and date.fromisoformat(day) < today


def _is_ahead(day: str | None, today: date) -> bool:
    return day is not None and date.fromisoformat(day) > today
