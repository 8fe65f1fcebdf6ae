"""What the system notices about a request and proposes (条例第三十六条、第三十九条): a person decides."""

from datetime import date
from typing import Any

import httpx

from services.request_api.repository import cases as repository
from services.request_api.repository import requests as request_repository
from services.request_api.repository.requests import Reads
from services.request_api.rules.fees import fee_of_item
from services.request_api.rules.likeness import likeness, petition_signs, remaining
from services.request_api.service.keeping import Vault, open_wanted
from services.request_api.service.library import applicant_values
from shared.schemas.cases import ConversionState, Proposal, ProposalKind, Proposals
from shared.schemas.request_codes import DecisionCode
from shared.schemas.requests import Wanted

_EARLIER = 200
_ALIKE_CASES = 5
_LIKE_ENOUGH_CASE = 0.35


async def propose(
    reads: Reads,
    row: Any,
    vault: Vault,
    *,
    district: str | None,
    repeated_from: float,
    search: httpx.AsyncClient,
    search_url: str | None,
) -> Proposals:
    """Repeats, petitions in disguise, similar cases, what has been converted, and what is public already."""
    wanted = open_wanted(row, vault)
    if wanted is None:
        return Proposals(items=[], search_asked=False)
    text = _text_of(wanted)
    items = await _repeated(reads, row, text, vault, repeated_from)
    items += _petition(text)
    items += await _converted(reads, row)
    items += await _fee(reads, row)
    items += await _similar(reads, row, text, district)
    known = await applicant_values(reads, row["id"], vault)
    public = await _public(search, search_url, wanted, known)
    return Proposals(items=items + (public or []), search_asked=public is not None)


def _text_of(wanted: Wanted) -> str:
    return " ".join(part for part in (wanted.title, wanted.doc_no, wanted.description) if part)


async def _repeated(reads: Reads, row: Any, text: str, vault: Vault, repeated_from: float) -> list[Proposal]:
    if row["applicant_key"] is None:
        return []
    earlier = await repository.list_same_applicant(
        reads, bytes(row["applicant_key"]), row["organization"], but=row["id"], limit=_EARLIER
    )
    found = []
    for other in earlier:
        wanted = open_wanted(other, vault)
        near = likeness(text, _text_of(wanted)) if wanted else 0.0
        if near >= repeated_from:
            is_answered = other["answered_on"] is not None
            reason = "同一申请人就相同内容的申请" + ("已经答复" if is_answered else "正在办理")
            decision = DecisionCode.E2 if is_answered else None
            found.append(_proposal(ProposalKind.REPEATED, decision, reason, other["number"], near))
    return found


def _petition(text: str) -> list[Proposal]:
    signs = petition_signs(text)
    if not signs:
        return []
    reason = f"含有{'、'.join(f'“{sign}”' for sign in signs)}，可能是信访、举报、投诉或者咨询"
    return [_proposal(ProposalKind.PETITION, DecisionCode.E1, reason, None, None)]


async def _converted(reads: Reads, row: Any) -> list[Proposal]:
    """§9.5: what has become public unasked is answered by telling where (A1)."""
    if row["subject_key"] is None:
        return []
    known = await repository.find_conversion_of(reads, row["organization"], bytes(row["subject_key"]))
    if known is None or known["state"] != ConversionState.DELIVERED.value:
        return []
    return [_proposal(ProposalKind.CONVERTED, DecisionCode.A1, "同一信息已提出转为主动公开", known["subject"], None)]


async def _fee(reads: Reads, row: Any) -> list[Proposal]:
    """FEE-11: to charge is a may. What the request would cost by its place in the month is said; a person decides."""
    place = await place_in_month(reads, row)
    yuan = fee_of_item(place) if place else 0
    if not yuan:
        return []
    reason = f"同一申请人本月的第{place}件申请，按件计收可收{yuan}元；是否收费由本机关决定"
    return [_proposal(ProposalKind.FEE, None, reason, None, None)]


async def place_in_month(reads: Reads, row: Any) -> int | None:
    """Which request of its applicant's in the month this one is; None before it was received, or once erased."""
    received: date | None = row["received_on"]
    if received is None or row["applicant_key"] is None:
        return None
    return await request_repository.count_in_month(
        reads,
        bytes(row["applicant_key"]),
        row["organization"],
        since=received.replace(day=1),
        until=received,
        upto=row["id"],
    )


async def _similar(reads: Reads, row: Any, text: str, district: str | None) -> list[Proposal]:
    found = await repository.list_alike(reads, text, within=row["organization"], district=district, limit=_ALIKE_CASES)
    return [
        _proposal(
            ProposalKind.SIMILAR_CASE,
            DecisionCode(one["decision"]),
            "案例库中有相似案例",
            one["case_no"],
            one["likeness"],
        )
        for one in found
        if one["likeness"] >= _LIKE_ENOUGH_CASE
    ]


async def _public(
    search: httpx.AsyncClient, search_url: str | None, wanted: Wanted, known: list[str]
) -> list[Proposal] | None:
    """Asked by name or number only: a description may speak of a person. None when the search could not be asked.

    Nor is it where the name holds who asked, or anybody's number.
    """
    words = wanted.doc_no or wanted.title
    if search_url is None or not words or remaining({"words": words}, known):
        return None
    try:
        answer = await search.get(f"{search_url}/v1/search", params={"q": words[:100], "limit": 3})
        answer.raise_for_status()
        hits = answer.json()["items"]
        return [
            _proposal(ProposalKind.ALREADY_PUBLIC, DecisionCode.A1, "已公开的信息中有名称相近的", _address(hit), near)
            for hit in hits
            if (near := likeness(words, f"{hit.get('title', '')} {hit.get('doc_no') or ''}")) >= _LIKE_ENOUGH_CASE
        ]
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return None


def _address(hit: dict[str, Any]) -> str:
    return " ".join(str(hit[name]) for name in ("title", "doc_no", "url", "id") if hit.get(name))


def _proposal(
    kind: ProposalKind, decision: DecisionCode | None, reason: str, reference: str | None, near: float | None
) -> Proposal:
    return Proposal(
        kind=kind,
        decision=decision,
        reason=reason,
        reference=reference,
        likeness=None if near is None else round(min(max(near, 0.0), 1.0), 3),
    )
