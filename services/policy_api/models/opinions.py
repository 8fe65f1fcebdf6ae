"""Table of opinions (意见) on consultations. What is personal stands in the two sealed columns and nowhere else."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from services.policy_api.models.base import Base


class OpinionRow(Base):
    """意见: received while its consultation is open, then handled. Never public."""

    __tablename__ = "opinion"
    __table_args__ = (
        sa.CheckConstraint("outcome IN ('adopted', 'partly', 'not_adopted')", name="outcome"),
        sa.CheckConstraint(
            "(outcome IS NULL) = (handled_at IS NULL) AND (outcome IS NULL) = (version = 0)", name="handled_is_dated"
        ),
        sa.CheckConstraint("outcome = 'adopted' OR outcome IS NULL OR reason IS NOT NULL", name="refusal_is_reasoned"),
        sa.Index("ix_opinion_consultation_id", "consultation_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    consultation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("entry.id"))
    received_at: Mapped[datetime]
    submitter_kind: Mapped[str]
    about: Mapped[str | None] = mapped_column(comment="An address in the draft.")
    sealed_text: Mapped[bytes] = mapped_column(comment="AES-256-GCM under the opinion key, bound to the id.")
    sealed_submitter: Mapped[bytes | None] = mapped_column(comment="The same; null when anonymous.")
    version: Mapped[int] = mapped_column(comment="Counts handlings; 0 before the first.")
    outcome: Mapped[str | None]
    reason: Mapped[str | None] = mapped_column(comment="The drafter's words.")
    handled_at: Mapped[datetime | None]
