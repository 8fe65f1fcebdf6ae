"""What every entry of the library has: a subject of its own beside the policies it is linked with.

Questions, clauses, consultations, collections and the like are entries. Each kind adds its own fields to `EntryInput` and
`Entry` in a module of its own.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from shared.schemas.organizations import Level
from shared.schemas.policies import OrganizationRef, Sha256, Strict, Title, Validity

Address = Annotated[
    str,
    Field(title="条款位置", max_length=120, pattern=r"^[a-z][a-z0-9~_-]*$", examples=["art-12"]),
]
"""An outline address inside a document."""


class PolicyLink(Strict):
    """A policy by exactly one of its names. It has to be public."""

    policy_id: UUID | None = Field(default=None, title="政策编号")
    doc_no: str | None = Field(default=None, title="发文字号", max_length=80)
    external_id: str | None = Field(default=None, title="本机关内编号", max_length=200)
    articles: list[Address] = Field(default_factory=list, title="所涉条款", max_length=100)


class EntryInput(Strict):
    """An entry as its organisation pushes it."""

    title: Title
    published_on: date | None = Field(default=None, title="发布日期", description="Default: the day of the first push.")
    policies: list[PolicyLink] = Field(default_factory=list, title="关联政策", max_length=50)


class LinkedPolicy(Strict):
    """A policy as an entry names it, as the public reads it now."""

    id: UUID = Field(title="政策编号")
    title: str | None = Field(title="标题", description="Null once the policy was withdrawn.")
    doc_no: str | None = Field(title="发文字号")
    validity: Validity | None = Field(title="有效性", description="Null once the policy was withdrawn.")
    articles: list[str] = Field(title="所涉条款")
    repealed_articles: list[str] = Field(title="其中已废止的条款")


class Entry(Strict):
    """An entry as the public reads it."""

    id: UUID = Field(title="编号")
    version: int = Field(title="版本", description="Grows with every change of this representation.", ge=1)
    organization: OrganizationRef = Field(title="机关")
    external_id: str = Field(title="机关内编号")
    level: Level = Field(title="层级")
    division_code: str = Field(title="行政区划代码")
    title: str = Field(title="标题")
    status: str = Field(title="状态", description="Computed from dates and links, never stored by hand.")
    changes_on: date | None = Field(title="状态下次变化日期")
    published_on: date = Field(title="发布日期")
    policies: list[LinkedPolicy] = Field(title="关联政策")
    content_hash: Sha256 = Field(title="内容哈希", description="Of what was pushed, as in the receipt.")


class LinkItem(Strict):
    """One thing that is linked with a policy, seen from the policy."""

    kind: str = Field(title="类别", examples=["interpretation"])
    id: UUID = Field(title="编号")
    title: str = Field(title="标题")
    status: str = Field(title="状态")
    published_on: date = Field(title="发布日期")
    articles: list[str] = Field(title="所涉条款")
    href: str = Field(title="地址", description="At the gateway.", examples=["/api/policy/v1/interpretations/…"])


class LinkProblem(StrEnum):
    """Why a link cannot be followed from both ends."""

    NOT_IN_LIBRARY = "not_in_library"  # 对方文件未入库
    NOT_PUBLIC = "not_public"  # 对方已不公开
    NOT_SHOWN_HERE = "not_shown_here"  # 本文件页面未列出对方
    NOT_SHOWN_THERE = "not_shown_there"  # 对方页面未列出本文件


class LinkFault(Strict):
    """One link that does not resolve."""

    kind: str = Field(title="类别", examples=["relation"])
    id: UUID | None = Field(title="对方编号", description="Null while it is not in the library.")
    title: str | None = Field(title="对方标题")
    problem: LinkProblem = Field(title="问题")


class LinkCheck(Strict):
    """关联核查: of one policy."""

    policy_id: UUID = Field(title="政策编号")
    links: int = Field(title="关联数", description="Relations, interpretations and entries; the first 2000.")
    resolving: int = Field(title="双向可达的关联数")
    unresolved: list[LinkFault] = Field(title="不可达的关联", description="The first 200.")
