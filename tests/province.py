"""The simulated province as a process of its own, for tests that send to it, let it send, and kill it."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from deploy.local.processes import free_port
from tools.province.packages import program


@dataclass
class Province:
    """Its files are all it knows, so it may be killed and started again at the same place."""

    state: Path
    arguments: Sequence[str]
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def hooks(self) -> str:
        return f"{self.url}/hooks"

    async def start(self) -> None:
        """Returns when it listens."""
        node, script = await asyncio.to_thread(program)
        command = [node, str(script), "--state", str(self.state), "--port", str(self.port), *self.arguments]
        await asyncio.to_thread(self._launch, command)

    def _launch(self, command: Sequence[str]) -> None:
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        assert json.loads(self.process.stdout.readline())["url"] == self.url

    def kill(self) -> None:
        """Without warning."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None

    async def ask(self, method: str, path: str, content: Any = None, **query: str) -> Any:
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            answer = await client.request(method, self.url + path, json=content, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def behave(self, mode: str, **how: Any) -> None:
        await self.ask("POST", "/control/behaviour", {"mode": mode, **how})

    async def send(self, **order: Any) -> Any:
        """What the city answered: `status` and `answer`."""
        return await self.ask("POST", "/control/send", order)

    async def know(self, **keys: Any) -> None:
        """`secrets`, `public_keys` to verify by, `target` to send to."""
        await self.ask("POST", "/control/keys", keys)

    async def received(self, **query: str) -> Any:
        return await self.ask("GET", "/control/received", **query)

    async def digest(self, day: str) -> Any:
        return await self.ask("GET", "/control/digest", day=day)


@asynccontextmanager
async def province(state: Path, *arguments: str) -> AsyncIterator[Province]:
    """Started, and ended after the block."""
    made = Province(state, arguments)
    await made.start()
    try:
        yield made
    finally:
        if made.process is not None:
            made.kill()
