"""What a document's raw text says of itself: title, number, addressee, issuers, dates, publicity, what it repeals.

A finder of proposals for whoever imports old documents, not a judge: each field is what the text prints, and
`uncertain` names the fields that were inferred. Pure; plain text only.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from services.policy_api.rules.bodies import normalize_text
from services.policy_api.rules.doc_number import find_doc_numbers, parse_doc_number
from services.policy_api.rules.page_furniture import remove_furniture
from services.policy_api.rules.written_dates import DATE_PATTERN, Period, read_date, read_period
from shared.schemas.policies import Contact, DocClass, DocKind, PublicityAttribute

MAX_HEADER_LINES = 60
MAX_MENTIONS = 50


@dataclass(frozen=True)
class Mention:
    """Another document as this one names it."""

    title: str | None
    doc_no: str | None


@dataclass(frozen=True)
class Extracted:
    """What was found. `uncertain` names fields that were inferred, not printed as such."""

    title: str | None = None
    doc_no: str | None = None
    index_no: str | None = None
    addressee: str | None = None
    issuers: tuple[str, ...] = ()
    signed_on: date | None = None
    issued_on: date | None = None
    effective_on: date | None = None
    expires_on: date | None = None
    effective_from_issue: bool = False
    """自印发之日起施行."""
    lasts: Period | None = None
    """有效期五年: kept for whoever knows the day it counts from when the text does not say it."""
    publicity: PublicityAttribute | None = None
    contact: Contact | None = None
    kind: DocKind = DocKind.NONE
    doc_class: DocClass = DocClass.OTHER
    repeals: tuple[Mention, ...] = ()
    based_on: tuple[Mention, ...] = ()
    body: str = ""
    uncertain: tuple[str, ...] = ()


def extract_metadata(text: str) -> Extracted:
    """Everything found in a text; linear in its length."""
    lines = remove_furniture(normalize_text(text))
    header = _read_header(lines)
    close = _read_close(lines, after=header.end)
    body = "\n".join(lines).strip()
    found = Extracted(
        title=header.title,
        doc_no=header.doc_no,
        index_no=header.index_no,
        addressee=header.addressee,
        issuers=close.issuers,
        signed_on=close.signed_on,
        issued_on=close.issued_on,
        publicity=_find_publicity(body),
        contact=_find_contact(body),
        kind=find_kind(header.title or ""),
        repeals=_find_repeals(body),
        based_on=_find_bases(body[:4000]),
        body=body,
        uncertain=() if header.proper_title or header.title is None else ("title",),
    )
    if found.title is None and "令" in (found.doc_no or ""):
        found = replace(found, title=_title_below_order(lines[header.end :]))
    found = _infer_issuers(found)
    found = _add_validity(found, body)
    return _guess_class(found)


# The header: everything above the addressee or the first sentence.

_TITLE_WORDS = (
    "决议|决定|命令|令|公报|公告|通告|意见|通知|通报|报告|请示|批复|议案|函|纪要|答复|办法|规定|条例|细则|规则|章程|"
    "方案|规划|计划|预案|要点|措施|指南|指引|标准|目录|清单|制度|准则|法|纲要|解释|说明|规程|程序|政策|名单|安排|简介"
)
_TITLE_END = re.compile(rf"(?:{_TITLE_WORDS})(?:[（(《<〈][^）)》>〉]{{1,30}}[）)》>〉])?$")
_MASTHEAD = re.compile(r".{2,40}(?:文件|公报)(?:\s*[（(].{1,20}[）)])?$")
_INDEX = re.compile(r"(?<![0-9A-Z])((?:[0-9A-Z]{18}(?:-[A-Z])?|[0-9]{9})/[0-9]{4}-[0-9]{5,7})(?![0-9])")
_LABELLED = re.compile(
    r"(?:索引号|发布机构|发文机关|标题|名称|文号|发文字号|主题词|主题分类|成文日期|发布日期|有效性|统一编号|失效日期)\s*[：:]"
)
_REGISTERED = re.compile(r"[A-Z]{2,6}[-0-9]{6,20}")
_ADDRESSEE = re.compile(
    r"(?=.{2,600}$)[^。；！？]*(?:政府|部门|单位|机构|局|委|厅|办|院|署|会|行|公司|企业|学校|高校|区|县|市|省|街道|办事处|社区|村|中心|站|所|队|镇|乡|团|你们|各有关方面)"
    r"(?:[（(][^）)。]{1,60}[）)])?(?:（[^）。]{1,40}）)?\s*[：:]$"
)
_DATE_LINE = re.compile(rf"(.{{0,60}}?)\s*({DATE_PATTERN})\s*(印发|发布|公布)?")
_ORDER_SEQUENCE = re.compile(r"[（(]?第\s*[0-9０-９一二三四五六七八九十百千零〇]{1,6}\s*号[）)]?")
_FIRST_ARTICLE = re.compile(
    r"(?:[#*]+\s*)?(?:第[一二三四五六七八九十百0-9]{1,5}\s*[章编条]|[一二]、|（[一二]）|1[.．、])"
)


@dataclass(frozen=True)
class _Header:
    title: str | None
    proper_title: bool
    doc_no: str | None
    index_no: str | None
    addressee: str | None
    end: int


def _read_header(lines: Sequence[str]) -> _Header:
    title_lines: list[str] = []
    doc_no = index_no = addressee = None
    end = 0
    for number, line in enumerate(lines[:MAX_HEADER_LINES]):
        end = number
        if not line:
            continue
        if _ADDRESSEE.fullmatch(line):
            addressee, end = line.rstrip("：: "), number + 1
            break
        if _opens_text(line):
            break
        index = _INDEX.search(line)
        index_no = index_no or (index[1] if index else None)
        if title_lines and title_lines[-1].endswith("令") and _ORDER_SEQUENCE.fullmatch(line):
            doc_no = title_lines.pop() + line
        elif (written := _read_number_line(line)) is not None:
            doc_no = written
        elif not _is_label(line):
            title_lines.append(close_blanks(line))
    title, proper = _join_title(title_lines)
    return _Header(title, proper, doc_no, index_no, addressee, end)


def _opens_text(line: str) -> bool:
    return "。" in line or len(line) > 150 or _FIRST_ARTICLE.match(line) is not None


def _read_number_line(line: str) -> str | None:
    """The number, as written, of a line that is a number and little else (文号：…), not a title that mentions one."""
    bare = _LABELLED.sub("", line, count=1).strip()
    try:
        parse_doc_number(bare)
    except ValueError:
        numbers = find_doc_numbers(line) if len(line) <= 60 else []
        return numbers[0] if numbers and len("".join(line.split())) - len(numbers[0]) <= 6 else None
    return bare


def _is_label(line: str) -> bool:
    return bool(
        _LABELLED.match(line)
        or _INDEX.search(line)
        or _REGISTERED.fullmatch(line)
        or _DATE_LINE.fullmatch(line)
        or (_MASTHEAD.fullmatch(line) and "关于" not in line)
        or line[0] in "（("
    )


def _join_title(lines: Sequence[str]) -> tuple[str | None, bool]:
    """The title, put together from the lines that pages and templates break it into, and whether it looks like one."""
    last = next((i for i in range(len(lines) - 1, -1, -1) if _TITLE_END.search(lines[i])), None)
    if last is None:
        # No line ends as titles do: the first says what the page calls it.
        return (close_blanks(lines[0]) if lines and len(lines[0]) <= 80 else None), False
    first = last
    if not _OPENING.search(lines[last]):
        # The middle of a title may say anything; what proves it is the 关于 above.
        above = range(last - 1, max(-1, last - 5), -1)
        first = next((i for i in above if _OPENING.search(lines[i]) and not _stands_alone(lines[i])), last)
    while first > 0 and last - first < 6 and _is_broken(lines[first - 1], "".join(lines[first : last + 1])):
        first -= 1
    if lines[first].startswith("关于"):
        while first > 0 and _organs(lines[first - 1]):
            first -= 1
    return close_blanks(" ".join(lines[first : last + 1])), True


def _title_below_order(lines: Sequence[str]) -> str | None:
    """An order prints the regulation's title below its own date."""
    dated = next((i for i, line in enumerate(lines[:MAX_HEADER_LINES]) if _DATE_LINE.fullmatch(line)), None)
    below = lines[dated + 1 : dated + 6] if dated is not None else ()
    return next((close_blanks(line) for line in below if _TITLE_END.search(line) and "。" not in line), None)


