"""Writes the bill of materials of a lock as CycloneDX 1.6 JSON: `python -m tools.sbom [LOCK [TARGET]]`.

The same lock gives the same bytes, for the serial number is made of its content and no time is written. It lists what is
pinned for any platform; a wheel that brings compiled parts of its own is listed as one component.
"""

import json
import re
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "deploy" / "requirements.lock"
ITSELF = "mingquan"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_PARENT = re.compile(r"^\s+# (?:via )?\s*([A-Za-z0-9._-]+)(?: \(pyproject\.toml\))?$")


@dataclass
class Pin:
    """One package of the lock, with who asks for it."""

    name: str
    version: str
    hashes: list[str] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)

    @property
    def purl(self) -> str:
        return f"pkg:pypi/{self.name}@{self.version}"


def read_lock(text: str) -> list[Pin]:
    """The pins in the lock's order. ValueError for one without a hash."""
    pins: list[Pin] = []
    for line in text.splitlines():
        if found := _PIN.match(line):
            pins.append(Pin(found[1].lower().replace("_", "-"), found[2]))
        elif found := _HASH.search(line):
            pins[-1].hashes.append(found[1])
        elif (found := _PARENT.match(line)) and found[1] != "via":
            pins[-1].parents.append(found[1])
    if bare := [pin.name for pin in pins if not pin.hashes]:
        raise ValueError(f"without a hash: {', '.join(bare)}")
    return pins


def bill_of(text: str, *, version: str) -> dict[str, Any]:
    """The CycloneDX document."""
    pins = read_lock(text)
    itself = f"pkg:generic/{ITSELF}@{version}"
    references = {ITSELF: itself} | {pin.name: pin.purl for pin in pins}
    children: dict[str, list[str]] = {name: [] for name in references}
    for pin in pins:
        for parent in pin.parents:
            children[parent].append(pin.purl)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, f'{version}{text}')}",
        "version": 1,
        "metadata": {"component": _component(ITSELF, version, itself, kind="application")},
        "components": [_component(pin.name, pin.version, pin.purl, hashes=pin.hashes) for pin in pins],
        "dependencies": [
            {"ref": references[name], "dependsOn": sorted(set(below))} for name, below in sorted(children.items())
        ],
    }


def _component(name: str, version: str, purl: str, *, kind: str = "library", hashes: list[str] | None = None) -> Any:
    component: dict[str, Any] = {"type": kind, "bom-ref": purl, "name": name, "version": version, "purl": purl}
    if hashes:
        # One of a file for each platform; which was installed is known to the image, not to the lock.
        files = [{"type": "distribution", "url": purl, "hashes": [{"alg": "SHA-256", "content": h}]} for h in hashes]
        component["externalReferences"] = files
    return component


def project_version() -> str:
    found = re.search(r'^version = "([^"]+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    return found[1]


def main() -> None:
    lock = Path(sys.argv[1]) if len(sys.argv) > 1 else LOCK
    document = json.dumps(bill_of(lock.read_text(encoding="utf-8"), version=project_version()), indent=1) + "\n"
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text(document, encoding="utf-8")
    else:
        sys.stdout.write(document)


if __name__ == "__main__":
    main()
