"""What reading an uploaded document gives: a draft to be checked by a person, its outline, and what is uncertain."""

from datetime import date

from pydantic import BaseModel, Field

from shared.schemas.policies import (
    Attachment,
    BodyFormat,
    Contact,
    DocClass,
    DocKind,
    OutlineNode,
    PublicityAttribute,
    RelationInput,
)


class PolicyDraft(BaseModel):
    """The fields of a PolicyInput that the text says; null is what it does not say.

    Once checked and completed it can be pushed as it is, nulls left out.
    """

    title: str | None = Field(title="标题")
    doc_class: DocClass = Field(title="文件类别")
    kind: DocKind = Field(title="文种")
    doc_no: str | None = Field(title="发文字号", description="Normalised to 〔〕 where it is a number.")
    index_no: str | None = Field(title="索引号")
    issuers: list[str] = Field(title="发文机关")
    signed_on: date | None = Field(title="成文日期")
    issued_on: date | None = Field(title="印发日期")
    effective_on: date | None = Field(title="施行日期")
    expires_on: date | None = Field(title="有效期至")
    publicity: PublicityAttribute | None = Field(title="公开属性")
    body: str = Field(title="正文")
    body_format: BodyFormat = "text"
    addressee: str | None = Field(title="主送机关")
    copies_to: str | None = Field(title="抄送")
    contact: Contact | None = Field(title="联系方式")
    attachments: list[Attachment] = Field(title="附件", description="Named by the text; their files are not here.")
    relations: list[RelationInput] = Field(title="与其他文件的关系")


class UncertainField(BaseModel):
    """Something that a person should look at."""

    pointer: str = Field(title="JSON 指针", description="Into the draft.", examples=["/signed_on"])
    reason: str = Field(title="原因", description="Why, for a clerk.")
    seen: str | None = Field(default=None, title="所见", description="What the file says there, shortened.")


class ParsedDocument(BaseModel):
    """A file as the library reads it. Nothing of it is stored."""

    media_type: str = Field(title="类型", description="By the file's content, not by its name.")
    pages: int | None = Field(title="页数", description="Of a PDF.")
    characters: int = Field(title="正文字数", ge=0)
    draft: PolicyDraft = Field(title="草稿")
    outline: list[OutlineNode] = Field(title="篇章结构")
    uncertain: list[UncertainField] = Field(title="待核对")
