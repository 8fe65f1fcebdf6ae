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
    sources: dict[str, str] = Field(
        default_factory=dict,
        description='The services whose logs are sent from, as JSON: {"policy": "http://host:port"}.',
    )
    page_events: int = Field(default=500, ge=1, le=1000, description="Events of one page of a log.")
    long_poll_seconds: float = Field(default=10.0, ge=0, le=30, description="How long a log may hold a request.")
    webhook_timeout_seconds: float = Field(default=15.0, gt=0, le=60, description="Longest try of one message.")
    webhook_networks: list[str] = Field(
        default_factory=list,
        description='Inner networks that messages may go to, as JSON: ["10.0.0.0/8"]. Public addresses always may.',
    )
    webhook_allow_http: bool = Field(default=False, description="Whether an endpoint may be without TLS.")
    webhook_ca_file: str | None = Field(default=None, description="Root certificates of the city, as a PEM file.")
    webhook_disable_after_days: float = Field(
        default=5.0, gt=0, le=60, description="Days of failing after which an endpoint is disabled."
    )
    webhook_key_overlap_hours: float = Field(
        default=24.0, ge=0, le=720, description="Hours for which a key that was rotated still signs."
    )
    webhook_refresh_seconds: float = Field(
        default=1.0,
        gt=0,
        le=60,
        description="How often changed subscriptions and what is asked for by hand are looked for.",
    )
    webhook_retention_days: int = Field(default=30, ge=1, le=3650, description="Days that messages and tries are kept.")
    inbound_retry_seconds: float = Field(
        default=30.0, gt=0, description="Wait before a partner's message is tried again."
    )
    inbound_attempts: int = Field(default=20, ge=1, description="Tries of a partner's message until it is given up.")
    secret_lifetime_days: int = Field(default=365, ge=1, le=1095)
