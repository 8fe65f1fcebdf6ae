"""Files to import: their form is recognised row by row, from the fields that a row has. Maps nothing."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from services.policy_api.service.readers.found import Bounds
from services.policy_api.service.readers.reading import read_kind
from shared.kit.confined import RefusedFile

MAX_FILE_BYTES = 1_000_000_000


class Form(StrEnum):
    """What a row is."""

    LAW = "law"  # laws.jsonl: a dated text of a law
    LAW_GROUP = "law_group"  # law_version_groups.jsonl: which laws belong together; holds no text
    LIBRARY = "library"  # govcn_library_sample.jsonl: a listing row, document or interpretation
    STATE_COUNCIL = "state_council"  # policies_govcn.jsonl
    CITY_PAGE = "city_page"  # policies_guangzhou.jsonl
    FOUNDING = "founding"  # policy_seed.json
    POLICY = "policy"  # a PolicyInput of ours, with or without organisation and key
    TEXT = "text"  # one document: .docx, .pdf, .html or .txt
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class SourceRow:
    """One row: where it stands, what it is, what it says. `fault` says why it could not be read."""

    file: str
    number: int
    form: Form
    # Any: foreign JSON.
    fields: dict[str, Any]
    fault: str | None = None

    @property
    def name(self) -> str:
        """How the report calls it."""
        own = self.fields.get("id") or self.fields.get("external_id")
        return f"{self.file}:{self.number}" + (f" {own}" if own else "")


class UnreadableFile(Exception):
    """A file that cannot be imported at all; the message says why."""


def read_rows(path: Path) -> Iterator[SourceRow]:
    """The rows of a file. UnreadableFile when it is missing, too large or of no known kind."""
    if not path.is_file():
        raise UnreadableFile(f"没有文件 {path}")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise UnreadableFile(f"{path.name} 超过 {MAX_FILE_BYTES // 1_000_000} MB，请分成几个文件")
    suffix = path.suffix.lower()
    if suffix in (".jsonl", ".ndjson"):
        yield from _read_lines(path)
    elif suffix == ".json":
        yield from _read_json(path)
    elif suffix in (".docx", ".pdf", ".html", ".htm", ".txt"):
        yield SourceRow(path.name, 1, Form.TEXT, _read_document(path))
    else:
        raise UnreadableFile(f"{path.name} 的类型不认识：请提供 .jsonl、.json、.docx、.pdf、.html 或 .txt")


_SIGNS: tuple[tuple[Form, frozenset[str]], ...] = (
    (Form.LAW, frozenset({"body_markdown", "version_date"})),
    (Form.LAW_GROUP, frozenset({"versions", "n_versions"})),
    (Form.LIBRARY, frozenset({"interprets"})),
    (Form.STATE_COUNCIL, frozenset({"topic", "written_date", "body"})),
    (Form.CITY_PAGE, frozenset({"publish_date", "written_date", "body"})),
    (Form.FOUNDING, frozenset({"title", "doc_no", "issuer", "written_date", "body"})),
    (Form.POLICY, frozenset({"title", "body"})),
)


def recognize(fields: dict[str, Any]) -> Form:
    """The form of a row by its fields; the most particular form that fits."""
    return next((form for form, signs in _SIGNS if signs <= fields.keys()), Form.UNKNOWN)


def _read_lines(path: Path) -> Iterator[SourceRow]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _row(path.name, number, line)


def _row(file: str, number: int, raw: bytes) -> SourceRow:
    try:
        fields = json.loads(raw)
    except (ValueError, RecursionError) as error:
        return SourceRow(file, number, Form.UNKNOWN, {}, fault=f"不是合法的 JSON（{type(error).__name__}）")
    if not isinstance(fields, dict):
        return SourceRow(file, number, Form.UNKNOWN, {}, fault="每行应为一个 JSON 对象")
    return SourceRow(file, number, recognize(fields), fields)


def _read_json(path: Path) -> Iterator[SourceRow]:
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"{path.name} 不是合法的 JSON（{type(error).__name__}）") from error
    rows = document if isinstance(document, list) else [document]
    for number, fields in enumerate(rows, 1):
        if isinstance(fields, dict):
            yield SourceRow(path.name, number, recognize(fields), fields)
        else:
            yield SourceRow(path.name, number, Form.UNKNOWN, {}, fault="应为 JSON 对象")


def _read_document(path: Path) -> dict[str, Any]:
    """Its text by the readers that uploads go through, and what they remark."""
    try:
        found = read_kind(path.read_bytes(), Bounds(), lambda _pages: None)
    except RefusedFile as refused:
        raise UnreadableFile(f"{path.name}：{refused.detail}") from refused
    remarks = [f"{one.reason}（{one.seen}）" if one.seen else one.reason for one in found.remarks]
    return {"text": found.text, "remarks": remarks}
