"""问答: a question of the public and its answer, on policies (domain.md LIB-08)."""

from datetime import date

from services.policy_api.rules.entry_kinds.kind import EntryKind, Material, Shown
from shared.schemas.questions import Question, QuestionInput
from shared.schemas.scopes import Scope


def _show(material: Material, _today: date) -> Shown:
    holds = all(one.is_in_force and not one.repealed_articles for one in material.policies)
    fields = {name: material.content[name] for name in ("question", "answer")}
    return Shown(fields, "current" if holds else "flagged")


QUESTION = EntryKind(
    name="question",
    plural="questions",
    chinese="问答",
    scope=Scope.QUESTION_WRITE,
    input=QuestionInput,
    public=Question,
    statuses=("current", "flagged"),
    show=_show,
)
