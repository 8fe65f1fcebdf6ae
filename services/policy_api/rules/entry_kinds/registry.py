"""Every kind of entry by its name."""

from services.policy_api.rules.entry_kinds.kind import EntryKind
from services.policy_api.rules.entry_kinds.question import QUESTION

KINDS: dict[str, EntryKind] = {kind.name: kind for kind in (QUESTION,)}
