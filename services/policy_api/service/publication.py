"""Making documents public, keeping what the public reads up to date, and taking documents back.

Whoever changes something that shows in another document's representation refreshes both here, in one transaction.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic_core import to_json

from services.policy_api.repository import interpretations as interpretation_repository
from services.policy_api.repository import policies as repository
from services.policy_api.service.entries import refresh_entries
from services.policy_api.service.follow_up import close_done_tasks
from services.policy_api.service.rendering import (
    CHANGES_TARGET,
    INVERSES,
    PolicyFacts,
    RelationFacts,
    Rendered,
    TextFacts,
    differ,
    parse_day,
    render_interpretation,
    render_policy,
    shown_text,
)
from shared.kit.auth import Caller
from shared.kit.clock import local_day
from shared.kit.database import WriteSession
from shared.kit.errors import Conflict, IllegalMove, NotFound, RuleViolation, Unavailable
from shared.kit.log import Announcement
from shared.schemas.policies import Withdrawal, WithdrawalForm
from shared.schemas.problems import ErrorCode, InvalidField


class DocumentNumberTaken(Conflict):
    code, title = ErrorCode.DOCUMENT_NUMBER_TAKEN, "发文字号已被占用"


class Overtaken(Unavailable):
    """Somebody else rendered the same policy in between: what was read of it is old."""


def policy_facts(row: Any) -> PolicyFacts:
    """The facts of a row of `load_facts`."""
    outgoing = [RelationFacts(*relation) for relation in row["outgoing"] or ()]
    incoming = [RelationFacts(INVERSES[kind], *rest) for kind, *rest in row["incoming"] or ()]
    names = ("id", "title", "form", "stage", "published_on")
    return PolicyFacts(
        id=row["id"],
        version=row["version"],
        organization=row["organization"],
        organization_name=row["organization_name"],
        external_id=row["external_id"],
        level=row["level"],
        division_code=row["division_code"],
        texts=[TextFacts(*text) for text in row["texts"] or ()],
        relations=[*outgoing, *incoming],
        interpretations=[dict(zip(names, item, strict=True)) for item in row["interpretations"] or ()],
        banner=banner_of(row["withdrawal"]),
    )


def banner_of(withdrawal: str | None) -> dict[str, Any] | None:
    """What the public reads above a document that is kept with a warning."""
    told = json.loads(withdrawal) if withdrawal else {}
    return {name: told[name] for name in ("notice", "since")} if told.get("form") == "banner" else None


async def refresh(
    session: WriteSession, ids: Iterable[UUID], *, today: date, reason: str = "policy.changed"
) -> dict[UUID, int]:
    """Render these policies anew and announce those that differ; returns their new versions.

    Policies without a released text are passed over. Their interpretations, which name the policy's title and validity,
    follow. The caller holds the policies' locks.
    """
    driver = await session.driver()
    rows = [row for row in await repository.load_facts(driver, sorted(set(ids))) if _is_renderable(row)]
    if not rows:
        return {}
    rendered = await _render_changed(driver, rows, today)
    await repository.keep_replaced(driver, [row["id"] for row in rows if row["id"] in rendered])
    changed = [_as_row(policy_id, *what) for policy_id, what in rendered.items()]
    if await repository.store_rendered(driver, changed) != len(changed):
        raise Overtaken("同一文件正被其他请求写入，请稍后重试", retry_after_seconds=1)
    for row in rows:
        if row["id"] in rendered:
            version, result = rendered[row["id"]]
            event = "policy.released" if row["state"] != "public" else reason
            session.announce(Announcement(event, str(row["id"]), version, result.representation))
    explaining = await refresh_interpretations(session, list(rendered))
    # What became public just now has nothing pointing at it yet.
    known = [row["id"] for row in rows if row["id"] in rendered and row["state"] == "public"]
    if known or explaining:
        await refresh_entries(session, [*known, *explaining], today=today)
    named_by = _who_names_the_renamed(rows, rendered)
    if named_by:
        await repository.lock(driver, named_by)
        await refresh(session, named_by, today=today)
    return {policy_id: version for policy_id, (version, _) in rendered.items()}


def _who_names_the_renamed(rows: Sequence[Any], rendered: dict[UUID, tuple[int, Rendered]]) -> set[UUID]:
    """Those linked with a policy that became public just now, or that from now on goes by another title or number."""
    found: set[UUID] = set()
    for row in rows:
        if row["id"] not in rendered:
            continue
        columns = rendered[row["id"]][1].columns
        if row["state"] != "public" or (row["title"], row["doc_no"]) != (columns["title"], columns["doc_no"]):
            linked = (*(row["outgoing"] or ()), *(row["incoming"] or ()))
            found |= {relation[1] for relation in linked if relation[1] is not None}
    return found


def _is_renderable(row: Any) -> bool:
    return bool(row["texts"]) and row["state"] != "withdrawn"


async def _render_changed(
    driver: asyncpg.Connection, rows: Sequence[Any], today: date
) -> dict[UUID, tuple[int, Rendered]]:
    """New versions of those whose representation differs from the stored one."""
    facts = {row["id"]: policy_facts(row) for row in rows}
    shown = {policy_id: shown_text(fact.texts, today).number for policy_id, fact in facts.items()}
    contents = await repository.load_contents(driver, list(shown.items()))
    changed = {}
    for row in rows:
        fact = facts[row["id"]]
        content = json.loads(contents[row["id"], shown[row["id"]]])
        version = fact.version + 1
        rendered = render_policy(_at_version(fact, version), content, today=today)
        if row["representation"] is None or differ(row["representation"], rendered.representation):
            changed[row["id"]] = (version, rendered)
    return changed


def _at_version(facts: PolicyFacts, version: int) -> PolicyFacts:
    return PolicyFacts(**{**vars(facts), "version": version})


def _as_row(policy_id: UUID, version: int, rendered: Rendered) -> dict[str, Any]:
    return {
        "id": policy_id,
        "version": version,
        "representation": rendered.representation,
        "listing": rendered.listing,
        "etag": rendered.etag,
        **rendered.columns,
    }


async def refresh_interpretations(session: WriteSession, policy_ids: Sequence[UUID]) -> list[UUID]:
    """Render the public interpretations of these policies anew and announce those that differ; returns their ids."""
    driver = await session.driver()
    rows = await interpretation_repository.list_public_of(driver, policy_ids)
    if not rows:
        return []
    named = await _named_policies(driver, {row["policy_id"] for row in rows})
    changed = []
    for row in rows:
        policy = named[row["policy_id"]]
        _, etag = render_interpretation(row, policy, version=row["version"], published_on=row["published_on"])
        if etag != row["etag"]:
            await _store_interpretation(session, row, policy, row["published_on"], "interpretation.changed")
            changed.append(row["id"])
    return changed


async def _named_policies(driver: asyncpg.Connection, ids: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
    """What an interpretation says of its policy, as the public reads it."""
    rows = await repository.load_facts(driver, list(ids))
    return {row["id"]: json.loads(row["representation"]) for row in rows if row["representation"] is not None}


async def _store_interpretation(
    session: WriteSession, row: Any, policy: dict[str, Any], published_on: date, event: str
) -> None:
    driver = await session.driver()
    version = row["version"] + 1
    representation, etag = render_interpretation(row, policy, version=version, published_on=published_on)
    await interpretation_repository.keep_replaced(driver, [row["id"]])
    await interpretation_repository.store_rendered(
        driver, row["id"], version=version, published_on=published_on, representation=representation, etag=etag
    )
    session.announce(Announcement(event, str(row["id"]), version, representation))


async def publish_interpretations(
    session: WriteSession, ids: Sequence[UUID], *, published_on: date, today: date
) -> None:
    """Make drafts public, or a changed content visible, and show them on their policies. Policies must be public.

    The caller holds the policies' locks. Both sides of each link change in this transaction.
    """
    driver = await session.driver()
    rows = await interpretation_repository.list_by_ids(driver, ids)
    named = await _named_policies(driver, {row["policy_id"] for row in rows})
    for row in rows:
        if row["policy_id"] not in named:
            raise Conflict("被解读的政策尚未公开；解读须与政策同步公开")
        event = "interpretation.changed" if row["state"] == "public" else "interpretation.released"
        await _store_interpretation(session, row, named[row["policy_id"]], published_on, event)
    await close_done_tasks(session, rows, published_on=published_on)
    await refresh_entries(session, [row["id"] for row in rows], today=today)
    await refresh(session, {row["policy_id"] for row in rows}, today=today)


async def write_relations(session: WriteSession, contents: dict[UUID, dict[str, Any]], *, today: date) -> set[UUID]:
    """Replace what public policies say of others; returns every policy whose representation that touches.

    The last text speaks for its document: one of an earlier day, recorded later, only dates back what both say. The
    caller has checked the relations and holds the locks.
    """
    driver = await session.driver()
    last = await repository.list_last_days(driver, list(contents))
    days = {policy_id: _day_of_text(content) or today for policy_id, content in contents.items()}
    touched: set[UUID] = set()
    for policy_id in [policy_id for policy_id in contents if last[policy_id] > days[policy_id]]:
        said = contents[policy_id]["relations"]
        touched |= await repository.begin_relations_earlier(driver, policy_id, said, days[policy_id])
    speaking = [policy_id for policy_id in contents if last[policy_id] <= days[policy_id]]
    former = await repository.delete_relations(driver, speaking)
    touched |= {row["target_id"] for row in former if row["target_id"] is not None}
    relations = [
        (policy_id, position, relation)
        for policy_id in speaking
        for position, relation in enumerate(contents[policy_id]["relations"])
    ]
    if not relations:
        return touched
    numbers = [relation["target_doc_no"] for _, _, relation in relations if relation["target_doc_no"]]
    found = await repository.find_by_doc_nos(driver, numbers) if numbers else []
    held = {row["doc_no"]: row["id"] for row in found if row["state"] == "public"}
    # By title: what an earlier text of the document was bound to stays bound.
    held |= {row["target_title"]: row["target_id"] for row in former if row["target_id"] and row["target_title"]}
    rows = [_relation_row(policy_id, position, relation, held) for policy_id, position, relation in relations]
    began = {_identity_of(row): row["effective_on"] for row in former}
    for row in rows:
        row["effective_on"] = began.get(_identity_of(row), days[row["source_id"]])
    await repository.insert_relations(driver, rows)
    return touched | {row["target_id"] for row in rows if row["target_id"] is not None}


def _day_of_text(content: dict[str, Any]) -> date | None:
    """From which day a text is its document's; None for a draft that leaves it to its release."""
    return parse_day(content["version"]["effective_on"] or content["effective_on"] or content["published_on"])


