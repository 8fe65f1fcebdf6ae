"""What a backup says of itself: versions, revisions, tables with their sums, and which keys its sealed values need."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ValidationError

from deploy.operations.installation import Installation, OperationFailed

FORMAT = 1
NAME = "manifest.json"
FILES = "files"
_CHUNK_BYTES = 1 << 20
_KEYS = {
    "exchange": ("MINGQUAN_KEY_ENCRYPTION_KEY",),
    "policy": ("MINGQUAN_PROFILE_KEY", "MINGQUAN_OPINION_KEY"),
    "request": ("MINGQUAN_FINGERPRINT_KEY",),
}


class TableCopy(BaseModel):
    """One table: `COPY … TO` in text format, compressed."""

    name: str
    columns: list[str]
    rows: int
    file: str
    sha256: str


class SequenceState(BaseModel):
    """Where an identity column goes on."""

    name: str
    last_value: int
    is_called: bool


class ServiceCopy(BaseModel):
    """One schema at one revision."""

    revision: str
    tables: list[TableCopy]
    sequences: list[SequenceState]


class Manifest(BaseModel):
    """Written last: a folder without it is no backup."""

    format: int = FORMAT
    began_at: datetime
    """Every write accepted before it is in the backup."""
    ended_at: datetime
    postgres: str
    services: dict[str, ServiceCopy]
    files: dict[str, int]
    """Size of each uploaded file by its name, which is its SHA-256."""
    keys: dict[str, str]
    """Fingerprints of the keys without which sealed values do not open. The keys themselves are not in a backup."""

    @property
    def rows(self) -> int:
        return sum(table.rows for service in self.services.values() for table in service.tables)


def read_manifest(folder: Path) -> Manifest:
    """OperationFailed for a folder that is no backup, or one of another format."""
    try:
        manifest = Manifest.model_validate_json((folder / NAME).read_bytes())
    except OSError as error:
        raise OperationFailed(f"{folder} 不是完整的备份：读不到 {NAME}（{error.strerror}）") from error
    except ValidationError as error:
        raise OperationFailed(f"{folder / NAME} 已损坏或格式未知") from error
    if manifest.format != FORMAT:
        raise OperationFailed(f"{folder} 的格式是 {manifest.format}，本版本只认 {FORMAT}")
    return manifest


def place_of(folder: Path, sha256: str) -> Path:
    """Where a backup keeps an uploaded file."""
    return folder / FILES / sha256[:2] / sha256[2:]


def list_damaged(folder: Path, manifest: Manifest) -> Iterator[tuple[str, bool]]:
    """Every file of the backup by its name in it, and whether it is damaged or missing."""
    for service in manifest.services.values():
        for table in service.tables:
            yield table.file, _sum_of(folder / table.file) != table.sha256
    for sha256 in manifest.files:
        yield f"{FILES}/{sha256}", _sum_of(place_of(folder, sha256)) != sha256


def _sum_of(path: Path) -> str | None:
    total = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_CHUNK_BYTES):
                total.update(piece)
    except OSError:
        return None
    return total.hexdigest()


def fingerprint_keys(installation: Installation) -> dict[str, str]:
    """By name, of every key that must be there again after a restore. Slow to compute, so that no key is guessed from it."""
    found = {}
    for service, names in _KEYS.items():
        for name in names:
            if value := installation.environments[service].get(name):
                found[f"{service} {name}"] = _fingerprint(name, value)
    for part in installation.environments["request"].get("MINGQUAN_SEALING_KEYS", "").split():
        found[f"request MINGQUAN_SEALING_KEYS {part.partition(':')[0]}"] = _fingerprint("sealing", part)
    return found


def _fingerprint(name: str, value: str) -> str:
    return hashlib.scrypt(value.encode(), salt=f"mingquan backup {name}".encode(), n=1 << 14, r=8, p=1, dklen=8).hex()
