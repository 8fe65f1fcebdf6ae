"""What a call can end with: a problem document, a push that could not be finished, or httpx's own transport errors.

Exception
├── ApiProblem        the suite answered, and not with success (RFC 9457)
└── PushInterrupted   a bulk push stopped; its report says how far it came
"""

from typing import Any

import httpx
from pydantic import TypeAdapter, ValidationError

from shared.client.report import PushReport
from shared.schemas.problems import InvalidField

_FIELDS = TypeAdapter(list[InvalidField])


class ApiProblem(Exception):
    """An answer that is no success, with the problem document that says why and what to do next.

    `code` is a string and not the closed list of this release: a suite that is newer than its client may know more.
    """

    def __init__(self, status: int, document: dict[str, Any], *, retry_after_seconds: float | None = None) -> None:
        self.status = status
        self.document = document
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"{status} {self.code}: {self.detail}")

    @property
    def code(self) -> str:
        """Of the list in docs/errors.md; empty when something between client and suite answered."""
        return str(self.document.get("code", ""))

    @property
    def detail(self) -> str:
        """What happened, for a clerk."""
        return str(self.document.get("detail", ""))

    @property
    def request_id(self) -> str:
        """What the operator finds the call by."""
        return str(self.document.get("instance") or "").removeprefix("urn:mingquan:request:")

    @property
    def errors(self) -> list[InvalidField]:
        """Every field that was refused."""
        try:
            return _FIELDS.validate_python(self.document.get("errors") or [])
        except ValidationError:
            return []


class PushInterrupted(Exception):
    """A push that could not be finished: `report` holds what was acknowledged, `__cause__` why it stopped."""

    def __init__(self, report: PushReport) -> None:
        self.report = report
        super().__init__(f"push stopped after {report.lines} acknowledged lines")


def problem_of(answer: httpx.Response, *, retry_after_seconds: float | None) -> ApiProblem:
    """The problem in an answer whose body has been read; a proxy's page becomes one without a code."""
    try:
        document = answer.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        document = {"status": answer.status_code, "detail": answer.text[:500]}
    if answer.is_redirect:
        # Of a document that has moved (308). Where to may be another site, so nothing is followed unasked.
        document["location"] = answer.headers["location"]
    return ApiProblem(answer.status_code, document, retry_after_seconds=retry_after_seconds)
