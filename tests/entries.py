"""Entries that are valid by default, one maker a kind; a test states only what matters to it."""

from collections.abc import Callable
from typing import Any


def question(**changes: Any) -> dict[str, Any]:
    """A question that rests on no policy."""
    return {
        "title": "社区食堂谁可以用餐",
        "question": "不住在本社区的老人可以去社区食堂用餐吗？",
        "answer": "可以。社区食堂面向全市60岁以上老人开放。",
    } | changes


MAKERS: dict[str, Callable[..., dict[str, Any]]] = {"question": question}
