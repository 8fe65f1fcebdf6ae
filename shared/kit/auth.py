"""Who calls, what for, and for whom: access tokens (JWT, EdDSA) verified offline, scopes and subtrees as types.

    Drafter = Annotated[Caller, Depends(require(Scope.POLICY_WRITE))]

in a route's signature shows who may call; `caller.ensure_covers(organization)` holds the subtree rule, once for all.
"""

import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import httpx
import jwt
from fastapi import Depends, Path, Request
from fastapi.security import OAuth2
from fastapi.security.utils import get_authorization_scheme_param

from shared.kit.calls import Call, begin_call, call_of
from shared.kit.errors import InsufficientScope, OutsideSubtree, Unauthenticated, Unavailable
from shared.kit.organizations import OrganizationDirectory
from shared.kit.remote import Remembered, fetch_json, readable
from shared.schemas.organizations import Organization
from shared.schemas.scopes import Scope

ALGORITHMS = ("EdDSA",)
SECOND_ISSUER_ALGORITHMS = ("EdDSA", "ES256", "ES384", "PS256", "RS256")
"""Signatures only: a shared secret (HS…) would let every verifier also issue."""
LEEWAY_SECONDS = 30
MAX_VERIFIED = 4096
_JWKS_MIN_INTERVAL_SECONDS = 5.0
_JWKS_TTL_SECONDS = 300.0
_ISSUER = "令牌签发方"


LoadKeys = Callable[[], Awaitable[dict[str, Any]]]
"""Fetches an issuer's JWK set."""


@dataclass(frozen=True)
class Principal:
    """What a token says of its bearer."""

    client_id: str
    organization: str
    scopes: frozenset[str]
    expires_at: int
    reads_per_minute: int | None = None
    writes_per_minute: int | None = None
    """Its own quotas; None: what the service grants everybody."""


