"""Tables of catalogs as offices upload them: honest ones, and ones that mean harm. All text is invented."""

import io
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any

import openpyxl

TOP = (
    *("序号", "公开事项", "", "公开内容（要素）", "公开依据", "公开时限", "公开主体", "公开渠道和载体"),
    *("公开对象", "", "公开方式", "", "公开层级", ""),
)
SUB = ("", "一级事项", "二级事项", "", "", "", "", "", "全社会", "特定群众", "主动", "依申请公开", "县级", "乡级")
MERGED = ("A2:A3", "B2:C2", "D2:D3", "E2:E3", "F2:F3", "G2:G3", "H2:H3", "I2:J2", "K2:L2", "M2:N2")


def row(number: Any = 1, first: str = "招生管理", second: str = "招生范围", **cells: Any) -> list[Any]:
    """A row of the standard's layout."""
    usual = {
        "content": "学区划分",
        "basis": "《政府信息公开条例》",
        "limit": "信息形成或者变更之日起20个工作日内",
        "publisher": "教育局",
        "channels": "■政府网站 □政府公报\n■两微一端\n□发布会/听证会",
        "everybody": "√",
        "specific": "",
        "proactive": "√",
        "on_request": "",
        "district": "√",
        "town": "",
    } | cells
    return [number, first, second, *usual.values()]


def workbook(rows: Iterable[Sequence[Any]], *, title: str = "泉城市义务教育领域基层政务公开标准目录") -> bytes:
    """As the standard prints it: a title over everything, two header rows with merged cells."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Sheet1"
    for line in ([title], TOP, SUB, *rows):
        sheet.append(list(line))
    for place in ("A1:N1", *MERGED):
        sheet.merge_cells(place)
    return saved(book)


def saved(book: "openpyxl.Workbook") -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def cells_of(content: bytes) -> list[list[str]]:
    """Every cell of the first sheet, as another library reads them."""
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    return [["" if cell is None else str(cell) for cell in line] for line in sheet.iter_rows(values_only=True)]


def with_part(package: bytes, name: str, content: bytes) -> bytes:
    """The package with one part replaced or added."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if info.filename != name:
                new.writestr(info, old.read(info))
        new.writestr(name, content)
    return buffer.getvalue()


def _sheet(cells: str) -> bytes:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<?xml version="1.0"?><worksheet xmlns="{space}"><sheetData>{cells}</sheetData></worksheet>'.encode()


def hostile() -> dict[str, tuple[bytes, str]]:
    """By name: a file, and the reasons for which it may be refused."""
    good = workbook([row()])
    part = "xl/worksheets/sheet1.xml"
    inline = '<c r="A{0}" t="inlineStr"><is><t>甲{0}</t></is></c>'
    many = "".join(f'<row r="{n}">{inline.format(n)}</row>' for n in range(1, 200_001))
    merges = "".join(f'<mergeCell ref="A{n}:Z{n + 9}"/>' for n in range(1, 60_001))
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    merged = (
        f'<?xml version="1.0"?><worksheet xmlns="{space}"><sheetData><row r="1">{inline.format(1)}</row></sheetData>'
        f'<mergeCells count="60000">{merges}</mergeCells></worksheet>'
    ).encode()
    return {
        "200,000 rows": (with_part(good, part, _sheet(many)), "too_large bomb"),
        "a cell at the far end": (
            with_part(good, part, _sheet('<row r="1048576"><c r="XFD1048576"/></row>')),
            "too_large",
        ),
        "200,000 rows of csv": (b"a,b\n" * 200_000, "too_large"),
        "merged nonsense": (with_part(good, part, merged), "bomb"),
        "zeros": (with_part(good, part, _sheet(" " * 25_000_000)), "bomb"),
        "macros": (with_part(good, "xl/vbaProject.bin", b"\xd0\xcf"), "macros"),
        "entities": (
            with_part(good, part, b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><worksheet/>'),
            "bomb",
        ),
        "word": (
            with_part(good, "[Content_Types].xml", b"<Types>wordprocessingml.document.main+xml</Types>"),
            "wrong_type",
        ),
        "old excel": (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2_000), "wrong_type"),
        "encrypted": (
            bytes.fromhex("d0cf11e0a1b11ae1") + bytes(500) + "EncryptedPackage".encode("utf-16-le"),
            "encrypted",
        ),
        "cut": (good[:2000], "broken"),
        "picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), "wrong_type"),
        "long cell": (b"a," + b"b" * 90_000 + b"\n", "broken too_large"),
        "nothing": (b"", "no_text"),
    }
