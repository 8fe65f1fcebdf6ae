"""A text is cut where its outline cuts it, and nothing of it is lost."""

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.search_sync.rules.passage_documents import build_passages, has_passages
from services.search_sync.rules.passages import MAX_CHARACTERS, MAX_PASSAGES, Passage, split_text
from services.search_sync.rules.shelves import PASSAGES
from services.search_sync.service.changes import Change
from services.search_sync.service.writing import remainder_of
from shared.schemas.policies import OutlineNode
from tests.search import entry, interpretation, representation

TEXT = """泉城市便民书屋办法
（2026年3月3日发布）

目录
第一章 总则

第一章 总则
第一条 为了方便居民读书，制定本办法。
第二条 书屋应当提供下列服务：
（一）借阅；
（二）阅览。
第二章 附则
第三条 自发布之日起施行。"""


def node(address: str, kind: str, label: str, heading: str = "", parent: str | None = None) -> OutlineNode:
    return OutlineNode(address=address, kind=kind, label=label, heading=heading, parent=parent)


OUTLINE = [
    node("chap-1", "chapter", "第一章", "总则"),
    node("art-1", "article", "第一条", "为了方便居民读书，制定本办法", "chap-1"),
    node("art-2", "article", "第二条", "", "chap-1"),
    node("art-2-1", "item", "（一）", "借阅", "art-2"),
    node("art-2-2", "item", "（二）", "阅览", "art-2"),
    node("chap-2", "chapter", "第二章", "附则"),
    node("art-3", "article", "第三条", "", "chap-2"),
]


def condensed(text: str) -> str:
    return re.sub(r"\s", "", text)


def addresses(passages: list[Passage]) -> list[str]:
    return [passage.address for passage in passages]


def test_articles_are_passages_with_their_items_under_their_chapter() -> None:
    passages = split_text(TEXT.replace("目录\n第一章 总则\n", ""), OUTLINE)
    assert addresses(passages) == ["par-1", "art-1", "art-2", "art-3"]
    assert passages[2].text.endswith("（二）阅览。")
    assert passages[2].headings == ("第一章 总则",)
    assert (passages[3].label, passages[3].headings) == ("第三条", ("第二章 附则",))


def test_long_article_is_cut_at_its_items() -> None:
    long = "读" * 500
    text = TEXT.replace("（一）借阅；", f"（一）借阅{long}；").replace("（二）阅览。", f"（二）阅览{long}。")
    passages = split_text(text, OUTLINE)
    assert addresses(passages)[-4:] == ["art-2", "art-2-1", "art-2-2", "art-3"]
    assert passages[-2].headings == ("第一章 总则", "第二条")


def test_item_that_is_too_long_keeps_its_address_in_every_piece() -> None:
    text = "第一条 " + "读书使人进步。" * 300
    passages = split_text(text, [node("art-1", "article", "第一条")])
    assert set(addresses(passages)) == {"art-1"}
    assert all(len(passage.text) <= MAX_CHARACTERS for passage in passages)
    assert "".join(passage.text for passage in passages) == text


def test_text_without_headings_is_packed_by_lines() -> None:
    lines = [f"第{number}段话，{'说的是读书。' * 20}" for number in range(9)]
    passages = split_text("\n".join(lines), [])
    assert addresses(passages) == ["par-1", "par-4", "par-7"]
    assert all(300 <= len(passage.text) <= MAX_CHARACTERS for passage in passages)


def test_heading_that_the_text_does_not_have_is_passed_over() -> None:
    passages = split_text("第一条 读书。\n第三条 看报。", [*OUTLINE[1:3], OUTLINE[6], node("art-9", "article", "")])
    assert addresses(passages) == ["par-1", "art-3"]
    passages = split_text("第二条 读书。\n第三条 看报。", [OUTLINE[2], node("art-2-9", "item", "（九）"), OUTLINE[6]])
    assert addresses(passages) == ["art-2", "art-3"]


def test_deep_and_huge_outlines_are_bounded() -> None:
    labels = [f"{number}." for number in range(1, 4001)]
    nodes = [node(f"a-{n}", "item", label, "", f"a-{n - 1}" if n else None) for n, label in enumerate(labels)]
    passages = split_text("\n".join(f"{label} {'读书。' * 40}" for label in labels), nodes)
    assert len(passages) == MAX_PASSAGES
    assert max(len(passage.headings) for passage in passages) <= 8


_LINES = st.lists(
    st.sampled_from(
        ["第一章 总则", "第一条 读书。", "第二条 看报。", "（一）借书；", "（二）还书。", "一段话。", "", "书" * 900]
    ),
    max_size=14,
)


@given(_LINES, st.lists(st.sampled_from(OUTLINE), max_size=7))
def test_nothing_is_lost_or_said_twice_whatever_the_outline(lines: list[str], outline: list[OutlineNode]) -> None:
    text = "\n".join(lines)
    said = condensed("".join(passage.text for passage in split_text(text, outline)))
    # Headings of chapters may stand above their passages instead of in one.
    assert said.replace("第一章总则", "") == condensed(text).replace("第一章总则", "")


def test_passages_of_every_kind_that_answers() -> None:
    policy = representation()
    for kind, thing in (
        ("policy", policy),
        ("interpretation", interpretation(policy)),
        ("question", entry("question", policy)),
        ("clause", entry("clause", policy)),
    ):
        built = build(kind, thing)
        assert [one["id"] for one in built] == [f"{thing['id']}_0"], kind
        assert (built[0]["doc_no"], built[0]["policy_id"]) == (policy["doc_no"], policy["id"]), kind
    assert not has_passages("consultation")
    assert not has_passages("collection")


def test_question_on_a_lapsed_policy_is_flagged_whatever_it_says_of_itself() -> None:
    lapsed = representation(validity="repealed", repealed_on="2026-04-01")
    assert build("question", entry("question", lapsed))[0]["validity"] == "lapsed"
    assert build("question", entry("question", lapsed, representation()))[0]["validity"] == "in_force"
    assert build("question", entry("question", status="flagged"))[0]["validity"] == "lapsed"


def build(kind: str, thing: dict[str, Any]) -> list[dict[str, Any]]:
    return build_passages(kind, source="policy", subject=str(thing["id"]), version=1, data=thing)


def test_what_is_taken_out_is_what_is_of_another_edition() -> None:
    new = Change("policy", "a", "policy", 3, (b"{}",), "hash", None)
    gone = Change("policy", "b", "policy", 2, (), None, None)
    first = Change("policy", "c", "policy", 1, (b"{}",), "hash", None, is_first=True)
    assert remainder_of(PASSAGES, [new, gone, first]) == 'subject IN ["b", "a"] AND edition NOT IN ["a.3"]'
    assert remainder_of(PASSAGES, [gone]) == 'subject IN ["b"]'
    assert remainder_of(PASSAGES, [first]) is None
