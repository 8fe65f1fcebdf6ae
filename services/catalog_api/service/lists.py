"""Lists (清单): entries that say something from a day on, read as of any day and as known at any moment."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json
from uuid_utils.compat import uuid7

from services.catalog_api.repository import lists as repository
from services.catalog_api.repository.catalogs import Reads
from services.catalog_api.rules.timeline import Text, difference, in_force
from shared.kit.auth import Caller
from shared.kit.clock import local_day
from shared.kit.database import WriteSession
from shared.kit.errors import Conflict, DomainError, NotFound, RuleViolation
from shared.kit.log import Announcement
from shared.schemas.lists import ListChange, ListEntryInput, ListKind, ListReceipt
from shared.schemas.organizations import Organization
from shared.schemas.policies import OrganizationRef, Outcome
from shared.schemas.problems import InvalidField

NO_ENTRY = "没有这个清单事项，或它在这一时点没有生效的内容"
_FIRST_DAY = date(1949, 10, 1)


@dataclass(frozen=True)
class EntryPush:
    """What somebody wants an entry to say."""

    organization: Organization
    kind: ListKind
    external_id: str
    wanted: ListEntryInput

    @property
    def key(self) -> repository.Key:
        return self.organization.code, self.kind, self.external_id


async def put_entries(
    session: WriteSession, caller: Caller, pushes: Sequence[EntryPush], *, now: datetime
) -> list[ListReceipt | DomainError]:
    """Keep these; for each a receipt or why it is refused. No key may come twice."""
    driver = await session.driver()
    have = dict(await repository.lock_entries(driver, [push.key for push in pushes]))
    texts = await repository.list_texts(driver, [row["id"] for row in have.values()])
    results: list[DomainError | None] = [None] * len(pushes)
    entries: list[dict[str, Any]] = []
    added: list[dict[str, Any]] = []
    outcomes: dict[int, Outcome] = {}
    for index, push in enumerate(pushes):
        if push.wanted.effective_on < _FIRST_DAY:
            errors = [InvalidField(pointer="/effective_on", detail="生效日期过早")]
            results[index] = RuleViolation("清单事项有误，请按所列各项改正", errors=errors)
            continue
        text = to_json(push.wanted).decode()
        digest = hashlib.sha256(text.encode()).hexdigest()
        row = have.get(push.key)
        if row is None:
            row = _entry(push)
            entries.append(row)
            have[push.key] = row
            texts[row["id"]] = []
            outcomes[index] = Outcome.CREATED
        elif any(one["content_hash"] == digest and one["superseded_at"] is None for one in texts[row["id"]]):
            outcomes[index] = Outcome.UNCHANGED
            continue
        else:
            outcomes[index] = Outcome.UPDATED
        added.append(_text(row, len(texts[row["id"]]) + 1, push.wanted.effective_on, text, digest, caller, now))
    await repository.insert_entries(driver, entries)
    await repository.add_texts(driver, added)
    touched = {row["entry_id"] for row in added}
    shown = await _show(session, [dict(row) for row in have.values() if row["id"] in touched], today=local_day(now))
    for row in added:
        _record(session, caller, "list_entry.put", shown[row["entry_id"]], row)
    return [
        result
        if result is not None
        else _receipt(push, shown.get(have[push.key]["id"], have[push.key]), outcomes[index])
        for index, (push, result) in enumerate(zip(pushes, results, strict=True))
    ]


async def end_entry(
    session: WriteSession, caller: Caller, entry_id: UUID, *, effective_on: date, reason: str, now: datetime
) -> None:
    """It holds no more from that day on."""
    driver = await session.driver()
    found = await repository.find_entry(driver, entry_id)
    if found is None:
        raise NotFound(NO_ENTRY)
    (row,) = (
        await repository.lock_entries(driver, [(found["organization"], found["kind"], found["external_id"])])
    ).values()
    texts = _texts((await repository.list_texts(driver, [entry_id]))[entry_id])
    if in_force(texts, effective_on)[0] is None:
        raise Conflict("这个清单事项在那一天没有生效的内容，不必终止")
    text = _text(row, len(texts) + 1, effective_on, None, "", caller, now)
    await repository.add_texts(driver, [text])
    shown = await _show(session, [dict(row)], today=local_day(now))
    _record(session, caller, "list_entry.ended", shown[entry_id], text, reason=reason)


async def follow_days(session: WriteSession, *, today: date, limit: int) -> int:
    """Entries whose next text has come into force are shown anew; how many."""
    rows = await repository.lock_due(await session.driver(), today=today, limit=limit)
    await _show(session, [dict(row) for row in rows], today=today)
    return len(rows)


async def show_many(
    reads: Reads, ids: Sequence[UUID], *, day: date, moment: datetime | None, asked: bool
) -> list[bytes]:
    """Entries as they stood on a day, as known at a moment; those without a text then are left out."""
    rows = await repository.find_entries(reads, ids)
    texts = await repository.list_texts(reads, ids)
    shown = []
    for entry_id in ids:
        document = _document(rows[entry_id], _texts(texts[entry_id]), day, moment)
        if document is not None:
            times = {"as_of": day if asked else None, "as_known_at": moment}
            shown.append(to_json(document | {"version": max(rows[entry_id]["version"], 1)} | times))
    return shown


async def list_changes(
    reads: Reads,
    kind: ListKind,
    *,
    organization: str | None,
    since: date,
    until: date,
    after: UUID | None,
    limit: int,
) -> tuple[list[ListChange], UUID | None]:
    """How the entries of a list differ between two days, and where to go on."""
    rows = await repository.list_touched(
        reads, kind, organization=organization, since=since, until=until, after=after, limit=limit
    )
    texts = await repository.list_texts(reads, [row["id"] for row in rows[:limit]])
    found = [
        change for row in rows[:limit] if (change := _change(row, _texts(texts[row["id"]]), since, until)) is not None
    ]
    return found, rows[limit - 1]["id"] if len(rows) > limit else None


def _change(row: Any, texts: list[Text], since: date, until: date) -> ListChange | None:
    before, after = in_force(texts, since)[0], in_force(texts, until)[0]
    old, new = (text.content if text is not None else None for text in (before, after))
    if old == new or (old is None and new is None):
        return None
    fields = difference(old, new)
    if old is not None and new is not None and not fields:
        return None
    last = max(text.effective_on for text in texts if text.superseded_at is None and text.effective_on <= until)
    said = new or old
    assert said is not None
    return ListChange(
        id=row["id"],
        organization=OrganizationRef(code=row["organization"], name=row["organization_name"]),
        external_id=row["external_id"],
        title=said["title"],
        change="added" if old is None else "ended" if new is None else "changed",
        effective_on=last,
        fields=fields,
    )


async def _show(session: WriteSession, rows: Sequence[dict[str, Any]], *, today: date) -> dict[UUID, dict[str, Any]]:
    """Render these as they stand today and announce what differs; the rows as they are now, by id."""
    driver = await session.driver()
    texts = await repository.list_texts(driver, [row["id"] for row in rows])
    for row in rows:
        own = _texts(texts[row["id"]])
        document = _document(row, own, today, None)
        was, row["next_change_on"] = row["representation"], in_force(own, today)[1]
        row["latest_number"] = len(own)
        if document is None:
            if was is not None:
                row |= {"version": row["version"] + 1, "representation": None, "etag": None}
                session.announce(Announcement("list_entry.withdrawn", str(row["id"]), row["version"], None))
            continue
        version = row["version"] + 1
        now_shown = {"version": version, "as_of": None, "as_known_at": None}
        if was is not None and from_json(was) | now_shown == from_json(to_json(document | now_shown)):
            continue
        body = to_json(document | now_shown)
        row |= {"version": version, "representation": body, "etag": f'"{version}"'}
        told = "list_entry.released" if was is None else "list_entry.changed"
        session.announce(Announcement(told, str(row["id"]), version, body))
    await repository.keep_rendered(driver, rows)
    return {row["id"]: row for row in rows}


def _document(row: Any, texts: list[Text], day: date, moment: datetime | None) -> dict[str, Any] | None:
    text, until = in_force(texts, day, moment)
    if text is None or text.content is None:
        return None
    return {
        "id": row["id"],
        "organization": {"code": row["organization"], "name": row["organization_name"]},
        "kind": row["kind"],
        "external_id": row["external_id"],
        "number": text.number,
        **{name: text.content[name] for name in ("title", "code", "basis", "fields", "url")},
        "effective_on": text.effective_on,
        "until": until,
    }


def _texts(rows: Sequence[Any]) -> list[Text]:
    return [
        Text(
            row["number"],
            row["effective_on"],
            from_json(row["content"]) if row["content"] is not None else None,
            row["recorded_at"],
            row["superseded_at"],
        )
        for row in rows
    ]


def _entry(push: EntryPush) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "organization": push.organization.code,
        "organization_name": push.organization.name,
        "kind": push.kind,
        "external_id": push.external_id,
        "latest_number": 0,
        "version": 0,
        "next_change_on": None,
        "representation": None,
        "etag": None,
    }


def _text(
    row: Any, number: int, day: date, content: str | None, digest: str, caller: Caller, now: datetime
) -> dict[str, Any]:
    return {
        "entry_id": row["id"],
        "number": number,
        "effective_on": day,
        "content": content,
        "content_hash": digest,
        "recorded_at": now,
        "recorded_by": caller.client_id,
    }


def _receipt(push: EntryPush, row: Any, outcome: Outcome) -> ListReceipt:
    return ListReceipt(
        outcome=outcome,
        id=row["id"],
        organization=push.organization.code,
        kind=push.kind,
        external_id=push.external_id,
        number=max(row["latest_number"], 1),
        version=row["version"],
    )


def _record(
    session: WriteSession, caller: Caller, action: str, row: dict[str, Any], text: dict[str, Any], **facts: Any
) -> None:
    session.record(
        actor=caller.client_id,
        action=action,
        subject=str(row["id"]),
        version=max(row["version"], 1),
        organization=row["organization"],
        effective_on=str(text["effective_on"]),
        **facts,
    )
