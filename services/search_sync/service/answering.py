"""Answers questions with passages of what is public: each with its citation, and nothing where nothing answers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.search_sync.repository.engine import EngineRefused
from services.search_sync.rules.documents import Document, day_of
from services.search_sync.rules.queries import CURRENT, equals, validity_in
from services.search_sync.rules.questions import Ranked, gram_parameters, grams_of, rank, text_of
from services.search_sync.rules.shelves import PASSAGES
from services.search_sync.service.searching import SearchRoom, is_stale, read_freshness
from shared.kit.errors import Unavailable
from shared.schemas.search import AnswerPassage, Answers

_LOOKED_AT = 3
"""How many times more passages are checked for publicity than are shown: some may just have been withdrawn."""
_PHRASED_FROM = 6
_CURRENT = {status.value for status in CURRENT}
_PLURALS = {"policy": "policies"}
_FOUND = "以下为相关原文，以所列文件的现行文本为准"
_NOTHING = "没有找到能够回答这一问题的政策原文或问答；请换一种说法，或者向公布机关咨询"


@dataclass(frozen=True)
class Asked:
    """A question as its asker means it."""

    question: str
    level: str | None = None
    include_lapsed: bool = False


async def answer(room: SearchRoom, asked: Asked, *, limit: int, now: datetime) -> Answers:
    """What answers, best first. Unavailable when the engine, or a service that must vouch for it, cannot be asked."""
    freshness = await read_freshness(room, PASSAGES)
    ranked = [one for one in await _find(room, asked) if one.answers][: limit * _LOOKED_AT]
    public = await room.publicity.versions([one.passage for one in ranked], key="subject")
    shown = [one for one in ranked if str(one.passage["subject"]) in public][:limit]
    items = [
        _item(one, number, public[str(one.passage["subject"])], path=f"/api/{one.passage['source']}")
        for number, one in enumerate(shown, start=1)
    ]
    phrased = None
    if items and room.phraser is not None:
        phrased = await room.phraser.phrase(asked.question, [text_of(one.passage) for one in shown[:_PHRASED_FROM]])
    return Answers(
        found=bool(items),
        note=_FOUND if items else _NOTHING,
        items=items,
        phrased=phrased,
        freshness=freshness,
        stale=is_stale(room, freshness, now),
    )


async def _find(room: SearchRoom, asked: Asked) -> list[Ranked]:
    grams = grams_of(asked.question)
    if not grams:
        return []
    conditions = [] if asked.include_lapsed else validity_in(CURRENT)
    conditions += [equals("level", asked.level)] if asked.level else []
    try:
        *found, everything = await room.engine.search(
            gram_parameters(room.uid + PASSAGES.suffix, grams, conditions=conditions)
        )
    except EngineRefused as refusal:
        if refusal.code == "index_not_found":
            raise Unavailable("段落索引尚未建成，请稍后重试") from refusal
        raise
    passages = {str(hit["id"]): hit for one in found for hit in one.hits}
    totals = {gram: one.total for gram, one in zip(grams, found, strict=True)}
    return rank(grams, totals, list(passages.values()), count=everything.total)


def _item(ranked: Ranked, number: int, public_version: int, *, path: str) -> AnswerPassage:
    one = ranked.passage
    kind = str(one["type"])
    return AnswerPassage(
        number=number,
        type=one["type"],
        id=one["subject"],
        version=one["version"],
        outdated=public_version > one["version"],
        title=one["title"],
        doc_no=one.get("doc_no"),
        label=one.get("label"),
        address=one["address"],
        headings=one.get("headings") or [],
        text=one["text"],
        level=one["level"],
        organization_name=one["organization_name"],
        published_on=_day(one),
        validity=one["validity"],
        flagged=one["validity"] not in _CURRENT,
        policy_id=one.get("policy_id"),
        policy_title=one.get("policy_title"),
        path=f"{path}/v1/{_PLURALS.get(kind, f'{kind}s')}/{one['subject']}#{one['address']}",
        citation=citation_of(one),
        share=round(ranked.share, 3),
    )


def citation_of(passage: Document) -> str:
    """《办法》（泉政规〔2026〕3号）第十二条; what is about a policy is cited by its own title and names the policy's."""
    about = passage.get("policy_title")
    number = f"（{passage['doc_no']}）" if passage.get("doc_no") else ""
    if about and passage["type"] != "policy":
        return f"《{passage['title']}》，关于《{about}》{number}"
    return f"《{passage['title']}》{number}{passage.get('label') or ''}"


def _day(passage: Document) -> Any:
    return day_of(passage.get("published_on"))
