"""The common life of entries: pushed, linked, rendered, refreshed when what they point at changes, withdrawn.

What is special about a kind stands in its `EntryKind`; nothing here knows any kind by name.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic_core import to_json
from uuid_utils.compat import uuid7

from services.policy_api.repository import entries as repository
from services.policy_api.repository import policies as policy_repository
from services.policy_api.repository import reading
from services.policy_api.repository.reading import Reads
from services.policy_api.rules.checks import FIRST_YEAR
from services.policy_api.rules.doc_number import parse_doc_number
from services.policy_api.rules.entry_kinds.kind import EntryKind, Fields, Linked, Material, Target
from services.policy_api.rules.entry_kinds.registry import KINDS
from services.policy_api.service.files import ensure_files
from services.policy_api.service.rendering import differ, etag_of
from shared.kit.auth import Caller
from shared.kit.clock import local_day
from shared.kit.database import WriteSession
from shared.kit.errors import NotFound, RuleViolation
from shared.kit.http import check_if_match, check_if_match_absent
from shared.kit.log import Announcement
from shared.schemas.entries import EntryInput, PolicyLink
from shared.schemas.organizations import Organization
from shared.schemas.policies import Outcome, Receipt
from shared.schemas.problems import InvalidField


@dataclass(frozen=True)
class Kept:
    """An entry as it is kept now, held until the transaction ends."""

    content: Fields
    supplement: Fields
    is_public: bool


Supply = Callable[[Kept | None], Fields]
"""What the service adds, from what is kept so far; asked once that is locked. It may raise to refuse the push."""


@dataclass(frozen=True)
class EntryPush:
    """An entry as somebody wants it kept."""

    kind: EntryKind
    organization: Organization
    external_id: str
    wanted: EntryInput
    supplement: Fields | Supply | None = None
    """What the service adds, or how it follows from what is there; None keeps what is there."""
    if_match: str | None = None


async def put_entry(session: WriteSession, caller: Caller, push: EntryPush, *, now: datetime) -> Receipt:
    """Create or replace an entry, link it and show it, in one transaction."""
    kind, today = push.kind, local_day(now)
    _ensure_sound(push, today)
    driver = await session.driver()
    await repository.lock_key(driver, kind.name, push.organization.code, push.external_id)
    have = await repository.find_by_key(driver, kind.name, push.organization.code, push.external_id)
    content = to_json(push.wanted).decode()
    fields = json.loads(content)
    await ensure_files(driver, push.organization.code, fields, public=True)
    targets = await _resolve(driver, push, fields)
    await _hold(driver, [*targets, *(await _present_targets(driver, have))], have)
    if have is not None:
        # Whoever renders or supplements it takes this lock only: what was read before it may be old.
        have = await repository.find_by_key(driver, kind.name, push.organization.code, push.external_id)
    _check_if_match(push, have)
    row = _row_of(push, have, content, today)
    if have is not None and _is_same(have, row, await _present_targets(driver, have), targets):
        return _receipt(push, have, Outcome.UNCHANGED, now)
    linked = await _load_linked(driver, targets)
    _ensure_addresses_exist(push.wanted, await _outlines(driver, push.wanted, targets))
    version = (have["version"] if have else 0) + 1
    rendered = _render(kind, row, linked, version, today)
    await repository.keep_replaced(driver, row["id"])
    await repository.upsert(driver, row | rendered | {"state": "public"})
    await repository.write_links(driver, row["id"], kind.name, row["published_on"], targets)
    is_new = have is None or have["state"] != "public"
    event = f"{kind.name}.{'released' if is_new else 'changed'}"
    session.announce(Announcement(event, str(row["id"]), version, rendered["representation"]))
    session.record(
        actor=caller.client_id,
        action=f"{kind.name}.{'released' if is_new else 'changed'}",
        subject=str(row["id"]),
        version=version,
        organization=push.organization.code,
        hash=row["content_hash"],
    )
    await refresh_entries(session, [row["id"]], today=today)
    outcome = Outcome.UPDATED if have else Outcome.CREATED
    return _receipt(push, row | {"version": version}, outcome, now)


async def withdraw_entry(
    session: WriteSession, caller: Caller, kind: EntryKind, entry_id: UUID, *, reason: str, today: date
) -> None:
    """Take an entry out of public view. What points at it shows so at once."""
    driver = await session.driver()
    rows = await repository.lock(driver, [entry_id])
    if not rows or rows[0]["kind"] != kind.name or rows[0]["state"] != "public":
        raise NotFound(f"没有这条已公开的{kind.chinese}")
    version = rows[0]["version"] + 1
    await repository.keep_replaced(driver, entry_id)
    await repository.withdraw(driver, entry_id, version=version)
    session.announce(Announcement(f"{kind.name}.withdrawn", str(entry_id), version, None))
    session.record(
        actor=caller.client_id,
        action=f"{kind.name}.withdrawn",
        subject=str(entry_id),
        version=version,
        organization=rows[0]["organization"],
        reason=reason,
    )
    await refresh_entries(session, [entry_id], today=today)


async def refresh_entries(session: WriteSession, targets: Iterable[UUID], *, today: date) -> None:
    """Render anew every public entry that points at one of these, and what points at those in turn.

    The caller holds the targets' locks.
    """
    driver = await session.driver()
    pointing = await repository.list_pointing_at(driver, list(targets))
    changed = await render_entries(session, pointing, today=today) if pointing else []
    if changed:
        await refresh_entries(session, changed, today=today)


async def render_entries(session: WriteSession, ids: Sequence[UUID], *, today: date) -> list[UUID]:
    """Render these anew and announce those that differ; returns their ids."""
    driver = await session.driver()
    # Locked before what they point at is read: whoever changes that later waits here and renders again.
    rows = [row for row in await repository.lock(driver, ids) if row["state"] == "public"]
    targets = await _targets_of(driver, [row["id"] for row in rows])
    changed = []
    for row in rows:
        kind = KINDS[row["kind"]]
        linked = await _load_linked(driver, targets.get(row["id"], []))
        version = row["version"] + 1
        rendered = _render(kind, dict(row), linked, version, today)
        if differ(row["representation"], rendered["representation"]):
            await repository.keep_replaced(driver, row["id"])
            await repository.store_rendered(driver, row["id"], rendered)
            session.announce(Announcement(f"{kind.name}.changed", str(row["id"]), version, rendered["representation"]))
            changed.append(row["id"])
    return changed


async def supplement_entry(session: WriteSession, entry_id: UUID, supplement: Fields, *, today: date) -> None:
    """Replace what the service adds to an entry, and show it. The caller records who wanted it and why."""
    driver = await session.driver()
    await repository.lock(driver, [entry_id])
    await repository.store_supplement(driver, entry_id, to_json(supplement).decode())
    if await render_entries(session, [entry_id], today=today):
        await refresh_entries(session, [entry_id], today=today)


async def refresh_due_entries(session: WriteSession, *, today: date, limit: int) -> int:
    """What a date has changed since it was rendered; returns how many were due."""
    driver = await session.driver()
    due = await repository.list_due(driver, today, limit=limit)
    changed = await render_entries(session, due, today=today) if due else []
    if changed:
        await refresh_entries(session, changed, today=today)
    return len(due)


async def render_now(reads: Reads, kind: EntryKind, entry_id: UUID, *, today: date) -> dict[str, Any] | None:
    """What the public reads on a day that has overtaken what is stored; None unless public."""
    row = await repository.find(reads, kind.name, entry_id)
    if row is None or row["state"] != "public":
        return None
    linked = await _load_linked(reads, (await _targets_of(reads, [entry_id])).get(entry_id, []))
    return _render(kind, dict(row), linked, row["version"], today)


async def load_material(reads: Reads, row: Any) -> Material:
    """What there is to show of an entry, with what it points at as it stands now."""
    linked = await _load_linked(reads, (await _targets_of(reads, [row["id"]])).get(row["id"], []))
    supplement = json.loads(row["supplement"]) if row["supplement"] else {}
    return Material(json.loads(row["content"]), supplement, linked, row["published_on"])


def _ensure_sound(push: EntryPush, today: date) -> None:
    errors = list(push.kind.check(push.wanted, today))
    published_on = push.wanted.published_on
    if published_on is not None and not (published_on.year >= FIRST_YEAR and published_on <= today):
        errors.append(InvalidField(pointer="/published_on", detail=f"发布日期应在{FIRST_YEAR}年之后、今天或之前"))
    if errors:
        raise RuleViolation(f"{push.kind.chinese}不符合要求，请按所列各项改正", errors=errors)


def _check_if_match(push: EntryPush, have: Any) -> None:
    if push.if_match is None:
        return
    if have is None:
        check_if_match_absent(push.if_match)
        return
    own = receipt_etag(have["version"], have["content_hash"])
    etag = have["etag"] if have["etag"] is not None and have["etag"] in push.if_match else own
    check_if_match(push.if_match, etag=etag, version=have["version"])


def receipt_etag(version: int, content_hash: str) -> str:
    """Of the answer to a push; `If-Match` takes it as well as the ETag of a read."""
    return f'"{version}-{content_hash[:16]}"'


async def _resolve(driver: asyncpg.Connection, push: EntryPush, content: Fields) -> list[Target]:
    """Every target by its id; RuleViolation with a pointer for each policy that is not there to be pointed at."""
    targets: list[Target] = []
    errors: list[InvalidField] = []
    for position, link in enumerate(push.wanted.policies):
        found = await find_linked_policy(driver, push.organization.code, link)
        if found is None:
            errors.append(
                InvalidField(
                    pointer=f"/policies/{position}",
                    detail="没有这份已公开的政策；请只给出 policy_id、doc_no、external_id 之一，并先公开该政策",
                )
            )
        else:
            targets.append(Target("policy", found, tuple(link.articles)))
    others = push.kind.targets(content)
    shown = await repository.list_shown(driver, [target.id for target in others])
    errors += [
        InvalidField(pointer="", detail=f"没有编号为 {target.id} 的已公开内容，不能指向它")
        for target in others
        if (target.kind, target.id) not in shown
    ]
    if errors:
        raise RuleViolation(f"{push.kind.chinese}指向了不存在或未公开的内容", errors=errors)
    return targets + others


async def find_linked_policy(driver: Reads, organization: str, link: PolicyLink) -> UUID | None:
    """The public policy that a link names by exactly one of its names, from that organisation's place; None: none."""
    given = [name for name in ("policy_id", "doc_no", "external_id") if getattr(link, name) is not None]
    if len(given) != 1:
        return None
    if link.policy_id is not None:
        return link.policy_id if await reading.find_public(driver, link.policy_id) else None
    if link.doc_no is not None:
        try:
            return await reading.find_public_id_by_doc_no(driver, parse_doc_number(link.doc_no).text)
        except ValueError:
            return None
    row = await reading.find_by_key(driver, organization, str(link.external_id))
    return row["id"] if row is not None and row["state"] == "public" else None


