"""From a document's text to a draft of a push, and which of its fields a person should look at, and why.

Finds nothing that `extraction` and `outline` do not find, except attachments and copies. Pure.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from services.policy_api.rules.doc_number import parse_doc_number
from services.policy_api.rules.extraction import Extracted, extract_metadata
from services.policy_api.rules.index_number import check_index_number
from services.policy_api.rules.outline import MAX_NODES, parse_outline
from shared.schemas.parsing import ParsedDocument, PolicyDraft, UncertainField
from shared.schemas.policies import Attachment, RelationInput, RelationType

_SEEN = 60
_SHORTEST_TITLE, _LONGEST_TITLE = 2, 500
_MAX_ATTACHMENTS = 50
_ATTACHMENTS = re.compile(r"附\s*件\s*[：:]\s*(.*)")
_NUMBERED = re.compile(r"(?:附件\s*)?[0-9０-９]{1,2}\s*[.．、]\s*(.+)")
_ANNEX = re.compile(r"附\s*件\s*([0-9０-９一二三四五六七八九十]{0,3})")
_COPIES = re.compile(r"抄\s*送\s*[：:]\s*(.+)")
_COPIES_END = re.compile(r".*\d{4}年\d{1,2}月\d{1,2}日\s*印发.*|.*印发$")
_INFERRED = {
    "title": "首部没有以文种结尾的标题，取自正文首行",
    "issuers": "落款没有写明，从标题推断",
    "doc_class": "没有“规”字文号等标志，按内容推断",
    "effective_on": "正文写“自印发（发布）之日起施行”，按所见日期推断",
    "expires_on": "由施行日期和有效期推算",
}
_MISSING = {
    "title": "没有找到标题",
    "doc_no": "没有找到发文字号",
    "issuers": "没有找到发文机关",
    "signed_on": "没有找到成文日期",
    "addressee": "没有找到主送机关（普发性文件可以没有）",
}


@dataclass(frozen=True)
class ReadText:
    """What a reader made of a file."""

    media_type: str
    text: str
    pages: int | None
    remarks: Sequence[UncertainField]


def draft_policy(read: ReadText) -> ParsedDocument:
    """The draft, its outline and all doubts, the reader's first. Linear in the text's length."""
    found = extract_metadata(read.text)
    lines = found.body.split("\n")
    attachments, doubts = _find_attachments(lines)
    draft = PolicyDraft(
        title=found.title[:_LONGEST_TITLE] if found.title and len(found.title) >= _SHORTEST_TITLE else None,
        doc_class=found.doc_class,
        kind=found.kind,
        doc_no=_number(found.doc_no),
        index_no=_index_number(found.index_no),
        issuers=list(found.issuers)[:20],
        signed_on=found.signed_on,
        issued_on=found.issued_on,
        effective_on=found.effective_on,
        expires_on=found.expires_on or _end(found),
        publicity=found.publicity,
        body=found.body,
        addressee=found.addressee,
        copies_to=_find_copies(lines),
        contact=found.contact,
        attachments=attachments,
        relations=_relations(found),
    )
    outline = parse_outline(found.body)
    cut = [UncertainField(pointer="/body", reason=f"标题超过{MAX_NODES}处，其余没有列入篇章结构")]
    return ParsedDocument(
        media_type=read.media_type,
        pages=read.pages,
        characters=len(found.body),
        draft=draft,
        outline=outline,
        uncertain=[
            *read.remarks,
            *_doubts(found, draft),
            *doubts,
            *(cut if len(outline) >= MAX_NODES else []),
        ],
    )


def _doubts(found: Extracted, draft: PolicyDraft) -> Iterator[UncertainField]:
    values = draft.model_dump()
    for name, reason in _INFERRED.items():
        guessed = name in found.uncertain or (name == "expires_on" and found.lasts is not None)
        if guessed and values[name]:
            yield UncertainField(pointer=f"/{name}", reason=reason, seen=_shown(values[name]))
    for name, reason in _MISSING.items():
        if not values[name]:
            yield UncertainField(pointer=f"/{name}", reason=reason, seen=_shown(getattr(found, name)))
    if found.index_no and not draft.index_no:
        yield UncertainField(pointer="/index_no", reason="索引号的写法不规范，没有采用", seen=found.index_no[:_SEEN])
    if found.signed_on and found.issued_on and found.issued_on < found.signed_on:
        reason = f"印发日期{found.issued_on}早于成文日期{found.signed_on}"
        yield UncertainField(pointer="/issued_on", reason=reason, seen=str(found.issued_on))
    if draft.effective_on and draft.expires_on and draft.expires_on < draft.effective_on:
        reason = "有效期早于施行日期"
        yield UncertainField(pointer="/expires_on", reason=reason, seen=str(draft.expires_on))
    if found.publicity is None:
        yield UncertainField(pointer="/publicity", reason="没有找到“此件公开发布”等字样")
    for place, relation in enumerate(draft.relations):
        if relation.type is RelationType.REPEALS:
            seen = (relation.target_doc_no or relation.target_title or "")[:_SEEN]
            reason = "正文写明废止，请核对所指的文件和范围"
            yield UncertainField(pointer=f"/relations/{place}", reason=reason, seen=seen)


def _shown(value: object) -> str | None:
    if value is None or value in ((), []):
        return None
    return ("、".join(str(one) for one in value) if isinstance(value, list | tuple) else str(value))[:_SEEN]


def _number(written: str | None) -> str | None:
    try:
        return parse_doc_number(written).text if written else None
    except ValueError:
        return None


def _index_number(written: str | None) -> str | None:
    try:
        return check_index_number(written, accept_legacy=True) if written else None
    except ValueError:
        return None


def _end(found: Extracted) -> date | None:
    if found.lasts is None or found.effective_on is None:
        return None
    return found.lasts.last_day_from(found.effective_on)


def _relations(found: Extracted) -> list[RelationInput]:
    """What it rests on, and what it says it repeals: an end of another document takes a number, a title is too vague."""
    repeals = [(RelationType.REPEALS, gone) for gone in found.repeals if gone.doc_no]
    bases = [(RelationType.BASED_ON, base) for base in found.based_on]
    seen: dict[tuple[RelationType, str], RelationInput] = {}
    for kind, named in (*repeals, *bases):
        relation = RelationInput(type=kind, target_doc_no=named.doc_no, target_title=named.title)
        seen.setdefault((kind, named.doc_no or named.title or ""), relation)
    return list(seen.values())[:200]


# 附件说明 (党政机关公文处理工作条例第九条; GB/T 9704-2012 7.3.4): below the text, before the signature.


def _find_attachments(lines: Sequence[str]) -> tuple[list[Attachment], list[UncertainField]]:
    names: list[str] = []
    for number, line in enumerate(lines):
        match = _ATTACHMENTS.fullmatch(line)
        if match:
            names = _listed(match[1], lines[number + 1 : number + 1 + 2 * _MAX_ATTACHMENTS])
            break
    doubts: list[UncertainField] = []
    if not names:
        alone = next((line for line in lines if _ANNEX.fullmatch(line)), None)
        if alone is not None:
            doubts = [UncertainField(pointer="/attachments", reason="有附件标志，但没有附件说明", seen=alone)]
    attachments = [Attachment(name=name) for name in dict.fromkeys(name[:200] for name in names)]
    if attachments:
        reason = "附件名取自附件说明，文件需另行上传"
        doubts = [UncertainField(pointer="/attachments", reason=reason, seen=attachments[0].name[:_SEEN])]
    return attachments, doubts


def _listed(first: str, following: Sequence[str]) -> list[str]:
    """`附件：1. 甲` and the numbered lines below it, a wrapped name put together; or the one name without a number."""
    match = _NUMBERED.fullmatch(first)
    if match is None:
        return [_bare(first)] if _bare(first) else []
    names = [_bare(match[1])]
    for line in following:
        match = _NUMBERED.fullmatch(line)
        if match is None or len(names) >= _MAX_ATTACHMENTS:
            break
        names.append(_bare(match[1]))
    return [name for name in names if name]


def _bare(name: str) -> str:
    name = name.strip(" \u3000\t")
    return name[:-1] if name.endswith(("。", "；", ";")) else name


def _find_copies(lines: Sequence[str]) -> str | None:
    """抄送 (GB/T 9704-2012 7.4.2): near the end, over as many lines as end without a full stop."""
    for number in range(len(lines) - 1, max(-1, len(lines) - 60), -1):
        match = _COPIES.fullmatch(lines[number])
        if match is None:
            continue
        parts = [match[1]]
        for line in lines[number + 1 : number + 6]:
            if parts[-1].endswith("。") or not line or _COPIES_END.fullmatch(line):
                break
            parts.append(line)
        return "".join(parts).rstrip("。 ")[:2000] or None
    return None
