"""Which text of an entry holds on a day, as it was known at a moment. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True)
class Text:
    """A text from its day on. `content` None: it ends there."""

    number: int
    effective_on: date
    content: dict[str, Any] | None
    recorded_at: datetime
    superseded_at: datetime | None


def known_at(texts: Iterable[Text], moment: datetime | None) -> list[Text]:
    """What had been said at that moment (None: now) and not taken back, by its days."""
    said = [text for text in texts if (text.superseded_at is None if moment is None else _was_said(text, moment))]
    return sorted(said, key=lambda text: text.effective_on)


def _was_said(text: Text, moment: datetime) -> bool:
    return text.recorded_at <= moment and (text.superseded_at is None or text.superseded_at > moment)


def in_force(texts: Iterable[Text], day: date, moment: datetime | None = None) -> tuple[Text | None, date | None]:
    """The text that holds on a day, and from which day another does. (None, …): none holds."""
    said = known_at(texts, moment)
    present = [text for text in said if text.effective_on <= day]
    ahead = [text.effective_on for text in said if text.effective_on > day]
    text = present[-1] if present and present[-1].content is not None else None
    return text, min(ahead, default=None)


def difference(before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[str]:
    """Names of what differs, the list's own columns by theirs."""
    if before is None or after is None:
        return []
    own = [name for name in ("title", "code", "basis", "url") if before.get(name) != after.get(name)]
    old, new = before.get("fields", {}), after.get("fields", {})
    return own + [name for name in dict.fromkeys([*old, *new]) if old.get(name) != new.get(name)]
