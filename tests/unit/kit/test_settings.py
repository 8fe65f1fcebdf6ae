"""Settings come from the environment, and secrets from files of the folder that it names."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from services.exchange_api.settings import Settings

ADDRESS = "postgresql://mingquan_exchange:of-the-file@postgres/mingquan"
KEY = "k" * 32


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of secrets that is named, with all that exchange_api must have but its address."""
    monkeypatch.setenv("MINGQUAN_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("MINGQUAN_EXCHANGE_URL", "http://exchange.test")
    for name in ("cursor_key", "key_encryption_key"):
        (tmp_path / f"mingquan_{name}").write_text(f"{KEY}\n", encoding="utf-8")
    return tmp_path


def test_a_secret_is_read_from_the_file_of_its_name_without_the_line_end(folder: Path) -> None:
    (folder / "mingquan_database_url").write_text(f"{ADDRESS}\n", encoding="utf-8")
    settings = Settings()
    assert settings.database_url.get_secret_value() == ADDRESS
    assert settings.cursor_key.get_secret_value() == KEY
    assert ADDRESS not in repr(settings)


def test_the_environment_comes_before_a_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "mingquan_database_url").write_text(ADDRESS, encoding="utf-8")
    monkeypatch.setenv("MINGQUAN_DATABASE_URL", "postgresql://of-the-environment")
    assert Settings().database_url.get_secret_value() == "postgresql://of-the-environment"


def test_a_secret_in_neither_place_is_missing(folder: Path) -> None:
    with pytest.raises(ValidationError, match="database_url"):
        Settings()
    (folder / "mingquan_database_url").write_text(ADDRESS, encoding="utf-8")
    assert Settings().database_url.get_secret_value() == ADDRESS


def test_a_folder_that_is_missing_stops_the_service(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINGQUAN_SECRETS_DIR", str(folder / "elsewhere"))
    with pytest.raises(FileNotFoundError, match="MINGQUAN_SECRETS_DIR"):
        Settings()


def test_a_file_of_the_working_folder_is_not_asked(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path_factory.mktemp("here")
    (here / ".env").write_text(f"MINGQUAN_DATABASE_URL={ADDRESS}\n", encoding="utf-8")
    monkeypatch.chdir(here)
    with pytest.raises(ValidationError, match="database_url"):
        Settings()
