"""Uploaded documents into drafts, by the confined process of `readers`."""

import asyncio
from pathlib import Path

from pydantic import ValidationError

from services.policy_api.service.readers.kinds import ENDINGS, FileKind
from shared.kit.confined import ConfinedReader, too_costly
from shared.schemas.parsing import ParsedDocument, UncertainField

READERS = "services.policy_api.service.readers"


async def parse_document(reader: ConfinedReader, data: bytes, *, name: str | None = None) -> ParsedDocument:
    """The draft; a RuleViolation that says why when the file is refused."""
    return await asyncio.to_thread(_understand, await reader.read(data), name)


def _understand(answer: bytes, name: str | None) -> ParsedDocument:
    try:
        parsed = ParsedDocument.model_validate_json(answer)
    except ValidationError as error:
        # Cut: the child was ended while it answered.
        raise too_costly() from error
    ending = Path(name).suffix.lower() if name else ""
    expected = ENDINGS[FileKind(parsed.media_type)]
    if ending and ending not in expected:
        reason = f"文件名以{ending}结尾，内容却是{expected[0]}，按内容读取"
        parsed.uncertain.insert(0, UncertainField(pointer="/body", reason=reason[:200]))
    return parsed
