"""Reading uploaded files in a process that may be lost: the app itself never looks into one.

The reading process is started by the first file and again whenever it is gone.
"""

import asyncio
import shutil
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import from_json

import services
from services.policy_api.service.readers.found import Reason
from services.policy_api.service.readers.kinds import ENDINGS, FileKind
from shared.kit.errors import DomainError, RuleViolation, TooLarge, Unavailable
from shared.kit.http import UnsupportedMediaType
from shared.schemas.parsing import ParsedDocument, UncertainField
from shared.schemas.problems import InvalidField

_ROOT = Path(services.__path__[0]).parent
_PACKAGE = "services.policy_api.service.readers"
_WAITING_FOR_EACH = 4
_START_SECONDS = 20.0
_SLACK_SECONDS = 10.0
"""Over the longest reading: the child ends itself before."""


@dataclass(frozen=True)
class ReaderLimits:
    """Of one file's reading."""

    memory_bytes: int
    seconds: float
    at_once: int


class FileReader:
    """Reads files, `at_once` of them side by side; as many again times four may wait."""

    def __init__(self, limits: ReaderLimits) -> None:
        self._limits = limits
        self._places = asyncio.Semaphore(limits.at_once)
        self._starting = asyncio.Lock()
        self._present = 0
        self._process: Process | None = None
        self._folder: str | None = None

    async def read(self, data: bytes, *, name: str | None = None) -> ParsedDocument:
        """The draft; a RuleViolation that says why when the file is refused."""
        if self._present >= self._limits.at_once * (1 + _WAITING_FOR_EACH):
            raise Unavailable("正在读取的文件太多，请稍后重试", retry_after_seconds=5)
        self._present += 1
        try:
            async with self._places:
                answer = await self._ask(data)
        finally:
            self._present -= 1
        return await asyncio.to_thread(_understand, answer, name)

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
        command = [sys.executable, "-m", _PACKAGE, f"{self._folder}/reader", *limits]
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


def _understand(answer: bytes, name: str | None) -> ParsedDocument:
    if not answer:
        raise _too_costly()
    if answer.startswith(b'{"refused"'):
        refused = from_json(answer)
        raise _refusal(Reason(refused["refused"]), refused["detail"])
    try:
        parsed = ParsedDocument.model_validate_json(answer)
    except ValidationError as error:
        # Cut: the child was ended while it answered.
        raise _too_costly() from error
    ending = Path(name).suffix.lower() if name else ""
    expected = ENDINGS[FileKind(parsed.media_type)]
    if ending and ending not in expected:
        reason = f"文件名以{ending}结尾，内容却是{expected[0]}，按内容读取"
        parsed.uncertain.insert(0, UncertainField(pointer="/body", reason=reason[:200]))
    return parsed


def _too_costly() -> DomainError:
    return _refusal(Reason.TOO_COSTLY, "读取这份文件所需的时间或内存超过上限；请检查文件是否正常，或另存后再试")


def _refusal(reason: Reason, detail: str) -> DomainError:
    errors = [InvalidField(pointer="/file", detail=detail)]
    kinds = {Reason.WRONG_TYPE: UnsupportedMediaType, Reason.TOO_LARGE: TooLarge}
    return kinds.get(reason, RuleViolation)(detail, errors=errors, reason=reason.value)
