"""Take in opinions on consultations, sealed."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "opinion",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("consultation_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitter_kind", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=True, comment="An address in the draft."),
        sa.Column(
            "sealed_text",
            sa.LargeBinary(),
            nullable=False,
            comment="AES-256-GCM under the opinion key, bound to the id.",
        ),
        sa.Column("sealed_submitter", sa.LargeBinary(), nullable=True, comment="The same; null when anonymous."),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="Counts handlings; 0 before the first."),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True, comment="The drafter's words."),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("outcome IN ('adopted', 'partly', 'not_adopted')", name=op.f("ck_opinion_outcome")),
        sa.CheckConstraint(
            "(outcome IS NULL) = (handled_at IS NULL) AND (outcome IS NULL) = (version = 0)",
            name=op.f("ck_opinion_handled_is_dated"),
        ),
        sa.CheckConstraint(
            "outcome = 'adopted' OR outcome IS NULL OR reason IS NOT NULL",
            name=op.f("ck_opinion_refusal_is_reasoned"),
        ),
        sa.ForeignKeyConstraint(["consultation_id"], ["entry.id"], name=op.f("fk_opinion_consultation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opinion")),
    )
    op.create_index("ix_opinion_consultation_id", "opinion", ["consultation_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_opinion_consultation_id", table_name="opinion")
    op.drop_table("opinion")
