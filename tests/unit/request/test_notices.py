"""Notices and replies: what each kind has to hold, templates that are refused, and documents that hold text only."""

import io
import re
import zipfile
from datetime import date
from itertools import pairwise
from time import process_time
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Pt
from hypothesis import given, settings
from hypothesis import strategies as st

from services.request_api.rules.notices import (
    FIELDS,
    FORMS,
    check_values,
    fields_needed,
    number_of_notice,
    reply_kind,
)
from services.request_api.service.notices.rendering import (
    Template,
    accept_template,
    built_in_template,
    render_notice,
)
from shared.kit.errors import RuleViolation
from shared.schemas.notices import NoticeKind, check_number_format
from shared.schemas.request_codes import DecisionCode

KINDS, DAY = list(NoticeKind), date(2026, 3, 4)
FEE, THIRD = NoticeKind.FEE, NoticeKind.THIRD_PARTY_REPLY
"""`THIRD` has two fields that a template may not lack: agency and question."""


def values_of(kind: NoticeKind, *, needed_only: bool = False) -> dict[str, str]:
    names = FORMS[kind].needs if needed_only else FORMS[kind].known
    return {name: f"〈{FIELDS[name]}〉" for name in names}


def document_of(content: bytes) -> Any:
    return docx.Document(io.BytesIO(content))


def lines_of(content: bytes) -> list[str]:
    return [paragraph.text for paragraph in document_of(content).paragraphs]


def saved(document: Any) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def letter(*lines: str) -> Any:
    document = docx.Document()
    for line in lines or ("{{agency}}：{{question}}",):
        document.add_paragraph(line)
    return document


