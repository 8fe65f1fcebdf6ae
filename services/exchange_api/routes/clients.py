"""Clients, tokens, keys and the calendar at the edge."""

import base64
import binascii
from typing import Annotated, get_args
from urllib.parse import unquote_plus
from uuid import UUID

from fastapi import Depends, Form, Header, Path, Request, Response

from services.exchange_api.service import calendar as calendar_service
from services.exchange_api.service import clients as service
from services.exchange_api.service import tokens
from services.exchange_api.service.assertions import ASSERTION_TYPE, MOST_CHARACTERS, NotProven, claimed_client
from services.exchange_api.service.tokens import ClientAssertion, ClientCredentials, InvalidClient
from shared.kit.auth import Authenticated, Caller, ensure_supervises_all, require
from shared.kit.clock import Now
from shared.kit.database import Reading, Writing, WritingForReal
from shared.kit.errors import NotFound, RuleViolation
from shared.kit.http import api_router, problems
from shared.kit.idempotency import Idempotent
from shared.kit.journal import Filter, read_lines
from shared.schemas.calendar import Calendar, CalendarYear
from shared.schemas.clients import (
    Client,
    ClientInput,
    ClientKey,
    ClientKeySet,
    ClientQuotas,
    DeniedClients,
    JsonWebKeySet,
    Myself,
    NewClient,
    NewSecret,
    ServerMetadata,
    Token,
)
from shared.schemas.journal import StatusClass
from shared.schemas.scopes import Scope

router = api_router()
ClientId = Annotated[UUID, Path(title="客户端编号")]
SecretId = Annotated[UUID, Path(title="密钥编号")]
ClientAdministrator = Annotated[Caller, Depends(require(Scope.CLIENTS_ADMIN))]
KeyAdministrator = Annotated[Caller, Depends(require(Scope.KEYS_ADMIN))]
_RECENT_ERRORS = 10
CalendarEditor = Annotated[Caller, Depends(require(Scope.CALENDAR_WRITE))]


def _json(model: Client | NewClient | NewSecret, status: int = 200) -> Response:
    return Response(
        model.model_dump_json(),
        status_code=status,
        headers={"Cache-Control": "no-store"},
        media_type="application/json",
    )


@router.post(
    "/v1/clients",
    status_code=201,
    response_model=NewClient,
    responses=problems(409),
    tags=["clients"],
    summary="创建客户端 Create a client",
)
async def create_client(
    request: Request, body: ClientInput, caller: ClientAdministrator, once: Idempotent, session: Writing, now: Now
) -> Response:
    """The secret is in this answer and nowhere else. A repeated `Idempotency-Key` is refused: the secret is not kept."""
    await caller.ensure_covers(body.organization)
    days = request.app.state.kit.settings.secret_lifetime_days

    async def work() -> Response:
        return _json(await service.create_client(session, caller, body, secret_lifetime_days=days, now=now), 201)

    return await once.run(session, caller.client_id, work, holds_secret=True)


@router.get("/v1/clients/me", response_model=Myself, tags=["clients"], summary="本客户端 About myself")
async def get_myself(
    request: Request, caller: Authenticated, session: WritingForReal, reads: Reading, now: Now
) -> Response:
    """For any client: its scopes, networks and secrets' facts, when it last got a token, what ends soon, its quotas and
    what of its calls was refused lately.
    """
    try:
        client_id = UUID(caller.client_id)
    except ValueError as error:
        raise NotFound("这个令牌不属于本平台登记的客户端") from error
    client = await service.get_client(session, client_id, now=now)
    failed = Filter((StatusClass.REFUSED, StatusClass.FAILED))
    errors = await read_lines(reads, caller.client_id, failed, after=None, limit=_RECENT_ERRORS)
    myself = Myself(
        **client.model_dump(),
        quotas_in_force=request.app.state.kit.quotas.in_force(caller.principal),
        recent_errors=[line for _, line in errors],
    )
    return _json(myself)


@router.get("/v1/clients/{client_id}", response_model=Client, tags=["clients"], summary="读取客户端 Read a client")
async def get_client(client_id: ClientId, caller: ClientAdministrator, session: WritingForReal, now: Now) -> Response:
    """Its scopes and secrets' facts, for an administrator of its subtree."""
    await caller.ensure_covers(await service.get_owner(session, client_id))
    return _json(await service.get_client(session, client_id, now=now))


