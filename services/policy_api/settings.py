"""Settings of policy_api."""

from typing import ClassVar

from pydantic import Field, SecretStr

from shared.kit.files import FileStore, open_store
from shared.kit.settings import KitSettings


class Settings(KitSettings):
    """Adds the bounds of pushes and what the field leaves to a city to decide."""

    schema_name: ClassVar[str] = "policy"
    source: ClassVar[str] = "/api/policy"

    max_batch_lines: int = Field(default=10_000, ge=1, description="Lines of one batch; more are refused line by line.")
    max_line_bytes: int = Field(default=4_000_000, ge=1024, description="Longest line of a batch.")
    batch_chunk_lines: int = Field(default=200, ge=1, le=2000, description="Lines of one transaction of a batch.")

    max_upload_bytes: int = Field(default=20_000_000, ge=1024, description="Largest document that is read.")
    readers_at_once: int = Field(default=4, ge=1, le=64, description="Documents a process reads at once.")
    reader_memory_bytes: int = Field(default=600_000_000, ge=300_000_000, description="Address space of one reading.")
    reader_seconds: float = Field(default=15.0, ge=2, le=120, description="Longest computing on one document.")

    files_url: str = Field(
        default="file:///var/lib/mingquan/files",
        description="Where uploaded files are kept: file:///folder or s3://bucket/prefix.",
    )
    files_endpoint: str | None = Field(default=None, description="Address of an S3-compatible store outside AWS.")
    files_access_key: str | None = Field(default=None, description="Access key of the bucket.")
    files_secret_key: SecretStr | None = Field(default=None, description="Secret of that access key.")
    max_file_bytes: int = Field(default=50_000_000, ge=1024, description="Largest file that is kept.")
    orphan_file_days: int = Field(
        default=30, ge=1, description="Days after which a file that nothing names is removed."
    )

    interpretation_late_workdays: int = Field(
        default=3, ge=0, description="Working days within which an interpretation is late, not missing (TS-17, TS-28)."
    )
    interpretation_similarity: float = Field(
        default=0.6,
        gt=0,
        le=1,
        description="Share of copied text from which an interpretation is an abridgement (TS-23).",
    )
    follow_up_enquiries: int = Field(default=50, ge=1, description="Enquiries that call for a second interpretation.")
    follow_up_months: int = Field(
        default=6, ge=1, description="After which a major policy is interpreted again (TS-27)."
    )
    expiry_reminder_months: tuple[int, ...] = Field(
        default=(6, 3, 1),
        min_length=1,
        description="Months before a document's last day at which its organisation is reminded (domain.md §6.5).",
    )
    follow_up_due_workdays: int = Field(
        default=20,
        ge=1,
        le=120,
        description="Working days for a second or tracking interpretation once it is called for.",
    )
    sensitive_words: tuple[str, ...] = Field(
        default=("内部资料", "内部文件", "不得外传", "注意保密"),
        description="Words that stop a release until reviewed.",
    )
    opinion_key: SecretStr = Field(
        min_length=32, description="Seals the opinions of consultations and who gave them; 32 characters or more."
    )
    profile_key: SecretStr = Field(
        min_length=32, description="Seals the facts of saved enterprise profiles; 32 characters or more."
    )
    consultation_decision_days: int = Field(
        default=30, ge=1, description="Least days of a consultation on a major decision (PP-03)."
    )
    consultation_regulation_days: int = Field(
        default=30, ge=1, description="Least days of a consultation on a regulation (PP-10)."
    )
    consultation_market_days: int = Field(
        default=30, ge=1, description="Least days where a normative document touches market entities (PP-11)."
    )
    consultation_normative_workdays: int = Field(
        default=7, ge=0, description="Least working days for other normative documents (PP-12)."
    )
    consultation_result_days: int = Field(
        default=30, ge=1, description="Days after the close within which the result is published (PP-C2)."
    )
    legality_review_workdays: int = Field(
        default=7, ge=0, description="Least working days of a legality review (PP-09)."
    )
    typo_words: tuple[str, ...] = Field(
        default=("中国入民", "烈土", "人民代表大人"), description="Grave misprints seen on real sites."
    )


def file_store(settings: Settings) -> FileStore:
    """Where these settings keep uploaded files."""
    secret = settings.files_secret_key.get_secret_value() if settings.files_secret_key is not None else None
    return open_store(
        settings.files_url, key=settings.files_access_key, secret=secret, endpoint=settings.files_endpoint
    )
