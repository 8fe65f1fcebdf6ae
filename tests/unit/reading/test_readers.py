"""Each kind of file, by its content, to text: what is read, what is remarked, what is refused."""

import contextlib

import docx
import pytest
from docx.oxml import parse_xml
from hypothesis import given
from hypothesis import strategies as st

from services.policy_api.service.readers.found import Bounds, Readout
from services.policy_api.service.readers.kinds import FileKind, find_kind
from services.policy_api.service.readers.plain import decode
from services.policy_api.service.readers.reading import read_kind
from shared.kit.confined import Reason, RefusedFile
from shared.kit.office_package import PackageBounds
from tests.files import CLOSING, OPENING, docx_of, make_docx, make_pdf, pdf_pages, saved, zip_of

LINES = [
    *OPENING,
    "第一条　为了规范共享单车停放，维护市容环境，方便群众出行，根据有关法律法规的规定，结合本市实际，制定本办法。",
    "第二条　本办法自2026年6月1日起施行，有效期5年。",
    *CLOSING,
]
BOUNDS = Bounds()
TABLE = "<w:tbl>" + "<w:tr><w:tc><w:p><w:r><w:t>停放点位</w:t></w:r></w:p></w:tc></w:tr>" * 100 + "</w:tbl>"
W_P = "<w:p>{}<w:r><w:t>{}</w:t></w:r></w:p>"


def read(data: bytes, bounds: Bounds = BOUNDS) -> Readout:
    return read_kind(data, bounds, lambda _pages: None)


def reasons(readout: Readout) -> str:
    return "；".join(remark.reason for remark in readout.remarks)


def refusal(data: bytes, bounds: Bounds = BOUNDS) -> Reason:
    with pytest.raises(RefusedFile) as refused:
        read(data, bounds)
    return refused.value.reason


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (make_docx(LINES), FileKind.WORD),
        (make_pdf([LINES]), FileKind.PDF),
        (f"<html><body>{''.join(f'<p>{line}</p>' for line in LINES)}</body></html>".encode(), FileKind.PAGE),
        ("\n".join(LINES).encode(), FileKind.TEXT),
        ("\r\n".join(LINES).encode("gb18030"), FileKind.TEXT),
        (b"\xff\xfe" + "\n".join(LINES).encode("utf-16-le"), FileKind.TEXT),
    ],
)
def test_one_document_reads_alike_whatever_it_is_kept_in(data: bytes, kind: FileKind) -> None:
    readout = read(data)
    assert readout.media_type == kind
    assert [line.strip() for line in readout.text.splitlines()] == LINES


def test_kind_is_what_the_content_is() -> None:
    assert find_kind(b"PK\x03\x04...") is FileKind.WORD
    assert find_kind(b"\n\n%PDF-1.4") is FileKind.PDF
    assert find_kind("<!DOCTYPE html><title>关于</title>".encode()) is FileKind.PAGE
    assert find_kind(b"\xff\xfe" + "<html><p>关于</p>".encode("utf-16-le")) is FileKind.PAGE
    assert find_kind(b"<!--" + bytes(9000).replace(b"\0", b" ") + b"--><html>") is FileKind.PAGE
    assert find_kind("第一条 x<y 时，按本办法。".encode()) is FileKind.TEXT


def test_guessed_encoding_is_remarked() -> None:
    _, remarks = decode("关于停放的通知".encode("gb18030"))
    assert "GB18030" in remarks[0].reason
    assert decode("关于停放的通知".encode())[1] == []


@given(st.binary(max_size=400))
def test_any_bytes_are_text_or_a_refusal(data: bytes) -> None:
    try:
        text, _ = decode(data)
    except RefusedFile as refused:
        text = refused.detail
    assert text.strip()


NUMBERING = """<w:numbering xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">
<w:abstractNum w:abstractNumId="0">
<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="chineseCounting"/><w:lvlText w:val="%1、"/></w:lvl>
<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="chineseCounting"/><w:lvlText w:val="（%2）"/></w:lvl>
<w:lvl w:ilvl="2"><w:start w:val="3"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%3."/></w:lvl>
</w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>
</w:numbering>"""


def numbered(level: int, text: str) -> str:
    place = f'<w:pPr><w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="1"/></w:numPr></w:pPr>'
    return W_P.format(place, text)


def with_numbering(inner: str) -> bytes:
    """A Word document whose lists are counted by Word."""
    document = docx.Document()
    part = document.part.numbering_part
    part._element = parse_xml(NUMBERING)
    for child in parse_xml(
        f'<w:body xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">{inner}</w:body>'
    ):
        document.element.body.insert_element_before(child, "w:sectPr")
    return saved(document)


def test_numbers_that_word_counts_are_written_out() -> None:
    inner = "".join(
        [
            numbered(0, "总体要求"),
            numbered(0, "重点任务"),
            numbered(1, "优化流程。"),
            numbered(2, "线上办理"),
            numbered(2, "线下办理"),
            numbered(1, "压缩时限。"),
            numbered(0, "保障措施"),
            numbered(1, "加强领导。"),
        ]
    )
    assert read(with_numbering(inner)).text.splitlines() == [
        "一、总体要求",
        "二、重点任务",
        "（一）优化流程。",
        "3.线上办理",
        "4.线下办理",
        "（二）压缩时限。",
        "三、保障措施",
        "（一）加强领导。",
    ]


