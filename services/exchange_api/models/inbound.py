"""Tables of webhooks in: partners and their messages."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from services.exchange_api.models.base import Base


class PartnerRow(Base):
    """外部平台, with the keys by which it is known: public ones open, shared ones sealed."""

    __tablename__ = "partner"

    source: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    organization: Mapped[str] = mapped_column(sa.ForeignKey("organization.code"))
    public_keys: Mapped[list[str]]
    sealed_secrets: Mapped[bytes] = mapped_column(comment="JSON list, sealed.")
    shared_secrets: Mapped[int] = mapped_column(sa.Integer)
    types: Mapped[list[str]]
    version: Mapped[int]


class InboundRow(Base):
    """A partner's message. Its body is sealed, for an assigned request speaks of its applicant; erased once it is done."""

    __tablename__ = "inbound"
    __table_args__ = (
        sa.Index("ix_inbound_due", "next_at", "seq", postgresql_where=sa.text("state = 'stored'")),
        sa.Index("ix_inbound_subject", "source", "subject", "seq", postgresql_where=sa.text("state = 'stored'")),
        sa.Index("ix_inbound_listed", "source", "seq"),
        sa.Index("ix_inbound_day", "source", "day"),
    )

    source: Mapped[str] = mapped_column(sa.ForeignKey("partner.source"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), unique=True)
    type: Mapped[str]
    subject: Mapped[str]
    place: Mapped[int] = mapped_column(comment="The message's number within its subject.")
    day: Mapped[date]
    digest: Mapped[bytes] = mapped_column(comment="SHA-256 of the body: a replay is the same one.")
    body: Mapped[bytes | None]
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(sa.Integer)
    next_at: Mapped[datetime]
    last_error: Mapped[str | None]
    received_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
