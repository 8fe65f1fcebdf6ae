"""Tables of catalog_api. No behaviour."""

from services.catalog_api.models.base import Base
from services.catalog_api.models.catalogs import CatalogRow, CatalogVersionRow, ItemRow
from services.catalog_api.models.disclosure import DutyRow, PublicationRow, TaskRow

__all__ = ["Base", "CatalogRow", "CatalogVersionRow", "DutyRow", "ItemRow", "PublicationRow", "TaskRow"]
