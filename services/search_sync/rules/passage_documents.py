"""What the passage index holds of each public representation: a pure function, like that of the document index."""

from collections.abc import Callable
from typing import Any

from services.search_sync.rules.documents import Document, day_number
from services.search_sync.rules.entries import Clause, Entry, Question
from services.search_sync.rules.passages import Passage, split_text
from services.search_sync.rules.texts import plain_body, without_marks
from shared.schemas.policies import Interpretation, Policy

PASSAGE_FORMAT = 1
"""Raise with every change of what is built here."""


def build_passages(kind: str, *, source: str, subject: str, version: int, data: dict[str, Any]) -> list[Document]:
    """The passages of a representation; ValueError (Pydantic's) when it is not what its kind promises."""
    common, passages = _BUILDERS[kind](data)
    common |= {"subject": subject, "source": source, "type": kind, "version": version}
    common["edition"] = edition_of(subject, version)
    return [
        {
            "id": f"{subject}_{number}",
            "number": number,
            **common,
            "address": passage.address,
            "label": passage.label,
            "headings": list(passage.headings),
            "text": without_marks(passage.text),
        }
        for number, passage in enumerate(passages)
    ]


def has_passages(kind: str) -> bool:
    """Whether subjects of this kind answer questions. A draft under consultation does not: it is not in force."""
    return kind in _BUILDERS


def edition_of(subject: str, version: int) -> str:
    """Common to the passages that belong together: what is of another edition of the subject is a remainder."""
    return f"{subject}.{version}"


def _from_policy(data: dict[str, Any]) -> tuple[Document, list[Passage]]:
    policy = Policy.model_validate(data)
    return {
        "title": without_marks(policy.title),
        "doc_no": policy.doc_no,
        "organization": policy.organization.code,
        "organization_name": policy.organization.name,
        "level": policy.level.value,
        "validity": policy.validity.value,
        "published_on": day_number(policy.published_on),
        "policy_id": subject_id(policy.id),
        "policy_title": None,
    }, split_text(plain_body(policy.body, policy.body_format), policy.outline)


def _from_interpretation(data: dict[str, Any]) -> tuple[Document, list[Passage]]:
    interpretation = Interpretation.model_validate(data)
    policy = interpretation.policy
    return {
        "title": without_marks(interpretation.title),
        "doc_no": policy.doc_no,
        "organization": interpretation.organization.code,
        "organization_name": interpretation.organization.name,
        "level": interpretation.level.value,
        "validity": policy.validity.value,
        "published_on": day_number(interpretation.published_on),
        "policy_id": subject_id(policy.id),
        "policy_title": without_marks(policy.title),
    }, split_text(plain_body(interpretation.body, interpretation.body_format), [])


def _from_question(data: dict[str, Any]) -> tuple[Document, list[Passage]]:
    entry = Question.model_validate(data)
    return _entry(entry, entry.question.strip()), split_text(plain_body(entry.answer, "text"), [])


def _from_clause(data: dict[str, Any]) -> tuple[Document, list[Passage]]:
    entry = Clause.model_validate(data)
    return _entry(entry, entry.heading), split_text(plain_body(entry.original_text, "text"), [])


def _entry(entry: Entry, title: str) -> Document:
    policy = entry.policies[0] if entry.policies else None
    return {
        "title": without_marks(title),
        "doc_no": policy.doc_no if policy else None,
        "organization": entry.organization.code,
        "organization_name": entry.organization.name,
        "level": entry.level.value,
        "validity": entry.validity.value,
        "published_on": day_number(entry.published_on),
        "policy_id": subject_id(policy.id) if policy else None,
        "policy_title": without_marks(policy.title) if policy and policy.title else None,
    }


def subject_id(identifier: object) -> str | None:
    return None if identifier is None else str(identifier)


_BUILDERS: dict[str, Callable[[dict[str, Any]], tuple[Document, list[Passage]]]] = {
    "policy": _from_policy,
    "interpretation": _from_interpretation,
    "question": _from_question,
    "clause": _from_clause,
}
