"""What pushes of consultations, decisions and evaluations need besides their own content: calendar, settings, what they name."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request

from services.policy_api.repository import entries as repository
from services.policy_api.routes.entries import Prepare
from services.policy_api.rules.consultation_periods import Periods
from services.policy_api.rules.consultations import Announced, announce_consultation
from services.policy_api.rules.decisions import supply_decision
from services.policy_api.rules.entry_kinds.kind import Fields
from services.policy_api.service.entries import Kept, Supply
from services.policy_api.settings import Settings
from shared.kit.clock import local_day
from shared.kit.errors import Conflict, RuleViolation
from shared.schemas.consultations import ConsultationInput, ConsultationStatus
from shared.schemas.decisions import DecisionInput, EvaluationInput, Participation
from shared.schemas.organizations import Organization
from shared.schemas.problems import InvalidField


def periods_of(settings: Settings) -> Periods:
    """The city's numbers."""
    return Periods(
        decision_days=settings.consultation_decision_days,
        regulation_days=settings.consultation_regulation_days,
        market_days=settings.consultation_market_days,
        normative_workdays=settings.consultation_normative_workdays,
        result_days=settings.consultation_result_days,
    )


async def _prepare_consultation(
    request: Request, _organization: Organization, wanted: ConsultationInput, now: datetime
) -> Supply:
    kit = request.app.state.kit
    calendar, periods, today = await kit.calendar.get(), periods_of(kit.settings), local_day(now)

    def supply(kept: Kept | None) -> Fields:
        if kept is not None and not kept.is_public:
            # Its opinions stay with it: what is asked anew needs a name of its own.
            raise Conflict("这次征求意见已撤回，不能再公布；请用新的机关内编号另行征求意见")
        have = Announced(kept.content, kept.supplement) if kept is not None else None
        return announce_consultation(wanted, have, today, calendar=calendar, periods=periods)

    return supply


async def _prepare_decision(
    request: Request, _organization: Organization, wanted: DecisionInput, now: datetime
) -> Supply:
    kit = request.app.state.kit
    calendar, workdays, today = await kit.calendar.get(), kit.settings.legality_review_workdays, local_day(now)
    step = wanted.participation
    named = step.consultation_id if isinstance(step, Participation) else None
    consultation = await _status_of(kit.database.reads, named)

    def supply(kept: Kept | None) -> Fields:
        return supply_decision(
            wanted,
            (kept.content, kept.supplement) if kept is not None else None,
            today,
            calendar=calendar,
            legality_workdays=workdays,
            consultation=consultation,
        )

    return supply


async def _status_of(reads: Any, consultation_id: UUID | None) -> ConsultationStatus | None:
    if consultation_id is None:
        return None
    row = await repository.find(reads, "consultation", consultation_id)
    return ConsultationStatus(row["status"]) if row is not None and row["state"] == "public" else None


async def _prepare_evaluation(
    request: Request, _organization: Organization, wanted: EvaluationInput, _now: datetime
) -> None:
    if wanted.decision_id is None:
        return
    row = await repository.find(request.app.state.kit.database.reads, "decision", wanted.decision_id)
    if row is None or row["state"] != "public":
        errors = [InvalidField(pointer="/decision_id", detail="没有这个已公开的决策事项")]
        raise RuleViolation("决策后评估不符合要求", errors=errors)


PREPARATIONS: dict[str, Prepare] = {
    "consultation": _prepare_consultation,
    "decision": _prepare_decision,
    "evaluation": _prepare_evaluation,
}
"""By kind of entry."""
