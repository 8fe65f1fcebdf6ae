"""Saved profiles of enterprises: kept sealed with their consent, matched by the worker, erased at once.

No fact of a profile leaves here but to the matching itself: events, audit and log carry opaque ids only.
"""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from pydantic_core import from_json

from services.policy_api.repository import profiles as repository
from services.policy_api.rules.clauses import clause_status
from services.policy_api.rules.conditions import ConditionTable
from services.policy_api.rules.enterprise_facts import check_profile
from services.policy_api.rules.matching import ClauseGroup, ReadyClause, make_ready, match_profile
from services.policy_api.service.clause_set import ClauseSource
from services.policy_api.service.sealing import ProfileSealer
from shared.kit.auth import Caller
from shared.kit.clock import local_day
from shared.kit.database import WriteSession
from shared.kit.errors import NotFound, RuleViolation, Unavailable
from shared.kit.log import Announcement
from shared.kit.logging import get_logger
from shared.schemas.clauses import (
    ClauseStatus,
    EnterpriseProfile,
    FoundMatch,
    MatchResult,
    ProfileInput,
    ProfileReceipt,
)
from shared.schemas.problems import InvalidField

NO_PROFILE = "没有这份企业档案"
_PROFILES_AT_ONCE = 50

logger = get_logger(__name__)


async def save_profile(
    session: WriteSession,
    caller: Caller,
    sealer: ProfileSealer,
    organization: str,
    external_id: str,
    wanted: ProfileInput,
    *,
    now: datetime,
) -> ProfileReceipt:
    """Keep a profile, or what it says now. The worker matches it with the open clauses."""
    _ensure_sound(wanted, now)
    driver = await session.driver()
    await repository.lock_key(driver, organization, external_id)
    # Random, so that the id tells nothing, not even when the profile was first kept.
    profile_id = await repository.find(driver, organization, external_id) or uuid4()
    await repository.upsert(
        driver,
        {
            "id": profile_id,
            "organization": organization,
            "external_id": external_id,
            "sealed_facts": sealer.seal(
                wanted.profile.model_dump_json(exclude_none=True).encode(), profile_id=profile_id
            ),
            "consent_text_version": wanted.consent.text_version,
            "consented_at": wanted.consent.agreed_at,
            "saved_at": now,
        },
    )
    _record(session, caller, "profile.saved", profile_id, organization)
    return ProfileReceipt(profile_id=profile_id, saved_at=now)


def _ensure_sound(wanted: ProfileInput, now: datetime) -> None:
    errors = [
        InvalidField(pointer=f"/profile{one.pointer}", detail=one.detail)
        for one in check_profile(wanted.profile, local_day(now))
    ]
    if wanted.consent.agreed_at > now:
        errors.append(InvalidField(pointer="/consent/agreed_at", detail="同意时间不能在现在之后"))
    if errors:
        raise RuleViolation("企业档案有误，请按所列各项改正", errors=errors)


async def erase_profile(session: WriteSession, caller: Caller, organization: str, external_id: str) -> None:
    """Consent was taken back (个人信息保护法 第十五条): facts, consent and matches are gone with this transaction."""
    driver = await session.driver()
    await repository.lock_key(driver, organization, external_id)
    profile_id = await repository.erase(driver, organization, external_id)
    if profile_id is None:
        raise NotFound(NO_PROFILE)
    _record(session, caller, "profile.erased", profile_id, organization)


def _record(session: WriteSession, caller: Caller, action: str, profile_id: UUID, organization: str) -> None:
    session.record(actor=caller.client_id, action=action, subject=str(profile_id), version=1, organization=organization)


async def match_saved_profiles(
    session: WriteSession, sealer: ProfileSealer, source: ClauseSource, *, now: datetime, limit: int
) -> bool:
    """Match profiles that were saved since with every open clause; whether more wait.

    One turn tells of `limit` matches; a profile that has more is gone on with in the next.
    """
    driver = await session.driver()
    rows = await repository.lock_pending(driver, limit=_PROFILES_AT_ONCE)
    if not rows:
        return False
    # Read after the profiles are held: a clause that is released later meets them in its own turn.
    ready, _ = await source.current(driver)
    clauses = ready.open_on(local_day(now))
    opened = await _open(session, sealer, rows)
    for profile_id, profile in opened:
        matched = await asyncio.to_thread(match_profile, profile, clauses, local_day(now))
        found = [(profile_id, clause) for clause in matched.matching]
        await repository.delete_matches_except(driver, profile_id, clauses=[clause.id for _, clause in found])
        known = await repository.list_matched_clauses(driver, profile_id)
        fresh = [(profile_id, clause) for _, clause in found if clause.id not in known]
        await _keep(session, fresh[:limit], now)
        if len(fresh) > limit:
            return True
        await repository.note_matched(driver, profile_id)
        limit -= len(fresh)
    return len(rows) == _PROFILES_AT_ONCE


