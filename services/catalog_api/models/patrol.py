"""Tables of the patrol: word lists, retention rules, findings."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from services.catalog_api.models.base import Base


class WordListRow(Base):
    """词表."""

    __tablename__ = "word_list"

    name: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    severity: Mapped[str]
    words: Mapped[list[str]]
    version: Mapped[int]


class RetentionRuleRow(Base):
    """保留规则."""

    __tablename__ = "retention_rule"

    name: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    item_id: Mapped[UUID | None]
    domain: Mapped[str | None]
    days: Mapped[int]
    action: Mapped[str]
    basis: Mapped[str]
    version: Mapped[int]


class PatrolRulesRow(Base):
    """How often the lists were changed: what was looked at before is looked at again."""

    __tablename__ = "patrol_rules"
    __table_args__ = (sa.CheckConstraint("single", name="one_row"),)

    single: Mapped[bool] = mapped_column(primary_key=True)
    changes: Mapped[int]


class FindingRow(Base):
    """巡查发现: what should not be public. The excerpt is masked; the fingerprint tells it again without holding it."""

    __tablename__ = "finding"
    __table_args__ = (
        sa.UniqueConstraint("publication_id", "fingerprint"),
        sa.Index(
            "ix_finding_open", "organization", "id", postgresql_where=sa.text("decision IS NULL AND gone_on IS NULL")
        ),
        sa.Index("ix_finding_organization", "organization", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization: Mapped[str]
    publication_id: Mapped[UUID] = mapped_column(sa.ForeignKey("publication.id"))
    kind: Mapped[str]
    rule: Mapped[str]
    severity: Mapped[str]
    excerpt: Mapped[str]
    action: Mapped[str | None]
    fingerprint: Mapped[bytes]
    found_at: Mapped[datetime]
    decision: Mapped[str | None]
    note: Mapped[str | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    gone_on: Mapped[date | None]
    version: Mapped[int]
