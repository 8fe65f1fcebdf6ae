"""API clients (接口客户端) and their tokens as they cross the border of exchange_api."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from shared.schemas.organizations import CreditCode
from shared.schemas.scopes import Scope


def _each_once(scopes: list[Scope]) -> list[Scope]:
    return sorted(set(scopes))


class ClientInput(BaseModel):
    """What an administrator says of a client."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(title="名称", min_length=2, max_length=120, examples=["历下区政务公开系统"])
    organization: CreditCode
    scopes: Annotated[list[Scope], AfterValidator(_each_once)] = Field(title="权限", min_length=1, max_length=100)
    expires_on: date | None = Field(default=None, title="有效期至", description="Inclusive last day.")


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
    version: int = Field(title="版本")
    secrets: list[SecretFacts] = Field(title="密钥情况")


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
