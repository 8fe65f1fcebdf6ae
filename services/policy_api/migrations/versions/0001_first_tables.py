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
        "policy",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("organization_name", sa.Text(), nullable=False),
        sa.Column("organization_path", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("division_code", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "version", sa.BigInteger(), nullable=False, comment="Counts public representations; 0 before the first."
        ),
        sa.Column(
            "latest_number", sa.BigInteger(), nullable=False, comment="Number of the newest row of policy_version."
        ),
        sa.Column("doc_no", sa.Text(), nullable=True, comment="Canonical; reserved from the first push on."),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("doc_class", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("theme", sa.Text(), nullable=True),
        sa.Column("subtheme", sa.Text(), nullable=True),
        sa.Column("issuers", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("year", sa.BigInteger(), nullable=True),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("repealed_on", sa.Date(), nullable=True),
        sa.Column("next_change_on", sa.Date(), nullable=True, comment="When the representation changes by date alone."),
        sa.Column(
            "representation", sa.LargeBinary(), nullable=True, comment="Stored uncompressed, so that a read copies it."
        ),
        sa.Column(
            "listing",
            sa.LargeBinary(),
            nullable=True,
            comment="The representation without text and outline, for lists.",
        ),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(state = 'public') = (representation IS NOT NULL)", name=op.f("ck_policy_public_is_rendered")
        ),
        sa.CheckConstraint("state IN ('draft', 'public', 'withdrawn')", name=op.f("ck_policy_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy")),
        sa.UniqueConstraint("doc_no", name=op.f("uq_policy_doc_no")),
        sa.UniqueConstraint("organization", "external_id", name=op.f("uq_policy_organization_external_id")),
    )
    op.create_index(
        "ix_policy_doc_no_trigram",
        "policy",
        ["doc_no"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"doc_no": "public.gin_trgm_ops"},
    )
    op.create_index(
        "ix_policy_expires_on",
        "policy",
        ["expires_on"],
        unique=False,
        postgresql_where=sa.text("state = 'public' AND expires_on IS NOT NULL"),
    )
    op.create_index(
        "ix_policy_issuers",
        "policy",
        ["issuers"],
        unique=False,
        postgresql_using="gin",
        postgresql_where=sa.text("state = 'public'"),
    )
    op.create_index(
        "ix_policy_next_change_on",
        "policy",
        ["next_change_on"],
        unique=False,
        postgresql_where=sa.text("state = 'public' AND next_change_on IS NOT NULL"),
    )
    op.create_index(
        "ix_policy_public_all",
        "policy",
        ["published_on", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'public'"),
    )
    op.create_index(
        "ix_policy_public_doc_class",
        "policy",
        ["doc_class", "published_on", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'public'"),
    )
    op.create_index(
        "ix_policy_public_kind",
        "policy",
        ["kind", "published_on", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'public'"),
    )
    op.create_index(
        "ix_policy_public_level",
        "policy",
        ["level", "published_on", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'public'"),
    )
    op.create_index(
        "ix_policy_public_organization",
        "policy",
        ["organization", "published_on", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'public'"),
    )
    op.create_index(
        "ix_policy_public_repealed",
        "policy",
        [sa.literal_column("(repealed_on IS NOT NULL)"), "published_on", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'public'"),
    )
    op.create_index(
        "ix_policy_public_theme",
        "policy",
        ["theme", "subtheme", "published_on", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'public'"),
    )
    op.create_index(
        "ix_policy_public_year",
        "policy",
        ["year", "published_on", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'public'"),
    )
    op.create_table(
        "rendering",
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("representation", sa.LargeBinary(), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("subject", "version", name=op.f("pk_rendering")),
    )
    op.create_table(
        "interpretation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("organization_name", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        sa.Column("dossier_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "version", sa.BigInteger(), nullable=False, comment="Counts public representations; 0 before the first."
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column(
            "content",
            sa.Text(),
            nullable=False,
            comment="Canonical JSON of an InterpretationInput; content_hash covers it.",
        ),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("representation", sa.LargeBinary(), nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(state = 'public') = (representation IS NOT NULL)", name=op.f("ck_interpretation_public_is_rendered")
        ),
        sa.CheckConstraint("state IN ('draft', 'public', 'withdrawn')", name=op.f("ck_interpretation_state")),
        sa.ForeignKeyConstraint(["policy_id"], ["policy.id"], name=op.f("fk_interpretation_policy_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interpretation")),
        sa.UniqueConstraint("organization", "external_id", name=op.f("uq_interpretation_organization_external_id")),
    )
    op.create_index(op.f("ix_interpretation_dossier_id"), "interpretation", ["dossier_id"], unique=False)
    op.create_index("ix_interpretation_policy_id", "interpretation", ["policy_id", "published_on", "id"], unique=False)
    op.create_table(
        "policy_version",
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("content", sa.Text(), nullable=False, comment="Canonical JSON; content_hash covers it."),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("adopted_on", sa.Date(), nullable=True),
        sa.Column(
            "effective_on",
            sa.Date(),
            nullable=True,
            comment="From this day it is the text; set at the latest by release.",
        ),
        sa.Column("instrument", sa.Text(), nullable=True),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dossier_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["policy_id"], ["policy.id"], name=op.f("fk_policy_version_policy_id")),
        sa.PrimaryKeyConstraint("policy_id", "number", name=op.f("pk_policy_version")),
    )
    op.create_table(
        "relation",
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=True),
        sa.Column("target_doc_no", sa.Text(), nullable=True),
        sa.Column("target_title", sa.Text(), nullable=True),
        sa.Column("articles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["policy.id"], name=op.f("fk_relation_source_id")),
        sa.ForeignKeyConstraint(["target_id"], ["policy.id"], name=op.f("fk_relation_target_id")),
        sa.PrimaryKeyConstraint("source_id", "position", name=op.f("pk_relation")),
    )
    op.create_index(
        "ix_relation_pending",
        "relation",
        ["target_doc_no"],
        unique=False,
        postgresql_where=sa.text("target_id IS NULL AND target_doc_no IS NOT NULL"),
    )
    op.create_index(op.f("ix_relation_target_id"), "relation", ["target_id"], unique=False)

    # Reads by id are the hot path: compressing would cost each of them, and each write, a pass over the bytes.
    op.execute("ALTER TABLE policy ALTER COLUMN representation SET STORAGE EXTERNAL")
    op.execute("ALTER TABLE interpretation ALTER COLUMN representation SET STORAGE EXTERNAL")
    for statement in AUDIT_IS_APPEND_ONLY:
        op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("the first migration is not undone: drop the schema instead")
