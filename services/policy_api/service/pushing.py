"""Taking in what organisations push: create, replace or leave unchanged, one document or a chunk of a batch alike.

Each step is one statement for the whole chunk. A document that breaks a rule is refused alone; its neighbours go in.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from services.policy_api.repository import policies as repository
from services.policy_api.rules.stored_files import ADDRESS
from services.policy_api.service.content import Content
from services.policy_api.service.files import find_faults
from services.policy_api.service.publication import (
    DocumentNumberTaken,
    Overtaken,
    lock_neighbourhood,
    show_relations,
)
from services.policy_api.service.rendering import CHANGES_TARGET, PolicyFacts, TextFacts, render_policy
from shared.kit.clock import local_day
from shared.kit.database import WriteSession
from shared.kit.errors import DomainError, IllegalMove, NotFound, OutsideSubtree, RuleViolation, Unavailable
from shared.kit.http import check_if_match, check_if_match_absent
from shared.kit.log import Announcement
from shared.schemas.organizations import Organization
from shared.schemas.policies import Outcome, Receipt
from shared.schemas.problems import InvalidField

_ATTEMPTS = 5
MAX_CHARACTERS_TOGETHER = 4_000_000
"""From here on a transaction takes no further push: what it holds stands in memory several times over."""


_NONE: frozenset[str] = frozenset()


class _Raced(Exception):
    """Somebody else wrote the same document or number in between: begin again."""


@dataclass(frozen=True)
class Origin:
    """Which request brings a push: what its version row and its audit entry say of it."""

    actor: str
    now: datetime
    request_id: str


@dataclass(frozen=True)
class Push:
    """One document, checked and normalised, for one organisation."""

    origin: Origin
    organization: Organization
    external_id: str
    content: Content
    published_on: date | None
    """Set for an import: the document is public already."""
    if_match: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.organization.code, self.external_id


@dataclass(frozen=True)
class Known:
    """What the library already holds under a key."""

    id: UUID
    state: str
    latest_number: int
    latest_hash: str
    latest_released: bool
    in_dossier: bool
    """A dossier carries its next text to the public."""
    etag: str | None
    current: dict[date | None, tuple[int, str]]
    """Number and hash of the text that counts for each effective day."""

    def find_text(self, push: Push) -> int | None:
        """The number under which this very text stands already: as the newest, or as the one of its effective day.

        A draft pushed over another draft takes its place, also when it says what is public already.
        """
        if push.content.hash == self.latest_hash:
            return self.latest_number
        number, content_hash = self.current.get(push.content.text_effective_on(push.published_on), (0, ""))
        stands = content_hash == push.content.hash and (self.latest_released or push.published_on is not None)
        return number if stands else None


@dataclass(frozen=True)
class Plan:
    """A push that will be written."""

    push: Push
    known: Known | None
    id: UUID
    number: int
    owned: frozenset[str] = frozenset()
    """Numbers that are its document's already."""

    @property
    def publishes(self) -> bool:
        return self.push.published_on is not None


Result = Receipt | DomainError


async def push_policies(session: WriteSession, pushes: Sequence[Push], *, validate_only: bool = False) -> list[Result]:
    """A receipt or an error for each push, in order. Keys must not repeat. Commits nothing itself."""
    for attempt in range(_ATTEMPTS):
        try:
            if attempt:
                # Others write the same documents: this time they wait before anything is planned.
                await repository.lock_keys(await session.driver(), [push.key for push in pushes])
            return await _push_once(session, pushes, validate_only=validate_only)
        except (_Raced, Overtaken, asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError):
            await session.rollback()
    raise Unavailable("同一文件正被其他请求写入，请稍后重试", retry_after_seconds=1)


async def _push_once(session: WriteSession, pushes: Sequence[Push], *, validate_only: bool) -> list[Result]:
    driver = await session.driver()
    known = await _find_known(driver, pushes)
    results, plans = await _plan(driver, pushes, known)
    if not validate_only and plans:
        await _write(session, list(plans.values()))
    for index, plan in plans.items():
        results[index] = _receipt(plan)
    return [result for result in results if result is not None]


async def _find_known(driver: asyncpg.Connection, pushes: Sequence[Push]) -> dict[tuple[str, str], Known]:
    rows = await repository.find_by_keys(driver, [push.key for push in pushes])
    return {(row["organization"], row["external_id"]): _known(row) for row in rows}


def _known(row: Any) -> Known:
    texts = row["texts"]
    return Known(
        id=row["id"],
        state=row["state"],
        latest_number=row["latest_number"],
        latest_hash=texts[-1][1],
        latest_released=texts[-1][3],
        in_dossier=row["in_dossier"],
        etag=row["etag"],
        current={
            effective_on: (number, content_hash) for number, content_hash, effective_on, released in texts if released
        },
    )


