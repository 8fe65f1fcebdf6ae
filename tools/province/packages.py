"""Where the Node program stands with its packages: a copy in the cache, made once and named by the lock's hash."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("MINGQUAN_CACHE", HERE.parents[1] / ".mingquan" / "cache"))
_SOURCES = ("package.json", "package-lock.json", "province.mjs", "signing.mjs", "books.mjs")


class NotInstalled(Exception):
    """Node or npm is missing, or the packages cannot be fetched."""


def program() -> tuple[str, Path]:
    """Node, and the script beside its packages. NotInstalled when that cannot be had."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise NotInstalled("模拟省平台需要 Node.js 18 以上和 npm")
    content = b"".join((HERE / name).read_bytes() for name in _SOURCES)
    folder = CACHE / f"province-{hashlib.sha256(content).hexdigest()[:16]}"
    if not folder.exists():
        _install(npm, folder)
    return node, folder / "province.mjs"


def _install(npm: str, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as made:
        for name in _SOURCES:
            shutil.copy(HERE / name, made)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        done = subprocess.run(command, cwd=made, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotInstalled(f"npm 无法取得模拟省平台的软件包：{(done.stderr or done.stdout).strip()[-300:]}")
        target = Path(made)
        target.chmod(0o755)
        if not folder.exists():
            shutil.copytree(target, folder, dirs_exist_ok=True)
