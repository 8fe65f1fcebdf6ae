"""Laws: several dated texts of one title become the history of one document, the oldest first.

From which day a text is the law is the hard part, because the rows say it badly: `effective_date` is mostly null and
`commencement_in_text` of an amended law (修正) is the original law's, for an amendment leaves that article alone. So:

1. `effective_date` of the row; else an `in_force` entry of the history not older than the last act;
2. a known commencement of the amending act (COMMENCEMENTS), which neither row nor text prints;
3. `commencement_in_text` or the text's own clause, when not older than the last act;
4. 自公布之日起施行 in a text that is not amended (修正), or was revised (修订) as a whole: the day of promulgation;
5. else the day of promulgation, noted as assumed.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from services.policy_api.rules.extraction import extract_metadata
from services.policy_api.rules.written_dates import DATE_PATTERN, read_date
from shared.schemas.policies import DocClass, DocKind, PolicyInput, VersionInput
from tools.import_documents.mapping import Item, Left, Notes
from tools.import_documents.places import locate
from tools.import_documents.sources import SourceRow

# (title, day of promulgation): the day the amending act names for its own commencement, which consolidated texts leave
# out. Facts from the acts themselves; what is not listed is assumed to begin with its promulgation, and noted so.
COMMENCEMENTS: dict[tuple[str, date], date] = {
    ("中华人民共和国监察法", date(2024, 12, 25)): date(2025, 6, 1),  # 主席令第42号
    ("中华人民共和国慈善法", date(2023, 12, 29)): date(2024, 9, 5),  # 主席令第16号
    ("中华人民共和国会计法", date(2024, 6, 28)): date(2024, 7, 1),  # 主席令第28号
    ("中华人民共和国会计法", date(2017, 11, 4)): date(2017, 11, 5),  # 主席令第81号
    ("中华人民共和国海洋环境保护法", date(2017, 11, 4)): date(2017, 11, 5),  # 主席令第81号
    ("中华人民共和国民事诉讼法", date(2021, 12, 24)): date(2022, 1, 1),  # 主席令第106号
    ("中华人民共和国民事诉讼法", date(2023, 9, 1)): date(2024, 1, 1),  # 主席令第11号
    ("消耗臭氧层物质管理条例", date(2023, 12, 29)): date(2024, 3, 1),  # 国务院令第770号
    ("国家科学技术奖励条例", date(2024, 5, 26)): date(2024, 5, 26),  # 国务院令第782号
    ("中华人民共和国各级人民代表大会常务委员会监督法", date(2024, 11, 8)): date(2024, 11, 8),  # 自公布之日起施行
    ("中华人民共和国公司法", date(2018, 10, 26)): date(2018, 10, 26),  # 主席令第15号
    ("中华人民共和国农产品质量安全法", date(2018, 10, 26)): date(2018, 10, 26),  # 主席令第16号
    ("中华人民共和国统计法", date(2024, 9, 13)): date(2024, 9, 13),  # 自公布之日起施行
    ("中华人民共和国体育法", date(2016, 11, 7)): date(2016, 11, 7),  # 主席令第57号
    ("中华人民共和国畜牧法", date(2015, 4, 24)): date(2015, 4, 24),  # 主席令第26号
    ("中华人民共和国国防教育法", date(2018, 4, 27)): date(2018, 4, 27),  # 主席令第6号
}
# Acts that amend many texts at once: (category, day of promulgation).
COLLECTIVE_COMMENCEMENTS: dict[tuple[str, date], date] = {
    ("行政法规", date(2017, 3, 1)): date(2017, 3, 1),  # 国务院令第676号
    ("行政法规", date(2018, 3, 19)): date(2018, 3, 19),  # 国务院令第698号
    ("行政法规", date(2019, 3, 2)): date(2019, 3, 2),  # 国务院令第709号
    ("行政法规", date(2022, 3, 29)): date(2022, 5, 1),  # 国务院令第752号
    ("行政法规", date(2023, 7, 20)): date(2023, 7, 20),  # 国务院令第764号
    ("司法解释", date(2020, 12, 29)): date(2021, 1, 1),  # 法释〔2020〕17号、20号
}
_RECENT = timedelta(days=200)
"""An act further back than this is not the one that made a text."""
_JUDICIAL = "司法解释"
_LOCAL = "地方性法规"
_ACTS = frozenset({"passed", "amended", "revised", "approved", "promulgated", "repealed"})
_WHOLE = re.compile("修订")
_PARTIAL = re.compile("修正|修改")
_ORDINAL = re.compile(r"第[一二三四五六七八九十]{1,3}次(?:修正|修订)")
_FROM_ISSUE = re.compile(r"自(?:公布|发布|颁布|通过|印发)之日起(?:施行|实施|生效)")
_FROM_DAY = re.compile(rf"自\s*({DATE_PATTERN})\s*起(?:施行|实施|生效)")


@dataclass(frozen=True)
class Commencement:
    """From which day a text is the law, and how that is known; `assumed` when it is not."""

    day: date
    how: str
    assumed: bool = False


def map_laws(rows: Iterable[SourceRow]) -> list[Item | Left]:
    """All laws of an import, each law's texts together and in the order in which they must be sent."""
    mapped: list[Item | Left] = []
    groups: dict[str, list[Item]] = defaultdict(list)
    for row in rows:
        try:
            item = map_law(row)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            mapped.append(Left(row, f"字段的形式不对：{type(error).__name__} {error}"[:300]))
            continue
        groups[item.external_id].append(item)
    for items in groups.values():
        mapped += _in_order(items)
    return mapped


