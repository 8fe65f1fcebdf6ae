"""Outlines of invented texts: what is a heading, where it stands, who is responsible."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy_api.rules.numerals import find_number, write_chinese
from services.policy_api.rules.outline import MAX_NODES, find_node, parse_outline, text_of
from shared.schemas.policies import OutlineNode

WORK_POINTS = """泉城市人民政府办公厅文件

泉政办发〔2031〕5号

泉城市人民政府办公厅关于印发2031年湖岸步道建设要点的通知

各区县人民政府，市政府各部门（单位）：

《2031年湖岸步道建设要点》已经市政府同意，现印发给你们。

泉城市人民政府办公厅

2031年3月4日

(此件公开发布)

2031年湖岸步道建设要点

一、贯通步道

（一）补齐断点。年内打通北岸三处断点，按第二条线路图施工，铺设透水路面并与

公园绿道衔接。（责任单位：各区县政府、市政府各部门（单位））

（二）完善照明。对湖岸步道照明逐段排查。（责任单位：

市城管局、北岸区政府)

二、方便使用

(三) 增设座椅。每三百米设置一处座椅。(责任

单位：市园林局)

（四）开放驿站。驿站免费提供饮水。（市文化和旅游局牵头，市园林局、市水务局等按职责分工配合）

抄送：市委各部门，市人大常委会办公厅。（责任单位：不属于任何一条）
"""


def addresses(text: str) -> list[str]:
    return [node.address for node in parse_outline(text)]


def test_work_points_come_out_as_chapters_and_points_with_responsible_units() -> None:
    nodes = parse_outline(WORK_POINTS)
    assert [(node.address, node.kind, node.heading) for node in nodes] == [
        ("h-1", "chapter", "贯通步道"),
        ("h-1-1", "point", "补齐断点"),
        ("h-1-2", "point", "完善照明"),
        ("h-2", "chapter", "方便使用"),
        ("h-2-3", "point", "增设座椅"),
        ("h-2-4", "point", "开放驿站"),
    ]
    assert [node.responsible for node in nodes] == [
        [],
        ["各区县政府", "市政府各部门（单位）"],
        ["市城管局", "北岸区政府"],
        [],
        ["市园林局"],
        ["市文化和旅游局", "市园林局", "市水务局"],
    ]


@pytest.mark.parametrize(
    ("tail", "units"),
    [
        ("（责任单位：市甲局）", ["市甲局"]),
        ("（牵头单位：市甲局；配合单位：市乙局、市丙局）", ["市甲局", "市乙局", "市丙局"]),
        ("（责任单位：市甲局、市乙局，完成时限：2031年12月）", ["市甲局", "市乙局"]),
        ("（市甲局会同市乙局负责）", ["市甲局", "市乙局"]),
        ("（市甲局、各区政府按职责分工负责，列第一位者为牵头单位，下同）", ["市甲局", "各区政府"]),
        ("责任单位：市甲局、市乙局。", ["市甲局", "市乙局"]),
        ("（以下简称步道）", []),
        ("（由市甲局牵头）之外的事项另行安排。", []),
    ],
)
def test_responsible_units_are_read_from_the_tail_of_a_point(tail: str, units: list[str]) -> None:
    assert parse_outline(f"一、修步道。铺设路面。{tail}\n二、下一条。")[0].responsible == units


LAW = """泉城市湖岸保护条例

目 录

第一章 总则
第二章 保护
第一节 水面
第三章 附则

### 第 一 章　总则

第一条 为了保护湖岸，制定本条例。

第二条　湖岸保护适用本条例。依照
第三条规定办理的，从其规定。

## 第二章 保护

### 第一节 水面

第三条 禁止下列行为：

（一）倾倒垃圾；

（二）占用水面，包括：

1.搭建浮台；

2.围栏。

第三条之一 禁止垂钓。

第一百零二条 按第一章处罚。

第三章 附则

