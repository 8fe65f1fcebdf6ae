"""Templates of notices, and the notices that went out."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice_template",
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False, comment="The .docx, without properties and authors."),
        sa.Column("uploaded_by", sa.Text(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organization", "kind", "version", name=op.f("pk_notice_template")),
    )
    op.create_index(
        "uq_notice_template_active",
        "notice_template",
        ["organization", "kind"],
        unique=True,
        postgresql_where=sa.text("is_active"),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("template_of", sa.Text(), nullable=True, comment="Whose template; empty: the built-in one."),
        sa.Column("template_version", sa.Integer(), nullable=False),
        sa.Column("fields", sa.LargeBinary(), nullable=True, comment="Sealed; erased with the personal data."),
        sa.Column("content", sa.LargeBinary(), nullable=True, comment="Sealed; erased with the personal data."),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("revoked_on", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name=op.f("fk_notice_request_id_request")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("organization", "number", name=op.f("uq_notice_organization_number")),
    )
    op.create_index("ix_notice_request", "notice", ["request_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_notice_request", table_name="notice")
    op.drop_table("notice")
    op.drop_index("uq_notice_template_active", table_name="notice_template", postgresql_where=sa.text("is_active"))
    op.drop_table("notice_template")
