"""What every act on a dossier has in common: hold it, check move and duty, append the act, count it, record it."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.policy_api.repository import dossiers as repository
from services.policy_api.rules.dossier_states import Transition, find_transition
from services.policy_api.rules.duties import Duty, ensure_duties_separated
from services.policy_api.rules.scans import DEFAULT_WORDS, WordLists
from services.policy_api.rules.three_sync import Limits
from services.policy_api.rules.three_sync.facts import Actor
from services.policy_api.service.dossier_facts import Loaded, load_dossier
from services.policy_api.service.dossier_view import etag_of
from shared.kit.auth import Caller
from shared.kit.clock import local_day
from shared.kit.database import WriteSession
from shared.kit.http import check_if_match
from shared.kit.workdays import WorkCalendar
from shared.schemas.dossiers import Move


@dataclass(frozen=True)
class Acting:
    """Who acts, when, and by which calendar, limits and word lists the act is judged."""

    caller: Caller
    person_id: str
    now: datetime
    calendar: WorkCalendar
    limits: Limits = field(default_factory=Limits)
    words: WordLists = DEFAULT_WORDS

    @property
    def actor(self) -> Actor:
        return Actor(self.caller.client_id, self.person_id)

    @property
    def today(self) -> date:
        return local_day(self.now)


async def begin(
    session: WriteSession,
    dossier_id: UUID,
    acting: Acting,
    *,
    move: Move,
    duty: Duty | None = None,
    if_match: str | None = None,
) -> tuple[Loaded, Transition]:
    """The dossier, held until the end of the transaction, when this actor may make this move from where it stands.

    The lock comes before the question, so that of two who sign or release at once the second sees what the first did.
    """
    loaded = await load_dossier(await session.driver(), dossier_id, lock=True, words=acting.words)
    version = loaded.row["version"]
    check_if_match(if_match, etag=etag_of(version), version=version)
    transition = find_transition(loaded.state, move)
    if duty is not None:
        ensure_duties_separated(loaded.duties_done(), duty, acting.actor)
    return loaded, transition


async def append_act(
    session: WriteSession,
    loaded: Loaded,
    acting: Acting,
    kind: str,
    *,
    duty: Duty | None = None,
    details: dict[str, Any] | None = None,
    changes: dict[str, Any] | None = None,
    **facts: Any,
) -> UUID:
    """Write the act, change the dossier with it, and record both; `facts` go to the audit trail. Returns the act's id."""
    driver = await session.driver()
    act_id = uuid7()
    await repository.insert_act(
        driver,
        act_id,
        loaded.id,
        kind=kind,
        duty=duty.value if duty is not None else None,
        client_id=acting.caller.client_id,
        person_id=acting.person_id,
        at=acting.now,
        details=details or {},
    )
    version = await repository.update(driver, loaded.id, changes or {})
    session.record(
        actor=acting.caller.client_id,
        action=f"dossier.{kind}",
        subject=str(loaded.id),
        version=version,
        organization=loaded.row["organization"],
        act=str(act_id),
        **facts,
    )
    return act_id