def _identity_of(row: Any) -> tuple[Any, ...]:
    """By which a relation is known again in the next text."""
    return row["source_id"], row["type"], row["target_id"] or row["target_doc_no"] or row["target_title"]


def _relation_row(policy_id: UUID, position: int, relation: dict[str, Any], held: dict[str, UUID]) -> dict[str, Any]:
    target = relation["target_id"] or held.get(relation["target_doc_no"] or relation["target_title"])
    return {
        "source_id": policy_id,
        "position": position,
        "type": str(relation["type"]),
        "target_id": UUID(str(target)) if target is not None else None,
        "target_doc_no": relation["target_doc_no"],
        "target_title": relation["target_title"],
        "articles": relation["articles"],
        "until": parse_day(relation.get("until")),
    }


async def release_policy_version(
    session: WriteSession,
    caller: Caller,
    policy_id: UUID,
    number: int,
    *,
    published_on: date,
    now: datetime,
    dossier_id: UUID,
) -> int:
    """Make a signed draft text public, with its relations; returns the policy's new public version.

    One part of a dossier's release: the materials follow in the same transaction (`publish_interpretations`).
    """
    driver = await session.driver()
    row = await repository.load_version(driver, policy_id, number)
    if row is None:
        raise NotFound("没有这份文本")
    content = json.loads(row["content"])
    await lock_neighbourhood(session, [policy_id], [content])
    effective_on = row["effective_on"] or published_on
    if row["released_at"] is None:
        await repository.supersede(driver, [(policy_id, effective_on)], at=now)
    released = await repository.release_version(
        driver,
        policy_id,
        number,
        published_on=published_on,
        effective_on=effective_on,
        released_at=now,
        dossier_id=dossier_id,
    )
    if not released:
        raise IllegalMove("这份文本已经公开", allowed=[])
    versions = await show_relations(session, {policy_id: content}, today=local_day(now))
    session.record(
        actor=caller.client_id,
        action="policy.released",
        subject=str(policy_id),
        version=versions[policy_id],
        organization=caller.principal.organization,
        number=number,
        hash=row["content_hash"],
        dossier=str(dossier_id),
    )
    return versions[policy_id]


