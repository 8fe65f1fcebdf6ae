"""The templates that come with the service: text of this package, made into .docx once."""

import io
import tomllib
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from services.request_api.service.notices.package import read_parts, write_parts
from shared.schemas.notices import NoticeKind

_MADE_ON = date(2000, 1, 1)
"""A letter carries its own day; a template needs one that never changes."""
_BODY, _TITLE = Pt(16), Pt(22)  # GB/T 9704-2012: 三号 and 二号


@cache
def _texts() -> dict[str, str]:
    text = resources.files("services.request_api.service.notices").joinpath("data/templates.toml").read_text("utf-8")
    return tomllib.loads(text)


@cache
def built_in(kind: NoticeKind) -> bytes:
    """The template of a kind as a .docx with placeholders."""
    document = docx.Document()
    normal: Any = document.styles["Normal"]
    normal.font.name, normal.font.size = "FangSong", _BODY
    normal.element.rPr.rFonts.set(qn("w:eastAsia"), "仿宋_GB2312")
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.top_margin, section.bottom_margin = Cm(3.7), Cm(3.5)
    section.left_margin, section.right_margin = Cm(2.8), Cm(2.6)
    for line in _texts()[kind.value].strip().splitlines():
        _add(document, line)
    buffer = io.BytesIO()
    document.save(buffer)
    return write_parts(read_parts(buffer.getvalue()), dated=_MADE_ON)


def _add(document: Any, line: str) -> None:
    mark, _, rest = line.partition(" ")
    paragraph = document.add_paragraph()
    run = paragraph.add_run(rest if mark in "#=|>" else line)
    if mark == "#":
        run.bold, run.font.size = True, _TITLE
    if mark in ("#", "="):
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    elif mark == ">":
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    elif mark != "|":
        paragraph.paragraph_format.first_line_indent = 2 * _BODY
