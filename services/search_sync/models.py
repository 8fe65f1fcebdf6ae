"""Tables of search_sync. No behaviour."""

from sqlalchemy.orm import DeclarativeBase

from shared.kit.tables import TYPES, service_metadata


class Base(DeclarativeBase):
    metadata = service_metadata()
    type_annotation_map = TYPES
