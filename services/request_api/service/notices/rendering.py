"""Templates checked when an office hands them in, and documents made of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from services.request_api.rules.notices import check_placeholders, check_values, fields_needed
from services.request_api.service.notices.built_in import built_in
from services.request_api.service.notices.filling import check_markup, fill, find_placeholders
from services.request_api.service.notices.package import FILLED, read_parts, write_parts
from shared.kit.confined import RefusedFile
from shared.kit.errors import RuleViolation
from shared.schemas.notices import NoticeKind
from shared.schemas.problems import InvalidField
from shared.schemas.request_codes import DecisionCode

__all__ = ["Template", "accept_template", "built_in_template", "fields_needed", "render_notice"]
_CLEANED_ON = date(2000, 1, 1)


@dataclass(frozen=True)
class Template:
    """A .docx that has been accepted, for one kind."""

    kind: NoticeKind
    content: bytes


def built_in_template(kind: NoticeKind) -> Template:
    return Template(kind, built_in(kind))


def accept_template(kind: NoticeKind, data: bytes) -> Template:
    """The template without properties and authors; RuleViolation with everything that is wrong with it."""
    try:
        parts = read_parts(data)
        check_markup(parts)
        found = find_placeholders(parts)
    except RefusedFile as error:
        raise RuleViolation(
            f"模板不予采用：{error.detail}",
            errors=[InvalidField(pointer="/file", detail=error.detail)],
            reason=error.reason.value,
        ) from error
    faults = check_placeholders(kind, found)
    if faults:
        errors = [InvalidField(pointer="/file", detail=fault) for fault in faults[:50]]
        raise RuleViolation("模板的字段与文书种类不符，请按所列各项改正后再上传", errors=errors)
    return Template(kind, write_parts(parts, dated=_CLEANED_ON))


def render_notice(
    template: Template, fields: Mapping[str, str], *, dated: date, decision: DecisionCode | None = None
) -> bytes:
    """The document as .docx: the same bytes for the same template, fields and day. Lacking fields are a RuleViolation."""
    errors = check_values(template.kind, fields, decision)
    if errors:
        raise RuleViolation("文书缺少应有的内容，请按所列各项补齐", errors=errors)
    parts = read_parts(template.content)
    filled = {name: fill(part, fields) if FILLED.fullmatch(name) else part for name, part in parts.items()}
    return write_parts(filled, dated=dated)
