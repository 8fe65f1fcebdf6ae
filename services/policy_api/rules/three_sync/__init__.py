"""The three-synchronised check (三同步): policy, interpretation plan and materials are organised, signed and released
together (国办发〔2016〕80号；济政办发〔2025〕2号（五）). Thirty rules on plain values; no database, no clock.
"""

from services.policy_api.rules.three_sync.facts import Dossier
from services.policy_api.rules.three_sync.manifest import manifest_hash, manifest_of
from services.policy_api.rules.three_sync.table import RULES, Rule, check_three_sync
from services.policy_api.rules.three_sync.verdicts import Limits

__all__ = ["RULES", "Dossier", "Limits", "Rule", "check_three_sync", "manifest_hash", "manifest_of"]
