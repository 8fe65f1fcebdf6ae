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
