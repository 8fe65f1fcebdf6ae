"""Passages of documents at the edge: the tree of a text, and what stands at one address."""

import json
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query

from services.policy_api.repository import reading as repository
from services.policy_api.routes.policies import PolicyId
from services.policy_api.rules.bodies import plain_text
from services.policy_api.rules.entry_kinds.kind import is_within
from services.policy_api.rules.passages import NoSuchPassage, find_passage, passages_of, path_of
from services.policy_api.service import reading as service
from shared.kit.clock import Now, local_day
from shared.kit.database import Reading
from shared.kit.errors import NotFound
from shared.kit.http import api_router, problems
from shared.schemas.passages import PassageRef, Passages, PassageText

router = api_router(tags=["policies"])
AsOf = Annotated[date | None, Query(title="时点", description="The text in force on that day; default: today.")]
Address = Annotated[
    str, Path(title="位置", max_length=120, pattern=r"^[a-z][a-z0-9~_-]*$", examples=["art-12", "art-12-p2"])
]


@router.get(
    "/v1/policies/{policy_id}/passages",
    response_model=Passages,
    responses=problems(410),
    summary="条款目录 List passages",
)
async def list_passages(policy_id: PolicyId, reads: Reading, now: Now, as_of: AsOf = None) -> Passages:
    """Public. Every chapter, article, paragraph (款) and item (项) with its address and where it stands in the plain text."""
    document, text = await _text(reads, policy_id, as_of, local_day(now))
    return Passages(
        policy_id=policy_id,
        version_number=document["version_number"],
        items=[PassageRef(**asdict(passage)) for passage in passages_of(text)],
    )


@router.get(
    "/v1/policies/{policy_id}/passages/{address}",
    response_model=PassageText,
    responses=problems(410),
    summary="读取条款 Read a passage",
)
async def get_passage(
    policy_id: PolicyId, address: Address, reads: Reading, now: Now, as_of: AsOf = None
) -> PassageText:
    """Public. Word for word, with whether it still holds. 404 names addresses `near` the one asked for."""
    document, text = await _text(reads, policy_id, as_of, local_day(now))
    try:
        passage = find_passage(text, address)
    except NoSuchPassage as missing:
        raise NotFound(f"该文本没有位置为 {address} 的条款", near=missing.near) from missing
    return PassageText(
        **asdict(passage),
        policy_id=policy_id,
        title=document["title"],
        doc_no=document["doc_no"],
        version_number=document["version_number"],
        validity=document["validity"],
        repealed=is_within(address, set(document["partly_repealed"])),
        path=[one.label for one in path_of(passages_of(text), passage)],
        text=text[passage.start : passage.end],
    )


async def _text(reads: Reading, policy_id: UUID, as_of: date | None, today: date) -> tuple[dict[str, Any], str]:
    """What the public reads on that day, and its text as plain as positions count it."""
    stored = await repository.find_current(reads, policy_id, today) if as_of is None else None
    if stored is None:
        rendered = await service.render_as_of(reads, policy_id, day=as_of or today, historic=as_of is not None)
        document = json.loads(rendered.representation)
    else:
        document = json.loads(stored["representation"])
    body = document["body"]
    return document, plain_text(body) if document["body_format"] == "html" else body
