"""Which installation a command works on, and what it says of a backup that is none."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from deploy.container.secrets import make_secrets
from deploy.local.provision import SCHEMAS
from deploy.operations.doctor.looking import addresses_of
from deploy.operations.installation import Installation, OperationFailed, deployed, faults_of, installation
from deploy.operations.manifest import NAME, Manifest, fingerprint_keys, list_damaged, place_of, read_manifest
from services.exchange_api.service.own_clients import OWN_CLIENTS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_secrets(tmp_path / "secrets")
    return tmp_path / "secrets"


@pytest.fixture
def installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    monkeypatch.setenv("MINGQUAN_SECRETS_DIR", str(folder))
    monkeypatch.setenv("MINGQUAN_EXCHANGE_URL", "http://exchange-api:8000")
    monkeypatch.setenv("MINGQUAN_SOURCES", '{"policy": "http://policy-api:8000/"}')
    with installation() as found:
        return found


def test_each_service_has_its_own_secrets_and_what_all_have_in_common(installed: Installation, folder: Path) -> None:
    for name in SCHEMAS:
        key = (folder / name / "mingquan_cursor_key").read_text().strip()
        assert installed.environments[name]["MINGQUAN_CURSOR_KEY"] == key
        assert installed.environments[name]["MINGQUAN_EXCHANGE_URL"] == "http://exchange-api:8000"
        assert "MINGQUAN_SECRETS_DIR" not in installed.environments[name]
    own = {one.file: str(one.id) for one in OWN_CLIENTS}
    assert installed.environments["search"]["MINGQUAN_CLIENT_ID"] == own["search"]
    assert installed.settings("exchange").exchange_url == "http://exchange-api:8000"
    assert addresses_of(installed)["policy"] == "http://policy-api:8000"


def test_a_file_of_the_service_says_more_than_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINGQUAN_CLIENT_ID", "of-nobody")
    (folder / "search" / "mingquan_client_id").write_text("of-search\n")
    assert deployed(folder).environments["search"]["MINGQUAN_CLIENT_ID"] == "of-search"


def test_a_folder_of_one_service_is_refused(folder: Path) -> None:
    with pytest.raises(OperationFailed, match="exchange"):
        deployed(folder / "policy")


def test_what_is_wrong_with_settings_is_said_without_a_value(folder: Path) -> None:
    (folder / "policy" / "mingquan_opinion_key").unlink()
    (folder / "policy" / "mingquan_opinion_key").write_text("secret-but-short")
    with pytest.raises(ValidationError) as caught:
        deployed(folder).read_settings("policy")
    faults = faults_of(caught.value)
    assert any("MINGQUAN_OPINION_KEY" in fault for fault in faults)
    assert "secret-but-short" not in " ".join(faults)


def test_keys_that_may_never_change_are_told_apart_without_being_kept(folder: Path) -> None:
    before = fingerprint_keys(deployed(folder))
    assert len(before) == 5
    ring = folder / "request" / "mingquan_sealing_keys"
    kept = ring.read_text()
    assert kept.rpartition(":")[2].strip() not in str(before)
    ring.unlink()
    # A new key before the old one is no other key: what the old one sealed still opens.
    ring.write_text(f"second:aes-256-gcm:{'x' * 40} {kept}")
    after = fingerprint_keys(deployed(folder))
    assert before.items() <= after.items()
    (folder / "policy" / "mingquan_opinion_key").unlink()
    (folder / "policy" / "mingquan_opinion_key").write_text("y" * 40)
    changed = fingerprint_keys(deployed(folder))
    assert [name for name in before if changed[name] != before[name]] == ["policy MINGQUAN_OPINION_KEY"]


def test_a_folder_that_is_no_backup_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OperationFailed, match="不是完整的备份"):
        read_manifest(tmp_path)
    (tmp_path / NAME).write_text("{}")
    with pytest.raises(OperationFailed, match="已损坏"):
        read_manifest(tmp_path)
    moment = datetime(2026, 3, 3, tzinfo=UTC)
    later = Manifest(format=2, began_at=moment, ended_at=moment, postgres="18.0", services={}, files={}, keys={})
    (tmp_path / NAME).write_text(later.model_dump_json())
    with pytest.raises(OperationFailed, match="格式是 2"):
        read_manifest(tmp_path)


def test_a_changed_or_missing_file_is_found(tmp_path: Path) -> None:
    moment = datetime(2026, 3, 3, tzinfo=UTC)
    whole = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    manifest = Manifest(
        began_at=moment, ended_at=moment, postgres="18.0", services={}, files={whole: 5, "0" * 64: 1}, keys={}
    )
    place_of(tmp_path, whole).parent.mkdir(parents=True)
    place_of(tmp_path, whole).write_bytes(b"hello")
    assert [damaged for _, damaged in list_damaged(tmp_path, manifest)] == [False, True]
    place_of(tmp_path, whole).write_bytes(b"hellO")
    assert [damaged for _, damaged in list_damaged(tmp_path, manifest)] == [True, True]