async def show_relations(
    session: WriteSession, contents: dict[UUID, dict[str, Any]], *, today: date
) -> dict[UUID, int]:
    """After texts became public: store their relations, bind those that waited for them, render all that is touched."""
    driver = await session.driver()
    touched = set(contents)
    # First the documents themselves, so that relations among them find each other.
    versions = await refresh(session, contents, today=today)
    touched |= await write_relations(session, contents, today=today)
    touched |= await repository.bind_pending(driver, list(contents), sorted(CHANGES_TARGET))
    if touched != set(contents) or any(content["relations"] for content in contents.values()):
        versions |= await refresh(session, touched, today=today)
    return versions


async def lock_neighbourhood(
    session: WriteSession, policy_ids: Sequence[UUID], contents: Sequence[dict[str, Any]]
) -> None:
    """Hold these policies and all whose representation may change with theirs, in one ordered lock."""
    driver = await session.driver()
    own = [content["doc_no"] for content in contents if content["doc_no"]]
    relations = [relation for content in contents for relation in content["relations"]]
    numbers = [relation["target_doc_no"] for relation in relations if relation["target_doc_no"]]
    ids = set(policy_ids) | {UUID(str(relation["target_id"])) for relation in relations if relation["target_id"]}
    ids |= {row["id"] for row in await repository.find_by_doc_nos(driver, numbers)} if numbers else set()
    ids |= await repository.list_pending_sources(driver, own) if own else set()
    if policy_ids:
        for row in await repository.load_facts(driver, list(policy_ids)):
            linked = (*(row["outgoing"] or ()), *(row["incoming"] or ()))
            ids |= {relation[1] for relation in linked if relation[1] is not None}
    await repository.lock(driver, ids)


