"""Remember which saved profiles the present key does not open, so that they hold up nobody else's matching."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "enterprise_profile",
        sa.Column(
            "unreadable",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="The key did not open it when it was last tried.",
        ),
    )
    op.create_index(
        "ix_enterprise_profile_unreadable", "enterprise_profile", ["id"], postgresql_where=sa.text("unreadable")
    )


def downgrade() -> None:
    op.drop_index("ix_enterprise_profile_unreadable", table_name="enterprise_profile")
    op.drop_column("enterprise_profile", "unreadable")
