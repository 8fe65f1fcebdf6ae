"""Give every filter of the list of policies an index in the order of the list, and drop what that replaces."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

PUBLIC = sa.text("state = 'public'")

# With the path of this migration, so that a caller's does not matter. Once for all rows of an INSERT, for speed.
NOTE_NEW_ISSUERS = """
    CREATE FUNCTION note_new_issuers() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
    BEGIN
        INSERT INTO policy_issuer (issuer, published_on, policy_id)
        SELECT DISTINCT issuer, published_on, id FROM added, unnest(issuers) AS issuer WHERE state = 'public';
        RETURN NULL;
    END $$
"""
NOTE_CHANGED_ISSUERS = """
    CREATE FUNCTION note_changed_issuers() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
    BEGIN
        IF OLD.state = 'public' THEN
            DELETE FROM policy_issuer
            WHERE issuer = ANY(OLD.issuers) AND published_on = OLD.published_on AND policy_id = OLD.id;
        END IF;
        IF NEW.state = 'public' THEN
            INSERT INTO policy_issuer (issuer, published_on, policy_id)
            SELECT DISTINCT issuer, NEW.published_on, NEW.id FROM unnest(NEW.issuers) AS issuer;
        END IF;
        RETURN NULL;
    END $$
"""
TRIGGERS = (
    """
    CREATE TRIGGER policy_issuers_added AFTER INSERT ON policy REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION note_new_issuers()
    """,
    """
    CREATE TRIGGER policy_issuers_changed AFTER UPDATE ON policy
    FOR EACH ROW WHEN ((OLD.state, OLD.published_on, OLD.issuers) IS DISTINCT FROM
                       (NEW.state, NEW.published_on, NEW.issuers))
    EXECUTE FUNCTION note_changed_issuers()
    """,
)


def upgrade() -> None:
    for name in ("effective_on", "repealed", "theme"):
        op.drop_index(f"ix_policy_public_{name}", table_name="policy")
    for name in ("expires_on", "issuers"):
        op.drop_index(f"ix_policy_{name}", table_name="policy")
    comment = "As the representation says; a date may have overtaken it."
    op.add_column("policy", sa.Column("validity", sa.Text(), nullable=True, comment=comment))
    op.execute("UPDATE policy SET validity = convert_from(listing, 'UTF8')::json ->> 'validity' WHERE state = 'public'")
    for name, *columns in (("theme", "theme"), ("subtheme", "theme", "subtheme"), ("validity", "validity")):
        op.create_index(f"ix_policy_public_{name}", "policy", [*columns, "published_on", "id"], postgresql_where=PUBLIC)
    op.create_index("ix_interpretation_public_all", "interpretation", ["published_on", "id"], postgresql_where=PUBLIC)
    op.create_table(
        "policy_issuer",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=False),
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "published_on", "policy_id", name=op.f("pk_policy_issuer")),
    )
    for statement in (NOTE_NEW_ISSUERS, NOTE_CHANGED_ISSUERS, *TRIGGERS):
        op.execute(statement)
    op.execute(
        """
        INSERT INTO policy_issuer (issuer, published_on, policy_id)
        SELECT DISTINCT issuer, published_on, id FROM policy, unnest(issuers) AS issuer WHERE state = 'public'
        """
    )


def downgrade() -> None:
    for name in ("policy_issuers_changed", "policy_issuers_added"):
        op.execute(f"DROP TRIGGER {name} ON policy")
    for name in ("note_changed_issuers", "note_new_issuers"):
        op.execute(f"DROP FUNCTION {name}()")
    op.drop_table("policy_issuer")
    op.drop_index("ix_interpretation_public_all", table_name="interpretation")
    for name in ("theme", "subtheme", "validity"):
        op.drop_index(f"ix_policy_public_{name}", table_name="policy")
    op.drop_column("policy", "validity")
    op.create_index("ix_policy_issuers", "policy", ["issuers"], postgresql_using="gin", postgresql_where=PUBLIC)
    for name, columns in (("effective_on", ["effective_on"]), ("theme", ["theme", "subtheme", "published_on", "id"])):
        op.create_index(f"ix_policy_public_{name}", "policy", columns, postgresql_where=PUBLIC)
    is_repealed: sa.ColumnClause[bool] = sa.literal_column("(repealed_on IS NOT NULL)")
    op.create_index("ix_policy_public_repealed", "policy", [is_repealed, "published_on", "id"], postgresql_where=PUBLIC)
    op.create_index(
        "ix_policy_expires_on",
        "policy",
        ["expires_on"],
        postgresql_where=sa.text("state = 'public' AND expires_on IS NOT NULL"),
    )
