"""Settings of search_sync."""

from typing import ClassVar

from shared.kit.settings import KitSettings


class Settings(KitSettings):
    """Adds where the logs are and where Meilisearch is."""

    schema_name: ClassVar[str] = "search"
    source: ClassVar[str] = "/api/search"
