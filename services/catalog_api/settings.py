"""Settings of catalog_api."""

from typing import ClassVar

from pydantic import Field

from shared.kit.settings import KitSettings


class Settings(KitSettings):
    """Adds the bounds of batches and what the field leaves to a city to decide."""

    schema_name: ClassVar[str] = "catalog"
    source: ClassVar[str] = "/api/catalog"

    max_batch_lines: int = Field(default=10_000, ge=1, description="Lines of one batch; more are refused line by line.")
    max_line_bytes: int = Field(default=100_000, ge=1024, description="Longest line of a batch.")
    batch_chunk_lines: int = Field(default=500, ge=1, le=5000, description="Lines of one transaction of a batch.")
    max_table_bytes: int = Field(default=20_000_000, ge=1024, description="Largest uploaded table (.xlsx, .csv).")
    tables_at_once: int = Field(default=2, ge=1, description="Tables a process reads at once; more wait or come back.")
    reader_memory_bytes: int = Field(default=600_000_000, ge=100_000_000, description="Address space of one reading.")
    reader_seconds: float = Field(default=20.0, gt=0, description="Longest computing on one table, however large.")
    score_timeliness_weight: float = Field(default=0.7, ge=0, le=1, description="Weight of timeliness in the score.")
    score_coverage_weight: float = Field(default=0.3, ge=0, le=1, description="Weight of coverage in the score.")
    score_late_value: float = Field(default=0.5, ge=0, le=1, description="Worth of a late publication in the score.")
    patrol_hosts: list[str] = Field(
        default_factory=list, description="Hosts whose published addresses are asked; a JSON list. Empty: none is."
    )
    patrol_link_days: int = Field(default=7, ge=1, description="Days after which an address is asked again.")
    withheld_review_months: int = Field(
        default=12,
        ge=1,
        le=36,
        description="Months after which withheld information is evaluated again (条例第十八条).",
    )
    due_soon_workdays: int = Field(default=3, ge=0, description="Working days before its deadline a task is due soon.")
