"""Catalogs: drafted, reviewed, put in force, superseded. What is in force is public, item by item."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid5

from pydantic_core import to_json
from uuid_utils.compat import uuid7

from services.catalog_api.repository import catalogs as repository
from services.catalog_api.repository.catalogs import Reads
from services.catalog_api.repository.monitoring import keep_disclosers
from services.catalog_api.rules.differences import compare_items
from services.catalog_api.rules.refinement import find_gaps, limit_of, weaknesses
from services.catalog_api.rules.statutory import missing_matters, must_be_proactive
from services.catalog_api.service.disclosers import facts_of
from shared.kit.auth import Caller
from shared.kit.clock import local_day
from shared.kit.database import WriteSession
from shared.kit.errors import Conflict, DutiesNotSeparated, IllegalMove, NotFound, RuleViolation
from shared.kit.log import Announcement
from shared.schemas.catalogs import (
    CatalogInput,
    CatalogItemInput,
    CatalogReceipt,
    CatalogVersion,
    ItemDifference,
    ItemGap,
    LimitKind,
    StatutoryGap,
    VersionState,
)
from shared.schemas.organizations import Organization
from shared.schemas.policies import Outcome
from shared.schemas.problems import InvalidField

NO_CATALOG = "没有这份目录，或它没有施行的版本"
NO_VERSION = "没有这个版本的目录"
_LOWER = {"city": 0, "district": 1, "town": 2, "village": 3}


@dataclass(frozen=True)
class _Stated:
    """A catalog's row and one of its versions, held."""

    row: Any
    version: Any
    content: CatalogInput


async def draft_catalog(
    session: WriteSession,
    caller: Caller,
    responsible: Sequence[Organization],
    external_id: str,
    wanted: CatalogInput,
    *,
    now: datetime,
) -> CatalogReceipt:
    """Keep a draft: of a new catalog, of its next version, or in place of the draft that is there.

    The first of the responsible organisations is the catalog's own.
    """
    _ensure_sound(wanted)
    organization = responsible[0]
    driver = await session.driver()
    await repository.lock_key(driver, organization.code, external_id)
    have = await repository.find_by_key(driver, organization.code, external_id)
    if have is not None:
        (have,) = await repository.lock(driver, [have["id"]])
    await _ensure_upper(driver, organization, wanted, have)
    text = to_json(wanted).decode()
    digest = hashlib.sha256(text.encode()).hexdigest()
    latest = await repository.find_version(driver, have["id"], have["latest_number"]) if have is not None else None
    catalog_id = have["id"] if have is not None else uuid7()
    if latest is not None and latest["content_hash"] == digest and latest["state"] != VersionState.RETIRED:
        return _receipt(catalog_id, organization.code, external_id, latest["number"], latest["state"], wanted, now)
    if have is None:
        await repository.insert(driver, _row(catalog_id, organization, external_id, wanted))
    open_state = latest is not None and latest["state"] in (VersionState.DRAFT, VersionState.REVIEWED)
    number = (
        latest["number"] if latest is not None and open_state else (latest["number"] if latest is not None else 0) + 1
    )
    await repository.keep_draft(
        driver,
        {
            "catalog_id": catalog_id,
            "number": number,
            "content": text,
            "content_hash": digest,
            "drafted_by": caller.client_id,
            "drafted_at": now,
        },
    )
    await keep_disclosers(driver, facts_of(responsible))
    _record(session, caller, "catalog.drafted", catalog_id, number, organization.code, hash=digest)
    outcome = Outcome.CREATED if have is None else Outcome.UPDATED
    return _receipt(
        catalog_id, organization.code, external_id, number, VersionState.DRAFT, wanted, now, outcome=outcome
    )