def test_what_is_left_out_of_a_word_document_is_remarked() -> None:
    deleted = '<w:del w:id="1" w:author="a"><w:r><w:delText>旧的规定</w:delText></w:r></w:del>'
    inserted = '<w:ins w:id="2" w:author="a"><w:r><w:t>新的规定</w:t></w:r></w:ins>'
    hidden = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>内部掌握</w:t></w:r>"
    table = "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>区县</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>任务</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    readout = read(docx_of(f"<w:p>{deleted}{inserted}{hidden}<w:r><w:t>执行。</w:t></w:r></w:p>{table}"))
    assert readout.text == "新的规定执行。\n区县\t任务"
    for words in ("修订删除", "修订插入", "隐藏文字", "表格"):
        assert words in reasons(readout)
    assert [remark.seen for remark in readout.remarks][:2] == ["旧的规定", "新的规定"]


def test_printed_pages_lose_their_furniture_and_wrapped_lines_join() -> None:
    first = [
        "泉城市人民政府公报",
        "\u3000\u3000第一条　为了规范共享单车停放，维护市容环境，方便",
        "群众出行，根据有关规定，结合本市实际，制定本办法。",
        "— 1 —",
    ]
    second = ["泉城市人民政府公报", "\u3000\u3000第二条　本办法适用于本市行政区域内的停放及其管理", "活动。", "— 2 —"]
    third = [
        "泉城市人民政府公报",
        "\u3000\u3000第三条　市城市管理部门负责组织实施，各区县配合做",
        "好相关工作。",
        "— 3 —",
    ]
    readout = read(make_pdf([first, second, third]))
    assert readout.pages == 3
    assert [line.replace("\u3000", "") for line in readout.text.splitlines()] == [
        "第一条为了规范共享单车停放，维护市容环境，方便群众出行，根据有关规定，结合本市实际，制定本办法。",
        "第二条本办法适用于本市行政区域内的停放及其管理活动。",
        "第三条市城市管理部门负责组织实施，各区县配合做好相关工作。",
    ]
    assert "接合" in reasons(readout)


def test_page_without_text_among_others_is_remarked() -> None:
    assert "第2页没有文字" in reasons(read(make_pdf([["关于公布停放点位的通知，现予公布执行。"], []])))


def test_hidden_parts_of_a_web_page_are_remarked() -> None:
    page = "<html><body><p>关于停放的通知</p><p style='display:none'>不公开</p><img src=a.png></body></html>"
    assert "隐藏" in reasons(read(page.encode()))
    assert "图片" in reasons(read(page.encode()))


@pytest.mark.parametrize(
    ("data", "bounds", "reason"),
    [
        ("停放。".encode() * 100, Bounds(characters=200), Reason.TOO_LARGE),
        (make_docx(["停放。" * 100]), Bounds(characters=200), Reason.TOO_LARGE),
        (make_pdf([["停放。" * 10]] * 9), Bounds(characters=200), Reason.TOO_LARGE),
        (b"<p>" + "停放。".encode() * 100, Bounds(characters=200), Reason.TOO_LARGE),
        (pdf_pages(9), Bounds(pages=8), Reason.TOO_LARGE),
        (make_docx(["停放"]), Bounds(package=PackageBounds(members=3)), Reason.BOMB),
        (make_docx([" "]), BOUNDS, Reason.NO_TEXT),
        (zip_of({"[Content_Types].xml": b"<x/>"}), BOUNDS, Reason.WRONG_TYPE),
        (zip_of({"[Content_Types].xml": b"<spreadsheetml.sheet.main+xml/>"}), BOUNDS, Reason.WRONG_TYPE),
        (docx_of(TABLE), Bounds(characters=200), Reason.TOO_LARGE),
        (b"<html>" + b"<br>" * 300, Bounds(elements=200), Reason.BOMB),
        (b"<html><body></body></html>", BOUNDS, Reason.NO_TEXT),
    ],
)
def test_bounds_refuse_and_never_cut(data: bytes, bounds: Bounds, reason: Reason) -> None:
    assert refusal(data, bounds) is reason


def test_what_nobody_sees_is_not_in_the_text() -> None:
    assert read("关于停放\f的通知".encode()).text == "关于停放\n的通知"
    assert "停放管理" in read(make_pdf([["关于停放的通知，各区县人民政府：", "第一条 停放\0管理。"]])).text


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("data", [make_docx(LINES), make_pdf([LINES])])
def test_cut_file_is_a_refusal(data: bytes, cut: float) -> None:
    with contextlib.suppress(RefusedFile):
        assert read(data[: int(len(data) * cut)]).text


@given(st.integers(0, 5000), st.integers(1, 255), st.booleans())
def test_damaged_file_is_text_or_a_refusal(place: int, change: int, word: bool) -> None:
    data = bytearray(make_docx(LINES) if word else make_pdf([LINES]))
    data[place % len(data)] ^= change
    with contextlib.suppress(RefusedFile):
        assert read(bytes(data)).text
