"""Makes the secrets of a deployment: one folder a part, one file a secret, never the same twice, none of them known.

Needs the standard library only, so that an operator may run it before there is an image: `python3 -m
deploy.container.secrets FOLDER`. What is there is kept; a file that was deleted is made anew, which is how one rotates.
Compose hands single files to the containers, Kubernetes one Secret a folder.
"""

import base64
import json
import secrets
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

DATABASE = "mingquan"
DATABASE_HOST = "postgres:5432"
SERVICES = ("exchange", "policy", "catalog", "request", "search")
CLIENTS = ("administrator", "request", "search")
OWN_SECRETS = {
    "exchange": ("mingquan_key_encryption_key",),
    "policy": ("mingquan_profile_key", "mingquan_opinion_key"),
    "catalog": (),
    "request": ("mingquan_fingerprint_key",),
    "search": ("mingquan_meili_key",),
}


def make_secrets(folder: Path, *, database_host: str = DATABASE_HOST) -> list[str]:
    """Make what is missing; the names made. Those that say the same as another follow it."""
    folder.mkdir(parents=True, exist_ok=True)
    # A container's user is not the host's: the files are open, and the closed folder above keeps the host's users out.
    folder.chmod(0o700)
    made = [name for name, make in _own(database_host) if _keep(folder / name, make)]
    followers = {
        "postgres/admin_url": f"postgresql://postgres:{_read(folder / 'postgres/password')}@{database_host}/{DATABASE}",
        "meilisearch/config.toml": f'master_key = "{_read(folder / "search/mingquan_meili_key")}"',
        **{
            f"{service}/mingquan_client_secret": _read(folder / "clients" / service)
            for service in SERVICES
            if service in CLIENTS
        },
    }
    for name, value in followers.items():
        path = folder / name
        if not path.exists() or _read(path) != value:
            path.unlink(missing_ok=True)
            _write(path, value)
            made.append(name)
    return made


def _own(database_host: str) -> Iterator[tuple[str, Callable[[], str]]]:
    """Every secret that follows no other, and how it is made."""
    yield "postgres/password", new_secret
    for client in CLIENTS:
        yield f"clients/{client}", lambda: "mqs_" + new_secret()
    for service in SERVICES:
        yield f"{service}/mingquan_database_url", partial(_address, service, database_host)
        for name in ("mingquan_cursor_key", *OWN_SECRETS[service]):
            yield f"{service}/{name}", new_secret
    yield "request/mingquan_sealing_keys", lambda: f"first:aes-256-gcm:{new_secret()}"
    yield "grafana/password", new_secret


def _keep(path: Path, make: Callable[[], str]) -> bool:
    """Whether it had to be made."""
    if path.exists():
        return False
    _write(path, make())
    return True


def new_secret() -> str:
    """256 random bits, in characters that need no quoting in an address."""
    return secrets.token_urlsafe(32)


def manifests(folder: Path, *, namespace: str = "mingquan") -> str:
    """The folders as Kubernetes Secrets, and each database role's password as CloudNativePG wants it."""
    items = [
        _manifest(part.name, {file.name: _read(file) for file in sorted(part.iterdir())}, namespace)
        for part in sorted(folder.iterdir())
        # There CloudNativePG has an administrator of its own.
        if part.is_dir() and part.name != "postgres"
    ]
    for service in SERVICES:
        password = _read(folder / service / "mingquan_database_url").partition("://")[2].split(":")[1].split("@")[0]
        role = {"username": f"mingquan_{service}", "password": password}
        items.append(_manifest(f"role-{service}", role, namespace, kind="kubernetes.io/basic-auth"))
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=1) + "\n"


def _manifest(name: str, values: dict[str, str], namespace: str, *, kind: str = "Opaque") -> dict[str, object]:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    metadata = {"name": f"mingquan-{name}", "namespace": namespace, "labels": {"cnpg.io/reload": "true"}}
    return {"apiVersion": "v1", "kind": "Secret", "type": kind, "metadata": metadata, "data": data}


def _address(service: str, host: str) -> str:
    return f"postgresql://mingquan_{service}:{new_secret()}@{host}/{DATABASE}"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip()


def _write(path: Path, value: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.parent.chmod(0o755)
    with path.open("x", encoding="utf-8") as file:
        file.write(value + "\n")
    path.chmod(0o444)


if __name__ == "__main__":
    if len(sys.argv) not in {2, 3}:
        sys.exit("python3 -m deploy.container.secrets FOLDER [DATABASE_HOST:PORT]")
    for line in make_secrets(Path(sys.argv[1]), database_host=(*sys.argv, DATABASE_HOST)[2]):
        sys.stdout.write(f"{line}\n")
