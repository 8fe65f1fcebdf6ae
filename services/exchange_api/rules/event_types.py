"""The event types that can be subscribed to, and which of them are nobody else's business. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class EventType:
    """What a type says and who may have it."""

    title: str
    service: str
    version: int = 1
    restricted: bool = False
    """Only for organisations of the subscriber's own subtree: it speaks of somebody's request, or of work inside an office."""


def _life(name: str, title: str, service: str) -> dict[str, EventType]:
    words = {"released": "公开", "changed": "变更", "withdrawn": "撤下"}
    return {f"{name}.{what}": EventType(f"{title}{word}", service) for what, word in words.items()}


EVENT_TYPES: Mapping[str, EventType] = {
    **_life("policy", "政策文件", "policy"),
    "policy.validity_changed": EventType("政策文件效力变化", "policy"),
    **_life("interpretation", "解读", "policy"),
    **_life("question", "政策问答", "policy"),
    **_life("collection", "专题", "policy"),
    **_life("consultation", "意见征集", "policy"),
    **_life("decision", "重大行政决策", "policy"),
    **_life("evaluation", "后评估", "policy"),
    **_life("clause", "政策条款", "policy"),
    "expiry.reminder": EventType("文件到期提醒", "policy", restricted=True),
    "match.found": EventType("政策匹配", "policy", restricted=True),
    **_life("catalog", "公开目录", "catalog"),
    **_life("item", "公开事项", "catalog"),
    **_life("publication", "公开记录", "catalog"),
    **_life("list_entry", "清单条目", "catalog"),
    "guide.released": EventType("公开指南公开", "catalog"),
    "guide.changed": EventType("公开指南变更", "catalog"),
    "request.status_changed": EventType("依申请公开办理状态变化", "request", restricted=True),
    "annual_report.published": EventType("年度报告公布", "request"),
    "organization.registered": EventType("机关登记", "exchange"),
    "organization.changed": EventType("机关变更", "exchange"),
    "calendar.changed": EventType("工作日历变更", "exchange"),
    "subscription.disabled": EventType("订阅停用", "exchange", restricted=True),
    "webhook.test": EventType("测试投递", "exchange"),
}
UNKNOWN = EventType("", "", restricted=True)
"""A type that this version does not know is kept to the subscriber's own subtree until it does."""
