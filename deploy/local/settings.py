"""Settings of the local launcher itself. What the services need, it hands them (suite.py)."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from deploy.local.processes import StartFailed

REPOSITORY = Path(__file__).resolve().parent.parent.parent


class LocalSettings(BaseSettings):
    """Read from `MINGQUAN_…`."""

    model_config = SettingsConfigDict(env_prefix="MINGQUAN_", frozen=True, extra="ignore")

    # Not below `state`: every suite on a machine shares the downloaded programs.
    default_cache: ClassVar[Path] = REPOSITORY / ".mingquan" / "cache"

    port: int = Field(default=8000, ge=1, le=65535, description="Port of the gateway, on 127.0.0.1.")
    state: Path = Field(default=REPOSITORY / ".mingquan", description="Folder of everything that a run keeps.")
    cache: Path = Field(default=default_cache, description="Folder of downloaded programs.")
    database_url: SecretStr | None = Field(
        default=None,
        description="A PostgreSQL of one's own: an account that may create roles. Unset: an embedded one is started.",
    )
    meili_url: str | None = Field(default=None, description="A Meilisearch of one's own. Unset: one is started.")
    meili_key: SecretStr | None = Field(default=None, description="Key of that Meilisearch.")


def read_settings() -> LocalSettings:
    """The settings of the environment; StartFailed names the variable that cannot be used."""
    try:
        return LocalSettings()
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        name = f"MINGQUAN_{str(wrong['loc'][0]).upper()}"
        raise StartFailed(f"环境变量 {name} 的值不能使用：{wrong['msg']}") from error