async def review_catalog(
    session: WriteSession, caller: Caller, catalog_id: UUID, number: int, *, note: str | None
) -> CatalogVersion:
    """A draft is found right, by another than who drafted it."""
    stated = await _hold(session, catalog_id, number)
    _ensure_state(stated, VersionState.DRAFT)
    _ensure_another(caller, stated.version["drafted_by"], "起草")
    _ensure_complete(stated.content)
    await _ensure_nothing_weakened(session, stated)
    driver = await session.driver()
    await repository.note_review(driver, catalog_id, number, by=caller.client_id)
    _record(session, caller, "catalog.reviewed", catalog_id, number, stated.row["organization"], note=note)
    return as_version(await repository.find_version(driver, catalog_id, number))


async def enforce_catalog(
    session: WriteSession, caller: Caller, catalog_id: UUID, number: int, *, effective_on: date | None, now: datetime
) -> CatalogVersion:
    """A reviewed version takes effect: its items are public, what it leaves out is not, the former version is history."""
    today = local_day(now)
    day = effective_on or today
    stated = await _hold(session, catalog_id, number)
    _ensure_state(stated, VersionState.REVIEWED)
    _ensure_another(caller, stated.version["drafted_by"], "起草")
    _ensure_another(caller, stated.version["reviewed_by"], "审核")
    await _ensure_nothing_weakened(session, stated)
    driver = await session.driver()
    former = await repository.find_in_force(driver, catalog_id)
    if day > today or (former is not None and day < former["effective_on"]):
        detail = "施行日期应在今天或之前，且不早于现行版本的施行日期"
        raise RuleViolation(detail, errors=[InvalidField(pointer="/effective_on", detail=detail)])
    await repository.end_in_force(driver, catalog_id, on=day, state=VersionState.SUPERSEDED)
    await repository.put_in_force(driver, catalog_id, number, on=day, by=caller.client_id)
    await _show(session, stated, number, day)
    _record(session, caller, "catalog.enforced", catalog_id, number, stated.row["organization"], effective_on=str(day))
    return as_version(await repository.find_version(driver, catalog_id, number))


async def retire_catalog(session: WriteSession, caller: Caller, catalog_id: UUID, *, reason: str, today: date) -> None:
    """A catalog holds no more, and nothing takes its place."""
    driver = await session.driver()
    rows = await repository.lock(driver, [catalog_id])
    if not rows or rows[0]["representation"] is None:
        raise NotFound(NO_CATALOG)
    await repository.end_in_force(driver, catalog_id, on=today, state=VersionState.RETIRED)
    for item in await repository.list_items(driver, catalog_id):
        if item["in_force"]:
            await repository.end_items(driver, [(item["id"], item["version"] + 1)])
            session.announce(Announcement("item.withdrawn", str(item["id"]), item["version"] + 1, None))
    version = rows[0]["version"] + 1
    await repository.keep_rendered(driver, catalog_id, version=version, representation=None, etag=None)
    session.announce(Announcement("catalog.withdrawn", str(catalog_id), version, None))
    _record(
        session, caller, "catalog.retired", catalog_id, rows[0]["latest_number"], rows[0]["organization"], reason=reason
    )


async def compare_versions(reads: Reads, catalog_id: UUID, old: int, new: int) -> list[ItemDifference]:
    """How two versions differ, item by item."""
    before, after = [await repository.find_version(reads, catalog_id, number) for number in (old, new)]
    if before is None or after is None:
        raise NotFound(NO_VERSION)
    return compare_items(_content(before).items, _content(after).items)


async def compare_with_upper(reads: Reads, catalog_id: UUID) -> list[ItemGap]:
    """What the upper catalog in force has that this one's version in force lacks or weakens."""
    row = await repository.find(reads, catalog_id)
    version = await repository.find_in_force(reads, catalog_id)
    if row is None or version is None:
        raise NotFound(NO_CATALOG)
    if row["upper"] is None:
        return []
    content = _content(version)
    return find_gaps(content.items, await _items_in_force(reads, row["upper"]), content.level)


