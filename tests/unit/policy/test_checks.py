"""Fields of a document that must fit together, each broken alone, with its pointer."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy_api.rules.checks import check_policy, find_warnings
from shared.schemas.policies import DocClass, DocKind, PolicyInput, PublicityAttribute
from tests.policies import policy, published

TODAY = date(2026, 5, 20)
TARGET = "01890000-0000-7000-8000-000000000001"


def pointers(document: dict[str, Any], *, importing: bool) -> list[str]:
    found = check_policy(PolicyInput.model_validate(document), importing=importing, today=TODAY)
    assert all("\u4e00" <= error.detail[0] <= "\u9fff" or error.detail[0] in "“（" for error in found)
    return [error.pointer for error in found]


def new(**changes: Any) -> list[str]:
    return pointers(policy(**changes), importing=False)


def old(**changes: Any) -> list[str]:
    return pointers(published(**changes), importing=True)


def test_valid_documents_have_no_errors() -> None:
    assert new() == []
    assert old() == []
    assert new(doc_no=None, theme=None, signed_on=None, contact=None) == []


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"doc_no": "济政办发〔2025〕02号"}, "/doc_no"),
        ({"doc_no": ""}, "/doc_no"),
        ({"index_no": "1137010000418859XA/2026-00001"}, "/index_no"),
        ({"theme": "综合事务"}, "/theme"),
        ({"doc_class": "normative", "reg_no": "JNCR-2026-1"}, "/reg_no"),
        ({"title": " \u3000 "}, "/title"),
        ({"body": " \n\u3000"}, "/body"),
        ({"issued_on": "2026-03-01"}, "/issued_on"),
        ({"signed_on": "1911-03-01"}, "/signed_on"),
        ({"expires_on": "2026-03-01", "effective_on": "2026-03-02"}, "/expires_on"),
        ({"expires_on": "2999-12-31"}, "/expires_on"),
        ({"expires_on": "2077-01-01"}, "/expires_on"),
        ({"version": {"effective_on": "1899-01-01"}}, "/version/effective_on"),
        ({"version": {"effective_on": "2031-01-01"}, "expires_on": "2030-12-31"}, "/version/effective_on"),
        ({"publicity": "withheld"}, "/publicity_reason"),
        ({"publicity": "withheld", "publicity_reason": " "}, "/publicity_reason"),
        ({"issuers": ["济南市民政局", ""]}, "/issuers/1"),
        ({"issuers": ["济南市民政局", "济南市民政局 "]}, "/issuers/1"),
        ({"attachments": [{"name": "清单.pdf"}, {"name": "清单.pdf"}]}, "/attachments/1/name"),
        ({"attachments": [{"name": "\u3000"}]}, "/attachments/0/name"),
        ({"relations": [{"type": "amends"}]}, "/relations/0"),
        ({"relations": [{"type": "amends", "target_title": "  "}]}, "/relations/0"),
        ({"relations": [{"type": "amends", "target_doc_no": "济政〔1〕"}]}, "/relations/0/target_doc_no"),
        ({"relations": [{"type": "amends", "target_id": TARGET}] * 2}, "/relations/1"),
        ({"doc_no": "泉民字〔2026〕9999号", "relations": [{"type": "repeals", "target_doc_no": "泉民字[2026]9999号"}]}, "/relations/0"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_any_document_is_pointed_at(changes: dict[str, Any], pointer: str) -> None:
    assert new(**changes) == [pointer]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"published_on": "2026-03-03"}, "/published_on"),
        ({"repealed_on": "2026-04-01"}, "/repealed_on"),
        ({"index_no": "000014349/2018-00204"}, "/index_no"),
        ({"reg_no": "JNCR-2026-0020001"}, "/reg_no"),
        ({"doc_class": "regulation", "title": "济南市社区食堂管理条例"}, "/title"),
        ({"doc_class": "regulation", "title": "济南市社区食堂管理条例（草案）"}, "/title"),
        ({"doc_class": "regulation", "title": "关于社区食堂的通知"}, "/title"),
        ({"kind": "report"}, "/publicity"),
        ({"kind": "request"}, "/publicity"),
        ({"kind": "proposal"}, "/publicity"),
        ({"effective_on": "2026-06-01", "version": {"effective_on": "2026-05-01"}}, "/version/effective_on"),
        ({"version": {"adopted_on": "2026-06-02", "effective_on": "2026-06-01"}}, "/version/effective_on"),
        ({"relations": [{"type": "partly_repeals", "target_id": TARGET}]}, "/relations/0/articles"),
    ],
)
def test_what_only_new_documents_must_not(changes: dict[str, Any], pointer: str) -> None:
    assert new(**changes) == [pointer]
    imported = {"published_on": "2026-03-03"} | changes
    assert old(**imported) == []


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"published_on": "2026-05-21", "effective_on": "2026-06-01"}, "/published_on"),
        ({"published_on": "2026-03-01", "signed_on": "2026-03-02"}, "/published_on"),
        ({"published_on": "2026-03-03", "issued_on": "2026-03-04"}, "/published_on"),
        ({"repealed_on": "2026-03-10", "effective_on": "2026-03-10"}, "/repealed_on"),
        ({"published_on": None, "repealed_on": "2026-04-01"}, "/published_on"),
        ({"publicity": "on_request"}, "/publicity"),
        ({"publicity": "withheld", "publicity_reason": "涉及第三方商业秘密"}, "/publicity"),
        ({"version": {"effective_on": "2026-04-01"}, "repealed_on": "2026-04-01"}, "/version/effective_on"),
        ({"expires_on": "2026-03-02", "effective_on": None}, "/expires_on"),
    ],
)
def test_what_imports_must_not_either(changes: dict[str, Any], pointer: str) -> None:
    assert old(**changes) == [pointer]


@pytest.mark.parametrize(
    "changes",
    [
        {"published_on": TODAY.isoformat(), "signed_on": TODAY.isoformat(), "effective_on": TODAY.isoformat()},
        {"expires_on": "2026-03-10", "effective_on": "2026-03-10"},
        {"expires_on": "2076-12-31"},
        {"signed_on": "1949-10-01", "published_on": "1949-10-01", "effective_on": "1949-10-01"},
        {"effective_on": "2026-01-01"},
        {"repealed_on": "2026-12-31"},
        {"kind": "report"},
    ],
)
def test_boundaries_are_allowed_in_imports(changes: dict[str, Any]) -> None:
    assert old(**changes) == []


@pytest.mark.parametrize(
    "title",
    [
        "济南市社区食堂管理办法",
        "济南市社区食堂管理规定（试行）",
        "济南市人民政府关于修改《济南市社区食堂管理办法》的决定",
    ],
)
def test_regulations_are_called_as_the_law_says(title: str) -> None:
    assert new(doc_class="regulation", title=title) == []


def test_on_request_needs_no_reason_and_withheld_does() -> None:
    assert new(publicity="on_request") == []
    assert new(publicity="withheld", publicity_reason="涉及第三方商业秘密") == []
    assert new(publicity="on_request", kind="report") == []


def test_different_relations_to_one_document_are_no_duplicates() -> None:
    relations = [
        {"type": "repeals", "target_doc_no": "济民字〔2020〕5号"},
        {"type": "replaces", "target_doc_no": "济民字〔2020〕5号"},
        {"type": "implements", "target_title": "关于推进社区养老的意见"},
    ]
    assert new(relations=relations) == []
    relations.append({"type": "repeals", "target_doc_no": "济民字[2020]5号"})
    assert new(relations=relations) == ["/relations/3"]


def test_lone_surrogates_are_refused() -> None:
    wanted = PolicyInput.model_construct(**PolicyInput.model_validate(policy()).__dict__ | {"summary": "摘要\ud800"})
    assert [error.pointer for error in check_policy(wanted, importing=False, today=TODAY)] == ["/summary"]


def test_every_error_is_reported_at_once() -> None:
    found = new(doc_no="无", theme="无", index_no="无", expires_on="1900-01-01", publicity="withheld")
    assert found == ["/doc_no", "/index_no", "/theme", "/expires_on", "/publicity_reason"]


@given(
    st.booleans(),
    st.sampled_from(DocClass),
    st.sampled_from(DocKind),
    st.sampled_from(PublicityAttribute),
    st.lists(st.none() | st.dates(date(1000, 1, 1), date(2999, 12, 31)), min_size=8, max_size=8),
)
def test_any_combination_gets_an_answer(
    importing: bool, doc_class: DocClass, kind: DocKind, publicity: PublicityAttribute, days: list[date | None]
) -> None:
    names = ("signed_on", "issued_on", "published_on", "effective_on", "expires_on", "repealed_on")
    version = {"adopted_on": days[6], "effective_on": days[7]}
    wanted = PolicyInput.model_validate(
        policy(doc_class=doc_class, kind=kind, publicity=publicity, version=version)
        | dict(zip(names, days[:6], strict=True))
    )
    first = check_policy(wanted, importing=importing, today=TODAY)
    assert first == check_policy(wanted, importing=importing, today=TODAY)
    assert all(error.pointer.startswith("/") and error.detail for error in first)
    find_warnings(wanted)


def warnings(**changes: Any) -> str:
    complete = {"index_no": "1137010000418859XL/2026-00797"}
    return "\n".join(find_warnings(PolicyInput.model_validate(published(**complete | changes))))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"theme": None}, "主题分类"),
        ({"theme": "综合政务"}, "只有一级"),
        ({"doc_no": None}, "没有发文字号"),
        ({"index_no": None}, "没有索引号"),
        ({"signed_on": None}, "没有成文日期"),
        ({"doc_class": "normative"}, "没有统一登记号"),
        ({"doc_class": "normative", "reg_no": "JNCR-2026-0020001"}, "没有有效期"),
        ({"doc_class": "normative", "expires_on": "2031-03-11"}, "超过5年"),
        ({"doc_class": "normative", "title": "社区食堂管理办法（试行）", "expires_on": "2028-03-11"}, "超过2年"),
        ({"doc_class": "regulation", "title": "济南市社区食堂管理条例"}, "不得称“条例”"),
        ({"doc_class": "regulation", "title": "济南市社区食堂管理办法"}, "不足30日"),
        ({"effective_on": "2026-01-01"}, "早于发布日期"),
        ({"version": {"effective_on": "2026-03-09"}}, "本文本施行日期"),
        ({"kind": "opinion"}, "文种却是"),
        ({"doc_no": "泉民字〔2025〕8号"}, "年份与成文日期"),
        ({"publicity": "on_request"}, "建议说明理由"),
        ({"reg_no": "JNCR-2026-0020001"}, "核对文件类别"),
        ({"attachments": [{"name": "清单.pdf", "url": "https://example.org/a.pdf"}]}, "文件哈希"),
    ],
)
def test_warnings_name_what_to_look_at(changes: dict[str, Any], words: str) -> None:
    assert words in warnings(**changes)


def test_a_complete_document_has_no_warnings() -> None:
    assert warnings(title="关于社区食堂建设的通知") == ""
    normative = {"doc_class": "normative", "reg_no": "JNCR-2026-0020001", "title": "社区食堂管理办法"}
    assert warnings(**normative, expires_on="2031-03-10") == ""
    assert warnings(**normative, expiry_reason="长期适用的技术规则") == ""
    assert warnings(**normative, effective_on="2028-02-29", expires_on="2033-03-01") == ""
    assert warnings(theme="国防", title="关于国防的通知（试行）") == "主题分类只有一级，建议填写二级"
    assert warnings(theme="其他") == ""
