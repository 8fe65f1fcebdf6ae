"""The demo's markup becomes the numbering of official texts."""

import pytest

from deploy.local.demo.markup import (
    amendments,
    chinese,
    read_articles,
    scale_targets,
    select,
    set_articles,
    set_points,
)

ARTICLES = """
= 总则
为了规范活动，制定本办法。
[1] 十日内办结。
[2-] 五日内办结。
= 管理
禁止下列行为：
+ 倾倒；
+ 焚烧。
[1] 收取押金。
[2] 押金七日内退还。
[3] 不得收取押金。
[3] 数据公开。
"""


@pytest.mark.parametrize(
    ("number", "said"), [(1, "一"), (9, "九"), (10, "十"), (11, "十一"), (20, "二十"), (99, "九十九")]
)
def test_numbers_are_said_in_chinese(number: int, said: str) -> None:
    assert chinese(number) == said


def test_points_are_numbered_below_their_headings() -> None:
    lines = ["引言。", "# 目标", "- 甲。办成。 @x,y", "- 乙。", "# 空", "# 保障", "- 丙。", "% 结尾。"]
    text = set_points(lines, {"x": "市甲局", "y": "市乙局"}.__getitem__)
    assert text.splitlines() == [
        "引言。",
        "一、目标",
        "（一）甲。办成。（责任单位：市甲局、市乙局）",
        "（二）乙。",
        "二、保障",
        "（一）丙。",
        "结尾。",
    ]


def test_a_line_belongs_to_the_texts_it_names() -> None:
    text = "[1] 旧\n[1-2] 早\n[2-] 新\n都"
    assert [select(text, number) for number in (1, 2, 3)] == [["旧", "早", "都"], ["早", "新", "都"], ["新", "都"]]


def test_articles_run_through_the_chapters() -> None:
    text = set_articles(read_articles(ARTICLES), 1, "本办法自公布之日起施行。")
    assert text.splitlines() == [
        "第一章　总则",
        "第一条　为了规范活动，制定本办法。",
        "第二条　十日内办结。",
        "第二章　管理",
        "第三条　禁止下列行为：",
        "（一）倾倒；",
        "（二）焚烧。",
        "第四条　收取押金。",
        "第三章　附则",
        "第五条　本办法自公布之日起施行。",
    ]


def test_an_amending_act_counts_articles_as_its_reader_does() -> None:
    nodes = read_articles(ARTICLES)
    assert amendments(nodes, 2) == ["将第二条修改为：“五日内办结。”", "将第四条修改为：“押金七日内退还。”"]
    assert amendments(nodes, 3) == ["将第四条修改为：“不得收取押金。”", "增加一条，作为第五条：“数据公开。”"]


def test_an_article_without_a_successor_is_struck() -> None:
    nodes = read_articles("一。\n[1] 二。\n三。")
    assert amendments(nodes, 2) == ["删去第二条。"]


def test_a_district_takes_its_share_of_a_target() -> None:
    assert scale_targets("改造{n:1120}个", 1) == "改造1120个"
    assert scale_targets("改造{n:1120}个", 0.19) == "改造210个"
    assert scale_targets("新增{n:2}处", 0.1) == "新增1处"