_OPENING = re.compile("关于|转发|印发|对.{1,30}届")


def _stands_alone(line: str) -> bool:
    return _TITLE_END.search(line) is not None and line.count("《") == line.count("》")


def _is_broken(before: str, title: str) -> bool:
    """Whether the break before the title falls inside a book title mark."""
    return not _stands_alone(before) and (
        before.count("《") != before.count("》") or title.count("《") != title.count("》")
    )


_ORGAN_ENDS = (
    "局",
    "委",
    "厅",
    "部",
    "署",
    "办",
    "院",
    "会",
    "办公室",
    "办公厅",
    "政府",
    "中心",
    "委员会",
    "银行",
    "公司",
    "军委",
)
_BLANK = re.compile(r"[ \t\u3000\xa0]+")


def close_blanks(title: str) -> str:
    """Without the blanks of layout; one stays between the organs of a joint title (市民政局 市财政局关于…)."""
    parts = [part for part in _BLANK.split(title) if part]
    out = parts[0] if parts else ""
    for part in parts[1:]:
        organs = out.endswith(_ORGAN_ENDS) and "关于" not in out and not part.startswith("关于")
        latin = out[-1].isascii() and out[-1].isalpha() and part[0].isascii() and part[0].isalpha()
        out += (" " if organs or latin else "") + part
    return out


