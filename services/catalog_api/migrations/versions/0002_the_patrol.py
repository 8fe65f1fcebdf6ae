"""the patrol."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "patrol_rules",
        sa.Column("single", sa.Boolean(), nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("single", name=op.f("ck_patrol_rules_one_row")),
        sa.PrimaryKeyConstraint("single", name=op.f("pk_patrol_rules")),
    )
    op.create_table(
        "retention_rule",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=True),
        sa.Column("domain", sa.Text(), nullable=True),
        sa.Column("days", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_retention_rule")),
    )
    op.create_table(
        "word_list",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("words", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_word_list")),
    )
    op.create_table(
        "finding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("publication_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("excerpt", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gone_on", sa.Date(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["publication_id"], ["publication.id"], name=op.f("fk_finding_publication_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
        sa.UniqueConstraint("publication_id", "fingerprint", name=op.f("uq_finding_publication_id_fingerprint")),
    )
    op.create_index(
        "ix_finding_open",
        "finding",
        ["organization", "id"],
        unique=False,
        postgresql_where=sa.text("decision IS NULL AND gone_on IS NULL"),
    )
    op.create_index("ix_finding_organization", "finding", ["organization", "id"], unique=False)
    op.add_column("publication", sa.Column("url", sa.Text(), nullable=True))
    op.add_column("publication", sa.Column("expires_on", sa.Date(), nullable=True))
    op.add_column(
        "publication",
        sa.Column(
            "scanned_with",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="The patrol's rules that looked at it.",
        ),
    )
    op.add_column(
        "publication", sa.Column("link_checked_on", sa.Date(), server_default=sa.text("'1949-10-01'"), nullable=False)
    )
    op.create_index(
        "ix_publication_expiring",
        "publication",
        ["expires_on"],
        unique=False,
        postgresql_where=sa.text("state = 'public' AND expires_on IS NOT NULL"),
    )
    op.create_index(
        "ix_publication_links",
        "publication",
        ["link_checked_on", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'public' AND url IS NOT NULL"),
    )
    op.create_index(
        "ix_publication_unscanned",
        "publication",
        ["scanned_with", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'public'"),
    )
    # What was registered before: the same facts out of its content.
    op.execute("UPDATE publication SET url = content::json->>'url', expires_on = (content::json->>'expires_on')::date")


def downgrade() -> None:
    op.drop_index("ix_publication_unscanned", table_name="publication", postgresql_where=sa.text("state = 'public'"))
    op.drop_index(
        "ix_publication_links",
        table_name="publication",
        postgresql_where=sa.text("state = 'public' AND url IS NOT NULL"),
    )
    op.drop_index(
        "ix_publication_expiring",
        table_name="publication",
        postgresql_where=sa.text("state = 'public' AND expires_on IS NOT NULL"),
    )
    op.drop_column("publication", "link_checked_on")
    op.drop_column("publication", "scanned_with")
    op.drop_column("publication", "expires_on")
    op.drop_column("publication", "url")
    op.drop_index("ix_finding_organization", table_name="finding")
    op.drop_index(
        "ix_finding_open", table_name="finding", postgresql_where=sa.text("decision IS NULL AND gone_on IS NULL")
    )
    op.drop_table("finding")
    op.drop_table("word_list")
    op.drop_table("retention_rule")
    op.drop_table("patrol_rules")
