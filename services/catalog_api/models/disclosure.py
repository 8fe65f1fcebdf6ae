"""Tables of tasks, their duties channel by channel, and publications."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from services.catalog_api.models.base import Base


class TaskRow(Base):
    """公开任务: information that an item in force requires to be public, announced by a business system or a period's end."""

    __tablename__ = "task"
    __table_args__ = (
        sa.UniqueConstraint("organization", "external_id"),
        sa.Index("ix_task_open", "organization", "due_on", "id", postgresql_where=sa.text("done_on IS NULL")),
        sa.Index("ix_task_item", "item_id", "id"),
        sa.Index("ix_task_path", "organization_path", postgresql_using="gin"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization: Mapped[str]
    organization_name: Mapped[str]
    organization_path: Mapped[list[str]]
    level: Mapped[str] = mapped_column(comment="The organisation's.")
    external_id: Mapped[str]
    item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("item.id"))
    item_version: Mapped[int]
    domain: Mapped[str]
    title: Mapped[str]
    trigger: Mapped[str]
    occurred_on: Mapped[date]
    event_on: Mapped[date | None]
    due_on: Mapped[date] = mapped_column(comment="The latest of its duties: later than this, all of it is late.")
    done_on: Mapped[date | None] = mapped_column(comment="The day the last duty was met.")
    cancelled: Mapped[bool] = mapped_column(server_default=sa.false())
    content_hash: Mapped[str]
    calendar_version: Mapped[str]
    version: Mapped[int]
    recorded_at: Mapped[datetime]


class DutyRow(Base):
    """What a task asks of one channel: by when, and when it was met."""

    __tablename__ = "duty"
    __table_args__ = (
        sa.Index(
            "ix_duty_open", "organization", "due_on", postgresql_where=sa.text("done_on IS NULL AND NOT cancelled")
        ),
        sa.Index("ix_duty_due", "due_on", "organization"),
    )

    task_id: Mapped[UUID] = mapped_column(sa.ForeignKey("task.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    organization: Mapped[str]
    level: Mapped[str]
    domain: Mapped[str]
    item_id: Mapped[UUID]
    time_limit: Mapped[str] = mapped_column(comment="The rule it follows, as JSON: the item may change later.")
    due_on: Mapped[date]
    provisional: Mapped[bool]
    assumed: Mapped[bool]
    done_on: Mapped[date | None]
    publication_id: Mapped[UUID | None]
    cancelled: Mapped[bool] = mapped_column(server_default=sa.false())


class PublicationRow(Base):
    """公开记录: one piece of information on one channel, as registered."""

    __tablename__ = "publication"
    __table_args__ = (
        sa.UniqueConstraint("organization", "external_id"),
        sa.Index("ix_publication_listed", "published_on", "id", postgresql_where=sa.text("state = 'public'")),
        sa.Index("ix_publication_of_organization", "organization", "published_on", "id"),
        sa.Index("ix_publication_item", "item_id", "published_on", "id"),
        sa.Index("ix_publication_task", "task_id"),
        sa.Index("ix_publication_unscanned", "scanned_with", "id", postgresql_where=sa.text("state = 'public'")),
        sa.Index(
            "ix_publication_expiring",
            "expires_on",
            postgresql_where=sa.text("state = 'public' AND expires_on IS NOT NULL"),
        ),
        sa.Index(
            "ix_publication_links",
            "link_checked_on",
            "id",
            postgresql_where=sa.text("state = 'public' AND url IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization: Mapped[str]
    organization_name: Mapped[str]
    organization_path: Mapped[list[str]]
    external_id: Mapped[str]
    item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("item.id"))
    task_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("task.id"))
    channel: Mapped[str]
    state: Mapped[str]
    published_on: Mapped[date]
    content: Mapped[str]
    content_hash: Mapped[str]
    version: Mapped[int]
    representation: Mapped[bytes]
    etag: Mapped[str]
    url: Mapped[str | None]
    expires_on: Mapped[date | None]
    scanned_with: Mapped[int] = mapped_column(
        server_default=sa.text("0"), comment="The patrol's rules that looked at it."
    )
    link_checked_on: Mapped[date] = mapped_column(server_default=sa.text("'1949-10-01'"))


class DiscloserRow(Base):
    """An organisation that has tasks or publications, as it was known when it last pushed one."""

    __tablename__ = "discloser"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    level: Mapped[str]
    path: Mapped[list[str]]


class UrgingRow(Base):
    """督办: a superior urges an organisation over overdue tasks, and is answered."""

    __tablename__ = "urging"
    __table_args__ = (
        sa.Index("ix_urging_organization", "organization", "id"),
        sa.Index("ix_urging_by", "urged_by", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization: Mapped[str]
    urged_by: Mapped[str]
    tasks: Mapped[list[UUID]] = mapped_column(sa.ARRAY(sa.Uuid))
    words: Mapped[str]
    answer_by: Mapped[date]
    urged_at: Mapped[datetime]
    answer: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    version: Mapped[int]