# The close: who signed and when.

_ORGAN_LINE = re.compile(r"[\u4e00-\u9fff（）()、 \u3000]{2,200}")


@dataclass(frozen=True)
class _Close:
    issuers: tuple[str, ...] = ()
    signed_on: date | None = None
    issued_on: date | None = None


def _read_close(lines: Sequence[str], *, after: int) -> _Close:
    """The first date that stands alone below the header is the signature's; one with 印发 is the print's."""
    close = _Close()
    for number in range(after, len(lines)):
        line = lines[number]
        if "日" not in line or len(line) > 120:
            continue
        match = _DATE_LINE.fullmatch(line)
        day = read_date(match[2]) if match else None
        if match is None or day is None or not (not match[1] or _organs(match[1])):
            continue
        if match[3] == "印发":
            close = replace(close, issued_on=close.issued_on or day)
        elif close.signed_on is None:
            issuers = _organs(match[1]) if match[1] else _organs_above(lines, number)
            close = replace(close, signed_on=day, issuers=issuers)
    return close


def _organs_above(lines: Sequence[str], number: int) -> tuple[str, ...]:
    found: list[tuple[str, ...]] = []
    for line in reversed([line for line in lines[max(0, number - 24) : number] if line]):
        organs = _organs(line)
        if not organs:
            break
        found.append(organs)
    return tuple(dict.fromkeys(name for organs in reversed(found) for name in organs))


def _organs(line: str) -> tuple[str, ...]:
    """The organs that a line names and nothing else; empty when it says anything else."""
    if not _ORGAN_LINE.fullmatch(line):
        return ()
    names = [name for name in re.split(r"[ \u3000、]+", line) if name]
    return tuple(names) if all(name.endswith(_ORGAN_ENDS) and len(name) > 2 for name in names) else ()


def _infer_issuers(found: Extracted) -> Extracted:
    if found.issuers or not found.title:
        return found
    names = issuers_of_title(found.title)
    return replace(found, issuers=names, uncertain=(*found.uncertain, "issuers")) if names else found


def issuers_of_title(title: str) -> tuple[str, ...]:
    """The organs that a title opens with: 甲局 乙局关于…; empty when it opens with none."""
    head = re.split("关于|转发|印发|令|公告|通告", title, maxsplit=1)[0].strip()
    return _organs(head)


# 附注 and other remarks.

