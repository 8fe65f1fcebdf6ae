"""Tables of catalog_api. No behaviour."""

from services.catalog_api.models.base import Base
from services.catalog_api.models.candidates import CandidateRow
from services.catalog_api.models.catalogs import CatalogRow, CatalogVersionRow, ItemRow
from services.catalog_api.models.directory import GuideRow
from services.catalog_api.models.disclosure import DiscloserRow, DutyRow, PublicationRow, TaskRow, UrgingRow
from services.catalog_api.models.lists import ListEntryRow, ListTextRow
from services.catalog_api.models.patrol import FindingRow, PatrolRulesRow, RetentionRuleRow, WordListRow
from services.catalog_api.models.withheld import WithheldRow

__all__ = [
    "Base",
    "CandidateRow",
    "CatalogRow",
    "CatalogVersionRow",
    "DiscloserRow",
    "DutyRow",
    "FindingRow",
    "GuideRow",
    "ItemRow",
    "ListEntryRow",
    "ListTextRow",
    "PatrolRulesRow",
    "PublicationRow",
    "RetentionRuleRow",
    "TaskRow",
    "UrgingRow",
    "WithheldRow",
    "WordListRow",
]