async def compare_with_law(reads: Reads, catalog_id: UUID) -> list[StatutoryGap]:
    """What 条例第二十条 and 第二十一条 name and no item in force is for."""
    row, version = await repository.find(reads, catalog_id), await repository.find_in_force(reads, catalog_id)
    if row is None or version is None:
        raise NotFound(NO_CATALOG)
    content = _content(version)
    return missing_matters(content.items, content.level)


async def show_as_of(reads: Reads, catalog_id: UUID, day: date) -> bytes:
    """The catalog as its version in force on a day has it."""
    row = await repository.find(reads, catalog_id)
    version = await repository.find_in_force(reads, catalog_id, day) if row is not None else None
    if version is None:
        raise NotFound(f"这份目录在 {day} 没有施行的版本")
    fields = _catalog_fields(row, _content(version), version["number"], version["effective_on"])
    return to_json(fields | {"version": max(row["version"], 1)})


def as_version(row: Any) -> CatalogVersion:
    """As it is read by those who work on it."""
    names = ("number", "state", "effective_on", "ended_on")
    return CatalogVersion(catalog=row["catalog_id"], content=_content(row), **{name: row[name] for name in names})


def _content(version: Any) -> CatalogInput:
    return CatalogInput.model_validate_json(version["content"])


def _ensure_sound(wanted: CatalogInput) -> None:
    """Each item by itself, and no key twice."""
    errors: list[InvalidField] = []
    seen: dict[str, int] = {}
    for position, item in enumerate(wanted.items):
        at = f"/items/{position}"
        if item.key in seen:
            errors.append(InvalidField(pointer=f"{at}/key", detail=f"与第{seen[item.key] + 1}项的编码相同"))
        seen.setdefault(item.key, position)
        if item.audience == "specific" and not (item.audience_note or "").strip():
            errors.append(InvalidField(pointer=f"{at}/audience_note", detail="特定群体应写明是哪些人"))
        if "other" in item.channels and not item.other_channels:
            errors.append(InvalidField(pointer=f"{at}/other_channels", detail="选了“其他”渠道，应写明是什么"))
        if len(set(item.channels)) != len(item.channels):
            errors.append(InvalidField(pointer=f"{at}/channels", detail="渠道重复"))
        if (reason := must_be_proactive(item)) is not None:
            errors.append(InvalidField(pointer=f"{at}/mode", detail=reason))
        if item.limit is not None and item.limit.kind is LimitKind.WITHIN and item.limit.period is None:
            errors.append(InvalidField(pointer=f"{at}/limit/period", detail="“若干日内”的时限应写明天数"))
    if errors:
        raise RuleViolation("目录有误，请按所列各项改正", errors=errors[:200])


async def _ensure_upper(driver: Any, organization: Organization, wanted: CatalogInput, have: Any) -> None:
    if have is not None and (have["upper"], have["level"]) != (wanted.upper, wanted.level):
        raise Conflict("目录的层级和上级目录不能改；请另立目录")
    if wanted.upper is None:
        return
    upper = await repository.find(driver, wanted.upper)
    fits = (
        upper is not None
        and upper["representation"] is not None
        and _LOWER[upper["level"]] < _LOWER[wanted.level]
        and upper["organization"] in organization.path
    )
    if not fits:
        detail = "没有这份上级目录：应是上级机关已施行、层级更高的目录"
        raise RuleViolation(detail, errors=[InvalidField(pointer="/upper", detail=detail)])


