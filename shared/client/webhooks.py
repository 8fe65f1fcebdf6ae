"""Verifying what the suite sends to a partner's own address, by the clock of the partner's machine."""

import time
from collections.abc import Iterable, Mapping

from shared.webhooks import Verified, verify


def verify_webhook(
    headers: Mapping[str, str], body: bytes, secrets: str | Iterable[str], *, now: float | None = None
) -> Verified:
    """The message's id and time; InvalidWebhook when it is not to be trusted. `body` is the bytes as they arrived.

    `secrets` are the endpoint's `whsec_…`, of a rotation both, or the suite's public `whpk_…`. Keep the id: the same message
    may come again, and a copy of it within five minutes is as valid as the first.
    """
    keys = [secrets] if isinstance(secrets, str) else secrets
    return verify(headers, body, keys, now=time.time() if now is None else now)
