"""Leaves three dossiers under way: one refused with its report, one waiting for signature, one ready to release."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from deploy.local.demo import drafts
from deploy.local.demo.api import DemoFailed, Session, detail_of
from deploy.local.demo.city import Unit, units
from shared.schemas.policies import InterpretationInput, PolicyInput

DEPARTMENT = "zjj"
_LEFT = {"submitted", "signed", "released"}


@dataclass(frozen=True)
class Desk:
    """The sessions between which the duties are divided (domain.md §11.5: drafter ≠ reviewer ≠ approver)."""

    drafter: Session
    reviewer: Session
    head: Session
    office: Session
    unit: Unit


@dataclass(frozen=True)
class Case:
    """A draft and how far it is carried."""

    external_id: str
    policy: PolicyInput
    outline: str
    materials: tuple[InterpretationInput, ...]
    reviews: tuple[str, ...]
    sign: bool


def leave_dossiers(desk: Desk) -> Iterator[str]:
    """Carry each as far as it is meant to go; yields its title. What stands there already is left alone."""
    yield _leave_refused(desk)
    for case in _cases(desk.unit):
        _carry(desk, case)
        yield case.policy.title


def department() -> Unit:
    """Whose drafts they are."""
    return units()[DEPARTMENT]


def _cases(unit: Unit) -> list[Case]:
    return [
        Case(
            "DRAFT-community",
            drafts.community_draft(unit),
            "为什么改为暗访、创建什么、奖补怎么用",
            (drafts.article(unit, title="绿色社区创建：少填表、多变化", body=drafts.COMMUNITY_ARTICLE),),
            (),
            sign=False,
        ),
        Case(
            "DRAFT-maintenance",
            drafts.maintenance_draft(unit),
            "哪些算险情、怎样快起来、账目怎么管",
            (
                drafts.article(unit, title="维修资金应急使用，快在哪里、管在哪里", body=drafts.MAINTENANCE_ARTICLE),
                drafts.picture_story(unit, title="一图读懂维修资金应急使用", script=drafts.PICTURE_SCRIPT),
            ),
            ("legality",),
            sign=True,
        ),
    ]


def push_draft(session: Session, unit: Unit, external_id: str, policy: PolicyInput) -> Any:  # Any: foreign JSON.
    """A receipt for a text that is not public."""
    path = f"/api/policy/v1/organizations/{unit.code}/policies/{external_id}"
    return session.must("PUT", path, json=policy.model_dump(mode="json", exclude_defaults=True))


def _open(desk: Desk, external_id: str, policy: PolicyInput) -> Any:
    """The draft's dossier, new or as it stands; None when the draft has been released meanwhile."""
    receipt = push_draft(desk.drafter, desk.unit, external_id, policy)
    answer = desk.drafter.call("POST", "/api/policy/v1/dossiers", json={"policy_id": receipt["id"]})
    if answer.status_code == 201:
        return answer.json()
    open_id = answer.json().get("dossier_id") if answer.status_code == 409 else None
    if open_id is not None:
        return desk.drafter.must("GET", f"/api/policy/v1/dossiers/{open_id}")
    if answer.status_code == 409:
        return None
    raise DemoFailed(f"会签卷没有建成（{answer.status_code}）：{detail_of(answer)}")


def _leave_refused(desk: Desk) -> str:
    policy = drafts.charging_draft(desk.unit)
    dossier = _open(desk, "DRAFT-charging", policy)
    if dossier is not None and dossier["state"] == "draft":
        answer = desk.drafter.call("POST", f"/api/policy/v1/dossiers/{dossier['id']}:submit")
        if answer.status_code != 409:
            raise DemoFailed(f"缺少解读的会签卷本应被退回，却得到 {answer.status_code}")
    return policy.title


def _carry(desk: Desk, case: Case) -> None:
    dossier = _open(desk, case.external_id, case.policy)
    if dossier is None or dossier["state"] == "released":
        return
    path = f"/api/policy/v1/dossiers/{dossier['id']}"
    if dossier["state"] not in _LEFT:
        _prepare(desk, case, path, dossier)
        desk.drafter.must("POST", f"{path}:submit")
    if case.sign and desk.drafter.must("GET", path)["state"] == "submitted":
        desk.office.must("POST", f"{path}:sign")


def _prepare(desk: Desk, case: Case, path: str, dossier: Any) -> None:
    """Plan, materials, reviews of every file, the head's approval: whatever is not there yet."""
    plan = drafts.plan(desk.unit, outline=case.outline)
    desk.drafter.must("PUT", f"{path}/plan", json=plan.model_dump(mode="json"))
    for material in case.materials[len(dossier["materials"]) :]:
        desk.drafter.must("POST", f"{path}/materials", json=material.model_dump(mode="json"))
    review_files(desk.reviewer, path, kinds=case.reviews)
    desk.head.must("POST", f"{path}/approvals", json={"step": "department_head"})


def review_files(reviewer: Session, path: str, *, kinds: tuple[str, ...] = ()) -> int:
    """保密审查 of each file by itself (保守国家秘密法实施条例第四十二条), and `kinds` of the policy text; how many.

    A picture cannot be scanned, so that somebody has to look at it for personal information as well.
    """
    subjects = [name for name in reviewer.must("GET", path)["manifest"] if name not in {"plan", "exemption"}]
    wanted = [("secrecy", subject) for subject in subjects] + [(kind, "policy") for kind in kinds]
    wanted += [("personal_information", subject) for subject in subjects if "attachment:" in subject]
    for kind, subject in wanted:
        body = {"type": kind, "subject": subject, "result": "pass"}
        reviewer.must("POST", f"{path}/reviews", json=body)
    return len(wanted)
