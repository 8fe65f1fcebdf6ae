"""A typed client of the suite for partners' programs: push, bulk push, search, requests, webhooks.

Needs pydantic, httpx and cryptography only, and is installed on its own (`shared/pyproject.toml`). See docs/client.md.
"""

from shared.client.api import MingquanClient
from shared.client.blocking import BlockingClient
from shared.client.bulk import BulkBounds
from shared.client.errors import ApiProblem, PushInterrupted
from shared.client.keys import PrivateKey
from shared.client.pacing import Patience
from shared.client.report import LineResult, PushReport
from shared.client.webhooks import verify_webhook
from shared.webhooks import InvalidWebhook, Verified

__all__ = [
    "ApiProblem",
    "BlockingClient",
    "BulkBounds",
    "InvalidWebhook",
    "LineResult",
    "MingquanClient",
    "Patience",
    "PrivateKey",
    "PushInterrupted",
    "PushReport",
    "Verified",
    "verify_webhook",
]
