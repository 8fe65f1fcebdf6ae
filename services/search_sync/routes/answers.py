"""Answers at the edge: public, bounded."""

from typing import Annotated

from fastapi import Query, Request, Response

from services.search_sync.routes.search import as_json, room_of
from services.search_sync.service.answering import Asked, answer
from shared.kit.clock import Now
from shared.kit.http import api_router
from shared.schemas.organizations import Level
from shared.schemas.search import MAX_QUERY_CHARACTERS, Answers

router = api_router(tags=["search"])
_MAX_ANSWERS = 20


@router.get("/v1/answers", response_model=Answers, summary="以原文作答 Answer a question")
async def answer_question(
    request: Request,
    now: Now,
    q: Annotated[
        str,
        Query(
            title="问题",
            description="As people ask it.",
            min_length=2,
            max_length=MAX_QUERY_CHARACTERS,
            examples=["社区食堂老年人用餐有补贴吗？"],
        ),
    ],
    limit: Annotated[int, Query(title="条数", ge=1, le=_MAX_ANSWERS)] = 5,
    level: Annotated[Level | None, Query(title="层级")] = None,
    include_lapsed: Annotated[bool, Query(title="包括失效和废止的")] = False,
) -> Response:
    """Public. Passages and Q&A entries that answer, word for word, each with its citation and its validity today.

    `found` is false when nothing answers: then there is nothing to show, and nothing is made up. Where the operator has
    set a model, `phrased` says the same in its words, every sentence citing its passages; without one, or when it fails,
    `phrased` is null. 503 `unavailable` when the owning service cannot be asked what is public still.
    """
    asked = Asked(q, level=level, include_lapsed=include_lapsed)
    return as_json((await answer(room_of(request), asked, limit=limit, now=now)).model_dump_json())