_PUBLICITY = re.compile(r"此件(?:经.{0,10})?(?:(公开发布|主动公开|可公开)|(依申请公开)|(不予公开|不公开))")
_PUBLICITY_LABEL = re.compile(
    r"公开(?:方式|属性|类别|形式)\s*[：:]\s*(?:(主动公开|公开)|(依申请公开)|(不予公开|不公开))"
)
_CONTACT = re.compile(r"[（(]\s*(?:联系人|联系单位|联系科室|联系部门|联系处室)\s*[：:]\s*([^（）()\n]{1,120})[）)]")
_PHONE = re.compile(r"(?:\d{3,4}[-—－])?\d{7,11}(?:[、,，]\s*\d{7,11})*")
_OFFICE_ENDS = (*_ORGAN_ENDS, "科", "处", "室", "股", "办")


def _find_publicity(body: str) -> PublicityAttribute | None:
    match = _PUBLICITY.search(body) or _PUBLICITY_LABEL.search(body)
    if match is None:
        return None
    if match[1]:
        return PublicityAttribute.PROACTIVE
    return PublicityAttribute.ON_REQUEST if match[2] else PublicityAttribute.WITHHELD


def _find_contact(body: str) -> Contact | None:
    match = _CONTACT.search(body)
    if match is None:
        return None
    phone = _PHONE.search(match[1])
    name = re.split(r"[，,；;、]|联系电话|电话", match[1], maxsplit=1)[0].strip()
    if not name or _PHONE.fullmatch(name):
        return Contact(phone=phone[0]) if phone else None
    organ = name.endswith(_OFFICE_ENDS)
    return Contact(
        organ=name if organ else None, person=None if organ else name[:60], phone=phone[0][:60] if phone else None
    )


# Validity.

_OWN = re.compile(
    "(?:本|该|此)(?:通知|办法|规定|细则|实施细则|意见|条例|方案|规则|法|规范|决定|公告|通告|预案|解释|指引|措施|规程|标准|文件|实施办法|实施意见)"
)
_STARTS = re.compile(
    rf"自\s*(?:({DATE_PATTERN})|((?:印发|发布|公布|下发|颁布|发文)之日))\s*(起(?:正式)?\s*(?:施行|实施|执行|生效|试行)|起至)"
)
_ENDS = re.compile(rf"有效期(?:限)?\s*(?:截至|截止|至|到|截止到|截止至)\s*({DATE_PATTERN})")
_LASTS = re.compile(
    r"(?:有效期(?:限)?|试行期(?:限)?|施行期(?:限)?)\s*(?:为|是)?\s*([0-9０-９]{1,2}|[一二两三四五六七八九十]{1,3})\s*(年|个月)(?!内|以)"
)
_UNTIL = re.compile(rf"起(?:施行|实施|执行)?\s*[，,]?\s*(?:施行|执行)?至\s*({DATE_PATTERN})(?:止|失效)?")


def _add_validity(found: Extracted, body: str) -> Extracted:
    """施行 and 有效期 of the document itself: of several such clauses, the one that says 本办法…, else the last."""
    start = _own_clause(_STARTS, body)
    window = body[start.start() : start.end() + 120].partition("\n")[0] if start else body
    from_issue = start is not None and start[2] is not None
    effective_on = (read_date(start[1]) if start[1] else found.issued_on or found.signed_on) if start else None
    stated = _ENDS.search(window) or (_UNTIL.search(window) if start else None)
    lasting = _LASTS.search(window) if start else None
    lasting = lasting or _own_clause(_LASTS, body, only_own=True)
    lasts = read_period(lasting[1], lasting[2]) if lasting else None
    expires_on = read_date(stated[1]) if stated else None
    if expires_on is None and lasts is not None and effective_on is not None:
        expires_on = lasts.last_day_from(effective_on)
    dated = {"effective_on": effective_on, "expires_on": None if stated else expires_on}
    uncertain = tuple(name for name, day in dated.items() if from_issue and day is not None)
    return replace(
        found,
        effective_on=effective_on,
        expires_on=expires_on,
        effective_from_issue=from_issue,
        lasts=lasts,
        uncertain=(*found.uncertain, *uncertain),
    )


def _own_clause(pattern: re.Pattern[str], body: str, *, only_own: bool = False) -> re.Match[str] | None:
    last = None
    own = None
    for match in pattern.finditer(body):
        last = match
        begin = max(0, match.start() - 30)
        sentence = max(body.rfind(stop, begin, match.start()) for stop in "。\n") + 1
        if _OWN.search(body, max(begin, sentence), match.start()):
            own = match
    return own or (None if only_own else last)


