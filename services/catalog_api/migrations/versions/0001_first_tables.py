"""first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.kit.log import AUDIT_IS_APPEND_ONLY

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_entry")),
        comment="Append-only; hash = sha256(previous hash + entry).",
    )
    op.create_index(op.f("ix_audit_entry_subject"), "audit_entry", ["subject"], unique=False)
    op.create_table(
        "catalog",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("organization_name", sa.Text(), nullable=False),
        sa.Column("organization_path", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("division_code", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("upper", sa.Uuid(), nullable=True),
        sa.Column("latest_number", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="Of the representation."),
        sa.Column("representation", sa.LargeBinary(), nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["upper"], ["catalog.id"], name=op.f("fk_catalog_upper")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog")),
        sa.UniqueConstraint("organization", "external_id", name=op.f("uq_catalog_organization_external_id")),
    )
    op.create_index(
        "ix_catalog_listed", "catalog", ["id"], unique=False, postgresql_where=sa.text("representation IS NOT NULL")
    )
    op.create_index(op.f("ix_catalog_upper"), "catalog", ["upper"], unique=False)
    op.create_table(
        "discloser",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("path", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_discloser")),
    )
    op.create_table(
        "event",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("envelope", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_event")),
        comment="CloudEvents as served, byte for byte.",
    )
    op.create_table(
        "idempotency_key",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("client_id", "key", name=op.f("pk_idempotency_key")),
        comment="Answers to POSTs with an Idempotency-Key.",
    )
    op.create_index(op.f("ix_idempotency_key_created_at"), "idempotency_key", ["created_at"], unique=False)
    op.create_table(
        "log_head",
        sa.Column("id", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("epoch", sa.Text(), server_default=sa.text("gen_random_uuid()::text"), nullable=False),
        sa.Column("seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pruned_through", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("audit_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("audit_hash", sa.LargeBinary(), server_default=sa.text("'\\x'::bytea"), nullable=False),
        sa.CheckConstraint("id", name=op.f("ck_log_head_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_head")),
        comment="One row: where log and audit chain end. Its row lock orders all appends.",
    )
    op.create_table(
        "urging",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("urged_by", sa.Text(), nullable=False),
        sa.Column("tasks", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("answer_by", sa.Date(), nullable=False),
        sa.Column("urged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_urging")),
    )
    op.create_index("ix_urging_by", "urging", ["urged_by", "id"], unique=False)
    op.create_index("ix_urging_organization", "urging", ["organization", "id"], unique=False)
    op.create_table(
        "catalog_version",
        sa.Column("catalog_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True, comment="The day from which another version holds, or none."),
        sa.Column("drafted_by", sa.Text(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewed_by", sa.Text(), nullable=True),
        sa.Column("enforced_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state IN ('draft', 'reviewed')) = (effective_on IS NULL)",
            name=op.f("ck_catalog_version_effective_when_in_force"),
        ),
        sa.ForeignKeyConstraint(["catalog_id"], ["catalog.id"], name=op.f("fk_catalog_version_catalog_id")),
        sa.PrimaryKeyConstraint("catalog_id", "number", name=op.f("pk_catalog_version")),
    )
    op.create_index(
        "uq_catalog_version_in_force",
        "catalog_version",
        ["catalog_id"],
        unique=True,
        postgresql_where=sa.text("state = 'in_force'"),
    )
    op.create_table(
        "item",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("catalog_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False, comment="The catalog's."),
        sa.Column("responsible", sa.Text(), nullable=False),
        sa.Column("refines", sa.Uuid(), nullable=True),
        sa.Column("in_force", sa.Boolean(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False, comment="From when it has been in force without a break."),
        sa.Column("recurrence", sa.Text(), nullable=True, comment="How often it asks by itself."),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("representation", sa.LargeBinary(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["catalog_id"], ["catalog.id"], name=op.f("fk_item_catalog_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item")),
        sa.UniqueConstraint("catalog_id", "key", name=op.f("uq_item_catalog_id_key")),
    )
    op.create_index("ix_item_domain", "item", ["domain", "id"], unique=False, postgresql_where=sa.text("in_force"))
    op.create_index(
        "ix_item_listed", "item", ["catalog_id", "position"], unique=False, postgresql_where=sa.text("in_force")
    )
    op.create_index(
        "ix_item_recurring",
        "item",
        ["id"],
        unique=False,
        postgresql_where=sa.text("in_force AND recurrence IS NOT NULL"),
    )
    op.create_index(op.f("ix_item_refines"), "item", ["refines"], unique=False)
    op.create_index(op.f("ix_item_responsible"), "item", ["responsible"], unique=False)
    op.create_table(
        "task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("organization_name", sa.Text(), nullable=False),
        sa.Column("organization_path", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("level", sa.Text(), nullable=False, comment="The organisation's."),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("item_version", sa.BigInteger(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("event_on", sa.Date(), nullable=True),
        sa.Column(
            "due_on", sa.Date(), nullable=False, comment="The latest of its duties: later than this, all of it is late."
        ),
        sa.Column("done_on", sa.Date(), nullable=True, comment="The day the last duty was met."),
        sa.Column("cancelled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("calendar_version", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_task_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint("organization", "external_id", name=op.f("uq_task_organization_external_id")),
    )
    op.create_index("ix_task_item", "task", ["item_id", "id"], unique=False)
    op.create_index(
        "ix_task_open",
        "task",
        ["organization", "due_on", "id"],
        unique=False,
        postgresql_where=sa.text("done_on IS NULL"),
    )
    op.create_index("ix_task_path", "task", ["organization_path"], unique=False, postgresql_using="gin")
    op.create_table(
        "duty",
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column(
            "time_limit", sa.Text(), nullable=False, comment="The rule it follows, as JSON: the item may change later."
        ),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("assumed", sa.Boolean(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("publication_id", sa.Uuid(), nullable=True),
        sa.Column("cancelled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_duty_task_id")),
        sa.PrimaryKeyConstraint("task_id", "channel", name=op.f("pk_duty")),
    )
    op.create_index("ix_duty_due", "duty", ["due_on", "organization"], unique=False)
    op.create_index(
        "ix_duty_open",
        "duty",
        ["organization", "due_on"],
        unique=False,
        postgresql_where=sa.text("done_on IS NULL AND NOT cancelled"),
    )
    op.create_table(
        "publication",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("organization_name", sa.Text(), nullable=False),
        sa.Column("organization_path", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("representation", sa.LargeBinary(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_publication_item_id")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_publication_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication")),
        sa.UniqueConstraint("organization", "external_id", name=op.f("uq_publication_organization_external_id")),
    )
    op.create_index("ix_publication_item", "publication", ["item_id", "published_on", "id"], unique=False)
    op.create_index(
        "ix_publication_listed",
        "publication",
        ["published_on", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'public'"),
    )
    op.create_index(
        "ix_publication_of_organization", "publication", ["organization", "published_on", "id"], unique=False
    )
    op.create_index("ix_publication_task", "publication", ["task_id"], unique=False)
    for statement in AUDIT_IS_APPEND_ONLY:
        op.execute(statement)


def downgrade() -> None:
    op.drop_index("ix_publication_task", table_name="publication")
    op.drop_index("ix_publication_of_organization", table_name="publication")
    op.drop_index("ix_publication_listed", table_name="publication", postgresql_where=sa.text("state = 'public'"))
    op.drop_index("ix_publication_item", table_name="publication")
    op.drop_table("publication")
    op.drop_index("ix_duty_open", table_name="duty", postgresql_where=sa.text("done_on IS NULL AND NOT cancelled"))
    op.drop_index("ix_duty_due", table_name="duty")
    op.drop_table("duty")
    op.drop_index("ix_task_path", table_name="task", postgresql_using="gin")
    op.drop_index("ix_task_open", table_name="task", postgresql_where=sa.text("done_on IS NULL"))
    op.drop_index("ix_task_item", table_name="task")
    op.drop_table("task")
    op.drop_index(op.f("ix_item_responsible"), table_name="item")
    op.drop_index(op.f("ix_item_refines"), table_name="item")
    op.drop_index(
        "ix_item_recurring", table_name="item", postgresql_where=sa.text("in_force AND recurrence IS NOT NULL")
    )
    op.drop_index("ix_item_listed", table_name="item", postgresql_where=sa.text("in_force"))
    op.drop_index("ix_item_domain", table_name="item", postgresql_where=sa.text("in_force"))
    op.drop_table("item")
    op.drop_index(
        "uq_catalog_version_in_force", table_name="catalog_version", postgresql_where=sa.text("state = 'in_force'")
    )
    op.drop_table("catalog_version")
    op.drop_index("ix_urging_organization", table_name="urging")
    op.drop_index("ix_urging_by", table_name="urging")
    op.drop_table("urging")
    op.drop_table("log_head")
    op.drop_index(op.f("ix_idempotency_key_created_at"), table_name="idempotency_key")
    op.drop_table("idempotency_key")
    op.drop_table("event")
    op.drop_table("discloser")
    op.drop_index(op.f("ix_catalog_upper"), table_name="catalog")
    op.drop_index("ix_catalog_listed", table_name="catalog", postgresql_where=sa.text("representation IS NOT NULL"))
    op.drop_table("catalog")
    op.drop_index(op.f("ix_audit_entry_subject"), table_name="audit_entry")
    op.drop_table("audit_entry")
