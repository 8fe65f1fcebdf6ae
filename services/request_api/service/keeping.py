"""How a request is kept: its applicant sealed field by field, its steps as rows, its columns as the rules have them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import from_json, to_json

from services.request_api.repository.requests import Rows
from services.request_api.rules.case import Case, Event
from services.request_api.rules.clock import Periods
from services.request_api.rules.decisions import FORMS
from services.request_api.rules.guards import Terms
from services.request_api.settings import Settings
from shared.kit.clock import local_day
from shared.kit.sealing import Fingerprints, KeyRing
from shared.kit.workdays import WorkCalendar
from shared.schemas.request_codes import ApplicantKind, RequestState, StepKind
from shared.schemas.requests import Agent, Applicant, Identity, IdentityKind, Wanted

CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CODE_LENGTH = 12
_MORE = ("kind", "postcode", "employer", "legal_representative", "contact_person")
_SETTLED = frozenset({RequestState.DECIDED, RequestState.SERVED, RequestState.CLOSED, RequestState.ARCHIVED})


@dataclass(frozen=True)
class Vault:
    """The keys of personal data."""

    ring: KeyRing
    prints: Fingerprints

    def query_code(self, number: str) -> str:
        """The code that belongs to a number: made from it by a key, so that nothing has to be kept that could leak."""
        digest = int.from_bytes(self.prints.of(number, purpose="query code"), "big")
        return "".join(CODE_ALPHABET[(digest >> 5 * place) & 31] for place in range(CODE_LENGTH))

    def seal(self, value: BaseModel | dict[str, Any] | str, place: str, request_id: UUID) -> bytes:
        """A value sealed at its place of its request."""
        return self.ring.seal(to_json(value), binding=f"{place} {request_id}")

    def open(self, sealed: bytes, place: str, request_id: UUID) -> Any:
        """What was sealed, as JSON has it."""
        return from_json(self.ring.open(sealed, binding=f"{place} {request_id}"))

    def seal_bytes(self, content: bytes, place: str, request_id: UUID) -> bytes:
        """A file's content sealed at its place of its request."""
        return self.ring.seal(content, binding=f"{place} {request_id}")

    def open_bytes(self, sealed: bytes, place: str, request_id: UUID) -> bytes:
        return self.ring.open(sealed, binding=f"{place} {request_id}")


def vault_of(settings: Settings) -> Vault:
    """The vault that the settings' keys open."""
    ring = KeyRing.parse(settings.sealing_keys.get_secret_value())
    return Vault(ring, Fingerprints(settings.fingerprint_key.get_secret_value()))


def periods_of(settings: Settings) -> Periods:
    """The periods that requests are counted by."""
    return Periods(
        correction=settings.correction_workdays,
        reasons=settings.reasons_workdays,
        backdating=settings.backdate_workdays,
    )


def terms_of(now: datetime, calendar: WorkCalendar, settings: Settings) -> Terms:
    """By what steps are judged at this moment."""
    return Terms(local_day(now), calendar, periods_of(settings))


def seal_applicant(applicant: Applicant, vault: Vault, request_id: UUID) -> dict[str, Any]:
    """The row of an applicant."""

    def sealed(place: str, value: BaseModel | dict[str, Any] | str | None) -> bytes | None:
        return None if value is None else vault.seal(value, f"applicant.{place}", request_id)

    more = applicant.model_dump(include=set(_MORE), exclude_none=True, mode="json")
    return {
        "request_id": request_id,
        "name": sealed("name", applicant.name),
        "identity": sealed("identity", applicant.identity),
        "phone": sealed("phone", applicant.phone),
        "address": sealed("address", applicant.address),
        "email": sealed("email", applicant.email),
        "more": sealed("more", more),
        "agent": sealed("agent", applicant.agent),
    }


def open_applicant(row: Any, vault: Vault) -> Applicant:
    """The applicant of a row."""

    def opened(place: str) -> Any:
        return None if row[place] is None else vault.open(row[place], f"applicant.{place}", row["request_id"])

    agent, more = opened("agent"), dict.fromkeys(_MORE) | opened("more")
    # What was taken in was checked then; a rule that has become stricter since must not hide who asked.
    return Applicant.model_construct(
        **more | {"kind": ApplicantKind(more["kind"])},
        name=opened("name"),
        identity=_identity(opened("identity")),
        phone=opened("phone"),
        address=opened("address"),
        email=opened("email"),
        agent=Agent.model_construct(**agent | {"identity": _identity(agent["identity"])}) if agent else None,
    )


def _identity(opened: dict[str, Any]) -> Identity:
    return Identity.model_construct(kind=IdentityKind(opened["kind"]), number=opened["number"])


def open_wanted(row: Any, vault: Vault) -> Wanted | None:
    """What a request asks for; None once it has been erased."""
    if row["wanted"] is None:
        return None
    return Wanted.model_construct(
        **{"title": None, "doc_no": None, "index_no": None} | vault.open(row["wanted"], "wanted", row["id"])
    )


def events_of(steps: Rows) -> list[Event]:
    """Rows of steps as the rules know them."""
    return [Event(StepKind(row["kind"]), row["on_day"], from_json(row["facts"]), row["actor"]) for row in steps]


def columns_of(case: Case, terms: Terms) -> dict[str, Any]:
    """The columns that follow from the steps."""
    clock = case.clock_in(terms.calendar, terms.periods)
    is_settled = case.state in _SETTLED
    decision = case.decision if is_settled else None
    # A request that never was received (条例第三十一条) is none that the annual report counts.
    is_counted = case.closed_on is not None and case.received_on is not None and decision is not None
    return {
        "state": case.state.value,
        "is_open": case.is_open,
        "received_on": case.received_on,
        "first_due_on": clock.first.on if clock.first else None,
        "due_on": clock.due.on if clock.due else None,
        "waiting_until": case.waiting_until,
        "provisional": bool(clock.due and clock.due.provisional),
        "calendar_version": terms.calendar.version,
        "decision": decision.value if decision else None,
        "exemption": case.exemption if is_settled else None,
        "report_row": FORMS[decision].row.value if decision and is_counted else None,
        "answered_on": case.answered_on,
        "closed_on": case.closed_on,
    }


def last_private(steps: Sequence[Any], kind: StepKind, vault: Vault) -> Any:
    """What was said at the last step of a kind; None when there was none or it has been erased."""
    for row in reversed(steps):
        if row["kind"] == kind.value:
            return (
                None
                if row["private"] is None
                else vault.open(row["private"], f"step {row['sequence']}", row["request_id"])
            )
    return None
