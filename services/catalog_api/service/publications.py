"""Publications: what was made public on which channel, when, after which review; and the tasks that it fulfils."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from pydantic_core import from_json, to_json
from uuid_utils.compat import uuid7

from services.catalog_api.repository import disclosure as repository
from services.catalog_api.repository import monitoring as monitoring_repository
from services.catalog_api.repository.patrol import end_all_findings
from services.catalog_api.rules.standing import standing_of
from services.catalog_api.service.disclosers import facts_of
from services.catalog_api.service.tasks import FIRST_DAY
from shared.kit.auth import Caller
from shared.kit.clock import local_day
from shared.kit.database import WriteSession
from shared.kit.errors import Conflict, DomainError, NotFound, RuleViolation
from shared.kit.log import Announcement
from shared.schemas.disclosure import DutyState, PublicationInput, PublicationReceipt
from shared.schemas.organizations import Organization
from shared.schemas.policies import Outcome
from shared.schemas.problems import InvalidField

NO_PUBLICATION = "没有这条公开记录，或它已撤下"
_SHOWN = (
    "index_no",
    "title",
    "summary",
    "formed_on",
    "channel",
    "url",
    "place",
    "published_at",
    "sha256",
    "expires_on",
    "clarifies",
)

_CLOCKS_DIFFER = timedelta(minutes=5)
"""By how much another system's clock may be ahead of ours."""


@dataclass(frozen=True)
class PublicationPush:
    """A publication as somebody wants it registered."""

    organization: Organization
    external_id: str
    wanted: PublicationInput

    @property
    def key(self) -> repository.Key:
        return self.organization.code, self.external_id

    @property
    def hash(self) -> str:
        return hashlib.sha256(to_json(self.wanted)).hexdigest()

    @property
    def task_key(self) -> repository.Key | None:
        return (self.organization.code, self.wanted.task) if self.wanted.task is not None else None


async def put_publications(
    session: WriteSession, caller: Caller, pushes: Sequence[PublicationPush], *, now: datetime
) -> list[PublicationReceipt | DomainError]:
    """Register these; for each a receipt or why it is refused. No key may come twice."""
    driver = await session.driver()
    today = local_day(now)
    await repository.lock_keys(driver, "publication", [push.key for push in pushes])
    # Tasks before publications, as everybody who writes both does.
    tasks = await repository.lock_tasks(driver, sorted({push.task_key for push in pushes if push.task_key is not None}))
    have = await repository.lock_publications(driver, [push.key for push in pushes])
    wanted_items = {push.wanted.item for push in pushes if push.wanted.item is not None}
    items = await repository.find_items(driver, list(wanted_items | {task["item_id"] for task in tasks.values()}))
    results: list[DomainError | None] = [None] * len(pushes)
    rows: dict[int, dict[str, Any]] = {}
    touched: set[UUID] = set()
    for index, push in enumerate(pushes):
        old, task = have.get(push.key), tasks.get(push.task_key) if push.task_key is not None else None
        if old is not None and old["content_hash"] == push.hash and old["state"] == "public":
            continue
        wanted_item = push.wanted.item or (task["item_id"] if task is not None else None)
        item = items.get(wanted_item) if wanted_item is not None else None
        if errors := _faults(push, task, item, now):
            results[index] = RuleViolation("公开记录有误，请按所列各项改正", errors=errors)
            continue
        rows[index] = _row(push, item, task, old)
        touched |= {one["task_id"] for one in (old, rows[index]) if one is not None and one["task_id"] is not None}
    await monitoring_repository.keep_disclosers(driver, facts_of([push.organization for push in pushes]))
    if rows:
        await repository.upsert_publications(driver, list(rows.values()))
        for index, row in rows.items():
            known = have.get(pushes[index].key)
            told = "publication.released" if known is None or known["state"] != "public" else "publication.changed"
            session.announce(Announcement(told, str(row["id"]), row["version"], row["representation"]))
            _record(session, caller, told, row)
    if touched:
        await repository.settle(driver, sorted(touched))
    kept = rows | {
        index: dict(have[push.key]) for index, push in enumerate(pushes) if index not in rows and results[index] is None
    }
    duties = await repository.list_duties(driver, list({row["task_id"] for row in kept.values() if row["task_id"]}))
    return [
        result
        if result is not None
        else _receipt(pushes[index], kept[index], _outcome(index in rows, pushes[index].key in have), duties, today)
        for index, result in enumerate(results)
    ]


