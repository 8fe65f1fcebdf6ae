"""Tables of saved enterprise profiles (企业档案) and of the clauses they match. The facts stand sealed in one column."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from services.policy_api.models.base import Base


class EnterpriseProfileRow(Base):
    """企业档案: kept with consent, erased on request. Never public."""

    __tablename__ = "enterprise_profile"
    __table_args__ = (
        sa.UniqueConstraint("organization", "external_id"),
        sa.Index("ix_enterprise_profile_pending", "id", postgresql_where=sa.text("pending")),
        sa.Index("ix_enterprise_profile_unreadable", "id", postgresql_where=sa.text("unreadable")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, comment="Opaque: random, not made from anything.")
    organization: Mapped[str]
    external_id: Mapped[str]
    sealed_facts: Mapped[bytes] = mapped_column(comment="AES-256-GCM under the profile key, bound to the id.")
    consent_text_version: Mapped[str]
    consented_at: Mapped[datetime]
    saved_at: Mapped[datetime]
    pending: Mapped[bool] = mapped_column(comment="Not matched since it was saved.")
    unreadable: Mapped[bool] = mapped_column(
        server_default=sa.false(), comment="The key did not open it when it was last tried."
    )


class ProfileMatchRow(Base):
    """A clause that a profile matches now. Goes with either."""

    __tablename__ = "profile_match"
    __table_args__ = (
        sa.UniqueConstraint("profile_id", "clause_id"),
        sa.Index("ix_profile_match_clause_id", "clause_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    profile_id: Mapped[UUID] = mapped_column(sa.ForeignKey("enterprise_profile.id", ondelete="CASCADE"))
    clause_id: Mapped[UUID] = mapped_column(sa.ForeignKey("entry.id"))
    clause_version: Mapped[int]
    policy_id: Mapped[UUID]
    matched_at: Mapped[datetime]


class ClauseMatchingRow(Base):
    """How far a clause's version has been matched with the saved profiles."""

    __tablename__ = "clause_matching"

    clause_id: Mapped[UUID] = mapped_column(sa.ForeignKey("entry.id"), primary_key=True)
    clause_version: Mapped[int]
    after_profile: Mapped[UUID | None] = mapped_column(comment="Profiles up to this id are done; null: none yet.")
    done: Mapped[bool]
