"""Metadata found in invented raw texts, page furniture and all."""

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy_api.rules.extraction import Mention, extract_metadata, find_kind, issuers_of_title
from services.policy_api.rules.written_dates import Period, find_dates, read_date
from shared.schemas.policies import DocClass, DocKind, PublicityAttribute

NOTICE = """泉城市人民政府办公厅文件

泉政办发〔2031〕 5 号

泉城市人民政府办公厅 关于印发2031年湖岸步道 建设要点的通知

各区县人民政府，市政府各部门（单位）：

根据《泉城市湖岸保护条例》《泉城市人民政府关于湖岸的意见》（泉政发〔2030〕8号），现将要点印发给你们。

泉城市人民政府办公厅

2031年3月4日

(联系人：市政府办公厅步道办，55501234)

(此件公开发布)

2031年湖岸步道建设要点

一、贯通步道

本要点自2031年4月1日起施行，有效期至2033年12月31日。《泉城市湖岸步道管理暂行办法》（泉政办发〔2027〕9号）同时废止。

抄送：市委各部门。

泉城市人民政府办公厅 2031年3月6日印发
"""


def test_a_notice_says_who_wrote_what_to_whom_and_when() -> None:
    found = extract_metadata(NOTICE)
    assert found.title == "泉城市人民政府办公厅关于印发2031年湖岸步道建设要点的通知"
    assert found.doc_no == "泉政办发〔2031〕 5 号"
    assert found.addressee == "各区县人民政府，市政府各部门（单位）"
    assert found.issuers == ("泉城市人民政府办公厅",)
    assert (found.signed_on, found.issued_on) == (date(2031, 3, 4), date(2031, 3, 6))
    assert (found.effective_on, found.expires_on) == (date(2031, 4, 1), date(2033, 12, 31))
    assert found.publicity is PublicityAttribute.PROACTIVE
    assert found.contact is not None
    assert (found.contact.organ, found.contact.person, found.contact.phone) == ("市政府办公厅步道办", None, "55501234")
    assert found.kind is DocKind.NOTICE
    assert found.repeals == (Mention("泉城市湖岸步道管理暂行办法", "泉政办发〔2027〕9号"),)
    assert found.based_on == (
        Mention("泉城市湖岸保护条例", None),
        Mention("泉城市人民政府关于湖岸的意见", "泉政发〔2030〕8号"),
    )
    assert found.uncertain == ("doc_class",)


PAGE = """（转载）泉城市园林局关于印发湖心岛游览管理办法的通知
首页 > 政务公开 > 规范性文件
11990100000000000X/2031-00017
泉城市园林局
（转载）泉城市园林局关于印发湖心岛游览管理办法的通知
【字体： 大 中 小 】
打印 关闭
来源：泉城市园林局网站
（转载）泉城市园林局关于印发湖心岛游览管理办法的通知
泉园规字〔2031〕3号
各有关单位：
现将《湖心岛游览管理办法》印发给你们。
泉城市园林局
二〇三一年六月五日
湖心岛游览管理办法
第一条 来源：湖心岛的水来自泉眼。
第二条 本办法自印发之日起施行，有效期五年。
公开方式：主动公开
分享到：
主办单位：泉城市园林局 联系方式：555-0101
"""


def test_page_furniture_is_left_out_and_the_document_is_kept() -> None:
    found = extract_metadata(PAGE)
    assert found.title == "泉城市园林局关于印发湖心岛游览管理办法的通知"
    assert found.index_no == "11990100000000000X/2031-00017"
    for furniture in ("字体", "打印", "首页", "网站", "分享", "主办单位", "转载"):
        assert furniture not in found.body
    assert "第一条 来源：湖心岛的水来自泉眼。" in found.body
    assert found.body.count("关于印发湖心岛游览管理办法的通知") == 1


def test_dates_that_follow_from_the_issue_are_given_as_uncertain() -> None:
    found = extract_metadata(PAGE)
    assert found.signed_on == date(2031, 6, 5)
    assert (found.effective_on, found.expires_on) == (date(2031, 6, 5), date(2036, 6, 4))
    assert set(found.uncertain) == {"effective_on", "expires_on"}
    assert found.effective_from_issue
    assert found.doc_class is DocClass.NORMATIVE


def test_title_broken_into_lines_is_put_together() -> None:
    text = "甲市民政局\n甲市财政局\n关于做好《高龄补贴\n发放办法》实施工作的\n补 充 通 知\n甲民发〔2031〕1号\n各区民政局：\n请执行。"
    found = extract_metadata(text)
    assert found.title == "甲市民政局 甲市财政局关于做好《高龄补贴发放办法》实施工作的补充通知"
    assert found.issuers == ("甲市民政局", "甲市财政局")
    assert "issuers" in found.uncertain