async def _hold(driver: asyncpg.Connection, targets: Sequence[Target], have: Any) -> None:
    """Nothing that the entry points at, or pointed at, changes until the transaction ends."""
    await policy_repository.lock(driver, {target.id for target in targets if target.kind == "policy"})
    entries = {target.id for target in targets if target.kind in KINDS}
    await repository.lock(driver, entries | ({have["id"]} if have else set()))


async def _present_targets(driver: asyncpg.Connection, have: Any) -> list[Target]:
    return (await _targets_of(driver, [have["id"]])).get(have["id"], []) if have is not None else []


async def _targets_of(reads: Reads, ids: Sequence[UUID]) -> dict[UUID, list[Target]]:
    found: dict[UUID, list[Target]] = {}
    for row in await repository.list_links(reads, ids):
        target = Target(row["target_kind"], row["target_id"], tuple(row["articles"]))
        found.setdefault(row["entry_id"], []).append(target)
    return found


async def _load_linked(reads: Reads, targets: Sequence[Target]) -> list[Linked]:
    shown = await repository.list_shown(reads, [target.id for target in targets]) if targets else {}
    found = [shown.get((target.kind, target.id)) for target in targets]
    return [
        Linked(target, json.loads(one) if one is not None else None) for target, one in zip(targets, found, strict=True)
    ]


