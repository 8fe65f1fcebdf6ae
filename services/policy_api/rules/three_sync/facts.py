"""Everything the thirty rules of the three-synchronised check (三同步) ask about, as plain frozen values.

No behaviour beyond questions a value answers about itself. A *subject* names one thing that is reviewed, approved and
signed on its own: `policy`, `attachment:1`, `plan`, `exemption`, `material:<id>`, `material:<id>/attachment:1`.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from services.policy_api.rules.scans import ScanHit
from shared.schemas.dossiers import ApprovalStep, DossierState, ExemptionReason, ReviewResult, ReviewType
from shared.schemas.interpretation_tasks import TaskReason, TaskState
from shared.schemas.policies import DocClass, InterpretationForm, InterpretationStage, PublicityAttribute, RelationType

POLICY = "policy"
PLAN = "plan"
EXEMPTION = "exemption"


def attachment_subject(number: int) -> str:
    """The policy's attachment, counted from 1."""
    return f"attachment:{number}"


def material_subject(material_id: str, attachment: int | None = None) -> str:
    """An interpretation material, or one of the files attached to it."""
    return f"material:{material_id}" + (f"/attachment:{attachment}" if attachment is not None else "")


@dataclass(frozen=True)
class Actor:
    """Who did something: the system that called and the person who acted through it."""

    client_id: str
    person_id: str


@dataclass(frozen=True)
class File:
    """An attached file. `sha256` is the file's own hash; `hash` covers its whole entry."""

    name: str
    hash: str
    sha256: str | None


@dataclass(frozen=True)
class PolicyFacts:
    """The text that is to be signed, and what the public reads of it afterwards."""

    id: str
    hash: str
    version_number: int = 1
    publicity: PublicityAttribute | None = PublicityAttribute.PROACTIVE
    publicity_reason: str | None = None
    doc_class: DocClass = DocClass.OTHER
    doc_no: str | None = None
    theme: str | None = None
    issuers: tuple[str, ...] = ()
    market_related: bool = False
    major: bool = False
    livelihood: bool = False
    effective_on: date | None = None
    expires_on: date | None = None
    repealed_on: date | None = None
    relations: frozenset[RelationType] = frozenset()
    attachments: tuple[File, ...] = ()

    @property
    def concerns_many(self) -> bool:
        """重大、民生或涉企政策."""
        return self.major or self.livelihood or self.market_related


@dataclass(frozen=True)
class Activity:
    """One interpretation as planned: through which channel, on which day.

    The day is fixed (`on`) or counted from the policy's publication (`days_after_release`, 0 is the same day).
    """

    channel: str
    form: InterpretationForm
    stage: InterpretationStage
    on: date | None = None
    days_after_release: int | None = None


@dataclass(frozen=True)
class FirstInterpreter:
    """第一解读人."""

    name: str
    post: str
    unit: str
    principal_head: bool


@dataclass(frozen=True)
class PlanFacts:
    """解读方案."""

    hash: str
    created_at: datetime
    outline: str = ""
    units: tuple[str, ...] = ()
    """Organisation codes, the responsible one first."""
    judicial_unit: str | None = None
    person: str = ""
    first_interpreter: FirstInterpreter | None = None
    activities: tuple[Activity, ...] = ()


@dataclass(frozen=True)
class Target:
    """The policy as a material names it."""

    policy_id: str
    doc_no: str | None
    theme: str | None
    issuers: tuple[str, ...]


@dataclass(frozen=True)
class Medium:
    """An image, film or sound, and whether its content is there as text too."""

    name: str
    has_alternative: bool


@dataclass(frozen=True)
class MaterialFacts:
    """解读材料. What only a published one has is None before."""

    id: str
    hash: str
    created_at: datetime
    form: InterpretationForm
    stage: InterpretationStage
    target: Target
    sections: frozenset[str] = frozenset()
    contact_organ: str | None = None
    contact_phone: str | None = None
    attachments: tuple[File, ...] = ()
    media: tuple[Medium, ...] = ()
    similarity: float = 0.0
    """Share of the material's text that stands in the policy word for word."""
    published_on: date | None = None
    shown_on_policy: bool = False
    """The policy's public page lists it."""
    public: bool = False
    """It can be read in the library (HTTP 200)."""
    flagged: bool = False
    """Its public page says that the policy is no longer in force, which also leaves it out of the default search."""

    @property
    def subject(self) -> str:
        return material_subject(self.id)


@dataclass(frozen=True)
class Review:
    """审查记录: bound to the content it saw."""

    id: str
    type: ReviewType
    subject: str
    hash: str
    result: ReviewResult
    actor: Actor
    at: datetime
    reason: str | None = None


