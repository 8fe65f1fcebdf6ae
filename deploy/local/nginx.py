"""The shipped gateway on this machine's own nginx: its templates rendered as the image renders them, started, stopped.

For tests and measurements; `make run` has its own gateway (deploy/local/gateway.py).
"""

import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from deploy.local.processes import StartFailed, free_port, is_listening, last_lines, running_as_root, spawn, stop
from deploy.local.settings import REPOSITORY

TEMPLATES = REPOSITORY / "deploy" / "gateway"
SUFFIX = ".template"
MISSING = "nginx is not installed: on Debian and Ubuntu `apt-get install nginx-light`"
SERVICES = ("exchange", "policy", "catalog", "request", "search")
_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")
_START_SECONDS = 10.0


def substitute(text: str, environment: Mapping[str, str]) -> str:
    """As envsubst does it for these names: `${NAME}` and `$NAME` of a name that is given, all else as it is."""

    def value(found: re.Match[str]) -> str:
        return environment.get(found[1] or found[2], found[0])

    return _VARIABLE.sub(value, text)


def render(templates: Path, folder: Path, environment: Mapping[str, str]) -> None:
    """Every template of a folder into another, under its name without the suffix."""
    for template in templates.glob(f"*{SUFFIX}"):
        text = substitute(template.read_text(encoding="utf-8"), environment)
        (folder / template.name.removesuffix(SUFFIX)).write_text(text, encoding="utf-8")


def find_nginx() -> Path | None:
    """The system's nginx, also where the path leaves the administrator's programs out."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    return Path(found) if found else None


def settings_for(upstreams: Mapping[str, str], folder: Path) -> dict[str, str]:
    """What the deployment's files say, for this machine: free ports, its folder, services by `host:port`."""
    return {
        **{f"MINGQUAN_{name.upper()}_UPSTREAM": upstreams[name] for name in SERVICES},
        "MINGQUAN_GATEWAY_TRANSPORT": "plain",
        "MINGQUAN_GATEWAY_PORT": str(free_port()),
        "MINGQUAN_GATEWAY_TLS_PORT": str(free_port()),
        "MINGQUAN_GATEWAY_INNER_PORT": str(free_port()),
        "MINGQUAN_GATEWAY_WORKERS": "1",
        "MINGQUAN_GATEWAY_CACHE": str(folder / "cache"),
        "MINGQUAN_SITE_ORIGIN": "",
        "MINGQUAN_TRUSTED_PROXY": "unix:",
        "MINGQUAN_RATE_PER_ADDRESS": "200",
        "MINGQUAN_RATE_PER_CLIENT": "100",
    }


class Nginx:
    """One nginx over a folder of its own. Use from the main thread: it spawns."""

    def __init__(self, folder: Path, environment: Mapping[str, str], *, templates: Path = TEMPLATES) -> None:
        program = find_nginx()
        if program is None:
            raise StartFailed(MISSING)
        self.folder, self.environment = folder, environment
        self.log = folder / "nginx.log"
        # As root it would give up its rights and then not reach a folder of root's.
        rights = " user root;" if running_as_root() else ""
        self._command: list[str | Path] = [program, "-p", folder, "-c", "nginx.conf", "-g", f"daemon off;{rights}"]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cache").mkdir(exist_ok=True)
        render(templates, folder, environment)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environment['MINGQUAN_GATEWAY_PORT']}"

    def check(self) -> str:
        """What `nginx -t` says; StartFailed if it refuses the configuration."""
        command = [str(part) for part in (*self._command, "-t")]
        said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
        if said.returncode:
            raise StartFailed(said.stderr)
        return said.stderr

    def start(self) -> None:
        """Returns when it listens."""
        self.process = spawn(self._command, log=self.log)
        deadline = time.monotonic() + _START_SECONDS
        while not is_listening(int(self.environment["MINGQUAN_GATEWAY_PORT"])):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise StartFailed(f"nginx did not start:\n{last_lines(self.log)}")
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process is not None:
            stop(self.process)
