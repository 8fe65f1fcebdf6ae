"""Answers readers: what stands stored, and what a date or a version number asks for."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from services.policy_api.repository import policies as write_repository
from services.policy_api.repository import reading as repository
from services.policy_api.repository.reading import Reads
from services.policy_api.rules.bodies import plain_text
from services.policy_api.rules.compare import compare_texts
from services.policy_api.service.publication import policy_facts
from services.policy_api.service.rendering import Rendered, facts_of_representation, render_policy, shown_text
from shared.kit.auth import Caller
from shared.kit.clock import LOCAL_ZONE
from shared.kit.errors import DomainError, NotFound, Withdrawn
from shared.schemas.comparisons import Comparison

_BEFORE_ALL = datetime(1900, 1, 1, tzinfo=UTC)
NO_POLICY = "没有这份政策文件，或尚未公开"


async def render_as_of(reads: Reads, policy_id: UUID, *, day: date, historic: bool) -> Rendered:
    """The public representation as a date makes it: the text in force and the validity on that day."""
    return (await render_many(reads, [policy_id], day=day, historic=historic))[policy_id]


def moment_of(asked: datetime | date, now: datetime) -> datetime:
    """A day means its end; what has not come yet means now, what was before any record its beginning."""
    if isinstance(asked, datetime):
        return max(min(asked, now), _BEFORE_ALL)
    return min(datetime.combine(asked + timedelta(days=1), time.min, LOCAL_ZONE), now) if asked < date.max else now


async def find_withdrawal(reads: Reads, policy_id: UUID) -> dict[str, Any] | None:
    """In which form a policy was taken back, and what is said of it; None unless it was."""
    row = await repository.find_withdrawal(reads, policy_id)
    if row is None:
        return None
    told: dict[str, Any] = json.loads(row["withdrawal"]) if row["withdrawal"] else {"form": "gone", "notice": None}
    return {"since": None, "moved_to": None, "moved_to_policy": None, **told}


async def withdrawn_or_missing(reads: Reads, policy_id: UUID) -> DomainError:
    """What a reader is told of a document that is not public: taken back (410), or not here."""
    told = await find_withdrawal(reads, policy_id)
    if told is None:
        return NotFound(NO_POLICY)
    return Withdrawn(told["notice"] or "这份文件已由发布机关撤回", since=told["since"])


async def render_as_known(reads: Reads, policy_id: UUID, *, known_at: datetime, day: date) -> Rendered:
    """What the library said at a moment of a day: from the representation that it served then, not from what it knows now.

    NotFound when it served none.
    """
    stored = await repository.find_known_at(reads, policy_id, known_at)
    if stored is None:
        raise NotFound("该时刻本库尚未公开这份文件；请改问之后的时刻")
    facts = facts_of_representation(json.loads(stored["representation"]))
    number = shown_text(facts.texts, day).number
    contents = await write_repository.load_contents(reads, [(policy_id, number)])
    content = json.loads(contents[policy_id, number])
    return render_policy(facts, content, today=day, as_of=day, as_known_at=known_at)


async def render_many(reads: Reads, ids: Sequence[UUID], *, day: date, historic: bool) -> dict[UUID, Rendered]:
    """The same for several; NotFound when one is not public."""
    rows = [row for row in await write_repository.load_facts(reads, ids) if row["state"] == "public"]
    if len(rows) != len(set(ids)):
        public = {row["id"] for row in rows}
        raise await withdrawn_or_missing(reads, next(one for one in ids if one not in public))
    facts = [policy_facts(row) for row in rows]
    shown = [(fact.id, shown_text(fact.texts, day).number) for fact in facts]
    contents = await write_repository.load_contents(reads, shown)
    return {
        fact.id: render_policy(fact, json.loads(contents[key]), today=day, as_of=day if historic else None)
        for fact, key in zip(facts, shown, strict=True)
    }


async def may_see_drafts(reads: Reads, caller: Caller | None, policy_id: UUID) -> bool:
    """Whether drafts show: to callers of the organisation's own subtree. NotFound when there is nothing at all to see."""
    owner = await repository.find_owner(reads, policy_id)
    if owner is None:
        raise NotFound(NO_POLICY)
    sees = caller is not None and await caller.covers(owner["organization"])
    if owner["state"] != "public" and not sees:
        raise await withdrawn_or_missing(reads, policy_id)
    return sees


async def list_versions(reads: Reads, caller: Caller | None, policy_id: UUID) -> list[dict[str, Any]]:
    """The history, oldest record first; texts not yet released only for the organisation's own."""
    drafts = await may_see_drafts(reads, caller, policy_id)
    return [dict(row) for row in await repository.list_versions(reads, policy_id, released_only=not drafts)]


async def get_version(reads: Reads, caller: Caller | None, policy_id: UUID, number: int) -> dict[str, Any]:
    """One text with its whole content."""
    drafts = await may_see_drafts(reads, caller, policy_id)
    row = await write_repository.load_version(reads, policy_id, number)
    if row is None or (row["released_at"] is None and not drafts):
        raise NotFound(f"没有第{number}个版本")
    return {**dict(row), "content": json.loads(row["content"])}


async def compare_versions(reads: Reads, caller: Caller | None, policy_id: UUID, old: int, new: int) -> Comparison:
    """What changed from one text to another, by article and by character."""
    texts = []
    for number in (old, new):
        content = (await get_version(reads, caller, policy_id, number))["content"]
        texts.append(plain_text(content["body"]) if content["body_format"] == "html" else content["body"])
    return compare_texts(*texts)
