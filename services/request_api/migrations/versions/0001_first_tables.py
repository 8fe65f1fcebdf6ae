"""Requests, applicants, steps, fees, files, series, and the kit's tables."""

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
        "annual_report",
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("organization_name", sa.Text(), nullable=False),
        sa.Column("organization_path", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("written", sa.Text(), nullable=False, comment="JSON: what people write."),
        sa.Column("published", sa.Text(), nullable=True, comment="JSON: the report as it was published last."),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True, comment="Of the last correction."),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organization", "year", name=op.f("pk_annual_report")),
    )
    op.create_index(
        "ix_annual_report_published",
        "annual_report",
        ["year", "organization"],
        unique=False,
        postgresql_where=sa.text("published IS NOT NULL"),
    )
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
        "conversion",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("organization_name", sa.Text(), nullable=False),
        sa.Column("subject_key", sa.LargeBinary(), nullable=False),
        sa.Column("requests", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("applicants", sa.BigInteger(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_to", sa.Date(), nullable=False),
        sa.Column("suggested", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("candidate_id", sa.Uuid(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversion")),
        sa.UniqueConstraint("organization", "subject_key", name=op.f("uq_conversion_organization_subject_key")),
    )
    op.create_index("ix_conversion_listed", "conversion", ["organization", "id"], unique=False)
    op.create_index(
        "ix_conversion_undelivered", "conversion", ["id"], unique=False, postgresql_where=sa.text("state = 'accepted'")
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
        "request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("organization_name", sa.Text(), nullable=False),
        sa.Column("organization_path", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("province_id", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("applicant_kind", sa.Text(), nullable=False),
        sa.Column(
            "applicant_key",
            sa.LargeBinary(),
            nullable=True,
            comment="Keyed fingerprint of the identity number; erased with it.",
        ),
        sa.Column(
            "content_key",
            sa.LargeBinary(),
            nullable=False,
            comment="Keyed fingerprint of what was handed in: a retry is recognised.",
        ),
        sa.Column(
            "subject_key",
            sa.LargeBinary(),
            nullable=True,
            comment="Keyed fingerprint of what is asked for by name or number.",
        ),
        sa.Column("assistance", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("form", sa.Text(), nullable=False, comment="JSON."),
        sa.Column("wanted", sa.LargeBinary(), nullable=True, comment="Sealed."),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.Column("first_due_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("waiting_until", sa.Date(), nullable=True),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("calendar_version", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("exemption", sa.Text(), nullable=True),
        sa.Column("report_row", sa.Text(), nullable=True),
        sa.Column("answered_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("reply_number", sa.Text(), nullable=True),
        sa.Column("erased_on", sa.Date(), nullable=True),
        sa.Column(
            "sealed_with",
            sa.Text(),
            nullable=False,
            comment="The key that all its sealed values open with, or a newer one.",
        ),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request")),
        sa.UniqueConstraint("number", name=op.f("uq_request_number")),
        sa.UniqueConstraint("organization", "external_id", name=op.f("uq_request_organization_external_id")),
    )
    op.create_index("ix_request_applicant", "request", ["applicant_key", "organization", "received_on"], unique=False)
    op.create_index(
        "ix_request_calendar", "request", ["calendar_version", "id"], unique=False, postgresql_where=sa.text("is_open")
    )
    op.create_index(
        "ix_request_closed",
        "request",
        ["closed_on", "organization"],
        unique=False,
        postgresql_include=["answered_on", "due_on", "channel", "state", "report_row", "applicant_kind"],
    )
    op.create_index(
        "ix_request_kept",
        "request",
        ["closed_on"],
        unique=False,
        postgresql_where=sa.text("state = 'archived' AND erased_on IS NULL"),
    )
    op.create_index("ix_request_listed", "request", ["organization", "id"], unique=False)
    op.create_index(
        "ix_request_open",
        "request",
        ["organization", "due_on", "state"],
        unique=False,
        postgresql_where=sa.text("is_open"),
    )
    op.create_index("ix_request_received", "request", ["received_on", "organization"], unique=False)
    op.create_index("ix_request_sealed_with", "request", ["sealed_with", "id"], unique=False)
    op.create_index(
        "ix_request_subject",
        "request",
        ["organization", "subject_key"],
        unique=False,
        postgresql_where=sa.text("subject_key IS NOT NULL"),
    )
    op.create_index(
        "ix_request_waiting",
        "request",
        ["waiting_until"],
        unique=False,
        postgresql_where=sa.text("is_open AND waiting_until IS NOT NULL"),
    )
    op.create_index(
        "uq_request_province",
        "request",
        ["province_id"],
        unique=True,
        postgresql_where=sa.text("province_id IS NOT NULL"),
    )
    op.create_table(
        "series",
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("organization", "name", "year", name=op.f("pk_series")),
    )
    op.create_table(
        "applicant",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("identity", sa.LargeBinary(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("address", sa.LargeBinary(), nullable=True),
        sa.Column("email", sa.LargeBinary(), nullable=True),
        sa.Column(
            "more", sa.LargeBinary(), nullable=True, comment="Postcode, employer, representative, contact person."
        ),
        sa.Column("agent", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name=op.f("fk_applicant_request_id")),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_applicant")),
    )
    op.create_table(
        "fee_notice",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("amount_yuan", sa.BigInteger(), nullable=False),
        sa.Column("noticed_on", sa.Date(), nullable=False),
        sa.Column("pay_until", sa.Date(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("receipt_no", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name=op.f("fk_fee_notice_request_id")),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_fee_notice")),
    )
    op.create_index("ix_fee_notice_noticed", "fee_notice", ["noticed_on", "organization"], unique=False)
    op.create_table(
        "joint_consultation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False, comment="Sealed."),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name=op.f("fk_joint_consultation_request_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_joint_consultation")),
        sa.UniqueConstraint("request_id", "external_id", name=op.f("uq_joint_consultation_request_id_external_id")),
    )
    op.create_table(
        "library_case",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("case_no", sa.Text(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("organization_name", sa.Text(), nullable=False),
        sa.Column("organization_path", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("share_scope", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False, comment="JSON."),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("shared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name=op.f("fk_library_case_request_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library_case")),
        sa.UniqueConstraint("case_no", name=op.f("uq_library_case_case_no")),
        sa.UniqueConstraint("request_id", name=op.f("uq_library_case_request_id")),
    )
    op.create_index(
        "ix_library_case_listed", "library_case", ["id"], unique=False, postgresql_where=sa.text("NOT withdrawn")
    )
    op.create_index(
        "ix_library_case_words",
        "library_case",
        ["words"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"words": "gin_trgm_ops"},
    )
    op.create_table(
        "request_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False, comment="As the applicant sees it."),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column(
            "findings", sa.Text(), nullable=False, comment="JSON: what the check before the answer leaves found."
        ),
        sa.Column("cleared", sa.Boolean(), nullable=False, comment="Whether it may leave."),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name=op.f("fk_request_file_request_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_file")),
    )
    op.create_index("ix_request_file_request", "request_file", ["request_id", "id"], unique=False)
    op.create_table(
        "request_urging",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("urged_by", sa.Text(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False, comment="Sealed."),
        sa.Column("answer_by", sa.Date(), nullable=False),
        sa.Column("urged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True, comment="Sealed."),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name=op.f("fk_request_urging_request_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_urging")),
    )
    op.create_index("ix_request_urging_organization", "request_urging", ["organization", "id"], unique=False)
    op.create_index("ix_request_urging_request", "request_urging", ["request_id", "id"], unique=False)
    op.create_table(
        "review_case",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("filed_on", sa.Date(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name=op.f("fk_review_case_request_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_case")),
        sa.UniqueConstraint("request_id", "external_id", name=op.f("uq_review_case_request_id_external_id")),
    )
    op.create_index("ix_review_case_counted", "review_case", ["organization", "filed_on"], unique=False)
    op.create_table(
        "step",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False, comment="JSON."),
        sa.Column("private", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name=op.f("fk_step_request_id")),
        sa.PrimaryKeyConstraint("request_id", "sequence", name=op.f("pk_step")),
    )
    op.create_index(
        "ix_step_recomputed",
        "step",
        [sa.literal_column("(facts::jsonb ->> 'calendar_version')"), "request_id"],
        unique=False,
        postgresql_where=sa.text("kind = 'recomputed'"),
    )
    for statement in AUDIT_IS_APPEND_ONLY:
        op.execute(statement)


def downgrade() -> None:
    op.drop_index("ix_step_recomputed", table_name="step", postgresql_where=sa.text("kind = 'recomputed'"))
    op.drop_table("step")
    op.drop_index("ix_review_case_counted", table_name="review_case")
    op.drop_table("review_case")
    op.drop_index("ix_request_urging_request", table_name="request_urging")
    op.drop_index("ix_request_urging_organization", table_name="request_urging")
    op.drop_table("request_urging")
    op.drop_index("ix_request_file_request", table_name="request_file")
    op.drop_table("request_file")
    op.drop_index(
        "ix_library_case_words",
        table_name="library_case",
        postgresql_using="gin",
        postgresql_ops={"words": "gin_trgm_ops"},
    )
    op.drop_index("ix_library_case_listed", table_name="library_case", postgresql_where=sa.text("NOT withdrawn"))
    op.drop_table("library_case")
    op.drop_table("joint_consultation")
    op.drop_index("ix_fee_notice_noticed", table_name="fee_notice")
    op.drop_table("fee_notice")
    op.drop_table("applicant")
    op.drop_table("series")
    op.drop_index("uq_request_province", table_name="request", postgresql_where=sa.text("province_id IS NOT NULL"))
    op.drop_index(
        "ix_request_waiting", table_name="request", postgresql_where=sa.text("is_open AND waiting_until IS NOT NULL")
    )
    op.drop_index("ix_request_subject", table_name="request", postgresql_where=sa.text("subject_key IS NOT NULL"))
    op.drop_index("ix_request_sealed_with", table_name="request")
    op.drop_index("ix_request_received", table_name="request")
    op.drop_index("ix_request_open", table_name="request", postgresql_where=sa.text("is_open"))
    op.drop_index("ix_request_listed", table_name="request")
    op.drop_index(
        "ix_request_kept", table_name="request", postgresql_where=sa.text("state = 'archived' AND erased_on IS NULL")
    )
    op.drop_index("ix_request_closed", table_name="request")
    op.drop_index("ix_request_calendar", table_name="request", postgresql_where=sa.text("is_open"))
    op.drop_index("ix_request_applicant", table_name="request")
    op.drop_table("request")
    op.drop_table("log_head")
    op.drop_index(op.f("ix_idempotency_key_created_at"), table_name="idempotency_key")
    op.drop_table("idempotency_key")
    op.drop_table("event")
    op.drop_index("ix_conversion_undelivered", table_name="conversion", postgresql_where=sa.text("state = 'accepted'"))
    op.drop_index("ix_conversion_listed", table_name="conversion")
    op.drop_table("conversion")
    op.drop_index(op.f("ix_audit_entry_subject"), table_name="audit_entry")
    op.drop_table("audit_entry")
    op.drop_index(
        "ix_annual_report_published", table_name="annual_report", postgresql_where=sa.text("published IS NOT NULL")
    )
    op.drop_table("annual_report")
