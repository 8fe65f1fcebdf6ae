"""Disclosure in the demo city: catalogs of city, district and town, and a year of tasks, most of them met in time."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from deploy.local.demo.api import DemoFailed, Session, chunks
from deploy.local.demo.city import CITY, units
from shared.kit.clock import LOCAL_ZONE

CATALOG_API = "/api/catalog/v1"
IN_FORCE_SINCE = "2025-01-01"
_REGULATION = "《中华人民共和国政府信息公开条例》"
_TWENTY = "信息形成或者变更之日起20个工作日内"
_TEN = "制定或获取信息之日起10个工作日内"
_MONTHS = [date(2025 + month // 12, month % 12 + 1, 4) for month in range(5, 17)]
"""June 2025 to May 2026."""
_LINES = 200


@dataclass(frozen=True)
class _Item:
    key: str
    unit: str
    """Who answers for it in the city; the district's bureau of the same work there."""
    domain: str
    first: str
    second: str
    content: str
    limit: str
    channels: tuple[str, ...]
    levels: tuple[str, ...]


_ITEMS = (
    _Item(
        *(
            "edu-01",
            "jyj",
            "compulsory_education",
            "教育概况",
            "义务教育学校名录",
            "学校名称、地址、办学层次、办公电话",
        ),
        *(_TWENTY, ("web", "social", "reading_point"), ("city", "district")),
    ),
    _Item(
        *("edu-02", "jyj", "compulsory_education", "招生管理", "招生范围", "招生范围；学区划分情况"),
        *(_TWENTY, ("web", "bulletin_board"), ("city", "district")),
    ),
    _Item(
        *("civ-01", "mzj", "social_assistance", "最低生活保障", "办事指南", "办理条件、保障标准、申请材料、办理流程"),
        *(_TEN, ("web", "service_hall"), ("city", "district", "town")),
    ),
    _Item(
        *("civ-02", "mzj", "social_assistance", "最低生活保障", "审核结果", "初审对象名单及相关信息"),
        *(f"{_TEN}，公示7个工作日", ("bulletin_board",), ("district", "town")),
    ),
    _Item(
        *("civ-03", "mzj", "social_assistance", "救助资金", "资金支出情况", "各区救助人数和资金支出"),
        *("每季度公开", ("web",), ("city",)),
    ),
    _Item(
        *("bud-01", "czj", "budget", "部门预算", "部门预算公开", "收支总表、财政拨款、“三公”经费"),
        *("本级政府财政部门批复后20日内", ("web",), ("city",)),
    ),
    _Item(
        *("emp-01", "rsj", "employment", "公共就业服务", "岗位信息发布", "招聘单位、岗位要求、福利待遇、应聘方式"),
        *("及时公开", ("web", "social"), ("city", "district")),
    ),
    _Item(
        *("env-01", "hbj", "environment", "行政执法", "行政处罚决定", "案件名称、处罚依据、处罚结果、执法机关"),
        *("信息形成之日起7个工作日内", ("web",), ("city",)),
    ),
    _Item(
        *("hea-01", "wjw", "health_care", "公共卫生", "预防接种服务", "接种门诊名称、地址、时间、疫苗种类"),
        *(_TWENTY, ("web", "service_hall"), ("city", "district", "town")),
    ),
)
_CATALOGS = (
    ("gov", "city", f"{CITY}基层政务公开标准目录"),
    ("minghu", "district", "明湖区基层政务公开标准目录"),
    ("minghu.town1", "town", "芙蓉巷街道基层政务公开标准目录"),
)


def total() -> int:
    """How many steps there are."""
    return len(_CATALOGS) + 2


def searchable(today: date) -> dict[str, int]:
    """How many subjects of each kind the search finds once everything is in."""
    items = sum(level == "city" or level in item.levels for _, level, _ in _CATALOGS for item in _ITEMS)
    published = sum(1 for event in _events() if event.day <= today for _ in _publications(event, today))
    return {"item": items, "publication": published}


def put_disclosure(sessions: Mapping[str, Session], today: date) -> Iterator[str]:
    """Catalogs, one below the other, then tasks, then what was published; gives each step's name."""
    ids: dict[tuple[str, str], str] = {}
    upper: str | None = None
    for unit, level, title in _CATALOGS:
        upper = _enforce(sessions, unit, _catalog(unit, level, title, upper, ids))
        for item in _items_of(sessions["catalogs"], upper):
            ids[unit, item["key"]] = item["id"]
        yield title
    events = [event for event in _events() if event.day <= today]
    _push(sessions["disclosure"], "tasks", [_task(event, ids) for event in events])
    yield "公开任务"
    lines = [line for event in events for line in _publications(event, today)]
    _push(sessions["disclosure"], "publications", lines)
    yield "公开记录"


