"""The organisations a service needs to know about, read through from exchange_api."""

from collections.abc import Awaitable, Callable

import httpx

from shared.kit.errors import UnknownOrganization
from shared.kit.remote import Remembered, fetch_json, readable
from shared.schemas.organizations import Organization, check_credit_code

_OWNER = "交换服务（机关目录）"


class OrganizationDirectory:
    """Looks up organisations by code. An answer may be `ttl_seconds` old."""

    def __init__(self, load: Callable[[str], Awaitable[Organization | None]], *, ttl_seconds: float) -> None:
        self._known: Remembered[Organization | None] = Remembered(load, ttl_seconds=ttl_seconds)

    async def get(self, code: str) -> Organization:
        """The organisation; UnknownOrganization when there is none of that code."""
        try:
            code = check_credit_code(code)
        except ValueError as error:
            raise UnknownOrganization(f"机关代码{code[:30]!r}不正确：{error}") from error
        found = await self._known.get(code)
        if found is None:
            # It may have been registered a moment ago.
            found = await self._known.get(code, fresh=True)
        if found is None:
            raise UnknownOrganization(f"没有代码为{code}的机关；请先在交换服务登记")
        return found


def organizations_over_http(
    client: httpx.AsyncClient, exchange_url: str
) -> Callable[[str], Awaitable[Organization | None]]:
    """Loads one organisation from exchange_api; None when it has none of that code."""

    async def load(code: str) -> Organization | None:
        response = await fetch_json(client, f"{exchange_url}/v1/organizations/{code}", owner=_OWNER)
        if response.status_code == 404:
            return None
        with readable(owner=_OWNER):
            return Organization.model_validate_json(response.content)

    return load
