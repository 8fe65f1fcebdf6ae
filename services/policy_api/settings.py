"""Settings of policy_api."""

from typing import ClassVar

from pydantic import Field

from shared.kit.settings import KitSettings


class Settings(KitSettings):
    """Adds the bounds of pushes and what the field leaves to a city to decide."""

    schema_name: ClassVar[str] = "policy"
    source: ClassVar[str] = "/api/policy"

    max_batch_lines: int = Field(default=10_000, ge=1, description="Lines of one batch; more are refused line by line.")
    max_line_bytes: int = Field(default=4_000_000, ge=1024, description="Longest line of a batch.")
    batch_chunk_lines: int = Field(default=200, ge=1, le=2000, description="Lines of one transaction of a batch.")

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
    sensitive_words: tuple[str, ...] = Field(
        default=("内部资料", "内部文件", "不得外传", "注意保密"),
        description="Words that stop a release until reviewed.",
    )
    typo_words: tuple[str, ...] = Field(
        default=("中国入民", "烈土", "人民代表大人"), description="Grave misprints seen on real sites."
    )
