"""Table of candidates."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from services.catalog_api.models.base import Base


class CandidateRow(Base):
    """依申请转主动的候选."""

    __tablename__ = "candidate"
    __table_args__ = (
        sa.UniqueConstraint("organization", "external_id"),
        sa.Index("ix_candidate_listed", "organization", "state", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization: Mapped[str]
    organization_name: Mapped[str]
    external_id: Mapped[str]
    content: Mapped[str]
    content_hash: Mapped[str]
    state: Mapped[str]
    note: Mapped[str | None]
    result: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    version: Mapped[int]
