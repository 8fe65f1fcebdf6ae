"""Rows of the recognised forms, all invented, and what the suite is told of them."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from shared.schemas.organizations import Level, check_credit_code
from shared.schemas.policies import DocClass, InterpretationImport, PolicyInput
from tools.import_documents.mapping import Item, Left
from tools.import_documents.places import clean_issuers, locate
from tools.import_documents.running import Mapped, map_files, map_rows
from tools.import_documents.sources import Form, SourceRow, UnreadableFile, read_rows, recognize

LAW: dict[str, Any] = {
    "id": "law-1",
    "title": "泉城市湖岸保护条例",
    "category": "地方性法规",
    "region": "山东省",
    "city": "泉城市",
    "version_date": "2019-05-10",
    "effective_date": None,
    "commencement_in_text": "2012-03-01",
    "history": [],
    "version_group": "a",
    "body_markdown": "## 第一章 总则\n\n第一条 甲。\n\n第二条 本条例自2012年3月1日起施行。",
}


def act(day: str, event: str, text: str = "") -> dict[str, str]:
    return {"date": day, "event": event, "text": text or f"{day} {event}"}


def row(fields: dict[str, Any], number: int = 1) -> SourceRow:
    return SourceRow("测试.jsonl", number, recognize(fields), fields)


def rows_mapped(*fields: dict[str, Any]) -> Mapped:
    return map_rows([row(one, number) for number, one in enumerate(fields, 1)])


def only_policy(mapped: Mapped) -> tuple[Item, PolicyInput]:
    assert mapped.left == []
    (item,) = mapped.items
    assert isinstance(item.content, PolicyInput)
    return item, item.content


def effect(fields: dict[str, Any]) -> tuple[date | None, list[str]]:
    item, content = only_policy(rows_mapped({**LAW, **fields}))
    return content.version.effective_on, item.notes.assumed


PASSED_2012 = act("2012-01-10", "passed", "2012年1月10日某次会议通过")


@pytest.mark.parametrize(
    ("fields", "day"),
    [
        ({"effective_date": "2019-07-01"}, date(2019, 7, 1)),
        ({"history": [PASSED_2012, act("2019-05-10", "revised"), act("2019-08-01", "in_force")]}, date(2019, 8, 1)),
        ({"history": [PASSED_2012, act("2012-03-01", "in_force"), act("2019-05-10", "amended")]}, date(2019, 5, 10)),
        (
            {"history": [PASSED_2012, act("2019-05-10", "amended", "2019年5月10日修正 自2019年9月1日起施行")]},
            date(2019, 9, 1),
        ),
        (
            {"version_date": "2012-01-10", "history": [PASSED_2012]},
            date(2012, 3, 1),
        ),
        (
            {
                "commencement_in_text": None,
                "body_markdown": "第一条 甲。\n第二条 本条例自公布之日起施行。",
                "history": [PASSED_2012, act("2019-05-10", "revised", "2019年5月10日某次会议修订")],
            },
            date(2019, 5, 10),
        ),
    ],
)
def test_first_day_of_a_laws_text(fields: dict[str, Any], day: date) -> None:
    assert effect(fields)[0] == day


def test_commencement_of_the_original_law_is_not_taken_for_its_amendment() -> None:
    day, assumed = effect({"history": [PASSED_2012, act("2019-05-10", "amended", "某决定第一次修正")]})
    assert day == date(2019, 5, 10)
    assert assumed == ["effective_on: 公布日期（正文的施行日期是原法的）"]


def test_a_history_younger_than_the_version_date_dates_the_text() -> None:
    later = act("2021-03-04", "amended", "2021年3月4日会议第二次修正")
    item, content = only_policy(rows_mapped({**LAW, "history": [PASSED_2012, later]}))
    assert (content.published_on, content.version.effective_on) == (date(2021, 3, 4), date(2021, 3, 4))
    assert (content.version.label, content.version.instrument) == ("第二次修正", later["text"])
    assert "2019-05-10早于" in item.notes.remarks[0]


def test_a_history_that_stops_before_the_text_names_no_act() -> None:
    _, content = only_policy(rows_mapped({**LAW, "history": [PASSED_2012]}))
    assert (content.version.label, content.version.instrument, content.version.adopted_on) == ("2019年文本", None, None)


def test_known_commencements_of_collective_amendments_are_used() -> None:
    fields = {**LAW, "category": "行政法规", "version_date": "2022-03-29", "history": [PASSED_2012]}
    assert effect(fields) == (date(2022, 5, 1), [])


def test_texts_of_one_law_are_one_document_oldest_first_whatever_the_order_of_the_file() -> None:
    older = {**LAW, "id": "law-0", "version_date": "2012-01-10", "history": [PASSED_2012]}
    newer = {**LAW, "effective_date": "2019-07-01"}
    mapped = rows_mapped(newer, older)
    assert [item.row.fields["id"] for item in mapped.items] == ["law-0", "law-1"]
    assert len({item.key for item in mapped.items}) == 1
    assert mapped.items[0].organization.name == "泉城市人民代表大会常务委员会"


def test_of_two_texts_of_one_day_the_later_promulgated_counts() -> None:
    early = {**LAW, "id": "early", "effective_date": "2019-07-01"}
    late = {**LAW, "id": "late", "effective_date": "2019-07-01", "version_date": "2019-05-30"}
    mapped = rows_mapped(late, early)
    assert [item.row.fields["id"] for item in mapped.items] == ["late"]
    assert [(left.row.fields["id"], left.superseded) for left in mapped.left] == [("early", True)]


def test_approval_after_the_version_date_is_the_promulgation() -> None:
    item, content = only_policy(rows_mapped({**LAW, "history": [PASSED_2012, act("2019-06-01", "approved")]}))
    assert content.published_on == date(2019, 6, 1)
    assert "2019-05-10" in item.notes.remarks[0]


CITY_PAGE = {
    "id": "p-1",
    "title": "湖心岛游览管理办法",
    "doc_no": "（年度方案）",
    "issuer": "泉城市园林局、市财政局（某网转载）",
    "publish_date": "2031-06-07",
    "written_date": None,
    "region": "山东省泉城市",
    "url": "https://example.org/1",
    "body": (
        "泉城市园林局关于印发湖心岛游览管理办法的通知\n泉园规字〔2031〕3号\n各有关单位：\n现印发给你们。\n"
        "泉城市园林局\n2031年6月5日\n第一条 本办法自2031年7月1日起施行，有效期五年。\n"
    ),
}


def test_what_a_city_page_lacks_is_found_in_its_text() -> None:
    item, content = only_policy(rows_mapped(CITY_PAGE))
    assert content.doc_no == "泉园规字〔2031〕3号"
    assert (content.signed_on, content.effective_on) == (date(2031, 6, 5), date(2031, 7, 1))
    assert content.expires_on == date(2036, 6, 30)
    assert content.issuers == ["泉城市园林局", "泉城市财政局"]
    assert content.doc_class is DocClass.NORMATIVE
    assert {"doc_no", "signed_on", "effective_on", "expires_on", "addressee"} <= set(item.notes.found)
    assert any("不是发文字号" in remark for remark in item.notes.remarks)


def test_a_row_of_the_state_council_keeps_its_metadata() -> None:
    fields = {
        **CITY_PAGE,
        "issuer": "国务院、中央军委",
        "doc_no": "国函〔2031〕5号",
        "index_no": "000014349/2031-00073",
        "topic": ["综合政务", "政务公开"],
        "written_date": "2031-05-01",
    }
    item, content = only_policy(rows_mapped(fields))
    assert (content.theme, content.index_no) == ("综合政务\\政务公开", "000014349/2031-00073")
    assert item.organization.level is Level.NATIONAL
    assert "正文落款日期是2031-06-05，目录为2031-05-01" in item.notes.remarks


LISTED: dict[str, Any] = {
    "id": "doc:1",
    "category": "国务院文件",
    "title": "国务院关于湖岸的规定",
    "doc_no": "国令第999号",
    "issuer": "国务院",
    "topic": [],
    "index_no": None,
    "publish_date": "2031-06-01",
    "summary": "《国务院关于湖岸的规定》已经通过，自2031年7月1日起施行。",
    "url": "https://example.org/2",
    "interprets": None,
}
READING = {**LISTED, "id": "read:1", "category": "政策解读", "title": "某负责人答记者问", "interprets": ["doc:1"]}


def test_a_listed_interpretation_goes_to_the_organisation_of_its_policy() -> None:
    mapped = rows_mapped(READING, LISTED)
    reading = next(item for item in mapped.items if isinstance(item.content, InterpretationImport))
    policy = next(item for item in mapped.items if isinstance(item.content, PolicyInput))
    assert reading.key[0] == policy.key[0]
    assert isinstance(reading.content, InterpretationImport)
    assert reading.content.policy_external_id == policy.external_id


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({**LISTED, "summary": None}, "没有正文也没有摘要"),
        ({**READING, "interprets": None}, "没有写明所解读的政策"),
        (READING, "不在这批文件中"),
        ({**CITY_PAGE, "body": " "}, "没有正文"),
        ({**CITY_PAGE, "issuer": "", "body": "湖水清澈。"}, "没有发文机关"),
        ({**CITY_PAGE, "publish_date": "昨天"}, "字段的形式不对"),
        ({"title": "某通知", "body": "正文", "unknown": 1}, "unknown"),
        ({"title": "某通知", "body": "正文"}, "published_on"),
        ({"other": 1}, "认不出"),
        ({**LAW, "version_date": "不详"}, "字段的形式不对"),
    ],
)
def test_a_row_that_cannot_be_taken_is_left_with_its_reason(fields: dict[str, Any], reason: str) -> None:
    mapped = rows_mapped(fields)
    assert mapped.items == []
    assert reason in mapped.left[0].reason


def test_files_of_one_name_in_two_folders_are_two_documents(tmp_path: Path) -> None:
    for number in (7, 8):
        (tmp_path / str(number)).mkdir()
        text = f"泉城市园林局关于第{number}处湖岸的通知\n泉园字〔2031〕{number}号\n各区园林局：\n请清理湖岸。\n泉城市园林局\n2031年1月2日"
        (tmp_path / str(number) / "通知.txt").write_text(text, encoding="utf-8")
    mapped = map_files(sorted(tmp_path.glob("*/通知.txt")))
    assert mapped.left == []
    assert [item.external_id for item in mapped.items] == ["泉园字〔2031〕7号", "泉园字〔2031〕8号"]


def test_a_line_of_our_own_form_needs_only_what_it_cannot_say_itself() -> None:
    fields = {"title": "泉城市园林局关于湖岸的通知", "body": "正文", "published_on": "2031-01-02"}
    item, content = only_policy(rows_mapped(fields))
    assert (item.organization.name, item.external_id) == ("泉城市园林局", content.title)


@pytest.mark.parametrize(
    ("name", "level", "division"),
    [
        ("国务院办公厅", Level.NATIONAL, "100000"),
        ("上海市人民代表大会常务委员会", Level.PROVINCE, "310000"),
        ("广州市民政局", Level.CITY, "440100"),
        ("广州市天河区教育局", Level.DISTRICT, "440106"),
        ("国家市场监督管理总局", Level.NATIONAL, "100000"),
        ("广东省人力资源社会保障厅", Level.PROVINCE, "440000"),
    ],
)
def test_organisations_are_located_by_their_names(name: str, level: Level, division: str) -> None:
    place = locate(name)
    assert (place.level, place.division_code) == (level, division)
    assert check_credit_code(place.code) == place.code == locate(name).code
    assert place.code.startswith("Y9")


def test_short_names_beside_a_full_one_are_spelled_out() -> None:
    written = "泉城市北岸区园林局、区财政局、市水务局（某网）"
    assert clean_issuers(written) == ["泉城市北岸区园林局", "泉城市北岸区财政局", "泉城市水务局"]


def test_files_are_read_by_their_kind(tmp_path: Path) -> None:
    lines = [json.dumps(LISTED), "{not json", "[1]", ""]
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert [found.form for found in read_rows(tmp_path / "a.jsonl")] == [Form.LIBRARY, Form.UNKNOWN, Form.UNKNOWN]
    page = "<html><head><title>x</title></head><body><script>y</script>" + "".join(
        f"<p>{line}</p>" for line in str(CITY_PAGE["body"]).splitlines()
    )
    (tmp_path / "页面.html").write_bytes(page.encode("gb18030"))
    _, content = only_policy(map_files([tmp_path / "页面.html"]))
    assert content.doc_no == "泉园规字〔2031〕3号"
    assert "script" not in content.body
    assert content.issuers == ["泉城市园林局"]
    for missing in ("b.jsonl", "c.pdf"):
        (tmp_path / "c.pdf").write_bytes(b"%PDF-1.7")
        with pytest.raises(UnreadableFile):
            list(read_rows(tmp_path / missing))


def test_left_rows_do_not_stop_their_neighbours() -> None:
    mapped = rows_mapped({"other": 1}, CITY_PAGE)
    assert [type(one) for one in (*mapped.left, *mapped.items)] == [Left, Item]
