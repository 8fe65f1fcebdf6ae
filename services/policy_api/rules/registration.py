"""Registration numbers (统一登记号) of administrative normative documents.

统一登记、统一编号、统一公布: 《山东省行政规范性文件制定和监督管理办法》（省政府令第353号）. Whether the
registry really gave the number is not known here.
"""

import re
from unicodedata import normalize

REGISTRATION_PATTERN = re.compile(r"[A-Z]{2}(?:PR|CR|DR)-(?:19|20)[0-9]{2}-[0-9]{7}")
"""Province, city or district; year; three digits of the agency and four of the document: JNCR-2023-0020001."""

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣", "-"))  # What stands in for a hyphen.


def check_registration_number(raw: str, *, pattern: re.Pattern[str] = REGISTRATION_PATTERN) -> str:
    """The number in its one spelling (hyphens, capitals, no blanks); ValueError says in Chinese what is wrong."""
    text = re.sub(r"\s+", "", normalize("NFKC", raw).translate(_DASHES)).upper()
    text = re.sub(r"-{2,}", "-", text)  # A Chinese dash is two characters long.
    if not pattern.fullmatch(text):
        raise ValueError("统一登记号应形如“JNCR-2023-0020001”：四位字母、年份、七位数字，以连字符相连")
    return text
