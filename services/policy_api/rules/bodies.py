"""Bodies of documents: sanitised HTML, plain text out of HTML, normalised plain text.

Characters are kept as the organ wrote them (no Unicode normalisation: the text must equal the standard text); only what
nobody can see goes. What a text says, and its outline, is not read here.
"""

import re
from collections.abc import Iterator
from html import unescape

import nh3

_TAGS = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "div", "section", "article", "blockquote"),
    *("ul", "ol", "li", "dl", "dt", "dd"),
    *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"),
    *("strong", "em", "b", "i", "u", "s", "sub", "sup"),
    *("a", "img", "figure", "figcaption"),
}
_ATTRIBUTES = {
    "a": {"href"},
    "img": {"src", "alt"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "ol": {"start"},
}
_BLOCKS = frozenset(
    {
        *(
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "p",
            "br",
            "hr",
            "div",
            "section",
            "article",
            "aside",
            "header",
            "footer",
        ),
        *("main", "nav", "blockquote", "pre", "address", "center", "form", "option", "figure", "figcaption", "body"),
        *("ul", "ol", "li", "dl", "dt", "dd", "table", "caption", "thead", "tbody", "tfoot", "tr"),
    }
)
_CELLS = frozenset({"td", "th"})
_RAW = frozenset(
    {
        *("script", "style", "title", "textarea", "template", "noscript", "iframe", "noembed", "noframes", "xmp"),
        *("svg", "math", "object", "plaintext", "select"),
    }
)
"""Elements whose content is no text of the document, or is not read as markup."""
_NEVER_NEST = frozenset(
    {"p", "br", "hr", "img", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "caption"}
)
"""Without content, or closed by the next of their kind."""
_WITHOUT_END = frozenset({"area", "base", "col", "embed", "input", "link", "meta", "option", "param", "source", "wbr"})
_FORMATTING = frozenset({"a", "b", "em", "i", "s", "strong", "u", "sub", "sup"})
_MAX_DEPTH = 200
# Grammar of a tag that every parser reads alike; any other `<` is taken as the character.
_TOKEN = re.compile(
    r"""<(?:(?P<closing>/?)(?P<name>[a-zA-Z][a-zA-Z0-9:-]*)(?:\s[^<>"'=/]*+|/|=\s*+(?:"[^"]*"|'[^']*'|[^\s"'=<>`]++))*+>|[!?][^<>]*>)"""
)
# Two noncharacters stand for `&` and `<` of the text while nh3 works.
_AMPERSAND, _LESS = "\ufdd0", "\ufdd1"
_INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
_DROP = dict.fromkeys(map(ord, _INVISIBLE))
_BLANKS = " \t\u3000\u00a0"
_WIDE = r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60]"
# CSS Text 3 §4.1.3: a line break of the source between two wide characters is no blank.
_WIDE_BREAK = re.compile(rf"(?<={_WIDE})[ \t\f]*+[\r\n]\s*+(?={_WIDE})")
_WHITE = re.compile(r"[ \t\r\n\f]+")
_LINE_START = re.compile(r"\n[ \t\n]*")


def sanitize_html(html: str) -> str:
    """The document's structure and nothing that runs, loads from plain http, or hides.

    Links go to http and https only, pictures come by https only, unknown elements leave their text.
    """
    clean = _CLEANER.clean(_plain_markup(normalize_text(html)))
    return normalize_text(clean.replace(_AMPERSAND, "&amp;").replace(_LESS, "&lt;"))


def plain_text(html: str) -> str:
    """The text a reader sees: blocks on lines of their own, cells of a row parted by tabs, entities decoded."""
    parts: list[str] = []
    for text, closing, name, _ in _tokens(html):
        parts.append(unescape(_WHITE.sub(" ", _WIDE_BREAK.sub("", text))))
        if name in _BLOCKS:
            parts.append("\n")
        elif closing and name in _CELLS:
            parts.append("\t")
    return _LINE_START.sub("\n", normalize_text("".join(parts))).strip("\n\t ")


