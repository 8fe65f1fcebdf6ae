"""The case library (案例库) and joint consultation (会商): what is shared is checked for personal data first."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json
from uuid_utils.compat import uuid7

from services.request_api.repository import cases as repository
from services.request_api.repository import reports as report_repository
from services.request_api.repository import requests as request_repository
from services.request_api.repository.requests import Reads, note_sealed
from services.request_api.rules.likeness import remaining
from services.request_api.service.keeping import Vault, open_applicant
from services.request_api.service.openness import LEAKS, ensure_not_erased, refuse_personal
from services.request_api.service.reports import review_words
from shared.kit.auth import Caller
from shared.kit.clock import local_day
from shared.kit.database import WriteSession
from shared.kit.errors import IllegalMove, NotFound, RuleViolation
from shared.schemas.cases import CaseInput, JointConsultation, JointConsultationInput, LibraryCase
from shared.schemas.policies import OrganizationRef
from shared.schemas.problems import InvalidField
from shared.schemas.request_codes import RequestState, StepKind
from shared.schemas.requests import Applicant

CASES = "case"
NO_CASE = "没有这个案例，或者它不在您可见的共享范围内"
_ANSWERED = frozenset({RequestState.SERVED.value, RequestState.ARCHIVED.value})
_OPTIONAL = ("evidence", "review_result", "court_case_no", "lessons", "keywords")


async def share_case(
    session: WriteSession, caller: Caller, request_id: UUID, body: CaseInput, vault: Vault, *, now: datetime
) -> LibraryCase:
    """Share an answered request as a case, or what it says now; refused while anything personal is in it."""
    driver = await session.driver()
    row = await request_repository.lock_request(driver, request_id)
    if row["state"] not in _ANSWERED or row["answered_on"] is None:
        raise IllegalMove("答复送达后才能作为案例共享", state=row["state"], allowed=[])
    ensure_not_erased(row)
    leaks = remaining(_texts(body), await known_values(driver, request_id, vault))
    if leaks:
        errors = [InvalidField(pointer=f"/{leak.place}", detail=LEAKS.get(leak.kind, "含有个人信息")) for leak in leaks]
        raise RuleViolation("案例含有个人信息，应以“申请人”“第三方”等称谓替代", errors=errors)
    known = await repository.lock_case(driver, request_id)
    if body.review_result is None:
        said = review_words(await report_repository.list_reviews(driver, request_id))
        body = body.model_copy(update={"review_result": said})
    case = {
        "id": known["id"] if known else uuid7(),
        "request_id": request_id,
        "organization": row["organization"],
        "organization_name": row["organization_name"],
        "organization_path": row["organization_path"],
        "share_scope": body.share_scope.value,
        "topic": body.topic,
        "decision": row["decision"],
        "content": body.model_dump_json(),
        "words": " ".join(_texts(body).values()),
        "withdrawn": False,
        "shared_at": known["shared_at"] if known else now,
        "version": known["version"] + 1 if known else 1,
    }
    if known:
        case["case_no"] = known["case_no"]
        await repository.update_case(driver, case)
    else:
        year = local_day(now).year
        number = await request_repository.next_number(driver, row["organization"], CASES, year)
        case["case_no"] = f"{row['organization']}-案-{year}-{number:04d}"
        await repository.insert_case(driver, case)
    _record(session, caller, "case.shared", case)
    return show_case(case)


async def withdraw_case(session: WriteSession, caller: Caller, request_id: UUID) -> None:
    """Nobody reads it any more; shared again, it is there again."""
    driver = await session.driver()
    known = await repository.lock_case(driver, request_id)
    if known is None or known["withdrawn"]:
        raise NotFound(NO_CASE)
    case = dict(known) | {"withdrawn": True, "version": known["version"] + 1}
    await repository.update_case(driver, case)
    _record(session, caller, "case.withdrawn", case)


def show_case(row: Any) -> LibraryCase:
    """A case as officials read it."""
    content = from_json(row["content"])
    told = sum(bool(content.get(name)) for name in _OPTIONAL)
    return LibraryCase(
        **content,
        id=row["id"],
        case_no=row["case_no"],
        organization=OrganizationRef(code=row["organization"], name=row["organization_name"]),
        decision=row["decision"],
        completeness=round(50 + 50 * told / len(_OPTIONAL)),
        shared_at=row["shared_at"],
        version=row["version"],
    )


async def keep_joint(
    session: WriteSession,
    caller: Caller,
    request_id: UUID,
    external_id: str,
    body: JointConsultationInput,
    vault: Vault,
    *,
    now: datetime,
) -> JointConsultation:
    """A joint consultation as it is told now; told again, the words replace those before."""
    driver = await session.driver()
    request = await request_repository.lock_request(driver, request_id)
    ensure_not_erased(request)
    if body.held_on > local_day(now):
        raise RuleViolation("日期有误", errors=[InvalidField(pointer="/held_on", detail="不能晚于今天")])
    known = await repository.lock_joint(driver, request_id, external_id)
    row = {
        "id": known["id"] if known else uuid7(),
        "request_id": request_id,
        "external_id": external_id,
        "recorded_at": known["recorded_at"] if known else now,
        "version": known["version"] + 1 if known else 1,
    }
    row["content"] = vault.seal(body, f"joint {row['id']}", request_id)
    await repository.keep_joint(driver, row)
    await note_sealed(driver, request_id, vault.ring.current)
    _record(session, caller, "joint_consultation.kept", row | {"organization": request["organization"]})
    return show_joint(row, vault)


async def list_joint(reads: Reads, request_id: UUID, vault: Vault) -> list[JointConsultation]:
    """All of a request."""
    return [show_joint(row, vault) for row in await repository.list_joint(reads, request_id)]


def show_joint(row: Any, vault: Vault) -> JointConsultation:
    content = vault.open(bytes(row["content"]), f"joint {row['id']}", row["request_id"])
    facts = {name: row[name] for name in ("id", "external_id", "recorded_at", "version")}
    return JointConsultation(**content, **facts)


def _texts(body: CaseInput) -> dict[str, str]:
    """What a case says, by the name of the field."""
    lists = {name: " ".join(getattr(body, name)) for name in ("legal_basis", "evidence", "keywords")}
    names = ("title", "topic", "request_summary", "info_type", "reasoning", "review_result", "court_case_no", "lessons")
    return {name: getattr(body, name) or "" for name in names} | lists


async def ensure_nothing_personal(reads: Reads, request_id: UUID, texts: dict[str, str], vault: Vault) -> None:
    """For words that are kept in the open, such as a purpose in the audit trail."""
    refuse_personal(texts, await known_values(reads, request_id, vault))


async def applicant_values(reads: Reads, request_id: UUID, vault: Vault) -> list[str]:
    """The names, numbers and addresses of who asked; none once they are erased."""
    applicant = await request_repository.find_applicant(reads, request_id)
    return values_of(open_applicant(applicant, vault)) if applicant is not None else []


async def known_values(reads: Reads, request_id: UUID, vault: Vault) -> list[str]:
    """The names, numbers and addresses of a request's people."""
    values = await applicant_values(reads, request_id, vault)
    for step in await request_repository.list_steps(reads, request_id):
        if step["kind"] == StepKind.CONSULTED.value and step["private"] is not None:
            values.append(vault.open(bytes(step["private"]), f"step {step['sequence']}", request_id)["name"])
    return values


def values_of(applicant: Applicant) -> list[str]:
    """The names, numbers and addresses of an applicant."""
    people: list[str | None] = [
        applicant.name,
        applicant.legal_representative,
        applicant.contact_person,
        applicant.employer,
    ]
    numbers: list[str | None] = [applicant.identity.number, applicant.phone, applicant.address, applicant.email]
    if applicant.agent is not None:
        people.append(applicant.agent.name)
        numbers.append(applicant.agent.identity.number)
    return [value for value in people + numbers if value]


def _record(session: WriteSession, caller: Caller, action: str, row: dict[str, Any]) -> None:
    session.record(
        actor=caller.client_id,
        action=action,
        subject=str(row["id"]),
        version=row["version"],
        organization=row["organization"],
    )
