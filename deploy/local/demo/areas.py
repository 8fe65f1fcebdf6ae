"""The hand-written material of each subject area (areas/*.toml), read into types. Assembles nothing."""

import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.schemas.policies import DocClass, DocKind

_HERE = Path(__file__).parent


class _Material(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MainPaper(_Material):
    """The city's paper on the subject, and the older one that it follows."""

    title: str
    issuer: str
    kind: DocKind
    on: date
    effective: date | None = None
    years: int | None = None
    normative: bool = False
    old_title: str
    old_on: date
    text: str


class RegulationText(_Material):
    """One text of a 规章: the order that published or changed it."""

    on: date
    effective: date
    order: int


class Measure(_Material):
    """办法、细则: of a department with registration number and last day, or of the government as 规章."""

    title: str
    issuer: str
    co: list[str] = []
    on: date | None = None
    effective: date | None = None
    years: int = 5
    old_title: str | None = None
    old_on: date | None = None
    old_years: int = 2
    market: bool = False
    trial: bool = False
    style: Literal["measure", "plan"] = "measure"
    text: str
    version: list[RegulationText] = []

    @property
    def is_regulation(self) -> bool:
        return bool(self.version)


class Notice(_Material):
    """A single notice of a department."""

    title: str
    on: date
    issuer: str | None = None
    co: list[str] = []
    kind: DocKind = DocKind.NOTICE
    text: str
    attachments: list[str] = []


class Local(_Material):
    """What districts add: points with places to fill in."""

    text: str


class Reading(_Material):
    """What interpretations are made of."""

    background: str
    goals: str
    terms: list[str]
    benefits: str
    qa: list[str]
    difference: str


class Area(_Material):
    """One subject area."""

    key: str
    name: str
    theme: str
    lead: str
    together: list[str] = Field(alias="with")
    flags: list[Literal["livelihood", "major", "market"]]
    basis: list[str]
    policy: MainPaper
    measure: Measure
    notice: list[Notice]
    local: Local
    reading: Reading


class GeneralPaper(_Material):
    """A paper of its own (general.toml)."""

    key: str
    issuer: str
    title: str
    on: date
    theme: str
    kind: DocKind = DocKind.NOTICE
    doc_class: DocClass = Field(default=DocClass.OTHER, alias="class")
    style: Literal["points", "articles"] = "points"
    prefix: str | None = None
    years: int | None = None
    market: bool = False
    addressee: str | None = None
    attachments: list[str] = []
    implements: list[str] = []
    repeals: list[str] = []
    continues: list[str] = []
    continue_years: int = 0
    supplements: list[str] = []
    corrects: list[str] = []
    forwards_title: str | None = None
    text: str


@cache
def areas() -> tuple[Area, ...]:
    """Every area, by key."""
    files = sorted((_HERE / "areas").glob("*.toml"))
    return tuple(Area.model_validate({"key": file.stem, **_read(file)}) for file in files)


@cache
def general_papers() -> tuple[GeneralPaper, ...]:
    """The papers that belong to no area."""
    raw = _read(_HERE / "general.toml")["paper"]
    assert isinstance(raw, list)
    return tuple(GeneralPaper.model_validate(paper) for paper in raw)


def _read(file: Path) -> dict[str, object]:
    with file.open("rb") as stream:
        return tomllib.load(stream)
