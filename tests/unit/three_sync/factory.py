"""A dossier on which every rule passes or does not apply, at each stage of its life. Tests show only what they change."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.policy_api.rules.three_sync import Dossier, check_three_sync, manifest_of
from services.policy_api.rules.three_sync.facts import (
    Activity,
    Actor,
    Approval,
    ChannelReceipt,
    File,
    FirstInterpreter,
    MaterialFacts,
    PlanFacts,
    PolicyFacts,
    PublicationFacts,
    Review,
    Scan,
    Signature,
    Submission,
    Target,
)
from services.policy_api.rules.three_sync.quality import PARTS
from services.policy_api.rules.three_sync.signing import file_subjects, package_subjects
from shared.kit.workdays import load_seed_calendar
from shared.schemas.dossiers import (
    ApprovalStep,
    DossierState,
    Finding,
    ReviewResult,
    ReviewType,
    RuleStatus,
    ThreeSyncReport,
)
from shared.schemas.policies import InterpretationForm, InterpretationStage

CALENDAR = load_seed_calendar()
UNIT = "11370000000000001X"
OTHER_UNIT = "11370000000000002X"
DRAFTER = Actor("client-drafting", "drafter-1")
REVIEWER = Actor("client-review", "reviewer-1")
HEAD = Actor("client-head", "head-1")
SIGNER = Actor("client-office", "signer-1")
RELEASED_ON = date(2025, 6, 5)
DRAFTED_AT = datetime(2025, 6, 3, 1, tzinfo=UTC)
REVIEWED_AT = DRAFTED_AT + timedelta(hours=1)
APPROVED_AT = DRAFTED_AT + timedelta(hours=2)
SUBMITTED_AT = DRAFTED_AT + timedelta(hours=3)
SIGNED_AT = DRAFTED_AT + timedelta(hours=4)
RELEASED_AT = datetime(2025, 6, 5, 1, tzinfo=UTC)
TARGET = Target("policy-1", "泉政办发〔2025〕3号", "综合政务\\政务公开", ("泉城市人民政府办公室",))


def digest(text: str) -> str:
    """An invented content hash."""
    return text.encode().hex().ljust(64, "0")[:64]


def make_policy(**changes: Any) -> PolicyFacts:
    values: dict[str, Any] = {
        "id": TARGET.policy_id,
        "hash": digest("policy"),
        "doc_no": TARGET.doc_no,
        "theme": TARGET.theme,
        "issuers": TARGET.issuers,
        "effective_on": RELEASED_ON,
        "attachments": (File("附件1", digest("file"), digest("bytes")),),
    }
    return PolicyFacts(**(values | changes))


def make_plan(**changes: Any) -> PlanFacts:
    values: dict[str, Any] = {
        "hash": digest("plan"),
        "created_at": DRAFTED_AT,
        "outline": "为什么制定、有哪些举措、怎样办理",
        "units": (UNIT,),
        "person": "张三丰",
        "first_interpreter": FirstInterpreter("李四光", "局长", UNIT, principal_head=True),
        "activities": (
            Activity("市政府门户网站", InterpretationForm.TEXT, InterpretationStage.ISSUE, days_after_release=0),
        ),
    }
    return PlanFacts(**(values | changes))


def make_material(**changes: Any) -> MaterialFacts:
    values: dict[str, Any] = {
        "id": "material-1",
        "hash": digest("material"),
        "created_at": DRAFTED_AT,
        "form": InterpretationForm.TEXT,
        "stage": InterpretationStage.ISSUE,
        "target": TARGET,
        "sections": frozenset(PARTS),
        "contact_organ": "市教育局",
        "contact_phone": "0531-00000000",
        "similarity": 0.1,
    }
    return MaterialFacts(**(values | changes))


def reviewed(dossier: Dossier, *kinds: ReviewType) -> Dossier:
    """With a passing review of each kind on every file."""
    reviews = tuple(
        Review(f"review-{kind.value}-{subject}", kind, subject, content, ReviewResult.PASS, REVIEWER, REVIEWED_AT)
        for kind in kinds
        for subject, (content, _) in file_subjects(dossier).items()
    )
    return replace(dossier, reviews=(*dossier.reviews, *reviews))


def approved(dossier: Dossier, **changes: Any) -> Dossier:
    """With one approval of the whole package."""
    values: dict[str, Any] = {
        "id": "approval-1",
        "package_id": "package-1",
        "step": ApprovalStep.DEPARTMENT_HEAD,
        "actor": HEAD,
        "at": APPROVED_AT,
        "items": package_subjects(dossier),
    }
    return replace(dossier, approvals=(Approval(**(values | changes)),))


def scanned(dossier: Dossier) -> Dossier:
    """With a clean scan of every file; the attachments' bytes were read too."""
    scans = tuple(Scan(subject, content) for subject, (content, _) in file_subjects(dossier).items())
    return replace(dossier, scans=scans)


def drafted(**changes: Any) -> Dossier:
    """Ready to be submitted, whatever policy, plan or materials are given."""
    values: dict[str, Any] = {
        "id": "dossier-1",
        "state": DossierState.DRAFT,
        "policy": make_policy(),
        "drafting_units": (UNIT,),
        "drafters": frozenset({DRAFTER}),
        "plan": make_plan(),
        "materials": (make_material(),),
        "release_on": RELEASED_ON,
    }
    dossier = Dossier(**(values | changes))
    dossier = reviewed(dossier, ReviewType.SECRECY, ReviewType.LEGALITY, ReviewType.FAIR_COMPETITION)
    return approved(scanned(dossier))


def submitted(**changes: Any) -> Dossier:
    return replace(
        drafted(**changes),
        state=DossierState.SUBMITTED,
        submitted_at=SUBMITTED_AT,
        submissions=(Submission(SUBMITTED_AT),),
    )


def signed(**changes: Any) -> Dossier:
    dossier = submitted(**changes)
    signature = Signature("signature-1", SIGNER, SIGNED_AT, manifest_of(dossier))
    return replace(dossier, state=DossierState.SIGNED, signature=signature)


def released(on: date = RELEASED_ON, **changes: Any) -> Dossier:
    """Published with its materials on that day and found in the library, as the plan said."""
    dossier = signed(**changes)
    materials = tuple(
        replace(item, published_on=item.published_on or on, public=True, shown_on_policy=True)
        for item in dossier.materials
    )
    return replace(
        dossier,
        state=DossierState.RELEASED,
        materials=materials,
        publication=PublicationFacts(RELEASED_AT, on, manifest_of(dossier), in_library=True),
        receipts=(ChannelReceipt("receipt-1", "市政府门户网站", on),),
    )


def with_material(dossier: Dossier, **changes: Any) -> Dossier:
    """The same dossier with its first material changed."""
    first, *rest = dossier.materials
    return replace(dossier, materials=(replace(first, **changes), *rest))


def check(dossier: Dossier, today: date = RELEASED_ON) -> ThreeSyncReport:
    return check_three_sync(dossier, today, CALENDAR)


def finding(dossier: Dossier, rule: str, today: date = RELEASED_ON) -> Finding:
    return check(dossier, today).get(rule)


def status(dossier: Dossier, rule: str, today: date = RELEASED_ON) -> RuleStatus:
    return finding(dossier, rule, today).status


PASS, FAIL, NOT_APPLICABLE = RuleStatus.PASS, RuleStatus.FAIL, RuleStatus.NOT_APPLICABLE
