"""Tables of corrections of records, and of the office's work."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from services.request_api.models.base import Base


class RecordCorrectionRow(Base):
    """更正政府信息 (条例第四十一条). What is personal is sealed."""

    __tablename__ = "record_correction"
    __table_args__ = (
        sa.UniqueConstraint("organization", "external_id"),
        sa.UniqueConstraint("number"),
        sa.Index("ix_record_correction_listed", "organization", "id"),
        sa.Index("ix_record_correction_sealed_with", "sealed_with", "id"),
        sa.Index("ix_record_correction_kept", "told_on", postgresql_where=sa.text("erased_on IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization: Mapped[str]
    organization_name: Mapped[str]
    external_id: Mapped[str]
    number: Mapped[str]
    content_key: Mapped[bytes] = mapped_column(comment="Keyed fingerprint: a retry is recognised.")
    content: Mapped[bytes | None] = mapped_column(comment="Sealed; erased when its time is over.")
    submitted_on: Mapped[date]
    outcome: Mapped[str | None]
    organ: Mapped[str | None]
    answer: Mapped[bytes | None] = mapped_column(comment="Sealed.")
    told_on: Mapped[date | None]
    erased_on: Mapped[date | None]
    sealed_with: Mapped[str]
    recorded_at: Mapped[datetime]
    version: Mapped[int]


class WorkRecordRow(Base):
    """政务公开工作记录."""

    __tablename__ = "work_record"
    __table_args__ = (
        sa.UniqueConstraint("organization", "external_id"),
        sa.Index("ix_work_record_listed", "organization_path", postgresql_using="gin"),
        sa.Index("ix_work_record_day", "on_day", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization: Mapped[str]
    organization_name: Mapped[str]
    organization_path: Mapped[list[str]]
    external_id: Mapped[str]
    kind: Mapped[str]
    on_day: Mapped[date]
    content: Mapped[str] = mapped_column(comment="JSON.")
    content_hash: Mapped[str]
    recorded_by: Mapped[str]
    version: Mapped[int]
