"""The closed list of error codes and the problem document (RFC 9457) that carries them.

`type` is `urn:mingquan:problem:<code>`: stable, and independent of where a city runs the suite.
"""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

PROBLEM_MEDIA_TYPE = "application/problem+json"
PROBLEM_TYPE_PREFIX = "urn:mingquan:problem:"


class ErrorCode(StrEnum):
    """Every code an answer can carry. `docs/errors.md` explains each; a test compares the two."""

    MALFORMED_BODY = "malformed_body"
    VALIDATION_FAILED = "validation_failed"
    INVALID_CURSOR = "invalid_cursor"
    UNAUTHENTICATED = "unauthenticated"
    INVALID_CLIENT = "invalid_client"
    INVALID_SIGNATURE = "invalid_signature"
    INSUFFICIENT_SCOPE = "insufficient_scope"
    OUTSIDE_SUBTREE = "outside_subtree"
    NOT_FOUND = "not_found"
    UNKNOWN_ORGANIZATION = "unknown_organization"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    CONFLICT = "conflict"
    DOCUMENT_NUMBER_TAKEN = "document_number_taken"
    REPEATED_IN_BATCH = "repeated_in_batch"
    ILLEGAL_MOVE = "illegal_move"
    THREE_SYNC_BLOCKED = "three_sync_blocked"
    SIGNATURE_VOID = "signature_void"
    DUTIES_NOT_SEPARATED = "duties_not_separated"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    STALE_VERSION = "stale_version"
    CURSOR_GONE = "cursor_gone"
    WITHDRAWN = "withdrawn"
    BODY_TOO_LARGE = "body_too_large"
    BATCH_TOO_LARGE = "batch_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    TOO_MANY_REQUESTS = "too_many_requests"
    UNAVAILABLE = "unavailable"
    INTERNAL_ERROR = "internal_error"


class InvalidField(BaseModel):
    """One field that was refused."""

    pointer: str = Field(
        title="JSON 指针",
        description="RFC 6901 pointer into the body, or `?name`, `@name`, `{name` for a parameter in query, header or path.",
    )
    detail: str = Field(title="说明", description="What is wrong with it.")


class Problem(BaseModel):
    """An error as every service answers it (RFC 9457), as `application/problem+json`."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(title="类型", description="`urn:mingquan:problem:<code>`, stable.")
    title: str = Field(title="标题", description="Short Chinese title of the kind of error.")
    status: int = Field(title="状态码", ge=400, le=599)
    code: ErrorCode = Field(title="错误代码", description="One of the closed list.")
    detail: str = Field(title="说明", description="What happened and what to do next, for a clerk.")
    instance: str | None = Field(default=None, title="请求编号", description="`urn:mingquan:request:<request id>`.")
    errors: list[InvalidField] | None = Field(default=None, title="逐项错误")
    report: Any | None = Field(
        default=None, title="核查报告", description="With `three_sync_blocked`: the whole checklist."
    )
