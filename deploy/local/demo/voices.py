"""What the hotline of the demo city knows: questions with answers that rest on articles, counts of enquiries, and a theme.

The people who asked do not appear, here as in the suite.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from deploy.local.demo.api import Session
from deploy.local.demo.city import CITY, CITY_CODE
from deploy.local.demo.library import numbers

POLICY_API = "/api/policy/v1"


class Asked(NamedTuple):
    """A question: on which paper and article, in which words."""

    key: str
    paper: str
    articles: tuple[str, ...]
    topic: str
    question: str
    answer: str


ASKED = (
    Asked(
        *("heating-degrees", "heating-measure", ("art-9", "art-11"), "供热"),
        "家里暖气不到二十度，能退热费吗？",
        "可以。供热期内卧室、起居室不得低于二十摄氏度；低于二十度、高于十六度的按日退百分之五十，低于十六度的全额退还，"
        "供热单位应当在供热期结束后三十日内主动支付，无需申请。",
    ),
    Asked(
        *("heating-test", "heating-measure", ("art-10",), "供热"),
        "怎样申请测室温，多久能上门？",
        "拨打供热单位服务电话即可。供热单位应当自接到申请之时起二十四小时内上门，并由双方签字确认。",
    ),
    Asked(
        *("heating-begin", "heating-measure", ("art-8",), "供热"),
        "今年什么时候开始供暖？",
        "供热期为11月15日至次年3月15日；市政府可以根据气象提前或者延后，提前、延后期间不另收热费。",
    ),
    Asked(
        *("lift-vote", "renewal-measure", ("art-4",), "加装电梯"),
        "加装电梯要多少邻居同意？",
        "由本单元面积占比三分之二以上且人数占比三分之二以上的业主参与表决，并经参与表决面积四分之三以上且人数四分之三以上同意。",
    ),
    Asked(
        *("lift-money", "renewal-measure", ("art-8",), "加装电梯"),
        "加装一部电梯政府补多少钱，要不要申请？",
        "每部补助二十万元，加装平层入户电梯的再增加二万元；验收合格后三十日内由区财政部门拨付，无需另行申报。",
    ),
    Asked(
        *("eldercare-rate", "eldercare-measure", ("art-4",), "养老服务"),
        "养老机构收住失能老人，每月补多少？",
        "自理、部分失能、完全失能分别为每人每月一百元、二百四十元、三百六十元；四级、五级机构分别上浮百分之二十、百分之四十。",
    ),
    Asked(
        *("sme-share", "sme-measure", ("art-3", "art-4"), "技术改造"),
        "工业企业买设备搞技改，能补多少？",
        "设备投资额五百万元以上、建设期不超过两年的，按核定设备投资额的百分之十补助，单个项目最高五百万元；"
        "绿色化、智能化改造为百分之十二。",
    ),
    Asked(
        *("trainee-length", "employment-measure", ("art-2",), "就业见习"),
        "毕业两年没找到工作还能参加就业见习吗？",
        "离校两年内未就业的高校毕业生和十六至二十四岁失业青年可以参加，见习期限三至十二个月。",
    ),
)


def put_voices(hotline: Session, editors: Session, public: Session, today: date) -> Iterator[str]:
    """Push questions, counts and the theme; yields the name of each."""
    ids = {}
    for asked in ASKED:
        path = f"{POLICY_API}/organizations/{CITY_CODE}/questions/RX-{asked.key}"
        ids[asked.key] = hotline.must("PUT", path, json=_question(asked, today))["id"]
        yield asked.key
    for paper, count in (("heating-measure", 63), ("renewal-measure", 21)):
        path = f"{POLICY_API}/organizations/{CITY_CODE}/enquiries/RX-{today.year}-{paper}"
        hotline.must("PUT", path, json=_enquiries(paper, count, today))
        yield paper
    editors.must("PUT", f"{POLICY_API}/organizations/{CITY_CODE}/collections/home", json=_theme(public, ids))
    yield "home"


def total() -> int:
    """How many `put_voices` pushes."""
    return len(ASKED) + 3


def _question(asked: Asked, today: date) -> dict[str, Any]:
    return {
        "title": asked.question.rstrip("？"),
        "policies": [{"doc_no": numbers()[asked.paper].doc_no, "articles": list(asked.articles)}],
        "question": asked.question,
        "answer": asked.answer,
        "topic": asked.topic,
        "answered_on": (today - timedelta(days=20)).isoformat(),
    }


def _enquiries(paper: str, count: int, today: date) -> dict[str, Any]:
    return {
        "policy": {"doc_no": numbers()[paper].doc_no},
        "period_from": (today - timedelta(days=30)).isoformat(),
        "period_to": (today - timedelta(days=1)).isoformat(),
        "count": count,
        "topics": [{"topic": "退费", "count": count // 2}, {"topic": "办理时限", "count": count - count // 2}],
    }


def _theme(public: Session, ids: dict[str, str]) -> dict[str, Any]:
    def policy(paper: str, note: str | None = None) -> dict[str, Any]:
        path = f"{POLICY_API}/policies?doc_no={quote(numbers()[paper].doc_no)}"
        return {"policy_id": public.must("GET", path)["items"][0]["id"], "note": note}

    return {
        "title": f"{CITY}“住得好”服务专题",
        "intro": "供热、加装电梯、公共租赁住房的政策、问答和办理渠道放在一处，不必逐个部门去找。",
        "sections": [
            {
                "heading": "冬季供热",
                "items": [
                    policy("heating-measure", "历次文本均可查"),
                    {"question_id": ids["heating-degrees"]},
                    {"question_id": ids["heating-test"]},
                ],
            },
            {
                "heading": "加装电梯",
                "items": [policy("renewal-measure"), {"question_id": ids["lift-vote"], "note": "邻居们最关心的问题"}],
            },
            {"heading": "租房", "items": [policy("rental-measure")]},
        ],
    }
