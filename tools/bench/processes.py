"""What the kernel knows of processes and of this machine (/proc). Linux only."""

import os
import platform
import subprocess
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PACKAGES = ("fastapi", "uvicorn", "uvloop", "asyncpg", "sqlalchemy", "pydantic")


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def await_idle(pid: int, *, patience_seconds: float = 60.0) -> None:
    """Return when a process has all but rested for two seconds, or patience is at an end."""
    deadline = time.monotonic() + patience_seconds
    while time.monotonic() < deadline:
        before = cpu_seconds(pid)
        time.sleep(2)
        if cpu_seconds(pid) - before < 0.1:
            return


@dataclass(frozen=True)
class Memory:
    """Mebibytes of a process and its children: resident, and with shared pages divided among their users."""

    processes: int
    rss: float
    pss: float


def memory_of(pid: int) -> Memory:
    """Of the process and everything below it."""
    family = [pid, *_descendants(pid)]
    rss = pss = 0
    for member in family:
        for line in _rollup(member).splitlines():
            name, _, rest = line.partition(":")
            if name == "Rss":
                rss += int(rest.split()[0])
            elif name == "Pss":
                pss += int(rest.split()[0])
    return Memory(len(family), rss / 1024, pss / 1024)


def _rollup(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:  # It has ended in between.
        return ""


def _descendants(pid: int) -> list[int]:
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        children += [int(child) for child in (task / "children").read_text().split()]
    return children + [below for child in children for below in _descendants(child)]


def machine_facts() -> dict[str, str]:
    """What the figures were measured on."""
    model = next(
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    )
    total = int(Path("/proc/meminfo").read_text().split()[1]) / 1024 / 1024
    return {
        "processor": f"{os.cpu_count()} × {model}",
        "memory": f"{total:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}, load average {os.getloadavg()[0]:.1f} at the start",
        "Python": platform.python_version(),
        "packages": ", ".join(f"{name} {version(name)}" for name in _PACKAGES),
    }


def program_version(program: Path) -> str:
    """What a program says of itself."""
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
