"""What is in force on a day: a document's validity (有效性) and which of its texts counts (domain.md §6.6, §6.7).

Derived from dates alone, never stored by hand. Which act ended a document, and when, the caller knows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from shared.schemas.policies import Validity


@dataclass(frozen=True)
class Continuation:
    """公布继续有效: from the day that the act takes effect, the document lasts through `until`."""

    effective_on: date
    until: date


@dataclass(frozen=True)
class Lifetime:
    """From which day, through which day (inclusive), and from which day no longer; and acts that let it last longer."""

    effective_on: date
    expires_on: date | None
    repealed_on: date | None
    continuations: tuple[Continuation, ...] = ()

    def expires_as_of(self, day: date) -> date | None:
        """The last day, as the acts in effect on a day set it: the latest of them counts."""
        begun = [one for one in self.continuations if one.effective_on <= day]
        return max(begun, key=lambda one: one.effective_on).until if begun else self.expires_on


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
    expires_on = lifetime.expires_as_of(day)
    if expires_on is not None and day > expires_on:
        return Validity.LAPSED
    return Validity.IN_FORCE


def next_change_after(lifetime: Lifetime, day: date) -> date | None:
    """The next day on which `validity_on` gives another answer than on `day`; None when it stays for ever."""
    turns = [lifetime.effective_on, lifetime.repealed_on]
    turns += [one.effective_on for one in lifetime.continuations]
    ends = [lifetime.expires_on, *(one.until for one in lifetime.continuations)]
    turns += [end + timedelta(days=1) for end in ends if end is not None and end < date.max]
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
