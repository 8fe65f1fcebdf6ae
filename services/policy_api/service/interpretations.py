"""Interpretations of public policies: imports, and second or tracking ones; those of new policies go through a dossier."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from services.policy_api.repository import interpretations as repository
from services.policy_api.repository import reading
from services.policy_api.rules.checks import FIRST_YEAR
from services.policy_api.rules.doc_number import parse_doc_number
from services.policy_api.rules.follow_up_interpretations import check_follow_up
from services.policy_api.service.content import Content, normalize_interpretation
from services.policy_api.service.files import ensure_files
from services.policy_api.service.publication import lock_neighbourhood, publish_interpretations, refresh
from shared.kit.auth import Caller
from shared.kit.clock import local_day
from shared.kit.database import WriteSession
from shared.kit.errors import NotFound, OutsideSubtree, RuleViolation
from shared.schemas.organizations import Organization
from shared.schemas.policies import InterpretationImport, InterpretationStage, Outcome, Receipt
from shared.schemas.problems import InvalidField
from shared.schemas.scopes import Scope


@dataclass(frozen=True)
class Imported:
    """A receipt and whether it is for something new."""

    receipt: Receipt
    created: bool


async def import_interpretation(
    session: WriteSession,
    caller: Caller,
    organization: Organization,
    external_id: str,
    wanted: InterpretationImport,
    *,
    now: datetime,
) -> Imported:
    """Create or replace an interpretation and link it with its policy, both ways, at once."""
    importing, today = caller.has(Scope.POLICY_IMPORT), local_day(now)
    _ensure_sound(caller, wanted, importing=importing, today=today)
    content = normalize_interpretation(wanted)
    driver = await session.driver()
    await ensure_files(driver, organization.code, content.fields, public=True)
    policy_id = await _find_policy(driver, organization.code, wanted)
    if not importing:
        await _ensure_own_policy(driver, organization, policy_id)
    await repository.lock_key(driver, organization.code, external_id)
    explained = await repository.find_policy_of(driver, organization.code, external_id)
    await lock_neighbourhood(session, list({policy_id, explained or policy_id}), [])
    have = await repository.find_by_key(driver, organization.code, external_id)
    if not importing:
        _ensure_follow_up(caller, have, wanted.published_on, today)
    if have is not None and _is_same(have, content, policy_id, wanted):
        return Imported(
            _receipt(have, organization, external_id, Outcome.UNCHANGED, have["version"], now), created=False
        )
    row = _row(have, organization, external_id, policy_id, content)
    await repository.upsert(driver, row)
    if wanted.reviews is not None:
        await repository.store_reviews(driver, row["id"], wanted.reviews.model_dump_json())
    await publish_interpretations(session, [row["id"]], published_on=wanted.published_on, today=today)
    if explained not in (None, policy_id):
        # It moved: the policy that it explained until now no longer shows it.
        await refresh(session, [explained], today=today)
    version = (have["version"] if have else 0) + 1
    session.record(
        actor=caller.client_id,
        action="interpretation.imported" if importing else "interpretation.followed_up",
        subject=str(row["id"]),
        version=version,
        organization=organization.code,
        hash=content.hash,
        policy=str(policy_id),
    )
    outcome = Outcome.UPDATED if have else Outcome.CREATED
    return Imported(_receipt(row, organization, external_id, outcome, version, now), created=have is None)


def _ensure_sound(caller: Caller, wanted: InterpretationImport, *, importing: bool, today: date) -> None:
    """RuleViolation with a pointer a field; InsufficientScope for what only an import may bring."""
    if not importing:
        if wanted.stage is not InterpretationStage.FOLLOW_UP:
            caller.ensure_has(Scope.POLICY_IMPORT)
        errors = check_follow_up(wanted, today)
        if errors:
            raise RuleViolation("跟踪解读不符合要求，请按所列各项改正", errors=errors)
        return
    day = wanted.published_on
    if day > today:
        errors = [InvalidField(pointer="/published_on", detail="发布日期不能在今天之后")]
        raise RuleViolation("导入的解读应是已经发布的", errors=errors)
    if day.year < FIRST_YEAR:
        errors = [InvalidField(pointer="/published_on", detail=f"发布日期不应早于{FIRST_YEAR}年")]
        raise RuleViolation("解读的发布日期不可信", errors=errors)


async def _ensure_own_policy(driver: asyncpg.Connection, organization: Organization, policy_id: UUID) -> None:
    """谁起草、谁解读 (国办发〔2016〕80号): the policy is the organisation's own, or of one below it."""
    if organization.code not in await reading.find_path(driver, policy_id):
        raise OutsideSubtree(
            f"{organization.name}不能解读其他机关的政策；请由起草机关解读", organization=organization.code
        )


def _ensure_follow_up(caller: Caller, have: Any, published_on: date, today: date) -> None:
    """It goes public today, and takes the place of a follow-up interpretation only."""
    if have is not None and have["stage"] != InterpretationStage.FOLLOW_UP:
        caller.ensure_has(Scope.POLICY_IMPORT)
    if published_on != today and (have is None or published_on != have["published_on"]):
        errors = [InvalidField(pointer="/published_on", detail="跟踪解读当日公开，发布日期应为今天")]
        raise RuleViolation("跟踪解读的发布日期不正确", errors=errors)


async def _find_policy(driver: asyncpg.Connection, organization: str, wanted: InterpretationImport) -> UUID:
    """The public policy it explains, by id, number, or the organisation's own name for it."""
    found: UUID | None = None
    if wanted.policy_id is not None:
        found = wanted.policy_id if await reading.find_public(driver, wanted.policy_id) else None
    elif wanted.policy_doc_no is not None:
        try:
            found = await reading.find_public_id_by_doc_no(driver, parse_doc_number(wanted.policy_doc_no).text)
        except ValueError as error:
            errors = [InvalidField(pointer="/policy_doc_no", detail=str(error))]
            raise RuleViolation("发文字号不正确", errors=errors) from error
    elif wanted.policy_external_id is not None:
        row = await reading.find_by_key(driver, organization, wanted.policy_external_id)
        found = row["id"] if row is not None and row["state"] == "public" else None
    if found is None:
        raise NotFound("没有找到被解读的政策，或它尚未公开；请给出 policy_id、policy_doc_no 或 policy_external_id")
    return found


def _is_same(have: Any, content: Content, policy_id: UUID, wanted: InterpretationImport) -> bool:
    return bool(
        have["content_hash"] == content.hash
        and have["policy_id"] == policy_id
        and have["published_on"] == wanted.published_on
        and have["state"] == "public"
    )


def _row(have: Any, organization: Organization, external_id: str, policy_id: UUID, content: Content) -> dict[str, Any]:
    return {
        "id": have["id"] if have else uuid7(),
        "organization": organization.code,
        "organization_name": organization.name,
        "level": organization.level.value,
        "external_id": external_id,
        "policy_id": policy_id,
        "dossier_id": None,
        "title": content.fields["title"],
        "form": str(content.fields["form"]),
        "stage": str(content.fields["stage"]),
        "content": content.text,
        "content_hash": content.hash,
    }


def _receipt(
    row: Any, organization: Organization, external_id: str, outcome: Outcome, version: int, now: datetime
) -> Receipt:
    return Receipt(
        outcome=outcome,
        id=row["id"],
        organization=organization.code,
        external_id=external_id,
        version=version,
        content_hash=row["content_hash"],
        public=True,
        recorded_at=now,
    )
