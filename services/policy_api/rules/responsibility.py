"""Who is responsible for a point of a plan (责任单位), from the tail that such points end with.

Understands （责任单位：甲、乙）, （牵头单位：甲；配合单位：乙）, （甲牵头，乙、丙配合）, （甲、乙按职责分工负责）. Names are
given as they are written; whose they are is not decided here.
"""

import re

MAX_TAIL_CHARACTERS = 600
_OPEN, _CLOSE = "（(", "）)"
_LABEL = re.compile(
    r"(?:责任|牵头|配合|主办|协办|承办|参与|参加|落实|实施|负责|完成)(?:单位|部门|机关)(?:及分工)?[：:]|(?:主办|牵头|配合|责任)[：:]"
)
_TERM = re.compile(r"(?:完成)?(?:时限|期限|时间)[：:][^；;]*")
_ROLE = re.compile(
    r"(?:等(?:部门|单位|有关部门)?)?(?:(?:按照?|根据|依)(?:各自)?职责(?:分工)?|分工|分别|共同|各自|具体|依法)*"
    r"(?:牵头|负责|配合|参与|参加|落实|组织实施|实施|会同|承办|推进|指导)+(?:落实|实施|推进)?$"
)
_TAIL = re.compile(r"(?:责任|牵头)(?:单位|部门)[：:]")
_REMARK = re.compile("(?:列|排)在?第一|下同|适用范围|均为")
"""列第一位者为牵头单位，下同: said about the list, not part of it."""
_SEPARATOR = re.compile(r"[（(）)]|[、，,；;。]|会同")
_PLAIN_SEPARATOR = re.compile(r"[、，,；;]|会同")
_ENDING = re.compile(r"[（(）)。]")
_ROLE_ENDS = ("牵头", "负责", "配合", "参与", "参加", "落实", "实施", "会同", "承办", "推进", "指导")
_ROLES_IN_TAIL = ("牵头", "负责", "配合")


def find_responsible(point: str) -> list[str]:
    """Units named in a point's own text, each once, in the order of the text."""
    text = "".join(point.split())
    tails = _labelled_tails(text) or _closing_tail(text)
    names = [name for tail in tails for name in _read_units(tail)]
    return list(dict.fromkeys(names))


def _labelled_tails(text: str) -> list[str]:
    """What stands between 责任单位： (or 牵头单位：) and the bracket or sentence that closes it."""
    tails = []
    begin = 0
    while found := _TAIL.search(text, begin):
        begin = _closing(text, found.end())
        tails.append(text[found.end() : begin])
    return tails


def _closing(text: str, begin: int) -> int:
    """Where the tail that is open at `begin` ends: the bracket that closes it, a full stop, or the limit."""
    depth = 0
    end = min(len(text), begin + MAX_TAIL_CHARACTERS)
    for match in _ENDING.finditer(text, begin, end):
        char = match[0]
        if char in _OPEN:
            depth += 1
        elif char == "。" or depth == 0:
            return match.start()
        else:
            depth -= 1
    return end


def _closing_tail(text: str) -> list[str]:
    """The inside of the bracket that the text ends with, when it names a role."""
    text = text.rstrip("。；;")
    if not text or text[-1] not in _CLOSE:
        return []
    depth = 0
    for position in range(len(text) - 1, max(-1, len(text) - MAX_TAIL_CHARACTERS), -1):
        if text[position] in _CLOSE:
            depth += 1
        elif text[position] in _OPEN:
            depth -= 1
            if depth == 0:
                inside = text[position + 1 : -1]
                return [inside] if any(role in inside for role in _ROLES_IN_TAIL) else []
    return []


def _read_units(tail: str) -> list[str]:
    if "时" in tail or "期限" in tail:
        tail = _TERM.sub("", tail)
    if "：" in tail or ":" in tail:
        tail = _LABEL.sub("；", tail)
    units = []
    for part in _split_outside_brackets(tail):
        name = (_ROLE.sub("", part) if part.endswith(_ROLE_ENDS) else part).removesuffix("等")
        if 1 < len(name) <= 60 and not _REMARK.match(name):
            units.append(name)
    return units


def _split_outside_brackets(tail: str) -> list[str]:
    """Parts between separators; 部门（单位、机构） stays whole."""
    if _ENDING.search(tail) is None:
        return _PLAIN_SEPARATOR.split(tail)
    parts, begin, depth = [], 0, 0
    for match in _SEPARATOR.finditer(tail):
        found = match[0]
        if found in _OPEN:
            depth += 1
        elif found in _CLOSE:
            depth = max(0, depth - 1)
        elif depth == 0:
            parts.append(tail[begin : match.start()])
            begin = match.end()
    return [*parts, tail[begin:]]
