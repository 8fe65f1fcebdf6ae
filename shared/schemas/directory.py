"""政府信息公开指南和移交清单 (条例第十二条、第二十五条)."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from shared.schemas.policies import OrganizationRef, Outcome, Strict


class GuideInput(Strict):
    """What 条例第十二条 asks of a guide: how information is arranged and had, and who is asked."""

    categories: str = Field(title="政府信息的分类", min_length=2, max_length=20_000)
    arrangement: str = Field(title="编排体系", min_length=2, max_length=20_000)
    access: str = Field(title="获取方式", min_length=2, max_length=20_000)
    office: str = Field(title="政府信息公开工作机构", min_length=2, max_length=200)
    address: str = Field(title="办公地址", min_length=2, max_length=300)
    hours: str = Field(title="办公时间", min_length=2, max_length=300)
    phone: str = Field(title="联系电话", min_length=5, max_length=100)
    fax: str = Field(title="传真号码", min_length=1, max_length=100, description="无传真的写“无”。")
    online: str = Field(title="互联网联系方式", min_length=2, max_length=500)
    reading_points: list[Annotated[str, Field(min_length=2, max_length=300)]] = Field(
        default_factory=list, title="查阅场所", max_length=50
    )


class Guide(GuideInput):
    """An organisation's guide as everybody may read it."""

    id: UUID = Field(title="编号")
    organization: OrganizationRef = Field(title="机关")
    updated_on: date = Field(title="更新日期")
    version: int = Field(title="版本", ge=1)


class GuideReceipt(BaseModel):
    """回执."""

    outcome: Outcome = Field(title="结果")
    id: UUID = Field(title="编号")
    version: int = Field(title="版本", ge=1)