async def _outlines(
    driver: asyncpg.Connection, wanted: EntryInput, targets: Sequence[Target]
) -> dict[int, frozenset[str]]:
    """By position in `policies`, the addresses of those policies of which articles are named."""
    found = {}
    for position, link in enumerate(wanted.policies):
        if link.articles:
            stored = await reading.find_public(driver, targets[position].id)
            outline = json.loads(stored["representation"])["outline"] if stored is not None else []
            found[position] = frozenset(row["address"] for row in outline)
    return found


def _ensure_addresses_exist(wanted: EntryInput, outlines: dict[int, frozenset[str]]) -> None:
    errors = [
        InvalidField(pointer=f"/policies/{position}/articles/{number}", detail=f"该政策没有位置为 {article} 的条款")
        for position, known in outlines.items()
        for number, article in enumerate(wanted.policies[position].articles)
        if not any(article == address or article.startswith(f"{address}-") for address in known)
    ]
    if errors:
        raise RuleViolation("所涉条款不存在", errors=errors)


def _row_of(push: EntryPush, have: Any, content: str, today: date) -> dict[str, Any]:
    added = push.supplement(_kept(have)) if callable(push.supplement) else push.supplement
    supplement = to_json(added).decode() if added is not None else None
    return {
        "id": have["id"] if have else uuid7(),
        "kind": push.kind.name,
        "organization": push.organization.code,
        "organization_name": push.organization.name,
        "organization_path": list(push.organization.path),
        "level": push.organization.level.value,
        "division_code": push.organization.division_code,
        "external_id": push.external_id,
        "title": push.wanted.title,
        "content": content,
        "content_hash": hashlib.sha256(content.encode()).hexdigest(),
        "supplement": supplement if supplement is not None or have is None else have["supplement"],
        "published_on": push.wanted.published_on or (have["published_on"] if have else today),
    }