async def _ensure_nothing_weakened(session: WriteSession, stated: _Stated) -> None:
    """A lower catalog neither weakens an item of its upper one nor drops one that is mandatory (domain.md §5.5)."""
    if stated.row["upper"] is None:
        return
    above = await _items_in_force(await session.driver(), stated.row["upper"])
    by_id = {item["id"]: item for item in above}
    errors = []
    for position, item in enumerate(stated.content.items):
        if item.refines is None:
            continue
        upper = by_id.get(str(item.refines))
        reasons = ["上级目录没有这一施行的事项"] if upper is None else weaknesses(item, upper, stated.content.level)
        errors += [InvalidField(pointer=f"/items/{position}", detail=reason) for reason in reasons]
    for gap in find_gaps(stated.content.items, above, stated.content.level):
        if gap.key is None and gap.mandatory:
            errors.append(InvalidField(pointer="/items", detail=f"缺少上级目录必须公开的事项：{gap.title}"))
    if errors:
        raise RuleViolation("下级目录不能低于上级目录的要求", errors=errors[:200])


async def _items_in_force(reads: Reads, catalog_id: UUID) -> list[dict[str, Any]]:
    return [
        json.loads(row["representation"]) for row in await repository.list_items(reads, catalog_id) if row["in_force"]
    ]


async def _hold(session: WriteSession, catalog_id: UUID, number: int) -> _Stated:
    driver = await session.driver()
    row = await repository.find(driver, catalog_id)
    # The upper one too: what is checked against it must still be so when this commits.
    held = (
        {one["id"]: one for one in await repository.lock(driver, {catalog_id, row["upper"] or catalog_id})}
        if row
        else {}
    )
    version = await repository.find_version(driver, catalog_id, number)
    if row is None or version is None:
        raise NotFound(NO_VERSION)
    return _Stated(held[catalog_id], version, _content(version))


def _ensure_state(stated: _Stated, wanted: VersionState) -> None:
    if stated.version["state"] != wanted:
        raise IllegalMove(
            f"这个版本的状态是 {stated.version['state']}，此时不能这样办理", allowed=_allowed(stated.version)
        )


def _allowed(version: Any) -> list[str]:
    return {"draft": ["review"], "reviewed": ["enforce"]}.get(version["state"], [])


def _ensure_another(caller: Caller, who: str, did: str) -> None:
    if caller.client_id == who:
        raise DutiesNotSeparated(f"该客户端已{did}这个版本；起草、审核、施行应由不同的客户端办理", same="client")


async def _show(session: WriteSession, stated: _Stated, number: int, day: date) -> None:
    """Render the catalog and every item that differs, and announce what changed."""
    driver = await session.driver()
    row, content = stated.row, stated.content
    have = {item["key"]: item for item in await repository.list_items(driver, row["id"])}
    rows = []
    for position, item in enumerate(content.items):
        old, fields = have.pop(item.key, None), _item_fields(row, number, item)
        version, is_shown = (old["version"], old["in_force"]) if old is not None else (0, False)
        changed = not (is_shown and _same(old["representation"], fields))
        body = to_json(fields | {"version": version + changed})
        rows.append(_item_row(row, position, item, version + changed, body) | {"since": day})
        if changed:
            told = "item.changed" if is_shown else "item.released"
            session.announce(Announcement(told, str(fields["id"]), version + 1, body))
    await repository.keep_items(driver, rows)
    gone = [item for item in have.values() if item["in_force"]]
    await repository.end_items(driver, [(item["id"], item["version"] + 1) for item in gone])
    for item in gone:
        session.announce(Announcement("item.withdrawn", str(item["id"]), item["version"] + 1, None))
    version = row["version"] + 1
    body = to_json(_catalog_fields(row, content, number, day) | {"version": version})
    await repository.keep_rendered(driver, row["id"], version=version, representation=body, etag=f'"{version}"')
    told = "catalog.released" if row["representation"] is None else "catalog.changed"
    session.announce(Announcement(told, str(row["id"]), version, body))


def _same(representation: bytes, fields: dict[str, Any]) -> bool:
    """Whether an item says the same, whichever version of the catalog says it."""
    old = json.loads(representation)
    new = json.loads(to_json(fields))
    for name in ("version", "catalog_number"):
        old.pop(name, None)
        new.pop(name, None)
    return bool(old == new)


