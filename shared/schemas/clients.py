"""API clients (接口客户端) and their tokens as they cross the border of exchange_api."""

import ipaddress
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from shared.schemas.journal import JournalLine
from shared.schemas.organizations import CreditCode
from shared.schemas.scopes import Scope


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise ValueError("应为网段，如 10.1.0.0/16") from error


def _each_once(scopes: list[Scope]) -> list[Scope]:
    return sorted(set(scopes))


class ClientInput(BaseModel):
    """What an administrator says of a client."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(title="名称", min_length=2, max_length=120, examples=["历下区政务公开系统"])
    organization: CreditCode
    scopes: Annotated[list[Scope], AfterValidator(_each_once)] = Field(title="权限", min_length=1, max_length=100)
    expires_on: date | None = Field(default=None, title="有效期至", description="Inclusive last day.")
    networks: list[Annotated[str, AfterValidator(_network), Field(max_length=50)]] = Field(
        default_factory=list,
        title="允许的网络",
        description="From where it may get tokens, such as `10.1.0.0/16`. Empty: from anywhere.",
        max_length=20,
    )


class ClientKey(BaseModel):
    """A public key of a client (RFC 7517, 7518, 8037). The private parts of a key are refused."""

    model_config = ConfigDict(extra="forbid")

    kid: str = Field(title="密钥编号", min_length=1, max_length=100, examples=["2026-11"])
    alg: Literal["EdDSA", "ES256", "PS256", "RS256"] = Field(title="算法")
    kty: Literal["OKP", "EC", "RSA"] = Field(title="密钥类型")
    crv: Literal["Ed25519", "P-256"] | None = Field(default=None, title="曲线")
    x: str | None = Field(default=None, title="坐标 x", max_length=100)
    y: str | None = Field(default=None, title="坐标 y", max_length=100)
    n: str | None = Field(default=None, title="模数", max_length=1500)
    e: str | None = Field(default=None, title="指数", max_length=12)
    use: Literal["sig"] = Field(default="sig", title="用途")


class ClientKeySet(BaseModel):
    """All public keys of a client; several while one is replaced."""

    model_config = ConfigDict(extra="forbid")

    keys: list[ClientKey] = Field(title="公钥", max_length=5)


class ClientQuotas(BaseModel):
    """A client's own quotas, at each service and in each of its processes. Null: what the service grants everybody."""

    model_config = ConfigDict(extra="forbid")

    reads_per_minute: int | None = Field(default=None, title="每分钟读取次数", ge=1, le=10_000_000)
    writes_per_minute: int | None = Field(default=None, title="每分钟写入次数", ge=1, le=10_000_000)


class SecretFacts(BaseModel):
    """A live or past secret, never the secret itself."""

    id: UUID = Field(title="密钥编号")
    created_at: AwareDatetime = Field(title="建立时间")
    expires_at: AwareDatetime = Field(title="失效时间")
    revoked_at: AwareDatetime | None = Field(default=None, title="作废时间")


class Client(BaseModel):
    """A client as an administrator sees it."""

    id: UUID = Field(title="客户端编号", description="`client_id`.")
    name: str = Field(title="名称")
    organization: CreditCode
    scopes: list[Scope] = Field(title="权限")
    expires_on: date | None = Field(title="有效期至")
    disabled: bool = Field(title="是否停用")
    networks: list[str] = Field(default_factory=list, title="允许的网络")
    last_used_at: AwareDatetime | None = Field(default=None, title="最近获取令牌时间", description="To ten minutes.")
    warnings: list[str] = Field(default_factory=list, title="提醒", description="What will end within thirty days.")
    quotas: ClientQuotas = Field(
        default_factory=ClientQuotas,
        title="自有配额",
        description="Carried by tokens: a change holds for the next one.",
    )
    version: int = Field(title="版本")
    secrets: list[SecretFacts] = Field(title="密钥情况")
    keys: list[ClientKey] = Field(
        title="公钥", description="By any of which it may prove who it is (`private_key_jwt`)."
    )


class QuotaInForce(BaseModel):
    """What a service grants a client. What is left of it stands in `RateLimit` of every answer."""

    name: Literal["reads", "writes"] = Field(title="种类")
    limit: int | None = Field(title="次数", description="Null: as many as it likes.")
    window_seconds: int = Field(title="时段秒数")


class Myself(Client):
    """A client as it sees itself, at this service."""

    quotas_in_force: list[QuotaInForce] = Field(
        title="现行配额", description="Of this token, at this service; each service counts by itself."
    )
    recent_errors: list[JournalLine] = Field(
        title="近期错误",
        description="The latest ten of this service. Those of the others: `GET /v1/journal` of each.",
    )


class NewSecret(BaseModel):
    """The only answer that ever shows a secret."""

    client_id: UUID = Field(title="客户端编号")
    secret_id: UUID = Field(title="密钥编号")
    client_secret: str = Field(title="密钥", description="Shown once. Keep it.")
    expires_at: AwareDatetime = Field(title="失效时间")


class NewClient(BaseModel):
    """A client just created, with its first secret."""

    client: Client = Field(title="客户端")
    secret: NewSecret = Field(title="密钥")


class Token(BaseModel):
    """RFC 6749 §5.1."""

    access_token: str = Field(title="访问令牌")
    token_type: Literal["Bearer"] = Field(default="Bearer", title="令牌类型")  # a type's name, not a password
    expires_in: int = Field(title="有效秒数")
    scope: str = Field(title="权限")


class JsonWebKey(BaseModel):
    """RFC 8037 public key."""

    kty: Literal["OKP"] = Field(default="OKP", title="密钥类型")
    crv: Literal["Ed25519"] = Field(default="Ed25519", title="曲线")
    alg: Literal["EdDSA"] = Field(default="EdDSA", title="算法")
    use: Literal["sig"] = Field(default="sig", title="用途")
    kid: str = Field(title="密钥编号")
    x: str = Field(title="公钥")


class JsonWebKeySet(BaseModel):
    """RFC 7517 §5."""

    keys: list[JsonWebKey] = Field(title="公钥")


class DeniedClients(BaseModel):
    """Clients that were disabled while a token of theirs may still be good."""

    clients: list[str] = Field(title="已停用的客户端")


class ServerMetadata(BaseModel):
    """OAuth 2.0 authorization server metadata (RFC 8414)."""

    issuer: str = Field(title="签发方")
    token_endpoint: str = Field(title="令牌地址")
    jwks_uri: str = Field(title="公钥地址")
    grant_types_supported: list[str] = Field(title="授权方式")
    token_endpoint_auth_methods_supported: list[str] = Field(title="客户端认证方式")
    token_endpoint_auth_signing_alg_values_supported: list[str] = Field(title="客户端签名算法")
    response_types_supported: list[str] = Field(
        title="响应类型", description="None: there is no authorization endpoint."
    )
    scopes_supported: list[str] = Field(title="权限")
