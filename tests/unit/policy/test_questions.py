"""Questions and themes: what is refused, and what the public reads on a day."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy_api.rules.entry_kinds.collection import check_collection, find_gone, show_collection
from services.policy_api.rules.entry_kinds.kind import Linked, Material, Target
from services.policy_api.rules.entry_kinds.question import check_question, show_question
from services.policy_api.rules.validity import Lifetime, next_change_after, validity_on
from shared.schemas.collections import CollectionInput
from shared.schemas.questions import QuestionInput
from tests.entries import collection, question

TODAY = date(2026, 6, 1)
POLICY = UUID("01890000-0000-7000-8000-000000000001")
OTHER = UUID("01890000-0000-7000-8000-000000000002")


def listing(**changes: Any) -> dict[str, Any]:
    """A policy as a list shows it, as far as entries read it."""
    return {
        "title": "关于社区食堂的通知",
        "doc_no": None,
        "validity": "in_force",
        "effective_on": "2026-01-01",
        "expires_on": None,
        "repealed_on": None,
        "validity_changes_on": None,
        "partly_repealed": [],
        "relations": [],
    } | changes


def linked(fields: dict[str, Any] | None, *articles: str, kind: str = "policy", id_: UUID = POLICY) -> Linked:
    return Linked(Target(kind, id_, articles), fields)


def pointers(wanted: dict[str, Any]) -> list[str]:
    return [error.pointer for error in check_question(QuestionInput.model_validate(wanted), TODAY)]


def shown(*others: Linked, today: date = TODAY, **changes: Any) -> Any:
    content = QuestionInput.model_validate(question(**changes)).model_dump(mode="json")
    return show_question(Material(content, {}, [one.as_of(today) for one in others], TODAY), today)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"answer": "请联系李女士，电话13800138000"}, "/answer"),
        ({"question": "我的身份证11010519491231002X能用吗"}, "/question"),
        ({"topic": "１３８００１３８０００"}, "/topic"),
        ({"title": "致 wang.wu@example.com"}, "/title"),
        ({"answer": "   "}, "/answer"),
        ({"asked_on": "2026-06-02"}, "/asked_on"),
        ({"asked_on": "2026-05-02", "answered_on": "2026-05-01"}, "/answered_on"),
        ({"valid_from": "2026-05-02", "valid_to": "2026-05-01"}, "/valid_to"),
        ({"clauses": [str(POLICY), str(POLICY)]}, "/clauses"),
    ],
)
def test_faulty_question_is_refused_with_its_place(changes: dict[str, Any], pointer: str) -> None:
    assert pointers(question(**changes)) == [pointer]


def test_office_telephone_is_no_personal_data() -> None:
    assert pointers(question(answer="请拨打0531-66600000或12345咨询。")) == []


@pytest.mark.parametrize(
    ("fields", "articles", "reason"),
    [
        (None, (), "withdrawn"),
        (listing(banner={"notice": "本文件发布有误，正在更正"}), (), "withdrawn"),
        (listing(repealed_on="2026-06-01"), (), "repealed"),
        (listing(expires_on="2026-05-31"), (), "lapsed"),
        (listing(partly_repealed=["art-3"]), ("art-3-2",), "article_repealed"),
    ],
)
def test_answer_is_flagged_the_day_its_policy_ends(
    fields: dict[str, Any] | None, articles: tuple[str, ...], reason: str
) -> None:
    """Also while what is stored of the policy is of the day before: its `validity` still says in force."""
    view = shown(linked(fields, *articles))
    assert (view.status, [flag["reason"] for flag in view.fields["flags"]]) == ("flagged", [reason])


def test_answer_stands_on_the_last_day_and_beside_other_articles() -> None:
    view = shown(linked(listing(expires_on="2026-06-01", partly_repealed=["art-3"]), "art-33", "art-2"))
    assert (view.status, view.fields["flags"]) == ("current", [])


def test_act_that_lets_a_policy_last_longer_keeps_the_answer() -> None:
    act = {"type": "continued_by", "effective_on": "2026-05-20", "until": "2027-05-31"}
    assert shown(linked(listing(expires_on="2026-05-31", relations=[act]))).status == "current"


@pytest.mark.parametrize(
    ("today", "status", "changes_on"),
    [
        (date(2026, 1, 31), "not_yet", date(2026, 2, 1)),
        (date(2026, 2, 1), "current", date(2026, 3, 1)),
        (date(2026, 2, 28), "current", date(2026, 3, 1)),
        (date(2026, 3, 1), "expired", None),
    ],
)
def test_answers_own_period(today: date, status: str, changes_on: date | None) -> None:
    view = shown(today=today, valid_from="2026-02-01", valid_to="2026-02-28")
    assert (view.status, view.changes_on) == (status, changes_on)


def test_clause_that_ended_flags_and_one_that_is_gone_is_not_named() -> None:
    ended = linked({"status": "lapsed", "title": "补贴"}, kind="clause", id_=OTHER)
    gone = linked(None, kind="clause")
    view = shown(ended, gone, clauses=[str(OTHER), str(POLICY)])
    assert view.fields["clauses"] == [OTHER]
    assert [flag["reason"] for flag in view.fields["flags"]] == ["ended", "withdrawn"]


days = st.dates(date(2024, 1, 1), date(2028, 12, 31))


@given(days, st.none() | days, st.none() | days, days)
def test_linked_policy_reads_on_any_day_as_the_rule_says(
    begins: date, expires: date | None, repealed: date | None, today: date
) -> None:
    fields = listing(
        effective_on=begins.isoformat(),
        expires_on=expires.isoformat() if expires else None,
        repealed_on=repealed.isoformat() if repealed else None,
    )
    one = linked(fields)
    lifetime = Lifetime(begins, expires, repealed)
    assert one.as_of(today).as_policy()["validity"] == validity_on(lifetime, today)
    assert one.changes_on(today) == next_change_after(lifetime, today)
    turn = one.changes_on(today)
    if turn is not None:
        assert one.as_of(turn - timedelta(days=1)).fields == one.as_of(today).fields != one.as_of(turn).fields


def theme(*items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return collection(sections=[{"heading": "用餐", "items": list(items)}], **changes)


def refused(wanted: dict[str, Any]) -> list[str]:
    return [error.pointer for error in check_collection(CollectionInput.model_validate(wanted), TODAY)]


@pytest.mark.parametrize(
    ("item", "pointer"),
    [
        ({"note": "无编号"}, "/sections/0/items/0"),
        ({"policy_id": str(POLICY), "url": "https://example.gov.cn/"}, "/sections/0/items/0"),
        ({"url": "https://example.gov.cn/"}, "/sections/0/items/0/title"),
        ({"policy_id": str(POLICY), "title": "自拟标题"}, "/sections/0/items/0/title"),
        ({"policy_id": str(POLICY), "note": "请致电13800138000"}, "/sections/0/items/0/note"),
    ],
)
def test_faulty_item_is_refused_with_its_place(item: dict[str, Any], pointer: str) -> None:
    assert refused(theme(item)) == [pointer]


def test_same_item_twice_and_too_many_are_refused() -> None:
    item = {"policy_id": str(POLICY)}
    assert refused(theme(item, item)) == ["/sections/0/items/1"]
    links = [{"url": f"https://example.gov.cn/{number}", "title": "外链"} for number in range(301)]
    sections = [{"heading": "外链", "items": links[start : start + 100]} for start in range(0, 301, 100)]
    assert refused(collection(sections=sections)) == ["/sections"]


@pytest.mark.parametrize("url", ["http://example.gov.cn/", "javascript:alert(1)", "https://", "https://a b"])
def test_only_whole_https_addresses_are_taken(url: str) -> None:
    with pytest.raises(ValueError, match="url"):
        CollectionInput.model_validate(theme({"url": url, "title": "外链"}))


def test_theme_shows_items_in_order_flags_what_ended_and_leaves_out_what_is_gone() -> None:
    third = UUID("01890000-0000-7000-8000-000000000003")
    wanted = theme(
        {"policy_id": str(POLICY), "note": "先看这一份"},
        {"url": "https://example.gov.cn/map", "title": "食堂地图"},
        {"interpretation_id": str(OTHER)},
        {"question_id": str(third)},
    )
    content = CollectionInput.model_validate(wanted).model_dump(mode="json")
    items = [
        linked(listing()),
        linked({"title": "一图看懂", "policy": {"validity": "repealed"}}, kind="interpretation", id_=OTHER),
        linked(None, kind="question", id_=third),
    ]
    material = Material(content, {}, items, TODAY)
    view = show_collection(material, TODAY)
    rows = [
        (item["kind"], item["status"], item["flagged"], item["note"]) for item in view.fields["sections"][0]["items"]
    ]
    assert rows == [
        ("policy", "in_force", False, "先看这一份"),
        ("link", None, False, None),
        ("interpretation", "repealed", True, None),
    ]
    assert view.status == "flagged"
    assert find_gone(material) == [
        {"pointer": "/sections/0/items/3", "id": str(third), "heading": "用餐", "kind": "question"}
    ]
