"""Find a public document by its title: relations that name one are bound when there is just one of that name."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_policy_title", "policy", ["title"], postgresql_where=sa.text("state = 'public'"))
    op.create_index(
        "ix_relation_pending_title",
        "relation",
        ["target_title"],
        postgresql_where=sa.text("target_id IS NULL AND target_doc_no IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_relation_pending_title", "relation")
    op.drop_index("ix_policy_title", "policy")
