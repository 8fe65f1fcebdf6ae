"""The process that reads uploaded files: it has loaded everything, and forks itself for each file.

    python -m services.policy_api.service.readers SOCKET MEMORY_BYTES SECONDS AT_ONCE

listens on a Unix socket; a connection brings a file's bytes, is answered with JSON and closed. Each child gives up what
it does not need and is ended by the kernel when its file costs more than a file of its size may: then the connection
closes without an answer. The process ends when its standard input does: with whoever started it. Serves nothing else.
"""

import gc
import os
import resource
import select
import signal
import socketserver
import sys
from typing import ClassVar

from pydantic_core import to_json

from services.policy_api.rules.drafting import ReadText, draft_policy
from services.policy_api.service.readers.found import Bounds, Reason, RefusedFile
from services.policy_api.service.readers.reading import read_kind
from shared.schemas.parsing import UncertainField

_FIRST_SECONDS = 0.5
"""Of computing, for what is not in proportion to the file."""
_SECONDS_A_MEGABYTE = 0.4
_SECONDS_A_PAGE = 0.1
_CHARACTERS_A_SECOND = 50_000
_SLACK_SECONDS = 5
"""By the clock on the wall, over the longest computing: the machine may be busy."""


class _Server(socketserver.ForkingMixIn, socketserver.UnixStreamServer):
    memory_bytes: ClassVar[int]
    seconds: ClassVar[float]
    request_queue_size = 64

    def service_actions(self) -> None:
        super().service_actions()
        readable, _, _ = select.select([0], [], [], 0)
        if readable and not os.read(0, 1):
            # Whoever started this is gone; children end by their own limits.
            os._exit(0)


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _Server)
        # A caller that neither sends nor goes must not keep a process.
        signal.setitimer(signal.ITIMER_REAL, self.server.seconds + _SLACK_SECONDS)
        data = self.rfile.read()
        _confine(self.server.memory_bytes, self.server.seconds)
        try:
            answer = read_file(data, self.server.seconds)
        except RefusedFile as refused:
            answer = to_json({"refused": refused.reason, "detail": refused.detail})
        except MemoryError:
            answer = b""
        except Exception:
            # What libraries raise over a damaged file is no closed list; the file is at fault, and only this child ends.
            answer = to_json({"refused": Reason.BROKEN, "detail": "文件不完整或已损坏，无法读取"})
        self.wfile.write(answer)


def read_file(data: bytes, most_seconds: float) -> bytes:
    """A ParsedDocument as JSON. Computing time is granted as the file turns out to be large, never more than the most."""
    allowed = _FIRST_SECONDS + len(data) / 1_000_000 * _SECONDS_A_MEGABYTE

    def allow(more: float) -> None:
        signal.setitimer(signal.ITIMER_PROF, min(allowed + more, most_seconds))

    allow(0.0)
    found = read_kind(data, Bounds(), lambda pages: allow(pages * _SECONDS_A_PAGE))
    allow(len(found.text) / _CHARACTERS_A_SECOND)
    remarks = [
        UncertainField(pointer=remark.pointer, reason=remark.reason, seen=remark.seen) for remark in found.remarks
    ]
    return draft_policy(ReadText(found.media_type, found.text, found.pages, remarks)).model_dump_json().encode()


def _confine(memory_bytes: int, seconds: float) -> None:
    """Hard limits: nothing that a file makes the process do can lift them."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 1))


def main() -> None:
    """Serve until standard input ends."""
    # An interrupt at the terminal is for the parent to handle. The alarms end a process at once.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    path, memory, seconds, at_once = sys.argv[1:]
    _Server.memory_bytes, _Server.seconds, _Server.max_children = int(memory), float(seconds), int(at_once)
    with _Server(path, _Handler) as server:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        gc.freeze()
        server.serve_forever()


if __name__ == "__main__":
    main()
