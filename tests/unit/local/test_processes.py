"""Children die with whoever spawned them, and a port in use is one sentence."""

import os
import select
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from deploy.local.processes import StartFailed, free_port, is_listening, last_lines, listen, spawn, stop
from deploy.local.settings import REPOSITORY

PARENT = """
import signal, sys
from pathlib import Path
from deploy.local.processes import spawn
child = spawn([sys.executable, "-c", "import signal; signal.pause()"], log=Path(sys.argv[1]))
print(child.pid, flush=True)
signal.pause()
"""


def test_a_child_dies_when_its_launcher_is_killed_hard(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={"PYTHONPATH": str(REPOSITORY)}) as parent:
        assert parent.stdout is not None
        child = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
    with closing(os.fdopen(child)) as watched:
        assert select.select([watched], [], [], 10)[0], "the child outlived its launcher"


def test_stop_insists_when_asking_does_not_help(tmp_path: Path) -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); signal.pause()"
    log = tmp_path / "log"
    child = spawn([sys.executable, "-uc", deaf], log=log)
    while "deaf" not in last_lines(log):
        assert child.poll() is None
    stop(child, patience_seconds=0.05)
    assert child.returncode == -signal.SIGKILL


def test_a_port_in_use_is_said_in_one_sentence_with_what_to_do() -> None:
    with listen(0) as taken:
        port = taken.getsockname()[1]
        assert is_listening(port)
        with pytest.raises(StartFailed) as refused:
            listen(port)
    assert f"端口 {port} 已被别的程序占用" in str(refused.value)
    assert "MINGQUAN_PORT=" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_port_can_be_taken_again_at_once_after_a_stop() -> None:
    with listen(0) as first:
        port = first.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            accepted, _ = first.accept()
            accepted.close()
    with listen(port) as second:
        assert second.getsockname()[1] == port


def test_a_free_port_is_free() -> None:
    port = free_port()
    assert not is_listening(port)


def test_a_log_that_is_not_there_has_no_end(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "nothing") == ""
