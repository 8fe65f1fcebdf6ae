"""Document numbers (发文字号) as people type them: found in a query, and reduced to one key per document.

Forgiving on purpose: a key that names no document costs one look-up and finds nothing. Whether a number is well formed
is policy_api's to judge.
"""

import re
import unicodedata

MAX_NUMBERS = 5
_HAN = "\u4e00-\u9fa5"
_OPEN, _CLOSE = "〔\\[(【﹝〖{<〈《", "〕\\])】﹞〗}>〉》"
_BLANKS = re.compile(r"[\s\u200b-\u200d\u2060\ufeff]+")
# 发文机关代字 + 年份 + 发文顺序号 (GB/T 9704-2012 §7.2.5). The year has four digits, so that even 济政办发20252号 is
# read in one way only. What follows the sequence must not make it a date (2025年6月, 2025-06-05).
_NUMBER = re.compile(
    rf"(?P<code>[{_HAN}]{{2,12}})[{_OPEN}]?(?P<year>(?:19|20)[0-9]{{2}})年?[{_CLOSE}]?"
    r"(?:第|[-—–_/.])?0*(?P<seq>[1-9][0-9]{0,5})(?![0-9年月日.\-/])号?"
)
_ORDER = re.compile(
    rf"(?P<issuer>[{_HAN}]{{1,40}}?)令[{_OPEN}]?(?P<year>(?:19|20)[0-9]{{2}})?年?[{_CLOSE}]?"
    rf"(?:第|-)?(?:0*(?P<seq>[1-9][0-9]{{0,5}})|(?P<han>[一二三四五六七八九十百千零〇]{{1,9}}))号?"
)
_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"〇": 0}
_UNITS = {"十": 10, "百": 100, "千": 1000}


def squeeze(text: str) -> str:
    """Full width made half width, and no blanks."""
    return _BLANKS.sub("", unicodedata.normalize("NFKC", text))


def key_of(doc_no: str) -> str:
    """What a document is filed under: 济政办发2025-2. A number of no known form is its own key."""
    text = squeeze(doc_no)
    for pattern in (_NUMBER, _ORDER):
        if found := pattern.fullmatch(text):
            return _key(found)
    return text


def forms_of(doc_no: str) -> list[str]:
    """Spellings to be found by full text as well: as it stands, without brackets, with a dash."""
    text = squeeze(doc_no)
    found = _NUMBER.fullmatch(text)
    if found is None:
        return list(dict.fromkeys((doc_no, text)))
    code, year, seq = found["code"], found["year"], found["seq"]
    return [f"{code}〔{year}〕{seq}号", f"{code}{year}{seq}号", f"{code}{year}-{seq}"]


def keys_in(query: str) -> list[list[str]]:
    """Keys of the documents that a query may name, wherever in it the number stands: a list for each number.

    Words may precede a code (关于济政办发〔2025〕2号), and nobody can say where they end: each shorter code is a candidate,
    longest first, and only the longest that exists is meant.
    """
    text = squeeze(query)
    candidates = [[text]] if any(char.isdigit() for char in text) else []
    for found in _NUMBER.finditer(text):
        code = found["code"]
        candidates.append([f"{code[start:]}{found['year']}-{found['seq']}" for start in range(len(code) - 1)])
    for found in _ORDER.finditer(text):
        key = _key(found)
        candidates.append([key[start:] for start in range(len(found["issuer"]))])
    return candidates[:MAX_NUMBERS]


def with_phrases(query: str) -> str:
    """The query with year and sequence of each number as a phrase: what cites it, not whatever holds its digits."""
    text = squeeze(query)
    if not _NUMBER.search(text):
        return query
    return _NUMBER.sub(lambda found: f' {found["code"]} "{found["year"]} {found["seq"]}" ', text.replace('"', " "))


def _key(found: re.Match[str]) -> str:
    groups = found.groupdict()
    seq = groups["seq"] or str(_read_chinese(groups["han"]))
    name = groups.get("code") or f"{groups['issuer']}令"
    return f"{name}{groups['year'] or ''}-{seq}"


def _read_chinese(text: str) -> int:
    """二百八十七 is 287, and 二八七 too."""
    if not any(char in _UNITS for char in text):
        return int("".join(str(_DIGITS[char]) for char in text))
    total, digit = 0, 0
    for char in text:
        if char in _UNITS:
            total, digit = total + (digit or 1) * _UNITS[char], 0
        else:
            digit = _DIGITS[char]
    return total + digit
