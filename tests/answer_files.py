"""Files as the tests of the check before leaving make them. All data is invented."""

import io
from collections.abc import Callable

import xlsxwriter
from docx import Document
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from services.request_api.service.answer_files.work import check

TEXT = "BT /F1 12 Tf 50 100 Td (some words) Tj ET"
NUMBER = "370103198809142340"
MARK = "【不予公开：个人隐私】"


def kinds(name: str, data: bytes, *, blocking: bool = True) -> set[str]:
    return {one.kind for one in check(name, data) if one.blocking or not blocking}


def word(change: Callable[[Document], None] | None = None, *paragraphs: str) -> bytes:  # type: ignore[valid-type]  # python-docx: a function
    document = Document()
    for text in paragraphs or ("公开内容。",):
        document.add_paragraph(text)
    if change:
        change(document)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def book(change: Callable[[xlsxwriter.Workbook], None]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as workbook:
        workbook.add_worksheet("公开").write(0, 0, "公开内容")
        change(workbook)
    return buffer.getvalue()


def page(content: str) -> bytes:
    """A page with these operators, and a font to write with."""
    writer = PdfWriter()
    sheet = writer.add_blank_page(300, 300)
    font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
    fonts = DictionaryObject(
        {NameObject("/F1"): DictionaryObject({NameObject(k): NameObject(v) for k, v in font.items()})}
    )
    sheet[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    stream = DecodedStreamObject()
    stream.set_data(content.encode())
    sheet[NameObject("/Contents")] = stream
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()
