"""HTTP at the edge: bodies read within bounds, problem documents (RFC 9457), conditional requests, stored answers.

Says nothing about any resource.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Header, Request, Response, params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from pydantic_core import ErrorDetails, from_json, to_json
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.types import Receive, Scope, Send

from shared.kit.auth import identify
from shared.kit.calls import call_of
from shared.kit.errors import (
    DomainError,
    MalformedBody,
    RuleViolation,
    StaleVersion,
    TooLarge,
    UnsupportedMediaType,
)
from shared.kit.logging import get_logger, request_id_var
from shared.schemas.problems import PROBLEM_MEDIA_TYPE, PROBLEM_TYPE_PREFIX, ErrorCode, InvalidField

logger = get_logger(__name__)

PUBLIC_CACHE = "public, max-age=5, stale-while-revalidate=30"
PRIVATE_CACHE = "no-store"
SCOPES_MEMBER = "x-required-scopes"
REHEARSAL = "validate_only"
"""The query parameter of writes that carries everything out and stores nothing."""
REHEARSED_HEADER = "Validated-Only"
_NOT_REHEARSED = InvalidField(pointer=f"?{REHEARSAL}", detail="此操作没有这个参数")
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
FORM_MEDIA_TYPE = "application/x-www-form-urlencoded"
UPLOAD_MEDIA_TYPE = "multipart/form-data"
UPLOAD_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            UPLOAD_MEDIA_TYPE: {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "additionalProperties": False,
                    "properties": {"file": {"type": "string", "format": "binary", "title": "文件"}},
                }
            }
        },
    }
}
"""For `openapi_extra` of a route that reads its body with `read_upload`."""
_BOOLEAN = TypeAdapter(bool)
_FORM_OVERHEAD_BYTES = 4096
MAX_DISCARDED_BYTES = 32_000_000
_ANSWER_AFTER_REQUEST = b"x-answer-after-request"
_HELD_IN_MEMORY_BYTES = 4_000_000
_FILE_PART_BYTES = 65_536
MAX_JSON_DEPTH = 200  # jiter's own limit; deeper bodies are refused by the parser

STATUS_TITLES = {
    400: "请求有误",
    401: "需要有效的访问令牌",
    403: "没有权限",
    404: "没有找到",
    405: "此地址不支持该方法",
    406: "无法提供所要求的格式",
    409: "请求与当前状态冲突",
    410: "游标已失效",
    412: "版本已过时",
    413: "请求体过大",
    415: "不支持的内容类型",
    422: "内容不符合要求",
    429: "请求过多",
    500: "服务内部错误",
    503: "服务暂不可用",
}

# Pydantic's messages are English; these are what a clerk meets. What has none here is said to be unfit, no more.
_AS_MOMENT = "应为带时区的时间，如 2025-06-05T01:00:00Z；写在地址里时“+”要写成 %2B"
_CHINESE = {
    "missing": "缺少此项",
    "extra_forbidden": "没有这个字段",
    "string_too_short": "至少{min_length}个字符",
    "string_too_long": "最多{max_length}个字符",
    "string_type": "应为文本",
    "string_pattern_mismatch": "格式不符，应符合 {pattern}",
    "enum": "只能是：{expected}",
    "literal_error": "只能是：{expected}",
    "int_parsing": "应为整数",
    "int_type": "应为整数",
    "bool_parsing": "应为 true 或 false",
    "bool_type": "应为 true 或 false",
    "date_from_datetime_inexact": "应为日期，如 2025-06-05",
    "date_from_datetime_parsing": "应为日期，如 2025-06-05",
    "date_parsing": "应为日期，如 2025-06-05",
    "date_type": "应为日期，如 2025-06-05",
    "datetime_from_date_parsing": _AS_MOMENT,
    "datetime_parsing": _AS_MOMENT,
    "datetime_object_invalid": _AS_MOMENT,
    "datetime_type": _AS_MOMENT,
    "timezone_aware": "时间应带时区，如 +08:00",
    "uuid_parsing": "应为 UUID",
    "uuid_type": "应为 UUID",
    "int_from_float": "应为整数",
    "int_parsing_size": "应为整数，且不能过大",
    "float_parsing": "应为数字",
    "float_type": "应为数字",
    "decimal_parsing": "应为数字",
    "decimal_type": "应为数字",
    "decimal_max_digits": "最多{max_digits}位数字",
    "decimal_max_places": "小数点后最多{decimal_places}位",
    "decimal_whole_digits": "小数点前最多{whole_digits}位",
    "finite_number": "应为有限的数字",
    "greater_than": "应大于{gt}",
    "less_than": "应小于{lt}",
    "greater_than_equal": "不得小于{ge}",
    "less_than_equal": "不得大于{le}",
    "too_long": "最多{max_length}项",
    "too_short": "至少{min_length}项",
    "model_attributes_type": "应为 JSON 对象",
    "model_type": "应为 JSON 对象",
    "dict_type": "应为 JSON 对象",
    "list_type": "应为数组",
}


def problem_response(
    status: int,
    code: ErrorCode,
    detail: str,
    *,
    title: str | None = None,
    errors: list[InvalidField] | None = None,
    headers: dict[str, str] | None = None,
    facts: dict[str, Any] | None = None,
) -> Response:
    """A problem document as an answer."""
    return Response(
        problem_body(status, code, detail, title=title, errors=errors, facts=facts),
        status_code=status,
        headers={"Cache-Control": PRIVATE_CACHE, **(headers or {})},
        media_type=PROBLEM_MEDIA_TYPE,
    )


def problem_body(
    status: int,
    code: ErrorCode,
    detail: str,
    *,
    title: str | None = None,
    errors: list[InvalidField] | None = None,
    facts: dict[str, Any] | None = None,
) -> bytes:
    """The document alone, for one line of a bulk answer."""
    document: dict[str, Any] = {
        "type": PROBLEM_TYPE_PREFIX + code.value,
        "title": title or STATUS_TITLES.get(status, "请求有误"),
        "status": status,
        "code": code.value,
        "detail": detail,
    }
    if request_id := request_id_var.get():
        document["instance"] = f"urn:mingquan:request:{request_id}"
    if errors:
        document["errors"] = errors
    return to_json({**(facts or {}), **document})


def problem_facts(error: DomainError) -> dict[str, Any]:
    """The members of an error's problem document, for one line of a bulk answer."""
    document: dict[str, Any] = from_json(
        problem_body(error.status, error.code, error.detail, title=error.title, errors=error.errors, facts=error.facts)
    )
    return document


