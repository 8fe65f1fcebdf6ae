"""专题: what several levels and departments have published on one matter, in one place (domain.md LIB-10, SEED（十一）).

A collection repeats no text. Titles and states are those of the items today; an item that was withdrawn is not shown
and waits for the editors in `find_gone`.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

from services.policy_api.rules.entry_kinds.kind import EntryKind, Fields, Linked, Material, Shown, Target
from services.policy_api.rules.entry_kinds.question import find_flag
from services.policy_api.rules.personal_data import find_personal_data
from shared.schemas.collections import MAX_COLLECTION_ITEMS, Collection, CollectionInput, CollectionItemInput
from shared.schemas.problems import InvalidField
from shared.schemas.scopes import Scope

ITEM_KINDS = {
    "policy_id": ("policy", "policies"),
    "interpretation_id": ("interpretation", "interpretations"),
    "question_id": ("question", "questions"),
    "clause_id": ("clause", "clauses"),
    "consultation_id": ("consultation", "consultations"),
}
"""By the field that names it: an item's kind and its address."""
_ENDED = frozenset({"repealed", "lapsed"})


def check_collection(wanted: CollectionInput, _today: date) -> list[InvalidField]:
    """What is wrong with a theme, by pointer."""
    found = [InvalidField(pointer=pointer, detail=detail) for pointer, detail in _find_faults(wanted)]
    return found + find_personal_data(_texts(wanted))


def _find_faults(wanted: CollectionInput) -> Iterator[tuple[str, str]]:
    seen: set[Any] = set()
    for pointer, item in _items(wanted):
        named = [name for name in (*ITEM_KINDS, "url") if getattr(item, name) is not None]
        if len(named) != 1:
            yield pointer, "每一项请只给出一个编号或一个外部网址"
            continue
        if named == ["url"] and not (item.title or "").strip():
            yield f"{pointer}/title", "外部网址应写明标题"
        if named != ["url"] and item.title is not None:
            yield f"{pointer}/title", "库内内容的标题取其现行标题，请不要填写"
        target = getattr(item, named[0])
        if target in seen:
            yield pointer, "同一内容在专题中重复"
        seen.add(target)
    if sum(len(section.items) for section in wanted.sections) > MAX_COLLECTION_ITEMS:
        yield "/sections", f"一个专题最多{MAX_COLLECTION_ITEMS}项"
    for number, section in enumerate(wanted.sections):
        if not section.heading.strip():
            yield f"/sections/{number}/heading", "栏目名称只有空白"


def _items(wanted: CollectionInput) -> Iterator[tuple[str, CollectionItemInput]]:
    for number, section in enumerate(wanted.sections):
        for place, item in enumerate(section.items):
            yield f"/sections/{number}/items/{place}", item


def _texts(wanted: CollectionInput) -> Iterator[tuple[str, str | None]]:
    yield "/title", wanted.title
    yield "/intro", wanted.intro
    for number, section in enumerate(wanted.sections):
        yield f"/sections/{number}/heading", section.heading
        yield f"/sections/{number}/note", section.note
    for pointer, item in _items(wanted):
        yield f"{pointer}/title", item.title
        yield f"{pointer}/note", item.note


def show_collection(material: Material, _today: date) -> Shown:
    """Sections and items in the editors' order, without what was withdrawn; an empty section keeps its heading."""
    linked = {one.target.id: one for one in material.linked}
    sections = [
        {
            "heading": section["heading"],
            "note": section["note"],
            "items": [shown for item in section["items"] if (shown := _show_item(item, linked)) is not None],
        }
        for section in material.content["sections"]
    ]
    flagged = any(item["flagged"] for section in sections for item in section["items"])
    # Other entries keep naming a withdrawn policy by its id, since their text rests on it; a theme does not.
    policies = [one.as_policy() for one in material.policies if one.fields is not None]
    fields = {"intro": material.content["intro"], "sections": sections, "policies": policies}
    return Shown(fields, "flagged" if flagged else "current")


def _show_item(item: Fields, linked: dict[UUID, Linked]) -> Fields | None:
    if item["url"] is not None:
        shown = {"kind": "link", "id": None, "href": item["url"], "title": item["title"], "status": None}
        return shown | {"flagged": False, "note": item["note"]}
    name = next(name for name in ITEM_KINDS if item[name] is not None)
    kind, plural = ITEM_KINDS[name]
    one = linked.get(UUID(item[name]))
    if one is None or one.fields is None:
        return None
    return {
        "kind": kind,
        "id": item[name],
        "href": f"/api/policy/v1/{plural}/{item[name]}",
        "title": one.fields["title"],
        "status": _status_of(one.fields),
        "flagged": _is_flagged(one),
        "note": item["note"],
    }


def _status_of(fields: Fields) -> str | None:
    """A policy's validity, an interpretation's policy's validity, an entry's own status."""
    named = fields.get("policy") or {}
    status: str | None = fields.get("validity") or named.get("validity") or fields.get("status")
    return status


def _is_flagged(one: Linked) -> bool:
    if one.target.kind == "interpretation":
        return one.fields is not None and one.fields["policy"]["validity"] in _ENDED
    return find_flag(one) is not None


def find_gone(material: Material) -> list[Fields]:
    """What was withdrawn since it was put here, with its place in the content."""
    missing = {str(one.target.id): one.target.kind for one in material.linked if one.fields is None}
    placed = [
        {"pointer": f"/sections/{number}/items/{place}", "id": item[name], "heading": section["heading"]}
        for number, section in enumerate(material.content["sections"])
        for place, item in enumerate(section["items"])
        for name in ITEM_KINDS
        if item[name] in missing
    ]
    within = {item["id"] for item in placed}
    whole = [
        {"pointer": f"/policies/{place}", "id": str(one.target.id), "heading": None}
        for place, one in enumerate(material.policies[: len(material.content["policies"])])
        if one.fields is None and str(one.target.id) not in within
    ]
    return [{**item, "kind": missing[str(item["id"])]} for item in (*whole, *placed)]


def _targets(content: Fields) -> list[Target]:
    return [
        Target(kind, UUID(item[name]))
        for section in content["sections"]
        for item in section["items"]
        for name, (kind, _) in ITEM_KINDS.items()
        if item[name] is not None
    ]


COLLECTION = EntryKind(
    name="collection",
    plural="collections",
    chinese="专题",
    scope=Scope.COLLECTION_WRITE,
    input=CollectionInput,
    public=Collection,
    statuses=("current", "flagged"),
    show=show_collection,
    check=check_collection,
    targets=_targets,
)
