"""What the index holds of each public representation: a pure function, so that `verify` can tell what should be there.

Knows the schemas of other services' representations, not how they come here.
"""

import hashlib
from collections.abc import Callable
from datetime import date
from typing import Any

from pydantic_core import to_json

from services.search_sync.rules.disclosures import Disclosure, Item, ListEntry, Publication
from services.search_sync.rules.doc_numbers import forms_of, key_of
from services.search_sync.rules.entries import Clause, Collection, Consultation, Entry, Question
from services.search_sync.rules.pinyin import read_title
from services.search_sync.rules.texts import plain_body, without_marks
from shared.schemas.policies import Interpretation, Policy, Validity

DOCUMENT_FORMAT = 3
"""Raise with every change of what is built here: it makes the worker rebuild the index beside the one in use."""

MAX_TITLE_CHARACTERS = 300
"""Of what has no title of its own but a question: titles are read as pinyin character by character."""

Document = dict[str, Any]


def build_document(kind: str, *, source: str, subject: str, version: int, data: dict[str, Any]) -> Document:
    """The index document of a representation; ValueError (Pydantic's) when it is not what its kind promises."""
    document = {"id": subject, "source": source, "type": kind, "version": version, **_BUILDERS[kind](data)}
    return document | {"content_hash": hash_document(document)}


def is_searched(kind: str) -> bool:
    """Whether subjects of this kind belong into the index at all."""
    return kind in _BUILDERS


def hash_document(document: Document) -> str:
    """Over everything but the hash itself, whatever the order of the fields."""
    content = {name: document[name] for name in sorted(document) if name != "content_hash"}
    return hashlib.sha256(to_json(content)).hexdigest()


def day_number(day: date | None) -> int | None:
    """2026-03-02 as 20260302: the engine compares and sorts numbers only."""
    return None if day is None else day.year * 10_000 + day.month * 100 + day.day


def day_of(number: int | None) -> date | None:
    """The inverse of `day_number`."""
    return None if number is None else date(number // 10_000, number // 100 % 100, number % 100)


def _from_policy(data: dict[str, Any]) -> Document:
    policy = Policy.model_validate(data)
    doc_no = policy.doc_no
    return {
        **_titles(policy.title),
        **_themes(policy.theme),
        "organization": policy.organization.code,
        "organization_name": policy.organization.name,
        "level": policy.level.value,
        "division_code": policy.division_code,
        "issuers": policy.issuers or [policy.organization.name],
        "kind": policy.kind.value,
        "doc_class": policy.doc_class.value,
        "doc_no": doc_no,
        "doc_no_key": key_of(doc_no) if doc_no else None,
        "doc_no_forms": forms_of(doc_no) if doc_no else [],
        "index_no": policy.index_no,
        "reg_no": policy.reg_no,
        "year": (policy.signed_on or policy.published_on).year,
        "published_on": day_number(policy.published_on),
        "effective_on": day_number(policy.effective_on),
        "expires_on": day_number(policy.expires_on),
        "repealed_on": day_number(policy.repealed_on),
        "validity": policy.validity.value,
        "summary": without_marks(policy.summary or ""),
        "body": plain_body(policy.body, policy.body_format),
        "interpretation_count": len(policy.interpretations),
    }


def _from_interpretation(data: dict[str, Any]) -> Document:
    interpretation = Interpretation.model_validate(data)
    policy = interpretation.policy
    return {
        **_titles(interpretation.title),
        **_themes(interpretation.theme),
        "organization": interpretation.organization.code,
        "organization_name": interpretation.organization.name,
        "level": interpretation.level.value,
        "issuers": [interpretation.organization.name],
        "form": interpretation.form.value,
        "policy_id": str(policy.id),
        "policy_title": without_marks(policy.title),
        # Its policy's number finds it as well, but never before the policy: only policies have a key.
        "doc_no_forms": forms_of(policy.doc_no) if policy.doc_no else [],
        "policy_doc_no": policy.doc_no,
        "year": interpretation.published_on.year,
        "published_on": day_number(interpretation.published_on),
        # TS-29: what explains a policy no longer in force is flagged and left out like the policy itself.
        "validity": policy.validity.value,
        "body": plain_body(interpretation.body, interpretation.body_format),
    }


def _from_entry(model: type[Entry]) -> Callable[[dict[str, Any]], Document]:
    return lambda data: _entry_document(model.model_validate(data))


def _entry_document(entry: Entry) -> Document:
    numbers = [policy.doc_no for policy in entry.policies if policy.doc_no]
    first = entry.policies[0] if entry.policies else None
    return {
        **_titles(entry.heading[:MAX_TITLE_CHARACTERS]),
        **_themes(entry.theme),
        "organization": entry.organization.code,
        "organization_name": entry.organization.name,
        "level": entry.level.value,
        "issuers": [entry.organization.name],
        "policy_id": str(first.id) if first and first.id else None,
        "policy_title": without_marks(first.title) if first and first.title else None,
        # As with an interpretation: its policies' numbers find it, but never before them.
        "doc_no_forms": list(dict.fromkeys(form for number in numbers for form in forms_of(number))),
        "policy_doc_no": numbers[0] if numbers else None,
        "year": entry.published_on.year,
        "published_on": day_number(entry.published_on),
        "validity": entry.validity.value,
        "status": entry.status,
        "body": plain_body("\n".join(entry.texts), "text"),
    }


def _from_disclosure(model: type[Disclosure]) -> Callable[[dict[str, Any]], Document]:
    return lambda data: _disclosure_document(model.model_validate(data))


def _disclosure_document(found: Disclosure) -> Document:
    return {
        **_titles(found.heading[:MAX_TITLE_CHARACTERS]),
        **_themes(None),
        "organization": found.organization.code,
        "organization_name": found.organization.name,
        "level": found.shown_level,
        "issuers": [found.organization.name],
        "doc_no_forms": [],
        "year": found.day.year if found.day else None,
        "published_on": day_number(found.day),
        # What is announced is in force: its end takes it out of the index.
        "validity": Validity.IN_FORCE.value,
        "body": plain_body("\n".join(text for text in found.texts if text), "text"),
    }


_BUILDERS: dict[str, Callable[[dict[str, Any]], Document]] = {
    "policy": _from_policy,
    "interpretation": _from_interpretation,
    "question": _from_entry(Question),
    "clause": _from_entry(Clause),
    "consultation": _from_entry(Consultation),
    "collection": _from_entry(Collection),
    "item": _from_disclosure(Item),
    "publication": _from_disclosure(Publication),
    "list_entry": _from_disclosure(ListEntry),
}


def _titles(title: str) -> Document:
    pieces, initials = read_title(title)
    return {"title": without_marks(title), "title_pinyin": pieces, "title_initials": initials}


def _themes(theme: str | None) -> Document:
    """主题分类, two levels (domain.md §6.4)."""
    return {"theme": theme, "theme_top": theme.partition("\\")[0] if theme else None}
