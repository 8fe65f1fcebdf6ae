"""Every kind of entry by its name."""

from services.policy_api.rules.entry_kinds.clause import CLAUSE
from services.policy_api.rules.entry_kinds.collection import COLLECTION
from services.policy_api.rules.entry_kinds.consultation import CONSULTATION
from services.policy_api.rules.entry_kinds.decision import DECISION
from services.policy_api.rules.entry_kinds.evaluation import EVALUATION
from services.policy_api.rules.entry_kinds.kind import EntryKind
from services.policy_api.rules.entry_kinds.question import QUESTION

KINDS: dict[str, EntryKind] = {
    kind.name: kind for kind in (QUESTION, CLAUSE, COLLECTION, CONSULTATION, DECISION, EVALUATION)
}
