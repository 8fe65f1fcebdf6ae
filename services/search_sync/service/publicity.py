"""Asks the services, before anything is shown, which hits are public still: an index may lag behind a withdrawal."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import httpx
from pydantic import BaseModel, ConfigDict

from shared.kit.errors import Unavailable
from shared.kit.remote import readable


class _State(BaseModel):
    """Of what kind the subject is does not matter here: a service may have kinds that search has not heard of."""

    model_config = ConfigDict(extra="ignore")

    id: UUID
    version: int


class _States(BaseModel):
    model_config = ConfigDict(extra="ignore")

    items: list[_State]


class PublicityCheck:
    """Over the services' `/v1/public-states`."""

    def __init__(self, client: httpx.AsyncClient, sources: Mapping[str, str]) -> None:
        self._client = client
        self._sources = sources

    async def versions(self, hits: Sequence[dict[str, Any]], *, key: str = "id") -> dict[str, int]:
        """The public version of each hit's subject by id; what is not public any more is left out. Unavailable."""
        ids: dict[str, list[str]] = {}
        for hit in hits:
            if _is_uuid(subject := str(hit[key])) and subject not in ids.setdefault(str(hit["source"]), []):
                ids[str(hit["source"])].append(subject)
        answers = await asyncio.gather(*(self._ask(source, wanted) for source, wanted in ids.items() if wanted))
        return {subject: version for answer in answers for subject, version in answer.items()}

    async def _ask(self, source: str, ids: Sequence[str]) -> dict[str, int]:
        owner = f"服务 {source}（公开状态）"
        url = self._sources.get(source)
        if url is None:
            # Its address was taken out of the settings: nobody vouches for what it once published.
            return {}
        try:
            answer = await self._client.get(
                f"{url}/v1/public-states", params={"ids": ",".join(ids)}, headers={"Accept-Encoding": "identity"}
            )
        except httpx.HTTPError as error:
            raise Unavailable(f"无法访问{owner}，暂不能确认检索结果是否仍然公开，请稍后重试") from error
        if not answer.is_success:
            raise Unavailable(f"{owner}暂时无法应答（{answer.status_code}），请稍后重试")
        with readable(owner=owner):
            return {str(item.id): item.version for item in _States.model_validate_json(answer.content).items}


def _is_uuid(text: str) -> bool:
    """Every service's ids are; anything else got into the index by another way, and would spoil the question for all."""
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