# Other documents.

_QUOTED = re.compile(r"《([^《》]{2,160}(?:〈[^〉]{2,100}〉[^《》]{0,60})?)》")
_REPEALING = re.compile("同时废止|予以废止|即行废止|自行废止|同时失效")
_BASIS = re.compile(r"(?:根据|依据|依照|按照|贯彻|落实)(?:国家|省|市)?[^。；\n]{0,40}?《[^。；\n]{2,600}")


def _find_repeals(body: str) -> tuple[Mention, ...]:
    found: list[Mention] = []
    for match in _REPEALING.finditer(body):
        begin = max(body.rfind(stop, max(0, match.start() - 1500), match.start()) for stop in "。\n；") + 1
        begin = begin or max(0, match.start() - 1500)
        found += _mentions(body[begin : match.start()])
        if len(found) >= MAX_MENTIONS:
            break
    return tuple(dict.fromkeys(found))[:MAX_MENTIONS]


def _find_bases(opening: str) -> tuple[Mention, ...]:
    """What the opening says it rests on (根据《…》); the first such sentence counts."""
    match = _BASIS.search(opening)
    return tuple(dict.fromkeys(_mentions(match[0])))[:MAX_MENTIONS] if match else ()


def _mentions(sentence: str) -> list[Mention]:
    found = []
    for match in _QUOTED.finditer(sentence):
        behind = sentence[match.end() : match.end() + 60]
        numbers = find_doc_numbers(behind[: behind.find("）") + 1] if behind.startswith(("（", "(")) else "")
        found.append(Mention(close_blanks(match[1]), numbers[0] if numbers else None))
    return found


# What kind of document it is.

_KIND_ENDS: tuple[tuple[str, DocKind], ...] = (
    ("决议", DocKind.RESOLUTION),
    ("决定", DocKind.DECISION),
    ("命令", DocKind.ORDER),
    ("公报", DocKind.COMMUNIQUE),
    ("公告", DocKind.PROCLAMATION),
    ("通告", DocKind.CIRCULAR),
    ("意见", DocKind.OPINION),
    ("通知", DocKind.NOTICE),
    ("通报", DocKind.BULLETIN),
    ("报告", DocKind.REPORT),
    ("请示", DocKind.REQUEST),
    ("批复", DocKind.REPLY),
    ("议案", DocKind.PROPOSAL),
    ("答复", DocKind.LETTER),
    ("函", DocKind.LETTER),
    ("纪要", DocKind.MINUTES),
    ("令", DocKind.ORDER),
)
_TAIL_BRACKET = re.compile(r"[（(][^（）()]{1,30}[）)]$")


def find_kind(title: str) -> DocKind:
    """文种 by the title's last word (党政机关公文处理工作条例第八条); `none` for 办法, 方案 and the like, which are no 文种."""
    bare = _TAIL_BRACKET.sub("", title.strip())
    return next((kind for word, kind in _KIND_ENDS if bare.endswith(word)), DocKind.NONE)


_LAW_TITLE = re.compile(r"(?:条例|法|法实施细则)(?:[（(][^）)]{1,20}[）)])?$")
_ORDER = re.compile(r"(?:人民)?政府令\s*[（(]?\s*第")


def _guess_class(found: Extracted) -> Extracted:
    """By the number's code where it says so (规 is the sign of 规范性文件), else by what the text promises."""
    code = re.split(r"[〔\[（(【0-9０-９]", found.doc_no or "", maxsplit=1)[0]
    if _ORDER.search(found.doc_no or ""):
        return replace(found, doc_class=DocClass.REGULATION)
    if "规" in code:
        return replace(found, doc_class=DocClass.NORMATIVE)
    guess = DocClass.OTHER
    if found.title and _LAW_TITLE.search(found.title) and "关于" not in found.title:
        guess = DocClass.LAW
    elif found.expires_on is not None:
        guess = DocClass.NORMATIVE
    return replace(found, doc_class=guess, uncertain=(*found.uncertain, "doc_class"))