async def _plan(
    driver: asyncpg.Connection, pushes: Sequence[Push], known: dict[tuple[str, str], Known]
) -> tuple[list[Result | None], dict[int, Plan]]:
    """Which pushes are refused or change nothing (results), and which will be written (plans), by position."""
    holders = await _find_holders(driver, pushes)
    owners, owned = await _find_owners(driver, pushes, known)
    targets = await _find_targets(driver, pushes)
    faults = await _find_file_faults(driver, pushes)
    results: list[Result | None] = [None] * len(pushes)
    plans: dict[int, Plan] = {}
    claimed: dict[str, tuple[str, str]] = {}
    for index, push in enumerate(pushes):
        have = known.get(push.key)
        try:
            _check_if_match(push, have)
            if have is not None and (standing := have.find_text(push)) is not None:
                results[index] = _receipt_of_known(push, have, standing)
                continue
            if have is not None and have.state == "withdrawn":
                raise IllegalMove("这份文件已撤回，不能再改；更正后的文件请用新的机关内编号推送", allowed=[])
            if have is not None and have.in_dossier and push.published_on is not None:
                raise IllegalMove("这份文件正在会签卷中办理，不能绕过会签卷直接公开；请在卷内发布", allowed=[])
            if errors := faults.get(index):
                raise RuleViolation("附件有误，请按所列各项改正", errors=errors)
            _check_numbers(push, have, owners, claimed)
            _check_relations(push, have, holders, targets)
        except DomainError as error:
            results[index] = error
            continue
        claimed |= dict.fromkeys(push.content.numbers.values(), push.key)
        number = have.latest_number + 1 if have else 1
        plans[index] = Plan(
            push, have, have.id if have else uuid7(), number, owned.get(have.id if have else None, _NONE)
        )
    return results, plans


async def _find_file_faults(driver: asyncpg.Connection, pushes: Sequence[Push]) -> dict[int, list[InvalidField]]:
    """By position; most pushes name no stored file, which their text tells at once."""
    naming = [index for index, push in enumerate(pushes) if ADDRESS in push.content.text]
    named = [
        (pushes[at].organization.code, pushes[at].content.fields, pushes[at].published_on is not None) for at in naming
    ]
    return dict(zip(naming, await find_faults(driver, named), strict=True)) if naming else {}


async def _find_holders(driver: asyncpg.Connection, pushes: Sequence[Push]) -> dict[str, Any]:
    numbers = {push.content.doc_no for push in pushes if push.content.doc_no}
    for push in pushes:
        numbers |= {
            relation["target_doc_no"] for relation in push.content.fields["relations"] if relation["target_doc_no"]
        }
    rows = await repository.find_by_doc_nos(driver, sorted(numbers)) if numbers else []
    return {row["doc_no"]: row for row in rows}


async def _find_owners(
    driver: asyncpg.Connection, pushes: Sequence[Push], known: dict[tuple[str, str], Known]
) -> tuple[dict[str, Any], dict[UUID | None, frozenset[str]]]:
    """Whose the numbers of these pushes are, and which numbers each known document has."""
    numbers = {number for push in pushes for number in push.content.numbers.values()}
    ids = [have.id for have in known.values()]
    rows = await repository.find_claims(driver, sorted(numbers), ids) if numbers or ids else []
    owned: dict[UUID | None, set[str]] = {}
    for row in rows:
        owned.setdefault(row["policy_id"], set()).add(row["number"])
    return {row["number"]: row for row in rows}, {owner: frozenset(every) for owner, every in owned.items()}


async def _find_targets(driver: asyncpg.Connection, pushes: Sequence[Push]) -> dict[UUID, Any]:
    ids = {
        relation["target_id"]
        for push in pushes
        for relation in push.content.fields["relations"]
        if relation["target_id"] is not None
    }
    rows = await repository.find_by_ids(driver, ids) if ids else []
    return {row["id"]: row for row in rows}


def _check_if_match(push: Push, have: Known | None) -> None:
    if push.if_match is None:
        return
    if have is None:
        check_if_match_absent(push.if_match)
        return
    own = record_etag(have.latest_number, have.latest_hash)
    etag = have.etag if have.etag is not None and have.etag in push.if_match else own
    check_if_match(push.if_match, etag=etag, version=have.latest_number)


