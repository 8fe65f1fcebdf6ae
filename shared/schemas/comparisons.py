"""What changed from one text to another, by article and by character.

Lossless: the `equal` and `delete` spans of all units, in order, are the old text; `equal` and `insert` are the new one.
"""

from enum import StrEnum

from pydantic import BaseModel, Field


class UnitChange(StrEnum):
    """What became of an article or paragraph."""

    EQUAL = "equal"  # 未变
    CHANGED = "changed"  # 修改
    ADDED = "added"  # 新增
    REMOVED = "removed"  # 删除
    RENUMBERED = "renumbered"  # 仅条序变动


class SpanKind(StrEnum):
    """What became of a run of characters."""

    EQUAL = "equal"
    DELETE = "delete"
    INSERT = "insert"


class UnitBasis(StrEnum):
    """What the units are."""

    ARTICLES = "articles"  # 条
    PARAGRAPHS = "paragraphs"  # 段


class Span(BaseModel):
    """A run of characters with one fate."""

    kind: SpanKind = Field(title="变动")
    text: str = Field(title="文本")


class ComparedUnit(BaseModel):
    """One article (or heading, or paragraph) of either text, or of both where they belong together."""

    change: UnitChange = Field(title="变动")
    old_label: str | None = Field(default=None, title="原条序", examples=["第十二条"])
    new_label: str | None = Field(default=None, title="现条序", examples=["第十三条"])
    old_address: str | None = Field(default=None, title="原位置", examples=["art-12"])
    new_address: str | None = Field(default=None, title="现位置", examples=["art-13"])
    spans: list[Span] = Field(title="逐字变动")


class Comparison(BaseModel):
    """Two texts side by side, unit by unit in the order of the texts."""

    basis: UnitBasis = Field(title="比较单位")
    equal: int = Field(title="未变", ge=0)
    changed: int = Field(title="修改", ge=0)
    added: int = Field(title="新增", ge=0)
    removed: int = Field(title="删除", ge=0)
    renumbered: int = Field(title="仅条序变动", ge=0)
    units: list[ComparedUnit] = Field(title="逐条比较")
