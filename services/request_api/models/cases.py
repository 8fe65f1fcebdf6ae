"""Tables of the case library, joint consultations, conversions and urging."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from services.request_api.models.base import Base


class LibraryCaseRow(Base):
    """案例: anonymised, so kept in the open; `words` is what is searched."""

    __tablename__ = "library_case"
    __table_args__ = (
        sa.Index("ix_library_case_listed", "id", postgresql_where=sa.text("NOT withdrawn")),
        sa.Index("ix_library_case_words", "words", postgresql_using="gin", postgresql_ops={"words": "gin_trgm_ops"}),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("request.id"), unique=True)
    case_no: Mapped[str] = mapped_column(unique=True)
    organization: Mapped[str]
    organization_name: Mapped[str]
    organization_path: Mapped[list[str]]
    share_scope: Mapped[str]
    topic: Mapped[str]
    decision: Mapped[str]
    content: Mapped[str] = mapped_column(comment="JSON.")
    words: Mapped[str]
    withdrawn: Mapped[bool]
    shared_at: Mapped[datetime]
    version: Mapped[int]


class JointConsultationRow(Base):
    """会商: its words sealed, for they speak of a request."""

    __tablename__ = "joint_consultation"
    __table_args__ = (sa.UniqueConstraint("request_id", "external_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("request.id"))
    external_id: Mapped[str]
    content: Mapped[bytes] = mapped_column(comment="Sealed.")
    recorded_at: Mapped[datetime]
    version: Mapped[int]


class ConversionRow(Base):
    """依申请转主动: a subject that several applicants asked an organ for, and what became of it."""

    __tablename__ = "conversion"
    __table_args__ = (
        sa.UniqueConstraint("organization", "subject_key"),
        sa.Index("ix_conversion_listed", "organization", "id"),
        sa.Index("ix_conversion_undelivered", "id", postgresql_where=sa.text("state = 'accepted'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization: Mapped[str]
    organization_name: Mapped[str]
    subject_key: Mapped[bytes]
    requests: Mapped[list[str]]
    applicants: Mapped[int]
    period_from: Mapped[date]
    period_to: Mapped[date]
    suggested: Mapped[bool]
    state: Mapped[str]
    subject: Mapped[str | None]
    note: Mapped[str | None]
    candidate_id: Mapped[UUID | None]
    decided_by: Mapped[str | None]
    version: Mapped[int]


class RequestUrgingRow(Base):
    """督办: a superior urges an office over a request, and is answered."""

    __tablename__ = "request_urging"
    __table_args__ = (
        sa.Index("ix_request_urging_request", "request_id", "id"),
        sa.Index("ix_request_urging_organization", "organization", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("request.id"))
    organization: Mapped[str]
    urged_by: Mapped[str]
    words: Mapped[bytes] = mapped_column(comment="Sealed.")
    answer_by: Mapped[date]
    urged_at: Mapped[datetime]
    answer: Mapped[bytes | None] = mapped_column(comment="Sealed.")
    answered_at: Mapped[datetime | None]
