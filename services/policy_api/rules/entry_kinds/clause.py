"""政策条款: what a policy gives, to whom, when and how (domain.md §10)."""

from datetime import date

from services.policy_api.rules.clauses import check_clause, clause_changes_on, clause_status
from services.policy_api.rules.entry_kinds.kind import EntryKind, Material, Shown
from shared.schemas.clauses import Clause, ClauseFields, ClauseInput, ClauseStatus
from shared.schemas.scopes import Scope


def _show(material: Material, today: date) -> Shown:
    fields = {name: material.content[name] for name in ClauseFields.model_fields}
    policies = [
        {"validity": (one.fields or {}).get("validity"), "repealed_articles": one.repealed_articles}
        for one in material.policies
    ]
    status = clause_status(fields | {"policies": policies}, today)
    return Shown(fields, status.value, clause_changes_on(material.content, today))


CLAUSE = EntryKind(
    name="clause",
    plural="clauses",
    chinese="政策条款",
    scope=Scope.CLAUSE_WRITE,
    input=ClauseInput,
    public=Clause,
    statuses=tuple(ClauseStatus),
    show=_show,
    check=check_clause,
    not_in_lists=frozenset({"original_text", "conditions", "materials", "procedure"}),
)
