"""From a source row to what the suite takes: a policy or an interpretation, or why it cannot be taken.

What the row lacks is looked for in its text; what was found there or had to be assumed is noted for the report.
Sends nothing.
"""

import hashlib
import re
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from pydantic import ValidationError

from services.policy_api.rules.doc_number import parse_doc_number
from services.policy_api.rules.extraction import Extracted, extract_metadata, find_kind, issuers_of_title
from services.policy_api.rules.index_number import check_index_number
from services.policy_api.rules.themes import check_theme
from shared.schemas.policies import (
    MAX_BODY_CHARACTERS,
    InterpretationForm,
    InterpretationImport,
    PolicyInput,
    PublicityAttribute,
    RelationInput,
    RelationType,
)
from tools.import_documents.places import Place, clean_issuers, locate
from tools.import_documents.sources import Form, SourceRow

CUT_PAGE_CHARACTERS = 8000
"""Where the collector of the city pages cut long bodies."""


@dataclass
class Notes:
    """What the report says of a row besides its outcome."""

    missing: list[str] = field(default_factory=list)
    """Fields that the row lacks and the text does not say either."""
    found: list[str] = field(default_factory=list)
    """Fields that the row lacks and the text says."""
    assumed: list[str] = field(default_factory=list)
    """Fields that were inferred, each with how: `effective_on: 成文日期`."""
    remarks: list[str] = field(default_factory=list)
    """Where row and text contradict each other, and what was left out."""


@dataclass(frozen=True)
class Item:
    """A row ready to be sent."""

    row: SourceRow
    organization: Place
    external_id: str
    content: PolicyInput | InterpretationImport
    notes: Notes
    organization_code: str | None = None
    """A registered code that the row itself gives."""

    @property
    def key(self) -> tuple[str, str]:
        return self.organization_code or self.organization.code, self.external_id

    @property
    def hash(self) -> str:
        """Of everything that is sent. The journal knows a row by it."""
        body = f"{self.key}{type(self.content).__name__}{self.content.model_dump_json()}"
        return hashlib.sha256(body.encode()).hexdigest()


@dataclass(frozen=True)
class Left:
    """A row that is not sent, and why."""

    row: SourceRow
    reason: str
    superseded: bool = False
    """True when another row says the same document better, so that nothing is lost."""


def map_row(row: SourceRow) -> Item | Left:
    """One row that stands for itself; laws are mapped together by `laws.map_laws`."""
    if row.fault is not None:
        return Left(row, row.fault)
    try:
        return _MAPPERS.get(row.form, _unknown)(row)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        return Left(row, f"{'/'.join(str(part) for part in first['loc'])}：{first['msg']}")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        # Foreign rows may hold anything in any field.
        return Left(row, f"字段的形式不对：{type(error).__name__} {error}"[:300])


def _unknown(row: SourceRow) -> Left:
    if row.form is Form.LAW_GROUP:
        return Left(row, "只列出各版本的编号，没有正文：正文在 laws.jsonl，按标题自动归为同一文件", superseded=True)
    return Left(row, "认不出这一行的形式：至少要有 title 和 body")


# Documents.


def _map_document(row: SourceRow, *, city: str | None = None) -> Item | Left:
    """policy_seed.json, policies_govcn.jsonl, policies_guangzhou.jsonl: metadata of a listing and the page's text."""
    text = str(row.fields.get("body") or "")
    if not text.strip():
        return Left(row, "没有正文")
    extracted = extract_metadata(text)
    notes = Notes()
    title = _pick("title", row.fields.get("title"), extracted.title, notes, extracted)
    issuers = clean_issuers(str(row.fields.get("issuer") or ""), city=city)
    issuers = issuers or _noted("issuers", list(extracted.issuers), notes)
    if not title or not issuers:
        return Left(row, "没有标题，正文中也找不到" if not title else "没有发文机关，正文中也找不到")
    signed_on = _pick("signed_on", _day(row.fields.get("written_date")), extracted.signed_on, notes, extracted)
    published_on = _published_on(row, signed_on, extracted, notes)
    if published_on is None:
        return Left(row, "没有发布日期，也没有成文日期可以代替")
    if signed_on and signed_on > published_on:
        notes.remarks.append(f"成文日期{signed_on}晚于发布日期{published_on}，不采用")
        signed_on = None
    content = PolicyInput(
        title=title[:500],
        doc_class=extracted.doc_class,
        kind=find_kind(title),
        doc_no=_number(row.fields.get("doc_no"), extracted, notes),
        index_no=_index_no(row.fields.get("index_no"), extracted, notes),
        theme=_theme(row.fields.get("topic"), notes),
        issuers=issuers[:20],
        signed_on=signed_on,
        issued_on=extracted.issued_on if _not_later(extracted.issued_on, published_on) else None,
        published_on=published_on,
        publicity=extracted.publicity or PublicityAttribute.PROACTIVE,
        body=extracted.body[:MAX_BODY_CHARACTERS],
        addressee=_noted("addressee", extracted.addressee, notes),
        contact=_noted("contact", extracted.contact, notes),
        relations=_relations(extracted),
        source_url=_url(row.fields.get("url")),
    )
    content = _with_validity(content, extracted, notes)
    key = str(row.fields.get("id") or content.doc_no or title)
    return Item(row, locate(issuers[0], city=city), _key(key), content, notes)


