"""Tables of what is to be decided before documents expire. No behaviour."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from services.policy_api.models.base import Base


class ExpiryTaskRow(Base):
    """到期评估: one document and one last day that somebody has to look at before it comes."""

    __tablename__ = "expiry_task"
    __table_args__ = (
        sa.UniqueConstraint("policy_id", "expires_on"),
        sa.CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name="decided_is_dated"),
        sa.Index("ix_expiry_task_organization", "organization", "expires_on", "id"),
        sa.Index(
            "ix_expiry_task_next_reminder_on",
            "next_reminder_on",
            postgresql_where=sa.text("next_reminder_on IS NOT NULL AND decision IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    policy_id: Mapped[UUID] = mapped_column(sa.ForeignKey("policy.id"))
    organization: Mapped[str]
    expires_on: Mapped[date]
    version: Mapped[int] = mapped_column(comment="Counts reminders and the decision.")
    next_reminder_on: Mapped[date | None] = mapped_column(comment="Empty after the last.")
    evaluation: Mapped[str | None] = mapped_column(comment="JSON: method, findings, day.")
    decision: Mapped[str | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    opened_at: Mapped[datetime]