def exceeds_depth(html: str, limit: int) -> bool:
    """Whether elements stand within more than `limit` others. Those that the next of their kind ends count for none."""
    depth = 0
    for _, closing, name, tag in _tokens(html):
        if not name or name in _NEVER_NEST or name in _WITHOUT_END or tag.endswith("/>"):
            continue
        depth = max(0, depth - 1) if closing else depth + 1
        if depth > limit:
            return True
    return False


def normalize_text(text: str) -> str:
    """LF ends lines, no trailing blanks, nothing invisible (BOM, zero-width, direction marks). Applying it twice is once.

    Indentation, full-width blanks within and every visible character stay.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\u2028" in text or "\u2029" in text:
        text = text.replace("\u2028", "\n").replace("\u2029", "\n")
    if any(char in text for char in _INVISIBLE):
        text = text.translate(_DROP)
    return "\n".join([line.rstrip(_BLANKS) for line in text.split("\n")])


def _plain_markup(html: str) -> str:
    """The same document in markup of one reading and bounded depth.

    nh3 decides what is safe; but its parser takes time with the square of the nesting and of the character references
    (a megabyte of `<div>`: minutes), so both are settled before. What nests deeper than any document loses its tags,
    not its text.
    """
    html = html.replace(_AMPERSAND, "").replace(_LESS, "")
    parts: list[str] = []
    opened: list[str] = []
    for text, closing, name, tag in _tokens(html):
        parts.append(unescape(text).replace("&", _AMPERSAND).replace("<", _LESS))
        if name in _TAGS and (name in _NEVER_NEST or (_close if closing else _open)(opened, name)):
            parts.append(tag)
    return "".join(parts)


def _open(opened: list[str], name: str) -> bool:
    """Notes an opening tag; False when it nests too deep."""
    if len(opened) >= _MAX_DEPTH or (name in _FORMATTING and opened.count(name) >= 5):
        return False
    opened.append(name)
    return True


def _close(opened: list[str], name: str) -> bool:
    """Notes a closing tag; False when nothing is there to close. As in HTML, no cell closes what stands outside."""
    if name == "table" and name in opened:
        while opened.pop() != name:
            pass
        return True
    for index in range(len(opened) - 1, -1, -1):
        if opened[index] == name:
            del opened[index]
            return True
        if opened[index] == "table":
            return False
    return False


def _tokens(html: str) -> Iterator[tuple[str, bool, str, str]]:
    """Text, then the tag after it: whether it closes, its name and its source; empty name where no tag follows."""
    if "<!--" in html:
        first, *others = html.split("<!--")
        html = first + "".join(other.partition("-->")[2] for other in others)
    position, raw = 0, ""
    for token in _TOKEN.finditer(html):
        closing, name = token["closing"] == "/", (token["name"] or "").lower()
        if raw:
            if closing and name == raw:
                position, raw = token.end(), ""
            continue
        if name in _RAW and not closing:
            raw = name
            yield html[position : token.start()], False, "", ""
            continue
        yield html[position : token.start()], closing, name, token[0]
        position = token.end()
    if not raw:
        yield html[position:], False, "", ""


def _keep_attribute(element: str, attribute: str, value: str) -> str | None:
    """nh3 alone would keep relative addresses, and http for pictures."""
    if attribute == "href":
        return value if value.lower().startswith(("https://", "http://")) else None
    if attribute == "src":
        return value if value.lower().startswith("https://") else None
    if attribute in ("colspan", "rowspan", "start"):
        return value if value.isascii() and value.isdigit() and len(value) <= 3 else None
    return value


_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags=set(_RAW) - {"select"},
    attributes=_ATTRIBUTES,
    attribute_filter=_keep_attribute,
    url_schemes={"http", "https"},
    link_rel="noopener noreferrer",
    strip_comments=True,
)
