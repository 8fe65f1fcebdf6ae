"""How much of one text is copied from another. Pure."""

import html
import re

_SHINGLE = 6
_MARKUP = re.compile(r"<[^<>]*>")
_NOT_TEXT = re.compile(r"[\W_]+")


def copied_share(text: str, source: str) -> float:
    """Share (0 to 1) of `text` that stands in `source` word for word, by runs of six characters.

    The share of the *interpretation*, not of the document: an abridgement is short and copied throughout, so a symmetric
    measure such as Jaccard's would call it different.
    """
    own, original = _shingles(text), _shingles(source)
    return len(own & original) / len(own) if own else 0.0


def _shingles(text: str) -> set[str]:
    plain = _NOT_TEXT.sub("", html.unescape(_MARKUP.sub("", text)))
    return {plain[start : start + _SHINGLE] for start in range(len(plain) - _SHINGLE + 1)}
