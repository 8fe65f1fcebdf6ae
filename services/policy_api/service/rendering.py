"""Renders what the public reads: bytes made once when something changes, kept beside the row, served as they are."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from services.policy_api.rules.bodies import plain_text
from services.policy_api.rules.caption import CaptionText, caption_of
from services.policy_api.rules.outline import outline_rows
from services.policy_api.rules.validity import (
    Continuation,
    Lifetime,
    TextSpan,
    next_change_after,
    next_text_change_after,
    superseded_numbers,
    text_in_force,
    text_to_show,
    validity_on,
)
from shared.schemas.policies import Standing

INVERSES = {
    "amends": "amended_by",
    "repeals": "repealed_by",
    "replaces": "replaced_by",
    "partly_repeals": "partly_repealed_by",
    "implements": "implemented_by",
    "based_on": "basis_of",
    "forwards": "forwarded_by",
    "continues": "continued_by",
    "supplements": "supplemented_by",
    "corrects": "corrected_by",
}
ENDS_TARGET = frozenset({"repeals", "replaces"})
CHANGES_TARGET = frozenset({"repeals", "replaces", "partly_repeals", "amends", "continues", "corrects"})
NOT_IN_LISTS = frozenset({"body", "outline", "attachments", "versions"})


@dataclass(frozen=True)
class TextFacts:
    """One released text as the history lists it."""

    number: int
    label: str | None
    adopted_on: date | None
    effective_on: date
    instrument: str | None
    content_hash: str
    published_on: date


@dataclass(frozen=True)
class RelationFacts:
    """One relation, seen from the policy that is rendered."""

    type: str
    policy_id: UUID | None
    title: str | None
    doc_no: str | None
    articles: list[str]
    effective_on: date | None = None
    """From which day it acts."""
    until: date | None = None
    """Of an act that lets a document last longer: through which day."""


@dataclass(frozen=True)
class PolicyFacts:
    """Everything a representation says, apart from the content of the text shown."""

    id: UUID
    version: int
    organization: str
    organization_name: str
    external_id: str
    level: str
    division_code: str
    texts: Sequence[TextFacts]
    relations: Sequence[RelationFacts] = ()
    interpretations: Sequence[dict[str, Any]] = ()
    banner: dict[str, Any] | None = None
    """What stands above a document that is kept only with a warning."""


@dataclass(frozen=True)
class Rendered:
    """Bytes, their ETag, and what the row repeats for filters."""

    representation: bytes
    listing: bytes
    etag: str
    number: int
    columns: dict[str, Any] = field(default_factory=dict)


def facts_of_representation(document: dict[str, Any]) -> PolicyFacts:
    """What a kept representation says, as facts again: the way back from evidence to any day's answer."""
    return PolicyFacts(
        id=UUID(document["id"]),
        version=document["version"],
        organization=document["organization"]["code"],
        organization_name=document["organization"]["name"],
        external_id=document["external_id"],
        level=document["level"],
        division_code=document["division_code"],
        texts=[
            TextFacts(
                text["number"],
                text["label"],
                parse_day(text["adopted_on"]),
                date.fromisoformat(text["effective_on"]),
                text["instrument"],
                text["content_hash"],
                date.fromisoformat(text["published_on"]),
            )
            for text in document["versions"]
        ],
        relations=[
            RelationFacts(
                relation["type"],
                UUID(relation["policy_id"]) if relation["policy_id"] else None,
                relation["title"],
                relation["doc_no"],
                relation["articles"],
                parse_day(relation["effective_on"]),
                parse_day(relation["until"]),
            )
            for relation in document["relations"]
        ],
        interpretations=document["interpretations"],
        banner=document["banner"],
    )


def shown_text(texts: Sequence[TextFacts], day: date) -> TextFacts:
    """The text in force on a day, or the first to come when none is."""
    shown = text_to_show([TextSpan(text.number, text.effective_on) for text in texts], day)
    return next(text for text in texts if text.number == shown.number)


COPIED = (
    *("title", "doc_class", "kind", "doc_no", "doc_no_raw", "index_no", "reg_no", "theme", "signed_on", "issued_on"),
    *("publicity", "body", "body_format", "summary", "addressee", "copies_to", "combo_class", "contact", "attachments"),
    *("market_related", "major", "livelihood", "source_url"),
)
"""What a representation repeats from the content word for word."""