# Patterns that a clerk meets, in words.
_PATTERNS = {r"^[\x21-\x7e]+$": "只能用英文字母、数字和符号，如工号 staff-0017"}


def describe_invalid(errors: list[ErrorDetails] | list[Any], *, base: str = "") -> list[InvalidField]:
    """Pydantic's errors as pointers and Chinese sentences. The refused value itself is not repeated."""
    return [InvalidField(pointer=_pointer(error["loc"], base), detail=_sentence(error)) for error in errors[:50]]


def _pointer(location: tuple[int | str, ...], base: str) -> str:
    if not base and location:
        where, *rest = location
        if where in ("query", "header", "path", "cookie"):
            # A parameter has one value or a list; which branch of a union refused it says nothing to a caller.
            return {"query": "?", "header": "@", "path": "{", "cookie": "$"}[str(where)] + str(rest[0] if rest else "")
        location = tuple(rest)
    return base.rstrip("/") + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def _sentence(error: Any) -> str:
    context = error.get("ctx") or {}
    if error["type"] == "value_error" and "error" in context:
        return str(context["error"])
    if (said := _PATTERNS.get(str(context.get("pattern", "")))) is not None:
        return said
    template = _CHINESE.get(error["type"], "内容或者格式不符合要求")
    # The one English word in what Pydantic lists.
    return template.format(**context).replace("' or '", "'或'")


async def _answer_domain_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)
    _note(request, error.code)
    if error.status >= 500:
        logger.warning("unavailable", code=error.code, detail=error.detail)
    return problem_response(
        error.status,
        error.code,
        error.detail,
        title=error.title,
        errors=error.errors,
        headers=error.headers,
        facts=error.facts,
    )


async def _answer_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    _note(request, ErrorCode.VALIDATION_FAILED)
    return problem_response(
        422,
        ErrorCode.VALIDATION_FAILED,
        "请按所列各项改正后重新提交",
        errors=describe_invalid(list(error.errors())),
    )


def _note(request: Request, code: ErrorCode) -> None:
    """For the caller's journal."""
    if (call := call_of(request.scope)) is not None:
        call.code = code.value