@router.post(
    "/v1/clients/{client_id}/secrets",
    status_code=201,
    response_model=NewSecret,
    responses=problems(409),
    tags=["clients"],
    summary="轮换密钥 Add a second secret",
)
async def rotate_secret(
    request: Request, client_id: ClientId, caller: ClientAdministrator, once: Idempotent, session: Writing, now: Now
) -> Response:
    """Two secrets may live at a time; 409 for a third."""
    await caller.ensure_covers(await service.get_owner(session, client_id))
    days = request.app.state.kit.settings.secret_lifetime_days

    async def work() -> Response:
        return _json(await service.rotate_secret(session, caller, client_id, secret_lifetime_days=days, now=now), 201)

    return await once.run(session, caller.client_id, work, holds_secret=True)


@router.delete(
    "/v1/clients/{client_id}/secrets/{secret_id}",
    response_model=Client,
    tags=["clients"],
    summary="作废密钥 Revoke a secret",
)
async def revoke_secret(
    client_id: ClientId, secret_id: SecretId, caller: ClientAdministrator, session: Writing, now: Now
) -> Response:
    """A second time changes nothing."""
    await caller.ensure_covers(await service.get_owner(session, client_id))
    return _json(await service.revoke_secret(session, caller, client_id, secret_id, now=now))


@router.put(
    "/v1/clients/{client_id}/keys", response_model=Client, tags=["clients"], summary="登记公钥 Put a client's keys"
)
async def put_client_keys(
    client_id: ClientId, body: ClientKeySet, caller: ClientAdministrator, session: Writing, now: Now
) -> Response:
    """For `private_key_jwt`: in place of those there were. Leave the old key in while systems take up the new one."""
    await caller.ensure_covers(await service.get_owner(session, client_id))
    return _json(await service.replace_keys(session, caller, client_id, body, now=now))


@router.put(
    "/v1/clients/{client_id}/quotas", response_model=Client, tags=["clients"], summary="设置配额 Set a client's quotas"
)
async def put_client_quotas(
    client_id: ClientId, body: ClientQuotas, caller: ClientAdministrator, session: Writing, now: Now
) -> Response:
    """In place of those there were, by the root only: what one client may take, the others have not. Null: the default."""
    await caller.ensure_covers(await service.get_owner(session, client_id))
    await ensure_supervises_all(caller)
    return _json(await service.set_quotas(session, caller, client_id, body, now=now))


@router.post(
    "/v1/clients/{client_id}:disable", response_model=Client, tags=["clients"], summary="停用客户端 Disable a client"
)
async def disable_client(client_id: ClientId, caller: ClientAdministrator, session: Writing, now: Now) -> Response:
    """No further tokens; those already out are refused everywhere within seconds (`MINGQUAN_DENIED_TTL_SECONDS`)."""
    await caller.ensure_covers(await service.get_owner(session, client_id))
    return _json(await service.disable_client(session, caller, client_id, now=now))


@router.post(
    "/v1/oauth/token",
    response_model=Token,
    responses=problems(401, 403),
    tags=["tokens"],
    summary="获取访问令牌 Get a token",
)
async def issue_token(
    request: Request,
    now: Now,
    grant_type: Annotated[str, Form(title="授权方式", max_length=50, examples=["client_credentials"])],
    client_id: Annotated[str | None, Form(title="客户端编号", max_length=100)] = None,
    client_secret: Annotated[str | None, Form(title="客户端密钥", max_length=200)] = None,
    scope: Annotated[
        str | None, Form(title="权限", description="Fewer than the client's own, separated by blanks.", max_length=1000)
    ] = None,
    client_assertion_type: Annotated[
        str | None, Form(title="声明类型", max_length=100, description=f"`{ASSERTION_TYPE}`.")
    ] = None,
    client_assertion: Annotated[
        str | None,
        Form(
            title="客户端声明",
            description="`private_key_jwt`: a JWT signed by a key of the client. `iss` = `sub` = its number, `aud` = the "
            "issuer's name, `exp` within 5 minutes, a `jti` that is used once.",
            max_length=MOST_CHARACTERS,
        ),
    ] = None,
    authorization: Annotated[str | None, Header(max_length=1000, include_in_schema=False)] = None,
) -> Response:
    """Client credentials by HTTP Basic, in the form, or by a signed assertion. Problems carry OAuth's `error`."""
    if grant_type != "client_credentials":
        raise RuleViolation("只支持 grant_type=client_credentials", error="unsupported_grant_type")
    if client_assertion is not None or client_assertion_type is not None:
        if authorization or client_secret:
            raise RuleViolation("只能用一种方式证明客户端身份", error="invalid_request")
        presented: ClientCredentials | ClientAssertion = _assertion(client_id, client_assertion_type, client_assertion)
    else:
        presented = _basic(authorization) if authorization else _form(client_id, client_secret)
    kit = request.app.state.kit
    address = request.client.host if request.client else None
    token = await tokens.issue_token(kit.database, kit.settings, presented, scope=scope, address=address, now=now)
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    return Response(token.model_dump_json(), headers=headers, media_type="application/json")


