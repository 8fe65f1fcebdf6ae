"""Tables of organisations, clients, keys and the calendar."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from services.exchange_api.models.base import Base


class OrganizationRow(Base):
    """机关单位: a node of the tree. `path` holds the codes from the root to itself."""

    __tablename__ = "organization"
    __table_args__ = (
        sa.Index("ix_organization_path", "path", postgresql_using="gin"),
        sa.Index(
            "uq_organization_root", sa.text("(parent IS NULL)"), unique=True, postgresql_where=sa.text("parent IS NULL")
        ),
        sa.CheckConstraint("valid_from IS NULL OR valid_to IS NULL OR valid_from <= valid_to", name="valid_period"),
        sa.CheckConstraint("path[cardinality(path)] = code", name="path_ends_here"),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    short_name: Mapped[str | None]
    kind: Mapped[str]
    level: Mapped[str] = mapped_column(index=True)
    division_code: Mapped[str] = mapped_column(index=True)
    zone_code: Mapped[str | None]
    parent: Mapped[str | None] = mapped_column(sa.ForeignKey("organization.code"), index=True)
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    merged_into: Mapped[str | None] = mapped_column(sa.ForeignKey("organization.code"))
    path: Mapped[list[str]]
    version: Mapped[int]
    representation: Mapped[bytes]
    etag: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(server_default=sa.func.now(), onupdate=sa.func.now())


class ClientRow(Base):
    """API 客户端: a system that calls, in the name of one organisation."""

    __tablename__ = "client"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    organization: Mapped[str] = mapped_column(sa.ForeignKey("organization.code"), index=True)
    scopes: Mapped[list[str]]
    expires_on: Mapped[date | None]
    disabled_at: Mapped[datetime | None]
    networks: Mapped[list[str]] = mapped_column(server_default=sa.text("'{}'"))
    last_used_at: Mapped[datetime | None]
    public_keys: Mapped[str] = mapped_column(
        server_default="[]", comment="JSON: the client's own, for private_key_jwt."
    )
    reads_per_minute: Mapped[int | None]
    writes_per_minute: Mapped[int | None]
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())


class UsedAssertionRow(Base):
    """An assertion that a client got a token with: none does so twice. `jti` is hashed."""

    __tablename__ = "used_assertion"

    client_id: Mapped[UUID] = mapped_column(sa.ForeignKey("client.id"), primary_key=True)
    jti: Mapped[bytes] = mapped_column(primary_key=True)
    ends_at: Mapped[datetime] = mapped_column(index=True)


class ClientSecretRow(Base):
    """A client's secret, hashed. At most two live ones a client, so that rotation interrupts nobody."""

    __tablename__ = "client_secret"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column(sa.ForeignKey("client.id"), index=True)
    hash: Mapped[str]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())


class SigningKeyRow(Base):
    """An Ed25519 key that signs tokens; the newest not retired one signs, the others are still published."""

    __tablename__ = "signing_key"

    id: Mapped[str] = mapped_column(primary_key=True)
    public_key: Mapped[bytes]
    encrypted_private_key: Mapped[bytes]
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class CalendarYearRow(Base):
    """One year of the working-day calendar as an administrator imported it; wins over the shipped year."""

    __tablename__ = "calendar_year"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[dict[str, Any]]
    revision: Mapped[int] = mapped_column(sa.BigInteger)
