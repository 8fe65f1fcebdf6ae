"""Index numbers (索引号): the agency's unified social credit code, a year and a serial number.

Says whether one is well formed, not whether the agency or the document exists.
"""

import re
from functools import lru_cache
from unicodedata import normalize

from shared.schemas.organizations import check_credit_code

# domain.md §6.1, after the formats that the city's and the districts' sites print.
_CURRENT = re.compile(r"([0-9A-HJ-NPQRTUWXY]{18})(?:-[A-Z])?/(?:19|20)[0-9]{2}-[0-9]{5,7}")
# Before credit codes: nine characters of organisation code (GB 11714-1997) or a group of the agency's own.
_LEGACY = re.compile(r"[0-9A-Z]{3,17}(?:[-/][0-9A-Z]{1,12}){1,4}")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣", "-"))  # What stands in for a hyphen.
_EXAMPLE = "，例如“1137010000418859XL/2025-00051”"


def check_index_number(raw: str, *, accept_legacy: bool) -> str:
    """The number in its one spelling; ValueError says in Chinese what is wrong.

    `accept_legacy` also takes the older formats such as `000014349/2018-00204`, as imported documents carry them.
    """
    text = raw
    current = _CURRENT.fullmatch(text)
    if current is None:
        text = re.sub(r"\s+", "", normalize("NFKC", raw).translate(_DASHES)).upper()
        current = _CURRENT.fullmatch(text)
    if current is not None:
        if reason := _why_no_credit_code(current[1]):
            raise ValueError(f"索引号中的{reason}，收到的是“{current[1]}”")
        return text
    if accept_legacy and len(text) <= 60 and _LEGACY.fullmatch(text) and any(char.isdigit() for char in text):
        return text
    if _LEGACY.fullmatch(text):
        raise ValueError("索引号是旧格式；新文件应由18位统一社会信用代码、斜线、年份和5至7位流水号组成" + _EXAMPLE)
    raise ValueError("索引号应由18位统一社会信用代码、斜线、四位年份、连字符和5至7位流水号组成" + _EXAMPLE)


@lru_cache(maxsize=4096)
def _why_no_credit_code(code: str) -> str | None:
    """Remembered: an agency's documents all carry the same code."""
    try:
        check_credit_code(code)
    except ValueError as error:
        return str(error)
    return None
