"""Settings that every service has. Frozen, from the environment, no working default secret."""

import os
from pathlib import Path
from typing import ClassVar

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SecretsSettingsSource, SettingsConfigDict

from shared.schemas.scopes import Scope

SECRETS_DIR = "MINGQUAN_SECRETS_DIR"


class EnvironmentSettings(BaseSettings):
    """Read from `MINGQUAN_…`, then from the files of the same lower-case names in the folder `MINGQUAN_SECRETS_DIR`."""

    model_config = SettingsConfigDict(env_prefix="MINGQUAN_", frozen=True, extra="ignore")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """No `.env` of the working folder: what a process gets is said to it."""
        folder = os.environ.get(SECRETS_DIR)
        if not folder:
            return init_settings, env_settings
        if not Path(folder).is_dir():
            # The library only warns, and an optional secret would be missing without a word.
            raise FileNotFoundError(f"{SECRETS_DIR} names no folder: {folder}")
        return init_settings, env_settings, SecretsSettingsSource(settings_cls, secrets_dir=folder)


class KitSettings(EnvironmentSettings):
    """What every service reads."""

    schema_name: ClassVar[str]
    """PostgreSQL schema of the service; set by the subclass."""
    source: ClassVar[str]
    """CloudEvents `source` and the path at the gateway, such as `/api/policy`."""

    database_url: SecretStr = Field(description="postgresql://user:password@host/database of this service's own role.")
    cursor_key: SecretStr = Field(min_length=32, description="Seals paging and log cursors; 32 characters or more.")
    exchange_url: str = Field(description="Where this service reaches exchange_api, e.g. http://127.0.0.1:8010.")
    token_issuer: str = Field(default="mingquan-exchange", description="`iss` that access tokens must carry.")
    token_audience: str = Field(default="mingquan", description="`aud` that access tokens must carry.")
    jwks_url: str | None = Field(
        default=None, description="Keys of the issuer; default: exchange_url + /.well-known/jwks.json."
    )
    second_issuer: str | None = Field(
        default=None, description="`iss` of tokens that the city's single sign-on issues; unset: none accepted."
    )
    second_jwks_url: str | None = Field(default=None, description="Where the second issuer publishes its keys.")
    second_audience: str | None = Field(
        default=None, description="`aud` that the second issuer's tokens must carry; unset: token_audience."
    )
    second_subject_claim: str = Field(default="sub", description="Claim of the second issuer that says who.")
    second_organization_claim: str = Field(
        default="organization", description="Claim with the 统一社会信用代码; dots lead inside: `org.code`."
    )
    second_scope_claim: str = Field(
        default="scope", description="Claim with the scopes or roles, a list or words: `realm_access.roles`."
    )
    second_roles: dict[str, list[Scope]] | None = Field(
        default=None, description="JSON: the second issuer's roles and their scopes here; unset: it names our scopes."
    )
    directory_ttl_seconds: float = Field(
        default=30.0, gt=0, description="How long facts from exchange_api may be used unasked."
    )
    denied_ttl_seconds: float = Field(
        default=3.0, gt=0, le=60, description="Seconds within which a client that is disabled is refused everywhere."
    )
    outbound_timeout_seconds: float = Field(default=5.0, gt=0)

    read_pool_size: int = Field(default=8, ge=1, le=200)
    write_pool_size: int = Field(default=8, ge=1, le=200)
    statement_timeout_seconds: float = Field(default=15.0, gt=0)

    max_body_bytes: int = Field(default=4_000_000, ge=1024, description="Largest ordinary request body.")
    max_exports_at_once: int = Field(
        default=4, ge=1, le=50, description="Exports a process serves at once; more are asked to come back (503)."
    )
    max_page_size: int = Field(default=100, ge=1, le=1000)
    event_retention_days: int = Field(default=30, ge=1)
    idempotency_retention_hours: int = Field(default=48, ge=1)
    journal_retention_days: int = Field(default=30, ge=1, description="How long clients' journals are kept.")
    quota_reads_per_minute: int = Field(
        default=60_000, ge=0, description="Reads of one client that a process answers; 0: no quota."
    )
    quota_writes_per_minute: int = Field(
        default=30_000, ge=0, description="Writes of one client that a process answers; 0: no quota."
    )

    log_level: str = Field(default="INFO")
    log_access: bool = Field(default=True, description="One JSON line a request.")
    otlp_endpoint: str | None = Field(
        default=None, description="OpenTelemetry traces go there (OTLP over HTTP); unset: off."
    )

    @model_validator(mode="after")
    def _second_issuer_is_whole(self) -> "KitSettings":
        if (self.second_issuer is None) != (self.second_jwks_url is None):
            raise ValueError("second_issuer and second_jwks_url belong together")
        if self.second_issuer == self.token_issuer:
            raise ValueError("second_issuer must differ from token_issuer")
        return self

    @property
    def keys_url(self) -> str:
        """Where the token issuer publishes its keys."""
        return self.jwks_url or f"{self.exchange_url}/.well-known/jwks.json"

    @property
    def denied_url(self) -> str:
        """Where exchange_api publishes the clients that were disabled."""
        return f"{self.exchange_url}/.well-known/denied-clients.json"