def _kept(have: Any) -> Kept | None:
    if have is None:
        return None
    supplement = json.loads(have["supplement"]) if have["supplement"] else {}
    return Kept(json.loads(have["content"]), supplement, have["state"] == "public")


def _is_same(have: Any, row: dict[str, Any], present: Sequence[Target], wanted: Sequence[Target]) -> bool:
    same = all(have[name] == row[name] for name in ("content_hash", "supplement", "published_on"))
    return bool(same and have["state"] == "public" and list(present) == list(wanted))


def _render(
    kind: EntryKind, row: dict[str, Any], linked: Sequence[Linked], version: int, today: date
) -> dict[str, Any]:
    """Representation, listing, ETag and what the row repeats of them."""
    supplement = json.loads(row["supplement"]) if row["supplement"] else {}
    material = Material(
        json.loads(row["content"]), supplement, [one.as_of(today) for one in linked], row["published_on"]
    )
    shown = kind.show(material, today)
    # A policy that begins or ends shows in the entry on that very day, not only once the policy was rendered anew.
    turns = [shown.changes_on, *(one.changes_on(today) for one in linked)]
    changes_on = min((turn for turn in turns if turn is not None), default=None)
    document = {
        "id": row["id"],
        "version": version,
        "organization": {"code": row["organization"], "name": row["organization_name"]},
        "external_id": row["external_id"],
        "level": row["level"],
        "division_code": row["division_code"],
        "title": row["title"],
        "status": shown.status,
        "changes_on": changes_on,
        "published_on": row["published_on"],
        "policies": [one.as_policy() for one in material.policies],
        **shown.fields,
        "content_hash": row["content_hash"],
    }
    representation = to_json(document)
    return {
        "version": version,
        "status": shown.status,
        "next_change_on": changes_on,
        "representation": representation,
        "listing": to_json({name: value for name, value in document.items() if name not in kind.not_in_lists}),
        "etag": etag_of(version, representation),
    }


def _receipt(push: EntryPush, row: Any, outcome: Outcome, now: datetime) -> Receipt:
    return Receipt(
        outcome=outcome,
        id=row["id"],
        organization=push.organization.code,
        external_id=push.external_id,
        version=row["version"],
        content_hash=row["content_hash"],
        public=True,
        recorded_at=now,
    )
