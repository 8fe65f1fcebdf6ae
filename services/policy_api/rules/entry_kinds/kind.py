"""What a kind of entry is made of. Knows nothing of how entries are kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from services.policy_api.rules.validity import Continuation, Lifetime, next_change_after, validity_on
from shared.schemas.entries import Entry, EntryInput
from shared.schemas.problems import InvalidField
from shared.schemas.scopes import Scope

Fields = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """What an entry points at, by kind (`policy`, `interpretation`, or a kind of entry) and id."""

    kind: str
    id: UUID
    articles: Sequence[str] = ()


@dataclass(frozen=True)
class Linked:
    """A target as the public reads it now; `fields` is its representation without long texts, None when not public."""

    target: Target
    fields: Fields | None

    @property
    def is_in_force(self) -> bool:
        """Whether a policy, or what says its own status, still holds."""
        return self.fields is not None and self.fields.get("validity") in (None, "in_force", "not_yet")

    @property
    def repealed_articles(self) -> list[str]:
        gone = set(self.fields["partly_repealed"]) if self.fields and "partly_repealed" in self.fields else set()
        return [article for article in self.target.articles if is_within(article, gone)]

    def as_of(self, day: date) -> "Linked":
        """The same with a policy's validity on that day: what is stored may be of the day before."""
        if self.fields is None or "validity" not in self.fields:
            return self
        return replace(self, fields=self.fields | {"validity": validity_on(_lifetime(self.fields), day)})

    def changes_on(self, day: date) -> date | None:
        """The next day after that one on which a policy reads differently by date alone."""
        if self.fields is None or "validity" not in self.fields:
            return None
        turns = [next_change_after(_lifetime(self.fields), day), _day(self.fields.get("validity_changes_on"))]
        return min((turn for turn in turns if turn is not None and turn > day), default=None)

    def as_policy(self) -> Fields:
        """What an entry says of a policy that it is linked with."""
        fields = self.fields or {}
        return {
            "id": self.target.id,
            **{name: fields.get(name) for name in ("title", "doc_no", "validity")},
            "articles": list(self.target.articles),
            "repealed_articles": self.repealed_articles,
        }


def _lifetime(fields: Fields) -> Lifetime:
    """Of a policy's representation."""
    continuations = tuple(
        Continuation(date.fromisoformat(one["effective_on"]), date.fromisoformat(one["until"]))
        for one in fields["relations"]
        if one["type"] == "continued_by" and one.get("effective_on") and one.get("until")
    )
    expires_on, repealed_on = _day(fields["expires_on"]), _day(fields["repealed_on"])
    return Lifetime(date.fromisoformat(fields["effective_on"]), expires_on, repealed_on, continuations)


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value is not None else None


@dataclass(frozen=True)
class Shown:
    """What the public reads of an entry beyond what every entry has, on one day."""

    fields: Fields
    status: str
    changes_on: date | None = None
    """The next day on which this differs by date alone."""


@dataclass(frozen=True)
class Material:
    """What there is to show: the content as it was pushed, what the service adds, and the targets in their order."""

    content: Fields
    supplement: Fields
    linked: Sequence[Linked]
    published_on: date

    @property
    def policies(self) -> list[Linked]:
        return [linked for linked in self.linked if linked.target.kind == "policy"]


def _no_errors(_wanted: Any, _today: date) -> list[InvalidField]:
    return []


def _no_targets(_content: Fields) -> list[Target]:
    return []


@dataclass(frozen=True)
class EntryKind:
    """One kind. `plural` is its address; `statuses` every value that `show` gives, in the order of life."""

    name: str
    plural: str
    chinese: str
    scope: Scope
    input: type[EntryInput]
    public: type[Entry]
    statuses: Sequence[str]
    show: Callable[[Material, date], Shown]
    check: Callable[[Any, date], list[InvalidField]] = _no_errors
    """Every field of a push that breaks a rule of the field."""
    targets: Callable[[Fields], list[Target]] = _no_targets
    """What it points at besides `policies`."""
    not_in_lists: frozenset[str] = field(default_factory=frozenset)
    """Long fields that a list leaves out."""


def is_within(address: str, gone: set[str]) -> bool:
    """`art-12-2` has ceased when `art-12` has."""
    parts = address.split("-")
    return any("-".join(parts[:length]) in gone for length in range(1, len(parts) + 1))
