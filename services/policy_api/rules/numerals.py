"""Numbers as official texts write them: 十二, 一百零三, 二〇二五, １２. Knows nothing of what they number."""

from functools import lru_cache

_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {
    "〇": 0,
    "○": 0,
    "Ｏ": 0,
    "两": 2,
    "元": 1,
}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_FULL_WIDTH = str.maketrans("０１２３４５６７８９", "0123456789")

NUMERAL_CHARS = "零〇○一二两三四五六七八九十百千0-9０-９"
"""For the inside of a regular expression's brackets."""


@lru_cache(maxsize=4096)
def find_number(written: str) -> int | None:
    """The value of a numeral up to 9999 in Arabic, full-width or Chinese digits; None when it is none."""
    written = written.translate(_FULL_WIDTH).replace(" ", "").replace("\u3000", "")
    if not written or len(written) > 9:
        return None
    if written.isascii():
        return int(written) if written.isdigit() and len(written) <= 4 else None
    if any(char in _UNITS for char in written):
        return _read_with_units(written)
    return _read_digit_by_digit(written)


def write_chinese(number: int) -> str:
    """1 to 9999 as a heading writes it: 10 is 十, 103 is 一百零三."""
    if not 1 <= number <= 9999:
        raise ValueError(f"{number} is not between 1 and 9999")
    out, rest, gap = "", number, False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, rest = divmod(rest, unit)
        if not digit:
            gap = bool(out)
            continue
        out += ("零" if gap else "") + "零一二三四五六七八九"[digit] + name
        gap = False
    return out.removeprefix("一") if out.startswith("一十") else out


def _read_with_units(written: str) -> int | None:
    total, digit, last_unit = 0, None, 10_000
    for char in written:
        unit = _UNITS.get(char)
        if unit is None:
            value = _DIGITS.get(char)
            if value is None or (digit not in (None, 0)):
                return None
            digit = value
        elif unit >= last_unit or (digit in (None, 0) and unit != 10):
            return None
        else:
            total += (digit or 1) * unit
            digit, last_unit = None, unit
    return (total + (digit or 0)) or None


def _read_digit_by_digit(written: str) -> int | None:
    if len(written) > 4 or any(char not in _DIGITS for char in written):
        return None
    if len(written) == 1:
        return _DIGITS[written] or None
    return int("".join(str(_DIGITS[char]) for char in written)) or None