async def withdraw_policy(
    session: WriteSession, caller: Caller, policy_id: UUID, wanted: Withdrawal, *, now: datetime
) -> None:
    """Take a public policy back in one of three forms. Its history and its evidence are kept in each.

    Under a banner it stays public; otherwise it and its interpretations go, for good, and its number is free again.
    """
    driver = await session.driver()
    await lock_neighbourhood(session, [policy_id], [])
    rows = await repository.load_facts(driver, [policy_id])
    if not rows or rows[0]["state"] != "public":
        raise NotFound("没有这份已公开的政策")
    row = rows[0]
    told = to_json(
        {
            **wanted.model_dump(mode="json", include={"form", "notice", "moved_to", "moved_to_policy"}),
            "since": now,
        }
    ).decode()
    if wanted.form is WithdrawalForm.BANNER:
        await repository.put_banner(driver, policy_id, told)
        versions = await refresh(session, [policy_id], today=local_day(now))
        version = versions.get(policy_id, row["version"])
    else:
        if wanted.moved_to_policy is not None:
            await _ensure_elsewhere(driver, policy_id, wanted.moved_to_policy)
        version = row["version"] + 1
        await _take_away(session, row, told, today=local_day(now))
    session.record(
        actor=caller.client_id,
        action="policy.bannered" if wanted.form is WithdrawalForm.BANNER else "policy.withdrawn",
        subject=str(policy_id),
        version=version,
        organization=row["organization"],
        reason=wanted.reason,
        form=wanted.form.value,
    )


async def _ensure_elsewhere(driver: asyncpg.Connection, policy_id: UUID, moved_to: UUID) -> None:
    found = await repository.find_by_ids(driver, [moved_to])
    if moved_to == policy_id or not found or found[0]["state"] != "public":
        errors = [InvalidField(pointer="/moved_to_policy", detail="移至的文件应是另一份已公开的文件")]
        raise RuleViolation("没有可以移至的文件", errors=errors)


async def _take_away(session: WriteSession, row: Any, told: str, *, today: date) -> None:
    """The policy and what explains it leave public view; whoever names it says so at once."""
    driver = await session.driver()
    policy_id, version = row["id"], row["version"] + 1
    await repository.keep_replaced(driver, [policy_id])
    linked = {relation[1] for relation in (*(row["outgoing"] or ()), *(row["incoming"] or ()))}
    await repository.withdraw(driver, policy_id, version=version, withdrawal=told)
    session.announce(Announcement("policy.withdrawn", str(policy_id), version, None))
    explained = await interpretation_repository.list_public_of(driver, [policy_id])
    await interpretation_repository.keep_replaced(driver, [one["id"] for one in explained])
    for one in await interpretation_repository.withdraw_of(driver, policy_id):
        session.announce(Announcement("interpretation.withdrawn", str(one["id"]), one["version"], None))
    await refresh_entries(session, [policy_id, *(one["id"] for one in explained)], today=today)
    await refresh(session, {policy for policy in linked if policy is not None}, today=today)


async def refresh_due(session: WriteSession, *, today: date, limit: int) -> int:
    """What a date has changed since it was rendered: render it anew and tell the log; returns how many were due."""
    driver = await session.driver()
    due = await repository.list_due(driver, today, limit=limit)
    await repository.lock(driver, due)
    await refresh(session, due, today=today, reason="policy.validity_changed")
    return len(due)


async def bind_titles(session: WriteSession, *, today: date, limit: int) -> int:
    """Relations that name a document by its title alone, once there is just one of that title.

    Not those that end or change their target: for that a title is too vague.
    """
    driver = await session.driver()
    found = await repository.list_named_alone(driver, sorted(CHANGES_TARGET), limit=limit)
    if found:
        await repository.lock(driver, {row[name] for row in found for name in ("source_id", "target_id")})
        await refresh(session, await repository.bind_named(driver, found), today=today)
    return len(found)


async def bind_stragglers(session: WriteSession, *, today: date, limit: int) -> int:
    """Relations whose two ends were written at the same moment and missed each other."""
    driver = await session.driver()
    targets = await repository.list_bindable(driver, sorted(CHANGES_TARGET), limit=limit)
    if not targets:
        return 0
    rows = await repository.load_facts(driver, list(targets))
    sources = await repository.list_pending_sources(driver, [row["doc_no"] for row in rows])
    await repository.lock(driver, targets | sources)
    touched = await repository.bind_pending(driver, list(targets), sorted(CHANGES_TARGET))
    await refresh(session, touched, today=today)
    return len(touched)
