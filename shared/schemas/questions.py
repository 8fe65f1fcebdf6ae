"""Questions and answers (问答) as they cross a service's border."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from shared.schemas.entries import Entry, EntryInput
from shared.schemas.policies import Strict

Topic = Annotated[str, Field(title="主题", min_length=1, max_length=60, examples=["养老服务"])]


class QuestionSource(StrEnum):
    """来源: where the public asked."""

    HOTLINE = "hotline"  # 12345政务服务便民热线
    COUNTER = "counter"  # 办事窗口
    WEB = "web"  # 网站咨询
    MEETING = "meeting"  # 座谈、宣讲
    OTHER = "other"  # 其他


class FlagReason(StrEnum):
    """Why an answer may no longer hold."""

    REPEALED = "repealed"  # 政策已废止
    LAPSED = "lapsed"  # 政策已失效
    WITHDRAWN = "withdrawn"  # 所依据的内容已撤回
    ARTICLE_REPEALED = "article_repealed"  # 所涉条款已废止
    ENDED = "ended"  # 所依据的事项已不再有效


class Flag(Strict):
    """加注: one thing that the answer rests on and that no longer holds."""

    kind: str = Field(title="类别", examples=["policy"])
    id: UUID = Field(title="编号")
    reason: FlagReason = Field(title="原因")
    articles: list[str] = Field(title="已废止的条款")


class QuestionInput(EntryInput):
    """A question and its answer as the hotline's system pushes them. No personal data: the asker does not appear."""

    question: str = Field(title="问题", min_length=2, max_length=2000)
    answer: str = Field(title="答复", min_length=2, max_length=20_000)
    topic: Topic | None = Field(default=None, title="主题")
    source: QuestionSource = Field(default=QuestionSource.HOTLINE, title="来源")
    asked_on: date | None = Field(default=None, title="提问日期")
    answered_on: date | None = Field(default=None, title="答复日期")
    valid_from: date | None = Field(default=None, title="答复有效期自", description="Default: at once.")
    valid_to: date | None = Field(default=None, title="答复有效期至", description="Inclusive last day.")
    clauses: list[UUID] = Field(
        default_factory=list, title="相关政策条款", description="Ids of public clauses.", max_length=20
    )


class Question(Entry):
    """A question as the public reads it.

    `status`: `current`; `not_yet` before `valid_from`; `flagged` when something it rests on no longer holds (`flags` say
    what and why); `expired` after `valid_to`.
    """

    question: str = Field(title="问题")
    answer: str = Field(title="答复")
    topic: str | None = Field(title="主题")
    source: QuestionSource = Field(title="来源")
    asked_on: date | None = Field(title="提问日期")
    answered_on: date | None = Field(title="答复日期")
    valid_from: date | None = Field(title="答复有效期自")
    valid_to: date | None = Field(title="答复有效期至")
    clauses: list[UUID] = Field(title="相关政策条款", description="Those that are public now.")
    flags: list[Flag] = Field(title="加注")
