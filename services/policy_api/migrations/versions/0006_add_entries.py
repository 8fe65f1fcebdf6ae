"""Keep entries: questions, clauses, consultations and whatever else stands beside the policies."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

PUBLIC = sa.text("state = 'public'")
INDEXES = {
    "all": (),
    "organization": ("organization",),
    "status": ("status",),
    "organization_status": ("organization", "status"),
}


def upgrade() -> None:
    now = sa.text("now()")
    op.create_table(
        "entry",
        sa.Column("id", sa.Uuid(), primary_key=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("kind", "organization", "organization_name")),
        sa.Column("organization_path", sa.ARRAY(sa.Text()), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("level", "division_code", "external_id", "state")),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="Counts public representations."),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "content", sa.Text(), nullable=False, comment="Canonical JSON of what was pushed; content_hash covers it."
        ),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("supplement", sa.Text(), comment="JSON that the service adds, such as a result."),
        sa.Column("published_on", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), comment="As the representation says; a date may have overtaken it."),
        sa.Column("next_change_on", sa.Date(), comment="When the representation changes by date alone."),
        sa.Column("representation", sa.LargeBinary()),
        sa.Column("listing", sa.LargeBinary(), comment="The representation without its long texts, for lists."),
        sa.Column("etag", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.UniqueConstraint("kind", "organization", "external_id", name="uq_entry_kind_organization_external_id"),
        sa.CheckConstraint("state IN ('public', 'withdrawn')", name=op.f("ck_entry_state")),
        sa.CheckConstraint(
            "(state = 'public') = (representation IS NOT NULL)", name=op.f("ck_entry_public_is_rendered")
        ),
    )
    for name, columns in INDEXES.items():
        op.create_index(
            f"ix_entry_public_{name}", "entry", ["kind", *columns, "published_on", "id"], postgresql_where=PUBLIC
        )
    op.create_index(
        "ix_entry_next_change_on",
        "entry",
        ["next_change_on"],
        postgresql_where=sa.text("state = 'public' AND next_change_on IS NOT NULL"),
    )
    op.create_table(
        "entry_link",
        sa.Column("entry_id", sa.Uuid(), sa.ForeignKey("entry.id"), primary_key=True),
        sa.Column("position", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("target_kind", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("articles", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "entry_kind",
            sa.Text(),
            nullable=False,
            comment="Repeats the entry's, as published_on does: the order of lists.",
        ),
        sa.Column("published_on", sa.Date(), nullable=False),
    )
    op.create_index("ix_entry_link_target", "entry_link", ["target_id", "entry_kind", "published_on", "entry_id"])


def downgrade() -> None:
    op.drop_table("entry_link")
    op.drop_table("entry")
