"""Tables of notices: an office's templates, and the documents that went out."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from services.request_api.models.base import Base


class NoticeTemplateRow(Base):
    """文书模板: every version an office has handed in; one of a kind is in force."""

    __tablename__ = "notice_template"
    __table_args__ = (
        sa.Index(
            "uq_notice_template_active", "organization", "kind", unique=True, postgresql_where=sa.text("is_active")
        ),
    )

    organization: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    is_active: Mapped[bool]
    sha256: Mapped[str]
    content: Mapped[bytes] = mapped_column(comment="The .docx, without properties and authors.")
    uploaded_by: Mapped[str]
    uploaded_at: Mapped[datetime]


class NoticeRow(Base):
    """文书 as it was issued: its fields and its file sealed, its number without a gap."""

    __tablename__ = "notice"
    __table_args__ = (
        sa.UniqueConstraint("organization", "number"),
        sa.Index("ix_notice_request", "request_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("request.id"))
    organization: Mapped[str]
    kind: Mapped[str]
    number: Mapped[str]
    year: Mapped[int] = mapped_column(sa.Integer)
    template_of: Mapped[str | None] = mapped_column(comment="Whose template; empty: the built-in one.")
    template_version: Mapped[int] = mapped_column(sa.Integer)
    fields: Mapped[bytes | None] = mapped_column(comment="Sealed; erased with the personal data.")
    content: Mapped[bytes | None] = mapped_column(comment="Sealed; erased with the personal data.")
    sha256: Mapped[str]
    issued_on: Mapped[date]
    revoked_on: Mapped[date | None]
    recorded_at: Mapped[datetime]
