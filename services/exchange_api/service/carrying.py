"""Carries a partner's message out through the API of the service that owns the matter, as one of its ordinary callers."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Any

import httpx

from shared.kit.reader import Tokens
from shared.schemas.interchange import (
    Message,
    PolicyAnnounced,
    RequestAssigned,
    RequestUrged,
    RequestWithdrawn,
)

Headers = Callable[[], Awaitable[dict[str, str]]]
CarryOut = Callable[[Any, Message], Awaitable[None]]
_PROVINCE = "province"


class NotYet(Exception):
    """Another try may mend it."""


class Refused(Exception):
    """No try will mend it: a person has to look."""


class Carrier:
    """Knows which service does what. A step that was taken already counts as done: a message may be carried out twice."""

    def __init__(
        self, client: httpx.AsyncClient, tokens: Tokens, services: Mapping[str, str], *, today: Callable[[], date]
    ) -> None:
        self._client = client
        self._tokens = tokens
        self._services = services
        self._today = today

    async def carry_out(self, row: Any, message: Message) -> None:
        """NotYet or Refused when it is not done."""
        data = message.data
        match data:
            case RequestAssigned():
                await self._assign(data)
            case RequestUrged():
                await self._urge(row, data)
            case RequestWithdrawn():
                await self._withdraw(data)
            case PolicyAnnounced():
                await self._announce(data)

    async def _assign(self, data: RequestAssigned) -> None:
        body: dict[str, Any] = {
            "channel": data.channel.value,
            "submitted_at": data.submitted_at.isoformat(),
            "applicant": data.applicant.model_dump(mode="json", exclude_none=True),
            "wanted": {"description": data.description, "title": data.subject, "doc_no": data.document_number},
            "form": data.form.model_dump(mode="json") if data.form else {"carriers": ["paper"], "ways": ["post"]},
            "province_id": data.province_id,
            "filled_by_staff": data.channel.value == "oral",
        }
        day = data.received_on.isoformat()
        if data.channel.value == "mail_signed":
            body |= {"signed_on": day}
        elif data.channel.value in ("mail_plain", "online", "fax"):
            body |= (
                {"arrived_on": day, "confirmed_on": day} if data.channel.value != "online" else {"confirmed_on": day}
            )
        path = f"/v1/organizations/{data.organization}/requests/{_PROVINCE}-{data.province_id}"
        await self._call("request", "PUT", path, body)

    async def _urge(self, row: Any, data: RequestUrged) -> None:
        request_id = await self._find(data.province_id)
        body = {"words": data.reason, "answer_by": data.due_on.isoformat(), "superior": row["source"]}
        await self._call(
            "request",
            "POST",
            f"/v1/requests/{request_id}/urgings",
            body,
            key=f"{row['source']}-{row['id']}",
            done_if=409,
        )

    async def _withdraw(self, data: RequestWithdrawn) -> None:
        request_id = await self._find(data.province_id)
        body = {"on": data.withdrawn_on.isoformat()}
        await self._call("request", "POST", f"/v1/requests/{request_id}:withdraw", body, done_if=409)

    async def _announce(self, data: PolicyAnnounced) -> None:
        body = {
            "title": data.title,
            "doc_no": data.document_number,
            "issuers": [data.issuer],
            "issued_on": data.issued_on.isoformat(),
            "published_on": data.published_on.isoformat(),
            "source_url": data.url,
            "body": data.text or f"原文见{data.issuer}网站：{data.url}",
        }
        path = f"/v1/organizations/{data.organization}/policies/{_PROVINCE}-{data.province_id}"
        await self._call("policy", "PUT", path, body)

    async def _find(self, province_id: str) -> str:
        found = await self._call("request", "GET", f"/v1/province-requests/{province_id}", None)
        return str(found["id"])

    async def _call(
        self, service: str, method: str, path: str, body: Any, *, key: str | None = None, done_if: int | None = None
    ) -> Any:
        base = self._services.get(service)
        if base is None:
            raise NotYet(f"没有设置{service}服务的地址")
        headers = await self._tokens.headers()
        if key is not None:
            headers["Idempotency-Key"] = key
        try:
            answer = await self._client.request(method, base.rstrip("/") + path, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise NotYet(f"{service}服务没有应答（{type(error).__name__}）") from error
        if answer.is_success or answer.status_code == done_if:
            return answer.json() if answer.content else None
        # What the service says may speak of the matter: only its code is kept.
        code = _code_of(answer)
        if answer.status_code == 401:
            self._tokens.forget()
        if answer.status_code >= 500 or answer.status_code in (401, 404, 408, 425, 429):
            raise NotYet(f"{service}服务答复{answer.status_code} {code}")
        raise Refused(f"{service}服务不接受：{answer.status_code} {code}")


def _code_of(answer: httpx.Response) -> str:
    try:
        document = answer.json()
        pointers = [str(one["pointer"]) for one in document.get("errors") or []][:3]
        return " ".join([str(document["code"]), *pointers])
    except (ValueError, KeyError, TypeError):
        return ""
