"""What is known of an authenticated request while it is carried out: set by `auth`, told by the envelope when it ends.

Lies in the ASGI scope, which every layer shares. A request without a token has none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_KEY = "mingquan.call"


@dataclass
class Call:
    """One request of one client."""

    client_id: str
    organization: str
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    """What the answer says of the quota."""
    code: str | None = None
    """Of the problem that was answered."""
    over_quota: bool = False
    """It was refused for that alone."""
    rehearsed: bool = False
    """It was carried out and undone: `validate_only`."""
    lines: int | None = None
    """Lines of a batch that were answered; None: it was none."""
    lines_refused: int = 0

    def count_line(self, *, refused: bool) -> None:
        """One line of a batch was answered."""
        self.lines = (self.lines or 0) + 1
        self.lines_refused += refused


def begin_call(scope: Any, call: Call) -> None:
    scope[_KEY] = call


def call_of(scope: Mapping[str, Any]) -> Call | None:
    """None while nobody has shown a token that is honoured."""
    call: Call | None = scope.get(_KEY)
    return call
