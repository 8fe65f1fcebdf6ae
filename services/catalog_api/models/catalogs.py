"""Tables of catalogs, their versions and the items in force."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from services.catalog_api.models.base import Base


class CatalogRow(Base):
    """目录: an organisation's, by the name it gave it. Public from the first version in force on."""

    __tablename__ = "catalog"
    __table_args__ = (
        sa.UniqueConstraint("organization", "external_id"),
        sa.Index("ix_catalog_listed", "id", postgresql_where=sa.text("representation IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization: Mapped[str]
    organization_name: Mapped[str]
    organization_path: Mapped[list[str]]
    division_code: Mapped[str]
    external_id: Mapped[str]
    level: Mapped[str]
    upper: Mapped[UUID | None] = mapped_column(sa.ForeignKey("catalog.id"), index=True)
    latest_number: Mapped[int]
    version: Mapped[int] = mapped_column(comment="Of the representation.")
    representation: Mapped[bytes | None]
    etag: Mapped[str | None]


class CatalogVersionRow(Base):
    """目录版本. `content` is what was drafted; times are those of its states."""

    __tablename__ = "catalog_version"
    __table_args__ = (
        sa.Index(
            "uq_catalog_version_in_force", "catalog_id", unique=True, postgresql_where=sa.text("state = 'in_force'")
        ),
        sa.CheckConstraint("(state IN ('draft', 'reviewed')) = (effective_on IS NULL)", name="effective_when_in_force"),
    )

    catalog_id: Mapped[UUID] = mapped_column(sa.ForeignKey("catalog.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]
    content: Mapped[str]
    content_hash: Mapped[str]
    effective_on: Mapped[date | None]
    ended_on: Mapped[date | None] = mapped_column(comment="The day from which another version holds, or none.")
    drafted_by: Mapped[str]
    drafted_at: Mapped[datetime]
    reviewed_by: Mapped[str | None]
    enforced_by: Mapped[str | None]


class ItemRow(Base):
    """公开事项: one that was in force at least once; its id stays the same over versions."""

    __tablename__ = "item"
    __table_args__ = (
        sa.UniqueConstraint("catalog_id", "key"),
        sa.Index("ix_item_listed", "catalog_id", "position", postgresql_where=sa.text("in_force")),
        sa.Index("ix_item_domain", "domain", "id", postgresql_where=sa.text("in_force")),
        sa.Index("ix_item_recurring", "id", postgresql_where=sa.text("in_force AND recurrence IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    catalog_id: Mapped[UUID] = mapped_column(sa.ForeignKey("catalog.id"))
    key: Mapped[str]
    position: Mapped[int]
    domain: Mapped[str]
    level: Mapped[str] = mapped_column(comment="The catalog's.")
    responsible: Mapped[str] = mapped_column(index=True)
    refines: Mapped[UUID | None] = mapped_column(index=True)
    in_force: Mapped[bool]
    since: Mapped[date] = mapped_column(comment="From when it has been in force without a break.")
    recurrence: Mapped[str | None] = mapped_column(comment="How often it asks by itself.")
    version: Mapped[int]
    representation: Mapped[bytes]
    etag: Mapped[str]