def _form(client_id: str | None, client_secret: str | None) -> ClientCredentials:
    if not client_id or not client_secret:
        raise InvalidClient
    return ClientCredentials(client_id, client_secret)


def _assertion(client_id: str | None, kind: str | None, assertion: str | None) -> ClientAssertion:
    """RFC 7521 §4.2: the number in the form may be left out, and is the assertion's own."""
    if kind != ASSERTION_TYPE or not assertion:
        raise InvalidClient
    try:
        claimed = claimed_client(assertion)
    except NotProven as error:
        raise InvalidClient from error
    if client_id is not None and client_id != claimed:
        raise InvalidClient
    return ClientAssertion(claimed, assertion)


def _basic(authorization: str) -> ClientCredentials:
    """RFC 6749 §2.3.1: both parts are form-encoded before they are joined."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        if scheme.lower() != "basic":
            raise InvalidClient
        client_id, found, client_secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise InvalidClient from error
    if not found:
        raise InvalidClient
    return ClientCredentials(unquote_plus(client_id), unquote_plus(client_secret))


@router.get("/.well-known/jwks.json", response_model=JsonWebKeySet, tags=["tokens"], summary="公钥 Public keys")
async def get_jwks(request: Request, reads: Reading, now: Now) -> Response:
    """The keys that verify tokens (RFC 7517)."""
    keys = await tokens.published_keys(reads, request.app.state.kit.settings, now=now)
    headers = {"Cache-Control": "public, max-age=60"}
    return Response(keys.model_dump_json(), headers=headers, media_type="application/json")


@router.get(
    "/.well-known/denied-clients.json",
    response_model=DeniedClients,
    tags=["tokens"],
    summary="已停用的客户端 Denied clients",
)
async def get_denied(request: Request, reads: Reading, now: Now, response: Response) -> DeniedClients:
    """For the services: whose tokens are refused though they have not ended. Ids only."""
    response.headers["Cache-Control"] = "no-store"
    return await tokens.denied_clients(reads, request.app.state.kit.settings, now=now)


@router.get(
    "/.well-known/oauth-authorization-server",
    response_model=ServerMetadata,
    tags=["tokens"],
    summary="授权服务元数据 Server metadata",
)
async def get_metadata(request: Request) -> ServerMetadata:
    """RFC 8414. Addresses are those that the caller came by."""
    base = f"{str(request.base_url).rstrip('/')}"
    return ServerMetadata(
        issuer=request.app.state.kit.settings.token_issuer,
        token_endpoint=f"{base}/v1/oauth/token",
        jwks_uri=f"{base}/.well-known/jwks.json",
        grant_types_supported=["client_credentials"],
        token_endpoint_auth_methods_supported=["client_secret_basic", "client_secret_post", "private_key_jwt"],
        token_endpoint_auth_signing_alg_values_supported=list(get_args(ClientKey.model_fields["alg"].annotation)),
        response_types_supported=[],
        scopes_supported=[scope.value for scope in Scope],
    )


@router.post(
    "/v1/keys:rotate",
    status_code=201,
    response_model=JsonWebKeySet,
    tags=["tokens"],
    summary="轮换签名密钥 Rotate the key",
)
async def rotate_key(request: Request, caller: KeyAdministrator, session: WritingForReal, now: Now) -> Response:
    """New tokens are signed by a new key at once; old tokens stay good until they expire."""
    kit = request.app.state.kit
    await ensure_supervises_all(caller)
    await tokens.rotate_key(session, kit.settings, caller, now=now)
    await session.commit()
    keys = await tokens.published_keys(kit.database.reads, kit.settings, now=now)
    return Response(keys.model_dump_json(), status_code=201, media_type="application/json")


@router.get("/v1/calendar", response_model=Calendar, tags=["calendar"], summary="工作日历 The working-day calendar")
async def get_calendar(reads: Reading) -> Calendar:
    """Public: State Council holidays and make-up days by year, with the version that computed dates carry."""
    return await calendar_service.get_calendar(reads)


@router.put(
    "/v1/calendar/years/{year}", response_model=Calendar, tags=["calendar"], summary="导入一年的工作日历 Import a year"
)
async def import_year(
    year: Annotated[int, Path(title="年份", ge=1949, le=2100)],
    body: CalendarYear,
    caller: CalendarEditor,
    session: Writing,
) -> Calendar:
    """Replaces that year, as an extraordinary notice may."""
    await ensure_supervises_all(caller)
    return await calendar_service.import_year(session, caller, year, body)
