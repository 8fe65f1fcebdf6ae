"""Every error a service raises on purpose, as one tree. Speaks no HTTP beyond the status it stands for.

    DomainError
    ├── NotFound                 404
    │   └── UnknownOrganization  404
    ├── Unauthenticated          401
    ├── Forbidden                403
    │   ├── InsufficientScope
    │   └── OutsideSubtree
    ├── Conflict                 409
    │   ├── IllegalMove
    │   ├── DutiesNotSeparated
    │   └── StaleVersion         412
    ├── Gone                     410
    ├── Withdrawn                410
    ├── RuleViolation            422
    │   ├── MalformedBody
    │   └── InvalidCursor
    ├── TooLarge                 413
    ├── TooManyRequests          429
    └── Unavailable              503

The class fixes code, status and title; the instance says what happened and what to do next.
One handler (`shared.kit.http`) turns it into `application/problem+json`.
"""

from typing import Any, ClassVar

from shared.schemas.problems import ErrorCode, InvalidField


class DomainError(Exception):
    """Base of all. `detail` is Chinese, for a clerk; `facts` become members of the problem document."""

    code: ClassVar[ErrorCode] = ErrorCode.CONFLICT
    status: ClassVar[int] = 409
    title: ClassVar[str] = "请求与当前状态冲突"

    def __init__(
        self,
        detail: str,
        *,
        errors: list[InvalidField] | None = None,
        headers: dict[str, str] | None = None,
        **facts: Any,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}
        self.facts = facts


class NotFound(DomainError):
    code, status, title = ErrorCode.NOT_FOUND, 404, "没有找到"


class UnknownOrganization(NotFound):
    code, title = ErrorCode.UNKNOWN_ORGANIZATION, "没有这个机关"


class Unauthenticated(DomainError):
    code, status, title = ErrorCode.UNAUTHENTICATED, 401, "需要有效的访问令牌"

    def __init__(self, detail: str, **kwargs: Any) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer realm="mingquan"'}, **kwargs)


class Forbidden(DomainError):
    code, status, title = ErrorCode.INSUFFICIENT_SCOPE, 403, "没有权限"


class InsufficientScope(Forbidden):
    code, title = ErrorCode.INSUFFICIENT_SCOPE, "令牌没有这项权限"


class OutsideSubtree(Forbidden):
    code, title = ErrorCode.OUTSIDE_SUBTREE, "超出本机关管理范围"


class Conflict(DomainError):
    pass


class IllegalMove(Conflict):
    """A state machine refuses; `allowed` names the moves that are possible now."""

    code, title = ErrorCode.ILLEGAL_MOVE, "当前状态不允许此操作"


class DutiesNotSeparated(Conflict):
    """Who drafts does not review, who does either does not approve."""

    code, title = ErrorCode.DUTIES_NOT_SEPARATED, "不相容职责未分离"


class IdempotencyKeyReused(Conflict):
    code, status, title = ErrorCode.IDEMPOTENCY_KEY_REUSED, 409, "幂等键已用于另一请求"


class StaleVersion(Conflict):
    code, status, title = ErrorCode.STALE_VERSION, 412, "版本已过时"


class Gone(DomainError):
    code, status, title = ErrorCode.CURSOR_GONE, 410, "游标已失效"


class Withdrawn(DomainError):
    code, status, title = ErrorCode.WITHDRAWN, 410, "已撤回"


class RuleViolation(DomainError):
    code, status, title = ErrorCode.VALIDATION_FAILED, 422, "内容不符合要求"


class MalformedBody(RuleViolation):
    code, title = ErrorCode.MALFORMED_BODY, "请求体无法读取"


class InvalidCursor(RuleViolation):
    code, title = ErrorCode.INVALID_CURSOR, "游标无效"


class TooLarge(DomainError):
    code, status, title = ErrorCode.BODY_TOO_LARGE, 413, "请求体过大"


class Unavailable(DomainError):
    code, status, title = ErrorCode.UNAVAILABLE, 503, "服务暂不可用"

    def __init__(self, detail: str, *, retry_after_seconds: int = 5, **kwargs: Any) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_seconds)}, **kwargs)


class TooManyRequests(DomainError):
    code, status, title = ErrorCode.TOO_MANY_REQUESTS, 429, "请求过多"

    def __init__(self, detail: str, *, retry_after_seconds: int = 60, **kwargs: Any) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_seconds)}, **kwargs)


class UnsupportedMediaType(DomainError):
    code, status, title = ErrorCode.UNSUPPORTED_MEDIA_TYPE, 415, "不支持的内容类型"
