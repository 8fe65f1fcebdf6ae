"""Tables of the annual report, and of what reconsideration and courts decided."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from services.request_api.models.base import Base


class AnnualReportRow(Base):
    """年度报告: what people wrote, and the whole report as it was published."""

    __tablename__ = "annual_report"
    __table_args__ = (
        sa.Index(
            "ix_annual_report_published", "year", "organization", postgresql_where=sa.text("published IS NOT NULL")
        ),
    )

    organization: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    organization_name: Mapped[str]
    organization_path: Mapped[list[str]]
    state: Mapped[str]
    written: Mapped[str] = mapped_column(comment="JSON: what people write.")
    published: Mapped[str | None] = mapped_column(comment="JSON: the report as it was published last.")
    published_on: Mapped[date | None]
    reason: Mapped[str | None] = mapped_column(comment="Of the last correction.")
    version: Mapped[int]
    updated_at: Mapped[datetime]


class ReviewCaseRow(Base):
    """行政复议、行政诉讼案件 over a request."""

    __tablename__ = "review_case"
    __table_args__ = (
        sa.UniqueConstraint("request_id", "external_id"),
        sa.Index("ix_review_case_counted", "organization", "filed_on"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("request.id"))
    organization: Mapped[str]
    external_id: Mapped[str]
    kind: Mapped[str]
    filed_on: Mapped[date]
    result: Mapped[str | None]
    decided_on: Mapped[date | None]
    version: Mapped[int]
