"""What every service's tables have in common: names of constraints, column types, and the kit's own tables."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.kit.audit import define_audit_check_table
from shared.kit.idempotency import define_idempotency_table
from shared.kit.journal import define_journal_table
from shared.kit.log import define_log_tables

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
TYPES: dict[Any, Any] = {
    datetime: sa.DateTime(timezone=True),
    str: sa.Text,
    int: sa.BigInteger,
    dict[str, Any]: JSONB,
    list[Any]: JSONB,
    list[str]: ARRAY(sa.Text),
    bytes: sa.LargeBinary,
}


def service_metadata() -> sa.MetaData:
    """Metadata of a service, the kit's tables in it already."""
    metadata = sa.MetaData(naming_convention=NAMING)
    define_log_tables(metadata)
    define_idempotency_table(metadata)
    define_journal_table(metadata)
    define_audit_check_table(metadata)
    return metadata
