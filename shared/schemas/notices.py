"""Notices and replies (文书) of disclosure on request, their fields and templates."""

import re
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from shared.schemas.organizations import CreditCode
from shared.schemas.request_codes import DecisionCode


class NoticeKind(StrEnum):
    """文书种类 (domain.md §9.3)."""

    REGISTRATION = "registration"
    RECEIPT = "receipt"
    CORRECTION = "correction"
    REASONS = "reasons"
    EXTENSION = "extension"
    DELAY = "delay"
    THIRD_PARTY_LETTER = "third_party_letter"
    THIRD_PARTY_REPLY = "third_party_reply"
    CONSULTATION = "consultation"
    THIRD_PARTY_DECISION = "third_party_decision"
    CO_PRODUCER_LETTER = "co_producer_letter"
    ASSISTANCE = "assistance"
    FEE = "fee"
    REPLY_GRANTED = "reply_granted"
    REPLY_PARTIAL = "reply_partial"
    REPLY_DENIED = "reply_denied"
    REPLY_UNABLE = "reply_unable"
    REPLY_REFUSED = "reply_refused"
    CLOSING = "closing"


class NoticeField(BaseModel):
    """One field that a document of a kind may hold."""

    name: str = Field(title="占位符", description="Stands in a template as {{name}}.")
    title: str = Field(title="名称")
    mandatory: bool = Field(title="是否必备", description="A template has to hold it, and a document its value.")


class NoticeTemplate(BaseModel):
    """The template that is in force for an organisation and a kind."""

    kind: NoticeKind = Field(title="文书种类")
    title: str = Field(title="文书名称")
    organization: CreditCode | None = Field(
        title="模板所属机关", description="The organisation itself, or the nearest above it; empty: the built-in one."
    )
    version: int = Field(title="版本", description="Zero: the built-in one.", ge=0)
    sha256: str = Field(title="文件摘要")
    uploaded_at: AwareDatetime | None = Field(title="上传时间")
    fields: list[NoticeField] = Field(title="字段")


DEFAULT_NUMBER = "{prefix}{mark}〔{year}〕{n}号"


def check_number_format(text: str) -> str:
    """The form itself; ValueError for one by which two documents could get the same number."""
    places = re.findall(r"\{([^{}]*)\}", text)
    unknown = [place for place in places if place not in ("prefix", "mark", "year", "n")]
    if unknown:
        raise ValueError(f"文号格式中有不认识的占位符{{{unknown[0]}}}")
    if any(places.count(place) != 1 for place in ("mark", "year", "n")):
        raise ValueError("文号格式应各有一个{mark}、{year}、{n}")
    return text


NumberFormat = Annotated[str, AfterValidator(check_number_format), Field(max_length=100)]
"""文号格式: the organ's prefix, the mark of the kind, the year and the running number."""
FieldName = Annotated[str, Field(pattern="^[a-z_]{1,40}$")]
FieldText = Annotated[str, Field(max_length=20_000)]


class NoticePreview(BaseModel):
    """What a document would look like; nothing of it is kept."""

    model_config = ConfigDict(extra="forbid")

    organization: CreditCode = Field(title="机关代码", description="Whose template is used.")
    kind: NoticeKind = Field(title="文书种类")
    decision: DecisionCode | None = Field(
        default=None, title="决定类型", description="Of a reply: some decisions need more fields."
    )
    fields: dict[FieldName, FieldText] = Field(
        title="字段内容", description="Text by field name; line breaks are kept.", max_length=40
    )
    dated: date | None = Field(default=None, title="日期", description="Of the file itself; today unless given.")
