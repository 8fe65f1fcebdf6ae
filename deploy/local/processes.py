"""Child processes that die with their parent, and ports that are free. Nothing here knows what the children do."""

import ctypes
import errno
import os
import pwd
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

_PR_SET_PDEATHSIG = 1
UNPRIVILEGED = "nobody"


class StartFailed(Exception):
    """Said to the user as one sentence."""


def die_with_parent(signal_number: int = signal.SIGTERM) -> Callable[[], None] | None:
    """A `preexec_fn` that has the kernel signal the child when its parent dies, however it dies. Linux only.

    "Parent" is the *thread* that spawned: spawn from one that lives as long as the children shall.
    """
    if not sys.platform.startswith("linux"):
        return None
    libc, parent = ctypes.CDLL(None, use_errno=True), os.getpid()

    def ask_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
        if os.getppid() != parent:
            # The parent died between fork and prctl: the kernel will not tell any more.
            os.kill(os.getpid(), signal.SIGKILL)

    return ask_kernel


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    user: str | None = None,
    death_signal: int = signal.SIGTERM,
    keep_open: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a child in its own process group, writing to `log`. As root, `user` is who it runs as.

    `keep_open` are file descriptors that it inherits: a lock that shall outlive the launcher, a listening socket.
    """
    account = pwd.getpwnam(user) if user else None
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment) if environment is not None else None,
            # A process group of its own: Ctrl-C reaches the launcher only, which stops the children in order.
            start_new_session=True,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
            pass_fds=keep_open,
            # Between fork and exec only prctl, getppid and kill are called: safe although threads may run.
            preexec_fn=die_with_parent(death_signal),  # noqa: PLW1509
        )


def stop(process: subprocess.Popen[bytes], *, how: int = signal.SIGTERM, patience_seconds: float = 10.0) -> None:
    """Ask, wait, then insist. Returns when the process is gone and reaped."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listen(port: int) -> socket.socket:
    """A listening socket on the loopback; StartFailed with one sentence when the port cannot be had."""
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind(("127.0.0.1", port))
        door.listen(1024)
    except OSError as error:
        door.close()
        if error.errno == errno.EADDRINUSE:
            raise StartFailed(
                f"端口 {port} 已被别的程序占用：请先停止它，或换一个端口，如 MINGQUAN_PORT={port + 1}"
            ) from error
        raise StartFailed(f"不能使用端口 {port}（{error.strerror}）：请换一个，如 MINGQUAN_PORT=8000") from error
    return door


def is_listening(port: int) -> bool:
    """Whether somebody accepts connections there."""
    with closing(socket.socket()) as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def running_as_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def last_lines(log: Path, count: int = 12) -> str:
    """The end of a child's log, for the sentence that says why it died."""
    try:
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:])
    except OSError:
        return ""
