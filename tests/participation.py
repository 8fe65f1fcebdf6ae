"""Consultations, opinions, decisions and evaluations that are valid by default; a test states only what matters to it."""

from datetime import date, timedelta
from typing import Any

TODAY = date(2026, 5, 6)
"""A Wednesday."""


def consultation(*, today: date = TODAY, **changes: Any) -> dict[str, Any]:
    """Announced and opened today, for thirty days."""
    return {
        "title": "关于《泉城市社区食堂管理办法（征求意见稿）》公开征求意见的公告",
        "drafters": ["泉城市民政局"],
        "doc_kind": "normative_market",
        "draft": "第一条　为规范社区食堂的建设和服务，制定本办法。\n第二条　社区食堂由街道办事处组织建设。",
        "explanation": "社区食堂建设两年来，各区做法不一，需要统一选址、价格和安全要求。",
        "interpretation": {
            "title": "社区食堂管理办法征求意见稿要点解读",
            "body": "本次征求意见的重点是早餐价格和食材公示两项。",
        },
        "opened_on": today.isoformat(),
        "closes_on": (today + timedelta(days=30)).isoformat(),
        "channels": ["泉城市人民政府门户网站", "信函"],
        "contact": {"organ": "泉城市民政局", "phone": "0531-00000000"},
    } | changes


def hearing(held_on: date = date(2026, 5, 20), **changes: Any) -> dict[str, Any]:
    """Everything in time for a hearing on a regulation, too."""
    return {
        "announced_on": (held_on - timedelta(days=30)).isoformat(),
        "held_on": held_on.isoformat(),
        "place": "泉城市政务中心二楼",
        "notice": "定于该日上午九时举行听证会，内容为社区食堂收费，欢迎报名。",
        "selection_method": "报名人中随机抽取十五人",
        "participants_published_on": (held_on - timedelta(days=10)).isoformat(),
        "materials_sent_on": (held_on - timedelta(days=7)).isoformat(),
    } | changes


def opinion(**changes: Any) -> dict[str, Any]:
    """A citizen's."""
    return {
        "text": "建议早餐增加杂粮粥。",
        "submitter": {"name": "甄无此人", "contact": "010-00000001"},
    } | changes


def result(**changes: Any) -> dict[str, Any]:
    """Of a consultation that received nothing."""
    return {
        "received": 0,
        "adopted": 0,
        "partly": 0,
        "not_adopted": 0,
        "summary": "征求意见期间未收到意见。",
        "enterprises_heard": "召开企业座谈会一次，听取了餐饮行业协会的意见。",
    } | changes


def decision(**changes: Any) -> dict[str, Any]:
    """An item of this year's catalog; nothing done yet."""
    return {
        "title": "社区食堂三年建设方案",
        "year": 2026,
        "category": "public_policy",
        "drafter": "泉城市民政局",
        "procedure": ["公众参与", "专家论证", "风险评估", "合法性审查", "集体讨论"],
        "planned_time": "2026年第二季度",
        "party_consent": {"given_on": "2026-01-20", "reference": "泉委纪〔2026〕1号"},
        "catalog_published_on": "2026-01-26",
    } | changes


GATES: dict[str, Any] = {
    "participation": {
        "started_on": "2026-02-02",
        "completed_on": "2026-03-06",
        "methods": ["公开征求意见"],
        "adoption": "收到意见三条，均已采纳。",
    },
    "expert_review": {"completed_on": "2026-03-10", "form": "论证会", "opinion": "方案可行。"},
    "risk_assessment": {"completed_on": "2026-03-12", "level": "low", "opinion": "低风险，可以实施。"},
    "legality_review": {"submitted_on": "2026-03-13", "completed_on": "2026-03-24", "result": "lawful"},
    "collective_discussion": {"completed_on": "2026-03-26", "meeting": "局长办公会"},
}
"""Every step before the meeting, done."""

DELIBERATION = {"held_on": "2026-04-02", "meeting": "市政府常务会议", "outcome": "passed"}
PUBLICATION = {"published_on": "2026-04-08", "channels": ["政府公报", "门户网站"]}


def evaluation(**changes: Any) -> dict[str, Any]:
    """With nothing found; `policies` is the test's to give."""
    return {
        "title": "社区食堂建设方案实施情况评估",
        "evaluated_on": "2026-05-05",
        "evaluator": "泉城市社会科学院",
        "methods": ["问卷调查", "实地走访"],
        "conclusion": "continue",
        "summary": "建设进度符合方案，群众满意。",
    } | changes
