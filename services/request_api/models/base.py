"""The declarative base of request_api's tables, the kit's tables in it already."""

from sqlalchemy.orm import DeclarativeBase

from shared.kit.tables import TYPES, service_metadata


class Base(DeclarativeBase):
    metadata = service_metadata()
    type_annotation_map = TYPES
