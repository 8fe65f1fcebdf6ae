"""Tables of what is to be mended in public documents. Kept by the worker, behind the log; no behaviour."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from services.policy_api.models.base import Base


class PolicyQualityRow(Base):
    """The report on one public document, as it was last looked at."""

    __tablename__ = "policy_quality"
    __table_args__ = (
        sa.Index("ix_policy_quality_body_hash", "body_hash", "policy_id"),
        sa.Index("ix_policy_quality_reg_no", "reg_no", "policy_id", postgresql_where=sa.text("reg_no IS NOT NULL")),
    )

    policy_id: Mapped[UUID] = mapped_column(sa.ForeignKey("policy.id"), primary_key=True)
    policy_version: Mapped[int]
    title: Mapped[str]
    doc_no: Mapped[str | None]
    reg_no: Mapped[str | None]
    body_hash: Mapped[str] = mapped_column(comment="Of the text without blanks.")
    score: Mapped[int]
    checked_on: Mapped[date]


class QualityPlaceRow(Base):
    """The same under its organisation and each organisation above it, so that a subtree is one walk of an index."""

    __tablename__ = "quality_place"

    organization: Mapped[str] = mapped_column(primary_key=True)
    policy_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("policy_quality.policy_id", ondelete="CASCADE"), primary_key=True
    )
    own: Mapped[bool] = mapped_column(comment="Whether the document is this organisation's own.")
    score: Mapped[int]

    __table_args__ = (sa.Index("ix_quality_place_policy_id", "policy_id"),)


class QualityFindingRow(Base):
    """One finding under its organisation and each organisation above it."""

    __tablename__ = "quality_finding"

    organization: Mapped[str] = mapped_column(primary_key=True)
    rule: Mapped[str] = mapped_column(primary_key=True)
    policy_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("policy_quality.policy_id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    own: Mapped[bool]
    severity: Mapped[str]
    pointer: Mapped[str]
    sentence: Mapped[str]
    evidence: Mapped[str | None]

    __table_args__ = (sa.Index("ix_quality_finding_policy_id", "policy_id"),)


class QualityProgressRow(Base):
    """One row: how far the worker has looked. `sweep_after` is set while everything is looked at again."""

    __tablename__ = "quality_progress"
    __table_args__ = (sa.CheckConstraint("id", name="one_row"),)

    id: Mapped[bool] = mapped_column(primary_key=True, server_default=sa.true())
    rules_version: Mapped[int]
    epoch: Mapped[str]
    seq: Mapped[int]
    sweep_after: Mapped[UUID | None]
    reflects_until: Mapped[datetime]
