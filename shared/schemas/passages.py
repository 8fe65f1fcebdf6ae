"""Passages of a document (条、款、项) as they cross a service's border."""

from uuid import UUID

from pydantic import BaseModel, Field


class PassageRef(BaseModel):
    """Where something stands in a text. Positions count characters of the plain text."""

    address: str = Field(title="位置", examples=["art-12-p2"])
    kind: str = Field(title="层次", examples=["paragraph"])
    label: str = Field(title="标签", examples=["第2款"])
    parent: str | None = Field(title="上级")
    start: int = Field(title="起点", ge=0)
    end: int = Field(title="终点", ge=0, description="Exclusive.")


class Passages(BaseModel):
    """The whole tree of one text, in its order."""

    policy_id: UUID = Field(title="政策编号")
    version_number: int = Field(title="文本序号", description="Which text it is.")
    items: list[PassageRef] = Field(title="条款")


class PassageText(PassageRef):
    """One passage, word for word."""

    policy_id: UUID = Field(title="政策编号")
    title: str = Field(title="文件标题")
    doc_no: str | None = Field(title="发文字号")
    version_number: int = Field(title="文本序号")
    validity: str = Field(title="有效性", description="Of the document, on the day asked for.")
    repealed: bool = Field(title="已废止", description="This passage was repealed by another act.")
    path: list[str] = Field(title="所在层次", examples=[["第二章", "第十二条", "第2款"]])
    text: str = Field(title="文本")
