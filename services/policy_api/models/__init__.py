"""Tables of policy_api. No behaviour."""

from services.policy_api.models.base import Base
from services.policy_api.models.dossiers import DossierActRow, DossierRow
from services.policy_api.models.policies import (
    InterpretationRow,
    PolicyIssuerRow,
    PolicyRow,
    PolicyVersionRow,
    RelationRow,
    RenderingRow,
)

__all__ = [
    "Base",
    "DossierActRow",
    "DossierRow",
    "InterpretationRow",
    "PolicyIssuerRow",
    "PolicyRow",
    "PolicyVersionRow",
    "RelationRow",
    "RenderingRow",
]
