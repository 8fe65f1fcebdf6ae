"""The base that every table of exchange_api hangs on."""

from sqlalchemy.orm import DeclarativeBase

from shared.kit.tables import TYPES, service_metadata


class Base(DeclarativeBase):
    metadata = service_metadata()
    type_annotation_map = TYPES
