"""The few calls to exchange_api that the launcher and the commands make."""

from collections.abc import Sequence
from typing import Any

import httpx

from deploy.local.processes import StartFailed
from deploy.local.state import Credentials

CITY_CODE = "1137010000418859XL"
ROOT_ARGUMENTS = ("--code", CITY_CODE, "--name", "泉城市人民政府", "--division", "370100")
_TIMEOUT_SECONDS = 10.0


def get_token(exchange_url: str, client: Credentials) -> str:
    """An access token by client credentials."""
    form = {"grant_type": "client_credentials"}
    answer = _post(f"{exchange_url}/v1/oauth/token", data=form, auth=(client.client_id, client.client_secret))
    return str(answer["access_token"])


def create_client(
    exchange_url: str, administrator: Credentials, *, name: str, organization: str, scopes: Sequence[str]
) -> Credentials:
    """A new client with its secret."""
    token = get_token(exchange_url, administrator)
    wanted = {"name": name, "organization": organization, "scopes": list(scopes)}
    answer = _post(f"{exchange_url}/v1/clients", json=wanted, headers={"Authorization": f"Bearer {token}"})
    return Credentials.model_validate(answer["secret"])


# Any: JSON of another process.
def _post(url: str, **arguments: Any) -> dict[str, Any]:
    try:
        answer = httpx.post(url, timeout=_TIMEOUT_SECONDS, trust_env=False, **arguments)
        document: dict[str, Any] = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise StartFailed(f"交换服务没有应答（{type(error).__name__}）：{url}") from error
    if not answer.is_success:
        said = [f"{error.get('pointer')} {error.get('detail')}" for error in document.get("errors") or []]
        reason = "；".join([str(document.get("detail", answer.status_code)), *said])
        raise StartFailed(f"交换服务拒绝了请求：{reason}")
    return document
