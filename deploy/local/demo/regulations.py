"""政府规章 with every text of their history, and the decisions that amended them."""

from collections import defaultdict
from datetime import date

from deploy.local.demo.areas import Area, RegulationText, areas
from deploy.local.demo.city import CITY, GOVERNMENT
from deploy.local.demo.markup import amendments, chinese, read_articles, set_articles
from deploy.local.demo.papers import Link, Paper, Text, spoken
from shared.schemas.policies import DocClass, DocKind, RelationType

_LABELS = ("原始文本", "第一次修订", "第二次修订", "第三次修订")


def regulations() -> list[Paper]:
    """Each regulation under the number of the order that first published it."""
    return [_regulation(area) for area in areas() if area.measure.is_regulation]


def amending_decisions() -> list[Paper]:
    """One decision an order; an order may amend several regulations at once."""
    amended: dict[int, list[tuple[Area, int]]] = defaultdict(list)
    for area in areas():
        for number in range(2, len(area.measure.version) + 1):
            amended[area.measure.version[number - 1].order].append((area, number))
    return [_decision(order, changes) for order, changes in sorted(amended.items())]


def order_number(order: int) -> str:
    """令号."""
    return f"{CITY}人民政府令第{order}号"


def _name(area: Area) -> str:
    return CITY + area.measure.title


def _regulation(area: Area) -> Paper:
    versions = area.measure.version
    return Paper(
        key=f"{area.key}-measure",
        issuer=GOVERNMENT,
        title=_name(area),
        kind=DocKind.ORDER,
        theme=area.theme,
        signed_on=versions[0].on,
        texts=tuple(_text(area, number) for number in range(1, len(versions) + 1)),
        area=area.key,
        doc_class=DocClass.REGULATION,
        fixed_number=order_number(versions[0].order),
        links=tuple(Link(RelationType.BASED_ON, title=act) for act in area.basis),
        flags=frozenset(area.flags) & {"livelihood"},
    )


def _text(area: Area, number: int) -> Text:
    version = area.measure.version[number - 1]
    closing = f"本办法自{spoken(area.measure.version[0].effective)}起施行。"
    articles = set_articles(read_articles(area.measure.text), number, closing)
    return Text(
        body=f"{_history_note(area, number)}\n{articles}",
        published_on=version.on,
        effective_on=version.effective,
        label=_LABELS[number - 1],
        adopted_on=version.on,
        instrument=order_number(version.order),
    )


def _history_note(area: Area, number: int) -> str:
    """题注 (国办公开办函〔2021〕33号): publication, every amendment, and since when it is in force."""
    first, *later = area.measure.version[:number]
    parts = [f"{spoken(first.on)}{order_number(first.order)}公布"]
    for count, version in enumerate(later, 1):
        parts.append(f"根据{spoken(version.on)}{order_number(version.order)}第{chinese(count)}次修订")
    return f"（{'　'.join(parts)}　自{spoken(area.measure.version[number - 1].effective)}起施行）"


def _decision(order: int, changes: list[tuple[Area, int]]) -> Paper:
    first: RegulationText = changes[0][0].measure.version[changes[0][1] - 1]
    names = "".join(f"《{_name(area)}》" for area, _ in changes)
    return Paper(
        key=f"order-{order}",
        issuer=GOVERNMENT,
        title=f"{CITY}人民政府关于修改{names}的决定",
        kind=DocKind.ORDER,
        theme=changes[0][0].theme,
        signed_on=first.on,
        texts=(Text(_decision_body(changes, first.effective), first.on, first.effective),),
        doc_class=DocClass.REGULATION,
        fixed_number=order_number(order),
        links=tuple(Link(RelationType.AMENDS, key=f"{area.key}-measure") for area, _ in changes),
    )


def _decision_body(changes: list[tuple[Area, int]], effective: date) -> str:
    lines = ["市人民政府常务会议决定对有关规章作如下修改："]
    count = 0
    for area, number in changes:
        if len(changes) > 1:
            count += 1
            lines.append(f"{chinese(count)}、对《{_name(area)}》作出修改")
        for step, change in enumerate(amendments(read_articles(area.measure.text), number), 1):
            mark = f"（{chinese(step)}）" if len(changes) > 1 else f"{chinese(step)}、"
            lines.append(mark + change)
    names = "".join(f"《{_name(area)}》" for area, _ in changes)
    lines += [f"本决定自{spoken(effective)}起施行。", f"{names}根据本决定作相应修改，重新公布。"]
    return "\n".join(lines)
