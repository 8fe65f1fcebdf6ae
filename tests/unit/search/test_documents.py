"""What the index holds of a representation, and how it is shown."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.search_sync.rules.documents import build_document, day_number, day_of, hash_document
from services.search_sync.rules.queries import (
    Wanted,
    filter_of,
    left_out,
    one_of,
    search_parameters,
    text_of,
    validity_in,
)
from services.search_sync.rules.texts import MARK_END, MARK_START, MAX_BODY_CHARACTERS, highlighted, plain_body
from shared.schemas.policies import Validity
from shared.schemas.search import Sort
from tests.search import entry, interpretation, representation


def build(data: dict[str, object], kind: str = "policy") -> dict[str, object]:
    return build_document(kind, source="policy", subject=str(data["id"]), version=3, data=data)


def test_policy_becomes_a_document() -> None:
    policy = representation(
        doc_no="济政办发〔2025〕2号", theme="综合政务\\政务公开", signed_on="2025-02-27", expires_on="2027-12-31"
    )
    document = build(policy)
    assert document["doc_no_key"] == "济政办发2025-2"
    assert (document["theme"], document["theme_top"]) == ("综合政务\\政务公开", "综合政务")
    assert (document["year"], document["expires_on"], document["published_on"]) == (2025, 20271231, 20260303)
    assert (document["type"], document["version"], document["validity"]) == ("policy", 3, "in_force")
    assert document["content_hash"] == hash_document(document)


def test_interpretation_names_its_policy_and_shares_its_validity() -> None:
    policy = representation(validity="repealed", repealed_on="2026-04-01", doc_no="泉政发〔2026〕7号")
    document = build(interpretation(policy), "interpretation")
    assert (document["policy_id"], document["policy_title"]) == (policy["id"], policy["title"])
    assert document["validity"] == "repealed"
    assert "doc_no_key" not in document
    assert "泉政发2026-7" in str(document["doc_no_forms"])


def test_entries_become_documents_of_their_texts_and_policies() -> None:
    policy = representation(doc_no="泉政发〔2026〕7号")
    question = build(entry("question", policy, title="", question="可以借几册？", answer="三册。"), "question")
    assert (question["title"], question["policy_id"]) == ("可以借几册？", policy["id"])
    assert "三册。" in str(question["body"])
    assert "泉政发2026-7" in str(question["doc_no_forms"])
    assert "doc_no_key" not in question
    asked = build(entry("consultation", draft="草案第一条", status="open"), "consultation")
    assert "草案第一条" in str(asked["body"])
    for kind in ("clause", "collection"):
        assert build(entry(kind, policy), kind)["policy_title"] == policy["title"]


@pytest.mark.parametrize(
    ("kind", "status", "validity"),
    [
        ("question", "current", "in_force"),
        ("question", "flagged", "lapsed"),
        *(("consultation", status, "lapsed") for status in ("closed", "overdue_result", "result_published")),
        ("consultation", "open", "in_force"),
        ("consultation", "upcoming", "not_yet"),
        ("collection", "flagged", "in_force"),
        ("question", "a status of next year", "in_force"),
    ],
)
def test_status_of_an_entry_decides_whether_it_is_shown_unasked(kind: str, status: str, validity: str) -> None:
    assert build(entry(kind, status=status), kind)["validity"] == validity


def test_entry_without_what_makes_it_one_is_refused() -> None:
    for kind, mark in (("question", "answer"), ("clause", "original_text"), ("collection", "title")):
        thing = entry(kind)
        del thing[mark]
        with pytest.raises(ValidationError):
            build(thing, kind)


def test_any_change_changes_the_hash_and_order_of_fields_does_not() -> None:
    policy = representation()
    document = build(policy)
    assert hash_document(dict(reversed(document.items()))) == document["content_hash"]
    for change in ({"title": "关于别的事的通知"}, {"body": "别的正文"}, {"validity": "lapsed"}, {"level": "district"}):
        assert build({**policy, **change})["content_hash"] != document["content_hash"], change


def test_what_is_no_policy_is_refused() -> None:
    for change in ({"validity": "forever"}, {"published_on": None}, {"title": None}):
        with pytest.raises(ValidationError):
            build({**representation(), **change})


def test_html_is_stripped_and_what_is_hidden_is_left_out() -> None:
    html = "<h1>标题</h1><script>var x='<p>';</script><style>p{}</style><p>一、A &lt; B&amp;C</p><p>二<b>、</b>D</p>"
    assert plain_body(html, "html") == "标题\n一、A < B&C\n二、D"
    assert plain_body("1 < 2 且 <b>保留</b>", "text") == "1 < 2 且 <b>保留</b>"


def test_body_is_bounded() -> None:
    assert len(plain_body("长" * (MAX_BODY_CHARACTERS + 5), "text")) == MAX_BODY_CHARACTERS


@given(st.text())
def test_highlight_is_never_more_than_em(text: str) -> None:
    shown = highlighted(text).replace("<em>", "").replace("</em>", "")
    assert "<" not in shown
    assert ">" not in shown


def test_hits_side_by_side_are_one() -> None:
    text = f"{MARK_START}扬{MARK_END}{MARK_START}尘{MARK_END}<b>"
    assert highlighted(text) == "<em>扬尘</em>&lt;b&gt;"


@given(st.dates())
def test_days_survive_as_numbers(day: date) -> None:
    assert day_of(day_number(day)) == day
    assert (day_number(day) or 0) < (day_number(date.max) or 0) + 1


def test_only_what_is_in_force_or_coming_is_shown_by_default() -> None:
    assert Wanted().shown_statuses == (Validity.IN_FORCE, Validity.NOT_YET)
    assert left_out(Wanted()) == ['validity IN ["repealed", "lapsed"]']
    assert Wanted(include_lapsed=True).shown_statuses == ()
    assert validity_in(()) == []
    asked = Wanted(statuses=(Validity.LAPSED,), include_lapsed=True)
    assert asked.shown_statuses == (Validity.LAPSED,)
    assert left_out(asked) is None


def test_values_cannot_break_out_of_a_filter() -> None:
    wanted = Wanted(issuer='x" OR type = "policy', theme="综合政务\\政务公开", year=2025, published_to=date(2025, 6, 5))
    assert filter_of(wanted) == [
        'issuers = "x\\" OR type = \\"policy"',
        'theme = "综合政务\\\\政务公开"',
        "year = 2025",
        "published_on <= 20250605",
    ]
    assert one_of("id", ['a"b']) == 'id IN ["a\\"b"]'


def test_order_is_given_only_when_asked_for() -> None:
    orders = {sort: search_parameters("x", "", conditions=[], sort=sort, offset=0, limit=1)["sort"] for sort in Sort}
    assert orders == {
        Sort.RELEVANCE: [],
        Sort.NEWEST: ["published_on:desc"],
        Sort.OLDEST: ["published_on:asc"],
    }


def test_pinyin_with_blanks_is_one_word() -> None:
    assert text_of("She Qu") == "shequ"
    assert text_of(f" 社区{MARK_START}食堂 ") == "社区食堂"
