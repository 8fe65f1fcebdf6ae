"""From a push to the content that is kept: one normal form, one hash.

The content is the caller's document, normalised and sanitised; nothing is added that the caller did not say, so the
same document pushed again has the same hash for ever.
"""

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic_core import to_json

from services.policy_api.rules.bodies import normalize_text, sanitize_html
from services.policy_api.rules.checks import check_policy
from services.policy_api.rules.doc_number import parse_doc_number
from services.policy_api.rules.index_number import check_index_number
from services.policy_api.rules.registration import check_registration_number
from services.policy_api.rules.stored_files import hash_in
from services.policy_api.rules.themes import check_theme
from shared.kit.errors import RuleViolation
from shared.schemas.policies import DocClass, InterpretationInput, PolicyInput

_NOT_CONTENT = {"organization", "external_id"}


@dataclass(frozen=True)
class Content:
    """A normalised document: `fields` is what `text` (canonical JSON) says and `hash` (SHA-256, hex) covers."""

    fields: dict[str, Any]
    text: str
    hash: str

    @property
    def doc_no(self) -> str | None:
        number: str | None = self.fields["doc_no"]
        return number

    @property
    def numbers(self) -> dict[str, str]:
        """By JSON pointer, the numbers that belong to one document alone (LIB-02)."""
        carried = {"/doc_no": self.doc_no}
        if self.fields["doc_class"] == DocClass.NORMATIVE:
            carried["/reg_no"] = self.fields["reg_no"]
        return {pointer: number for pointer, number in carried.items() if number}

    def text_effective_on(self, published_on: date | None) -> date | None:
        """From which day this is the document's text."""
        own: date | None = self.fields["version"]["effective_on"] or self.fields["effective_on"]
        return own or published_on


def normalize_policy(wanted: PolicyInput, *, importing: bool, today: date) -> Content:
    """The content of a push; RuleViolation with a pointer a field when it breaks a rule."""
    errors = check_policy(wanted, importing=importing, today=today)
    if errors:
        raise RuleViolation("文件信息不符合要求，请按所列各项改正", errors=errors)
    fields = wanted.model_dump(exclude=_NOT_CONTENT)
    fields["doc_no_raw"] = wanted.doc_no
    if wanted.doc_no:
        fields["doc_no"] = parse_doc_number(wanted.doc_no).text
    if wanted.index_no:
        fields["index_no"] = check_index_number(wanted.index_no, accept_legacy=importing)
    if wanted.reg_no and wanted.doc_class is DocClass.NORMATIVE:
        fields["reg_no"] = check_registration_number(wanted.reg_no)
    if wanted.theme:
        fields["theme"] = check_theme(wanted.theme)
    fields["body"] = clean_body(wanted.body, wanted.body_format)
    for relation in fields["relations"]:
        if relation["target_doc_no"]:
            relation["target_doc_no"] = parse_doc_number(relation["target_doc_no"]).text
    return _seal(fields)


def normalize_interpretation(wanted: InterpretationInput) -> Content:
    """The content of an interpretation, whoever it comes from."""
    fields = wanted.model_dump(include=set(InterpretationInput.model_fields))
    fields["body"] = clean_body(wanted.body, wanted.body_format)
    return _seal(fields)


def clean_body(body: str, body_format: str) -> str:
    """Sanitised when HTML, normalised when text. RuleViolation when nothing is left."""
    clean = sanitize_html(body) if body_format == "html" else normalize_text(body)
    if not clean.strip():
        raise RuleViolation("正文清理后没有内容；请检查是否只有脚本或空白")
    return clean


def _seal(fields: dict[str, Any]) -> Content:
    for attachment in fields["attachments"]:
        attachment["sha256"] = attachment["sha256"] or hash_in(attachment["url"])
    raw = to_json(fields)
    return Content(fields, raw.decode(), hashlib.sha256(raw).hexdigest())
