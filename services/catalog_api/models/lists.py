"""Tables of lists: entries and their texts."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from services.catalog_api.models.base import Base


class ListEntryRow(Base):
    """清单事项. The representation is that of the text in force when it was last rendered."""

    __tablename__ = "list_entry"
    __table_args__ = (
        sa.UniqueConstraint("organization", "kind", "external_id"),
        sa.Index("ix_list_entry_kind", "kind", "id"),
        sa.Index("ix_list_entry_due", "next_change_on", postgresql_where=sa.text("next_change_on IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization: Mapped[str]
    organization_name: Mapped[str]
    kind: Mapped[str]
    external_id: Mapped[str]
    latest_number: Mapped[int]
    version: Mapped[int]
    next_change_on: Mapped[date | None]
    representation: Mapped[bytes | None]
    etag: Mapped[str | None]


class ListTextRow(Base):
    """What an entry says from a day on; an empty content is its end. Never changed, only superseded."""

    __tablename__ = "list_text"
    __table_args__ = (
        sa.Index(
            "uq_list_text_day",
            "entry_id",
            "effective_on",
            unique=True,
            postgresql_where=sa.text("superseded_at IS NULL"),
        ),
    )

    entry_id: Mapped[UUID] = mapped_column(sa.ForeignKey("list_entry.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    effective_on: Mapped[date]
    content: Mapped[str | None]
    content_hash: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    superseded_at: Mapped[datetime | None]
