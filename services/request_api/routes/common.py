"""What the routes of request_api share: who may, by what terms, and where a request is found."""

from dataclasses import replace
from datetime import date
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import Depends, Path, Query, Request
from pydantic import AfterValidator

from services.request_api.repository import requests as repository
from services.request_api.rules.guards import Terms
from services.request_api.service.keeping import Vault, terms_of
from services.request_api.service.steps import NO_REQUEST
from shared.kit.auth import Caller, require
from shared.kit.clock import Now
from shared.kit.errors import InsufficientScope, NotFound
from shared.schemas.requests import without_identity_number
from shared.schemas.scopes import Scope

Submitter = Annotated[Caller, Depends(require(Scope.REQUEST_SUBMIT))]
Handler = Annotated[Caller, Depends(require(Scope.REQUEST_HANDLE))]
Extender = Annotated[Caller, Depends(require(Scope.REQUEST_EXTEND))]
Reviewer = Annotated[Caller, Depends(require(Scope.REQUEST_REVIEW))]
Approver = Annotated[Caller, Depends(require(Scope.REQUEST_APPROVE))]
Returner = Annotated[Caller, Depends(require(Scope.REQUEST_REVIEW, Scope.REQUEST_APPROVE))]
Identifier = Annotated[Caller, Depends(require(Scope.REQUEST_IDENTIFY))]
Supervisor = Annotated[Caller, Depends(require(Scope.REQUEST_SUPERVISE))]
Office = Annotated[
    Caller,
    Depends(
        require(
            Scope.REQUEST_HANDLE,
            Scope.REQUEST_EXTEND,
            Scope.REQUEST_REVIEW,
            Scope.REQUEST_APPROVE,
            Scope.REQUEST_SUPERVISE,
        )
    ),
]
RequestId = Annotated[UUID, Path(title="申请编号")]
ExternalId = Annotated[
    str,
    Path(title="外部编号", min_length=1, max_length=200, pattern=r"^[0-9A-Za-z._:@+-]+$", examples=["web-000123"]),
    # It is kept in the open, and stays when everything personal is erased.
    AfterValidator(without_identity_number),
]
Cursor = Annotated[str | None, Query(title="游标", max_length=400)]
Limit = Annotated[int, Query(title="条数", ge=1, le=100)]


async def _terms(request: Request, now: Now) -> Terms:
    """Asks for the calendar before a transaction is begun: it may have to be fetched."""
    kit = request.app.state.kit
    return terms_of(now, await kit.calendar.get(), kit.settings)


TermsNow = Annotated[Terms, Depends(_terms)]


def judged_on(terms: Terms, caller: Caller, on: date) -> Terms:
    """Who may register late (补录) what happened on paper is judged by its day; when it was recorded is kept beside it."""
    if not caller.has(Scope.REQUEST_BACKFILL):
        return terms
    return replace(terms, today=min(on, terms.today), backfills=True)


def _vault(request: Request) -> Vault:
    return cast(Vault, request.app.state.kit.extra["vault"])


OpenVault = Annotated[Vault, Depends(_vault)]


async def covered(reads: Any, caller: Caller, request_id: UUID) -> Any:
    """The request's row, when the caller may act for its organisation."""
    row = await repository.find_request(reads, request_id)
    if row is None:
        raise NotFound(NO_REQUEST)
    await caller.ensure_covers(row["organization"])
    return row


async def ensure_own(reads: Any, caller: Caller, request_id: UUID) -> None:
    """A website acts for those who came to it: only in requests that it handed in. The desk acts in all."""
    if caller.has(Scope.REQUEST_HANDLE):
        return
    steps = await repository.list_steps(reads, request_id)
    if not steps or steps[0]["actor"] != caller.client_id:
        raise InsufficientScope("这件申请不是由本客户端提交的", required_scope=Scope.REQUEST_HANDLE.value)
