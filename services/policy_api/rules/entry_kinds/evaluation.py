"""决策后评估: what an evaluation found of a policy in force, and what it concludes (国令713 第三十六条).

That a policy's materials are to follow up on what was found is the three-sync report's (TS-27), not decided here.
"""

from collections.abc import Iterator
from datetime import date
from uuid import UUID

from services.policy_api.rules.entry_kinds.kind import EntryKind, Fields, Material, Shown, Target
from services.policy_api.rules.personal_data import find_personal_data
from shared.schemas.decisions import Conclusion, Evaluation, EvaluationInput
from shared.schemas.problems import InvalidField
from shared.schemas.scopes import Scope

_SHOWN = ("evaluated_on", "evaluator", "methods", "conclusion", "summary", "issues", "decision_id", "report")


def check_evaluation(wanted: EvaluationInput, today: date) -> list[InvalidField]:
    """What is wrong with an evaluation's record."""
    errors = [InvalidField(pointer=pointer, detail=detail) for pointer, detail in _faults(wanted, today)]
    texts: list[tuple[str, str | None]] = [("/title", wanted.title), ("/summary", wanted.summary)]
    for number, item in enumerate(wanted.issues):
        texts += [(f"/issues/{number}/issue", item.issue), (f"/issues/{number}/proposal", item.proposal)]
    return errors + find_personal_data(texts)


def _faults(wanted: EvaluationInput, today: date) -> Iterator[tuple[str, str]]:
    if wanted.evaluated_on > today:
        yield "/evaluated_on", "评估日期不能在今天之后"
    if not wanted.policies:
        yield "/policies", "请给出所评估的政策"
    if wanted.conclusion is not Conclusion.CONTINUE and not wanted.issues:
        yield "/issues", "结论为修改、废止或停止执行的，应列出评估发现的问题"


def _show(material: Material, _today: date) -> Shown:
    return Shown({name: material.content[name] for name in _SHOWN}, material.content["conclusion"])


def _targets(content: Fields) -> list[Target]:
    return [Target("decision", UUID(content["decision_id"]))] if content["decision_id"] is not None else []


EVALUATION = EntryKind(
    name="evaluation",
    plural="evaluations",
    chinese="决策后评估",
    scope=Scope.DECISION_WRITE,
    input=EvaluationInput,
    public=Evaluation,
    statuses=tuple(Conclusion),
    show=_show,
    check=check_evaluation,
    targets=_targets,
)
