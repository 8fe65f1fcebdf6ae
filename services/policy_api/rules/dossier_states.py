"""How a dossier moves: one table of moves with their guards. Pure.

    ┌──────── return ────────┐
    ▼                        │
DRAFT ── submit ──▶ SUBMITTED ── sign ──▶ SIGNED ── release ──▶ RELEASED
    │                   ▲                   │
    └ refused ▶ RETURNED ┘◀──── return ─────┘
"""

from collections.abc import Callable
from dataclasses import dataclass

from services.policy_api.rules.three_sync.facts import Dossier
from services.policy_api.rules.three_sync.manifest import differing_subjects, manifest_of
from services.policy_api.rules.three_sync.signing import name_of
from shared.kit.errors import Conflict, DomainError, IllegalMove
from shared.schemas.dossiers import DossierState, Move, ThreeSyncReport
from shared.schemas.policies import PublicityAttribute
from shared.schemas.problems import ErrorCode


class ThreeSyncBlocked(Conflict):
    """A BLOCK rule refuses the move; `report` is the whole checklist."""

    code, title = ErrorCode.THREE_SYNC_BLOCKED, "三同步核查未通过"


class SignatureVoid(Conflict):
    """Something was changed after it was signed."""

    code, title = ErrorCode.SIGNATURE_VOID, "签发已失效"


Guard = Callable[[Dossier, ThreeSyncReport], DomainError | None]


def nothing_blocks(dossier: Dossier, report: ThreeSyncReport) -> DomainError | None:
    """No BLOCK rule fails."""
    if not report.blocks:
        return None
    sentences = "；".join(f"{rule} {report.get(rule).sentence}" for rule in report.blocks)
    return ThreeSyncBlocked(f"三同步核查未通过：{sentences}", report=report.model_dump(mode="json"))


def signature_holds(dossier: Dossier, report: ThreeSyncReport) -> DomainError | None:
    """Everything is as it was signed."""
    signed = dossier.signature.manifest if dossier.signature is not None else {}
    changed = differing_subjects(signed, manifest_of(dossier))
    if not changed:
        return None
    names = "、".join(name_of(subject) for subject in changed)
    return SignatureVoid(
        f"签发后{names}有改动，签发已失效；请退回，重新审查、审批、报送和签发",
        changed=changed,
        report=report.model_dump(mode="json"),
    )


def is_for_the_public(dossier: Dossier, report: ThreeSyncReport) -> DomainError | None:
    """条例第十四至十六条: what is not to be public is not released."""
    if dossier.policy.publicity is PublicityAttribute.PROACTIVE:
        return None
    return IllegalMove("文件不是主动公开，不能发布；如应公开，请先改正公开属性并重新报送", allowed=[Move.RETURN])


@dataclass(frozen=True)
class Transition:
    """Where a move leads, and who may object, in order."""

    target: DossierState
    guards: tuple[Guard, ...] = ()


D, S, R = DossierState, (nothing_blocks,), (is_for_the_public, signature_holds, nothing_blocks)
TRANSITIONS: dict[tuple[DossierState, Move], Transition] = {
    (D.DRAFT, Move.EDIT): Transition(D.DRAFT),
    (D.DRAFT, Move.REVIEW): Transition(D.DRAFT),
    (D.DRAFT, Move.APPROVE): Transition(D.DRAFT),
    (D.DRAFT, Move.SUBMIT): Transition(D.SUBMITTED, S),
    (D.RETURNED, Move.EDIT): Transition(D.RETURNED),
    (D.RETURNED, Move.REVIEW): Transition(D.RETURNED),
    (D.RETURNED, Move.APPROVE): Transition(D.RETURNED),
    (D.RETURNED, Move.SUBMIT): Transition(D.SUBMITTED, S),
    (D.SUBMITTED, Move.EDIT): Transition(D.SUBMITTED),
    (D.SUBMITTED, Move.REVIEW): Transition(D.SUBMITTED),
    (D.SUBMITTED, Move.APPROVE): Transition(D.SUBMITTED),
    (D.SUBMITTED, Move.SIGN): Transition(D.SIGNED, S),
    (D.SUBMITTED, Move.RETURN): Transition(D.RETURNED),
    # An edit after signing is not forbidden but has its price: it voids the signature.
    (D.SIGNED, Move.EDIT): Transition(D.SIGNED),
    (D.SIGNED, Move.REVIEW): Transition(D.SIGNED),
    (D.SIGNED, Move.RETURN): Transition(D.RETURNED),
    (D.SIGNED, Move.RELEASE): Transition(D.RELEASED, R),
    (D.RELEASED, Move.FOLLOW_UP): Transition(D.RELEASED),
}
REFUSED_SUBMISSION = D.RETURNED
"""Where an incomplete submission leads (自动退文, TS-16)."""

STATE_NAMES = {
    D.DRAFT: "起草",
    D.SUBMITTED: "已报送",
    D.SIGNED: "已签发",
    D.RETURNED: "已退文",
    D.RELEASED: "已发布",
}
_MOVE_NAMES = {
    Move.EDIT: "修改",
    Move.REVIEW: "登记审查",
    Move.APPROVE: "登记审批",
    Move.SUBMIT: "报送",
    Move.SIGN: "签发",
    Move.RETURN: "退文",
    Move.RELEASE: "发布",
    Move.FOLLOW_UP: "登记回执和反馈",
}


def allowed_moves(state: DossierState) -> list[Move]:
    """What can be tried from here; guards may still refuse."""
    return [move for move in Move if (state, move) in TRANSITIONS]


def find_transition(state: DossierState, move: Move) -> Transition:
    """The row of the table; IllegalMove with what is allowed when there is none."""
    transition = TRANSITIONS.get((state, move))
    if transition is None:
        allowed = allowed_moves(state)
        names = "、".join(_MOVE_NAMES[item] for item in allowed)
        raise IllegalMove(
            f"会签卷{STATE_NAMES[state]}，不能{_MOVE_NAMES[move]}；现在可以：{names}",
            state=state.value,
            allowed=[item.value for item in allowed],
        )
    return transition


def objection_to(transition: Transition, dossier: Dossier, report: ThreeSyncReport) -> DomainError | None:
    """The first objection of the guards; None when the move may be made."""
    return next((error for guard in transition.guards if (error := guard(dossier, report)) is not None), None)
