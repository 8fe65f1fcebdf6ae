"""Text for the index: HTML stripped, bounded, free of the marks that highlighting uses; and highlights made safe."""

import re
from html import escape, unescape

MAX_BODY_CHARACTERS = 200_000
"""What of a body is searched. The longest documents of the library's domain are a quarter of it; beyond it, the engine
keeps 65,535 words of an attribute anyhow."""
MARK_START, MARK_END = "\ue000", "\ue001"
"""Private-use characters: the engine puts them around a hit, so that escaping cannot confuse them with a document's text."""

_HIDDEN = re.compile(r"<(script|style|template)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_BLOCK = re.compile(r"</?(?:p|div|br|li|tr|td|th|h[1-6]|table|ul|ol|section|article|blockquote)\b[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[a-zA-Z/!][^>]*>")
_MARKS = re.compile(f"[{MARK_START}{MARK_END}]")
_BLANK_LINES = re.compile(r"\s*\n\s*")


def plain_body(body: str, body_format: str) -> str:
    """What of a body is searched."""
    text = body
    if body_format == "html":
        text = unescape(_TAG.sub("", _BLOCK.sub("\n", _HIDDEN.sub("", body))))
    return _BLANK_LINES.sub("\n", without_marks(text)).strip()[:MAX_BODY_CHARACTERS]


def without_marks(text: str) -> str:
    """The text without the two characters that mark hits."""
    return _MARKS.sub("", text)


def highlighted(text: str) -> str:
    """Escaped HTML in which only `<em>` is markup. Hits side by side (扬, 尘) become one."""
    return escape(text.replace(MARK_END + MARK_START, "")).replace(MARK_START, "<em>").replace(MARK_END, "</em>")
