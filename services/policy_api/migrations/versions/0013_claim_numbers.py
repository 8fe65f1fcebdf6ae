"""Let every document and registration number belong to one document, from the first text that carries it on."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# Of two that carry one number already, the one that has it now keeps it, else the older.
CLAIM = """
    INSERT INTO claimed_number (number, policy_id)
    SELECT DISTINCT ON (number) number, policy_id FROM (
        SELECT doc_no AS number, id AS policy_id, 0 AS rank FROM policy WHERE doc_no IS NOT NULL
        UNION ALL
        SELECT said.number, version.policy_id, 1 FROM policy_version AS version
        JOIN policy ON policy.id = version.policy_id AND policy.state <> 'withdrawn'
        CROSS JOIN LATERAL (
            SELECT version.content::json ->> 'doc_no' AS number
            UNION ALL
            SELECT version.content::json ->> 'reg_no' WHERE version.content::json ->> 'doc_class' = 'normative'
        ) AS said
        WHERE said.number IS NOT NULL AND (version.released_at IS NOT NULL OR version.number = policy.latest_number)
    ) AS carried
    ORDER BY number, rank, policy_id
"""


def upgrade() -> None:
    op.create_table(
        "claimed_number",
        sa.Column("number", sa.Text(), primary_key=True, comment="Canonical document or registration number."),
        sa.Column("policy_id", sa.Uuid(), sa.ForeignKey("policy.id"), nullable=False),
    )
    op.create_index("ix_claimed_number_policy_id", "claimed_number", ["policy_id"])
    op.execute(CLAIM)


def downgrade() -> None:
    op.drop_table("claimed_number")
