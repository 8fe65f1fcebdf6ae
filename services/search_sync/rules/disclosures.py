"""What search needs of disclosure: items of catalogs (公开事项), publications (公开记录), entries of lists (清单事项).

Tolerant like `entries`: only what is indexed is read.
"""

from abc import ABC, abstractmethod
from datetime import date, datetime
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from services.search_sync.rules.entries import EntryOrganization

_ZONE = ZoneInfo("Asia/Shanghai")
_LEVELS = {"village": "town"}
"""Villages are an extension of catalogs; organisations have no such level."""


class Disclosure(BaseModel, ABC):
    """Any of the three."""

    model_config = ConfigDict(extra="ignore")

    organization: EntryOrganization
    level: str | None = None

    @property
    def shown_level(self) -> str | None:
        return _LEVELS.get(self.level or "", self.level)

    @property
    @abstractmethod
    def heading(self) -> str:
        """What it is called."""

    @property
    @abstractmethod
    def texts(self) -> list[str]:
        """All that it says."""

    @property
    def day(self) -> date | None:
        """When it became public, where that is a day of its own."""
        return None


class Item(Disclosure):
    """公开事项: a row of a catalog in force."""

    first_level: str
    second_level: str | None = None
    content: str = ""
    publisher: str = ""
    time_limit: str = ""
    basis: list[str] = Field(default_factory=list)

    @property
    def heading(self) -> str:
        return f"{self.first_level}／{self.second_level}" if self.second_level else self.first_level

    @property
    def texts(self) -> list[str]:
        return [self.content, self.publisher, self.time_limit, *self.basis]


class Publication(Disclosure):
    """公开记录: title and summary; what it publishes stands elsewhere."""

    title: str
    summary: str = ""
    index_no: str | None = None
    published_at: datetime

    @property
    def heading(self) -> str:
        return self.title

    @property
    def texts(self) -> list[str]:
        return [self.summary]

    @property
    def day(self) -> date | None:
        return self.published_at.astimezone(_ZONE).date()


class ListEntry(Disclosure):
    """清单事项, as it stands today."""

    title: str
    code: str | None = None
    basis: list[str] = Field(default_factory=list)
    fields: dict[str, str] = Field(default_factory=dict)
    effective_on: date

    @property
    def heading(self) -> str:
        return self.title

    @property
    def texts(self) -> list[str]:
        return [self.code or "", *(f"{name}：{text}" for name, text in self.fields.items()), *self.basis]

    @property
    def day(self) -> date | None:
        return self.effective_on
