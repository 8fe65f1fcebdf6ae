"""Keep withheld information."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "withheld",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("organization_name", sa.Text(), nullable=False),
        sa.Column("organization_path", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("reviews", sa.Text(), nullable=False, comment="JSON, the earliest first."),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("next_review_on", sa.Date(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withheld")),
        sa.UniqueConstraint("organization", "external_id", name=op.f("uq_withheld_organization_external_id")),
    )
    op.create_index("ix_withheld_path", "withheld", ["organization_path"], unique=False, postgresql_using="gin")


def downgrade() -> None:
    op.drop_index("ix_withheld_path", table_name="withheld", postgresql_using="gin")
    op.drop_table("withheld")
