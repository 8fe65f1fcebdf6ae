"""依申请公开 of the demo city: a year of requests with every kind of outcome, some open today. People are invented.

Registered late (补录), each step on its own day. A second load changes nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from deploy.local.demo.api import Session
from deploy.local.demo.city import units

REQUEST_API = "/api/request/v1"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"
_GIVEN = ("一诺", "思源", "沐阳", "清和", "知远", "若溪", "景行", "乐山")


@dataclass(frozen=True)
class Asked:
    """One request: how long ago it came, what for, and how it ended (None: it is still open)."""

    name: str
    unit: str
    days_ago: int
    title: str
    answer: dict[str, Any] | None
    kind: str = "natural"
    extended: bool = False


def _granted(access: str = "随答复书提供复印件") -> dict[str, Any]:
    return {"decision": "A2", "access": access}


_NOT_HELD = {
    "decision": "D1a",
    "reasons": "经检索，本机关未制作或者获取该信息",
    "search_record": {
        "places": ["档案室", "公文系统"],
        "keywords": ["排放监测", "2019"],
        "searched_by": "staff-0901",
        "searched_on": "2026-01-05",
    },
}
_PARTLY = {
    "decision": "B",
    "access": "提供遮盖后的复印件",
    "withheld": [{"place": "附件第2页联系方式", "exemption": "EX15_PRIVACY", "reason": "涉及个人隐私"}],
}
_INTERNAL = {"decision": "C6", "exemption": "EX16_2_DISCUSS", "reasons": "属于讨论记录，可以不予公开"}
_PETITION = {"decision": "E1", "reasons": "内容为投诉，不作为政府信息公开申请处理", "guidance": "请通过12345热线反映"}
_PUBLIC = {"decision": "A1", "access": "市政府门户网站“政府信息公开”专栏"}
_YEAR: tuple[Asked, ...] = (
    Asked("q01", "gov", 420, "城区停车收费标准依据文件", _PUBLIC),
    Asked("q02", "gov", 400, "老旧小区改造年度计划", _granted()),
    Asked("q03", "gov", 345, "城市更新专项规划批复", _granted(), "legal.commercial"),
    Asked("q04", "gov", 330, "某路段拓宽工程会议纪要", _INTERNAL),
    Asked("q05", "minghu", 310, "征收补偿安置方案", _PARTLY, extended=True),
    Asked("q06", "minghu", 290, "2019年排放监测原始数据", _NOT_HELD),
    Asked("q07", "fengqi", 270, "学区划分论证报告", _PARTLY),
    Asked("q08", "fengqi", 250, "学校食堂招标评审结果", _granted(), "legal.legal_service"),
    Asked("q09", "gov", 230, "投诉某物业公司不作为", _PETITION),
    Asked("q10", "gov", 200, "公交线路调整评估报告", _granted(), "legal.research", extended=True),
    Asked("q11", "minghu", 150, "物业服务收费备案情况", _granted()),
    Asked("q12", "gov", 120, "供热管网改造项目清单", _granted()),
    Asked("q13", "gov", 34, "新能源汽车充电设施布局规划", None),
    Asked("q14", "gov", 18, "中小学午休服务实施方案", None),
    Asked("q15", "minghu", 60, "河道整治工程竣工资料", None),
    Asked("q16", "fengqi", 8, "社区养老服务补贴标准", None, "legal.social"),
)


def total() -> int:
    """How many requests there are."""
    return len(_YEAR)


def put_requests(sessions: Mapping[str, Session], today: date) -> Iterator[str]:
    """Hand in, work on and answer each on its days; gives each one's name."""
    for number, asked in enumerate(_YEAR):
        day = _working_day(today - timedelta(days=asked.days_ago))
        receipt = sessions["request_desk"].must(
            "PUT",
            f"{REQUEST_API}/organizations/{units()[asked.unit].code}/requests/demo-{asked.name}",
            json=letter(person(number, asked.kind), asked.title, day),
        )
        if receipt["outcome"] == "created":
            _work(sessions, f"{REQUEST_API}/requests/{receipt['id']}", asked, day)
        yield asked.title


def _work(sessions: Mapping[str, Session], path: str, asked: Asked, day: date) -> None:
    def step(who: str, move: str, days: int, **body: Any) -> None:
        sessions[who].must("POST", f"{path}:{move}", json={"on": (day + timedelta(days=days)).isoformat(), **body})

    step("request_desk", "accept", 1)
    if asked.extended:
        step("request_head", "extend", 12, workdays=15, reason="需要查阅的档案较多")
    if asked.answer is not None:
        decide(step, asked.answer, 20)
        step("request_desk", "serve", 21, method="electronic")
        step("request_desk", "archive", 40)


def decide(step: Callable[..., Any], answer: dict[str, Any], days: int) -> None:
    """Drafted, reviewed twice and approved, each by whose duty it is."""
    step("request_desk", "draft", days, answer=answer)
    step("request_reviewer", "review", days, kind="legal", passes=True)
    step("request_reviewer", "review", days, kind="secrecy", passes=True)
    step("request_leader", "approve", days)


def letter(applicant: dict[str, Any], title: str, day: date, **changes: Any) -> dict[str, Any]:
    """A letter that was signed for on a day."""
    return {
        "channel": "mail_signed",
        "submitted_at": f"{day.isoformat()}T09:00:00+08:00",
        "signed_on": day.isoformat(),
        "applicant": applicant,
        "wanted": {"description": f"申请公开{title}", "title": title},
        "form": {"carriers": ["paper"], "ways": ["post"]},
    } | changes


def person(number: int, kind: str = "natural") -> dict[str, Any]:
    """An invented applicant, another for every number."""
    name = _SURNAMES[number % len(_SURNAMES)] + _GIVEN[number // 2 % len(_GIVEN)]
    if kind != "natural":
        name = f"泉城{name}事务所"
    return {
        "kind": kind,
        "name": name,
        "identity": {"kind": "id_card", "number": _identity_number(number)},
        "phone": f"1380531{number % 10_000:04d}",
        "address": f"泉城市明湖区虚构路{number % 200 + 1}号",
    }


def _identity_number(number: int) -> str:
    born = date(1960, 1, 1) + timedelta(days=number * 37 % 15_000)
    first = f"370102{born:%Y%m%d}{number % 1000:03d}"
    return first + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(first, _WEIGHTS, strict=True)) % 11]


def _working_day(day: date) -> date:
    """Not a weekend: an office signs for letters when it is open."""
    return day - timedelta(days=max(0, day.weekday() - 4))
