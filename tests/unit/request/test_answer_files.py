"""Files before they leave: every planted thing is found, and what is redacted is in no byte of any part. All data is invented."""

import io
import zipfile
from collections.abc import Callable

import pytest
import xlsxwriter
from docx import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfWriter

from services.request_api.service.answer_files.work import check, redact
from shared.kit.confined import RefusedFile
from tests.answer_files import MARK, NUMBER, TEXT, book, kinds, page, word


def _hide(document: Document) -> None:  # type: ignore[valid-type]
    run = document.add_paragraph().add_run("隐藏的话")  # type: ignore[attr-defined]
    run.font.hidden = True


def _track(document: Document) -> None:  # type: ignore[valid-type]
    deleted = OxmlElement("w:del")
    run = OxmlElement("w:r")
    text = OxmlElement("w:delText")
    text.text = "删去的话"
    run.append(text)
    deleted.append(run)
    document.paragraphs[0]._p.append(deleted)  # type: ignore[attr-defined]


def _comment(document: Document) -> None:  # type: ignore[valid-type]
    paragraph = document.paragraphs[0]  # type: ignore[attr-defined]
    document.add_comment(paragraph.runs, text="批注里的话", author="经办人")  # type: ignore[attr-defined]


def _number_in_header(document: Document) -> None:  # type: ignore[valid-type]
    document.sections[0].header.paragraphs[0].text = f"编号{NUMBER}"  # type: ignore[attr-defined]


def _split_number(document: Document) -> None:  # type: ignore[valid-type]
    paragraph = document.add_paragraph()  # type: ignore[attr-defined]
    for part in (NUMBER[:5], NUMBER[5:11], NUMBER[11:]):
        paragraph.add_run(part)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (_hide, "hidden_text"),
        (_track, "tracked_changes"),
        (_comment, "comments"),
        (_number_in_header, "identity_number"),
        (_split_number, "identity_number"),
    ],
)
def test_what_a_document_hides_is_found(change: Callable[..., None], kind: str) -> None:
    assert kind in kinds("a.docx", word(change))
    assert kinds("a.docx", word()) == set()


def _hidden_sheet(workbook: xlsxwriter.Workbook) -> None:
    workbook.add_worksheet("底稿").hide()


def _very_hidden(workbook: xlsxwriter.Workbook) -> None:
    workbook.add_worksheet("底稿").very_hidden()


def _hidden_row(workbook: xlsxwriter.Workbook) -> None:
    workbook.worksheets()[0].set_row(3, None, None, {"hidden": True})


def _hidden_column(workbook: xlsxwriter.Workbook) -> None:
    workbook.worksheets()[0].set_column(2, 3, None, None, {"hidden": True})


def _note(workbook: xlsxwriter.Workbook) -> None:
    workbook.worksheets()[0].write_comment(0, 0, "批注")


def _cell(workbook: xlsxwriter.Workbook) -> None:
    workbook.worksheets()[0].write(5, 0, f"证件{NUMBER}")


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (_hidden_sheet, "hidden_sheet"),
        (_very_hidden, "hidden_sheet"),
        (_hidden_row, "hidden_cells"),
        (_hidden_column, "hidden_cells"),
        (_note, "comments"),
        (_cell, "identity_number"),
    ],
)
def test_what_a_workbook_hides_is_found(change: Callable[[xlsxwriter.Workbook], None], kind: str) -> None:
    assert kind in kinds("a.xlsx", book(change))
    assert kinds("a.xlsx", book(lambda _: None)) == set()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (f"{TEXT} 0 g 40 95 100 20 re f", {"text_under_box"}),
        (f"0 0 0 rg 40 95 100 20 re f {TEXT}", {"text_under_box"}),
        (f"q 2 0 0 2 0 0 cm 0 g 20 45 60 20 re f Q {TEXT}", {"text_under_box"}),
        (f"0.9 g 40 95 100 20 re f 0 g {TEXT}", set()),
        (f"{TEXT} 0.9 g 40 95 100 20 re f", {"text_under_box"}),
        (f"{TEXT} 0 g 40 200 100 20 re f", set()),
        (f"{TEXT} 0 g 40 98 100 1 re f", set()),
        (f"{TEXT} 0 g 40 95 100 20 re n", set()),
        (f"BT /F1 12 Tf 50 100 Td ({NUMBER}) Tj ET", {"identity_number"}),
    ],
)
def test_text_under_a_dark_box_is_found(content: str, found: set[str]) -> None:
    assert kinds("a.pdf", page(content)) == found