def render_policy(
    facts: PolicyFacts,
    content: dict[str, Any],
    *,
    today: date,
    as_of: date | None = None,
    as_known_at: datetime | None = None,
) -> Rendered:
    """The representation on a day; `content` is that of `shown_text` for that day.

    `as_of` and `as_known_at` mark a historic answer.
    """
    shown = shown_text(facts.texts, today)
    lifetime = _lifetime(facts, content)
    next_change_on = _next_change_on(facts, lifetime, today)
    document = {
        **_identity(facts, shown),
        **{name: content[name] for name in COPIED},
        "issuers": content["issuers"] or [facts.organization_name],
        "published_on": shown.published_on,
        **_validity(facts, lifetime, today),
        "validity_changes_on": next_change_on,
        "as_of": as_of,
        "as_known_at": as_known_at,
        "banner": facts.banner,
        "caption": _caption(facts, content, shown),
        "outline": _outline(content["body"], content["body_format"]),
        "relations": [_relation(relation) for relation in facts.relations],
        "interpretations": facts.interpretations,
        "versions": _history(facts.texts, today),
        "content_hash": shown.content_hash,
    }
    representation = to_json(document)
    listing = to_json({name: value for name, value in document.items() if name not in NOT_IN_LISTS})
    columns = _columns(document, lifetime, next_change_on)
    return Rendered(representation, listing, etag_of(facts.version, representation), shown.number, columns)


def _identity(facts: PolicyFacts, shown: TextFacts) -> dict[str, Any]:
    return {
        "id": facts.id,
        "version": facts.version,
        "version_number": shown.number,
        "organization": {"code": facts.organization, "name": facts.organization_name},
        "external_id": facts.external_id,
        "level": facts.level,
        "division_code": facts.division_code,
    }


def _validity(facts: PolicyFacts, lifetime: Lifetime, today: date) -> dict[str, Any]:
    return {
        "effective_on": lifetime.effective_on,
        "expires_on": lifetime.expires_as_of(today),
        "repealed_on": lifetime.repealed_on,
        "validity": validity_on(lifetime, today),
        "validity_note": _validity_note(facts, lifetime, today),
        "partly_repealed": sorted(_partly_repealed(facts, today)),
    }


def _relation(relation: RelationFacts) -> dict[str, Any]:
    return {
        "type": relation.type,
        "policy_id": relation.policy_id,
        "title": relation.title,
        "doc_no": relation.doc_no,
        "articles": relation.articles,
        "effective_on": relation.effective_on,
        "until": relation.until,
    }


def _caption(facts: PolicyFacts, content: dict[str, Any], shown: TextFacts) -> str | None:
    """题注, of regulations and laws: from all texts that count, up to the one that is shown."""
    if content["doc_class"] not in ("regulation", "law"):
        return None
    superseded = superseded_numbers([TextSpan(text.number, text.effective_on) for text in facts.texts])
    counting = sorted(
        (text for text in facts.texts if text.number not in superseded and text.effective_on <= shown.effective_on),
        key=lambda text: text.effective_on,
    )
    first = counting[0]
    issued = first.instrument or content["doc_no"]
    return caption_of(
        [
            CaptionText(
                text.adopted_on or text.published_on,
                text.effective_on,
                issued if text is first else text.instrument,
                text.label,
            )
            for text in counting
        ]
    )


def _history(texts: Sequence[TextFacts], today: date) -> list[dict[str, Any]]:
    spans = [TextSpan(text.number, text.effective_on) for text in texts]
    superseded = superseded_numbers(spans)
    in_force = text_in_force(spans, today)

    def standing(text: TextFacts) -> Standing:
        if text.number in superseded:
            return Standing.SUPERSEDED
        if text.effective_on > today:
            return Standing.PROSPECTIVE
        return Standing.CURRENT if in_force is not None and text.number == in_force.number else Standing.PAST

    return [
        {
            "number": text.number,
            "label": text.label,
            "adopted_on": text.adopted_on,
            "effective_on": text.effective_on,
            "instrument": text.instrument,
            "content_hash": text.content_hash,
            "published_on": text.published_on,
            "superseded": text.number in superseded,
            "standing": standing(text),
        }
        for text in texts
    ]


def _columns(document: dict[str, Any], lifetime: Lifetime, next_change_on: date | None) -> dict[str, Any]:
    """What the row repeats, so that lists can filter and sort."""
    theme, _, subtheme = (document["theme"] or "").partition("\\")
    signed_on = parse_day(document["signed_on"])
    return {
        **{name: document[name] for name in ("title", "doc_no", "issuers", "published_on")},
        "doc_class": str(document["doc_class"]),
        "kind": str(document["kind"]),
        "theme": theme or None,
        "subtheme": subtheme or None,
        "year": (signed_on or lifetime.effective_on).year,
        "effective_on": lifetime.effective_on,
        "expires_on": parse_day(document["expires_on"]),
        "repealed_on": lifetime.repealed_on,
        "next_change_on": next_change_on,
        "validity": str(document["validity"]),
    }


