"""Tables of what follows a policy's publication: counts of enquiries, and tasks to interpret again. Never public."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from services.policy_api.models.base import Base


class EnquiriesRow(Base):
    """咨询件数: of one period, on one policy, from one source. Numbers only."""

    __tablename__ = "enquiries"
    __table_args__ = (
        sa.UniqueConstraint("organization", "external_id"),
        sa.CheckConstraint("period_from <= period_to", name="period_runs_forward"),
        sa.CheckConstraint("count >= 0", name="count_is_not_negative"),
        sa.Index("ix_enquiries_policy_id", "policy_id", "period_to", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization: Mapped[str]
    external_id: Mapped[str]
    policy_id: Mapped[UUID] = mapped_column(sa.ForeignKey("policy.id"))
    source: Mapped[str]
    period_from: Mapped[date]
    period_to: Mapped[date]
    count: Mapped[int]
    topics: Mapped[str] = mapped_column(comment="JSON of the TopicCounts.")
    version: Mapped[int]
    content_hash: Mapped[str]
    recorded_at: Mapped[datetime]


class InterpretationTaskRow(Base):
    """跟踪解读任务: one for each cause, for ever."""

    __tablename__ = "interpretation_task"
    __table_args__ = (
        sa.UniqueConstraint("policy_id", "reason", "cause"),
        sa.CheckConstraint("reason IN ('enquiries', 'evaluation', 'effect', 'amended')", name="reason"),
        sa.CheckConstraint("state IN ('open', 'done', 'dismissed')", name="state"),
        sa.CheckConstraint("(state = 'open') = (closed_on IS NULL)", name="closed_is_dated"),
        sa.CheckConstraint("(state = 'done') = (closed_by IS NOT NULL)", name="done_by_an_interpretation"),
        sa.CheckConstraint("(state = 'dismissed') = (dismissal IS NOT NULL)", name="dismissed_with_a_reason"),
        sa.Index("ix_interpretation_task_due_on", "due_on", "id"),
        sa.Index("ix_interpretation_task_cause", "cause", postgresql_where=sa.text("state = 'open'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    policy_id: Mapped[UUID] = mapped_column(sa.ForeignKey("policy.id"))
    reason: Mapped[str]
    cause: Mapped[str] = mapped_column(comment="What opened it; the amending document's id when another amends.")
    caused_on: Mapped[date]
    opened_on: Mapped[date]
    due_on: Mapped[date]
    state: Mapped[str]
    version: Mapped[int]
    closed_on: Mapped[date | None]
    closed_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("interpretation.id"))
    dismissal: Mapped[str | None]
