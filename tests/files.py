"""Files made by hand for the tests of the readers: small PDFs, packages, and such as mean harm. All text is invented."""

import io
import zipfile
import zlib
from collections.abc import Iterable, Sequence

import docx

TITLE = "泉城市人民政府办公厅关于印发《泉城市共享单车停放管理办法》的通知"
OPENING = ("泉政办规〔2026〕7号", TITLE, "各区县人民政府，市政府各部门：")
CLOSING = ("泉城市人民政府办公厅", "2026年5月6日", "（此件公开发布）")
_TYPES = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(17) + b"\0\0\0\0IEND\xaeB`\x82"
"""A picture from its first part to its last, of no size."""


def make_docx(lines: Iterable[str]) -> bytes:
    """A Word document with a paragraph a line."""
    document = docx.Document()
    for line in lines:
        document.add_paragraph(line)
    return saved(document)


def saved(document: "docx.document.Document") -> bytes:
    """The bytes of a document that was built."""
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def replace_part(package: bytes, name: str, content: bytes) -> bytes:
    """The same package with one part exchanged or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if info.filename != name:
                new.writestr(info.filename, old.read(info))
        new.writestr(name, content)
    return out.getvalue()


def body_part(inner: str) -> bytes:
    """A main part of a Word document around this markup."""
    name = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    return (
        f'<?xml version="1.0"?><w:document xmlns:w="{name}"><w:body>{inner}<w:sectPr/></w:body></w:document>'
    ).encode()


def docx_of(inner: str) -> bytes:
    """A Word document whose body is this markup."""
    return replace_part(make_docx(["空"]), "word/document.xml", body_part(inner))


def make_pdf(pages: Sequence[Sequence[str]], *, trailer: str = "") -> bytes:
    """A PDF with a line of text a line, in a composite font whose codes are Unicode."""
    streams = [_page_stream(lines) for lines in pages]
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{' '.join(f'{5 + 2 * n} 0 R' for n in range(len(pages)))}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong /Encoding /UniGB-UTF16-H /DescendantFonts [4 0 R] >>",
        b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong /CIDSystemInfo "
        b"<< /Registry (Adobe) /Ordering (GB1) /Supplement 4 >> /DW 1000 >>",
    ]
    for number, stream in enumerate(streams):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {6 + 2 * number} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        objects.append(stream_object(stream))
    return pdf_of(objects, trailer=trailer)


def _page_stream(lines: Sequence[str]) -> bytes:
    """A line that begins with blanks is set in, as printing programs do it: by its place."""
    shown = ""
    for number, line in enumerate(lines):
        text = line.lstrip("\u3000")
        left = 80 + 16 * (len(line) - len(text))
        shown += f"1 0 0 1 {left} {780 - 24 * number} Tm <{text.encode('utf-16-be').hex()}> Tj\n"
    return f"BT /F1 16 Tf\n{shown}ET".encode()


def stream_object(data: bytes, *, deflated: int = 0) -> bytes:
    """A stream, compressed as often as told."""
    for _ in range(deflated):
        data = zlib.compress(data, 9)
    filters = f"/Filter [{'/FlateDecode ' * deflated}] " if deflated else ""
    return f"<< {filters}/Length {len(data)} >>\nstream\n".encode() + data + b"\nendstream"


def pdf_of(objects: Sequence[bytes], *, trailer: str = "") -> bytes:
    """The first object is the catalogue."""
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


# Files that mean harm.


def zip_of(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name, content)
    return out.getvalue()


def xml_nested(levels: int) -> bytes:
    """A Word document with tables within tables."""
    opening = "<w:tbl><w:tr><w:tc>"
    return docx_of(opening * levels + "<w:p/>" + "</w:tc></w:tr></w:tbl>" * levels)


def entity_bomb() -> bytes:
    """Ten entities, each ten times the one before (billion laughs), as the text of a paragraph."""
    entities = '<!ENTITY a0 "哈">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    part = body_part("<w:p><w:r><w:t>&a9;</w:t></w:r></w:p>").replace(b"?>", f"?><!DOCTYPE x [{entities}]>".encode(), 1)
    return replace_part(make_docx(["空"]), "word/document.xml", part)


def external_entity(path: str) -> bytes:
    """A paragraph that asks for a file of the machine that reads it."""
    part = body_part("<w:p><w:r><w:t>&x;</w:t></w:r></w:p>")
    doctype = f'?><!DOCTYPE x [<!ENTITY x SYSTEM "file://{path}">]>'.encode()
    return replace_part(make_docx(["空"]), "word/document.xml", part.replace(b"?>", doctype, 1))


def pdf_pages(count: int, *, claimed: int | None = None) -> bytes:
    """So many empty pages in one flat tree."""
    kids = " ".join("3 0 R" for _ in range(count))
    pages = f"<< /Type /Pages /Kids [{kids}] /Count {count if claimed is None else claimed} >>".encode()
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"
    return pdf_of([b"<< /Type /Catalog /Pages 2 0 R >>", pages, page])


def pdf_with_content(content: bytes, *, deflated: int = 0) -> bytes:
    """One page with this content stream."""
    return pdf_of(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Resources << /XObject << /X 5 0 R >> >> >>",
            stream_object(content, deflated=deflated),
            b"<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 5 0 R >> >> /Length 5 >>\n"
            b"stream\n/X Do\nendstream",
        ]
    )


def pdf_tree_loop() -> bytes:
    """A page tree whose node is its own child."""
    return pdf_of([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R] /Count 1 /Parent 2 0 R >>"])


def pdf_deep_tree(levels: int) -> bytes:
    nodes = [f"<< /Type /Pages /Kids [{n + 3} 0 R] /Count 1 >>".encode() for n in range(levels)]
    return pdf_of([b"<< /Type /Catalog /Pages 2 0 R >>", *nodes, b"<< /Type /Page /MediaBox [0 0 9 9] >>"])


def pdf_nested_arrays(levels: int) -> bytes:
    return pdf_of([b"<< /Type /Catalog /Pages " + b"[" * levels + b"]" * levels + b" >>"])


def bombs() -> dict[str, tuple[bytes, str]]:
    """By name: a file and the reasons for which it may be refused: how far a reader comes depends on the machine."""
    good = make_docx(["关于测试的通知"])
    return {
        "one member of 2 GB claimed": (_claiming(good, 2_000_000_000), "bomb"),
        "zeros": (replace_part(good, "word/media/a.png", bytes(60_000_000)), "bomb"),
        "zeros as text": (replace_part(good, "word/document.xml", body_part(" " * 25_000_000)), "bomb"),
        "huge xml": (replace_part(good, "word/document.xml", body_part(_noise(31_000_000))), "bomb"),
        "many members": (zip_of({"[Content_Types].xml": b"x", **{f"word/{n}.xml": b"" for n in range(5_000)}}), "bomb"),
        "many directory entries": (zip_of({f"{n}": b"" for n in range(60_000)}), "bomb"),
        "entities": (entity_bomb(), "bomb"),
        "external entity": (external_entity("/etc/hostname"), "bomb"),
        "tables in tables": (xml_nested(100), "too_deep"),
        "10,000 tables in tables": (xml_nested(10_000), "too_deep"),
        "html": (b"<html><body>" + b"<div>" * 10_000 + "关于".encode(), "too_deep"),
        "html open paragraphs": (b"<html>" + b"<p>a" * 1_000_000, "bomb"),
        "html angles": (b"<html>" + b"<" * 3_000_000, "bomb"),
        "html lists": (b"<html><ol>" * 10_000, "too_deep"),
        "macro": (replace_part(good, "word/vbaProject.bin", b"\xd0\xcf"), "macros"),
        "zip without a document": (zip_of({"a.txt": b"a"}), "wrong_type"),
        "pdf zeros": (pdf_with_content(bytes(400_000_000), deflated=1), "bomb"),
        "pdf zeros packed three times": (pdf_with_content(bytes(300_000_000), deflated=3), "bomb"),
        "pdf filters": (pdf_with_content(b" ", deflated=40), "bomb"),
        "pdf 100,000 pages": (pdf_pages(100_000), "bomb too_costly too_large"),
        "pdf 100,000 pages, one claimed": (pdf_pages(100_000, claimed=1), "bomb too_costly too_large"),
        "pdf 1,500 pages": (pdf_pages(1_500), "too_large"),
        "pdf tree loop": (pdf_tree_loop(), "broken"),
        "pdf deep tree": (pdf_deep_tree(10_000), "bomb"),
        "pdf nested arrays": (pdf_nested_arrays(100_000), "broken"),
        "pdf form in itself": (pdf_with_content(b"/X Do " * 1_000), "no_text too_costly"),
        "pdf operators": (pdf_with_content(b"q Q " * 900_000, deflated=1), "bomb too_costly too_large"),
        "pdf encrypted": (
            make_pdf([["关于测试的通知"]], trailer="/Encrypt << /Filter /Standard /V 2 /R 3 >>"),
            "encrypted",
        ),
        "pdf without text": (pdf_pages(1), "no_text"),
        "pdf cut": (make_pdf([["关于测试的通知"]])[:300], "broken"),
        "old word": (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2_000), "wrong_type"),
        "encrypted word": (
            bytes.fromhex("d0cf11e0a1b11ae1") + bytes(500) + "EncryptedPackage".encode("utf-16-le"),
            "encrypted",
        ),
        "program": (b"\x7fELF" + bytes(100), "wrong_type"),
        "noise": (bytes(range(256)) * 100, "wrong_type"),
        "nothing": (b"", "no_text"),
    }


def _claiming(package: bytes, size: int) -> bytes:
    """The same package, whose directory says that a member unpacks to so much."""
    out = bytearray(package)
    place = out.find(b"PK\x01\x02")
    out[place + 24 : place + 28] = size.to_bytes(4, "little")
    return bytes(out)


def _noise(size: int) -> str:
    """Text that does not compress to nothing."""
    return "".join(f"{(n * 2654435761) % 4294967296:08x}" for n in range(size // 8))
