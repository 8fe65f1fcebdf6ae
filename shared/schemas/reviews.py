"""Who drafted, reviewed and approved what goes public without a dossier. Kept as evidence, shown to nobody."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

StaffId = Annotated[
    str, Field(title="经办人", min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$", examples=["staff-0017"])
]
"""A person as the caller's own system knows it (e.g. a staff number); never public."""


class FollowUpReviews(BaseModel):
    """Who drafted, reviewed and approved an interpretation that goes public without a dossier: three different persons."""

    model_config = ConfigDict(extra="forbid")

    drafted_by: StaffId
    secrecy_reviewed_by: StaffId
    secrecy_reviewed_on: date = Field(title="保密审查日期")
    approved_by: StaffId
    approved_on: date = Field(title="审批日期")
    scan_reason: str | None = Field(
        default=None,
        title="扫描命中仍可公开的理由",
        description="Required when the scan finds personal data or a secrecy mark.",
        min_length=5,
        max_length=500,
    )
