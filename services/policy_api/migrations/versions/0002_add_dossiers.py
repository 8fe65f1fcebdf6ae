"""Dossiers and the acts on them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dossier",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="Grows with every act."),
        sa.Column(
            "drafting_units", postgresql.ARRAY(sa.Text()), nullable=False, comment="Organisation codes, the lead first."
        ),
        sa.Column("handles_applications", sa.Boolean(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=True, comment="Canonical JSON of a PlanInput; plan_hash covers it."),
        sa.Column("plan_hash", sa.Text(), nullable=True),
        sa.Column("plan_created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("exemption", sa.Text(), nullable=True, comment="Canonical JSON; exemption_hash covers it."),
        sa.Column("exemption_hash", sa.Text(), nullable=True),
        sa.Column("consultation", sa.Text(), nullable=True, comment="JSON of a ConsultationInput."),
        sa.Column("feedback", sa.Text(), nullable=True, comment="JSON of a FeedbackInput."),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "submitted_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Of the submission that stands; null once returned.",
        ),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("version_number", sa.BigInteger(), nullable=True, comment="The text that was released."),
        sa.CheckConstraint(
            "(state = 'released') = (released_at IS NOT NULL AND published_on IS NOT NULL AND version_number IS NOT NULL)",
            name=op.f("ck_dossier_released_is_dated"),
        ),
        sa.CheckConstraint(
            "(state IN ('submitted', 'signed')) <= (submitted_at IS NOT NULL)",
            name=op.f("ck_dossier_submitted_is_dated"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'signed', 'returned', 'released')", name=op.f("ck_dossier_state")
        ),
        sa.CheckConstraint(
            "(exemption IS NULL) = (exemption_hash IS NULL)", name=op.f("ck_dossier_exemption_is_hashed")
        ),
        sa.CheckConstraint("(plan IS NULL) = (plan_hash IS NULL)", name=op.f("ck_dossier_plan_is_hashed")),
        sa.ForeignKeyConstraint(["policy_id"], ["policy.id"], name=op.f("fk_dossier_policy_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossier")),
    )
    op.create_index("ix_dossier_policy_id", "dossier", ["policy_id"], unique=False)
    op.create_index(
        "uq_dossier_open_policy", "dossier", ["policy_id"], unique=True, postgresql_where=sa.text("state <> 'released'")
    )
    op.create_table(
        "dossier_act",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("duty", sa.Text(), nullable=True, comment="What must not fall together with other duties."),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("details", sa.Text(), nullable=False, comment="JSON; the kind says of what form."),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossier.id"], name=op.f("fk_dossier_act_dossier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossier_act")),
    )
    op.create_index("ix_dossier_act_dossier_id", "dossier_act", ["dossier_id", "at", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_dossier_act_dossier_id", table_name="dossier_act")
    op.drop_table("dossier_act")
    op.drop_index("uq_dossier_open_policy", table_name="dossier", postgresql_where=sa.text("state <> 'released'"))
    op.drop_index("ix_dossier_policy_id", table_name="dossier")
    op.drop_table("dossier")
