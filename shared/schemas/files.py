"""Uploaded files: attachments by their content, each with its own review (三同步 TS-14, 保密法实施条例第四十二条)."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field

from shared.schemas.organizations import CreditCode
from shared.schemas.policies import Attachment, Sha256, Strict


class FileReviewInput(Strict):
    """Somebody's review of one file, by somebody other than who uploaded it."""

    secrecy: Literal["pass", "fail"] = Field(title="保密审查")
    personal_information: Literal["pass", "fail"] = Field(title="个人信息审查")
    note: str | None = Field(default=None, title="审查意见", max_length=500)


class FileReview(FileReviewInput):
    """A review as it is kept."""

    reviewed_by: str = Field(title="审查人", description="Client and person.")
    reviewed_at: AwareDatetime = Field(title="审查时间")


class StoredFile(BaseModel):
    """A file as it is kept."""

    sha256: Sha256 = Field(title="文件哈希")
    organization: CreditCode = Field(title="机关代码")
    name: str = Field(title="上传时的文件名")
    media_type: str = Field(title="类型", description="By content.")
    size: int = Field(title="字节数")
    uploaded_at: AwareDatetime = Field(title="上传时间")
    review: FileReview | None = Field(title="审查")
    used: bool = Field(title="是否被引用", description="Whether any accepted content names it, public or not.")


class FileReceipt(BaseModel):
    """What an upload gave. `attachment` is ready to be put into a document."""

    file: StoredFile = Field(title="文件")
    attachment: Attachment = Field(title="附件", description="Images still need `alt_text` (替代文本).")
    remarks: list[str] = Field(title="提示", description="Such as a name whose ending says otherwise than the content.")
