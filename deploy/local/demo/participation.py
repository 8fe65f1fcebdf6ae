"""公众参与 of the demo city: consultations to come, open and held, the year's catalog of major decisions, evaluations.

Days are counted from the day of the load, so that something is always open.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from deploy.local.demo.api import Session
from deploy.local.demo.city import CITY, CITY_CODE, units
from deploy.local.demo.library import contact_of, numbers

POLICY_API = "/api/policy/v1"


@dataclass(frozen=True)
class Entry:
    """One entry as its organisation pushes it, and a result where it has one."""

    plural: str
    organization: str
    external_id: str
    body: dict[str, Any]
    result: dict[str, Any] | None = None

    @property
    def path(self) -> str:
        return f"{POLICY_API}/organizations/{self.organization}/{self.plural}/{self.external_id}"


def entries(today: date) -> list[Entry]:
    """Everything, in the order in which it can be pushed."""
    return [*_consultations(today), *_decisions(today), *_evaluations(today)]


def put_entries(office: Session, today: date) -> Iterator[str]:
    """Push what is not there yet and publish the results; yields the name of each."""
    for entry in entries(today):
        receipt = office.must("PUT", entry.path, json=entry.body)
        if entry.result is not None:
            office.must("PUT", f"{POLICY_API}/{entry.plural}/{receipt['id']}/result", json=entry.result)
        yield entry.external_id


def _day(today: date, days: int) -> str:
    return (today + timedelta(days=days)).isoformat()


def _first_of_year(today: date, days: int) -> str:
    """A day of this year that has passed already: the catalog is of the year, its days must not be of the future."""
    return min(date(today.year, 1, 5) + timedelta(days=days), today).isoformat()


def _consultations(today: date) -> list[Entry]:
    return [_open_consultation(today), _coming_consultation(today), _held_consultation(today)]


def _open_consultation(today: date) -> Entry:
    """Begun some days ago: opinions are taken now."""
    housing = units()["zjj"]
    return Entry(
        "consultations",
        housing.code,
        "ZJ-lift",
        {
            "title": f"关于《{CITY}既有住宅加装电梯管理办法（征求意见稿）》公开征求意见的公告",
            "drafters": [housing.name],
            "doc_kind": "regulation",
            "draft": "第一条　为了规范既有住宅加装电梯，方便居民出行，制定本办法。\n"
            "第二条　加装电梯应当遵循业主自愿、兼顾各方的原则。\n"
            "第三条　加装方案应当在本单元公示不少于十日。\n"
            "第四条　电梯运行、保养和维修费用由业主按照书面协议分担。",
            "explanation": "加装电梯三年来，费用分担和低层采光争议最多，需要把协商、公示和补偿的做法固定下来。",
            "interpretation": {
                "title": "加装电梯管理办法征求意见稿：三个重点听您说",
                "body": "一是方案公示多久合适，二是低层住户怎样补偿，三是运行费用怎样分担。",
            },
            "opened_on": _day(today, -5),
            "closes_on": _day(today, 30),
            "channels": [f"{CITY}人民政府门户网站", "信函", "现场座谈"],
            "contact": contact_of(housing).model_dump(),
        },
    )


def _coming_consultation(today: date) -> Entry:
    """Announced: it opens next week."""
    transport = units()["jtj"]
    return Entry(
        "consultations",
        transport.code,
        "ZJ-bus",
        {
            "title": f"关于调整{CITY}夜间公交线路（征求意见稿）公开征求意见的预告",
            "drafters": [transport.name],
            "doc_kind": "other",
            "draft": "一、夜间公交运营时间延长至次日一时。\n二、新增高铁站至老城区夜间线路两条。",
            "explanation": "夜间到达旅客增多，现有线路末班偏早，拟调整运营时间并新增线路。",
            "opened_on": _day(today, 7),
            "closes_on": _day(today, 21),
            "channels": [f"{CITY}人民政府门户网站"],
            "contact": contact_of(transport).model_dump(),
        },
    )


def _held_consultation(today: date) -> Entry:
    """Closed, with its result."""
    market = units()["scj"]
    return Entry(
        "consultations",
        market.code,
        "ZJ-food",
        {
            "title": f"关于《{CITY}网络餐饮食品安全管理规定（征求意见稿）》公开征求意见的公告",
            "drafters": [market.name],
            "doc_kind": "normative_market",
            "draft": "第一条　入网餐饮服务提供者应当公示实际经营地址。\n第二条　外卖食品应当使用封签。",
            "explanation": "网络餐饮投诉集中在地址不实和食品被调换两方面，拟以公示和封签加以规范。",
            "interpretation": {
                "title": "网络餐饮食品安全规定征求意见稿要点",
                "body": "重点是亮地址和用封签，小餐饮封签费用怎样降低请您出主意。",
            },
            "opened_on": _day(today, -120),
            "closes_on": _day(today, -85),
            "channels": [f"{CITY}人民政府门户网站", "行业协会"],
            "contact": contact_of(market).model_dump(),
        },
        result={
            "received": 0,
            "adopted": 0,
            "partly": 0,
            "not_adopted": 0,
            "summary": "征求意见期间网上未收到意见；座谈会上企业建议封签由平台统一采购，已在修改稿中采纳。",
            "enterprises_heard": "召开座谈会一次，听取网络餐饮平台和餐饮行业协会的意见。",
        },
    )


def _decisions(today: date) -> list[Entry]:
    common = {
        "year": today.year,
        "procedure": ["公众参与", "专家论证", "风险评估", "合法性审查", "集体讨论"],
        "party_consent": {"given_on": _first_of_year(today, 0), "reference": f"泉委会纪〔{today.year}〕1号"},
        "catalog_published_on": _first_of_year(today, 5),
    }
    done = {
        "participation": {
            "started_on": _first_of_year(today, 10),
            "completed_on": _first_of_year(today, 45),
            "methods": ["公开征求意见", "座谈会"],
            "adoption": "收到意见十二条，采纳九条，其余三条已逐条说明理由。",
        },
        "expert_review": {
            "completed_on": _first_of_year(today, 50),
            "form": "专家论证会",
            "opinion": "方案总体可行，建议分区分步实施。",
        },
        "risk_assessment": {"completed_on": _first_of_year(today, 55), "level": "low", "opinion": "低风险。"},
    }
    return [
        Entry(
            "decisions",
            CITY_CODE,
            f"JC-{today.year}-canteen",
            {
                **common,
                "title": "社区食堂三年建设方案",
                "category": "public_policy",
                "drafter": f"{CITY}民政局",
                "planned_time": f"{today.year}年内提请市政府常务会议审议",
                **done,
            },
        ),
        Entry(
            "decisions",
            CITY_CODE,
            f"JC-{today.year}-lake",
            {
                **common,
                "title": "城市绿道网络规划",
                "category": "plan",
                "drafter": units()["zjj"].name,
                "planned_time": f"{today.year}年第四季度",
            },
        ),
    ]


def _evaluations(today: date) -> list[Entry]:
    heating = numbers()["heating-measure"].doc_no
    return [
        Entry(
            "evaluations",
            CITY_CODE,
            "PG-heating",
            {
                "title": f"《{CITY}供热管理办法》实施情况评估",
                "policies": [{"doc_no": heating}],
                "evaluated_on": _day(today, -10),
                "evaluator": f"{CITY}社会科学院",
                "methods": ["问卷调查", "入户测温抽查"],
                "conclusion": "continue",
                "summary": "室温达标率明显提高，退费条款执行到位，建议继续执行。",
            },
        )
    ]
