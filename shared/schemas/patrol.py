"""巡查: what should not be public, found in what is; the words that are looked for; how long things stay up (domain.md §11)."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from shared.schemas.organizations import CreditCode
from shared.schemas.policies import Strict


class FindingKind(StrEnum):
    """What was found."""

    IDENTITY_NUMBER = "identity_number"  # 居民身份证号码, checked
    BANK_CARD = "bank_card"  # 银行卡号, Luhn
    MOBILE_PHONE = "mobile_phone"  # 手机号码
    ADDRESS = "address"  # 住址 down to the door
    CREDIT_CODE = "credit_code"  # 统一社会信用代码, checked
    WORD = "word"  # of a word list
    DEAD_LINK = "dead_link"
    EXPIRED = "expired"  # 公示期已过
    RETENTION = "retention"  # 超过保留期限


class Severity(StrEnum):
    """How much it matters."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class RetentionAction(StrEnum):
    """What is to happen to what has been up long enough."""

    UNPUBLISH = "unpublish"
    ARCHIVE = "archive"
    MASK = "mask"


class Decision(StrEnum):
    """What somebody decided about a finding."""

    FIXED = "fixed"  # 已改正
    WITHDRAWN = "withdrawn"  # 已撤下; withdraws the publication
    ACCEPTED = "accepted"  # 依法可以公开
    MISTAKEN = "mistaken"  # 误报


ListName = Annotated[
    str, Field(title="名称", min_length=1, max_length=64, pattern=r"^[0-9a-z][0-9a-z-]*$", examples=["secrecy"])
]


class WordListInput(Strict):
    """Words that should not be in what is published."""

    title: str = Field(title="词表名称", min_length=1, max_length=100, examples=["密级字样"])
    severity: Severity = Field(title="严重程度")
    words: list[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]] = Field(
        title="词", min_length=1, max_length=20_000
    )


class WordList(BaseModel):
    """A word list as it is in use."""

    name: ListName
    title: str = Field(title="词表名称")
    severity: Severity = Field(title="严重程度")
    words: list[str] = Field(title="词")
    version: int = Field(title="版本", ge=1)


class RetentionRuleInput(Strict):
    """How long publications stay up (保留规则). `[D]` The defaults are the city's."""

    title: str = Field(title="规则名称", min_length=1, max_length=100)
    item: UUID | None = Field(default=None, title="公开事项编号", description="Only publications of this item.")
    domain: str | None = Field(default=None, title="领域", description="Only of this domain.", max_length=64)
    days: int = Field(title="保留天数", description="From the day it was published.", ge=1, le=36_500)
    action: RetentionAction = Field(title="到期处理")
    basis: str = Field(title="依据", min_length=2, max_length=500)


class RetentionRule(RetentionRuleInput):
    """A rule in use."""

    name: ListName
    version: int = Field(title="版本", ge=1)


class ScanInput(Strict):
    """A text to look at before it is published."""

    text: str = Field(title="正文", max_length=200_000)


class Hit(BaseModel):
    """Something found in a text; the words around it, what is personal masked."""

    kind: FindingKind = Field(title="种类")
    rule: str = Field(title="规则", description="The word list's name, or the kind.")
    severity: Severity = Field(title="严重程度")
    at: int = Field(title="位置", description="Characters before it.", ge=0)
    length: int = Field(title="长度", ge=0)
    excerpt: str = Field(title="摘录", description="Masked: never the number itself.")


class Finding(BaseModel):
    """An entry of the queue."""

    id: UUID = Field(title="编号")
    organization: CreditCode = Field(title="责任机关代码")
    publication: UUID = Field(title="公开记录编号")
    title: str = Field(title="信息名称")
    kind: FindingKind = Field(title="种类")
    rule: str = Field(title="规则")
    severity: Severity = Field(title="严重程度")
    excerpt: str = Field(title="摘录", description="Masked: never the number itself.")
    action: RetentionAction | None = Field(title="应作处理", description="Of `retention`.")
    found_at: AwareDatetime = Field(title="发现时间")
    decision: Decision | None = Field(title="处理决定")
    note: str | None = Field(title="处理说明")
    decided_by: str | None = Field(title="处理客户端")
    decided_at: AwareDatetime | None = Field(title="处理时间")
    gone_on: date | None = Field(title="不再存在之日", description="It was no longer there when looked at again.")


class FindingDecision(Strict):
    """What is decided, and why."""

    decision: Decision = Field(title="处理决定")
    note: str = Field(title="处理说明", min_length=2, max_length=1000)


FindingState = Literal["open", "decided", "gone"]
