"""A second or tracking interpretation on its way to the public without a dossier (二次解读、跟踪解读).

The policy is public and signed; what is new is one interpretation of it. It still needs its own secrecy review, one by
one, and an approval, by persons who did not draft it (保守国家秘密法实施条例第四十二条; domain.md §11.2, §11.5).
"""

from collections.abc import Iterator
from datetime import date
from itertools import combinations

from services.policy_api.rules.scans import PERSONAL, ScanKind, WordLists, scan_text
from shared.schemas.policies import InterpretationImport
from shared.schemas.problems import InvalidField
from shared.schemas.reviews import FollowUpReviews

_DUTIES = {"drafted_by": "起草", "secrecy_reviewed_by": "保密审查", "approved_by": "审批"}
_NO_WORDS = WordLists(sensitive=(), typos=())
STOPPING = PERSONAL | {ScanKind.SECRECY}
"""Finds that need a reason before the text may be public; other words are for the reviewer's eye."""


def check_follow_up(wanted: InterpretationImport, today: date) -> list[InvalidField]:
    """What stands against publishing it today, by pointer."""
    if wanted.reviews is None:
        detail = "跟踪解读应附保密审查和审批记录；导入已公开的解读需要 policy:import 权限"
        return [InvalidField(pointer="/reviews", detail=detail)]
    found = [*check_reviews(wanted.reviews, today), *_find_unsafe_texts(wanted)]
    return [InvalidField(pointer=pointer, detail=detail) for pointer, detail in found]


def check_reviews(reviews: FollowUpReviews, today: date) -> Iterator[tuple[str, str]]:
    """起草、审查、审批三分离, in the order of the days."""
    for one, other in combinations(_DUTIES, 2):
        if getattr(reviews, one) == getattr(reviews, other):
            yield f"/reviews/{other}", f"{_DUTIES[one]}与{_DUTIES[other]}不能由同一人承担"
    if reviews.approved_on > today:
        yield "/reviews/approved_on", "审批日期不能在今天之后"
    if reviews.secrecy_reviewed_on > reviews.approved_on:
        yield "/reviews/secrecy_reviewed_on", "应先经保密审查，再审批"


def _find_unsafe_texts(wanted: InterpretationImport) -> Iterator[tuple[str, str]]:
    if wanted.reviews is not None and wanted.reviews.scan_reason is not None:
        return
    for pointer, text in _texts(wanted):
        hits = [hit for hit in scan_text(text, _NO_WORDS) if hit.kind in STOPPING]
        if hits:
            named = "、".join(hit.excerpt for hit in hits[:3])
            yield pointer, f"含有个人信息或密级标志（{named}）；请删去，或在 reviews.scan_reason 中说明理由"


def _texts(wanted: InterpretationImport) -> Iterator[tuple[str, str]]:
    yield "/title", wanted.title
    yield "/body", wanted.body
    for name in ("interpreter", "contact"):
        contact = getattr(wanted, name)
        if contact is not None:
            yield f"/{name}", "\n".join(part for part in (contact.organ, contact.person, contact.phone) if part)
    for place, item in enumerate(wanted.attachments):
        yield f"/attachments/{place}/name", item.name
        yield f"/attachments/{place}/alt_text", item.alt_text or ""
