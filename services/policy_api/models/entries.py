"""Tables of entries: subjects of their own beside the policies they are linked with."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from services.policy_api.models.base import Base
from services.policy_api.models.policies import IS_PUBLIC


class EntryRow(Base):
    """One entry of any kind: what its organisation pushed, and what the public reads of it, rendered."""

    __tablename__ = "entry"
    __table_args__ = (
        sa.UniqueConstraint("kind", "organization", "external_id"),
        sa.CheckConstraint("state IN ('public', 'withdrawn')", name="state"),
        sa.CheckConstraint("(state = 'public') = (representation IS NOT NULL)", name="public_is_rendered"),
        *(
            sa.Index(f"ix_entry_public_{name}", "kind", *columns, "published_on", "id", postgresql_where=IS_PUBLIC)
            for name, *columns in (
                ("all",),
                ("organization", "organization"),
                ("status", "status"),
                ("organization_status", "organization", "status"),
            )
        ),
        sa.Index(
            "ix_entry_next_change_on",
            "next_change_on",
            postgresql_where=sa.text("state = 'public' AND next_change_on IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    organization: Mapped[str]
    organization_name: Mapped[str]
    organization_path: Mapped[list[str]]
    level: Mapped[str]
    division_code: Mapped[str]
    external_id: Mapped[str]
    state: Mapped[str]
    version: Mapped[int] = mapped_column(comment="Counts public representations.")
    title: Mapped[str]
    content: Mapped[str] = mapped_column(comment="Canonical JSON of what was pushed; content_hash covers it.")
    content_hash: Mapped[str]
    supplement: Mapped[str | None] = mapped_column(comment="JSON that the service adds, such as a result.")
    published_on: Mapped[date]
    status: Mapped[str | None] = mapped_column(comment="As the representation says; a date may have overtaken it.")
    next_change_on: Mapped[date | None] = mapped_column(comment="When the representation changes by date alone.")
    representation: Mapped[bytes | None]
    listing: Mapped[bytes | None] = mapped_column(comment="The representation without its long texts, for lists.")
    etag: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    changed_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())


class EntryLinkRow(Base):
    """What an entry points at. Rewritten with every push; kept after a withdrawal."""

    __tablename__ = "entry_link"
    __table_args__ = (sa.Index("ix_entry_link_target", "target_id", "entry_kind", "published_on", "entry_id"),)

    entry_id: Mapped[UUID] = mapped_column(sa.ForeignKey("entry.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    target_kind: Mapped[str]
    target_id: Mapped[UUID]
    articles: Mapped[list[str]]
    entry_kind: Mapped[str] = mapped_column(comment="Repeats the entry's, as published_on does: the order of lists.")
    published_on: Mapped[date]
