"""公开征求意见: asked, closed, answered with what became of the opinions (domain.md §8)."""

from datetime import date
from typing import Any

from services.policy_api.rules.consultations import Announced, check_consultation
from services.policy_api.rules.entry_kinds.kind import EntryKind, Material, Shown
from shared.schemas.consultations import Consultation, ConsultationInput, ConsultationStatus
from shared.schemas.policies import InterpretationStage
from shared.schemas.scopes import Scope

_NOTICE = (*("drafters", "doc_kind", "opened_on", "closes_on", "shortened_reason", "channels", "contact", "hearing"),)
_FROM_OPENING = ("draft", "explanation", "files")


def _show(material: Material, today: date) -> Shown:
    content = material.content
    have = Announced(content, material.supplement)
    fields = {name: content[name] for name in _NOTICE}
    fields |= {name: material.supplement[name] for name in ("period", "recorded_on", "result_due_on", "result")}
    is_open = today >= have.opened_on
    fields |= {name: content[name] if is_open else None for name in _FROM_OPENING}
    fields["interpretation"] = _interpretation(have, today)
    return Shown(fields, have.status(today).value, have.changes_on(today))


def _interpretation(have: Announced, today: date) -> dict[str, Any] | None:
    day, stated = have.interpretation_on, have.content["interpretation"]
    if stated is None or day is None or day > today:
        return None
    return {
        **{name: stated[name] for name in ("title", "form", "body")},
        "stage": InterpretationStage.DRAFT.value,
        "published_on": day.isoformat(),
    }


CONSULTATION = EntryKind(
    name="consultation",
    plural="consultations",
    chinese="征求意见",
    scope=Scope.CONSULTATION_WRITE,
    input=ConsultationInput,
    public=Consultation,
    statuses=tuple(ConsultationStatus),
    show=_show,
    check=check_consultation,
    not_in_lists=frozenset({"draft", "explanation", "files", "interpretation"}),
)
