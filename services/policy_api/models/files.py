"""Tables of uploaded files. Their bytes are in the file store, by their hash."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from services.policy_api.models.base import Base


class FileRow(Base):
    """附件文件: what an organisation uploaded, and its review. The same bytes may be several organisations'."""

    __tablename__ = "file"
    __table_args__ = (sa.Index("ix_file_organization", "organization", "uploaded_at", "sha256"),)

    sha256: Mapped[str] = mapped_column(primary_key=True)
    organization: Mapped[str] = mapped_column(primary_key=True)
    organization_path: Mapped[list[str]]
    name: Mapped[str] = mapped_column(comment="As it was uploaded.")
    media_type: Mapped[str] = mapped_column(comment="By content.")
    size: Mapped[int]
    uploaded_by: Mapped[str]
    uploaded_at: Mapped[datetime]
    review: Mapped[str | None] = mapped_column(comment="The newest review, as JSON.")
    passed: Mapped[bool] = mapped_column(comment="Reviewed, and nothing stands against publishing it.")


class FileUseRow(Base):
    """Which accepted content names a file by its address. Written by triggers on the tables that hold content."""

    __tablename__ = "file_use"
    __table_args__ = (sa.Index("ix_file_use_subject", "subject", "number"),)

    sha256: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, comment="Of a policy's text; 0 otherwise.")
