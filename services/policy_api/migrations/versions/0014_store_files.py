"""Keep uploaded files, and which content names them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# In the database, so that no way of writing content can forget it. Most content names no file, which one search tells.
NOTE_USE = """
    CREATE FUNCTION note_file_use() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        about uuid;
        text_number bigint := 0;
    BEGIN
        IF TG_TABLE_NAME = 'policy_version' THEN
            about := NEW.policy_id;
            text_number := NEW.number;
        ELSE
            about := NEW.id;
        END IF;
        DELETE FROM file_use WHERE subject = about AND number = text_number;
        INSERT INTO file_use (sha256, kind, subject, number)
        SELECT DISTINCT hit.address[1], TG_TABLE_NAME, about, text_number
        FROM regexp_matches(NEW.content, '/api/policy/v1/files/([0-9a-f]{64})', 'g') AS hit(address);
        RETURN NULL;
    END $$
"""
ADDRESS = "'%/api/policy/v1/files/%'"


def upgrade() -> None:
    op.create_table(
        "file",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("organization_path", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="As it was uploaded."),
        sa.Column("media_type", sa.Text(), nullable=False, comment="By content."),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("uploaded_by", sa.Text(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("review", sa.Text(), nullable=True, comment="The newest review, as JSON."),
        sa.Column(
            "passed", sa.Boolean(), nullable=False, comment="Reviewed, and nothing stands against publishing it."
        ),
        sa.PrimaryKeyConstraint("sha256", "organization", name=op.f("pk_file")),
    )
    op.create_index("ix_file_organization", "file", ["organization", "uploaded_at", "sha256"])
    op.create_table(
        "file_use",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False, comment="Of a policy's text; 0 otherwise."),
        sa.PrimaryKeyConstraint("sha256", "kind", "subject", "number", name=op.f("pk_file_use")),
    )
    op.create_index("ix_file_use_subject", "file_use", ["subject", "number"])
    op.execute(NOTE_USE)
    for table in ("policy_version", "interpretation", "entry"):
        op.execute(
            f"""
            CREATE TRIGGER {table}_new_file_use AFTER INSERT ON {table} FOR EACH ROW
            WHEN (NEW.content LIKE {ADDRESS}) EXECUTE FUNCTION note_file_use()
            """
        )
        op.execute(
            f"""
            CREATE TRIGGER {table}_changed_file_use AFTER UPDATE OF content ON {table} FOR EACH ROW
            WHEN (OLD.content LIKE {ADDRESS} OR NEW.content LIKE {ADDRESS}) EXECUTE FUNCTION note_file_use()
            """
        )


def downgrade() -> None:
    for table in ("policy_version", "interpretation", "entry"):
        op.execute(f"DROP TRIGGER {table}_new_file_use ON {table}")
        op.execute(f"DROP TRIGGER {table}_changed_file_use ON {table}")
    op.execute("DROP FUNCTION note_file_use()")
    op.drop_index("ix_file_use_subject", table_name="file_use")
    op.drop_table("file_use")
    op.drop_index("ix_file_organization", table_name="file")
    op.drop_table("file")