def rewritten(content: bytes, changes: dict[str, bytes]) -> bytes:
    """A package with parts changed or added."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in [*old.namelist(), *(name for name in changes if name not in old.namelist())]:
            new.writestr(name, changes[name] if name in changes else old.read(name))
    return buffer.getvalue()


def refusal_of(content: bytes, kind: NoticeKind = THIRD) -> str:
    with pytest.raises(RuleViolation) as refused:
        accept_template(kind, content)
    return "；".join([refused.value.detail, *(error.detail for error in refused.value.errors or [])])


def rendered(content: bytes, **values: str) -> bytes:
    fields = {"agency": "泉城市水务局", "question": "是否同意公开"} | values
    return render_notice(accept_template(THIRD, content), fields, dated=DAY)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_template_that_holds_its_fields(kind: NoticeKind) -> None:
    built_in = built_in_template(kind)
    assert accept_template(kind, built_in.content) == built_in
    text = "\n".join(lines_of(render_notice(built_in, values_of(kind), dated=DAY)))
    assert FORMS[kind].title in text
    assert [name for name in FORMS[kind].known if f"〈{FIELDS[name]}〉" not in text] == []
    assert "{" not in text


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_known_leaves_no_empty_line_behind(kind: NoticeKind) -> None:
    lines = lines_of(render_notice(built_in_template(kind), values_of(kind, needed_only=True), dated=DAY))
    assert [line for line in lines if not line or re.search("：[。；）]|（）", line)] == []
    following = [
        after for line, after in pairwise(lines) if line.endswith("：") and line not in ("〈主送〉：", "〈行政机关〉：")
    ]
    assert [line for line in following if "〈" not in line] == []
    assert [line for line in lines if line.startswith("联系方式")] == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_named_in_chinese_and_listed_once(kind: NoticeKind) -> None:
    form = FORMS[kind]
    assert len(form.known) == len(form.needs) + len(form.may)
    assert form.known <= set(FIELDS)
    assert set(fields_needed(kind)) <= set(form.needs)


@pytest.mark.parametrize("code", list(DecisionCode))
def test_every_decision_has_its_document(code: DecisionCode) -> None:
    kind = reply_kind(code)
    wanted = {"A": "granted", "B": "partial", "C": "denied", "D": "unable", "E": "refused"}.get(code.value[0])
    assert kind.value == (f"reply_{wanted}" if wanted else "closing")


@pytest.mark.parametrize(
    ("code", "name"), [("D1a", "search_record"), ("E1", "guidance"), ("E2", "earlier_number"), ("E4", "evaluation")]
)
def test_a_decision_asks_for_what_it_has_to_contain(code: str, name: str) -> None:
    decision = DecisionCode(code)
    kind = reply_kind(decision)
    values = dict.fromkeys(fields_needed(kind, decision), "有")
    assert check_values(kind, values, decision) == []
    del values[name]
    assert [error.pointer for error in check_values(kind, values, decision)] == [f"/fields/{name}"]
    other = next(one for one in FORMS[kind].decisions if one is not decision and one.value not in ("E1", "E3"))
    assert name not in fields_needed(kind, other)


def test_D1b_names_the_responsible_organ_only_where_it_can_be_determined() -> None:
    assert "responsible" not in fields_needed(NoticeKind.REPLY_UNABLE, DecisionCode.D1B)
    assert "responsible" in FORMS[NoticeKind.REPLY_UNABLE].needs


def test_FEE_06_a_fee_notice_says_standard_amount_and_how_to_pay() -> None:
    assert {"method", "quantity", "standard", "amount", "payment"} <= set(fields_needed(FEE))
    text = "".join(lines_of(render_notice(built_in_template(FEE), values_of(FEE), dated=DAY)))
    assert "国办函〔2020〕109号" in text
    assert "第四十二条" in text


def test_FEE_09_procedural_notices_name_no_remedies() -> None:
    for kind in (NoticeKind.CORRECTION, NoticeKind.EXTENSION, NoticeKind.REASONS, NoticeKind.CONSULTATION, FEE):
        assert "remedies" not in FORMS[kind].known
        assert "复议" not in "".join(lines_of(built_in_template(kind).content))


def test_the_same_document_is_the_same_bytes() -> None:
    template, values = built_in_template(FEE), values_of(FEE)
    first = render_notice(template, values, dated=DAY)
    assert render_notice(template, dict(reversed(values.items())), dated=DAY) == first
    with zipfile.ZipFile(io.BytesIO(first)) as package:
        assert {info.date_time for info in package.infolist()} == {(2026, 3, 4, 0, 0, 0)}


def test_a_placeholder_that_is_cut_into_runs_is_found_and_keeps_its_look() -> None:
    document = letter("{{agency}}")
    paragraph = document.add_paragraph("致")
    for piece in ("甲{", "{qu", "", "est", "ion }", "}乙 {{cont", "act}}"):
        paragraph.add_run(piece)
    paragraph.runs[1].font.size = Pt(22)
    filled = document_of(rendered(saved(document), question="问题", contact="同意")).paragraphs[1]
    assert filled.text == "致甲问题乙 同意"
    assert next(run for run in filled.runs if "问题" in run.text).font.size == Pt(22)


def test_placeholders_stand_in_tables_headers_and_text_boxes() -> None:
    document = letter("{{agency}}")
    document.add_table(1, 1).cell(0, 0).text = "{{question}}{{contact}}"
    document.sections[0].header.paragraphs[0].text = "{{number}}"
    box = (
        f"<w:r {nsdecls('w')}><w:pict><w:txbxContent><w:p><w:r><w:t>框内{{{{addressee}}}}</w:t></w:r></w:p></w:txbxContent>"
        "</w:pict></w:r>"
    )
    document.paragraphs[0]._p.append(parse_xml(box))
    filled = document_of(rendered(saved(document), number="泉水公询〔2026〕1号", addressee="无"))
    assert filled.tables[0].cell(0, 0).text == "是否同意公开"
    assert filled.sections[0].header.paragraphs[0].text == "泉水公询〔2026〕1号"
    assert "框内无" in "".join(filled.element.itertext())


def test_an_empty_cell_keeps_its_paragraph() -> None:
    document = letter()
    document.add_table(1, 1).cell(0, 0).text = "{{contact}}"
    assert document_of(rendered(saved(document))).tables[0].cell(0, 0).text == ""


HOSTILE = "<w:p>&amp;</w:p>{{agency}}{{{{x}}}}]]>\x00\x0b\ud800 ' \""


def test_values_are_text_and_nothing_else() -> None:
    filled = rendered(saved(letter("{{question}}/{{agency}}")), question=HOSTILE, agency="{{question}}")
    assert lines_of(filled) == ["<w:p>&amp;</w:p>{{agency}}{{{{x}}}}]]> ' \"/{{question}}"]


def test_line_breaks_are_kept() -> None:
    filled = document_of(rendered(saved(letter()), question="一\r\n二\n\n三\t四\u2028五\n"))
    assert filled.paragraphs[0].text == "泉城市水务局：一\n二\n\n三\t四\n五"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_is_said_comes_out_as_it_was_said(question: str, agency: str) -> None:
    content = saved(letter("{{question}}", "{{agency}}。"))
    question, agency = f"甲{question}乙", f"甲{agency}乙"
    filled = lines_of(rendered(content, question=question, agency=agency))
    assert [_plain(line) for line in filled] == [_plain(question), _plain(agency) + "。"]


def _plain(text: str) -> str:
    text = re.sub("\r\n?|[\u2028\u2029]", "\n", text)
    # What XML has no character for is left out.
    return "".join(
        char for char in text if char in "\t\n" or (ord(char) >= 0x20 and not 0x7F <= ord(char) <= 0x9F)
    ).translate({0xFFFE: None, 0xFFFF: None})


def test_metadata_says_neither_who_wrote_it_nor_whom_it_is_to() -> None:
    document = letter()
    core = document.core_properties
    core.author, core.last_modified_by, core.title, core.comments = "宁若溪", "宁若溪", "致柳青禾", "宁若溪"
    content = rewritten(
        saved(document), {"docProps/custom.xml": "<p>宁若溪</p>".encode(), "customXml/item1.xml": b"<a/>"}
    )
    filled = rendered(content, addressee="柳青禾")
    with zipfile.ZipFile(io.BytesIO(filled)) as package:
        names = package.namelist()
        whole = {name: package.read(name).decode("utf-8", "replace") for name in names}
    assert [name for name, text in whole.items() if "宁若溪" in text] == []
    assert [name for name, text in whole.items() if "柳青禾" in text] == []
    assert [name for name in names if name.startswith(("docProps", "customXml"))] == ["docProps/core.xml"]


def test_a_value_stands_in_the_body_and_in_no_property() -> None:
    filled = rendered(saved(letter("{{agency}}{{question}}{{addressee}}")), addressee="柳青禾")
    with zipfile.ZipFile(io.BytesIO(filled)) as package:
        found = [name for name in package.namelist() if "柳青禾".encode() in package.read(name)]
    assert found == ["word/document.xml"]


def test_unknown_missing_and_broken_placeholders_are_all_told() -> None:
    told = refusal_of(saved(letter("{{agency}} {{amount}} {{identity}}")))
    assert "没有字段{{amount}}" in told
    assert "没有字段{{identity}}" in told
    assert "缺少必备字段{{question}}（征求意见的内容）" in told
    for broken in ("{{agency}}{{question", "{{agency}}{{question}}}}", "{{agency}}{{}}", "{{ a b }}", "{{Question}}"):
        assert "占位符写法不正确" in refusal_of(saved(letter(broken)))


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("word/vbaProject.bin", "宏"),
        ("word/embeddings/oleObject1.bin", "不允许的内容"),
        ("word/comments.xml", "不允许的内容"),
        ("word/afchunk.mht", "不允许的内容"),
        ("word/media/image1.emf", "不允许的内容"),
        ("word/../evil.xml", "不允许的内容"),
        ("WORD/document.xml", "同名"),
    ],
)
def test_a_package_with_more_than_a_letter_is_refused(part: str, said: str) -> None:
    assert said in refusal_of(rewritten(saved(letter()), {part: b"<a/>"}))


@pytest.mark.parametrize(
    ("markup", "said"),
    [
        ("<w:ins w:id='1' w:author='宁若溪'><w:r><w:t>改</w:t></w:r></w:ins>", "修订或批注"),
        ('<w:r><w:instrText> INCLUDETEXT "c:/a" </w:instrText></w:r>', "域只能是页码"),
        ("<w:r><w:instrText> DDEAUTO c:/cmd </w:instrText></w:r>", "域只能是页码"),
        ("<w:fldSimple w:instr='HYPERLINK \"http://evil.example\"'/>", "域只能是页码"),
        ("<w:object/>", "不允许的内容"),
        ("<w:altChunk/>", "不允许的内容"),
    ],
)
def test_what_runs_fetches_or_tells_is_refused(markup: str, said: str) -> None:
    document = letter()
    start, rest = (
        markup.split(" ", 1)
        if " " in markup.split(">", maxsplit=1)[0]
        else (markup.split("/>", maxsplit=1)[0].split(">", maxsplit=1)[0], None)
    )
    whole = f"{start} {nsdecls('w')} {rest}" if rest else markup.replace(start, f"{start} {nsdecls('w')}", 1)
    document.paragraphs[0]._p.append(parse_xml(whole))
    assert said in refusal_of(saved(document))


def test_page_numbers_are_welcome() -> None:
    document = letter()
    document.paragraphs[0]._p.append(parse_xml(f"<w:fldSimple {nsdecls('w')} w:instr=' PAGE '/>"))
    assert lines_of(rendered(saved(document))) == ["泉城市水务局：是否同意公开"]


def test_links_that_lead_out_are_refused() -> None:
    document = letter()
    document.part.relate_to("http://evil.example/a.dotm", "http://x.example/attachedTemplate", is_external=True)
    assert "外部链接" in refusal_of(saved(document))


def test_entities_and_broken_parts_are_refused() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "b">]><a>&b;</a>'
    assert "DTD" in refusal_of(rewritten(saved(letter()), {"word/document.xml": bomb}))
    assert "不是合法的 XML" in refusal_of(rewritten(saved(letter()), {"word/document.xml": b"<w:document"}))
    assert "损坏" in refusal_of(b"no package at all")
    assert "Word 文档" in refusal_of(rewritten(saved(letter()), {"[Content_Types].xml": b"<Types/>"}))


_BODY = "<w:document xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'><w:body>{}</w:body></w:document>"
_COSTLY = {
    "paragraphs in paragraphs": ("<w:p>" * 240 + "<w:r><w:t>甲</w:t></w:r>" * 60_000 + "</w:p>" * 240, "缺少必备字段"),
    "braces without end": (f"<w:p><w:r><w:t>{'{{ ' * 50_000}{' ' * 800_000}</w:t></w:r></w:p>", "占位符写法不正确"),
    "a value many times over": ("<w:p><w:r><w:t>{{agency}}</w:t></w:r></w:p>" * 201, "占位符超过200处"),
}


@pytest.mark.parametrize("case", list(_COSTLY))
def test_templates_made_to_be_costly_are_refused_in_no_time(case: str) -> None:
    body, said = _COSTLY[case]
    # Not so much a package that inflates as one that is walked over and over.
    content = rewritten(saved(letter()), {"word/document.xml": _BODY.replace("{}", body).encode()})
    begun = process_time()
    assert said in refusal_of(content)
    assert process_time() - begun < 5


def test_lacking_and_unknown_values_are_refused() -> None:
    with pytest.raises(RuleViolation) as refused:
        render_notice(Template(THIRD, built_in_template(THIRD).content), {"agency": " ", "identity": "甲"}, dated=DAY)
    pointers = [error.pointer for error in refused.value.errors or []]
    assert pointers == ["/fields/identity", "/fields/agency", "/fields/question"]


def test_numbers_read_as_offices_write_them() -> None:
    assert number_of_notice(NoticeKind.REPLY_PARTIAL, prefix="泉水", year=2026, n=7) == "泉水公复〔2026〕7号"
    braces = number_of_notice(NoticeKind.FEE, prefix="{n}", year=2026, n=7)
    assert braces == "{n}公费〔2026〕7号"


@pytest.mark.parametrize(
    "text", ["{prefix}{mark}{n}号", "{mark}{year}", "{mark}{year}{n}{n}", "{mark}{year}{n}{x}", "{year}{n}"]
)
def test_a_form_of_numbers_that_could_give_one_twice_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="文号格式"):
        check_number_format(text)


def test_kinds_that_share_a_mark_share_their_numbers() -> None:
    for form in FORMS.values():
        assert {other.series for other in FORMS.values() if other.mark == form.mark} == {form.series}
