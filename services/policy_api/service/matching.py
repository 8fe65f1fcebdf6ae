"""Match an enterprise with the clauses that are open. Nothing of a profile is stored or logged here."""

import asyncio
from collections import Counter
from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from services.policy_api.repository.reading import Reads
from services.policy_api.rules.enterprise_facts import check_profile
from services.policy_api.rules.matching import ClauseGroup, match_profile
from services.policy_api.service.clause_set import ClauseSet, ClauseSource
from shared.kit.errors import NotFound, RuleViolation
from shared.schemas.clauses import AskedFact, Delivery, EnterpriseProfile, MatchAnswer


async def answer_profile(
    source: ClauseSource, reads: Reads, profile: EnterpriseProfile, *, today: date, everything: bool, limit: int
) -> MatchAnswer:
    """What each open clause comes to for this enterprise."""
    errors = check_profile(profile, today)
    if errors:
        raise RuleViolation("企业情况有误，请按所列各项改正", errors=errors)
    ready, at = await source.current(reads)
    # Off the event loop: other requests of this process go on meanwhile.
    return await asyncio.to_thread(_answer, ready, profile, today, at, everything, limit)


def _answer(
    ready: ClauseSet, profile: EnterpriseProfile, today: date, at: datetime, everything: bool, limit: int
) -> MatchAnswer:
    matched = match_profile(profile, ready.open_on(today), today)
    picked = matched.pick(everything=everything, limit=limit + 1)
    items = [matched.answer(clause, outcome) for clause, outcome in picked[:limit]]
    asked = Counter(name for item in items for name in item.ask_next)
    return MatchAnswer(
        reflects_until=at,
        counts=matched.counts(),
        truncated=len(picked) > limit,
        items=items,
        ask_next=[AskedFact(fact=name, clauses=number) for name, number in asked.most_common()],
    )


def choose_clauses(ready: ClauseSet, today: date, chosen: Collection[UUID]) -> ClauseGroup:
    """The open clauses asked for, or, when none is named, those enjoyed without applying (免申即享)."""
    opened = ready.open_on(today).clauses
    if not chosen:
        return ClauseGroup([clause for clause in opened if clause.delivery == Delivery.AUTO], ready.table)
    by_id = {clause.id: clause for clause in opened}
    missing = [str(one) for one in chosen if one not in by_id]
    if missing:
        raise NotFound(f"没有编号为 {missing[0]} 的可享受条款")
    return ClauseGroup([by_id[one] for one in dict.fromkeys(chosen)], ready.table)
