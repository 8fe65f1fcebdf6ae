"""What search needs of questions, clauses, consultations and collections (问答、政策条款、意见征集、专题集成).

Tolerant on purpose: only what is indexed is read, everything else passes, so that their schemas may grow without search
having to be told. Decides nothing about how they are indexed.
"""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.schemas.organizations import Level
from shared.schemas.policies import Validity

_CURRENT = frozenset({Validity.IN_FORCE, Validity.NOT_YET})
_OVER = frozenset(
    {
        *("lapsed", "repealed", "expired", "ended", "flagged", "outdated", "withdrawn", "replaced", "cancelled"),
        # A consultation that takes no more opinions is over, whether its result is out or not.
        *("closed", "overdue_result", "result_published"),
    }
)
_TO_COME = frozenset({"not_yet", "upcoming", "planned", "announced"})


class _Tolerant(BaseModel):
    model_config = ConfigDict(extra="ignore")


class EntryOrganization(_Tolerant):
    code: str
    name: str


class EntryPolicy(_Tolerant):
    """A policy that the entry is about, with its validity today."""

    id: UUID | None = None
    title: str | None = None
    doc_no: str | None = None
    validity: Validity | None = None
    articles: list[str] = Field(default_factory=list)


class Entry(_Tolerant):
    """Any of the four. Texts that a kind does not have are empty."""

    organization: EntryOrganization
    level: Level
    title: str = ""
    status: str | None = None
    published_on: date
    theme: str | None = None
    policies: list[EntryPolicy] = Field(default_factory=list)
    question: str | None = None
    answer: str | None = None
    type: str | None = None
    original_text: str | None = None
    object_text: str | None = None
    draft: str | None = None
    explanation: str | None = None
    intro: str | None = None

    @property
    def heading(self) -> str:
        """What it is called: of a question, the question."""
        return (self.title or self.question or self.object_text or "").strip()

    @property
    def texts(self) -> list[str]:
        """All that it says, longest speech last."""
        every = (self.question, self.object_text, self.intro, self.explanation, self.answer, self.original_text)
        return [text for text in (*every, self.draft) if text]

    @property
    def validity(self) -> Validity:
        """One on policies of which none is in force is flagged like them (TS-29), whatever it says of itself."""
        known = {policy.validity for policy in self.policies if policy.validity is not None}
        if self.status in _OVER or (known and not known & _CURRENT):
            return Validity.LAPSED
        return Validity.NOT_YET if self.status in _TO_COME else Validity.IN_FORCE


class Question(Entry):
    """问答: without question and answer it is none."""

    question: str
    answer: str


class Clause(Entry):
    """政策条款 (domain.md §10)."""

    original_text: str


class Consultation(Entry):
    """意见征集 (domain.md §8)."""

    title: str


class Collection(Entry):
    """专题集成. Flagged when one of its items no longer holds: its editors have to see to that, and it is shown meanwhile."""

    title: str

    @property
    def validity(self) -> Validity:
        return Validity.IN_FORCE
