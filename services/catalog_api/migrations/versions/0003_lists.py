"""Keep lists: entries that say something from a day on, read as of any day and as known at any moment."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "list_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("organization_name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("latest_number", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("next_change_on", sa.Date(), nullable=True),
        sa.Column("representation", sa.LargeBinary(), nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_entry")),
        sa.UniqueConstraint(
            "organization", "kind", "external_id", name=op.f("uq_list_entry_organization_kind_external_id")
        ),
    )
    op.create_index(
        "ix_list_entry_due",
        "list_entry",
        ["next_change_on"],
        unique=False,
        postgresql_where=sa.text("next_change_on IS NOT NULL"),
    )
    op.create_index("ix_list_entry_kind", "list_entry", ["kind", "id"], unique=False)
    op.create_table(
        "list_text",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["entry_id"], ["list_entry.id"], name=op.f("fk_list_text_entry_id")),
        sa.PrimaryKeyConstraint("entry_id", "number", name=op.f("pk_list_text")),
    )
    op.create_index(
        "uq_list_text_day",
        "list_text",
        ["entry_id", "effective_on"],
        unique=True,
        postgresql_where=sa.text("superseded_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("uq_list_text_day", table_name="list_text", postgresql_where=sa.text("superseded_at IS NULL"))
    op.drop_table("list_text")
    op.drop_index("ix_list_entry_kind", table_name="list_entry")
    op.drop_index("ix_list_entry_due", table_name="list_entry", postgresql_where=sa.text("next_change_on IS NOT NULL"))
    op.drop_table("list_entry")