def _map_city_page(row: SourceRow) -> Item | Left:
    region = str(row.fields.get("region") or "")
    city = re.search(r"(?:省|自治区|^)([\u4e00-\u9fff]{1,7}市)", region)
    mapped = _map_document(row, city=city[1] if city else None)
    if isinstance(mapped, Item) and len(str(row.fields["body"])) >= CUT_PAGE_CHARACTERS:
        mapped.notes.remarks.append(f"来源的正文在{CUT_PAGE_CHARACTERS}字处截断")
    return mapped


def _map_text(row: SourceRow) -> Item | Left:
    """A file of its own is known by its document's number or title: two folders may hold a `通知.txt` each."""
    mapped = _map_document(replace(row, fields={"body": row.fields["text"]}))
    if isinstance(mapped, Item):
        mapped.notes.remarks += row.fields.get("remarks", [])
    return mapped


def _map_policy(row: SourceRow) -> Item | Left:
    """A line in our own form. Without organisation its first issuer's placeholder; without key its number or title."""
    fields = dict(row.fields)
    code = fields.pop("organization", None)
    external_id = fields.pop("external_id", None) or fields.get("doc_no") or fields.get("title")
    content = PolicyInput.model_validate(fields)
    notes = Notes()
    if content.published_on is None:
        return Left(row, "没有 published_on：导入的是已经公开的文件，请写明发布日期")
    issuers = content.issuers or _noted("issuers", list(issuers_of_title(content.title)), notes)
    if code is None and not issuers:
        return Left(row, "没有 organization，也没有 issuers，标题中也找不到发文机关")
    place = locate(issuers[0] if issuers else content.title)
    return Item(row, place, _key(str(external_id)), content, notes, organization_code=code)


# Rows of a listing: documents whose text is a summary, and interpretations.


def _map_listing(row: SourceRow) -> Item | Left:
    summary = str(row.fields.get("summary") or "").strip()
    if not summary:
        return Left(row, "目录行没有正文也没有摘要，无内容可收")
    if "解读" in str(row.fields.get("category") or ""):
        return (
            Left(row, "解读没有写明所解读的政策") if not row.fields.get("interprets") else _listed_interpretation(row)
        )
    issuer = row.fields.get("issuer") or "、".join(issuers_of_title(str(row.fields.get("title"))))
    if not issuer:
        return Left(row, "没有发文机关，标题中也找不到")
    item = _map_document(replace(row, fields={**row.fields, "body": summary, "issuer": issuer, "written_date": None}))
    if isinstance(item, Item):
        item.notes.remarks.append("目录行只有摘要：以摘要为正文")
    return replace(item, row=row)


def _listed_interpretation(row: SourceRow) -> Item:
    """Its policy is found by the row it interprets; the organisation follows from there (see `bind_interpretations`)."""
    title = str(row.fields["title"])
    content = InterpretationImport(
        title=title,
        form=InterpretationForm.QA if "答记者问" in title else InterpretationForm.TEXT,
        body=str(row.fields["summary"]).strip(),
        policy_external_id=_key(str(row.fields["interprets"][0])),
        published_on=date.fromisoformat(str(row.fields["publish_date"])),
    )
    notes = Notes(remarks=["目录行只有摘要：以摘要为正文"])
    return Item(row, locate("国务院"), _key(str(row.fields["id"])), content, notes)


def bind_interpretations(mapped: list[Item | Left]) -> list[Item | Left]:
    """Interpretations under the organisation of the policy they name; those whose policy is not among the rows left out."""
    policies = {
        item.external_id: item for item in mapped if isinstance(item, Item) and isinstance(item.content, PolicyInput)
    }
    return [_bind(item, policies) if isinstance(item, Item) else item for item in mapped]


def _bind(item: Item, policies: dict[str, Item]) -> Item | Left:
    if not isinstance(item.content, InterpretationImport) or item.content.policy_external_id is None:
        return item
    policy = policies.get(item.content.policy_external_id)
    if policy is None:
        return Left(item.row, f"所解读的政策{item.content.policy_external_id}不在这批文件中，也没有收入")
    return replace(item, organization=policy.organization, organization_code=policy.organization_code)


# One field each.