第１０３条 本条例自2031年5月1日起施行。
"""


def test_articles_keep_their_printed_numbers_and_the_contents_at_the_top_are_left_out() -> None:
    assert addresses(LAW) == [
        "chap-1",
        "art-1",
        "art-2",
        "chap-2",
        "sec-2-1",
        "art-3",
        "art-3-1",
        "art-3-2",
        "art-3-2-1",
        "art-3-2-2",
        "art-3-bis-1",
        "art-102",
        "chap-3",
        "art-103",
    ]
    article = find_node(parse_outline(LAW), "art-3-2-1")
    assert article is not None
    assert (article.kind, article.parent, article.label) == ("subitem", "art-3-2", "1.")


def test_text_of_an_article_holds_its_items_and_ends_before_the_next() -> None:
    text = text_of(LAW, "art-3")
    assert text.startswith("第三条 禁止下列行为")
    assert text.endswith("2.围栏。")
    assert text_of(LAW, "chap-3").endswith("2031年5月1日起施行。")
    with pytest.raises(LookupError):
        text_of(LAW, "art-4")


def test_parts_carry_into_the_addresses_of_their_chapters() -> None:
    text = "第一编 总则\n第一章 一般规定\n第一条 甲。\n第二编 分则\n第一分编 通则\n第一章 一般规定\n第二条 乙。\n"
    assert addresses(text) == ["part-1", "chap-1-1", "art-1", "part-2", "subpart-2-1", "chap-2-1", "art-2"]


def test_points_above_articles_are_their_chapters_only_when_an_article_follows_at_once() -> None:
    interpretation = "一、管辖\n第一条 甲。\n第二条 乙。\n二、回避\n第三条 丙。"
    assert [node.parent for node in parse_outline(interpretation)] == [None, "h-1", "h-1", None, "h-2"]
    notice = "一、严格落实。\n请各区落实。\n二、加强宣传。\n第一条 甲。"
    assert [node.parent for node in parse_outline(notice)] == [None, None, None]


def test_annexes_have_addresses_of_their_own_and_a_list_of_attachments_is_none() -> None:
    text = "一、甲。\n附件：1.清单\n2.表格\n附件1\n一、乙。\n（一）丙。\n附件2\n第一条 丁。"
    assert addresses(text) == ["h-1", "annex-1", "annex-1-h-1", "annex-1-h-1-1", "annex-2", "annex-2-art-1"]


def test_numbering_that_begins_again_gets_unique_addresses() -> None:
    assert addresses("一、甲。\n（一）乙。\n一、丙。\n（一）丁。") == ["h-1", "h-1-1", "h-1~2", "h-1~2-1"]


@pytest.mark.parametrize(
    "line",
    [
        "按照第三条的要求办理。",
        "第三条规定的事项。",
        "第三条第二款所列情形。",
        "三、四线城市适用。",
        "2.5万元以下的。",
        "2031.3.1印发",
        "（以下简称步道）",
        "第一章规定的各项制度应当在十日内建立，并由主管部门检查落实情况。",
        "第零条 没有这一条。",
    ],
)
def test_a_line_of_running_text_is_no_heading(line: str) -> None:
    assert parse_outline(f"前言。\n{line}\n结尾。") == []


@given(st.integers(1, 9999))
def test_chinese_numerals_are_read_as_they_are_written(number: int) -> None:
    assert find_number(write_chinese(number)) == number


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("十", 10),
        ("二十", 20),
        ("一百一十", 110),
        ("一百零三", 103),
        ("二〇三一", 2031),
        ("１２", 12),
        ("百", None),
        ("一二十", None),
    ],
)
def test_numerals_in_other_spellings(written: str, number: int | None) -> None:
    assert find_number(written) == number


HEADINGS = st.sampled_from(
    [
        "第一编 甲",
        "第二章 乙",
        "第三节 丙",
        "第四条 丁。",
        "第四条之二 戊",
        "一、己",
        "（二）庚。",
        "3.辛",
        "（4）壬",
        "附件5",
        "目录",
    ]
)
NOISE = st.sampled_from(
    ["正文。", "", "第", "（", "##", "抄送：各区", "　　一、 缩进。", "责任单位：", "（责任单位：市甲局）"]
)


@given(st.lists(st.one_of(HEADINGS, NOISE), max_size=40).map("\n".join))
def test_addresses_are_unique_and_parents_stand_before_their_children(text: str) -> None:
    nodes = parse_outline(text)
    seen: set[str] = set()
    for node in nodes:
        assert node.address not in seen
        assert node.parent is None or node.parent in seen
        seen.add(node.address)
        assert text_of(text, node.address).lstrip("# *").startswith(node.label[:1])


@given(st.lists(HEADINGS.filter(lambda line: line != "目录"), max_size=30).map("\n".join))
def test_outline_of_a_rendered_outline_is_the_same(text: str) -> None:
    once = parse_outline(text)
    again = parse_outline(render(once))
    assert [(node.address, node.parent) for node in again] == [(node.address, node.parent) for node in once]


@given(st.text(alphabet="第一二十百章节条编、（）()1２3.．#*附件目录抄送：: \n\u3000责任单位。a", max_size=200))
def test_any_text_has_an_outline(text: str) -> None:
    positions = [text.find(node.heading) for node in parse_outline(text)]
    assert all(position >= 0 for position in positions)


def render(nodes: list[OutlineNode]) -> str:
    return "\n".join(f"{node.label} {node.heading}\n正文。" for node in nodes)


@pytest.mark.parametrize(
    "hostile",
    [
        "一、\n" * 250_000,
        "（" * 1_000_000,
        "第" + " " * 1_000_000,
        "（责任单位：" * 150_000,
        "一、甲（责任单位：乙）\n" * 60_000,
        "一、\n（一）甲\n1.\n（1）\n" * 60_000,
        "第 \n" * 250_000,
    ],
)
def test_hostile_text_takes_linear_time_and_a_bounded_outline(hostile: str) -> None:
    began = time.process_time()
    assert len(parse_outline(hostile)) <= MAX_NODES
    assert time.process_time() - began < 5