def map_law(row: SourceRow) -> Item:
    """One dated text of a law."""
    fields = row.fields
    title = str(fields["title"]).strip()
    acts = [act for act in fields.get("history") or [] if act.get("date") and act.get("event")]
    promulgated_on = _promulgated_on(date.fromisoformat(fields["version_date"]), acts)
    notes = Notes()
    body = str(fields["body_markdown"])
    commencement = find_commencement(fields, promulgated_on=promulgated_on, acts=acts)
    if commencement.assumed:
        notes.assumed.append(f"effective_on: {commencement.how}")
    elif not fields.get("effective_date"):
        notes.found.append("effective_on")
    if promulgated_on != date.fromisoformat(fields["version_date"]):
        notes.remarks.append(
            f"版本日期{fields['version_date']}早于历史中的最后一次通过、修改或批准，以{promulgated_on}为准"
        )
    issuers = _issuers(fields, acts)
    act = _making_act(acts, promulgated_on)
    adopted_on = date.fromisoformat(act["date"]) if act and act["event"] in ("passed", "amended", "revised") else None
    first = act is not None and len([one for one in acts if one["event"] in _ACTS - {"approved"}]) == 1
    content = PolicyInput(
        title=title,
        doc_class=DocClass.LAW,
        kind=DocKind.NONE,
        issuers=issuers,
        signed_on=adopted_on,
        published_on=promulgated_on,
        effective_on=commencement.day,
        body=extract_metadata(body).body,
        version=VersionInput(
            label=_label(act, first=first, promulgated_on=promulgated_on),
            adopted_on=adopted_on,
            effective_on=commencement.day,
            instrument=(act.get("text") or "")[:300] or None if act else None,
        ),
    )
    return Item(row, locate(issuers[0]), f"law-{title}"[:200], content, notes)


def find_commencement(fields: dict[str, Any], *, promulgated_on: date, acts: list[dict[str, str]]) -> Commencement:
    """From which day a row's text is the law; see the module's list."""
    if fields.get("effective_date"):
        return Commencement(date.fromisoformat(fields["effective_date"]), "effective_date")
    last_act = max((date.fromisoformat(a["date"]) for a in acts if a["event"] in _ACTS), default=promulgated_on)
    for act in acts:
        named = _FROM_DAY.search(act.get("text") or "")
        day = read_date(named[1]) if named else None
        if act["event"] == "in_force":
            day = date.fromisoformat(act["date"])
        if day is not None and day >= last_act:
            return Commencement(day, "history")
    version_date = date.fromisoformat(fields["version_date"])
    known = COMMENCEMENTS.get((str(fields["title"]), version_date))
    known = known or COLLECTIVE_COMMENCEMENTS.get((str(fields.get("category")), version_date))
    if known is not None:
        return Commencement(known, "修改决定的施行日期")
    return _commencement_of_text(fields, promulgated_on=promulgated_on, last_act=last_act, acts=acts)


