"""Settings of search_sync."""

from typing import ClassVar

from pydantic import Field, SecretStr

from shared.kit.settings import KitSettings


class Settings(KitSettings):
    """Adds where the logs are, where Meilisearch is, and how much is under way at once."""

    schema_name: ClassVar[str] = "search"
    source: ClassVar[str] = "/api/search"

    policy_url: str = Field(description="Where this service reaches policy_api, e.g. http://127.0.0.1:8011.")
    more_sources: dict[str, str] = Field(
        default_factory=dict, description='Further logs to follow, as JSON: {"name": "http://host:port"}.'
    )
    client_id: str = Field(description="This service's own client at exchange_api, with scope events:read.")
    client_secret: SecretStr

    meili_url: str = Field(description="Address of Meilisearch.")
    meili_key: SecretStr = Field(default=SecretStr(""), description="Its key; empty where it asks for none.")
    index_uid: str = Field(
        default="mingquan", pattern=r"^[A-Za-z0-9_-]{1,100}$", description="Name of the index that is searched."
    )
    meili_timeout_seconds: int = Field(default=30, ge=1, description="Of one call that writes.")
    search_timeout_seconds: int = Field(default=5, ge=1, description="Of one call that searches.")

    page_events: int = Field(default=1000, ge=1, le=1000, description="Events of one page of a log.")
    long_poll_seconds: float = Field(default=10.0, ge=0, le=30, description="How long a log may hold a request.")
    passage_rest_seconds: float = Field(
        default=1.0, ge=0, le=60, description="Rest before passages are written, which come behind the documents."
    )
    batch_documents: int = Field(default=1000, ge=1, le=10_000, description="Documents of one write.")
    batch_bytes: int = Field(default=8_000_000, ge=1000, description="Bytes of one write.")
    tasks_in_flight: int = Field(default=16, ge=1, le=100, description="Writes that the engine may have queued.")
    bytes_in_flight: int = Field(
        default=64_000_000, ge=1000, description="Bytes of those writes and of what they are made from."
    )

    stale_after_seconds: float = Field(
        default=60.0, gt=0, description="Answers older than this are marked stale; more than long_poll_seconds."
    )
    parked_retry_seconds: float = Field(default=3600.0, gt=0, description="How often parked documents are tried again.")
    verify_every_hours: float = Field(default=24.0, gt=0, description="How often index and services are compared.")

    vocabulary_wait_seconds: float = Field(
        default=5.0, ge=0, le=60, description="How long putting synonyms or stop words waits for their effect."
    )
    answers_model_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s]+$",
        description="OpenAI-compatible address up to `/v1` of a model that may phrase answers; unset: none does.",
    )
    answers_model: str | None = Field(default=None, max_length=200, description="Name of that model.")
    answers_model_key: SecretStr | None = Field(
        default=None, description="Key of that model; unset where it asks for none."
    )
    answers_model_timeout_seconds: float = Field(default=10.0, gt=0, le=60, description="Of one answer, whole.")
    answers_model_at_once: int = Field(
        default=4, ge=1, le=100, description="Answers being phrased at once; others get the passages alone."
    )

    @property
    def sources(self) -> dict[str, str]:
        """Base address of every service whose log is followed, by name."""
        return {"policy": self.policy_url, **self.more_sources}
