"""What a file hides where no page shows it, and what redaction must not leave behind. All data is invented."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
import xlsxwriter
from pypdf import PdfWriter
from pypdf.generic import (
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    TextStringObject,
)

from services.request_api.service.answer_files.work import check, redact
from shared.kit.confined import RefusedFile
from tests.answer_files import MARK, NUMBER, TEXT, book, kinds, page, word

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
RUN = "<w:r><w:t>公开内容。</w:t></w:r>"


def changed(data: bytes, part: str, old: str, new: str) -> bytes:
    """A package with one text in one part exchanged."""
    return rewritten(
        data, lambda name, content: content.replace(old.encode(), new.encode()) if name == part else content
    )


def rewritten(data: bytes, change: Callable[[str, bytes], bytes], **added: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            target.writestr(name, change(name, source.read(name)))
        for name, content in added.items():
            target.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return buffer.getvalue()


def with_part(data: bytes, name: str, content: str) -> bytes:
    return rewritten(data, lambda _, kept: kept, **{name.replace("/", "__").replace(".", "_dot_"): content})


def in_body(run: str) -> bytes:
    return changed(word(), "word/document.xml", RUN, run)


@pytest.mark.parametrize(
    ("run", "kind"),
    [
        (f"<w:r><w:instrText>QUOTE {NUMBER}</w:instrText></w:r>", "identity_number"),
        (f'<w:fldSimple w:instr="QUOTE {NUMBER}"/>', "identity_number"),
        (f'<w:bookmarkStart w:id="1" w:name="n{NUMBER}"/>', "identity_number"),
        (f'<w:sdt><w:sdtPr><w:tag w:val="{NUMBER}"/></w:sdtPr></w:sdt>', "identity_number"),
        ("".join(f'<w:r><w:sym w:font="Arial" w:char="F0{ord(one):02X}"/></w:r>' for one in NUMBER), "identity_number"),
        ('<w:r><w:rPr><w:color w:val="FFFFFF"/></w:rPr><w:t>看不见</w:t></w:r>', "hidden_text"),
        ('<w:r><w:rPr><w:sz w:val="2"/></w:rPr><w:t>看不见</w:t></w:r>', "hidden_text"),
        ("<w:r><w:rPr><w:webHidden/></w:rPr><w:t>看不见</w:t></w:r>", "hidden_text"),
        ('<w:r><w:rPr><w:highlight w:val="black"/></w:rPr><w:t>涂黑</w:t></w:r>', "text_under_box"),
        (
            '<w:r><w:rPr><w:rPrChange w:id="1" w:author="甲"><w:rPr/></w:rPrChange></w:rPr><w:t>x</w:t></w:r>',
            "tracked_changes",
        ),
    ],
)
def test_a_documents_body_hides_nothing(run: str, kind: str) -> None:
    assert kind in kinds("a.docx", in_body(run))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("word/hdrA.xml", f"<w:hdr {W}><w:p><w:r><w:t>{NUMBER}</w:t></w:r></w:p></w:hdr>"),
        ("word/diagrams/data1.xml", f"<d><t>{NUMBER}</t></d>"),
        ("word/charts/chart1.xml", f"<c><v>{NUMBER}</v></c>"),
        ("customXml/data.xml", f'<a v="{NUMBER}"/>'),
        ("docProps/more.xml", f"<a>{NUMBER}</a>"),
    ],
)
def test_every_part_of_a_document_is_read_whatever_its_name(name: str, content: str) -> None:
    assert "identity_number" in kinds("a.docx", with_part(word(), name, content))


@pytest.mark.parametrize("name", ["word/afchunk.html", "secret.txt", "word/embeddings/old.bin"])
def test_what_is_no_part_of_a_document_does_not_leave(name: str) -> None:
    assert "embedded" in kinds("a.docx", with_part(word(), name, "旧稿"))


def test_nothing_stands_before_or_behind_a_package() -> None:
    for data in (word() + "旧稿".encode(), "旧稿".encode() + word()):
        assert "trailing_data" in kinds("a.docx", data)


def test_a_style_may_hide_too_and_zero_turns_it_off() -> None:
    hiding = (
        '<w:style w:type="character" w:styleId="H"><w:name w:val="H"/><w:rPr><w:vanish/></w:rPr></w:style></w:styles>'
    )
    run = '<w:r><w:rPr><w:rStyle w:val="H"/></w:rPr><w:t>藏着的话</w:t></w:r>'
    data = changed(in_body(run), "word/styles.xml", "</w:styles>", hiding)
    assert "hidden_text" in kinds("a.docx", data)
    redacted, _ = redact("a.docx", data, [])
    assert "藏着的话" not in part_of(redacted)
    shown = in_body('<w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>看得见</w:t></w:r>')
    assert kinds("a.docx", shown) == set()
    assert "看得见" in part_of(redact("a.docx", shown, [])[0])


def part_of(data: bytes, name: str = "word/document.xml") -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return package.read(name).decode()


def _strict(data: bytes) -> bytes:
    ordinary, strict = (
        b"http://schemas.openxmlformats.org/wordprocessingml",
        b"http://purl.oclc.org/ooxml/wordprocessingml",
    )
    return rewritten(data, lambda _, content: content.replace(ordinary, strict))


def test_the_strict_dialect_is_refused_rather_than_not_read() -> None:
    for work in (lambda data: check("a.docx", data), lambda data: redact("a.docx", data, [])):
        with pytest.raises(RefusedFile, match="严格"):
            work(_strict(word(None, f"号码{NUMBER}")))


WRITINGS = {
    "joined to a word": f"身份证={NUMBER}",
    "after a full stop": f"1.{NUMBER}",
    "by groups": " ".join(NUMBER[place : place + 4] for place in range(0, 18, 4)),
    "by digits": " ".join(NUMBER),
    "zero width": "\u200b".join(NUMBER),
    "soft hyphen": NUMBER[:6] + "\u00ad" + NUMBER[6:],
    "en dash": NUMBER.replace("1988", "–1988–"),
    "full width": "".join(chr(ord(one) + 0xFEE0) for one in NUMBER),
    "over lines": f"{NUMBER[:8]}\n{NUMBER[8:]}",
    "of fifteen": "证号370103880914234",
    "a phone after a slash": "电话/13800531234",
}


@pytest.mark.parametrize("text", WRITINGS.values(), ids=WRITINGS)
def test_a_number_is_found_however_it_is_written(text: str) -> None:
    found = kinds("a.txt", text.encode())
    assert found & {"identity_number", "possible_number", "mobile_phone"}
    assert kinds("a.docx", word(None, *text.split("\n"))) & found


def test_a_digit_a_cell_is_still_a_number() -> None:
    cells = "".join(f"<w:tc><w:p><w:r><w:t>{one}</w:t></w:r></w:p></w:tc>" for one in NUMBER)
    data = changed(word(), "word/document.xml", f"<w:p>{RUN}</w:p>", f"<w:tbl><w:tr>{cells}</w:tr></w:tbl><w:p/>")
    assert "possible_number" in kinds("a.docx", data)


def test_what_is_found_repeats_no_name_beside_the_number() -> None:
    [found] = [one for one in check("a.txt", f"申请人柳青禾 {NUMBER} 家住泉城路".encode()) if one.blocking]
    assert "柳" not in found.excerpt
    assert NUMBER not in found.excerpt


@pytest.mark.parametrize(
    "write",
    [
        lambda book: book.add_worksheet(NUMBER),
        lambda book: book.worksheets()[0].set_header(f"&L{NUMBER}"),
        lambda book: book.worksheets()[0].data_validation("A1", {"validate": "list", "source": ["甲", NUMBER]}),
        lambda book: book.worksheets()[0].write_formula(0, 0, f'=IF(1=1,"ok","{NUMBER}")', None, "ok"),
        lambda book: book.define_name("secret", f'="{NUMBER}"'),
        lambda book: book.set_properties({"comments": NUMBER}),
        lambda book: book.worksheets()[0].write_url(0, 0, f"https://x.example/?id={NUMBER}", string="看"),
        lambda book: book.worksheets()[0].insert_textbox(0, 0, "x", {"description": NUMBER}),
        lambda book: book.worksheets()[0].write_rich_string(
            0, 0, "号", book.add_format({"bold": True}), NUMBER[:6], NUMBER[6:]
        ),
    ],
)
def test_every_place_of_a_workbook_is_read(write: Callable[[xlsxwriter.Workbook], Any]) -> None:
    assert "identity_number" in kinds("a.xlsx", book(write))


def _hidden_b(workbook: xlsxwriter.Workbook) -> None:
    workbook.add_worksheet("底稿").hide()


@pytest.mark.parametrize(
    ("old", "new"), [('state="hidden"', "state='hidden'"), ('state="hidden"', 'state = "hidden"'), ("", "")]
)
def test_a_hidden_sheet_is_found_however_it_is_written(old: str, new: str) -> None:
    assert "hidden_sheet" in kinds("a.xlsx", changed(book(_hidden_b), "xl/workbook.xml", old, new))


@pytest.mark.parametrize(
    ("part", "kind"),
    [("xl/revisions/revisionLog1.xml", "tracked_changes"), ("xl/macrosheets/sheet1.xml", "embedded")],
)
def test_a_workbook_has_no_parts_that_tell_of_earlier_ones(part: str, kind: str) -> None:
    assert kind in kinds("a.xlsx", with_part(book(lambda _: None), part, "<a/>"))


def test_lines_without_height_and_formats_without_a_face_hide() -> None:
    assert "hidden_cells" in kinds(
        "a.xlsx", book(lambda one: one.worksheets()[0].set_default_row(hide_unused_rows=True))
    )
    unseen = book(lambda one: one.worksheets()[0].write(0, 1, 5, one.add_format({"num_format": ";;;"})))
    assert "hidden_text" in kinds("a.xlsx", unseen)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("BT /F1 12 Tf 50 100 Td (Name: Liu Qinghe) Tj ET 0 g 90 95 60 20 re f", "text_under_box"),
        (f"q 1 1 1 rg 0 0 5 5 re f Q {TEXT} 40 95 100 20 re f", "text_under_box"),
        (f"{TEXT} 1 g 40 95 100 20 re f", "text_under_box"),
        (f"{TEXT} 1 0 0 rg 40 95 100 20 re f", "text_under_box"),
        (f"{TEXT} 20 w 40 105 m 140 105 l S", "text_under_box"),
        ("BT 3 Tr /F1 12 Tf 50 100 Td (some words) Tj ET", "hidden_text"),
        (f"1 g {TEXT}", "hidden_text"),
        ("BT /F1 12 Tf -500 100 Td (some words) Tj ET", "hidden_text"),
        (f"/Span << /ActualText ({NUMBER}) >> BDC {TEXT} EMC", "identity_number"),
    ],
)
def test_a_page_hides_nothing(content: str, kind: str) -> None:
    assert kind in kinds("a.pdf", page(content))


def test_light_words_on_a_dark_ground_are_seen() -> None:
    assert kinds("a.pdf", page(f"0 g 40 95 200 20 re f 1 g {TEXT}")) == set()


def _written(change: Callable[[PdfWriter], None]) -> bytes:
    writer = PdfWriter(clone_from=io.BytesIO(page(TEXT)))
    change(writer)
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def _orphan(writer: PdfWriter) -> None:
    stream = DecodedStreamObject()
    stream.set_data(NUMBER.encode())
    writer._root_object[NameObject("/PieceInfo")] = writer._add_object(stream)


def _script(writer: PdfWriter) -> None:
    action = {"/S": NameObject("/JavaScript"), "/JS": TextStringObject("app.alert(1)")}
    writer._root_object[NameObject("/OpenAction")] = DictionaryObject(
        {NameObject(name): value for name, value in action.items()}
    )


def _outline(writer: PdfWriter) -> None:
    writer.add_outline_item(title=NUMBER, page_number=0)


def _layer(writer: PdfWriter) -> None:
    group = writer._add_object(DictionaryObject({NameObject("/Type"): NameObject("/OCG")}))
    from pypdf.generic import ArrayObject

    shown = DictionaryObject({NameObject("/OFF"): ArrayObject([group])})
    writer._root_object[NameObject("/OCProperties")] = DictionaryObject({NameObject("/D"): shown})


def _value(writer: PdfWriter) -> None:
    field = DictionaryObject({NameObject("/V"): TextStringObject(NUMBER)})
    writer._root_object[NameObject("/AcroForm")] = writer._add_object(field)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (_orphan, "identity_number"),
        (_outline, "identity_number"),
        (_value, "identity_number"),
        (_script, "active_content"),
        (_layer, "hidden_text"),
    ],
)
def test_every_object_of_a_pdf_is_read(change: Callable[[PdfWriter], None], kind: str) -> None:
    assert kind in kinds("a.pdf", _written(change))


def test_nothing_stands_behind_a_pdf_and_no_older_one_in_it() -> None:
    assert "trailing_data" in kinds("a.pdf", page(TEXT) + NUMBER.encode())
    whole = page(TEXT)
    assert "older_versions" in kinds("a.pdf", whole.replace(b"%%EOF", b"     ") + whole[whole.index(b"xref\n0") :])


def test_a_picture_is_a_picture_and_nothing_more() -> None:
    png = bytes.fromhex("89504e470d0a1a0a0000000d") + b"IHDR" + bytes(17) + b"\0\0\0\0IEND\xaeB`\x82"
    assert kinds("a.png", png) == set()
    assert kinds("a.png", png + b"PK\x03\x04") == {"trailing_data"}
    assert kinds("a.png", png.replace(b"IEND", b"tEXt" + NUMBER.encode() + b"IEND")) == {"identity_number"}
    with pytest.raises(RefusedFile):
        check("a.png", bytes.fromhex("89504e470d0a1a0a") + b"MZ")


def test_a_text_that_is_none_is_refused() -> None:
    with pytest.raises(RefusedFile):
        check("a.txt", f"ID:{NUMBER}".encode("utf-16-le"))


STRUCK = '<w:tbl><w:tr><w:trPr><w:del w:id="1" w:author="甲某"/></w:trPr><w:tc><w:p><w:r><w:t>删去的住址</w:t></w:r></w:p></w:tc></w:tr></w:tbl><w:p/>'
CELL = '<w:tbl><w:tr><w:tc><w:tcPr><w:cellDel w:id="1" w:author="甲某"/></w:tcPr><w:p><w:r><w:t>删去的住址</w:t></w:r></w:p></w:tc></w:tr></w:tbl><w:p/>'


@pytest.mark.parametrize("struck", [STRUCK, CELL])
def test_what_was_struck_out_does_not_live_again(struck: str) -> None:
    data = changed(word(), "word/document.xml", f"<w:p>{RUN}</w:p>", struck)
    left = part_of(redact("a.docx", data, [])[0])
    assert "删去的住址" not in left
    assert "甲某" not in left


@pytest.mark.parametrize(
    "run",
    [
        '<x:old xmlns:x="urn:x" who="甲某">旧稿</x:old>',
        '<w:r w:rsidR="00AB12CD"><w:instrText>INCLUDETEXT C:/Users/甲某/旧稿</w:instrText></w:r>',
        '<w:fldSimple w:instr="INCLUDETEXT 甲某旧稿"/>',
    ],
)
def test_redaction_keeps_no_strangers(run: str) -> None:
    left = part_of(redact("a.docx", in_body(run), [])[0])
    for gone in ("甲某", "旧稿", "00AB12CD"):
        assert gone not in left


@pytest.mark.parametrize("text", ["柳\u200b青禾", "柳\u00ad青禾", "ＬＩＵ ｑｉｎｇｈｅ", "liu QINGHE"])
def test_a_term_in_another_writing_is_refused_rather_than_left(text: str) -> None:
    terms = [("柳青禾", MARK), ("Liu Qinghe", MARK)]
    for name, data in (("a.docx", word(None, text)), ("a.txt", text.encode())):
        with pytest.raises(RefusedFile):
            redact(name, data, terms)


def test_a_term_that_a_mark_holds_ends() -> None:
    for name, data in (("a.docx", word(None, "个人补偿和隐私")), ("a.txt", "个人补偿和隐私".encode())):
        redacted, withheld = redact(name, data, [("个人", MARK), ("隐私", MARK)])
        assert sum(int(str(one["count"])) for one in withheld) >= 2
        assert redacted


@pytest.mark.parametrize("text", ["申请人柳青\n禾", "申请人柳 青 禾", "申请人柳青禾"])
def test_a_texts_terms_are_taken_out_over_lines_and_blanks(text: str) -> None:
    redacted, withheld = redact("a.txt", text.encode(), [("柳青禾", MARK)])
    assert redacted.decode() == f"申请人{MARK}"
    assert withheld[0]["count"] == 1


def test_a_picture_that_holds_a_term_is_not_handed_over() -> None:
    data = with_part(word(), "word/media/i.png", "tEXt柳青禾")
    with pytest.raises(RefusedFile):
        redact("a.docx", data, [("柳青禾", MARK)])
