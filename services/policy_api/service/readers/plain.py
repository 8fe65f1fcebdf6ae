"""Texts and web pages: their encoding, and their visible text."""

import re

from services.policy_api.rules.bodies import exceeds_depth, plain_text
from services.policy_api.service.readers.found import Bounds, Readout, Remark
from services.policy_api.service.readers.kinds import FileKind
from shared.kit.confined import Reason, RefusedFile

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_HIDDEN = re.compile(r"<[a-z][^<>]*?(?:display\s*:\s*none|visibility\s*:\s*hidden|\shidden[\s>=])", re.IGNORECASE)


def read_text(data: bytes, bounds: Bounds) -> Readout:
    """A .txt: UTF-8, else GB 18030."""
    text, remarks = decode(data)
    if len(text) > bounds.characters:
        raise RefusedFile(Reason.TOO_LARGE, f"正文超过{bounds.characters}字；请拆成几份文件")
    return Readout(FileKind.TEXT, text, remarks)


def read_page(data: bytes, bounds: Bounds) -> Readout:
    """A web page: its visible text, blocks on lines of their own, cells parted by tabs."""
    html, remarks = decode(data)
    if html.count("<") > bounds.elements:
        raise RefusedFile(Reason.BOMB, f"网页的元素超过{bounds.elements}个，不是正常的文档")
    if exceeds_depth(html, bounds.depth):
        raise RefusedFile(Reason.TOO_DEEP, f"网页的元素嵌套超过{bounds.depth}层，不予读取")
    text = plain_text(html)
    if len(text) > bounds.characters:
        raise RefusedFile(Reason.TOO_LARGE, f"正文超过{bounds.characters}字；请拆成几份文件")
    if not text.strip():
        raise RefusedFile(Reason.NO_TEXT, "网页里没有可见的文字")
    hidden = len(_HIDDEN.findall(html))
    if hidden:
        remarks.append(Remark("/body", f"网页有{hidden}处隐藏的元素，其中如有文字会混入正文，请核对"))
    lowered = html.lower()
    for tag, words in (("<table", "个表格已转为以制表符分隔的文字"), ("<img", "张图片没有收入正文")):
        if count := lowered.count(tag):
            remarks.append(Remark("/body", f"{count}{words}，请核对"))
    return Readout(FileKind.PAGE, text, remarks)


def decode(data: bytes) -> tuple[str, list[Remark]]:
    """The characters, and a remark where the encoding was guessed. RefusedFile for what is no text."""
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    remarks: list[Remark] = []
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = _decode_national(data)
        remarks.append(Remark("/body", "文件不是 UTF-8 编码，按 GB18030 读取，请核对有无乱码", text.strip()[:60]))
    if _CONTROLS.search(text):
        raise RefusedFile(Reason.WRONG_TYPE, "这不是文本文件；请上传 .docx、有文字层的 .pdf、.html 或 .txt")
    if not text.strip():
        raise RefusedFile(Reason.NO_TEXT, "文件里没有文字")
    return text, remarks


def _decode_national(data: bytes) -> str:
    try:
        return data.decode("gb18030")  # GB 18030-2022; reads any GB 2312 and GBK
    except UnicodeDecodeError as error:
        raise RefusedFile(Reason.WRONG_TYPE, "文件的编码既不是 UTF-8 也不是 GB18030，无法读取") from error
