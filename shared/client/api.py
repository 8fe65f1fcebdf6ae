"""The suite as a partner's program sees it: one method for each thing that partners do, typed by the shared schemas.

What has no method here is reached by `request`, with the same token, pace and repetition.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from datetime import date, datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote
from uuid import UUID

import httpx

from shared.client.bulk import Bulk, BulkBounds, Documents
from shared.client.errors import ApiProblem, PushInterrupted
from shared.client.keys import PrivateKey
from shared.client.pacing import Patience
from shared.client.report import LineResult, PushReport
from shared.client.session import Query, Session, open_http
from shared.schemas.disclosure import PublicationInput, PublicationReceipt, TaskInput, TaskReceipt
from shared.schemas.journal import JournalLine, StatusClass
from shared.schemas.organizations import Level
from shared.schemas.pages import Page
from shared.schemas.policies import DocClass, DocKind, Policy, PolicyInput, Receipt, Validity
from shared.schemas.requests import RequestInput, RequestReceipt, Tracked
from shared.schemas.search import SearchAnswer, SearchedType, Sort


class MingquanClient:
    """One client of one suite, for one event loop. `async with MingquanClient(...) as suite: ...`.

    Calls raise ApiProblem when the suite refuses and httpx.TransportError when nothing answers, after as many tries as
    `patience` allows. Without credentials it reads what is public. A `PrivateKey` in place of the secret: `private_key_jwt`.
    """

    def __init__(
        self,
        base_url: str,
        client_id: str | None = None,
        client_secret: str | PrivateKey | None = None,
        *,
        patience: Patience | None = None,
        verify: Any = True,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        if (client_id is None) != (client_secret is None):
            raise ValueError("client_id and client_secret belong together")
        credentials = (client_id, client_secret) if client_id is not None and client_secret is not None else None
        self._http = open_http(base_url, transport=transport, verify=verify)
        self._session = Session(self._http, credentials, patience or Patience())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def request(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Any other route, such as `GET /api/catalog/v1/catalogs`. A POST that was begun is repeated only with an `Idempotency-Key`."""
        return await self._session.request(method, path, content=content, query=query, headers=headers)

    async def put_policy(
        self,
        organization: str,
        external_id: str,
        policy: PolicyInput,
        *,
        validate_only: bool = False,
        if_match: str | None = None,
    ) -> Receipt:
        """Create or replace what the organisation calls by this id. 412 when `if_match` is not its version any more."""
        answer = await self._session.request(
            "PUT",
            _own("policy", organization, "policies", external_id),
            content=policy.model_dump_json(exclude_unset=True).encode(),
            query={"validate_only": True} if validate_only else None,
            headers={"If-Match": if_match} if if_match is not None else None,
        )
        return Receipt.model_validate_json(answer.content)

    async def get_policy(self, policy_id: UUID | str, *, as_of: date | None = None) -> Policy:
        """As the public reads it, today or on a day."""
        query = {"as_of": as_of.isoformat()} if as_of is not None else None
        answer = await self._session.request("GET", f"/api/policy/v1/policies/{_segment(str(policy_id))}", query=query)
        return Policy.model_validate_json(answer.content)

    async def search(
        self,
        q: str = "",
        *,
        type: SearchedType | None = None,  # noqa: A002  # the suite's own word
        kind: DocKind | None = None,
        doc_class: DocClass | None = None,
        issuer: str | None = None,
        level: Level | None = None,
        theme: str | None = None,
        status: Sequence[Validity] = (),
        include_lapsed: bool = False,
        organization: str | None = None,
        year: int | None = None,
        published_from: date | None = None,
        published_to: date | None = None,
        sort: Sort = Sort.RELEVANCE,
        limit: int = 10,
        offset: int = 0,
    ) -> SearchAnswer:
        """Words, a document number in any spelling, a title's pinyin or initials."""
        query: Query = {
            "q": q,
            "type": type,
            "kind": kind,
            "doc_class": doc_class,
            "issuer": issuer,
            "level": level,
            "theme": theme,
            "status": list(status),
            "include_lapsed": include_lapsed,
            "organization": organization,
            "year": year,
            "from": published_from.isoformat() if published_from else None,
            "to": published_to.isoformat() if published_to else None,
            "sort": sort,
            "limit": limit,
            "offset": offset,
        }
        answer = await self._session.request("GET", "/api/search/v1/search", query=query)
        return SearchAnswer.model_validate_json(answer.content)

    async def put_task(self, organization: str, external_id: str, task: TaskInput) -> TaskReceipt:
        """Announce that something was formed, changed or approved: the answer says by when it has to be public."""
        path = _own("catalog", organization, "tasks", external_id)
        answer = await self._session.request("PUT", path, content=task.model_dump_json(exclude_unset=True).encode())
        return TaskReceipt.model_validate_json(answer.content)

    async def put_publication(
        self, organization: str, external_id: str, publication: PublicationInput
    ) -> PublicationReceipt:
        """Register what was made public on one channel, with its reviews."""
        path = _own("catalog", organization, "publications", external_id)
        content = publication.model_dump_json(exclude_unset=True).encode()
        return PublicationReceipt.model_validate_json(
            (await self._session.request("PUT", path, content=content)).content
        )

    async def submit_request(self, organization: str, external_id: str, request: RequestInput) -> RequestReceipt:
        """Hand in a citizen's request for information. The receipt's number and query code are for the applicant."""
        path = _own("request", organization, "requests", external_id)
        content = request.model_dump_json(exclude_unset=True).encode()
        return RequestReceipt.model_validate_json((await self._session.request("PUT", path, content=content)).content)

    async def track(self, number: str, query_code: str) -> Tracked:
        """How far a request is, for whoever has its number and query code."""
        query: Query = {"number": number, "code": query_code}
        answer = await self._session.request("GET", "/api/request/v1/track", query=query)
        return Tracked.model_validate_json(answer.content)

    async def journal(
        self,
        service: str,
        *,
        status: Sequence[StatusClass] = (),
        route: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[JournalLine]:
        """This client's own recent writes and refused calls at `policy`, `catalog`, …, newest first."""
        query: Query = {
            "status": list(status),
            "route": route,
            "since": since.isoformat() if since else None,
            "until": until.isoformat() if until else None,
            "limit": limit,
            "cursor": cursor,
        }
        answer = await self._session.request("GET", f"/api/{_segment(service)}/v1/journal", query=query)
        return Page[JournalLine].model_validate_json(answer.content)

    async def push_policies(
        self, documents: Documents, *, validate_only: bool = False, bounds: BulkBounds | None = None
    ) -> PushReport:
        """Push any number of documents, each a BatchLine or a mapping of its shape, from an iterable of either kind.

        A connection that breaks is gone on from the last acknowledged line. Raises PushInterrupted, with the report so
        far, when nothing goes on any more.
        """
        report = PushReport()
        try:
            async with aclosing(self.stream_policies(documents, validate_only=validate_only, bounds=bounds)) as results:
                async for result in results:
                    report.add(result)
        except (ApiProblem, httpx.TransportError) as error:
            raise PushInterrupted(report) from error
        return report

    def stream_policies(
        self, documents: Documents, *, validate_only: bool = False, bounds: BulkBounds | None = None
    ) -> AsyncGenerator[LineResult, None]:
        """The same, line by line: the receipts as they come, in the order of the documents."""
        return Bulk(self._session, bounds or BulkBounds(), validate_only=validate_only).run(documents)


def _own(service: str, organization: str, kind: str, external_id: str) -> str:
    return f"/api/{service}/v1/organizations/{_segment(organization)}/{kind}/{_segment(external_id)}"


def _segment(text: str) -> str:
    """One part of a path; a dot alone would be taken for a folder."""
    if text in {"", ".", ".."}:
        raise ValueError(f"{text!r} cannot be part of an address")
    return quote(text, safe="")
