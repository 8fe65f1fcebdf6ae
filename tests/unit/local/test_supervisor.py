"""A dead child is noticed, said, started again within bounds; all stop in order."""

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.processes import StartFailed, last_lines, spawn
from deploy.local.supervisor import MAX_RESTARTS_A_MINUTE, Child, ChildLost, Supervisor

WAITING = "import signal; print('ready'); signal.pause()"
FAILING = "print('the disk is full'); raise SystemExit(3)"
# Says in a common file when it was asked to stop.
TELLING = """
import signal, sys
def leave(*_):
    with open(sys.argv[1], "a") as file: file.write(sys.argv[2] + "\\n")
    raise SystemExit(0)
signal.signal(signal.SIGTERM, leave)
print("ready")
while True: signal.pause()
"""
MakeChild = Callable[..., Child]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(said: list[str]) -> Iterator[Supervisor]:
    supervisor = Supervisor(said.append)
    yield supervisor
    supervisor.stop()


@pytest.fixture
def make_child(tmp_path: Path) -> MakeChild:
    def make(name: str, program: str, *arguments: str, **options: object) -> Child:
        log = tmp_path / f"{name}.log"

        def is_ready() -> bool:
            return "ready" in last_lines(log)

        command = [sys.executable, "-uc", program, *arguments]
        return Child(name, f"服务{name}", lambda: spawn(command, log=log), is_ready, log, **options)  # type: ignore[arg-type]  # options are the fields of Child

    return make


def kill(child: Child) -> None:
    assert child.process is not None
    child.process.kill()
    child.process.wait()


def test_start_returns_when_the_child_is_ready(supervisor: Supervisor, make_child: MakeChild) -> None:
    child = make_child("a", WAITING)
    supervisor.start([child])
    assert child.is_alive
    assert "ready" in last_lines(child.log)


def test_a_child_that_fails_at_the_start_is_said_with_the_end_of_its_log(
    supervisor: Supervisor, make_child: MakeChild
) -> None:
    with pytest.raises(StartFailed, match=r"服务a启动后退出（退出码 3）：\nthe disk is full"):
        supervisor.start([make_child("a", FAILING)])


def test_a_child_that_is_not_ready_in_time_is_said(supervisor: Supervisor, make_child: MakeChild) -> None:
    with pytest.raises(StartFailed, match="没有就绪"):
        supervisor.start([make_child("a", "import signal; signal.pause()")], within_seconds=0)


def test_a_killed_child_is_said_and_started_again(
    supervisor: Supervisor, make_child: MakeChild, said: list[str]
) -> None:
    child = make_child("a", WAITING)
    supervisor.start([child])
    first = child.process
    kill(child)
    assert supervisor.watch(100.0)
    assert "服务a退出了（被信号 SIGKILL 终止）" in said[0]
    assert str(child.log) in said[0]
    assert not supervisor.watch(100.05), "before its pause is over nothing is launched"
    assert supervisor.watch(101.0)
    assert child.is_alive
    assert child.process is not first


def test_its_neighbours_are_left_alone(supervisor: Supervisor, make_child: MakeChild) -> None:
    one, other = make_child("a", WAITING), make_child("b", WAITING)
    supervisor.start([one, other])
    process = other.process
    kill(one)
    supervisor.watch(100.0)
    supervisor.watch(101.0)
    assert other.process is process
    assert other.is_alive


def test_a_child_that_dies_again_and_again_ends_the_run(
    supervisor: Supervisor, make_child: MakeChild, said: list[str]
) -> None:
    child = make_child("a", WAITING)
    supervisor.start([child])
    child.launch = make_child("a", FAILING).launch
    kill(child)

    def live_through_deaths() -> None:
        now = 100.0
        while True:
            if child.process is not None:
                child.process.wait()
            supervisor.watch(now)
            now = max(now, child.launch_at)

    with pytest.raises(ChildLost, match=r"一分钟内退出了11次（最近一次：退出码 3），不再重启"):
        live_through_deaths()
    assert len(said) == MAX_RESTARTS_A_MINUTE


def test_deaths_of_long_ago_do_not_count(supervisor: Supervisor, make_child: MakeChild) -> None:
    child = make_child("a", WAITING)
    supervisor.start([child])
    for number in range(2 * MAX_RESTARTS_A_MINUTE):
        kill(child)
        supervisor.watch(100.0 + 61 * number)
        supervisor.watch(101.0 + 61 * number)
    assert child.is_alive


def test_storage_stops_when_nobody_uses_it_any_more(
    supervisor: Supervisor, make_child: MakeChild, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    storage = make_child("storage", TELLING, str(told), "storage", stop_last=True)
    supervisor.start([storage])
    supervisor.start([make_child("service", TELLING, str(told), "service")])
    supervisor.stop()
    assert told.read_text().split() == ["service", "storage"]
    assert storage.process is not None
    assert storage.process.returncode == 0


def test_a_child_that_does_not_listen_is_killed_when_patience_ends(
    supervisor: Supervisor, make_child: MakeChild
) -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready'); signal.pause()"
    child = make_child("a", deaf, patience_seconds=0.05)
    supervisor.start([child])
    supervisor.stop()
    assert child.process is not None
    assert child.process.returncode == -signal.SIGKILL
