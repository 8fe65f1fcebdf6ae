"""What a service writes to its log, all of it, for tests that look for what must not be there."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from shared.kit.logging import configure_logging


@contextmanager
def everything_logged() -> Iterator[None]:
    """The service at its most talkative. Loggers remember their stream: they are made to forget it."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    _forget_streams()
    configure_logging("policy", level="DEBUG")
    try:
        yield
    finally:
        _forget_streams()
        structlog.reset_defaults()
        root.handlers, root.level = handlers, level


def _forget_streams() -> None:
    for module in list(sys.modules.values()):
        logger = getattr(module, "logger", None)
        if isinstance(logger, structlog._config.BoundLoggerLazyProxy):
            vars(logger).pop("bind", None)
