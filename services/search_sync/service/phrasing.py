"""Has a model phrase an answer from given passages, and lets pass only what they bear out.

Whatever goes wrong (no answer in time, an error, garbage, too many at once) there is no phrased answer, and nothing else.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
from pydantic_core import from_json

from services.search_sync.rules.phrasing import check_reply, messages_of
from shared.kit.logging import get_logger
from shared.schemas.search import Phrased, PhrasedSentence

logger = get_logger(__name__)
_MAX_REPLY_BYTES = 100_000
_MAX_TOKENS = 1_000


class Phraser:
    """One OpenAI-compatible model (`/chat/completions`). Nobody but it sees the question; it is not logged."""

    def __init__(
        self, client: httpx.AsyncClient, *, url: str, model: str, key: str, timeout_seconds: float, at_once: int
    ) -> None:
        self._client = client
        self._url = f"{url.rstrip('/')}/chat/completions"
        self._model = model
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._timeout = timeout_seconds
        self._free = at_once

    async def phrase(self, question: str, passages: Sequence[str]) -> Phrased | None:
        """The answer in sentences that cite `passages` by number from 1; None when there is none to be shown."""
        if self._free <= 0:
            return None
        self._free -= 1
        try:
            # Over the whole: a server that sends a byte now and then never runs into a timeout of its own.
            async with asyncio.timeout(self._timeout):
                reply = await self._ask(question, passages)
        except (httpx.HTTPError, TimeoutError, ValueError) as error:
            # ValueError: what came is not what was promised; its text stays out of the log.
            logger.warning("answer not phrased", reason=type(error).__name__)
            return None
        finally:
            self._free += 1
        checked = check_reply(reply, passages)
        if not checked.sentences:
            return None
        sentences = [PhrasedSentence(text=one.text, citations=list(one.citations)) for one in checked.sentences]
        return Phrased(model=self._model, sentences=sentences, dropped=checked.dropped)

    async def _ask(self, question: str, passages: Sequence[str]) -> str:
        wanted = {
            "model": self._model,
            "messages": messages_of(question, passages),
            "temperature": 0,
            "max_tokens": _MAX_TOKENS,
        }
        async with self._client.stream(
            "POST", self._url, json=wanted, headers=self._headers, timeout=self._timeout, follow_redirects=False
        ) as answer:
            if answer.status_code != 200:
                raise ValueError("refused")
            body = bytearray()
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > _MAX_REPLY_BYTES:
                    raise ValueError("too long")
        return _content_of(from_json(bytes(body)))


def _content_of(reply: Any) -> str:
    """The text of the first choice; ValueError when there is none. `Any`: another's server says what it likes."""
    try:
        content = reply["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError("no choice") from error
    if not isinstance(content, str):
        raise ValueError("no text")
    return content
