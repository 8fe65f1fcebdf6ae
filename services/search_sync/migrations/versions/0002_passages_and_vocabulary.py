"""passages and vocabulary: an index of passages beside that of documents, synonyms and stop words."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The index in use stays in use: the worker builds that of passages beside it.
    op.add_column("generation", sa.Column("shelf", sa.Text(), server_default="documents", nullable=False))
    op.add_column("generation", sa.Column("vocabulary", sa.Text(), server_default="0.0", nullable=False))
    op.create_check_constraint(op.f("ck_generation_known_shelf"), "generation", "shelf IN ('documents', 'passages')")
    op.drop_index("uq_generation_live", "generation")
    op.create_index(
        "uq_generation_live", "generation", ["shelf"], unique=True, postgresql_where=sa.text("state = 'live'")
    )
    op.create_table(
        "vocabulary",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('synonyms', 'stop_words')", name=op.f("ck_vocabulary_known_kind")),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_vocabulary")),
    )


def downgrade() -> None:
    op.drop_table("vocabulary")
    op.drop_index("uq_generation_live", "generation")
    op.execute("DELETE FROM generation WHERE shelf <> 'documents'")
    op.create_index(
        "uq_generation_live", "generation", ["state"], unique=True, postgresql_where=sa.text("state = 'live'")
    )
    op.drop_constraint(op.f("ck_generation_known_shelf"), "generation")
    op.drop_column("generation", "vocabulary")
    op.drop_column("generation", "shelf")
