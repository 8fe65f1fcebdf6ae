"""Report what is to be mended in public documents."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "policy_quality",
        sa.Column("policy_id", sa.Uuid(), sa.ForeignKey("policy.id"), primary_key=True),
        sa.Column("policy_version", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("doc_no", sa.Text()),
        sa.Column("reg_no", sa.Text()),
        sa.Column("body_hash", sa.Text(), nullable=False, comment="Of the text without blanks."),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=False),
    )
    op.create_index("ix_policy_quality_body_hash", "policy_quality", ["body_hash", "policy_id"])
    op.create_index(
        "ix_policy_quality_reg_no",
        "policy_quality",
        ["reg_no", "policy_id"],
        postgresql_where=sa.text("reg_no IS NOT NULL"),
    )
    of_report = sa.ForeignKey("policy_quality.policy_id", ondelete="CASCADE")
    op.create_table(
        "quality_place",
        sa.Column("organization", sa.Text(), primary_key=True),
        sa.Column("policy_id", sa.Uuid(), of_report, primary_key=True),
        sa.Column("own", sa.Boolean(), nullable=False, comment="Whether the document is this organisation's own."),
        sa.Column("score", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_quality_place_policy_id", "quality_place", ["policy_id"])
    op.create_table(
        "quality_finding",
        sa.Column("organization", sa.Text(), primary_key=True),
        sa.Column("rule", sa.Text(), primary_key=True),
        sa.Column(
            "policy_id", sa.Uuid(), sa.ForeignKey("policy_quality.policy_id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("position", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("pointer", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text()),
    )
    op.create_index("ix_quality_finding_policy_id", "quality_finding", ["policy_id"])
    op.create_table(
        "quality_progress",
        sa.Column("id", sa.Boolean(), primary_key=True, server_default=sa.true()),
        sa.Column("rules_version", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("sweep_after", sa.Uuid()),
        sa.Column("reflects_until", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id", name=op.f("ck_quality_progress_one_row")),
    )


def downgrade() -> None:
    for table in ("quality_progress", "quality_finding", "quality_place", "policy_quality"):
        op.drop_table(table)
