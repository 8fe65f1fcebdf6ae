"""重大行政决策事项: an item of the annual catalog with the records of its procedure (PP-02)."""

from datetime import date
from uuid import UUID

from services.policy_api.rules.decisions import CATALOG, RECORDS, check_decision, decision_changes_on, decision_status
from services.policy_api.rules.entry_kinds.kind import EntryKind, Fields, Material, Shown, Target
from shared.schemas.decisions import Decision, DecisionInput, DecisionStatus
from shared.schemas.scopes import Scope

_SHOWN = (*CATALOG[1:], "party_consent", "catalog_published_on", *RECORDS)


def _show(material: Material, today: date) -> Shown:
    content = material.content
    fields = {name: content[name] for name in _SHOWN} | {"adjustments": material.supplement["adjustments"]}
    return Shown(fields, decision_status(content, today).value, decision_changes_on(content, today))


def _targets(content: Fields) -> list[Target]:
    named = (content["participation"] or {}).get("consultation_id")
    return [Target("consultation", UUID(named))] if named is not None else []


DECISION = EntryKind(
    name="decision",
    plural="decisions",
    chinese="重大行政决策事项",
    scope=Scope.DECISION_WRITE,
    input=DecisionInput,
    public=Decision,
    statuses=tuple(DecisionStatus),
    show=_show,
    check=check_decision,
    targets=_targets,
)
