"""Files of a request (附件、答复文件): what was handed in, and what is to leave."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from shared.schemas.policies import Strict
from shared.schemas.request_codes import ExemptionCode
from shared.schemas.requests import Words


class FileRole(StrEnum):
    """What a file is for."""

    APPLICATION = "application"  # 申请人提交
    ANSWER = "answer"  # 随答复提供


class FileFinding(BaseModel):
    """What the check found in a file. A number itself is never repeated."""

    kind: str = Field(title="类型", examples=["identity_number", "hidden_sheet", "tracked_changes"])
    place: str = Field(title="位置")
    excerpt: str = Field(title="说明（脱敏）")
    blocking: bool = Field(title="是否不得外发")


class RequestFile(BaseModel):
    """A file as the office lists it."""

    id: UUID = Field(title="编号")
    role: FileRole = Field(title="用途")
    name: str = Field(title="文件名")
    media_type: str = Field(title="媒体类型")
    size: int = Field(title="字节数")
    findings: list[FileFinding] = Field(title="检查结果", description="Of an answer's file, before it may leave.")
    cleared: bool = Field(title="是否可以外发")
    issued_on: date = Field(title="日期")
    recorded_at: AwareDatetime = Field(title="记录时间")


class WithheldTerm(Strict):
    """Words that are taken out wherever they stand, and why."""

    term: Words = Field(title="遮盖的文字", min_length=1, max_length=200)
    exemption: ExemptionCode = Field(title="情形")


class RedactionInput(Strict):
    """遮盖: makes another file without these words and without anything hidden."""

    terms: Annotated[list[WithheldTerm], Field(max_length=200)] = Field(
        default_factory=list, title="遮盖的文字", description="None: only what is hidden is taken out."
    )


class RedactedPlace(BaseModel):
    """Where a mark stands now, and how often."""

    place: str = Field(title="位置")
    mark: str = Field(title="标记")
    count: int = Field(title="处数")


class Redaction(BaseModel):
    """The new file and the redaction list (遮盖清单)."""

    file: RequestFile = Field(title="遮盖后的文件")
    withheld: list[RedactedPlace] = Field(title="遮盖清单")


class Clearance(Strict):
    """核准外发: why a finding does no harm. Numbers of persons cannot be cleared."""

    reason: Words = Field(title="理由", min_length=4, max_length=500)
