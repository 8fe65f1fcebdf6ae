"""Tables of search_sync: what is in which index, and how far each log has been applied. No behaviour."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.kit.tables import TYPES, service_metadata


class Base(DeclarativeBase):
    metadata = service_metadata()
    type_annotation_map = TYPES


class WriterRow(Base):
    """One row: which worker may write. Every commit of a worker checks that the epoch is still its own."""

    __tablename__ = "writer"
    __table_args__ = (sa.CheckConstraint("id", name="one_row"),)

    id: Mapped[bool] = mapped_column(primary_key=True, server_default=sa.true())
    epoch: Mapped[int] = mapped_column(server_default="0")


class GenerationRow(Base):
    """One building of one index (documents, passages), from an export. At most one of each is live."""

    __tablename__ = "generation"
    __table_args__ = (
        sa.CheckConstraint("state IN ('building', 'live')", name="known_state"),
        sa.CheckConstraint("shelf IN ('documents', 'passages')", name="known_shelf"),
        sa.Index("uq_generation_live", "shelf", unique=True, postgresql_where=sa.text("state = 'live'")),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    engine_identity: Mapped[str]
    """The engine's own creation time of the index. It stays with the content when names are swapped."""
    index_version: Mapped[str]
    state: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    live_at: Mapped[datetime | None]
    shelf: Mapped[str] = mapped_column(server_default="documents")
    vocabulary: Mapped[str] = mapped_column(server_default="0.0")
    """Versions of the synonyms and stop words that its index has: `3.1`."""


class PositionRow(Base):
    """How far one log has been applied to one generation."""

    __tablename__ = "log_position"

    generation: Mapped[int] = mapped_column(sa.ForeignKey("generation.id", ondelete="CASCADE"), primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    cursor: Mapped[str]
    reflects_until: Mapped[datetime]
    applied: Mapped[int] = mapped_column(server_default="0")
    """Documents written since the generation began."""
    last_lag_ms: Mapped[int | None]
    """From the newest applied event's commit to its document being searchable."""
    updated_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())


class LedgerRow(Base):
    """Which version of a subject is in the index. The engine itself would let a late older write win."""

    __tablename__ = "ledger"

    generation: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    version: Mapped[int]
    content_hash: Mapped[str | None]
    deleted: Mapped[bool] = mapped_column(server_default=sa.false())


class ParkedRow(Base):
    """A document that cannot be indexed, and why."""

    __tablename__ = "parked"

    generation: Mapped[int] = mapped_column(sa.ForeignKey("generation.id", ondelete="CASCADE"), primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    version: Mapped[int]
    reason: Mapped[str]
    data: Mapped[str | None]
    """The representation as JSON text, to try again with."""
    attempts: Mapped[int] = mapped_column(server_default="1")
    parked_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())


class OrderRow(Base):
    """Something an administrator asks the worker to do."""

    __tablename__ = "work_order"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('rebuild', 'verify', 'retry_parked')", name="known_kind"),
        sa.Index("ix_work_order_open", "requested_at", postgresql_where=sa.text("finished_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    requested_by: Mapped[str]
    requested_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[dict[str, Any] | None]
    error: Mapped[str | None]


class VocabularyRow(Base):
    """Synonyms (同义词) or stop words (停用词), as administrators want them."""

    __tablename__ = "vocabulary"
    __table_args__ = (sa.CheckConstraint("kind IN ('synonyms', 'stop_words')", name="known_kind"),)

    kind: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    content: Mapped[dict[str, Any]]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