@dataclass(frozen=True)
class ClaimMapping:
    """Where another issuer's tokens say what ours say. Names may lead inside: `realm_access.roles`."""

    subject: str = "sub"
    organization: str = "organization"
    scope: str = "scope"
    roles: Mapping[str, frozenset[str]] | None = None
    """What its roles may do here; None: it names our scopes."""
    prefix: str = "sso:"
    """Before its subjects, so that none is taken for a client of ours."""

    def principal(self, claims: Mapping[str, Any]) -> Principal:
        """ValueError for claims that do not say who for whom."""
        subject, organization = _at(claims, self.subject), _at(claims, self.organization)
        if not isinstance(subject, str) or not subject or not isinstance(organization, str) or not organization:
            raise ValueError("no subject or no organisation")
        said = _at(claims, self.scope) or []
        if not isinstance(said, str | list):
            raise ValueError("neither words nor a list")
        names = said.split() if isinstance(said, str) else [one for one in said if isinstance(one, str)]
        held = names if self.roles is None else [scope for name in names for scope in self.roles.get(name, ())]
        return Principal(
            client_id=self.prefix + subject,
            organization=organization,
            # What we do not know means nothing here.
            scopes=frozenset(held) & frozenset(scope.value for scope in Scope),
            expires_at=int(claims["exp"]),
        )


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """What stands there: under the whole name, such as a URL, else step by step."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


class DenyList:
    """Clients that were disabled while their tokens are still good: asked for again every few seconds, for every request.

    While exchange_api is away the last list holds; tokens end by themselves within their lifetime.
    """

    def __init__(self, load: Callable[[], Awaitable[frozenset[str]]], *, ttl_seconds: float) -> None:
        self._denied: Remembered[frozenset[str]] = Remembered(lambda _: load(), ttl_seconds=ttl_seconds)

    async def ensure_allowed(self, client_id: str) -> None:
        """Unauthenticated when the client has been disabled."""
        try:
            denied = await self._denied.get("")
        except Unavailable:
            # Nothing was ever read: exchange_api is away, and whoever has a token got it before.
            return
        if client_id in denied:
            raise Unauthenticated("该客户端已停用；请联系平台管理员")


def denied_over_http(client: httpx.AsyncClient, url: str) -> Callable[[], Awaitable[frozenset[str]]]:
    """Loads the list from where exchange_api publishes it."""

    async def load() -> frozenset[str]:
        response = await fetch_json(client, url, owner=_ISSUER)
        with readable(owner=_ISSUER):
            return frozenset(str(one) for one in response.json()["clients"])

    return load


class TokenVerifier:
    """Verifies access tokens with the issuer's published keys and remembers those it has verified."""

    def __init__(
        self,
        load_keys: LoadKeys,
        *,
        issuer: str,
        audience: str,
        algorithms: Sequence[str] = ALGORITHMS,
        second: "TokenVerifier | None" = None,
        mapping: ClaimMapping | None = None,
    ) -> None:
        """`second` verifies the tokens of another issuer, such as the city's single sign-on, by its `mapping`."""
        self._load_keys = load_keys
        self._issuer = issuer
        self._audience = audience
        self._algorithms = tuple(algorithms)
        self._second = second
        self._mapping = mapping
        self._required = ["exp", "iat", "iss", "aud", *((["sub", "organization", "scope"]) if mapping is None else [])]
        self._keys: Remembered[dict[str, jwt.PyJWK]] = Remembered(self._load, ttl_seconds=_JWKS_TTL_SECONDS)
        self._asked_for_unknown_at = float("-inf")
        self._verified: dict[str, Principal] = {}

    async def verify(self, token: str) -> Principal:
        """The bearer; Unauthenticated when the token is not ours, not now or not whole."""
        if (known := self._verified.get(token)) is not None and known.expires_at > time.time():
            return known
        if self._second is not None and _claims_issuer(token, self._second._issuer):
            return await self._second.verify(token)
        try:
            key = await self._key(jwt.get_unverified_header(token).get("kid"))
            claims = jwt.decode(
                token,
                key,
                algorithms=self._algorithms,
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options={"require": self._required},
            )
            principal = _own_principal(claims) if self._mapping is None else self._mapping.principal(claims)
        except jwt.ExpiredSignatureError as error:
            raise Unauthenticated("访问令牌已过期；请重新获取") from error
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            # RecursionError: the token's unverified header is JSON of any depth.
            raise Unauthenticated("访问令牌无效；请用客户端编号和密钥重新获取") from error
        if len(self._verified) >= MAX_VERIFIED:
            self._verified.clear()
        self._verified[token] = principal
        return principal

    async def _key(self, key_id: Any) -> jwt.PyJWK:
        if not isinstance(key_id, str):
            raise Unauthenticated("访问令牌没有密钥编号")
        key = (await self._keys.get("")).get(key_id)
        if key is None and time.monotonic() - self._asked_for_unknown_at > _JWKS_MIN_INTERVAL_SECONDS:
            # The issuer may have rotated. The interval keeps forged ids from turning into requests.
            self._asked_for_unknown_at = time.monotonic()
            key = (await self._keys.get("", fresh=True)).get(key_id)
        if key is None:
            raise Unauthenticated("访问令牌的签名密钥未知；请重新获取令牌")
        return key

    async def _load(self, _key: str) -> dict[str, jwt.PyJWK]:
        return {key.key_id: key for key in jwt.PyJWKSet.from_dict(await self._load_keys()).keys if key.key_id}


def _own_principal(claims: Mapping[str, Any]) -> Principal:
    quota = claims.get("quota") or {}
    return Principal(
        client_id=str(claims["sub"]),
        organization=str(claims["organization"]),
        scopes=frozenset(str(claims["scope"]).split()),
        expires_at=int(claims["exp"]),
        reads_per_minute=quota.get("reads"),
        writes_per_minute=quota.get("writes"),
    )


def _claims_issuer(token: str, issuer: str) -> bool:
    """What the token says, unverified: it only chooses who verifies."""
    try:
        return bool(jwt.decode(token, options={"verify_signature": False}).get("iss") == issuer)
    except (jwt.PyJWTError, ValueError, RecursionError):
        return False


def keys_over_http(client: httpx.AsyncClient, url: str) -> LoadKeys:
    """Loads a JWK set from where its issuer publishes it."""

    async def load() -> dict[str, Any]:
        response = await fetch_json(client, url, owner=_ISSUER)
        with readable(owner=_ISSUER):
            keys: dict[str, Any] = response.json()
            # A 404 page would otherwise make every caller's good token look forged.
            if not isinstance(keys, dict) or not isinstance(keys.get("keys"), list):
                raise ValueError("not a JWK set")
        return keys

    return load