def _check_numbers(push: Push, have: Known | None, owners: dict[str, Any], claimed: dict[str, tuple[str, str]]) -> None:
    """A document number, and a registration number, belong to one document (LIB-02)."""
    for pointer, number in push.content.numbers.items():
        owner = owners.get(number)
        if owner is not None and have is None and (owner["organization"], owner["external_id"]) == push.key:
            # Its own document, which was not there yet when its key was looked for: the first try of a caller who sends again.
            raise _Raced
        elsewhere = owner is not None and (have is None or owner["policy_id"] != have.id)
        if not elsewhere and number not in claimed:
            continue
        organization, external_id = (
            (owner["organization"], owner["external_id"]) if elsewhere and owner is not None else claimed[number]
        )
        raise DocumentNumberTaken(
            f"{number}已属于机关{organization}的文件{external_id}；请核对字号，或更正那份文件",
            errors=[InvalidField(pointer=pointer, detail="这个编号已被另一文件占用")],
            holder={"organization": organization, "external_id": external_id},
        )


def _check_relations(push: Push, have: Known | None, holders: dict[str, Any], targets: dict[UUID, Any]) -> None:
    """Who ends or changes another's document must stand at or above that organisation; targets by id must exist.

    None acts on itself, whether it is named by its id or by a number that it holds until now.
    """
    for index, relation in enumerate(push.content.fields["relations"]):
        pointer = f"/relations/{index}"
        target = targets.get(relation["target_id"]) if relation["target_id"] else holders.get(relation["target_doc_no"])
        if target is None:
            if relation["target_id"] is not None:
                raise NotFound(
                    "关系所指的文件不存在", errors=[InvalidField(pointer=f"{pointer}/target_id", detail="没有这份文件")]
                )
            continue
        if have is not None and target["id"] == have.id:
            raise RuleViolation(
                "文件信息不符合要求，请按所列各项改正",
                errors=[InvalidField(pointer=pointer, detail="文件不能与自身建立关系")],
            )
        if relation["type"] in CHANGES_TARGET and push.organization.code not in target["organization_path"]:
            raise OutsideSubtree(
                f"{push.organization.name}不能修改或废止{target['doc_no'] or target['title']}：该文件属于其他机关",
                errors=[InvalidField(pointer=pointer, detail="只能修改、废止、代替本机关及下级机关的文件")],
            )


async def _write(session: WriteSession, plans: Sequence[Plan]) -> None:
    driver = await session.driver()
    updates = [plan for plan in plans if plan.known is not None]
    contents = {plan.id: json.loads(plan.push.content.text) for plan in plans if _has_neighbours(plan)}
    waiting = await _awaited_numbers(driver, plans)
    if updates or contents or waiting:
        await lock_neighbourhood(session, [plan.id for plan in updates], [plan.push.content.fields for plan in plans])
        await _ensure_unchanged(driver, updates)
    today = max(local_day(plan.push.origin.now) for plan in plans)
    fresh = [plan for plan in plans if plan.publishes and not waiting and not _has_neighbours(plan)]
    rendered = {plan.id: _render_fresh(plan, today) for plan in fresh}
    new = [_policy_row(plan) | rendered.get(plan.id, {"version": 0}) for plan in plans if plan.known is None]
    if new and len(await repository.insert_policies(driver, new)) != len(new):
        raise _Raced
    texts = [_version_row(plan) for plan in plans]
    taken_over = [(plan.id, row["effective_on"]) for plan, row in zip(plans, texts, strict=True) if _adds_text(plan)]
    if taken_over:
        await repository.supersede(driver, taken_over, at=max(plan.push.origin.now for plan in plans))
    await _write_texts(driver, plans, texts)
    if updates:
        await repository.bump_latest(driver, [_policy_row(plan) for plan in updates])
    for plan_id, row in rendered.items():
        session.announce(Announcement("policy.released", str(plan_id), 1, row["representation"]))
    linked = {plan.id: plan.push.content.fields for plan in plans if plan.publishes and plan.id not in rendered}
    if linked:
        await show_relations(session, linked, today=today)
    for plan in plans:
        _record(session, plan)


async def _write_texts(driver: asyncpg.Connection, plans: Sequence[Plan], texts: Sequence[dict[str, Any]]) -> None:
    """With the numbers that they carry; a draft's former number is free again."""
    carried = [(number, plan) for plan in plans for number in plan.push.content.numbers.values()]
    # In one order, so that no two writers wait for each other crosswise.
    new = sorted((number, plan.id) for number, plan in carried if number not in plan.owned)
    if await repository.insert_versions(driver, texts, new) != len(new):
        raise _Raced
    changed = [plan.id for plan in plans if plan.owned - set(plan.push.content.numbers.values())]
    if changed:
        await repository.release_numbers(driver, [(plan.id, number) for number, plan in carried], changed)


def _adds_text(plan: Plan) -> bool:
    """Whether the public sees a further text of a document that it knows."""
    return plan.publishes and plan.known is not None


