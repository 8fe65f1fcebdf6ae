"""Settings of exchange_api."""

from typing import ClassVar

from pydantic import Field, SecretStr

from shared.kit.settings import KitSettings


class Settings(KitSettings):
    """Adds what issuing tokens needs."""

    schema_name: ClassVar[str] = "exchange"
    source: ClassVar[str] = "/api/exchange"

    key_encryption_key: SecretStr = Field(min_length=32, description="Encrypts the private signing keys at rest.")
    token_lifetime_seconds: int = Field(default=900, ge=60, le=3600)
    secret_lifetime_days: int = Field(default=365, ge=1, le=1095)
