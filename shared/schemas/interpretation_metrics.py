"""Figures on interpretation (解读比例等) and the policies behind them."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from shared.schemas.organizations import Level
from shared.schemas.policies import DocClass, InterpretationForm, OrganizationRef, Strict


class Timing(StrEnum):
    """When a policy in scope was first interpreted. Each policy has exactly one of these."""

    SAME_DAY = "same_day"  # 同日
    IN_TIME = "in_time"  # 三个工作日内
    LATE = "late"  # 逾期
    PENDING = "pending"  # 未解读，未到期
    MISSING = "missing"  # 未解读，已逾期
    EXEMPT = "exempt"  # 免予解读


class MetricFigures(Strict):
    """Figures over some policies. Ratios are null where there is nothing to divide by."""

    policies: int = Field(title="公开政策数")
    in_scope: int = Field(
        title="应解读数",
        description="Regulations, normative documents, major, livelihood or market policies; not exempt.",
    )
    interpreted: int = Field(title="已解读数")
    interpretation_ratio: float | None = Field(title="解读比例", description="interpreted / in_scope")
    on_time_ratio: float | None = Field(
        title="按时解读比例", description="(same_day + in_time) / (in_scope without pending)"
    )
    timing: dict[Timing, int] = Field(title="解读时效", description="Each with its count; together in_scope + exempt.")
    forms_per_policy: float | None = Field(
        title="平均解读形式数", description="Different forms, of interpreted policies."
    )
    several_forms: int = Field(title="两种以上形式的政策数")
    links: int = Field(title="政策与解读的关联数")
    links_resolving: int = Field(title="双向可达的关联数")
    link_integrity_ratio: float | None = Field(title="双向关联比例", description="links_resolving / links")


class OrganizationMetrics(MetricFigures):
    """The figures of one organisation's own policies."""

    organization: OrganizationRef = Field(title="机关")


class InterpretationMetrics(Strict):
    """政策解读指标: of policies published in a period, as the library stands today."""

    published_from: date = Field(title="发布日期自")
    published_to: date = Field(title="发布日期至")
    organization: str | None = Field(title="机关", description="It and everything below it.")
    level: Level | None = Field(title="层级")
    computed_on: date = Field(title="计算日期")
    late_workdays: int = Field(title="按时的工作日数", description="A later interpretation is late (TS-17).")
    provisional: bool = Field(title="暂定", description="The calendar does not know a year that counts here.")
    total: MetricFigures = Field(title="合计")
    organizations: list[OrganizationMetrics] = Field(title="各机关", description="By code; the first 500.")


class MeasuredPolicy(Strict):
    """One policy behind the figures, with the facts that count."""

    id: UUID = Field(title="编号")
    title: str = Field(title="标题")
    doc_no: str | None = Field(title="发文字号")
    organization: OrganizationRef = Field(title="机关")
    level: Level = Field(title="层级")
    doc_class: DocClass = Field(title="文件类别")
    major: bool = Field(title="重大政策")
    livelihood: bool = Field(title="涉及民生")
    market_related: bool = Field(title="涉及市场主体")
    published_on: date = Field(title="公布日期")
    due_on: date = Field(title="最迟解读日期")
    interpreted_on: date | None = Field(title="首次解读日期")
    timing: Timing = Field(title="解读时效")
    forms: list[InterpretationForm] = Field(title="解读形式")
    links: int = Field(title="关联数")
    links_resolving: int = Field(title="双向可达的关联数")
