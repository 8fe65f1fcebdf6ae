"""The city's own documents: main papers and their forerunners, measures, notices, and what belongs to no area."""

from datetime import date

from deploy.local.demo.areas import Area, GeneralPaper, MainPaper, Measure, Notice, areas, general_papers
from deploy.local.demo.city import CITY, units
from deploy.local.demo.markup import read_articles, scale_targets, select, set_articles, set_points
from deploy.local.demo.papers import (
    Link,
    Paper,
    Text,
    last_day,
    month_after,
    publication_day,
    spoken,
    workday,
)
from shared.schemas.policies import DocClass, DocKind, RelationType

ENDED_BY_DECISION = frozenset(key for paper in general_papers() for key in paper.repeals)
"""Forerunners that a decision repeals; the later paper does not replace them."""


def city_papers() -> list[Paper]:
    """Everything the city and its departments issued, except regulations."""
    found: list[Paper] = []
    for area in areas():
        mains = _main_papers(area)
        measures = [] if area.measure.is_regulation else _measures(area, mains)
        found += [*mains, *measures, *_notices(area, mains, measures)]
    general = [_general(paper) for paper in general_papers()]
    return _extend([*found, *general])


def _extend(papers: list[Paper]) -> list[Paper]:
    """公布继续有效 moves the last day."""
    extended = {key: paper.continue_years for paper in general_papers() for key in paper.continues}
    return [paper.extended(extended[paper.key]) if paper.key in extended else paper for paper in papers]


def city_unit(key: str) -> str:
    """A city unit as other units call it."""
    return units()[key].short


def full_title(issuers: str, title: str, kind: DocKind) -> tuple[str, str | None]:
    """标题 (发文机关 + 事由 + 文种), and the name of what it issues when it is a notice that issues something."""
    if kind is not DocKind.NOTICE or title.endswith(("通知", "通告")):
        return issuers + title, None
    name = title.removeprefix("关于").replace("的实施方案", "实施方案")
    return f"{issuers}关于印发《{name}》的通知", name


def _cover(name: str | None) -> str | None:
    return f"现将《{name}》印发给你们，请结合实际认真贯彻执行。" if name else None


def _main_papers(area: Area) -> list[Paper]:
    new = area.policy
    forerunner = _main_paper(area, new, 1, title=new.old_title, on=new.old_on)
    latest = _main_paper(area, new, 2, title=new.title, on=new.on)
    return [forerunner, latest]


def _main_paper(area: Area, main: MainPaper, number: int, *, title: str, on: date) -> Paper:
    key, signed = f"{area.key}-policy-{number}", workday(on)
    published = publication_day(key, signed)
    normative = main.normative and number == 2
    effective = (main.effective or published) if number == 2 else published
    whole, name = full_title(units()[main.issuer].name, title, main.kind)
    body = set_points([scale_targets(line, 1) for line in select(main.text, number)], city_unit)
    links = [Link(RelationType.BASED_ON, title=act) for act in area.basis]
    if number == 2 and f"{area.key}-policy-1" not in ENDED_BY_DECISION:
        links.insert(0, Link(RelationType.REPLACES, key=f"{area.key}-policy-1"))
        body += f"\n本{_own_word(name or title)}自{spoken(effective)}起施行，{{ref:{area.key}-policy-1}}同时废止。"
    return Paper(
        key=key,
        issuer=main.issuer,
        title=whole,
        kind=main.kind,
        theme=area.theme,
        signed_on=signed,
        texts=(Text(body, published, effective),),
        area=area.key,
        doc_class=DocClass.NORMATIVE if normative else DocClass.OTHER,
        expires_on=last_day(effective, main.years or 5) if normative else None,
        links=tuple(links),
        cover=_cover(name),
        summary=area.reading.goals if number == 2 else None,
        flags=frozenset(area.flags) if number == 2 else frozenset(),
    )


def _own_word(name: str) -> str:
    """What a text calls itself: 本意见, 本方案, 本政策."""
    return next((word for word in ("方案", "意见", "政策", "措施", "通知") if name.endswith(word)), "文件")


def _measures(area: Area, mains: list[Paper]) -> list[Paper]:
    measure = area.measure
    found = []
    if measure.old_on is not None:
        assert measure.old_title is not None
        key = f"{area.key}-measure-old"
        found.append(_measure(area, measure, 1, key=key, title=measure.old_title, on=measure.old_on, mains=mains))
    assert measure.on is not None
    latest = _measure(area, measure, 2, key=f"{area.key}-measure", title=measure.title, on=measure.on, mains=mains)
    if found and found[0].is_valid_on(latest.effective_on):
        latest = _replacing(latest, found[0].key)
    return [*found, latest]


def _replacing(paper: Paper, key: str) -> Paper:
    """The same, ending its forerunner, which is still in force."""
    text = paper.texts[0]
    body = f"{text.body.removesuffix('。')}。{{ref:{key}}}同时废止。"
    links = (Link(RelationType.REPLACES, key=key), *paper.links)
    return Paper(**(vars(paper) | {"texts": (Text(**(vars(text) | {"body": body})),), "links": links}))