@dataclass(frozen=True)
class Caller:
    """An authenticated caller whose scope has been checked."""

    principal: Principal
    directory: OrganizationDirectory

    @property
    def client_id(self) -> str:
        return self.principal.client_id

    def has(self, scope: Scope) -> bool:
        return scope.value in self.principal.scopes

    def ensure_has(self, scope: Scope) -> None:
        """InsufficientScope unless the token carries that scope too."""
        if not self.has(scope):
            raise InsufficientScope(f"此操作需要权限 {scope.value}；请向平台管理员申请", required_scope=scope.value)

    async def covers(self, code: str) -> bool:
        """Whether the organisation is the caller's own or stands below it."""
        return (await self.directory.get(code)).is_within(self.principal.organization)

    async def ensure_covers(self, code: str) -> Organization:
        """The organisation, when the caller may act for it; OutsideSubtree otherwise."""
        organization = await self.directory.get(code)
        if not organization.is_within(self.principal.organization):
            raise OutsideSubtree(
                f"令牌属于机关{self.principal.organization}，不能为{organization.name}（{organization.code}）办理；"
                "只能为本机关及其下级办理",
                organization=organization.code,
            )
        return organization


async def ensure_supervises_all(caller: Caller) -> None:
    """OutsideSubtree unless the caller belongs to the root: what is one for the whole suite is the root's to change."""
    if (await caller.directory.get(caller.principal.organization)).parent is not None:
        raise OutsideSubtree(
            "这是全平台共用的设置，只能由根机关的客户端变更", organization=caller.principal.organization
        )


_bearer = OAuth2(
    scheme_name="oauth2",
    description="客户端凭证模式（client credentials）：向交换服务 `/v1/oauth/token` 获取访问令牌。",
    flows={
        "clientCredentials": {"tokenUrl": "/api/exchange/v1/oauth/token", "scopes": {s.value: s.name for s in Scope}}
    },
    auto_error=False,
)


async def _authenticate(request: Request, authorization: Annotated[str | None, Depends(_bearer)]) -> Caller:
    scheme, token = get_authorization_scheme_param(authorization)
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("请求没有访问令牌；请在 Authorization 头中给出 Bearer 令牌")
    kit = request.app.state.kit
    principal = await kit.verifier.verify(token)
    await kit.denied.ensure_allowed(principal.client_id)
    if call_of(request.scope) is None:
        call = Call(principal.client_id, principal.organization)
        begin_call(request.scope, call)
        kit.quotas.admit(principal, request.method, call)
    return Caller(principal, kit.directory)


async def identify(request: Request) -> None:
    """Count and note whose call it is where it is refused before anybody had asked: TooManyRequests comes first."""
    with contextlib.suppress(Unauthenticated, Unavailable):
        await _authenticate(request, request.headers.get("authorization"))


Authenticated = Annotated[Caller, Depends(_authenticate)]
"""Any valid token, whatever its scopes."""


async def _authenticate_if_present(
    request: Request, authorization: Annotated[str | None, Depends(_bearer)]
) -> Caller | None:
    return await _authenticate(request, authorization) if authorization else None


MaybeAuthenticated = Annotated[Caller | None, Depends(_authenticate_if_present)]
"""Public route that shows more to those who have a token."""


def require(*scopes: Scope) -> Callable[..., Coroutine[Any, Any, Caller]]:
    """A dependency that admits callers with any one of `scopes` and nobody else."""

    async def caller_with_scope(caller: Authenticated) -> Caller:
        if not any(caller.has(scope) for scope in scopes):
            names = "、".join(scope.value for scope in scopes)
            raise InsufficientScope(f"此操作需要权限 {names}；请向平台管理员申请", required_scope=scopes[0].value)
        return caller

    caller_with_scope.required_scopes = scopes  # type: ignore[attr-defined]  # read by the test that walks all routes
    return caller_with_scope


OrganizationCode = Annotated[
    str, Path(title="统一社会信用代码", min_length=1, max_length=40, examples=["1137010000418859XL"])
]
