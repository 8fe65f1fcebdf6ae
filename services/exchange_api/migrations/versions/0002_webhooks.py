"""Webhooks out and in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attempt",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("delivery_seq", sa.BigInteger(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("latency_ms", sa.Integer(), nullable=False),
        sa.Column("excerpt", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_attempt")),
    )
    op.create_index("ix_attempt_at", "attempt", ["at"], unique=False)
    op.create_index("ix_attempt_delivery", "attempt", ["delivery_seq", "seq"], unique=False)
    op.create_table(
        "attempt_head",
        sa.Column("id", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("hash", sa.LargeBinary(), server_default=sa.text("'\\x'::bytea"), nullable=False),
        sa.Column("pruned_through", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pruned_hash", sa.LargeBinary(), server_default=sa.text("'\\x'::bytea"), nullable=False),
        sa.CheckConstraint("id", name=op.f("ck_attempt_head_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt_head")),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subjectversion", sa.BigInteger(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False, comment="Of `occurred_at`, China Standard Time."),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    op.create_index("ix_message_day", "message", ["day", "type"], unique=False)
    op.create_table(
        "reading_position",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_reading_position")),
    )
    op.create_table(
        "subject_place",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "subject", name=op.f("pk_subject_place")),
    )
    op.create_table(
        "partner",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("public_keys", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("sealed_secrets", sa.LargeBinary(), nullable=False, comment="JSON list, sealed."),
        sa.Column("shared_secrets", sa.Integer(), nullable=False),
        sa.Column("types", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["organization"], ["organization.code"], name=op.f("fk_partner_organization")),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_partner")),
    )
    op.create_table(
        "subscription",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False, comment="JSON."),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["organization"], ["organization.code"], name=op.f("fk_subscription_organization")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
    )
    op.create_index(op.f("ix_subscription_organization"), "subscription", ["organization"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_delivery_message_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscription.id"], name=op.f("fk_delivery_subscription_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_delivery")),
        sa.UniqueConstraint("subscription_id", "message_id", name=op.f("uq_delivery_subscription_id_message_id")),
    )
    op.create_index(
        "ix_delivery_dead",
        "delivery",
        ["subscription_id", "seq"],
        unique=False,
        postgresql_where=sa.text("state = 'dead'"),
    )
    op.create_index(
        "ix_delivery_due",
        "delivery",
        ["subscription_id", "next_at", "seq"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index("ix_delivery_listed", "delivery", ["subscription_id", "seq"], unique=False)
    op.create_index("ix_delivery_message", "delivery", ["message_id"], unique=False)
    op.create_index(
        "ix_delivery_subject",
        "delivery",
        ["subscription_id", "subject", "seq"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "inbound",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False, comment="The message's number within its subject."),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of the body: a replay is the same one."),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["source"], ["partner.source"], name=op.f("fk_inbound_source")),
        sa.PrimaryKeyConstraint("source", "id", name=op.f("pk_inbound")),
        sa.UniqueConstraint("seq", name=op.f("uq_inbound_seq")),
    )
    op.create_index("ix_inbound_day", "inbound", ["source", "day"], unique=False)
    op.create_index(
        "ix_inbound_due", "inbound", ["next_at", "seq"], unique=False, postgresql_where=sa.text("state = 'stored'")
    )
    op.create_index("ix_inbound_listed", "inbound", ["source", "seq"], unique=False)
    op.create_index(
        "ix_inbound_subject",
        "inbound",
        ["source", "subject", "seq"],
        unique=False,
        postgresql_where=sa.text("state = 'stored'"),
    )
    op.create_table(
        "webhook_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscription.id"], name=op.f("fk_webhook_key_subscription_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_key")),
    )
    op.create_index(op.f("ix_webhook_key_subscription_id"), "webhook_key", ["subscription_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_webhook_key_subscription_id"), table_name="webhook_key")
    op.drop_table("webhook_key")
    op.drop_index("ix_inbound_subject", table_name="inbound", postgresql_where=sa.text("state = 'stored'"))
    op.drop_index("ix_inbound_listed", table_name="inbound")
    op.drop_index("ix_inbound_due", table_name="inbound", postgresql_where=sa.text("state = 'stored'"))
    op.drop_index("ix_inbound_day", table_name="inbound")
    op.drop_table("inbound")
    op.drop_index("ix_delivery_subject", table_name="delivery", postgresql_where=sa.text("state = 'pending'"))
    op.drop_index("ix_delivery_message", table_name="delivery")
    op.drop_index("ix_delivery_listed", table_name="delivery")
    op.drop_index("ix_delivery_due", table_name="delivery", postgresql_where=sa.text("state = 'pending'"))
    op.drop_index("ix_delivery_dead", table_name="delivery", postgresql_where=sa.text("state = 'dead'"))
    op.drop_table("delivery")
    op.drop_index(op.f("ix_subscription_organization"), table_name="subscription")
    op.drop_table("subscription")
    op.drop_table("partner")
    op.drop_table("subject_place")
    op.drop_table("reading_position")
    op.drop_index("ix_message_day", table_name="message")
    op.drop_table("message")
    op.drop_table("attempt_head")
    op.drop_index("ix_attempt_delivery", table_name="attempt")
    op.drop_index("ix_attempt_at", table_name="attempt")
    op.drop_table("attempt")