def _has_neighbours(plan: Plan) -> bool:
    return plan.known is not None or bool(plan.push.content.fields["relations"])


async def _awaited_numbers(driver: asyncpg.Connection, plans: Sequence[Plan]) -> bool:
    numbers = [plan.push.content.doc_no for plan in plans if plan.push.content.doc_no]
    return bool(numbers) and bool(await repository.list_pending_sources(driver, numbers))


async def _ensure_unchanged(driver: asyncpg.Connection, updates: Sequence[Plan]) -> None:
    """What was planned from an unlocked read still holds now that the rows are locked."""
    rows = await repository.find_by_keys(driver, [plan.push.key for plan in updates]) if updates else []
    now_known = {row["id"]: (row["latest_number"], row["in_dossier"]) for row in rows}
    if any(
        plan.known is None or now_known.get(plan.id) != (plan.known.latest_number, plan.known.in_dossier)
        for plan in updates
    ):
        raise _Raced


def _render_fresh(plan: Plan, today: date) -> dict[str, Any]:
    """What a new document without links looks like: it needs nothing but what was pushed."""
    push, fields = plan.push, plan.push.content.fields
    assert push.published_on is not None
    version = fields["version"]
    text = TextFacts(
        number=1,
        label=version["label"],
        adopted_on=version["adopted_on"],
        effective_on=push.content.text_effective_on(push.published_on) or push.published_on,
        instrument=version["instrument"],
        content_hash=push.content.hash,
        published_on=push.published_on,
    )
    facts = PolicyFacts(
        id=plan.id,
        version=1,
        organization=push.organization.code,
        organization_name=push.organization.name,
        external_id=push.external_id,
        level=push.organization.level.value,
        division_code=push.organization.division_code,
        texts=[text],
    )
    rendered = render_policy(facts, fields, today=today)
    return {
        "id": plan.id,
        "version": 1,
        "representation": rendered.representation,
        "listing": rendered.listing,
        "etag": rendered.etag,
        **rendered.columns,
    }


def _policy_row(plan: Plan) -> dict[str, Any]:
    fields, organization = plan.push.content.fields, plan.push.organization
    return {
        "id": plan.id,
        "number": plan.number,
        "organization": organization.code,
        "organization_name": organization.name,
        "path": ",".join(organization.path),
        "level": organization.level.value,
        "division_code": organization.division_code,
        "external_id": plan.push.external_id,
        "doc_no": fields["doc_no"],
        "title": fields["title"],
        "doc_class": str(fields["doc_class"]),
        "kind": str(fields["kind"]),
    }


def _version_row(plan: Plan) -> dict[str, Any]:
    content, version, origin = plan.push.content, plan.push.content.fields["version"], plan.push.origin
    published_on = plan.push.published_on if plan.publishes else None
    return {
        "policy_id": plan.id,
        "number": plan.number,
        "content": content.text,
        "content_hash": content.hash,
        "label": version["label"],
        "adopted_on": version["adopted_on"],
        "effective_on": content.text_effective_on(published_on),
        "instrument": version["instrument"],
        "published_on": published_on,
        "released_at": origin.now if plan.publishes else None,
        "recorded_by": origin.actor,
        "recorded_at": origin.now,
    }


def _record(session: WriteSession, plan: Plan) -> None:
    session.record(
        actor=plan.push.origin.actor,
        request_id=plan.push.origin.request_id,
        action="policy.pushed" if plan.known else "policy.created",
        subject=str(plan.id),
        version=plan.number,
        organization=plan.push.organization.code,
        external_id=plan.push.external_id,
        hash=plan.push.content.hash,
        public=plan.publishes,
    )


def record_etag(number: int, content_hash: str) -> str:
    """ETag of what an organisation pushed: its number and hash, not the public representation's."""
    return f'"{number}-{content_hash[:16]}"'


def _receipt(plan: Plan) -> Receipt:
    return Receipt(
        outcome=Outcome.UPDATED if plan.known else Outcome.CREATED,
        id=plan.id,
        organization=plan.push.organization.code,
        external_id=plan.push.external_id,
        version=plan.number,
        content_hash=plan.push.content.hash,
        public=plan.publishes,
        recorded_at=plan.push.origin.now,
    )


def _receipt_of_known(push: Push, have: Known, number: int) -> Receipt:
    return Receipt(
        outcome=Outcome.UNCHANGED,
        id=have.id,
        organization=push.organization.code,
        external_id=push.external_id,
        version=number,
        content_hash=push.content.hash,
        public=have.state == "public" and (have.latest_released or number < have.latest_number),
        recorded_at=push.origin.now,
    )
