"""Keep corrections of records, and records of the office's work."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "record_correction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("organization_name", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("content_key", sa.LargeBinary(), nullable=False, comment="Keyed fingerprint: a retry is recognised."),
        sa.Column("content", sa.LargeBinary(), nullable=True, comment="Sealed; erased when its time is over."),
        sa.Column("submitted_on", sa.Date(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("organ", sa.Text(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True, comment="Sealed."),
        sa.Column("told_on", sa.Date(), nullable=True),
        sa.Column("erased_on", sa.Date(), nullable=True),
        sa.Column("sealed_with", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_correction")),
        sa.UniqueConstraint("number", name=op.f("uq_record_correction_number")),
        sa.UniqueConstraint("organization", "external_id", name=op.f("uq_record_correction_organization_external_id")),
    )
    op.create_index(
        "ix_record_correction_kept",
        "record_correction",
        ["told_on"],
        unique=False,
        postgresql_where=sa.text("erased_on IS NULL"),
    )
    op.create_index("ix_record_correction_listed", "record_correction", ["organization", "id"], unique=False)
    op.create_index("ix_record_correction_sealed_with", "record_correction", ["sealed_with", "id"], unique=False)
    op.create_table(
        "work_record",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("organization_name", sa.Text(), nullable=False),
        sa.Column("organization_path", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False, comment="JSON."),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_record")),
        sa.UniqueConstraint("organization", "external_id", name=op.f("uq_work_record_organization_external_id")),
    )
    op.create_index("ix_work_record_day", "work_record", ["on_day", "id"], unique=False)
    op.create_index("ix_work_record_listed", "work_record", ["organization_path"], unique=False, postgresql_using="gin")


def downgrade() -> None:
    op.drop_index("ix_work_record_listed", table_name="work_record", postgresql_using="gin")
    op.drop_index("ix_work_record_day", table_name="work_record")
    op.drop_table("work_record")
    op.drop_index("ix_record_correction_sealed_with", table_name="record_correction")
    op.drop_index("ix_record_correction_listed", table_name="record_correction")
    op.drop_index(
        "ix_record_correction_kept", table_name="record_correction", postgresql_where=sa.text("erased_on IS NULL")
    )
    op.drop_table("record_correction")
