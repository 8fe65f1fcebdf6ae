"""Tables of requests. What is personal is sealed (`bytes`) field by field; the rest is what rules and figures need."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from services.request_api.models.base import Base

OPEN = sa.text("is_open")


class RequestRow(Base):
    """依申请公开: one request, as its steps have made it."""

    __tablename__ = "request"
    __table_args__ = (
        sa.UniqueConstraint("organization", "external_id"),
        sa.UniqueConstraint("number"),
        sa.Index(
            "uq_request_province", "province_id", unique=True, postgresql_where=sa.text("province_id IS NOT NULL")
        ),
        sa.Index("ix_request_listed", "organization", "id"),
        sa.Index("ix_request_open", "organization", "due_on", "state", postgresql_where=OPEN),
        sa.Index(
            "ix_request_waiting", "waiting_until", postgresql_where=sa.text("is_open AND waiting_until IS NOT NULL")
        ),
        sa.Index("ix_request_calendar", "calendar_version", "id", postgresql_where=OPEN),
        sa.Index("ix_request_applicant", "applicant_key", "organization", "received_on"),
        sa.Index(
            "ix_request_subject", "organization", "subject_key", postgresql_where=sa.text("subject_key IS NOT NULL")
        ),
        sa.Index("ix_request_sealed_with", "sealed_with", "id"),
        sa.Index("ix_request_kept", "closed_on", postgresql_where=sa.text("NOT is_open AND erased_on IS NULL")),
        sa.Index("ix_request_received", "received_on", "organization"),
        sa.Index(
            "ix_request_closed",
            "closed_on",
            "organization",
            # What the board and the report count is in the index itself.
            postgresql_include=["answered_on", "due_on", "channel", "state", "report_row", "applicant_kind"],
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization: Mapped[str]
    organization_name: Mapped[str]
    organization_path: Mapped[list[str]]
    external_id: Mapped[str]
    number: Mapped[str]
    province_id: Mapped[str | None]
    channel: Mapped[str]
    state: Mapped[str]
    is_open: Mapped[bool]
    applicant_kind: Mapped[str]
    applicant_key: Mapped[bytes | None] = mapped_column(
        comment="Keyed fingerprint of the identity number; erased with it."
    )
    content_key: Mapped[bytes] = mapped_column(
        comment="Keyed fingerprint of what was handed in: a retry is recognised."
    )
    subject_key: Mapped[bytes | None] = mapped_column(
        comment="Keyed fingerprint of what is asked for by name or number."
    )
    assistance: Mapped[list[str]]
    form: Mapped[str] = mapped_column(comment="JSON.")
    wanted: Mapped[bytes | None] = mapped_column(comment="Sealed.")
    submitted_at: Mapped[datetime]
    received_on: Mapped[date | None]
    first_due_on: Mapped[date | None]
    due_on: Mapped[date | None]
    waiting_until: Mapped[date | None]
    provisional: Mapped[bool]
    calendar_version: Mapped[str]
    decision: Mapped[str | None]
    exemption: Mapped[str | None]
    report_row: Mapped[str | None]
    answered_on: Mapped[date | None]
    closed_on: Mapped[date | None]
    reply_number: Mapped[str | None]
    erased_on: Mapped[date | None]
    sealed_with: Mapped[str] = mapped_column(comment="The key that all its sealed values open with, or a newer one.")
    version: Mapped[int]
    recorded_at: Mapped[datetime]


class ApplicantRow(Base):
    """申请人: every field sealed by itself; the row goes when the personal data is erased."""

    __tablename__ = "applicant"

    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("request.id"), primary_key=True)
    name: Mapped[bytes]
    identity: Mapped[bytes]
    phone: Mapped[bytes | None]
    address: Mapped[bytes | None]
    email: Mapped[bytes | None]
    more: Mapped[bytes | None] = mapped_column(comment="Postcode, employer, representative, contact person.")
    agent: Mapped[bytes | None]


class StepRow(Base):
    """办理环节: appended, never changed. `facts` is what the rules count with, `private` what was said, sealed."""

    __tablename__ = "step"
    __table_args__ = (
        sa.Index(
            "ix_step_recomputed",
            sa.text("(facts::jsonb ->> 'calendar_version')"),
            "request_id",
            postgresql_where=sa.text("kind = 'recomputed'"),
        ),
    )

    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("request.id"), primary_key=True)
    sequence: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    kind: Mapped[str]
    on_day: Mapped[date]
    recorded_at: Mapped[datetime]
    actor: Mapped[str]
    facts: Mapped[str] = mapped_column(comment="JSON.")
    private: Mapped[bytes | None]
    state: Mapped[str]
    due_on: Mapped[date | None]


class FeeRow(Base):
    """收费通知 and what came of it (国办函〔2020〕109号)."""

    __tablename__ = "fee_notice"
    __table_args__ = (sa.Index("ix_fee_notice_noticed", "noticed_on", "organization"),)

    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("request.id"), primary_key=True)
    organization: Mapped[str]
    method: Mapped[str]
    quantity: Mapped[int]
    amount_yuan: Mapped[int]
    noticed_on: Mapped[date]
    pay_until: Mapped[date]
    paid_on: Mapped[date | None]
    receipt_no: Mapped[str | None]


class SeriesRow(Base):
    """Numbers without gaps: the last one given of a series, an organisation and a year."""

    __tablename__ = "series"

    organization: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    last: Mapped[int] = mapped_column(sa.Integer)


class FileRow(Base):
    """A file of a request: handed in by the applicant, or part of the answer. Name and content sealed."""

    __tablename__ = "request_file"
    __table_args__ = (sa.Index("ix_request_file_request", "request_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("request.id"))
    role: Mapped[str]
    title: Mapped[str] = mapped_column(comment="As the applicant sees it.")
    name: Mapped[bytes]
    media_type: Mapped[str]
    size: Mapped[int]
    content: Mapped[bytes]
    findings: Mapped[str] = mapped_column(comment="JSON: what the check before the answer leaves found.")
    cleared: Mapped[bool] = mapped_column(comment="Whether it may leave.")
    issued_on: Mapped[date]
    recorded_at: Mapped[datetime]
