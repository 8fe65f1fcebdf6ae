"""Cells of the national standard's table, read and written: ticks, marked channels, numbers (domain.md §5.1). Pure.

Everything read can be written back. What reads the same in other words (■ for √, a list for marked boxes) is normalised;
the table keeps how it was written beside it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from shared.schemas.catalogs import Channel

CHANNEL_NAMES = {
    Channel.WEB: "政府网站",
    Channel.GAZETTE: "政府公报",
    Channel.SOCIAL: "两微一端",
    Channel.PRESS_HEARING: "发布会/听证会",
    Channel.BROADCAST: "广播电视",
    Channel.PRINT: "纸质媒体",
    Channel.READING_POINT: "公开查阅点",
    Channel.SERVICE_HALL: "政务服务中心",
    Channel.CONVENIENCE_STATION: "便民服务站",
    Channel.ONSITE: "入户/现场",
    Channel.BULLETIN_BOARD: "社区/企事业单位/村公示栏（电子屏）",
    Channel.TARGETED_PUSH: "精准推送",
    Channel.OTHER: "其他",
}
_OTHER_SPELLINGS = {"政府服务中心": Channel.SERVICE_HALL, "其它": Channel.OTHER}
_MARKED, _UNMARKED = "■☑✓√●", "□☐口○"
"""口 is what text recognition makes of □."""
_BOX = re.compile(f"([{_MARKED}{_UNMARKED}])")
_BETWEEN = re.compile(r"[、，,;；\n]+")
_YES = frozenset({*"■☑✓√✔●", "是", "v", "V", "1", "有", "true", "TRUE"})
_NO = frozenset({"", *"□☐口○×✗", "否", "0", "无", "/", "-", "—", "false", "FALSE"})
_PUNCTUATION = str.maketrans({"(": "（", ")": "）", "／": "/", "\u3000": "", " ": "", "\t": "", ":": "："})


def plain(text: str) -> str:
    """A name as names are compared: without blanks, brackets full-width."""
    return "".join(text.translate(_PUNCTUATION).split())


_CHANNELS = {plain(name): channel for channel, name in CHANNEL_NAMES.items()} | _OTHER_SPELLINGS


@dataclass(frozen=True)
class Channels:
    """What a cell of 公开渠道和载体 says."""

    known: tuple[Channel, ...]
    others: tuple[str, ...]
    understood: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    """Names that are written otherwise than the standard writes them, and what they were taken for."""


def read_channels(cell: str) -> Channels:
    """Marked boxes, or a list of names where nothing is marked. A name outside the thirteen is an other channel."""
    names = _ticked(cell) if _BOX.search(cell) else _BETWEEN.split(cell)
    known: list[Channel] = []
    others: list[str] = []
    understood: dict[str, str] = {}
    for name in names:
        head, colon, rest = plain(name).partition("：")
        channel = _CHANNELS.get(head)
        if head in _OTHER_SPELLINGS:
            understood[head] = CHANNEL_NAMES[_OTHER_SPELLINGS[head]]
        if channel is Channel.OTHER or (channel is None and head):
            said = rest if channel is Channel.OTHER and colon else name.strip() if channel is None else ""
            others += [one.strip() for one in _BETWEEN.split(said) if one.strip(" （）()_＿")]
            channel = Channel.OTHER
        if channel is not None:
            known.append(channel)
    in_order = tuple(one for one in Channel if one in known)
    return Channels(in_order, tuple(dict.fromkeys(others)), tuple(understood.items()))


def _ticked(cell: str) -> list[str]:
    """Names behind a filled box. A name reaches to the next box."""
    parts = _BOX.split(cell)
    return [name for mark, name in zip(parts[1::2], parts[2::2], strict=True) if mark in _MARKED and name.strip()]


def write_channels(known: Iterable[Channel], others: Sequence[str]) -> str:
    """All thirteen with their boxes, as the standard prints them."""
    chosen = set(known)
    lines = []
    for channel, name in CHANNEL_NAMES.items():
        said = f"：{'、'.join(others)}" if channel is Channel.OTHER and others and channel in chosen else ""
        lines.append(f"{'■' if channel in chosen else '□'}{name}{said}")
    return "\n".join(lines)


def read_tick(cell: str) -> bool | None:
    """Whether a cell is ticked; None for anything else, which is text."""
    said = cell.strip()
    return True if said in _YES else False if said in _NO else None


def read_number(cell: str) -> int | None:
    """序号, written as a number or as a code of digits such as 0505."""
    digits = cell.strip().removesuffix(".0")
    return int(digits) if re.fullmatch(r"\d{1,6}", digits) and 1 <= int(digits) <= 100_000 else None


def harmless(text: str) -> str:
    """For a spreadsheet that would take it as a formula (CSV injection): a quote before it, as spreadsheets hide it."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def without_quote(text: str) -> str:
    """What `harmless` was given."""
    return text[1:] if text[:1] == "'" and harmless(text[1:]) == text else text