def _item_fields(row: Any, number: int, item: CatalogItemInput) -> dict[str, Any]:
    own = item.model_dump(exclude={"organization", "limit"})
    return {
        "id": item_id(row["id"], item.key),
        "catalog": row["id"],
        "catalog_number": number,
        "organization": {"code": row["organization"], "name": row["organization_name"]},
        "responsible": item.organization or row["organization"],
        "level": row["level"],
        **own,
        "limit": limit_of(item).model_dump(),
    }


def _item_row(row: Any, position: int, item: CatalogItemInput, version: int, body: bytes) -> dict[str, Any]:
    return {
        "id": item_id(row["id"], item.key),
        "catalog_id": row["id"],
        "key": item.key,
        "position": position,
        "domain": item.domain,
        "level": row["level"],
        "responsible": item.organization or row["organization"],
        "refines": item.refines,
        "version": version,
        "representation": body,
        "etag": f'"{version}"',
        "recurrence": limit_of(item).recurrence,
    }


def item_id(catalog_id: UUID, key: str) -> UUID:
    """The same for a key in every version of its catalog."""
    return uuid5(catalog_id, key)


def _catalog_fields(row: Any, content: CatalogInput, number: int, day: date) -> dict[str, Any]:
    return {
        "id": row["id"],
        "organization": {"code": row["organization"], "name": row["organization_name"]},
        "external_id": row["external_id"],
        "level": row["level"],
        "title": content.title,
        "basis": content.basis,
        "upper": row["upper"],
        "number": number,
        "effective_on": day,
        "items": len(content.items),
        "domains": dict(Counter(item.domain for item in content.items)),
    }


def _row(catalog_id: UUID, organization: Organization, external_id: str, wanted: CatalogInput) -> dict[str, Any]:
    return {
        "id": catalog_id,
        "organization": organization.code,
        "organization_name": organization.name,
        "organization_path": organization.path,
        "division_code": organization.division_code,
        "external_id": external_id,
        "level": wanted.level,
        "upper": wanted.upper,
    }


def _receipt(
    catalog_id: UUID,
    organization: str,
    external_id: str,
    number: int,
    state: str,
    wanted: CatalogInput,
    now: datetime,
    *,
    outcome: Outcome = Outcome.UNCHANGED,
) -> CatalogReceipt:
    return CatalogReceipt(
        outcome=outcome,
        id=catalog_id,
        organization=organization,
        external_id=external_id,
        number=number,
        state=VersionState(state),
        items=len(wanted.items),
        unparsed=unparsed_keys(wanted.items),
        incomplete=[item.key for item in wanted.items if _lacks(item)],
        recorded_at=now,
    )


def _lacks(item: CatalogItemInput) -> list[str]:
    """What an item needs before it can be reviewed and has not."""
    needed = {"publisher": "公开主体", "channels": "公开渠道和载体", "time_limit": "公开时限"}
    return [
        name
        for field, name in needed.items()
        if not getattr(item, field) and not (field == "time_limit" and item.limit is not None)
    ]


def _ensure_complete(content: CatalogInput) -> None:
    errors = [
        InvalidField(pointer=f"/items/{position}", detail=f"{item.key} 没有写：{'、'.join(lacking)}")
        for position, item in enumerate(content.items)
        if (lacking := _lacks(item))
    ]
    if errors:
        raise RuleViolation("目录还有内容不全的事项，不能审核", errors=errors[:200])


def unparsed_keys(items: Sequence[CatalogItemInput]) -> list[str]:
    """Items whose time limit is for a person to say."""
    return [item.key for item in items if limit_of(item).kind is LimitKind.UNPARSED]


def _record(
    session: WriteSession, caller: Caller, action: str, catalog_id: UUID, number: int, organization: str, **facts: Any
) -> None:
    session.record(
        actor=caller.client_id,
        action=action,
        subject=str(catalog_id),
        version=number,
        organization=organization,
        **{name: value for name, value in facts.items() if value is not None},
    )
