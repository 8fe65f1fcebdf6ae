"""Submission (申请的提交和登记): a request is taken in once, numbered without a gap, its applicant sealed."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic_core import to_json
from uuid_utils.compat import uuid7

from services.request_api.repository import requests as repository
from services.request_api.rules.case import Event, fold
from services.request_api.rules.guards import Terms
from services.request_api.rules.receipt import check_submission, received_on
from services.request_api.service.conversion import subject_key
from services.request_api.service.keeping import Vault, columns_of, seal_applicant
from services.request_api.service.telling import announce_status, record_step
from shared.kit.auth import Caller
from shared.kit.clock import local_day
from shared.kit.database import WriteSession
from shared.kit.errors import Conflict, RuleViolation
from shared.schemas.organizations import Organization, OrganizationKind
from shared.schemas.policies import Outcome
from shared.schemas.problems import InvalidField
from shared.schemas.request_codes import RequestState, StepKind
from shared.schemas.requests import Applicant, RequestInput, RequestReceipt

REQUESTS = "request"


@dataclass(frozen=True)
class Submission:
    """A request as somebody hands it in."""

    organization: Organization
    external_id: str
    wanted: RequestInput


async def submit(
    session: WriteSession, caller: Caller, submission: Submission, terms: Terms, vault: Vault, *, now: datetime
) -> RequestReceipt:
    """Take a request in; the same one again is answered as the first time."""
    organization, wanted = submission.organization, submission.wanted
    driver = await session.driver()
    content_key = vault.prints.of(to_json(wanted).decode(), purpose="content")
    known = await repository.lock_key(driver, organization.code, submission.external_id)
    if known is not None:
        if bytes(known["content_key"]) != content_key:
            raise Conflict("这个外部编号已登记另一件申请；补正请用 :correct，另一件申请请用另一编号")
        return _receipt(Outcome.UNCHANGED, known, vault)
    await _ensure_acceptable(driver, submission, terms)
    event = _event_of(wanted, caller.client_id)
    case = fold([event], terms.calendar, terms.periods)
    request_id = uuid7()
    row: dict[str, Any] = {
        "id": request_id,
        "organization": organization.code,
        "organization_name": organization.name,
        "organization_path": list(organization.path),
        "external_id": submission.external_id,
        "province_id": wanted.province_id,
        "channel": wanted.channel.value,
        "applicant_kind": wanted.applicant.kind.value,
        "applicant_key": vault.prints.of(identity_of(wanted.applicant), purpose="applicant"),
        "content_key": content_key,
        "subject_key": subject_key(wanted.wanted, vault),
        "assistance": [one.value for one in wanted.assistance],
        "form": wanted.form.model_dump_json(),
        "wanted": vault.seal(wanted.wanted, "wanted", request_id),
        "submitted_at": wanted.submitted_at,
        "reply_number": None,
        "erased_on": None,
        "sealed_with": vault.ring.current,
        "version": 1,
        "recorded_at": now,
        **columns_of(case, terms),
    }
    # Last of all: from here to the end of the transaction others of this organisation wait.
    number = await repository.next_number(driver, organization.code, REQUESTS, terms.today.year)
    row["number"] = number_of(organization.code, terms.today.year, number)
    await repository.insert_request(driver, row)
    await repository.insert_applicant(driver, seal_applicant(wanted.applicant, vault, request_id))
    await record_step(session, row, event, sequence=1, private=None, vault=vault, now=now)
    announce_status(session, row)
    return _receipt(Outcome.CREATED, row, vault)


def identity_of(applicant: Applicant) -> str:
    """What makes two applicants the same one."""
    identity = applicant.identity
    return f"{identity.kind.value} {''.join(identity.number.split()).upper()}"


def number_of(organization: str, year: int, number: int) -> str:
    """申请编号: the organ's credit code, the year, a running number."""
    return f"{organization}-{year}-{number:05d}"


def day_of_arrival(wanted: RequestInput) -> date:
    """The latest day that a submission speaks of."""
    days = [local_day(wanted.submitted_at), wanted.arrived_on, wanted.signed_on, wanted.confirmed_on]
    return max(day for day in days if day is not None)


async def _ensure_acceptable(driver: Any, submission: Submission, terms: Terms) -> None:
    wanted = submission.wanted
    if submission.organization.kind is OrganizationKind.EXTERNAL:
        raise RuleViolation(
            "外部机关不在本平台受理申请", errors=[InvalidField(pointer="{org", detail="应为本平台的机关")]
        )
    submitted_on = local_day(wanted.submitted_at)
    errors = check_submission(wanted, submitted_on=submitted_on, today=terms.today)
    if errors:
        raise RuleViolation("申请登记有误，请按所列各项改正", errors=errors)
    if wanted.province_id is not None and await repository.has_province_id(driver, wanted.province_id):
        raise Conflict("这个省平台编号的申请已经登记")


def _event_of(wanted: RequestInput, actor: str) -> Event:
    submitted_on = local_day(wanted.submitted_at)
    received = received_on(
        wanted.channel, submitted_on=submitted_on, signed_on=wanted.signed_on, confirmed_on=wanted.confirmed_on
    )
    facts = {
        "channel": wanted.channel.value,
        "arrived_on": wanted.arrived_on and wanted.arrived_on.isoformat(),
        "received_on": received and received.isoformat(),
        "filled_by_staff": wanted.filled_by_staff,
        "suggests_publication": wanted.suggests_publication,
    }
    return Event(StepKind.SUBMITTED, submitted_on, {name: fact for name, fact in facts.items() if fact}, actor)


def _receipt(outcome: Outcome, row: Any, vault: Vault) -> RequestReceipt:
    return RequestReceipt(
        outcome=outcome,
        id=row["id"],
        number=row["number"],
        query_code=vault.query_code(row["number"]),
        state=RequestState(row["state"]),
        received_on=row["received_on"],
        due_on=row["due_on"],
        provisional=row["provisional"],
    )