def test_older_versions_and_attachments_of_a_pdf_are_found() -> None:
    changed = PdfWriter(io.BytesIO(page(TEXT)), incremental=True)
    changed.add_metadata({"/Title": "第二版"})
    twice = io.BytesIO()
    changed.write(twice)
    assert "older_versions" in kinds("a.pdf", twice.getvalue())
    writer = PdfWriter(clone_from=io.BytesIO(page(TEXT)))
    writer.add_attachment("底稿.txt", b"draft")
    buffer = io.BytesIO()
    writer.write(buffer)
    assert "embedded" in kinds("a.pdf", buffer.getvalue())


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-8-sig"])
def test_a_text_is_looked_through_in_any_encoding(encoding: str) -> None:
    assert kinds("a.txt", f"张某，证件３７０１０３１９８８０９１４２３４０。{NUMBER}".encode(encoding)) == {
        "identity_number"
    }


def test_what_cannot_be_looked_into_is_refused() -> None:
    for name, data in (("a.exe", b"MZ"), ("a.docx", b"PK"), ("a.pdf", b"nothing"), ("a.xlsx", word())):
        with pytest.raises(RefusedFile):
            check(name, data)


def every_byte(data: bytes) -> str:
    """All parts, entities resolved or not."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return "\n".join(package.read(name).decode("utf-8", "ignore") for name in package.namelist())


def _everywhere(document: Document) -> None:  # type: ignore[valid-type]
    """The name in each place that a document has."""
    document.core_properties.author = "霍家昌"  # type: ignore[attr-defined]
    document.core_properties.comments = "霍家昌的材料"  # type: ignore[attr-defined]
    section = document.sections[0]  # type: ignore[attr-defined]
    section.header.paragraphs[0].text = "霍家昌"
    section.footer.paragraphs[0].text = "经办：霍 家昌"
    table = document.add_table(1, 2)  # type: ignore[attr-defined]
    table.cell(0, 1).text = "户主霍家昌"
    paragraph = document.add_paragraph()  # type: ignore[attr-defined]
    for part in ("住户霍", "家", "昌本人"):
        paragraph.add_run(part)
    _hide(document)
    _track(document)
    document.add_comment(document.paragraphs[0].runs, text="霍家昌来电", author="霍家昌")  # type: ignore[attr-defined]
    linked = OxmlElement("w:hyperlink")
    linked.set(qn("w:tooltip"), "霍家昌的主页")
    paragraph._p.append(linked)


def test_nothing_of_what_is_withheld_is_left_in_any_part() -> None:
    redacted, withheld = redact("a.docx", word(_everywhere, "第一段。"), [("霍家昌", MARK)])
    whole = every_byte(redacted)
    for left in ("霍家昌", "霍 家昌", "隐藏的话", "删去的话", "来电"):
        assert left not in whole, left
    text = "\n".join(paragraph.text for paragraph in Document(io.BytesIO(redacted)).paragraphs)
    assert f"住户{MARK}本人" in text
    assert "第一段。" in text
    assert {str(one["place"]) for one in withheld} >= {"word/document.xml"}
    assert kinds("b.docx", redacted) == set()
    assert Document(io.BytesIO(redacted)).core_properties.author == ""


PIECES = st.lists(
    st.sampled_from(["霍", "家", "昌", "<", "&", " ", "公开", "霍家昌", "家昌霍"]), min_size=1, max_size=12
)


@settings(max_examples=40, deadline=None)
@given(paragraphs=st.lists(PIECES, min_size=1, max_size=4))
def test_no_withheld_term_survives_however_runs_are_cut(paragraphs: list[list[str]]) -> None:
    def write(document: Document) -> None:  # type: ignore[valid-type]
        for pieces in paragraphs:
            paragraph = document.add_paragraph()  # type: ignore[attr-defined]
            for piece in pieces:
                paragraph.add_run(piece)

    try:
        redacted, _ = redact("a.docx", word(write), [("霍家昌", MARK), ("公开", "【另】")])
    except RefusedFile:
        # What runs over paragraphs cannot be marked: it is not handed over at all.
        assert "霍家昌" in "".join("".join(pieces) for pieces in paragraphs).replace(" ", "")
        assert len(paragraphs) > 1
        return
    for paragraph in Document(io.BytesIO(redacted)).paragraphs:
        assert "霍家昌" not in "".join(paragraph.text.split())
    assert "霍家昌" not in every_byte(redacted)


def test_a_term_over_two_paragraphs_is_refused_rather_than_left() -> None:
    with pytest.raises(RefusedFile, match="跨段落"):
        redact("a.docx", word(None, "住户霍", "家昌本人"), [("霍家昌", MARK)])


def test_a_text_file_is_redacted() -> None:
    redacted, withheld = redact("a.txt", "霍家昌和霍家昌".encode(), [("霍家昌", MARK)])
    assert redacted.decode() == f"{MARK}和{MARK}"
    assert withheld[0]["count"] == 2