def _pick(name: str, given: Any, found: Any, notes: Notes, extracted: Extracted) -> Any:
    """The row's value, else the text's, noted either way."""
    if given:
        if name == "title" and found and "title" not in extracted.uncertain and _bare(given) != _bare(found):
            notes.remarks.append(f"正文中的标题是“{found[:80]}”")
        if isinstance(given, date) and found and given != found:
            notes.remarks.append(f"正文落款日期是{found}，目录为{given}")
        return given
    if found and name in extracted.uncertain:
        notes.assumed.append(f"{name}: 正文首行")
        return found
    return _noted(name, found, notes)


def _noted(name: str, found: Any, notes: Notes) -> Any:
    (notes.found if found else notes.missing).append(name)
    return found or None


def _bare(title: str) -> str:
    return "".join(title.split())


def _day(written: Any) -> date | None:
    if not written:
        return None
    try:
        return date.fromisoformat(str(written))
    except ValueError as error:
        raise ValueError(f"日期应写作2025-06-05，收到的是{written}") from error


def _not_later(day: date | None, limit: date) -> bool:
    return day is not None and day <= limit


def _published_on(row: SourceRow, signed_on: date | None, extracted: Extracted, notes: Notes) -> date | None:
    if row.fields.get("publish_date"):
        return _day(row.fields["publish_date"])
    if extracted.issued_on:
        notes.assumed.append("published_on: 印发日期")
        return extracted.issued_on
    if signed_on:
        notes.assumed.append("published_on: 成文日期")
    return signed_on


def _number(given: Any, extracted: Extracted, notes: Notes) -> str | None:
    """The row's number when it is one, else the text's own."""
    if given:
        try:
            parse_doc_number(str(given))
        except ValueError:
            notes.remarks.append(f"“{str(given)[:60]}”不是发文字号，不采用")
        else:
            return str(given)
    found = extracted.doc_no
    if found:
        try:
            parse_doc_number(found)
        except ValueError:
            found = None
    number: str | None = _noted("doc_no", found, notes)
    return number


def _index_no(given: Any, extracted: Extracted, notes: Notes) -> str | None:
    index_no = given or _noted("index_no", extracted.index_no, notes)
    try:
        return check_index_number(str(index_no), accept_legacy=True) if index_no else None
    except ValueError as error:
        notes.remarks.append(f"{error}，不采用")
        return None


def _theme(topic: Any, notes: Notes) -> str | None:
    levels = [str(level) for level in topic or []]
    if not levels:
        notes.missing.append("theme")
        return None
    for theme in ("\\".join(levels[:2]), levels[0]):
        try:
            return check_theme(theme)
        except ValueError:
            notes.remarks.append(f"主题分类“{theme}”不在分类表中")
    return None


def _with_validity(content: PolicyInput, extracted: Extracted, notes: Notes) -> PolicyInput:
    """施行 and 有效期 as the text says; an old document without such a clause has been in force since it was signed."""
    start = extracted.effective_on
    if start is not None:
        if "effective_on" in extracted.uncertain:
            notes.assumed.append("effective_on: 印发之日起施行")
        else:
            notes.found.append("effective_on")
    else:
        start = content.signed_on or content.published_on
        notes.assumed.append("effective_on: " + ("成文日期" if content.signed_on else "发布日期"))
    end = extracted.expires_on
    if end is None and extracted.lasts is not None and start is not None:
        end = extracted.lasts.last_day_from(start)
    if end is not None and start is not None and end < start:
        notes.remarks.append(f"有效期至{end}早于施行日期{start}，不采用")
        end = None
    if end is not None:
        notes.found.append("expires_on")
    return content.model_copy(update={"effective_on": start, "expires_on": end})


def _relations(extracted: Extracted) -> list[RelationInput]:
    """What it rests on, and what it says it repeals. An end of another document takes a number, a title is too vague."""
    bases = [
        RelationInput(type=RelationType.BASED_ON, target_doc_no=base.doc_no, target_title=base.title)
        for base in extracted.based_on
    ]
    repeals = [
        RelationInput(type=RelationType.REPEALS, target_doc_no=gone.doc_no, target_title=gone.title)
        for gone in extracted.repeals
        if gone.doc_no
    ]
    return [*repeals, *bases][:200]


def _url(url: Any) -> str | None:
    return str(url)[:1000] if url and re.match(r"https?://", str(url)) else None


def _key(external_id: str) -> str:
    """A key that an address can carry."""
    return re.sub(r"[\x00-\x1f/?#]", "-", external_id).strip()[:200]


_MAPPERS = {
    Form.FOUNDING: _map_document,
    Form.STATE_COUNCIL: _map_document,
    Form.CITY_PAGE: _map_city_page,
    Form.LIBRARY: _map_listing,
    Form.POLICY: _map_policy,
    Form.TEXT: _map_text,
}
