"""Tables of webhooks out: subscriptions, messages, deliveries and their tries."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from services.exchange_api.models.base import Base

PENDING = sa.text("state = 'pending'")


class SubscriptionRow(Base):
    """订阅. `content` is what its organisation said."""

    __tablename__ = "subscription"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization: Mapped[str] = mapped_column(sa.ForeignKey("organization.code"), index=True)
    content: Mapped[str] = mapped_column(comment="JSON.")
    state: Mapped[str]
    disabled_reason: Mapped[str | None]
    failing_since: Mapped[datetime | None]
    version: Mapped[int]
    created_at: Mapped[datetime]


class WebhookKeyRow(Base):
    """A key that signs for a subscription; its secret part sealed."""

    __tablename__ = "webhook_key"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    subscription_id: Mapped[UUID] = mapped_column(sa.ForeignKey("subscription.id", ondelete="CASCADE"), index=True)
    scheme: Mapped[str]
    sealed: Mapped[bytes]
    public_key: Mapped[str | None]
    created_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]


class PositionRow(Base):
    """How far each service's log has been read."""

    __tablename__ = "reading_position"

    source: Mapped[str] = mapped_column(primary_key=True)
    cursor: Mapped[str]
    moved_at: Mapped[datetime]
    caught_up_at: Mapped[datetime | None]
    """When it had everything that the log had."""


class PlaceRow(Base):
    """Whose a subject is: the event that it is public no more does not say."""

    __tablename__ = "subject_place"

    source: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    organization: Mapped[str]


class MessageRow(Base):
    """An event that somebody subscribes to, byte for byte as it is sent."""

    __tablename__ = "message"
    __table_args__ = (sa.Index("ix_message_day", "day", "type"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]
    type: Mapped[str]
    subject: Mapped[str]
    subjectversion: Mapped[int]
    occurred_at: Mapped[datetime]
    day: Mapped[date] = mapped_column(comment="Of `occurred_at`, China Standard Time.")
    body: Mapped[str]


class DeliveryRow(Base):
    """A message for one endpoint. `seq` is the order in which it is sent."""

    __tablename__ = "delivery"
    __table_args__ = (
        sa.UniqueConstraint("subscription_id", "message_id"),
        sa.Index("ix_delivery_due", "subscription_id", "next_at", "seq", postgresql_where=PENDING),
        sa.Index("ix_delivery_subject", "subscription_id", "subject", "seq", postgresql_where=PENDING),
        sa.Index("ix_delivery_listed", "subscription_id", "seq"),
        sa.Index("ix_delivery_dead", "subscription_id", "seq", postgresql_where=sa.text("state = 'dead'")),
        sa.Index("ix_delivery_message", "message_id"),
    )

    seq: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    subscription_id: Mapped[UUID] = mapped_column(sa.ForeignKey("subscription.id", ondelete="CASCADE"))
    message_id: Mapped[str] = mapped_column(sa.ForeignKey("message.id", ondelete="CASCADE"))
    subject: Mapped[str]
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(sa.Integer)
    next_at: Mapped[datetime]
    last_status: Mapped[int | None] = mapped_column(sa.Integer)
    settled_at: Mapped[datetime | None]


class AttemptRow(Base):
    """A try. Append-only but for pruning from the oldest on; hash = sha256(previous hash + content)."""

    __tablename__ = "attempt"
    __table_args__ = (sa.Index("ix_attempt_delivery", "delivery_seq", "seq"), sa.Index("ix_attempt_at", "at"))

    seq: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    delivery_seq: Mapped[int] = mapped_column(sa.BigInteger)
    subscription_id: Mapped[UUID]
    message_id: Mapped[str]
    at: Mapped[datetime]
    status: Mapped[int] = mapped_column(sa.Integer)
    latency_ms: Mapped[int] = mapped_column(sa.Integer)
    excerpt: Mapped[str]
    hash: Mapped[bytes]


class AttemptHeadRow(Base):
    """Where the chain of tries ends, and where it begins now that older ones are gone."""

    __tablename__ = "attempt_head"
    __table_args__ = (sa.CheckConstraint("id", name="one_row"),)

    id: Mapped[bool] = mapped_column(sa.Boolean, primary_key=True, server_default=sa.true())
    seq: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")
    hash: Mapped[bytes] = mapped_column(server_default=sa.text(r"'\x'::bytea"))
    pruned_through: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")
    pruned_hash: Mapped[bytes] = mapped_column(server_default=sa.text(r"'\x'::bytea"))