async def withdraw_publication(
    session: WriteSession, caller: Caller, publication_id: UUID, *, reason: str, deciding: UUID | None = None
) -> None:
    """Taken down. What it fulfilled is open again, unless something else fulfils it; what was found in it is gone.

    `deciding` is the finding over which it is taken down: that one is decided, not gone.
    """
    driver = await session.driver()
    row = await repository.find_publication(driver, publication_id)
    if row is None:
        raise NotFound(NO_PUBLICATION)
    if row["task_id"] is not None:
        task = await repository.find_task(driver, row["task_id"])
        await repository.lock_tasks(driver, [(task["organization"], task["external_id"])])
    row = await repository.lock_publication(driver, publication_id)
    if row["state"] != "public":
        raise Conflict("这条公开记录已经撤下")
    version = row["version"] + 1
    await repository.withdraw_publication(driver, publication_id, version=version)
    await end_all_findings(driver, publication_id, but=deciding)
    if row["task_id"] is not None:
        await repository.settle(driver, [row["task_id"]])
    session.announce(Announcement("publication.withdrawn", str(publication_id), version, None))
    _record(session, caller, "publication.withdrawn", dict(row) | {"version": version}, reason=reason)


def _faults(push: PublicationPush, task: Any, item: Any, now: datetime) -> list[InvalidField]:
    return (
        _faults_of_target(push, task, item) + _faults_of_consent(push.wanted, item) + _faults_of_days(push, task, now)
    )


def _faults_of_consent(wanted: PublicationInput, item: Any) -> list[InvalidField]:
    """条例第十一条: what concerns other organs is agreed with them, what needs an approval is approved, before it is public."""
    if item is None:
        return []
    asked, errors = from_json(item["representation"]), []
    for name, what in (("coordination", "与有关机关协调确认"), ("approval", "依照国家有关规定批准")):
        consent = getattr(wanted, name)
        if consent is None and asked.get(f"requires_{name}"):
            errors.append(InvalidField(pointer=f"/{name}", detail=f"这一公开事项须先{what}（条例第十一条）"))
        if consent is not None and not FIRST_DAY <= consent.on <= local_day(wanted.published_at):
            errors.append(InvalidField(pointer=f"/{name}/on", detail="应在公开之前"))
    return errors


def _faults_of_target(push: PublicationPush, task: Any, item: Any) -> list[InvalidField]:
    wanted, errors = push.wanted, []
    if wanted.task is not None and (task is None or task["cancelled"]):
        errors.append(InvalidField(pointer="/task", detail="没有这个公开任务，或它已取消"))
    if wanted.item is None and wanted.task is None:
        errors.append(InvalidField(pointer="/item", detail="应给出公开事项，或它所完成的任务"))
    elif item is None or item["organization"] not in push.organization.path:
        if wanted.item is not None:
            detail = "没有这个公开事项，或它不属于本机关及其上级的目录"
            errors.append(InvalidField(pointer="/item", detail=detail))
    elif task is not None and item["id"] != task["item_id"]:
        errors.append(InvalidField(pointer="/item", detail="与所完成任务的公开事项不同"))
    if task is not None and item is not None and wanted.channel not in from_json(item["representation"])["channels"]:
        detail = "所完成任务的公开事项不要求这一渠道；只登记公开记录的，不写任务"
        errors.append(InvalidField(pointer="/channel", detail=detail))
    if wanted.url is not None and not _is_plain(wanted.url):
        errors.append(InvalidField(pointer="/url", detail="地址写法有误，或含有用户名、密码"))
    if wanted.url is None and wanted.place is None:
        errors.append(InvalidField(pointer="/url", detail="应给出地址，或不在网上时的地点"))
    return errors