def _commencement_of_text(
    fields: dict[str, Any], *, promulgated_on: date, last_act: date, acts: list[dict[str, str]]
) -> Commencement:
    body = str(fields["body_markdown"])
    written = fields.get("commencement_in_text")
    printed = [day for match in _FROM_DAY.finditer(body) if (day := read_date(match[1]))]
    days = [*([date.fromisoformat(written)] if written else []), *printed[-1:]]
    for day in days:
        if day >= last_act:
            return Commencement(day, "正文")
    if _FROM_ISSUE.search(body) and not _is_amendment(acts):
        return Commencement(promulgated_on, "自公布之日起施行")
    return Commencement(promulgated_on, "公布日期（正文的施行日期是原法的）" if days else "公布日期", assumed=True)


def _is_amendment(acts: list[dict[str, str]]) -> bool:
    """Whether the last act changed single articles (修正), so that the text's own commencement is the original's."""
    changes = [act for act in acts if act["event"] in ("amended", "revised", "repealed", "passed")]
    if len(changes) < 2:
        return False
    text = changes[-1].get("text") or ""
    return bool(_PARTIAL.search(text)) or changes[-1]["event"] in ("amended", "repealed") or not _WHOLE.search(text)


def _promulgated_on(version_date: date, acts: list[dict[str, str]]) -> date:
    """A text cannot be older than the last act that its own history lists."""
    return max([version_date, *(date.fromisoformat(act["date"]) for act in acts if act["event"] in _ACTS)])


def _issuers(fields: dict[str, Any], acts: list[dict[str, str]]) -> list[str]:
    category = str(fields.get("category") or "")
    if category == "行政法规":
        return ["国务院"]
    if category == _JUDICIAL:
        both = "最高人民检察院" in str(fields["title"])
        return ["最高人民法院", "最高人民检察院"] if both else ["最高人民法院"]
    if category == _LOCAL:
        return [f"{fields.get('city') or fields['region']}人民代表大会常务委员会"]
    return ["全国人民代表大会常务委员会"]


def _making_act(acts: list[dict[str, str]], promulgated_on: date) -> dict[str, str] | None:
    """The act that made this text; None when the history stops before it."""
    changes = [act for act in acts if act["event"] in _ACTS - {"approved"}]
    last = changes[-1] if changes else None
    return last if last and date.fromisoformat(last["date"]) >= promulgated_on - _RECENT else None


def _label(act: dict[str, str] | None, *, first: bool, promulgated_on: date) -> str:
    if act is None:
        return f"{promulgated_on.year}年文本"
    ordinal = _ORDINAL.search(act.get("text") or "")
    if ordinal:
        return ordinal[0]
    if first:
        return "原始文本"
    verb = {"revised": "修订", "amended": "修正"}.get(act["event"], "文本")
    return f"{act['date'][:4]}年{verb}"


def _in_order(items: list[Item]) -> list[Item | Left]:
    """Oldest effect first. Of two texts with the same first day the later promulgated one counts; the other never did."""
    ordered = sorted(items, key=lambda item: (_day_of(item), _published(item), str(item.row.fields["version_date"])))
    result: list[Item | Left] = []
    for item, following in zip(ordered, [*ordered[1:], None], strict=True):
        if following is not None and _day_of(following) == _day_of(item):
            reason = f"与{following.row.name}同自{_day_of(item)}起施行：以后公布的文本为准"
            result.append(Left(item.row, reason, superseded=True))
        else:
            result.append(replace(item))
    return result


def _day_of(item: Item) -> date:
    assert isinstance(item.content, PolicyInput)
    assert item.content.version.effective_on is not None
    return item.content.version.effective_on


def _published(item: Item) -> date:
    assert isinstance(item.content, PolicyInput)
    assert item.content.published_on is not None
    return item.content.published_on