def _catalog(
    unit: str, level: str, title: str, upper: str | None, ids: Mapping[tuple[str, str], str]
) -> dict[str, Any]:
    above = {"minghu": "gov", "minghu.town1": "minghu"}.get(unit, "")
    items = [
        {
            "key": item.key,
            "number": number,
            "domain": item.domain,
            "first_level": item.first,
            "second_level": item.second,
            "content": item.content,
            "basis": [_REGULATION],
            "time_limit": item.limit,
            "publisher": units()[_responsible(unit, item)].name,
            "organization": units()[_responsible(unit, item)].code,
            "channels": list(item.channels),
            "levels": [one for one in item.levels if level == "city" or one != "city"],
            "refines": ids.get((above, item.key)),
        }
        for number, item in enumerate((one for one in _ITEMS if level == "city" or level in one.levels), 1)
    ]
    return {"title": title, "level": level, "upper": upper, "basis": ["国办发〔2019〕54号"], "items": items}


def _responsible(unit: str, item: _Item) -> str:
    """The department in the city, its bureau in the district, the town itself."""
    return {"gov": item.unit, "minghu": f"minghu.{item.unit}"}.get(unit, unit)


def _enforce(sessions: Mapping[str, Session], unit: str, body: dict[str, Any]) -> str:
    path = f"{CATALOG_API}/organizations/{units()[unit].code}/catalogs/standard"
    receipt = sessions["catalogs"].must("PUT", path, json=body)
    version = f"{CATALOG_API}/catalogs/{receipt['id']}/versions/{receipt['number']}"
    if receipt["state"] == "draft":
        sessions["catalog_reviewer"].must("POST", f"{version}:review", json={})
    if receipt["state"] in ("draft", "reviewed"):
        sessions["catalog_approver"].must("POST", f"{version}:enforce", json={"effective_on": IN_FORCE_SINCE})
    return str(receipt["id"])


def _items_of(session: Session, catalog_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = session.must("GET", f"{CATALOG_API}/catalogs/{catalog_id}/items?limit=200")["items"]
    return found


@dataclass(frozen=True)
class _Event:
    """Information that an item requires to be public."""

    catalog: str
    item: _Item
    day: date
    luck: int
    """0 to 11: how it went with it."""

    @property
    def organization(self) -> str:
        return units()[_responsible(self.catalog, self.item)].code

    @property
    def external_id(self) -> str:
        return f"DEMO-{self.item.key}-{self.day:%Y-%m}"

    @property
    def title(self) -> str:
        return f"{self.item.second}（{self.day.year}年{self.day.month}月）"


def _events() -> Iterator[_Event]:
    for place, (unit, level, _) in enumerate(_CATALOGS):
        for number, item in enumerate(one for one in _ITEMS if level == "city" or level in one.levels):
            if item.limit.startswith("每"):
                continue  # Opens its own tasks when a period ends; nobody has published these.
            for month, day in enumerate(_MONTHS):
                yield _Event(unit, item, day + timedelta(days=number), (place * 5 + number * 7 + month * 5) % 12)


def _task(event: _Event, ids: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    return {
        "organization": event.organization,
        "external_id": event.external_id,
        "item": ids[event.catalog, event.item.key],
        "title": event.title,
        "occurred_on": event.day.isoformat(),
    }


def _publications(event: _Event, today: date) -> Iterator[dict[str, Any]]:
    """Nine of twelve in time, one late, one without its last channel, one not at all."""
    late, lacks_one, missing = event.luck == 9, event.luck == 10, event.luck == 11
    channels = event.item.channels[: -1 if lacks_one else None]
    for channel in () if missing else channels:
        day = event.day + timedelta(days=45 if late else 3)
        if day > today:
            continue
        is_online = channel in ("web", "social")
        yield {
            "organization": event.organization,
            "external_id": f"{event.external_id}-{channel}",
            "task": event.external_id,
            "index_no": f"{event.organization}/{event.day.year}-{event.item.key}-{event.day.month:02d}",
            "title": event.title,
            "summary": event.item.content,
            "formed_on": event.day.isoformat(),
            "channel": channel,
            "url": f"https://www.quancheng.example/{event.item.key}/{event.day:%Y%m}.html" if is_online else None,
            "place": None if is_online else "公开栏、查阅点或服务大厅",
            "published_at": datetime.combine(day, time(10), LOCAL_ZONE).isoformat(),
            "reviews": {
                "secrecy": "pass",
                "personal_information": "pass",
                "reviewed_by": "staff-0200",
                "reviewed_on": day.isoformat(),
            },
        }


def _push(session: Session, kind: str, lines: Sequence[dict[str, Any]]) -> None:
    for chunk in chunks(lines, _LINES):
        body = b"\n".join(json.dumps(line, ensure_ascii=False).encode() for line in chunk)
        answer = session.call("POST", f"{CATALOG_API}/{kind}:batch", lines=body)
        if not answer.is_success:
            raise DemoFailed(f"批量登记被拒绝（{answer.status_code}）：{answer.text[:300]}")
        results = [json.loads(line) for line in answer.text.splitlines()]
        refused = [one for one in results if one["status"] not in (200, 201)]
        if refused or len(results) != len(chunk):
            raise DemoFailed(f"批量登记有{len(refused)}行被拒绝：{json.dumps(refused[:1], ensure_ascii=False)[:300]}")