async def _answer_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    # The framework's 400 is a body that its form parser gives up on; ours to call 422 like every malformed body.
    status = 422 if error.status_code == 400 else error.status_code
    code = {
        404: ErrorCode.NOT_FOUND,
        405: ErrorCode.METHOD_NOT_ALLOWED,
        413: ErrorCode.BODY_TOO_LARGE,
        415: ErrorCode.UNSUPPORTED_MEDIA_TYPE,
    }.get(status, ErrorCode.MALFORMED_BODY)
    _note(request, code)
    detail = {404: "没有这个地址", 405: "此地址不支持该方法；允许的方法见 Allow 头"}.get(status, "请求无法处理")
    return problem_response(status, code, detail, headers=dict(error.headers or {}))


def answer_unavailable(error: Exception) -> Response:
    """What a caller gets when a store is away or too busy: worth another try, and no incident of the caller's making."""
    logger.warning("store unavailable", error=type(error).__name__)
    return problem_response(503, ErrorCode.UNAVAILABLE, "数据库暂时无法应答，请稍后重试", headers={"Retry-After": "5"})


def answer_unexpected(error: Exception) -> Response:
    """What a caller gets when the fault is ours. The fault itself goes to the log, once."""
    logger.error("unexpected error", exc_info=error)
    return problem_response(500, ErrorCode.INTERNAL_ERROR, "服务内部错误，已记录；请凭请求编号联系平台管理员")


def install_problem_handlers(app: FastAPI) -> None:
    """Every expected error leaves as a problem document; `RequestEnvelope` sees to the unexpected."""
    app.add_exception_handler(DomainError, _answer_domain_error)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http_exception)


BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_WHERE = re.compile(r" at line (\d+) column (\d+)$")


def parse_json(body: bytes) -> Any:
    """The value; MalformedBody for broken, too deep or unstorable JSON (NUL, lone surrogates, NaN)."""
    try:
        # Windows editors begin a file with a byte order mark.
        value = from_json(body.removeprefix(BYTE_ORDER_MARK), allow_inf_nan=False)
    except ValueError as error:
        where = _WHERE.search(str(error))
        stopped = f"：读到第{where[1]}行第{where[2]}列为止" if where else ""
        raise MalformedBody(f"不是可接受的 JSON（UTF-8，最多{MAX_JSON_DEPTH}层）{stopped}") from error
    if b"\\u0000" in body and _has_nul(value):
        raise MalformedBody("文本中不能有 NUL 字符（\\u0000）")
    return value


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_has_nul(key) or _has_nul(item) for key, item in value.items())
    return isinstance(value, list) and any(_has_nul(item) for item in value)