@dataclass(frozen=True)
class Approval:
    """审批记录: what one step of one approval package covered, by subject and hash."""

    id: str
    package_id: str
    step: ApprovalStep
    actor: Actor
    at: datetime
    items: dict[str, str]


@dataclass(frozen=True)
class Signature:
    """签发: binds to the hash of everything it covers. Void as soon as one differs."""

    id: str
    actor: Actor
    at: datetime
    manifest: dict[str, str]


@dataclass(frozen=True)
class Exemption:
    """免予解读."""

    hash: str
    reason: ExemptionReason | None
    """None when the stated reason is not in the list."""
    stated: str
    drafter: Actor


@dataclass(frozen=True)
class ConsultationFacts:
    """A consultation on the draft, and the interpretation that went with it."""

    id: str
    opened_on: date
    interpretation_id: str | None = None
    interpretation_published_on: date | None = None


@dataclass(frozen=True)
class Scan:
    """What the machine found in one subject. `readable` is False for files the system does not hold."""

    subject: str
    hash: str
    hits: tuple[ScanHit, ...] = ()
    readable: bool = True


@dataclass(frozen=True)
class Submission:
    """报送: when, and which BLOCK rules were not met."""

    at: datetime
    blocked: tuple[str, ...] = ()


@dataclass(frozen=True)
class Return:
    """退文."""

    at: datetime
    automatic: bool
    missing: tuple[str, ...]


@dataclass(frozen=True)
class PublicationFacts:
    """What was published, and where it can be found now."""

    at: datetime
    on: date
    manifest: dict[str, str]
    in_library: bool


@dataclass(frozen=True)
class ChannelReceipt:
    """发布回执: a channel has carried an interpretation."""

    id: str
    channel: str
    executed_on: date


@dataclass(frozen=True)
class Amendment:
    """A later change of the policy, and the first interpretation published since."""

    id: str
    published_on: date
    interpreted_on: date | None = None
    task_id: str | None = None
    """The library's own task for it."""


@dataclass(frozen=True)
class FollowUpTask:
    """跟踪解读任务, as the library itself keeps it."""

    id: str
    reason: TaskReason
    due_on: date
    state: TaskState

    def is_overdue(self, today: date) -> bool:
        return self.state is TaskState.OPEN and self.due_on < today


@dataclass(frozen=True)
class Feedback:
    """What became known after release: enquiries, results of evaluation, tasks to interpret again."""

    enquiries: int = 0
    """The larger of what the office reports and what was pushed by hotline and counters."""
    evaluation_issues: bool = False
    follow_up_tasks: tuple[str, ...] = ()
    """As the office reports them."""
    tasks: tuple[FollowUpTask, ...] = ()
    """As the library opened them, those after an amendment aside."""


class Links(StrEnum):
    """Directions of the link between a policy and its material."""

    TO_MATERIAL = "政策→解读"
    TO_POLICY = "解读→政策"


@dataclass(frozen=True)
class Dossier:
    """会签卷: one policy text on its way to the public, with all that has to go with it."""

    id: str
    state: DossierState
    policy: PolicyFacts
    drafting_units: tuple[str, ...]
    """Organisation codes, the lead first."""
    drafters: frozenset[Actor]
    handles_applications: bool = False
    plan: PlanFacts | None = None
    materials: tuple[MaterialFacts, ...] = ()
    reviews: tuple[Review, ...] = ()
    approvals: tuple[Approval, ...] = ()
    scans: tuple[Scan, ...] = ()
    submissions: tuple[Submission, ...] = ()
    submitted_at: datetime | None = None
    signature: Signature | None = None
    returns: tuple[Return, ...] = ()
    exemption: Exemption | None = None
    consultation: ConsultationFacts | None = None
    release_on: date | None = None
    """The day of publication as far as it is known: planned, asked for, or past."""
    publication: PublicationFacts | None = None
    receipts: tuple[ChannelReceipt, ...] = ()
    amendments: tuple[Amendment, ...] = ()
    feedback: Feedback = field(default_factory=Feedback)

    @property
    def never_exempt(self) -> bool:
        """规章和行政规范性文件一律应当解读 (domain.md §7.1)."""
        return self.policy.doc_class in {DocClass.REGULATION, DocClass.NORMATIVE}

    @property
    def in_scope(self) -> bool:
        """Whether the policy has to be interpreted: it is to be public and not (validly) exempt."""
        if self.policy.publicity not in {None, PublicityAttribute.PROACTIVE}:
            return False
        return self.exemption is None or self.never_exempt

    def find_review(self, type_: ReviewType, subject: str, content_hash: str) -> Review | None:
        """The newest review of that type that saw exactly this content."""
        seen = [r for r in self.reviews if (r.type, r.subject, r.hash) == (type_, subject, content_hash)]
        return max(seen, key=lambda review: review.at, default=None)
