"""Public keys of clients, and the assertions that were used."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "client",
        sa.Column(
            "public_keys",
            sa.Text(),
            server_default="[]",
            nullable=False,
            comment="JSON: the client's own, for private_key_jwt.",
        ),
    )
    op.create_table(
        "used_assertion",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("jti", sa.LargeBinary(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_used_assertion_client_id_client")),
        sa.PrimaryKeyConstraint("client_id", "jti", name=op.f("pk_used_assertion")),
    )
    op.create_index(op.f("ix_used_assertion_ends_at"), "used_assertion", ["ends_at"])


def downgrade() -> None:
    op.drop_table("used_assertion")
    op.drop_column("client", "public_keys")