def test_an_order_gives_its_number_and_the_regulation_its_title() -> None:
    text = (
        "泉城市人民政府令\n第312号\n《泉城市湖岸管理办法》已经通过，自2031年7月1日起施行。\n"
        "市长 章某某\n2031年5月9日\n泉城市湖岸管理办法\n第一条 为了管理湖岸。\n"
    )
    found = extract_metadata(text)
    assert (found.title, found.doc_no) == ("泉城市湖岸管理办法", "泉城市人民政府令第312号")
    assert found.doc_class is DocClass.REGULATION
    assert (found.kind, found.effective_on) == (DocKind.NONE, date(2031, 7, 1))


def test_the_clause_of_the_document_itself_counts_among_several() -> None:
    text = "某市关于湖岸的通知\n原办法自2020年1月1日起施行。\n本通知自2031年2月1日起执行，有效期2年。\n附表自2031年3月1日起实施。"
    found = extract_metadata(text)
    assert (found.effective_on, found.expires_on) == (date(2031, 2, 1), date(2033, 1, 31))


def test_text_that_says_nothing_of_itself_yields_its_body_only() -> None:
    found = extract_metadata("湖水清澈。")
    assert (found.title, found.doc_no, found.signed_on, found.effective_on) == (None, None, None, None)
    assert found.body == "湖水清澈。"


@pytest.mark.parametrize(
    ("remark", "attribute"),
    [
        ("（此件公开发布）", PublicityAttribute.PROACTIVE),
        ("（此件依申请公开）", PublicityAttribute.ON_REQUEST),
        ("（此件不予公开）", PublicityAttribute.WITHHELD),
        ("公开属性：依申请公开", PublicityAttribute.ON_REQUEST),
        ("应当公开发布信息", None),
    ],
)
def test_publicity_is_read_from_the_remark(remark: str, attribute: PublicityAttribute | None) -> None:
    assert extract_metadata(f"某通知\n各单位：\n正文。\n{remark}").publicity is attribute


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("关于某事的复函", DocKind.LETTER),
        ("关于某事的指导意见（试行）", DocKind.OPINION),
        ("关于同意某事的批复", DocKind.REPLY),
        ("湖岸管理办法", DocKind.NONE),
        ("泉城市人民政府令", DocKind.ORDER),
    ],
)
def test_kind_is_the_last_word_of_the_title(title: str, kind: DocKind) -> None:
    assert find_kind(title) is kind


def test_title_names_its_issuers() -> None:
    assert issuers_of_title("甲市民政局 甲市财政局关于补贴的通知") == ("甲市民政局", "甲市财政局")
    assert issuers_of_title("关于补贴的通知") == ()


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("二〇二五年六月五日", date(2025, 6, 5)),
        ("二○二五年十二月三十一日", date(2025, 12, 31)),
        ("２０２５年６月 ５ 日", date(2025, 6, 5)),
        ("2025年2月29日", None),
        ("2024年2月29日", date(2024, 2, 29)),
        ("2025年13月1日", None),
    ],
)
def test_dates_are_read_in_every_spelling(written: str, day: date | None) -> None:
    assert read_date(written) == day


@pytest.mark.parametrize(
    ("first", "period", "last"),
    [
        (date(2024, 3, 1), Period(years=5), date(2029, 2, 28)),
        (date(2024, 2, 29), Period(years=1), date(2025, 2, 28)),
        (date(2024, 1, 1), Period(years=1), date(2024, 12, 31)),
        (date(2024, 8, 31), Period(months=6), date(2025, 2, 28)),
    ],
)
def test_period_ends_the_day_before_its_date_returns(first: date, period: Period, last: date) -> None:
    assert period.last_day_from(first) == last


@given(st.dates(min_value=date(1949, 10, 1), max_value=date(2199, 12, 31)))
def test_every_day_is_read_back(day: date) -> None:
    assert list(find_dates(f"自{day.year}年{day.month}月{day.day}日起")) == [(1, day)]


@given(st.text(alphabet="关于通知《》〔〕（）2025年月日号第令各局：。\n 自起施行有效期同时废止", max_size=300))
def test_any_text_is_taken(text: str) -> None:
    found = extract_metadata(text)
    assert found.title is None or found.title.strip() == found.title


@pytest.mark.parametrize(
    "hostile",
    [
        "《" * 500_000,
        "同时废止" * 200_000,
        "根据《" * 300_000,
        "自2025年1月1日起施行" * 60_000,
        "关于\n" * 300_000,
        "（联系人：" * 200_000,
    ],
)
def test_hostile_text_takes_linear_time(hostile: str) -> None:
    began = time.process_time()
    extract_metadata(hostile)
    assert time.process_time() - began < 10
