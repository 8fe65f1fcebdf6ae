"""What is in force on a day: a document's validity (有效性) and which of its texts counts (domain.md §6.6, §6.7).

Derived from dates alone, never stored by hand. Which act ended a document, and when, the caller knows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from shared.schemas.policies import Validity


@dataclass(frozen=True)
class Lifetime:
    """From which day, through which day (inclusive), and from which day no longer."""

    effective_on: date
    expires_on: date | None
    repealed_on: date | None


@dataclass(frozen=True)
class TextSpan:
    """One text of a document and the day from which it is the text."""

    number: int
    effective_on: date


def validity_on(lifetime: Lifetime, day: date) -> Validity:
    """The document's validity on a day.

    有效期至 is inclusive: what expires on 2027-12-31 has lapsed from 2028-01-01. An explicit repeal outweighs everything
    else, also of what had lapsed before or had not begun.
    """
    if lifetime.repealed_on is not None and lifetime.repealed_on <= day:
        return Validity.REPEALED
    if day < lifetime.effective_on:
        return Validity.NOT_YET
    if lifetime.expires_on is not None and day > lifetime.expires_on:
        return Validity.LAPSED
    return Validity.IN_FORCE


def next_change_after(lifetime: Lifetime, day: date) -> date | None:
    """The next day on which `validity_on` gives another answer than on `day`; None when it stays for ever."""
    turns = [lifetime.effective_on, lifetime.repealed_on]
    if lifetime.expires_on is not None and lifetime.expires_on < date.max:
        turns.append(lifetime.expires_on + timedelta(days=1))
    now = validity_on(lifetime, day)
    coming = sorted(turn for turn in turns if turn is not None and turn > day)
    return next((turn for turn in coming if validity_on(lifetime, turn) is not now), None)


def text_in_force(spans: Sequence[TextSpan], day: date) -> TextSpan | None:
    """The text that counts on a day: the latest begun, of the same day the last recorded. None before the first."""
    begun = [span for span in spans if span.effective_on <= day]
    return max(begun, key=lambda span: (span.effective_on, span.number), default=None)


def text_to_show(spans: Sequence[TextSpan], day: date) -> TextSpan:
    """The text in force or, before the first begins, the one to come. No texts at all raises ValueError."""
    if not spans:
        raise ValueError("a document without texts has none to show")
    return text_in_force(spans, day) or min(spans, key=lambda span: (span.effective_on, -span.number))


def next_text_change_after(spans: Sequence[TextSpan], day: date) -> date | None:
    """The next day on which `text_to_show` gives another text than on `day`; None when it stays for ever."""
    if not spans:
        return None
    now = text_to_show(spans, day)
    coming = sorted({span.effective_on for span in spans if span.effective_on > day})
    return next((turn for turn in coming if text_to_show(spans, turn) != now), None)


def superseded_numbers(spans: Sequence[TextSpan]) -> set[int]:
    """Numbers of texts that never count any more: a later record has the same effective day."""
    last: dict[date, int] = {}
    for span in spans:
        last[span.effective_on] = max(span.number, last.get(span.effective_on, span.number))
    return {span.number for span in spans if span.number < last[span.effective_on]}