def _is_plain(url: str) -> bool:
    """An address that names a host and a port that can be, and nobody's password."""
    try:
        parts = urlsplit(url)
        return (
            bool(parts.hostname)
            and parts.port != 0
            and "@" not in parts.netloc
            and not set(parts.netloc) & set("<>\"'")
        )
    except ValueError:
        return False


def _faults_of_days(push: PublicationPush, task: Any, now: datetime) -> list[InvalidField]:
    wanted, errors = push.wanted, []
    day = local_day(wanted.published_at)
    if not day >= FIRST_DAY or wanted.published_at > now + _CLOCKS_DIFFER:
        errors.append(InvalidField(pointer="/published_at", detail="公开时间应在现在或之前"))
    if not FIRST_DAY <= wanted.formed_on <= max(day, FIRST_DAY):
        errors.append(InvalidField(pointer="/formed_on", detail="生成日期不能晚于公开日期"))
    if wanted.reviews.reviewed_on > day:
        # 先审查、后公开 (条例第十七条)
        errors.append(InvalidField(pointer="/reviews/reviewed_on", detail="审查不能晚于公开"))
    if wanted.expires_on is not None and wanted.expires_on < day:
        errors.append(InvalidField(pointer="/expires_on", detail="到期日不能早于公开日期"))
    # What was public before its event does not tell of it (条例第二十六条); a deadline before an event is the other way round.
    if task is not None and task["event_on"] is None and day < task["occurred_on"]:
        errors.append(InvalidField(pointer="/published_at", detail="早于任务所报信息形成、变更之日，不能算作完成"))
    return errors


def _row(push: PublicationPush, item: Any, task: Any, old: Any) -> dict[str, Any]:
    organization, wanted = push.organization, push.wanted
    own = wanted.model_dump(mode="json")
    version = (old["version"] if old is not None else 0) + 1
    publication_id = old["id"] if old is not None else uuid7()
    shown = {
        "id": publication_id,
        "organization": {"code": organization.code, "name": organization.name},
        "external_id": push.external_id,
        "level": str(organization.level),
        "item": item["id"],
        "domain": item["domain"],
        **{name: own[name] for name in _SHOWN},
        "version": version,
    }
    return {
        "id": publication_id,
        "organization": organization.code,
        "organization_name": organization.name,
        "organization_path": organization.path,
        "external_id": push.external_id,
        "item_id": item["id"],
        "task_id": task["id"] if task is not None else None,
        "channel": wanted.channel,
        "state": "public",
        "published_on": local_day(wanted.published_at),
        "content": to_json(own).decode(),
        "content_hash": push.hash,
        "version": version,
        "representation": to_json(shown),
        "etag": f'"{version}"',
        "url": wanted.url,
        "expires_on": wanted.expires_on,
    }


def _outcome(is_written: bool, is_known: bool) -> Outcome:
    if not is_written:
        return Outcome.UNCHANGED
    return Outcome.UPDATED if is_known else Outcome.CREATED


def _receipt(
    push: PublicationPush, row: Any, outcome: Outcome, duties: dict[UUID, list[Any]], today: date
) -> PublicationReceipt:
    met = [duty for duty in duties.get(row["task_id"], []) if duty["channel"] == push.wanted.channel]
    state: DutyState | None = None
    if met:
        state = standing_of(met[0]["due_on"], met[0]["done_on"], today, today)
    return PublicationReceipt(
        outcome=outcome,
        id=row["id"],
        organization=push.organization.code,
        external_id=push.external_id,
        version=row["version"],
        task=row["task_id"],
        duty=state,
    )


def _record(session: WriteSession, caller: Caller, action: str, row: dict[str, Any], **facts: Any) -> None:
    session.record(
        actor=caller.client_id,
        action=action,
        subject=str(row["id"]),
        version=row["version"],
        organization=row["organization"],
        hash=row["content_hash"],
        **facts,
    )
