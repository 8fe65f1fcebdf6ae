"""问答: a question of the public and its answer, on policies (domain.md LIB-08).

An answer holds as long as everything it rests on: the day a policy ends, the answer is flagged, not hidden, since
whoever was told so yesterday looks for it today.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

from services.policy_api.rules.checks import FIRST_YEAR
from services.policy_api.rules.entry_kinds.kind import EntryKind, Fields, Linked, Material, Shown, Target
from services.policy_api.rules.personal_data import find_personal_data
from shared.schemas.policies import Validity
from shared.schemas.problems import InvalidField
from shared.schemas.questions import FlagReason, Question, QuestionInput
from shared.schemas.scopes import Scope

_SHOWN = ("question", "answer", "topic", "source", "asked_on", "answered_on", "valid_from", "valid_to")
_ENDED = {Validity.REPEALED: FlagReason.REPEALED, Validity.LAPSED: FlagReason.LAPSED}
_OVER = frozenset({"flagged", "expired", "lapsed", "repealed", "ended"})
"""Statuses of entries that no longer hold. A closed consultation is over but still what it says."""


def check_question(wanted: QuestionInput, today: date) -> list[InvalidField]:
    """What is wrong with a question, by pointer."""
    errors = [InvalidField(pointer=pointer, detail=detail) for pointer, detail in _find_faults(wanted, today)]
    # 个人信息保护法第二十五条: what is published names no asker.
    texts = [(f"/{name}", getattr(wanted, name)) for name in ("title", "question", "answer", "topic")]
    return errors + find_personal_data(texts)


def _find_faults(wanted: QuestionInput, today: date) -> Iterator[tuple[str, str]]:
    for name in ("question", "answer"):
        if not getattr(wanted, name).strip():
            yield f"/{name}", "只有空白，请填写内容"
    for name, label in (("asked_on", "提问日期"), ("answered_on", "答复日期")):
        day = getattr(wanted, name)
        if day is not None and not (day.year >= FIRST_YEAR and day <= today):
            yield f"/{name}", f"{label}应在{FIRST_YEAR}年之后、今天或之前"
    if wanted.asked_on and wanted.answered_on and wanted.answered_on < wanted.asked_on:
        yield "/answered_on", "答复日期不应早于提问日期"
    if wanted.valid_to is not None and wanted.valid_to < (wanted.valid_from or date.min):
        yield "/valid_to", "答复有效期至不应早于有效期自"
    if len(set(wanted.clauses)) < len(wanted.clauses):
        yield "/clauses", "相关政策条款有重复"


def show_question(material: Material, today: date) -> Shown:
    """Expired outweighs flagged outweighs not yet: the answer's own end is final."""
    valid_from, valid_to = (_day(material.content[name]) for name in ("valid_from", "valid_to"))
    flags = [flag for one in material.linked if (flag := find_flag(one)) is not None]
    clauses = [one.target.id for one in material.linked if one.target.kind == "clause" and one.fields is not None]
    fields = {name: material.content[name] for name in _SHOWN} | {"clauses": clauses, "flags": flags}
    return Shown(fields, _status(valid_from, valid_to, flags, today), _changes_on(valid_from, valid_to, today))


def find_flag(one: Linked) -> Fields | None:
    """Why what is pointed at no longer holds; None while it does."""
    reason: FlagReason | None = None
    if one.fields is None:
        reason = FlagReason.WITHDRAWN
    elif one.target.kind == "policy":
        # Under a banner a policy stays readable but is no longer to be relied on.
        reason = FlagReason.WITHDRAWN if one.fields.get("banner") else _ENDED.get(one.fields["validity"])
        if reason is None and one.repealed_articles:
            reason = FlagReason.ARTICLE_REPEALED
    elif one.fields.get("status") in _OVER:
        reason = FlagReason.ENDED
    if reason is None:
        return None
    return {"kind": one.target.kind, "id": one.target.id, "reason": reason, "articles": one.repealed_articles}


def _status(valid_from: date | None, valid_to: date | None, flags: list[Fields], today: date) -> str:
    if valid_to is not None and today > valid_to:
        return "expired"
    if flags:
        return "flagged"
    return "not_yet" if valid_from is not None and today < valid_from else "current"


def _changes_on(valid_from: date | None, valid_to: date | None, today: date) -> date | None:
    """有效期至 is inclusive: what holds through 2027-12-31 is expired from 2028-01-01."""
    turns = [valid_from]
    if valid_to is not None and valid_to < date.max:
        turns.append(valid_to + timedelta(days=1))
    return min((turn for turn in turns if turn is not None and turn > today), default=None)


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value is not None else None


def _targets(content: Fields) -> list[Target]:
    return [Target("clause", UUID(clause)) for clause in content["clauses"]]


QUESTION = EntryKind(
    name="question",
    plural="questions",
    chinese="问答",
    scope=Scope.QUESTION_WRITE,
    input=QuestionInput,
    public=Question,
    statuses=("not_yet", "current", "flagged", "expired"),
    show=show_question,
    check=check_question,
    targets=_targets,
)
