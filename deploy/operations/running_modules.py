"""Runs a module's own command with the settings of a service."""

import os
import subprocess
import sys
from collections.abc import Sequence

from deploy.local.settings import REPOSITORY
from deploy.operations.installation import Installation


def run_module(installed: Installation, service: str, module: str, arguments: Sequence[str] = ()) -> int:
    """Its exit code."""
    path = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))
    environment = {**installed.environments[service], "PYTHONPATH": path}
    return subprocess.run([sys.executable, "-m", module, *arguments], env=environment, check=False).returncode