async def _bounded_chunks(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    """The body up to `limit` bytes; TooLarge, after it has gone by, when there is more.

    The rest is thrown away up to a bound: a connection that is closed on unread bytes is reset, and the caller, still
    sending, would never see the answer.
    """
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            yield chunk
        elif size > limit + MAX_DISCARDED_BYTES:
            break
    if size > limit:
        raise TooLarge(f"请求体超过上限{limit}字节；请拆分后提交", headers={"Connection": "close"}, limit_bytes=limit)


async def read_body(request: Request, *, limit: int) -> bytes:
    """The whole body; TooLarge when it exceeds `limit` bytes, of which no more is ever kept."""
    body = bytearray()
    async for chunk in _bounded_chunks(request, limit):
        body += chunk
    return bytes(body)


@dataclass(frozen=True)
class Upload:
    """One file of a form, whole, with the name that the caller gave it."""

    name: str | None
    content: bytes


def _last_part(name: str | None) -> str | None:
    """A file's name without the folders that a sender may put before it."""
    return re.split(r"[/\\]", name)[-1][-200:] if name else name


async def read_upload(request: Request, *, limit: int) -> Upload:
    """The form's only file, in the field `file`; for routes that describe `UPLOAD_BODY` and take no other body."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != UPLOAD_MEDIA_TYPE:
        raise UnsupportedMediaType(f"文件应以 {UPLOAD_MEDIA_TYPE} 上传，放在 file 字段")
    chunks = _bounded_chunks(request, limit + _FORM_OVERHEAD_BYTES)
    try:
        form = await MultiPartParser(request.headers, chunks, max_files=1, max_fields=1, max_part_size=1024).parse()
    # The parser's own error, and a key error without a boundary.
    except (MultiPartException, KeyError, ValueError) as error:
        raise MalformedBody("上传的表单无法读取：应有且只有一个 file 字段，内容是一个文件") from error
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile) or len(form) != 1:
            raise MalformedBody("上传的表单应有且只有一个 file 字段，内容是一个文件")
        if (file.size or 0) > limit:
            raise TooLarge(f"文件超过上限{limit}字节", limit_bytes=limit)
        return Upload(_last_part(file.filename), await file.read())
    finally:
        await form.close()


async def bounded_body(request: Request) -> bytes:
    """The body as the route's own bounds have let it in; reads it within them where the route takes none itself."""
    if isinstance(request, _ReadRequest):
        return request._body
    return await read_body(request, limit=request.app.state.kit.settings.max_body_bytes)


async def iterate_lines(request: Request, *, max_line: int) -> AsyncIterator[bytes | None]:
    """The body's lines without their ends, blank ones left out; None for a line longer than `max_line` bytes."""
    buffer, skipping = bytearray(), False
    async for chunk in request.stream():
        buffer += chunk
        # Looking at the new bytes only keeps a line that trickles in from being searched again and again.
        *lines, rest = buffer.split(b"\n") if b"\n" in chunk else [buffer]
        for line in lines:
            if skipping or len(line) > max_line:
                skipping = False
                yield None
            elif line.strip():
                yield bytes(line.strip())
        buffer = rest
        if len(buffer) > max_line:
            buffer, skipping = bytearray(), True
    if skipping:
        yield None
    elif buffer.strip():
        yield bytes(buffer.strip())


class _ReadRequest(Request):
    """A request whose body has been read within bounds and, where it is JSON, parsed."""

    parsed: Any = None

    async def json(self) -> Any:
        return self.parsed


class KitRoute(APIRoute):
    """Reads the body within bounds before anything else, and documents the errors any such route can answer."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **kwargs: Any) -> None:
        super().__init__(path, endpoint, **kwargs)
        statuses = {422, 500, 503}
        calls = _calls(self.dependant)
        names = {getattr(call, "__name__", "") for call in calls}
        if "_authenticate" in names:
            statuses |= {401, 403, 404, 429}
        if "_authenticate_if_present" in names:
            statuses |= {401, 429}
        if "_once" in names:
            statuses |= {409, 413}
        if "{" in path:
            statuses |= {404}
        if self.body_field is not None:
            statuses |= {413, 415}
        self.responses = {**problems(*statuses), **self.responses}
        if _asks_for(self.dependant, REHEARSAL) and self.status_code in (201, 202):
            model = {} if self.response_model is None else {"model": self.response_model}
            self.responses = {200: {"description": "只校验，没有保存 Validated only", **model}, **self.responses}
        scopes = [scope for call in calls for scope in getattr(call, "required_scopes", ())]
        self.identifies = bool(names & {"_authenticate", "_authenticate_if_present"})
        self.openapi_extra = {
            SCOPES_MEMBER: {"any_of": scopes, "optional": "_authenticate_if_present" in names},
            **(self.openapi_extra or {}),
        }

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        takes_body, takes_form = self.body_field is not None, _takes_form(self)
        writes, rehearses = bool((self.methods or set()) & _WRITES), _asks_for(self.dependant, REHEARSAL)

        async def read(request: Request) -> Request:
            if "\0" in request.scope["path"] or b"%00" in request.scope["query_string"]:
                raise RuleViolation("地址和查询参数中不能有 NUL 字符（%00）")
            if writes and not rehearses and REHEARSAL in request.query_params:
                raise RuleViolation("此操作不能只校验：去掉参数 validate_only 就是办理", errors=[_NOT_REHEARSED])
            return await _read_within_bounds(request, takes_form=takes_form) if takes_body else request

        async def read_then_handle(request: Request) -> Response:
            try:
                whole = await read(request)
            except DomainError:
                if self.identifies:
                    await identify(request)
                raise
            answer = await handle(whole)
            return _mark_rehearsal(request, answer) if writes and REHEARSAL in request.query_params else answer

        return read_then_handle


def _mark_rehearsal(request: Request, answer: Response) -> Response:
    """It says that nothing was stored, and leads nowhere."""
    if _BOOLEAN.validate_python(request.query_params[REHEARSAL]) and answer.status_code < 300:
        if (call := call_of(request.scope)) is not None:
            call.rehearsed = True
        answer.headers[REHEARSED_HEADER] = "true"
        answer.status_code = 200 if answer.status_code in (201, 202) else answer.status_code
        for name in ("location", "content-location"):
            if name in answer.headers:
                del answer.headers[name]
    return answer


async def _read_within_bounds(request: Request, *, takes_form: bool) -> _ReadRequest:
    read = _ReadRequest(request.scope, request.receive)
    read._body = await read_body(request, limit=request.app.state.kit.settings.max_body_bytes)
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if takes_form:
        if read._body and content_type != FORM_MEDIA_TYPE:
            raise UnsupportedMediaType(f"请求体应为 {FORM_MEDIA_TYPE}")
        if b"%00" in read._body:
            raise MalformedBody("表单中不能有 NUL 字符（%00）")
    elif content_type == "application/json" or content_type.endswith("+json"):
        read.parsed = parse_json(read._body)
    elif read._body:
        raise UnsupportedMediaType("请求体应为 application/json（UTF-8）")
    return read


def _takes_form(route: APIRoute) -> bool:
    return route.body_field is not None and isinstance(route.body_field.field_info, params.Form)


def _asks_for(dependant: Any, name: str) -> bool:
    """Whether the route, or what it depends on, has that query parameter."""
    return any(one.alias == name for one in dependant.query_params) or any(
        _asks_for(child, name) for child in dependant.dependencies
    )


def _calls(dependant: Any) -> list[Any]:
    return [dependant.call, *(call for child in dependant.dependencies for call in _calls(child))]


def api_router(**kwargs: Any) -> APIRouter:
    """A router whose routes are KitRoutes."""
    return APIRouter(route_class=KitRoute, **kwargs)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI responses for these error statuses."""
    content = {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": STATUS_TITLES.get(status, "错误"), "content": content} for status in sorted(statuses)
    }


IfMatch = Annotated[
    str | None,
    Header(title="期望的版本", description="The ETag you last read; 412 when it is no longer current.", max_length=200),
]


def check_if_match(if_match: str | None, *, etag: str, version: int) -> None:
    """StaleVersion unless the header is absent, `*`, or names the current ETag."""
    if if_match is None or if_match.strip() == "*":
        return
    if etag not in (tag.strip() for tag in if_match.split(",")):
        raise StaleVersion(f"当前版本是{version}，与 If-Match 不符；请重新读取后再改", version=version, etag=etag)


def check_if_match_absent(if_match: str | None) -> None:
    """StaleVersion when a version was expected of what does not exist (RFC 9110 §13.1.1): even `*` is false then."""
    if if_match is not None:
        raise StaleVersion("所指的资源尚不存在，与 If-Match 不符；如要新建，请不带 If-Match")


def etag_matches(if_none_match: str, etag: str) -> bool:
    """Weak comparison (RFC 9110 §13.1.2)."""
    return if_none_match.strip() == "*" or etag in re.split(r"\s*,\s*", if_none_match.replace("W/", "").strip())


def stored_answer(request: Request, body: bytes | str, etag: str, *, cache: str = PUBLIC_CACHE) -> Response:
    """Stored bytes with their ETag, or 304 when the caller has them (`If-None-Match`, weak comparison)."""
    headers = {"ETag": etag, "Cache-Control": cache}
    asked = request.headers.get("if-none-match")
    if asked is not None and etag_matches(asked, etag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


def page_links(request: Request, *, next_cursor: str | None) -> dict[str, str]:
    """A `Link` header with `rel="next"`, when there is a next page. Relative, so that any gateway prefix holds."""
    if next_cursor is None:
        return {}
    query = request.url.include_query_params(cursor=next_cursor).query
    return {"Link": f'<?{query}>; rel="next"'}


class DuplexResponse(Response):
    """Streams an answer while the request's body is still being read by whoever makes the answer.

    Starlette's own StreamingResponse listens for a disconnect, and so takes body messages away from the reader. A gateway
    that sends no more of a request once the answer has begun says so in `X-Answer-After-Request`: then all of it waits.
    """

    def __init__(self, content: AsyncGenerator[bytes, None], *, media_type: str) -> None:
        super().__init__(media_type=media_type, headers={"Cache-Control": PRIVATE_CACHE})
        del self.headers["content-length"]
        self._content = content

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        waits = any(name == _ANSWER_AFTER_REQUEST for name, _ in scope["headers"])
        with SpooledTemporaryFile(max_size=_HELD_IN_MEMORY_BYTES) as held:
            try:
                if waits:
                    async for part in self._content:
                        held.write(part)
                    held.seek(0)
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                while part := held.read(_FILE_PART_BYTES):
                    await send({"type": "http.response.body", "body": part, "more_body": True})
                async for part in self._content:
                    await send({"type": "http.response.body", "body": part, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
            finally:
                await self._content.aclose()
