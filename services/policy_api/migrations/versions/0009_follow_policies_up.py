"""Follow policies up: counts of enquiries, tasks to interpret again, and whom a policy concerns beside it."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

CONCERNS = ("major", "livelihood", "market_related")
SAID = ", ".join(
    f"{name} = coalesce((convert_from(listing, 'UTF8')::json ->> '{name}')::boolean, false)" for name in CONCERNS
)
# Kept by the database, like the issuers, whoever renders a policy. `json`, not `jsonb`: the text is only looked through.
NOTE_CONCERNS = f"""
    CREATE FUNCTION note_concerns() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
    DECLARE
        said json := convert_from(NEW.listing, 'UTF8')::json;
    BEGIN
        {" ".join(f"NEW.{name} := coalesce((said ->> '{name}')::boolean, false);" for name in CONCERNS)}
        RETURN NEW;
    END $$
"""
TRIGGER = """
    CREATE TRIGGER policy_concerns BEFORE INSERT OR UPDATE OF listing ON policy
    FOR EACH ROW WHEN (NEW.listing IS NOT NULL) EXECUTE FUNCTION note_concerns()
"""


def upgrade() -> None:
    _add_columns()
    _create_enquiries()
    _create_tasks()


def _add_columns() -> None:
    for name in CONCERNS:
        comment = "As the representation says; a trigger repeats it."
        op.add_column(
            "policy", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False, comment=comment)
        )
    op.execute(f"UPDATE policy SET {SAID} WHERE listing IS NOT NULL")  # noqa: S608  # constants
    op.execute(NOTE_CONCERNS)
    op.execute(TRIGGER)
    op.create_index(
        "ix_policy_major_effective_on",
        "policy",
        ["effective_on"],
        postgresql_where=sa.text("state = 'public' AND major"),
    )
    op.create_index(
        "ix_policy_version_published_on",
        "policy_version",
        ["published_on"],
        postgresql_where=sa.text("number > 1 AND released_at IS NOT NULL AND superseded_at IS NULL"),
    )
    op.add_column(
        "interpretation",
        sa.Column("reviews", sa.Text(), comment="JSON of FollowUpReviews, when it came with them. Never public."),
    )


def _create_enquiries() -> None:
    op.create_table(
        "enquiries",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("policy_id", sa.Uuid(), sa.ForeignKey("policy.id"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_to", sa.Date(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("topics", sa.Text(), nullable=False, comment="JSON of the TopicCounts."),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("organization", "external_id", name="uq_enquiries_organization_external_id"),
        sa.CheckConstraint("period_from <= period_to", name=op.f("ck_enquiries_period_runs_forward")),
        sa.CheckConstraint("count >= 0", name=op.f("ck_enquiries_count_is_not_negative")),
    )
    op.create_index("ix_enquiries_policy_id", "enquiries", ["policy_id", "period_to", "id"])


def _create_tasks() -> None:
    days = [sa.Column(name, sa.Date(), nullable=False) for name in ("caused_on", "opened_on", "due_on")]
    cause = sa.Column(
        "cause", sa.Text(), nullable=False, comment="What opened it; the amending document's id when another amends."
    )
    op.create_table(
        "interpretation_task",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("policy_id", sa.Uuid(), sa.ForeignKey("policy.id"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        cause,
        *days,
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("closed_on", sa.Date()),
        sa.Column("closed_by", sa.Uuid(), sa.ForeignKey("interpretation.id")),
        sa.Column("dismissal", sa.Text()),
        sa.UniqueConstraint("policy_id", "reason", "cause", name="uq_interpretation_task_policy_id_reason_cause"),
        *(
            sa.CheckConstraint(condition, name=op.f(f"ck_interpretation_task_{name}"))
            for name, condition in (
                ("reason", "reason IN ('enquiries', 'evaluation', 'effect', 'amended')"),
                ("state", "state IN ('open', 'done', 'dismissed')"),
                ("closed_is_dated", "(state = 'open') = (closed_on IS NULL)"),
                ("done_by_an_interpretation", "(state = 'done') = (closed_by IS NOT NULL)"),
                ("dismissed_with_a_reason", "(state = 'dismissed') = (dismissal IS NOT NULL)"),
            )
        ),
    )
    op.create_index("ix_interpretation_task_due_on", "interpretation_task", ["due_on", "id"])
    op.create_index(
        "ix_interpretation_task_cause", "interpretation_task", ["cause"], postgresql_where=sa.text("state = 'open'")
    )


def downgrade() -> None:
    op.drop_table("interpretation_task")
    op.drop_table("enquiries")
    op.drop_column("interpretation", "reviews")
    op.drop_index("ix_policy_version_published_on", table_name="policy_version")
    op.drop_index("ix_policy_major_effective_on", table_name="policy")
    op.execute("DROP TRIGGER policy_concerns ON policy")
    op.execute("DROP FUNCTION note_concerns()")
    for name in CONCERNS:
        op.drop_column("policy", name)
