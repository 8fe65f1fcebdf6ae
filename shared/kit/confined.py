"""Reading files of strangers in a process that may be lost: the app itself never looks into one.

A package with a `__main__` that calls `serve` is the reading process. It has loaded everything and forks itself for each
file; each child gives up what it does not need and is ended by the kernel when its file costs more than a file of its
size may. What is read, and into what, is the package's own affair: bytes in, JSON out, or a `RefusedFile`.
"""

import asyncio
import gc
import os
import resource
import select
import shutil
import signal
import socketserver
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from pydantic_core import from_json, to_json

import shared
from shared.kit.errors import DomainError, RuleViolation, TooLarge, Unavailable, UnsupportedMediaType
from shared.schemas.problems import InvalidField

_ROOT = Path(shared.__path__[0]).parent
_WAITING_FOR_EACH = 4
_START_SECONDS = 20.0
_SLACK_SECONDS = 10.0
"""Over the longest reading: the child ends itself before."""
_CHILD_SLACK_SECONDS = 5
"""By the clock on the wall, over the longest computing: the machine may be busy."""


class Reason(StrEnum):
    """Why a file is refused: the member `reason` of the problem document."""

    WRONG_TYPE = "wrong_type"
    TOO_LARGE = "too_large"
    ENCRYPTED = "encrypted"
    MACROS = "macros"
    BOMB = "bomb"
    TOO_DEEP = "too_deep"
    NO_TEXT = "no_text"
    BROKEN = "broken"
    TOO_COSTLY = "too_costly"


class RefusedFile(Exception):
    """This file is not read; `detail` is Chinese, for a clerk."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


@dataclass(frozen=True)
class ReaderLimits:
    """Of one file's reading."""

    memory_bytes: int
    seconds: float
    at_once: int


class ConfinedReader:
    """Has files read by a package's process, `at_once` side by side; as many again times four may wait.

    The process is started by the first file and again whenever it is gone.
    """

    def __init__(self, package: str, limits: ReaderLimits) -> None:
        self._package = package
        self._limits = limits
        self._places = asyncio.Semaphore(limits.at_once)
        self._starting = asyncio.Lock()
        self._present = 0
        self._process: Process | None = None
        self._folder: str | None = None

    async def read(self, data: bytes) -> bytes:
        """The reading process's answer; a DomainError that says why when the file is refused or cost too much."""
        if self._present >= self._limits.at_once * (1 + _WAITING_FOR_EACH):
            raise Unavailable("正在读取的文件太多，请稍后重试", retry_after_seconds=5)
        self._present += 1
        try:
            async with self._places:
                answer = await self._ask(data)
        finally:
            self._present -= 1
        if not answer:
            raise too_costly()
        if answer.startswith(b'{"refused"'):
            refused = from_json(answer)
            raise refusal(Reason(refused["refused"]), refused["detail"])
        return answer

    async def close(self) -> None:
        """End the process, whatever it is doing."""
        async with self._starting:
            await self._end()

    async def _ask(self, data: bytes) -> bytes:
        """The child's answer; empty when it was ended over the file."""
        for attempt in range(2):
            path = await self._socket()
            try:
                reader, writer = await asyncio.open_unix_connection(path)
                break
            except OSError as error:
                # Gone since it was looked at: once more, with a new one.
                if attempt:
                    raise Unavailable("读取文件的进程无法启动，请稍后重试") from error
        try:
            async with asyncio.timeout(self._limits.seconds + _SLACK_SECONDS):
                writer.write(data)
                writer.write_eof()
                return await reader.read()
        except (OSError, TimeoutError):
            return b""
        finally:
            writer.close()

    async def _socket(self) -> str:
        async with self._starting:
            if self._process is None or self._process.returncode is not None or self._folder is None:
                await self._end()
                await self._start()
            assert self._folder is not None
            return f"{self._folder}/reader"

    async def _start(self) -> None:
        # Short: a socket's path may have a hundred characters. Nobody else may enter it.
        self._folder = tempfile.mkdtemp(prefix="mingquan-")
        limits = [str(self._limits.memory_bytes), str(self._limits.seconds), str(self._limits.at_once)]
        command = [sys.executable, "-m", self._package, f"{self._folder}/reader", *limits]
        # None of this service's secrets: a file may take the process over.
        environment = {"PYTHONPATH": str(_ROOT), "LANG": "C.UTF-8"}
        self._process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=environment, start_new_session=True
        )
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(_START_SECONDS):
                line = await self._process.stdout.readline()
        except TimeoutError:
            line = b""
        if not line:
            await self._end()
            raise Unavailable("读取文件的进程无法启动，请稍后重试")

    async def _end(self) -> None:
        if self._process is not None:
            if self._process.returncode is None:
                self._process.kill()
            await self._process.wait()
            self._process = None
        if self._folder is not None:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
            self._folder = None


def too_costly() -> DomainError:
    """What a caller is told whose file cost more than it may."""
    return refusal(Reason.TOO_COSTLY, "读取这份文件所需的时间或内存超过上限；请检查文件是否正常，或另存后再试")


def refusal(reason: Reason, detail: str) -> DomainError:
    """The problem document of a refused file."""
    errors = [InvalidField(pointer="/file", detail=detail)]
    kinds = {Reason.WRONG_TYPE: UnsupportedMediaType, Reason.TOO_LARGE: TooLarge}
    return kinds.get(reason, RuleViolation)(detail, errors=errors, reason=reason.value)


# The other side: what runs in the reading process.

Read = Callable[[bytes, float], bytes]
"""A file's bytes and the most seconds of computing that any file may have, to an answer; may raise RefusedFile."""


class _Server(socketserver.ForkingMixIn, socketserver.UnixStreamServer):
    reading: ClassVar[Read]
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
        signal.setitimer(signal.ITIMER_REAL, self.server.seconds + _CHILD_SLACK_SECONDS)
        data = self.rfile.read()
        _confine(self.server.memory_bytes, self.server.seconds)
        try:
            answer = type(self.server).reading(data, self.server.seconds)
        except RefusedFile as refused:
            answer = to_json({"refused": refused.reason, "detail": refused.detail})
        except MemoryError:
            answer = b""
        except Exception:
            # What libraries raise over a damaged file is no closed list; the file is at fault, and only this child ends.
            answer = to_json({"refused": Reason.BROKEN, "detail": "文件不完整或已损坏，无法读取"})
        self.wfile.write(answer)


def allow_computing(seconds: float) -> None:
    """End this process once it has computed so long from now on. Called again as a file turns out to be large."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


def _confine(memory_bytes: int, seconds: float) -> None:
    """Hard limits: nothing that a file makes the process do can lift them."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 1))


def serve(read: Read) -> None:
    """Be the reading process: `SOCKET MEMORY_BYTES SECONDS AT_ONCE` on the command line, until standard input ends."""
    # An interrupt at the terminal is for the parent to handle. The alarms end a process at once.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    path, memory, seconds, at_once = sys.argv[1:]
    _Server.reading = staticmethod(read)
    _Server.memory_bytes, _Server.seconds, _Server.max_children = int(memory), float(seconds), int(at_once)
    with _Server(path, _Handler) as server:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        gc.freeze()
        server.serve_forever()
