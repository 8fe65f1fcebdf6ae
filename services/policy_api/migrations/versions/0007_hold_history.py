"""Hold the history: one text from each day on, kept by the database; withdrawals with their form; acts with their end."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SUPERSEDE = """
    UPDATE policy_version AS older SET superseded_at = newer.at FROM (
        SELECT policy_id, number,
               lead(released_at) OVER (PARTITION BY policy_id, effective_on ORDER BY number) AS at
        FROM policy_version WHERE released_at IS NOT NULL
    ) AS newer
    WHERE newer.policy_id = older.policy_id AND newer.number = older.number AND newer.at IS NOT NULL
"""


def upgrade() -> None:
    op.add_column(
        "policy_version",
        sa.Column(
            "superseded_at",
            sa.DateTime(timezone=True),
            comment="When a later record took over the same effective day.",
        ),
    )
    op.execute(SUPERSEDE)
    op.add_column(
        "policy",
        sa.Column("withdrawal", sa.Text(), comment="JSON: in which form it was taken back, and what is said of it."),
    )
    op.add_column(
        "relation",
        sa.Column("until", sa.Date(), comment="Of an act that lets its target last longer: the last day."),
    )
    op.create_index(
        "uq_policy_version_in_force",
        "policy_version",
        ["policy_id", "effective_on"],
        unique=True,
        postgresql_where=sa.text("released_at IS NOT NULL AND superseded_at IS NULL"),
    )
    op.create_index(
        "ix_policy_public_expires_on",
        "policy",
        ["expires_on", "id"],
        postgresql_where=sa.text("state = 'public' AND expires_on IS NOT NULL"),
    )
    op.create_table(
        "expiry_task",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("policy_id", sa.Uuid(), sa.ForeignKey("policy.id"), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="Counts reminders and the decision."),
        sa.Column("next_reminder_on", sa.Date(), comment="Empty after the last."),
        sa.Column("evaluation", sa.Text(), comment="JSON: method, findings, day."),
        sa.Column("decision", sa.Text()),
        sa.Column("decided_by", sa.Text()),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("policy_id", "expires_on", name="uq_expiry_task_policy_id_expires_on"),
        sa.CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name=op.f("ck_expiry_task_decided_is_dated")),
    )
    op.create_index("ix_expiry_task_organization", "expiry_task", ["organization", "expires_on", "id"])
    op.create_index(
        "ix_expiry_task_next_reminder_on",
        "expiry_task",
        ["next_reminder_on"],
        postgresql_where=sa.text("next_reminder_on IS NOT NULL AND decision IS NULL"),
    )
    op.create_check_constraint(
        op.f("ck_policy_version_released_has_a_day"),
        "policy_version",
        "released_at IS NULL OR effective_on IS NOT NULL",
    )


def downgrade() -> None:
    op.drop_table("expiry_task")
    op.drop_index("ix_policy_public_expires_on", table_name="policy")
    op.drop_constraint(op.f("ck_policy_version_released_has_a_day"), "policy_version")
    op.drop_index("uq_policy_version_in_force", table_name="policy_version")
    op.drop_column("policy_version", "superseded_at")
    op.drop_column("relation", "until")
    op.drop_column("policy", "withdrawal")