def _next_change_on(facts: PolicyFacts, lifetime: Lifetime, today: date) -> date | None:
    """The next day on which the representation differs by date alone."""
    spans = [TextSpan(text.number, text.effective_on) for text in facts.texts]
    changes = [next_change_after(lifetime, today), next_text_change_after(spans, today), *_coming_acts(facts, today)]
    return min((day for day in changes if day is not None), default=None)


def render_interpretation(
    row: dict[str, Any], policy: dict[str, Any], *, version: int, published_on: date
) -> tuple[bytes, str]:
    """An interpretation's representation and ETag. `policy` holds id, title, doc_no, validity and theme."""
    content = json.loads(row["content"])
    representation = to_json(
        {
            "id": row["id"],
            "version": version,
            "organization": {"code": row["organization"], "name": row["organization_name"]},
            "level": row["level"],
            "policy": {name: policy[name] for name in ("id", "title", "doc_no", "validity")},
            "title": content["title"],
            "form": content["form"],
            "stage": content["stage"],
            "body": content["body"],
            "body_format": content["body_format"],
            "sections": content["sections"],
            "interpreter": content["interpreter"],
            "contact": content["contact"],
            "attachments": content["attachments"],
            "published_on": published_on,
            "theme": policy["theme"],
            "content_hash": row["content_hash"],
        }
    )
    return representation, etag_of(version, representation)


_VERSION = re.compile(rb'"version":[0-9]+')


def differ(one: bytes, other: bytes) -> bool:
    """Whether two representations of one policy say different things, their version numbers aside."""
    # The first of that name is the policy's own: only its id stands before it.
    return _VERSION.sub(b"", one, 1) != _VERSION.sub(b"", other, 1)


def etag_of(version: int, representation: bytes) -> str:
    """A strong validator: the version, and a hash of the bytes themselves."""
    return f'"{version}-{hashlib.sha256(representation).hexdigest()[:16]}"'


def parse_day(value: date | str | None) -> date | None:
    """A date of a content, which is a date fresh from a push and text when read back."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def _lifetime(facts: PolicyFacts, content: dict[str, Any]) -> Lifetime:
    """A document begins with its first text and ends with its own last day or the act that repeals it, whichever first."""
    ends = [parse_day(content["repealed_on"])]
    ends += [relation.effective_on for relation in facts.relations if relation.type in ("repealed_by", "replaced_by")]
    effective_on = min(text.effective_on for text in facts.texts)
    return Lifetime(
        effective_on,
        parse_day(content["expires_on"]),
        min((day for day in ends if day is not None), default=None),
        tuple(
            Continuation(relation.effective_on, relation.until)
            for relation in facts.relations
            if relation.type == "continued_by" and relation.effective_on is not None and relation.until is not None
        ),
    )


def _partly_repealed(facts: PolicyFacts, today: date) -> set[str]:
    return {
        article
        for relation in facts.relations
        if relation.type == "partly_repealed_by" and (relation.effective_on is None or relation.effective_on <= today)
        for article in relation.articles
    }


def _coming_acts(facts: PolicyFacts, today: date) -> list[date]:
    """Days on which acts that are published but not yet in effect will end articles, or move the last day."""
    return [
        relation.effective_on
        for relation in facts.relations
        if relation.type in ("partly_repealed_by", "continued_by")
        and relation.effective_on is not None
        and relation.effective_on > today
    ]


def _validity_note(facts: PolicyFacts, lifetime: Lifetime, today: date) -> str | None:
    """Which act ended it, in words."""
    if lifetime.repealed_on is None or lifetime.repealed_on > today:
        return None
    for relation in facts.relations:
        if relation.type in ("repealed_by", "replaced_by") and relation.effective_on == lifetime.repealed_on:
            verb = "废止" if relation.type == "repealed_by" else "代替"
            return f"自{lifetime.repealed_on.isoformat()}起被{relation.doc_no or relation.title}{verb}"
    return f"自{lifetime.repealed_on.isoformat()}起废止"


@lru_cache(maxsize=256)
def _outline(body: str, body_format: str) -> list[dict[str, Any]]:
    """The same text is rendered again whenever a relation or interpretation comes; its outline is found once."""
    text = plain_text(body) if body_format == "html" else body
    return outline_rows(text)