def _measure(area: Area, measure: Measure, number: int, *, key: str, title: str, on: date, mains: list[Paper]) -> Paper:
    signed = workday(on)
    published = publication_day(key, signed)
    effective = (measure.effective if number == 2 else None) or month_after(published)
    expires = last_day(effective, measure.years if number == 2 else measure.old_years)
    issuers = [measure.issuer, *measure.co]
    name = CITY + title
    word = {"则": "细则", "案": "预案"}.get(title.split("（", maxsplit=1)[0][-1], "办法")
    closing = f"本{word}自{spoken(effective)}起施行，有效期至{spoken(expires)}。"
    trial = measure.trial and "（" not in title
    return Paper(
        key=key,
        issuer=measure.issuer,
        title=f"{' '.join(units()[unit].name for unit in issuers)}关于印发《{name}{'（试行）' if trial else ''}》的通知",
        kind=DocKind.NOTICE,
        theme=area.theme,
        signed_on=signed,
        texts=(Text(set_articles(read_articles(measure.text), number, closing), published, effective),),
        area=area.key,
        doc_class=DocClass.NORMATIVE,
        expires_on=expires,
        co_issuers=tuple(measure.co),
        links=tuple(_carries_out(mains, signed) + [Link(RelationType.BASED_ON, title=act) for act in area.basis[:1]]),
        cover=_cover(f"{name}{'（试行）' if trial else ''}"),
        summary=area.reading.benefits if number == 2 else None,
        flags=frozenset({"market"} if measure.market else ()) | (set(area.flags) & {"livelihood"}),
    )


def _carries_out(mains: list[Paper], day: date) -> list[Link]:
    """贯彻落实: the newest main paper that stood on that day."""
    standing = [paper for paper in mains if paper.published_on <= day]
    return [Link(RelationType.IMPLEMENTS, key=standing[-1].key)] if standing else []


def _notices(area: Area, mains: list[Paper], measures: list[Paper]) -> list[Paper]:
    return [_notice(area, notice, number, mains, measures) for number, notice in enumerate(area.notice, 1)]


def _notice(area: Area, notice: Notice, number: int, mains: list[Paper], measures: list[Paper]) -> Paper:
    key, signed = f"{area.key}-notice-{number}", workday(notice.on)
    issuers = [notice.issuer or area.lead, *notice.co]
    published = publication_day(key, signed)
    links = _carries_out(mains, signed)
    basis = [paper for paper in measures if paper.effective_on <= signed and paper.is_valid_on(signed)]
    links += [Link(RelationType.BASED_ON, key=basis[-1].key)] if basis else []
    return Paper(
        key=key,
        issuer=issuers[0],
        title=" ".join(units()[unit].name for unit in issuers) + notice.title,
        kind=notice.kind,
        theme=area.theme,
        signed_on=signed,
        texts=(Text(set_points(select(notice.text, 1), city_unit), published, published),),
        area=area.key,
        co_issuers=tuple(notice.co),
        links=tuple(links),
        attachments=tuple(notice.attachments),
        flags=frozenset(area.flags) & {"livelihood"},
    )


def _general(paper: GeneralPaper) -> Paper:
    signed = workday(paper.on)
    published = publication_day(paper.key, signed)
    effective = month_after(published) if paper.doc_class is DocClass.NORMATIVE else published
    expires = last_day(effective, paper.years) if paper.years else None
    return Paper(
        key=paper.key,
        issuer=paper.issuer,
        title=paper.title,
        kind=paper.kind,
        theme=paper.theme,
        signed_on=signed,
        texts=(Text(_general_body(paper, effective, expires), published, effective),),
        doc_class=paper.doc_class,
        prefix=paper.prefix,
        expires_on=expires,
        links=tuple(_general_links(paper)),
        addressee=paper.addressee,
        attachments=tuple(paper.attachments),
        cover=_cover(paper.title.partition("《")[2].partition("》")[0]) if "关于印发《" in paper.title else None,
        flags=frozenset({"market"} if paper.market else ()),
    )


def _general_body(paper: GeneralPaper, effective: date, expires: date | None) -> str:
    closing = f"自{spoken(effective)}起施行，有效期至{spoken(expires)}。" if expires else ""
    if paper.style == "articles":
        return set_articles(read_articles(paper.text), 1, f"本办法{closing}")
    repealed = "\n".join(f"{number}. {{ref:{key}}}" for number, key in enumerate(paper.repeals, 1))
    body = set_points(select(paper.text.replace("{repealed}", repealed), 1), city_unit)
    return f"{body}\n本通知{closing}" if closing else body


def _general_links(paper: GeneralPaper) -> list[Link]:
    named = (
        (RelationType.IMPLEMENTS, paper.implements),
        (RelationType.REPEALS, paper.repeals),
        (RelationType.CONTINUES, paper.continues),
        (RelationType.SUPPLEMENTS, paper.supplements),
        (RelationType.CORRECTS, paper.corrects),
    )
    links = [Link(kind, key=key) for kind, keys in named for key in keys]
    return links + ([Link(RelationType.FORWARDS, title=paper.forwards_title)] if paper.forwards_title else [])
