"""The folder of everything that a run keeps, its locks and its secrets. Starts nothing."""

import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pydantic import BaseModel, Field, ValidationError

from deploy.local.postgres import place_for
from deploy.local.processes import StartFailed

_LEFTOVER_SECONDS = 30.0
# What a run leaves in the folder. Downloaded programs ("cache") survive a reset.
_OURS = (
    *("logs", "postgres", "meilisearch", "files", "demo", "imports", "pycache"),
    *("secrets.json", "running.json", "launcher.lock", "children.lock"),
)


def _new_secret() -> str:
    return secrets.token_urlsafe(32)


class Credentials(BaseModel):
    """A client of exchange_api."""

    client_id: str
    client_secret: str


class Secrets(BaseModel):
    """Generated once, kept in a file that only its owner reads."""

    database_password: str = Field(default_factory=_new_secret)
    key_encryption_key: str = Field(default_factory=_new_secret)
    profile_key: str = Field(default_factory=_new_secret)
    opinion_key: str = Field(default_factory=_new_secret)
    request_key: str = Field(default_factory=_new_secret)
    fingerprint_key: str = Field(default_factory=_new_secret)
    meili_master_key: str = Field(default_factory=_new_secret)
    cursor_keys: dict[str, str] = Field(default_factory=dict)
    database_id: str | None = Field(default=None, description="The database that the credentials below belong to.")
    administrator: Credentials | None = None
    clients: dict[str, Credentials] = Field(default_factory=dict)
    demo_loaded: bool = False

    def cursor_key(self, service: str) -> str:
        """Each service seals its cursors with a key of its own."""
        return self.cursor_keys.setdefault(service, _new_secret())

    def belong_to(self, database_id: str) -> None:
        """Forget what another database knew: it was reset, or another one is used now."""
        if self.database_id != database_id:
            self.database_id, self.administrator, self.clients, self.demo_loaded = database_id, None, {}, False


class Running(BaseModel):
    """Where a running suite can be reached; the file is there while it runs, and only its owner reads it."""

    gateway: str
    services: dict[str, str]
    environments: dict[str, dict[str, str]]
    """The settings of each service, for commands that do its work beside it."""
    processes: dict[str, int] = Field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """Paths below one folder."""

    root: Path

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    def log(self, name: str) -> Path:
        """Where a child writes."""
        return self.logs / f"{name}.log"

    @property
    def secrets_file(self) -> Path:
        return self.root / "secrets.json"

    @property
    def running_file(self) -> Path:
        return self.root / "running.json"

    @property
    def is_made(self) -> bool:
        """Whether a run ever used this folder."""
        return (self.root / "launcher.lock").exists()

    def make(self) -> None:
        """Create the folders; StartFailed when this cannot be written to."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            if strangers := {path.name for path in self.root.iterdir()} - {*_OURS, "cache"}:
                raise StartFailed(
                    f"{self.root} 里有不是明泉的文件（如 {min(strangers)}）：请把 MINGQUAN_STATE 指向一个空目录"
                )
            # Others may pass through, for PostgreSQL does not run as root, but neither list nor read.
            self.root.chmod(0o711)
            self.logs.mkdir(mode=0o700, exist_ok=True)
            (self.root / "launcher.lock").touch(mode=0o600)
        except OSError as error:
            raise StartFailed(
                f"状态目录 {self.root} 不可写（{error.strerror}）：请修改权限，或用 MINGQUAN_STATE 换一个目录"
            ) from error

    def read_secrets(self) -> Secrets:
        """What was generated before, or fresh secrets that are not yet saved."""
        try:
            return Secrets.model_validate_json(self.secrets_file.read_bytes())
        except FileNotFoundError:
            return Secrets()
        except (OSError, ValidationError) as error:
            raise StartFailed(
                f"{self.secrets_file} 无法读取或已损坏：请恢复它；若不需要其中的数据，用 make reset 重新开始"
            ) from error

    def save_secrets(self, value: Secrets) -> None:
        _write_private(self.secrets_file, value.model_dump_json(indent=1))

    def save_running(self, value: Running) -> None:
        _write_private(self.running_file, value.model_dump_json(indent=1))

    def read_running(self) -> Running:
        """Where the suite runs; StartFailed when it does not."""
        nobody = StartFailed("套件没有运行：请先在另一个终端执行 make run")
        if not self.is_made:
            raise nobody
        try:
            _lock(self.root / "launcher.lock").close()
        except BlockingIOError:
            pass
        else:
            raise nobody
        try:
            return Running.model_validate_json(self.running_file.read_bytes())
        except (OSError, ValidationError) as error:
            raise StartFailed("套件正在启动或停止：请稍后再试") from error

    @contextmanager
    def only_instance(self, *, patience_seconds: float = _LEFTOVER_SECONDS) -> Iterator[int]:
        """Holds the folder for this launcher. Yields a descriptor that children inherit.

        Two locks: the launcher's own ends with it, however it dies; the children's ends with the last of them, so that
        a launcher that was killed is not followed by another before its PostgreSQL has closed its files.
        """
        try:
            launcher = _lock(self.root / "launcher.lock")
        except BlockingIOError as error:
            raise StartFailed(
                f"另一个明泉正在使用 {self.root}：请先停止它，或用 MINGQUAN_STATE 和 MINGQUAN_PORT 另开一份"
            ) from error
        with launcher, _lock_patiently(self.root / "children.lock", patience_seconds) as children:
            yield children.fileno()

    def remove(self) -> None:
        """Delete what runs made; nothing else, for the folder may have been pointed anywhere."""
        outside = place_for(self.root).parent
        if outside != self.root:
            shutil.rmtree(outside, ignore_errors=True)
        for name in _OURS:
            path = self.root / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def _lock(path: Path) -> BinaryIO:
    """An exclusive lock, held until the file is closed; BlockingIOError when somebody has it."""
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        file.close()
        raise
    return file


def _lock_patiently(path: Path, patience_seconds: float) -> BinaryIO:
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            return _lock(path)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise StartFailed(
                    f"上次异常退出后留下的进程在{patience_seconds:.0f}秒内没有结束：请结束它们后再启动"
                ) from None
        time.sleep(0.1)


def _write_private(path: Path, text: str) -> None:
    """Whole or not at all, readable by its owner only."""
    staging = path.with_suffix(".new")
    descriptor = os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    staging.rename(path)
