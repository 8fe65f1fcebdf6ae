"""Table of withheld information."""

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from services.catalog_api.models.base import Base


class WithheldRow(Base):
    """不予公开信息, with its evaluations (条例第十八条)."""

    __tablename__ = "withheld"
    __table_args__ = (
        sa.UniqueConstraint("organization", "external_id"),
        sa.Index("ix_withheld_path", "organization_path", postgresql_using="gin"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization: Mapped[str]
    organization_name: Mapped[str]
    organization_path: Mapped[list[str]]
    external_id: Mapped[str]
    content: Mapped[str]
    content_hash: Mapped[str]
    reviews: Mapped[str] = mapped_column(comment="JSON, the earliest first.")
    state: Mapped[str]
    next_review_on: Mapped[date]
    version: Mapped[int]
