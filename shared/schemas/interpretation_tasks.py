"""Tasks to interpret again (二次解读、跟踪解读) as their offices read them."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from shared.schemas.policies import OrganizationRef, Strict, Validity


class TaskReason(StrEnum):
    """Why a policy is to be interpreted again (TS-27, TS-28)."""

    ENQUIRIES = "enquiries"  # 咨询集中
    EVALUATION = "evaluation"  # 评估发现问题
    EFFECT = "effect"  # 重大政策实施满六个月
    AMENDED = "amended"  # 政策修改


class TaskState(StrEnum):
    """Open until an interpretation closes the task or somebody says why none is needed."""

    OPEN = "open"  # 待办
    DONE = "done"  # 已解读
    DISMISSED = "dismissed"  # 免办


class TaskPolicy(Strict):
    """The policy that is to be interpreted again."""

    id: UUID = Field(title="政策编号")
    title: str = Field(title="标题")
    doc_no: str | None = Field(title="发文字号")
    validity: Validity | None = Field(title="有效性", description="Null once it was withdrawn.")


class InterpretationTask(Strict):
    """跟踪解读任务."""

    id: UUID = Field(title="编号")
    organization: OrganizationRef = Field(title="机关", description="The policy's: who drafts interprets.")
    policy: TaskPolicy = Field(title="政策文件")
    reason: TaskReason = Field(title="事由")
    cause: str = Field(
        title="起因",
        description="How often the threshold was passed, the evaluation, the day of effect, or the amendment: "
        "one task for each.",
    )
    caused_on: date = Field(title="起因日期")
    opened_on: date = Field(title="建立日期")
    due_on: date = Field(title="应办日期")
    overdue: bool = Field(title="是否逾期", description="Open, and the due day is past.")
    state: TaskState = Field(title="状态")
    closed_on: date | None = Field(title="办结日期")
    closed_by: UUID | None = Field(title="解读编号", description="The interpretation that closed it.")
    dismissal: str | None = Field(title="免办理由")


class Dismissal(Strict):
    """Why a task needs no interpretation."""

    reason: str = Field(title="免办理由", min_length=2, max_length=500)
