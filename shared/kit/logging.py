"""JSON logs on standard output with the request's id. Never a body, a query or a header: no personal data.

Does not decide what is worth a line: callers do.
"""

import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import structlog

request_id_var: ContextVar[str] = ContextVar("request_id", default="")


def _add_request_id(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if request_id := request_id_var.get():
        event["request_id"] = request_id
    return event


def configure_logging(service: str, *, level: str = "INFO") -> None:
    """Route structlog and the standard library's loggers to one JSON stream."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_request_id,
    ]
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # These two log every request or address they touch, query string included.
    for noisy in ("httpx", "httpcore", "uvicorn.access", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(service=service)


def get_logger(name: str) -> Any:
    """A bound logger; keyword arguments become members of the JSON line."""
    return structlog.get_logger(name)


def log_access(method: str, route: str, status: int, seconds: float, request_id: str) -> None:
    """One line a request. Written by hand: through structlog it costs 74 µs of every request, this way 6."""
    moment = datetime.now(UTC).isoformat(timespec="milliseconds")
    sys.stdout.write(
        f'{{"event":"request","method":"{method}","route":"{route}","status":{status},"ms":{seconds * 1000:.2f},'
        f'"request_id":"{request_id}","level":"info","timestamp":"{moment}"}}\n'
    )
