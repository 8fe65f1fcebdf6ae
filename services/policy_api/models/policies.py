"""Tables of policies, their texts, relations and interpretations.

`policy` holds what the public reads, rendered; `policy_version` every content ever accepted, unchanged for ever.
"""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from services.policy_api.models.base import Base

IS_PUBLIC = sa.text("state = 'public'")
_REPEATED = "As the representation says; a trigger repeats it."


class PolicyRow(Base):
    """政策文件: one per organisation and external id. The filter columns repeat the text that is shown."""

    __tablename__ = "policy"
    __table_args__ = (
        sa.Index("ix_policy_title", "title", postgresql_where=sa.text("state = 'public'")),
        sa.UniqueConstraint("organization", "external_id"),
        sa.UniqueConstraint("doc_no"),
        sa.CheckConstraint("state IN ('draft', 'public', 'withdrawn')", name="state"),
        sa.CheckConstraint("(state = 'public') = (representation IS NOT NULL)", name="public_is_rendered"),
        *(
            sa.Index(f"ix_policy_public_{name}", *columns, "published_on", "id", postgresql_where=IS_PUBLIC)
            for name, *columns in (
                ("all",),
                ("organization", "organization"),
                ("level", "level"),
                ("kind", "kind"),
                ("doc_class", "doc_class"),
                ("theme", "theme"),
                ("subtheme", "theme", "subtheme"),
                ("year", "year"),
                ("validity", "validity"),
            )
        ),
        sa.Index(
            "ix_policy_doc_no_trigram",
            "doc_no",
            postgresql_using="gin",
            postgresql_ops={"doc_no": "public.gin_trgm_ops"},
        ),
        sa.Index(
            "ix_policy_public_expires_on",
            "expires_on",
            "id",
            postgresql_where=sa.text("state = 'public' AND expires_on IS NOT NULL"),
        ),
        sa.Index(
            "ix_policy_major_effective_on", "effective_on", postgresql_where=sa.text("state = 'public' AND major")
        ),
        sa.Index(
            "ix_policy_next_change_on",
            "next_change_on",
            postgresql_where=sa.text("state = 'public' AND next_change_on IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization: Mapped[str]
    organization_name: Mapped[str]
    organization_path: Mapped[list[str]]
    level: Mapped[str]
    division_code: Mapped[str]
    external_id: Mapped[str]
    state: Mapped[str]
    version: Mapped[int] = mapped_column(comment="Counts public representations; 0 before the first.")
    latest_number: Mapped[int] = mapped_column(comment="Number of the newest row of policy_version.")
    doc_no: Mapped[str | None] = mapped_column(comment="Canonical; reserved from the first push on.")
    title: Mapped[str]
    doc_class: Mapped[str]
    kind: Mapped[str]
    theme: Mapped[str | None]
    subtheme: Mapped[str | None]
    issuers: Mapped[list[str]]
    year: Mapped[int | None]
    published_on: Mapped[date | None]
    effective_on: Mapped[date | None]
    expires_on: Mapped[date | None]
    repealed_on: Mapped[date | None]
    validity: Mapped[str | None] = mapped_column(comment="As the representation says; a date may have overtaken it.")
    next_change_on: Mapped[date | None] = mapped_column(comment="When the representation changes by date alone.")
    major: Mapped[bool] = mapped_column(server_default=sa.false(), comment=_REPEATED)
    livelihood: Mapped[bool] = mapped_column(server_default=sa.false(), comment=_REPEATED)
    market_related: Mapped[bool] = mapped_column(server_default=sa.false(), comment=_REPEATED)
    representation: Mapped[bytes | None] = mapped_column(comment="Stored uncompressed, so that a read copies it.")
    listing: Mapped[bytes | None] = mapped_column(comment="The representation without text and outline, for lists.")
    etag: Mapped[str | None]
    withdrawal: Mapped[str | None] = mapped_column(
        comment="JSON: in which form it was taken back, and what is said of it."
    )
    changed_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())


class PolicyIssuerRow(Base):
    """Public policies by each of their issuers, in the order of lists.

    An index such as PostgreSQL does not have for arrays; triggers on `policy` keep it, whoever writes there.
    """

    __tablename__ = "policy_issuer"

    issuer: Mapped[str] = mapped_column(primary_key=True)
    published_on: Mapped[date] = mapped_column(primary_key=True)
    policy_id: Mapped[UUID] = mapped_column(primary_key=True)


class ClaimedNumberRow(Base):
    """字号、登记号: each belongs to one document, from the push of the text that carries it on (LIB-02).

    Given back when the document is withdrawn, or a draft goes by another number before it became public.
    """

    __tablename__ = "claimed_number"

    number: Mapped[str] = mapped_column(primary_key=True, comment="Canonical document or registration number.")
    policy_id: Mapped[UUID] = mapped_column(sa.ForeignKey("policy.id"), index=True)


class PolicyVersionRow(Base):
    """一份文本: a content as it was accepted. Only its release, and what supersedes it, are written later, once each."""

    __tablename__ = "policy_version"
    __table_args__ = (
        # One text from each day on: whatever day is asked for, exactly one is the latest begun (domain.md §6.7).
        sa.Index(
            "uq_policy_version_in_force",
            "policy_id",
            "effective_on",
            unique=True,
            postgresql_where=sa.text("released_at IS NOT NULL AND superseded_at IS NULL"),
        ),
        sa.CheckConstraint("released_at IS NULL OR effective_on IS NOT NULL", name="released_has_a_day"),
        sa.Index(
            "ix_policy_version_published_on",
            "published_on",
            postgresql_where=sa.text("number > 1 AND released_at IS NOT NULL AND superseded_at IS NULL"),
        ),
    )

    policy_id: Mapped[UUID] = mapped_column(sa.ForeignKey("policy.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[str] = mapped_column(comment="Canonical JSON; content_hash covers it.")
    content_hash: Mapped[str]
    label: Mapped[str | None]
    adopted_on: Mapped[date | None]
    effective_on: Mapped[date | None] = mapped_column(
        comment="From this day it is the text; set at the latest by release."
    )
    instrument: Mapped[str | None]
    published_on: Mapped[date | None]
    released_at: Mapped[datetime | None]
    superseded_at: Mapped[datetime | None] = mapped_column(
        comment="When a later record took over the same effective day."
    )
    dossier_id: Mapped[UUID | None]
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]


class RelationRow(Base):
    """A relation of a public policy; `target_id` is found when the target enters the library."""

    __tablename__ = "relation"
    __table_args__ = (
        sa.Index(
            "ix_relation_pending",
            "target_doc_no",
            postgresql_where=sa.text("target_id IS NULL AND target_doc_no IS NOT NULL"),
        ),
        sa.Index(
            "ix_relation_pending_title",
            "target_title",
            postgresql_where=sa.text("target_id IS NULL AND target_doc_no IS NULL"),
        ),
    )

    source_id: Mapped[UUID] = mapped_column(sa.ForeignKey("policy.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    type: Mapped[str]
    target_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("policy.id"), index=True)
    target_doc_no: Mapped[str | None]
    target_title: Mapped[str | None]
    articles: Mapped[list[str]]
    effective_on: Mapped[date | None] = mapped_column(
        comment="First day of the first text that says it; empty: the document's first day."
    )
    until: Mapped[date | None] = mapped_column(comment="Of an act that lets its target last longer: the last day.")


class RenderingRow(Base):
    """What the public saw before the present representation of a policy or interpretation."""

    __tablename__ = "rendering"

    subject: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    representation: Mapped[bytes]
    replaced_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())


class InterpretationRow(Base):
    """政策解读. A dossier's material is a row in state `draft` until its release."""

    __tablename__ = "interpretation"
    __table_args__ = (
        sa.UniqueConstraint("organization", "external_id"),
        sa.CheckConstraint("state IN ('draft', 'public', 'withdrawn')", name="state"),
        sa.CheckConstraint("(state = 'public') = (representation IS NOT NULL)", name="public_is_rendered"),
        sa.Index("ix_interpretation_policy_id", "policy_id", "published_on", "id"),
        sa.Index("ix_interpretation_public_all", "published_on", "id", postgresql_where=IS_PUBLIC),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization: Mapped[str]
    organization_name: Mapped[str]
    level: Mapped[str]
    external_id: Mapped[str | None]
    policy_id: Mapped[UUID] = mapped_column(sa.ForeignKey("policy.id"))
    dossier_id: Mapped[UUID | None] = mapped_column(index=True)
    state: Mapped[str]
    version: Mapped[int] = mapped_column(comment="Counts public representations; 0 before the first.")
    title: Mapped[str]
    form: Mapped[str]
    stage: Mapped[str]
    content: Mapped[str] = mapped_column(comment="Canonical JSON of an InterpretationInput; content_hash covers it.")
    content_hash: Mapped[str]
    published_on: Mapped[date | None]
    representation: Mapped[bytes | None]
    etag: Mapped[str | None]
    reviews: Mapped[str | None] = mapped_column(
        comment="JSON of FollowUpReviews, when it came with them. Never public."
    )
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    changed_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
