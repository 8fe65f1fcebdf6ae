"""Tables of dossiers (会签卷). A material is a row of `interpretation` in state `draft` until its release."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from services.policy_api.models.base import Base


class DossierRow(Base):
    """会签卷: carries the newest unreleased text of one policy."""

    __tablename__ = "dossier"
    __table_args__ = (
        sa.CheckConstraint("state IN ('draft', 'submitted', 'signed', 'returned', 'released')", name="state"),
        sa.CheckConstraint(
            "(state = 'released') = (released_at IS NOT NULL AND published_on IS NOT NULL AND version_number IS NOT NULL)",
            name="released_is_dated",
        ),
        sa.CheckConstraint(
            "(state IN ('submitted', 'signed')) <= (submitted_at IS NOT NULL)", name="submitted_is_dated"
        ),
        sa.CheckConstraint("(plan IS NULL) = (plan_hash IS NULL)", name="plan_is_hashed"),
        sa.CheckConstraint("(exemption IS NULL) = (exemption_hash IS NULL)", name="exemption_is_hashed"),
        # One text has one way to the public: two dossiers at once would each sign half of what is released.
        sa.Index("uq_dossier_open_policy", "policy_id", unique=True, postgresql_where=sa.text("state <> 'released'")),
        sa.Index("ix_dossier_policy_id", "policy_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    policy_id: Mapped[UUID] = mapped_column(sa.ForeignKey("policy.id"))
    organization: Mapped[str]
    state: Mapped[str]
    version: Mapped[int] = mapped_column(comment="Grows with every act.")
    drafting_units: Mapped[list[str]] = mapped_column(comment="Organisation codes, the lead first.")
    handles_applications: Mapped[bool]
    plan: Mapped[str | None] = mapped_column(comment="Canonical JSON of a PlanInput; plan_hash covers it.")
    plan_hash: Mapped[str | None]
    plan_created_at: Mapped[datetime | None]
    exemption: Mapped[str | None] = mapped_column(comment="Canonical JSON; exemption_hash covers it.")
    exemption_hash: Mapped[str | None]
    consultation: Mapped[str | None] = mapped_column(comment="JSON of a ConsultationInput.")
    feedback: Mapped[str | None] = mapped_column(comment="JSON of a FeedbackInput.")
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None] = mapped_column(comment="Of the submission that stands; null once returned.")
    released_at: Mapped[datetime | None]
    published_on: Mapped[date | None]
    version_number: Mapped[int | None] = mapped_column(comment="The text that was released.")


class DossierActRow(Base):
    """One act on a dossier: who did what, when, on which content. Appended, never changed."""

    __tablename__ = "dossier_act"
    __table_args__ = (sa.Index("ix_dossier_act_dossier_id", "dossier_id", "at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    dossier_id: Mapped[UUID] = mapped_column(sa.ForeignKey("dossier.id"))
    kind: Mapped[str]
    duty: Mapped[str | None] = mapped_column(comment="What must not fall together with other duties.")
    client_id: Mapped[str]
    person_id: Mapped[str]
    at: Mapped[datetime]
    details: Mapped[str] = mapped_column(comment="JSON; the kind says of what form.")
