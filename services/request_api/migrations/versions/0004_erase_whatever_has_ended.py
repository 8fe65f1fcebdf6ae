"""Erase whatever has ended, archived or not."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_request_kept", table_name="request")
    op.create_index(
        "ix_request_kept",
        "request",
        ["closed_on"],
        unique=False,
        postgresql_where=sa.text("NOT is_open AND erased_on IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_request_kept", table_name="request")
    op.create_index(
        "ix_request_kept",
        "request",
        ["closed_on"],
        unique=False,
        postgresql_where=sa.text("state = 'archived' AND erased_on IS NULL"),
    )
