"""Entries that are valid by default, one maker a kind; a test states only what matters to it."""

from collections.abc import Callable
from typing import Any

from shared.kit.clock import local_day, system_clock
from tests.participation import consultation, decision, evaluation


def question(**changes: Any) -> dict[str, Any]:
    """A question that rests on no policy."""
    return {
        "title": "社区食堂谁可以用餐",
        "question": "不住在本社区的老人可以去社区食堂用餐吗？",
        "answer": "可以。社区食堂面向全市60岁以上老人开放。",
    } | changes


def collection(**changes: Any) -> dict[str, Any]:
    """A theme with nothing but an address outside."""
    link = {"url": "https://map.example.gov.cn/canteens", "title": "社区食堂地图", "note": "按街道查找"}
    return {
        "title": "一老一小服务专题",
        "intro": "把市、区、街道各部门有关老人和孩子的政策放在一处。",
        "sections": [{"heading": "就餐", "items": [link]}],
    } | changes


def clause(**changes: Any) -> dict[str, Any]:
    """Open, of its organisation's policy `public`, for enterprises of the city with twenty people or more."""
    return {
        "title": "社区食堂开办补助",
        "policies": [{"external_id": "public"}],
        "original_text": "对在本市新开办社区食堂、从业人员二十人以上的企业，一次性补助五万元。",
        "type": "grant",
        "delivery": "manual",
        "object_text": "本市开办社区食堂的企业",
        "conditions": {
            "all": [
                {"fact": "region", "op": "prefix", "value": "370100"},
                {"fact": "employees", "op": "ge", "value": 20, "unit": "人"},
            ]
        },
        "amount": {"mode": "fixed", "value": 5},
        "materials": ["营业执照复印件"],
    } | changes


def profile(**facts: Any) -> dict[str, Any]:
    """To be saved, of an enterprise that matches `clause`."""
    return {
        "consent": {"text_version": "2026-01", "agreed_at": "2026-05-01T09:00:00+08:00"},
        "profile": {"region": "370102", "employees": 32} | facts,
    }


MAKERS: dict[str, Callable[..., dict[str, Any]]] = {
    "question": question,
    "collection": collection,
    "clause": clause,
    "consultation": lambda: consultation(today=local_day(system_clock())),
    "decision": decision,
    "evaluation": lambda: evaluation(policies=[{"external_id": "public"}]),
}
"""By kind. What has to point at a policy points at its organisation's `public`."""
