"""Starts children, notices at once when one dies, starts it again within bounds, stops all in order.

Knows nothing of what the children do. Spawns in the calling thread only: see `processes.die_with_parent`.
"""

import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.processes import StartFailed, last_lines, stop

MAX_RESTARTS_A_MINUTE = 10
_POLL_SECONDS = 0.05
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 3.0


@dataclass
class Child:
    """One process: how it is launched, when it is ready, how it is asked to stop."""

    name: str
    title: str
    launch: Callable[[], subprocess.Popen[bytes]]
    is_ready: Callable[[], bool]
    log: Path
    patience_seconds: float = 10.0
    stop_signal: int = signal.SIGTERM
    stop_last: bool = False
    """Storage: stopped when nobody uses it any more."""
    process: subprocess.Popen[bytes] | None = None
    deaths: deque[float] = field(default_factory=deque)
    launch_at: float = 0.0

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


class ChildLost(StartFailed):
    """A child that dies again and again."""


class Supervisor:
    """The children of one launcher, in the order in which they were started."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self.children: list[Child] = []

    def start(self, children: Sequence[Child], *, within_seconds: float = 60.0) -> None:
        """Launch them side by side and return when all are ready; StartFailed when one dies or is late."""
        for child in children:
            child.process = child.launch()
            self.children.append(child)
        self.wait_until_ready(children, within_seconds=within_seconds)

    def wait_until_ready(self, children: Sequence[Child], *, within_seconds: float = 60.0) -> None:
        """Return when all are ready."""
        deadline = time.monotonic() + within_seconds
        waiting = list(children)
        while waiting:
            for child in self.children:
                if not child.is_alive:
                    raise StartFailed(f"{child.title}启动后退出（{_how(child)}）：\n{last_lines(child.log)}")
            waiting = [child for child in waiting if not child.is_ready()]
            if waiting and time.monotonic() > deadline:
                late = waiting[0]
                raise StartFailed(f"{late.title}在{within_seconds:.0f}秒内没有就绪：\n{last_lines(late.log)}")
            if waiting:
                time.sleep(_POLL_SECONDS)

    def watch(self, now: float) -> bool:
        """Look after all children once; True when one died or was started again. Raises ChildLost."""
        changed = False
        for child in self.children:
            if child.process is None:
                if now >= child.launch_at:
                    child.process = child.launch()
                    changed = True
            elif child.process.poll() is not None:
                self._bury(child, now)
                changed = True
        return changed

    def _bury(self, child: Child, now: float) -> None:
        how, end = _how(child), last_lines(child.log, 4)
        child.process = None
        child.deaths.append(now)
        while child.deaths[0] < now - 60:
            child.deaths.popleft()
        count = len(child.deaths)
        if count > MAX_RESTARTS_A_MINUTE:
            raise ChildLost(
                f"{child.title}一分钟内退出了{count}次（最近一次：{how}），不再重启，其余进程一并停止：\n{last_lines(child.log)}"
            )
        pause = min(_FIRST_PAUSE_SECONDS * 2 ** (count - 1), _LONGEST_PAUSE_SECONDS)
        child.launch_at = now + pause
        tail = f"\n{end}" if end else ""
        self._say(f"{child.title}退出了（{how}），{pause:.1f}秒后重新启动。日志：{child.log}{tail}")

    def stop(self) -> None:
        """Those who serve first, all at once; the storage when nobody uses it any more."""
        for is_storage in (False, True):
            group = [child for child in reversed(self.children) if child.stop_last is is_storage]
            _stop_together(group)
        self.children.clear()


def _stop_together(children: Sequence[Child]) -> None:
    running = [child for child in children if child.is_alive]
    for child in running:
        assert child.process is not None
        child.process.send_signal(child.stop_signal)
    for child in running:
        assert child.process is not None
        try:
            child.process.wait(child.patience_seconds)
        except subprocess.TimeoutExpired:
            stop(child.process, how=signal.SIGKILL)


def _how(child: Child) -> str:
    """How it ended, as one says it."""
    code = child.process.returncode if child.process is not None else 0
    if code < 0:
        return f"被信号 {signal.Signals(-code).name} 终止"
    return f"退出码 {code}"
