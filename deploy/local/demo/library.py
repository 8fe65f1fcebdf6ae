"""The whole demo library: numbers every document, resolves references, and writes what policy_api is sent."""

import hashlib
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache

from deploy.local.demo.city import DISTRICTS, GOVERNMENT, OFFICE, ZONE, Unit, units
from deploy.local.demo.city_papers import city_papers
from deploy.local.demo.district_papers import district_papers
from deploy.local.demo.papers import Link, Paper, Text, pick, spoken
from deploy.local.demo.regulations import amending_decisions, regulations
from shared.schemas.organizations import Level
from shared.schemas.policies import (
    Attachment,
    BatchLine,
    Contact,
    DocClass,
    DocKind,
    RelationInput,
    VersionInput,
)

_REFERENCE = re.compile(r"\{ref:([a-z0-9.-]+)\}")
_SHOWN_NOTE = "（此件公开发布）"


@dataclass(frozen=True)
class Numbers:
    """What the registry gives a document."""

    doc_no: str
    index_no: str
    reg_no: str | None


@cache
def papers() -> dict[str, Paper]:
    """Every document by key, the oldest first."""
    city = [*city_papers(), *regulations(), *amending_decisions()]
    every = [*city, *district_papers({paper.key: paper for paper in city})]
    return {paper.key: paper for paper in sorted(every, key=lambda paper: (paper.signed_on, paper.key))}


def waves() -> list[list[BatchLine]]:
    """What to push, in order: first texts, second texts, third texts. A batch names a document once."""
    most = max(len(paper.texts) for paper in papers().values())
    return [
        [batch_line(paper, number) for paper in papers().values() if len(paper.texts) > number]
        for number in range(most)
    ]


def batch_line(paper: Paper, number: int) -> BatchLine:
    """One text of a document as its organisation pushes it."""
    unit, text, given = units()[paper.issuer], paper.texts[number], numbers()[paper.key]
    return BatchLine(
        organization=unit.code,
        external_id=external_id(paper),
        title=paper.title,
        doc_class=paper.doc_class,
        kind=paper.kind,
        doc_no=given.doc_no,
        index_no=given.index_no,
        reg_no=given.reg_no,
        theme=paper.theme,
        issuers=[units()[key].name for key in (paper.issuer, *paper.co_issuers)],
        signed_on=paper.signed_on,
        published_on=text.published_on,
        effective_on=paper.effective_on,
        expires_on=paper.expires_on,
        body=_whole_text(paper, text),
        summary=paper.summary,
        addressee=_addressee(paper, unit),
        copies_to="市委各部门，市人大常委会办公室，市政协办公室，市监委，市法院，市检察院。"
        if paper.issuer in (GOVERNMENT, OFFICE) and paper.doc_class is not DocClass.REGULATION
        else None,
        combo_class=_combo_class(unit),
        contact=contact_of(unit),
        attachments=[
            Attachment(name=f"{name}.pdf", media_type="application/pdf", sha256=_sha256(paper.key + name))
            for name in paper.attachments
        ],
        relations=[_relation(link) for link in paper.links],
        version=_version(paper, text),
        market_related="market" in paper.flags,
        major="major" in paper.flags,
        livelihood="livelihood" in paper.flags,
    )


def external_id(paper: Paper) -> str:
    """What its organisation calls it."""
    return f"OA-{paper.signed_on.year}-{paper.key}"


def contact_of(unit: Unit) -> Contact:
    """An office number that cannot exist: no local number begins with 0."""
    return Contact(organ=unit.name, phone=f"0531-0{pick(unit.code, 10_000_000):07d}")


@cache
def numbers() -> dict[str, Numbers]:
    """Numbers in the order of signature: one sequence a prefix and year, an index an organisation and year."""
    sequences: dict[tuple[str, int], int] = defaultdict(int)
    indexes: dict[tuple[str, int], int] = defaultdict(int)
    registered: dict[tuple[str, int], int] = defaultdict(int)
    found = {}
    for paper in papers().values():
        unit, year = units()[paper.issuer], paper.signed_on.year
        prefix = paper.prefix or _prefix(unit, paper)
        number = paper.fixed_number or f"{prefix}〔{year}〕{_next(sequences, (prefix, year), 1 + pick(paper.key, 3))}号"
        index = _next(indexes, (unit.code, year), 1 + pick(paper.key + "index", 40))
        reg_no = None
        if paper.doc_class is DocClass.NORMATIVE:
            serial = _next(registered, (unit.code, year), 1)
            reg_no = f"{_registry(unit)}-{year}-{unit.serial:03d}{serial:04d}"
        found[paper.key] = Numbers(number, f"{unit.code}/{year}-{index:05d}", reg_no)
    return found


