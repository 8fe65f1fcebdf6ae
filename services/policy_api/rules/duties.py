"""Segregation of duties: who drafts does not review, who drafts or reviews does not approve or sign. Pure.

domain.md §11.5: drafter ≠ reviewer ≠ approver. Both the calling system and the person behind it have to differ, so that
neither one account used by all nor one person with two accounts gets around it.
"""

from collections.abc import Iterable
from enum import StrEnum

from services.policy_api.rules.three_sync.facts import Actor
from shared.kit.errors import DutiesNotSeparated


class Duty(StrEnum):
    """What somebody does to a dossier."""

    DRAFT = "draft"  # 起草
    REVIEW = "review"  # 审查
    APPROVE = "approve"  # 审批
    SIGN = "sign"  # 签发
    RELEASE = "release"  # 发布


# A department's head approves and, for the department's own documents, signs: those two go together.
INCOMPATIBLE: dict[Duty, frozenset[Duty]] = {
    Duty.DRAFT: frozenset({Duty.REVIEW, Duty.APPROVE, Duty.SIGN}),
    Duty.REVIEW: frozenset({Duty.DRAFT, Duty.APPROVE, Duty.SIGN}),
    Duty.APPROVE: frozenset({Duty.DRAFT, Duty.REVIEW}),
    Duty.SIGN: frozenset({Duty.DRAFT, Duty.REVIEW}),
    Duty.RELEASE: frozenset(),
}
_NAMES = {Duty.DRAFT: "起草", Duty.REVIEW: "审查", Duty.APPROVE: "审批", Duty.SIGN: "签发", Duty.RELEASE: "发布"}


def ensure_duties_separated(done: Iterable[tuple[Duty, Actor]], duty: Duty, actor: Actor) -> None:
    """DutiesNotSeparated when this person, or this client, has done what does not go with `duty`."""
    for earlier, who in done:
        if earlier not in INCOMPATIBLE[duty]:
            continue
        same = "经办人" if who.person_id == actor.person_id else "客户端" if who.client_id == actor.client_id else None
        if same is not None:
            raise DutiesNotSeparated(
                f"该{same}已在本卷中承担{_NAMES[earlier]}，不能再{_NAMES[duty]}；请由其他人员用其他客户端办理",
                duty=duty.value,
                conflicts_with=earlier.value,
                same="person" if same == "经办人" else "client",
            )
