"""Tables of policy_api. No behaviour."""

from services.policy_api.models.base import Base
from services.policy_api.models.dossiers import DossierActRow, DossierRow
from services.policy_api.models.entries import EntryLinkRow, EntryRow
from services.policy_api.models.expiry import ExpiryTaskRow
from services.policy_api.models.files import FileRow, FileUseRow
from services.policy_api.models.follow_up import EnquiriesRow, InterpretationTaskRow
from services.policy_api.models.opinions import OpinionRow
from services.policy_api.models.policies import (
    ClaimedNumberRow,
    InterpretationRow,
    PolicyIssuerRow,
    PolicyRow,
    PolicyVersionRow,
    RelationRow,
    RenderingRow,
)
from services.policy_api.models.profiles import ClauseMatchingRow, EnterpriseProfileRow, ProfileMatchRow
from services.policy_api.models.quality import (
    PolicyQualityRow,
    QualityFindingRow,
    QualityPlaceRow,
    QualityProgressRow,
)

__all__ = [
    "Base",
    "ClaimedNumberRow",
    "ClauseMatchingRow",
    "DossierActRow",
    "DossierRow",
    "EnquiriesRow",
    "EnterpriseProfileRow",
    "EntryLinkRow",
    "EntryRow",
    "ExpiryTaskRow",
    "FileRow",
    "FileUseRow",
    "InterpretationRow",
    "InterpretationTaskRow",
    "OpinionRow",
    "PolicyIssuerRow",
    "PolicyQualityRow",
    "PolicyRow",
    "PolicyVersionRow",
    "ProfileMatchRow",
    "QualityFindingRow",
    "QualityPlaceRow",
    "QualityProgressRow",
    "RelationRow",
    "RenderingRow",
]