def _next(sequence: dict[tuple[str, int], int], key: tuple[str, int], step: int) -> int:
    """Gaps stand for documents that are not in the library."""
    sequence[key] += step
    return sequence[key]


def _prefix(unit: Unit, paper: Paper) -> str:
    """机关代字 and its ending: governments issue 发, departments 规 for normative documents and 字 for others."""
    if unit.key == ZONE or unit.number_prefix.endswith(("政", "政办")):
        return unit.number_prefix + "发"
    if unit.organization.level is Level.TOWN:
        return unit.number_prefix + "发"
    return unit.number_prefix + ("规" if paper.doc_class is DocClass.NORMATIVE else "字")


def _registry(unit: Unit) -> str:
    """QCCR for the city, its district's two letters and DR below."""
    district = DISTRICTS.get(unit.key.partition(".")[0])
    return f"{district.initials}DR" if district else "QCCR"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _addressee(paper: Paper, unit: Unit) -> str | None:
    """Decisions, circulars and regulations speak to everybody and have no 主送机关."""
    if paper.doc_class is DocClass.REGULATION or paper.kind in (DocKind.CIRCULAR, DocKind.DECISION):
        return None
    return (paper.addressee or unit.address).removesuffix("：")


def _combo_class(unit: Unit) -> str:
    if unit.organization.level is Level.TOWN:
        return "镇街文件"
    if unit.organization.level is Level.DISTRICT:
        return "区政府文件" if "." not in unit.key or unit.key.endswith("office") else "区部门文件"
    return "市政府文件" if unit.key in (GOVERNMENT, OFFICE) else "市部门文件"


def _version(paper: Paper, text: Text) -> VersionInput:
    if len(paper.texts) == 1:
        return VersionInput()
    return VersionInput(
        label=text.label, adopted_on=text.adopted_on, effective_on=text.effective_on, instrument=text.instrument
    )


def _relation(link: Link) -> RelationInput:
    if link.key is None:
        return RelationInput(type=link.type, target_title=link.title)
    target = papers()[link.key]
    return RelationInput(type=link.type, target_doc_no=numbers()[link.key].doc_no, target_title=target.title)


def cite(key: str) -> str:
    """《标题》（字号)."""
    paper = papers()[key]
    issued = re.search(r"《(.+)》", paper.title)
    name = issued[1] if issued and "修改" not in paper.title else paper.title
    return f"《{name}》（{numbers()[key].doc_no}）"


def _resolve(body: str) -> str:
    return _REFERENCE.sub(lambda found: cite(found[1]), body)


def _whole_text(paper: Paper, text: Text) -> str:
    """主送、正文、附件说明、署名、成文日期, and where a notice issues something, that after it."""
    body = _resolve(text.body)
    if paper.doc_class is DocClass.REGULATION:
        return f"{paper.title}\n{body}"
    unit = units()[paper.issuer]
    addressee = _addressee(paper, unit)
    head = [f"{addressee}："] if addressee else []
    close = [*_attachment_note(paper), *(units()[key].name for key in (paper.issuer, *paper.co_issuers))]
    close += [spoken(paper.signed_on), _SHOWN_NOTE]
    if paper.cover is None:
        return "\n".join([*head, body, *close])
    name = paper.cover.partition("《")[2].partition("》")[0]
    return "\n".join([*head, paper.cover, *close, name, body])


def _attachment_note(paper: Paper) -> list[str]:
    if not paper.attachments:
        return []
    if len(paper.attachments) == 1:
        return [f"附件：{paper.attachments[0]}"]
    return ["附件：" + "　".join(f"{number}. {name}" for number, name in enumerate(paper.attachments, 1))]
