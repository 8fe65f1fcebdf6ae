"""Note from which day a relation acts: a later text of a document may bring what its first did not say."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Empty for what is there: such a relation acts from its document's first day, as until now.
    comment = "First day of the first text that says it; empty: the document's first day."
    op.add_column("relation", sa.Column("effective_on", sa.Date(), nullable=True, comment=comment))


def downgrade() -> None:
    op.drop_column("relation", "effective_on")
