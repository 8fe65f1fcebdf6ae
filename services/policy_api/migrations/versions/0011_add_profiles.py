"""Keep enterprise profiles, sealed, and the clauses they match."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "enterprise_profile",
        sa.Column("id", sa.Uuid(), nullable=False, comment="Opaque: random, not made from anything."),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column(
            "sealed_facts",
            sa.LargeBinary(),
            nullable=False,
            comment="AES-256-GCM under the profile key, bound to the id.",
        ),
        sa.Column("consent_text_version", sa.Text(), nullable=False),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pending", sa.Boolean(), nullable=False, comment="Not matched since it was saved."),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enterprise_profile")),
        sa.UniqueConstraint("organization", "external_id", name=op.f("uq_enterprise_profile_organization_external_id")),
    )
    op.create_index(
        "ix_enterprise_profile_pending",
        "enterprise_profile",
        ["id"],
        unique=False,
        postgresql_where=sa.text("pending"),
    )
    op.create_table(
        "profile_match",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=False),
        sa.Column("clause_id", sa.Uuid(), nullable=False),
        sa.Column("clause_version", sa.BigInteger(), nullable=False),
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        sa.Column("matched_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["profile_id"], ["enterprise_profile.id"], name=op.f("fk_profile_match_profile_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["clause_id"], ["entry.id"], name=op.f("fk_profile_match_clause_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_profile_match")),
        sa.UniqueConstraint("profile_id", "clause_id", name=op.f("uq_profile_match_profile_id_clause_id")),
    )
    op.create_index("ix_profile_match_clause_id", "profile_match", ["clause_id"], unique=False)
    op.create_table(
        "clause_matching",
        sa.Column("clause_id", sa.Uuid(), nullable=False),
        sa.Column("clause_version", sa.BigInteger(), nullable=False),
        sa.Column(
            "after_profile", sa.Uuid(), nullable=True, comment="Profiles up to this id are done; null: none yet."
        ),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["clause_id"], ["entry.id"], name=op.f("fk_clause_matching_clause_id")),
        sa.PrimaryKeyConstraint("clause_id", name=op.f("pk_clause_matching")),
    )


def downgrade() -> None:
    op.drop_table("clause_matching")
    op.drop_index("ix_profile_match_clause_id", table_name="profile_match")
    op.drop_table("profile_match")
    op.drop_index("ix_enterprise_profile_pending", table_name="enterprise_profile")
    op.drop_table("enterprise_profile")
