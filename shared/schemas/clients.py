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
    scopes: Annotated[list[Scope], AfterValidator(_each_once)] = Field(title="权限", min_length=1, max_length=40)
    expires_on: date | None = Field(default=None, title="有效期至", description="Inclusive last day.")


class SecretFacts(BaseModel):
    """A live or past secret, never the secret itself."""

    id: UUID
    created_at: AwareDatetime
    expires_at: AwareDatetime
    revoked_at: AwareDatetime | None = None


class Client(BaseModel):
    """A client as an administrator sees it."""

    id: UUID = Field(title="客户端编号", description="`client_id`.")
    name: str
    organization: CreditCode
    scopes: list[Scope]
    expires_on: date | None
    disabled: bool
    version: int
    secrets: list[SecretFacts]


class NewSecret(BaseModel):
    """The only answer that ever shows a secret."""

    client_id: UUID
    secret_id: UUID
    client_secret: str = Field(title="密钥", description="Shown once. Keep it.")
    expires_at: AwareDatetime


class NewClient(BaseModel):
    """A client just created, with its first secret."""

    client: Client
    secret: NewSecret


class Token(BaseModel):
    """RFC 6749 §5.1."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  # a type's name, not a password
    expires_in: int
    scope: str


class JsonWebKey(BaseModel):
    """RFC 8037 public key."""

    kty: Literal["OKP"] = "OKP"
    crv: Literal["Ed25519"] = "Ed25519"
    alg: Literal["EdDSA"] = "EdDSA"
    use: Literal["sig"] = "sig"
    kid: str
    x: str


class JsonWebKeySet(BaseModel):
    """RFC 7517 §5."""

    keys: list[JsonWebKey]
