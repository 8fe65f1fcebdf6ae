"""Index what is to come: `status=not_yet` is a range of days, not a walk through the library."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_policy_public_effective_on",
        "policy",
        ["effective_on"],
        postgresql_where=sa.text("state = 'public'"),
    )


def downgrade() -> None:
    op.drop_index("ix_policy_public_effective_on", table_name="policy")
