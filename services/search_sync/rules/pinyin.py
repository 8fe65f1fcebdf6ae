"""Titles as pinyin and as initials, so that one finds them without writing Chinese.

The engine finds words by their beginning only, and whoever types pinyin leaves no blanks between words: so the reading
is stored from every syllable on, each piece WINDOW characters long, and a query is cut to the same length.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from pypinyin import Style, lazy_pinyin

WINDOW = 16
MAX_PIECES = 300
_LATIN = re.compile(r"[a-z0-9ü' \-]+")
_BLANKS = re.compile(r"[' \-]+")

ALTERNATES: dict[str, tuple[str, ...]] = {
    "重": ("zhong", "chong"),
    "行": ("xing", "hang"),
    "长": ("chang", "zhang"),
    "调": ("tiao", "diao"),
    "会": ("hui", "kuai"),
    "都": ("du", "dou"),
    "乐": ("le", "yue"),
    "参": ("can", "shen"),
    "传": ("chuan", "zhuan"),
    "朝": ("chao", "zhao"),
    "降": ("jiang", "xiang"),
    "省": ("sheng", "xing"),
    "率": ("lv", "shuai"),
    "单": ("dan", "shan"),
    "给": ("gei", "ji"),
    "藏": ("zang", "cang"),
    "便": ("bian", "pian"),
    "差": ("cha", "chai"),
    "解": ("jie", "xie"),
    "校": ("xiao", "jiao"),
    "称": ("cheng", "chen"),
    "和": ("he", "huo"),
}
"""Characters of titles that are read in more than one way. Their phrase decides which is taken first; all are kept."""


def read_title(title: str) -> tuple[list[str], list[str]]:
    """Pieces of the reading and pieces of its initials."""
    syllables = _syllables(title.lower())
    reading = [first for first, *_ in syllables]
    full = dict.fromkeys(_piece(reading, start) for start in range(len(reading)))
    short = dict.fromkeys(_initials(reading, start) for start in range(len(reading)))
    for place, (_, *others) in enumerate(syllables):
        for other in others:
            changed = [*reading[:place], other, *reading[place + 1 :]]
            starts = range(max(0, place - WINDOW // 2), place + 1)
            full.update(dict.fromkeys(_piece(changed, start) for start in starts))
            short.update(dict.fromkeys(_initials(changed, start) for start in starts))
    return list(full)[:MAX_PIECES], list(short)[:MAX_PIECES]


def read_query(query: str) -> str | None:
    """The query as one piece when it may be pinyin or initials: Latin letters, with digits, blanks, apostrophes."""
    text = query.strip().lower()
    if not _LATIN.fullmatch(text) or not any(char.isalpha() for char in text):
        return None
    return _BLANKS.sub("", text).replace("ü", "v")[:WINDOW]


def _piece(reading: Sequence[str], start: int) -> str:
    return "".join(reading[start : start + WINDOW])[:WINDOW]


def _initials(reading: Sequence[str], start: int) -> str:
    return "".join([syllable[0] for syllable in reading[start : start + WINDOW]])


def _syllables(title: str) -> list[list[str]]:
    """Each character's readings, most likely first; Latin letters and digits stand for themselves, signs are left out."""
    readings = [_read_character(char) for char in title]
    if any(char in ALTERNATES for char in title):
        # Dictionary of phrases: about 0.4 ms a title, hence only where a phrase can matter.
        by_phrase = lazy_pinyin(title, style=Style.NORMAL, errors=list)  # type: ignore[arg-type]  # pypinyin declares too little: any callable does
        readings = by_phrase if len(by_phrase) == len(title) else readings
    result = []
    for char, reading in zip(title, readings, strict=True):
        if reading.isascii() and reading.isalnum():
            others = [other for other in ALTERNATES.get(char, ()) if other != reading]
            # 绿 is lv, and many type lu.
            others += [reading.replace("v", "u")] if "v" in reading and char != reading else []
            result.append([reading, *others])
    return result


@lru_cache(maxsize=20_000)
def _read_character(char: str) -> str:
    return str(lazy_pinyin(char, style=Style.NORMAL, errors=list)[0])  # type: ignore[arg-type]