async def _open(
    session: WriteSession, sealer: ProfileSealer, rows: Sequence[Any]
) -> list[tuple[UUID, EnterpriseProfile]]:
    """What the key opens. The rest is noted and reported, and holds up nobody else."""
    found, unreadable = [], []
    for row in rows:
        try:
            facts = sealer.open(row["sealed_facts"], profile_id=row["id"])
            found.append((row["id"], EnterpriseProfile.model_validate_json(facts)))
        except (Unavailable, ValueError):
            unreadable.append(row["id"])
    if unreadable:
        logger.error("profiles_unreadable", count=len(unreadable), hint="is profile_key the key that sealed them?")
        await repository.note_unreadable(await session.driver(), unreadable)
    return found


async def retry_unreadable(session: WriteSession) -> None:
    """Once at a worker's start, when the key may have been put right: try again what could not be opened."""
    await repository.retry_unreadable(await session.driver())


async def match_released_clause(session: WriteSession, sealer: ProfileSealer, *, now: datetime, limit: int) -> bool:
    """Match the next profiles with a clause that is new, changed or over; False when no clause waits.

    Progress is kept with the matches in one transaction: after a crash nothing is skipped and nothing told twice.
    """
    driver, today = await session.driver(), local_day(now)
    row = await repository.find_unmatched_clause(driver)
    if row is None:
        return False
    progress = {"version": row["version"], "after_profile": row["after_profile"], "done": True}
    shown = from_json(row["representation"]) if row["representation"] is not None else None
    if shown is None or clause_status(shown, today) is not ClauseStatus.OPEN:
        # So that a reopened clause is told of again.
        await repository.delete_matches_of_clause(driver, row["id"])
        await repository.note_progress(driver, row["id"], **progress)
        return True
    profiles = await repository.lock_after(driver, row["after_profile"], limit=limit)
    if profiles:
        table = ConditionTable()
        group = ClauseGroup([make_ready(shown, table)], table)
        opened = await _open(session, sealer, profiles)
        found = await asyncio.to_thread(_matching, opened, group, today)
        matching = {profile_id for profile_id, _ in found}
        others = [profile["id"] for profile in profiles if profile["id"] not in matching]
        await repository.delete_matches_of_clause(driver, row["id"], profiles=others)
        await _keep(session, found, now)
        progress |= {"after_profile": profiles[-1]["id"], "done": len(profiles) < limit}
    await repository.note_progress(driver, row["id"], **progress)
    return True


def _matching(
    opened: Sequence[tuple[UUID, EnterpriseProfile]], group: ClauseGroup, today: date
) -> list[tuple[UUID, ReadyClause]]:
    """Which of these profiles match which of these clauses."""
    return [
        (profile_id, clause)
        for profile_id, profile in opened
        for clause in match_profile(profile, group, today).matching
    ]


async def _keep(session: WriteSession, found: Sequence[tuple[UUID, ReadyClause]], now: datetime) -> None:
    """Keep matches and announce those that are new."""
    if not found:
        return
    rows = [(uuid4(), profile_id, clause.id, clause.version, clause.policy_id, now) for profile_id, clause in found]
    for row in await repository.insert_matches(await session.driver(), rows):
        data = read_match(row).model_dump_json().encode()
        session.announce(Announcement("match.found", str(row["id"]), 1, data))


def read_match(row: Any) -> FoundMatch:
    """As it is announced and listed."""
    return FoundMatch(
        profile_id=row["profile_id"],
        clause_id=row["clause_id"],
        policy_id=row["policy_id"],
        result=MatchResult.MATCH,
        matched_at=row["matched_at"],
    )
