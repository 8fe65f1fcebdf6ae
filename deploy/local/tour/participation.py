"""A chapter of the tour: the public is asked before a policy is made, and what it answers is kept from everybody else."""

from datetime import timedelta
from typing import Any

from deploy.local.demo.city import CITY, Unit
from deploy.local.demo.library import contact_of
from deploy.local.tour.guide import Guide
from deploy.local.tour.office import POLICY_API
from deploy.local.tour.texts import Run

_PRIVATE = "请不要在电梯厅再放广告屏"


class Participation:
    """The chapter. The drafter announces, the website hands in what citizens say."""

    def __init__(self, guide: Guide, run: Run, unit: Unit) -> None:
        self._guide = guide
        self._run = run
        self._unit = unit
        self._path = ""
        self._opinions: list[str] = []

    def tell(self) -> None:
        """All steps."""
        self.refuse_a_short_period()
        self.announce()
        self.hand_in_opinions()
        self.read_as_the_drafter()
        self.refuse_an_early_result()
        self.record_one_held_before()

    def refuse_a_short_period(self) -> None:
        self._guide.step("征求意见：期限不足被拒", "A consultation that is too short is refused, with the rule")
        refused = self._put(self._consultation(days=10), expect=422)
        said = refused["errors"][0]["detail"] if refused.get("errors") else refused["detail"]
        self._guide.promise("PP-10" in said, f"指出规则、天数和最早截止日：{said}", refused)

    def announce(self) -> None:
        self._guide.step("发布草案、起草说明和草案解读", "Draft, explanation and draft interpretation, together")
        receipt = self._put(self._consultation(days=30), expect=201)
        self._path = f"{POLICY_API}/consultations/{receipt['id']}"
        shown = self._guide.call(
            None, "GET", self._path, expect=200, show=("title", "status", "closes_on", "period", "interpretation")
        )
        self._guide.promise(shown["status"] == "open", "今天起征求意见", shown["status"])
        same_day = shown["interpretation"]["published_on"] == shown["opened_on"]
        self._guide.promise(same_day, "草案解读与草案同日公布（TS-08）", shown["interpretation"]["published_on"])

    def hand_in_opinions(self) -> None:
        self._guide.step("网站代公众提交意见", "Opinions, handed in by the website")
        people = [
            {"text": _PRIVATE, "submitter": {"name": "甄无此人", "contact": "0531-00000001"}},
            {"text": "低层住户的补偿标准应当公开。", "submitter_kind": "citizen"},
        ]
        for body in people:
            receipt = self._guide.call("website", "POST", f"{self._path}/opinions", body=body, expect=201)
            self._opinions.append(receipt["id"])
        count = self._guide.call(None, "GET", f"{self._path}/opinion-count", expect=200)
        self._guide.promise(count["received"] == 2, "公众只看到意见数", count)
        self._guide.call(None, "GET", f"{self._path}/opinions", expect=401, show=("code",))
        public = self._guide.ask(None, "GET", self._path).text
        told = self._guide.ask("office", "GET", f"{POLICY_API}/events?limit=1000").text
        self._guide.promise(_PRIVATE not in public + told, "意见内容不在公开页面和事件日志里")

    def read_as_the_drafter(self) -> None:
        self._guide.step("承办单位阅读和处理意见", "The drafter reads and handles them")
        page = self._guide.call("participation", "GET", f"{self._path}/opinions", expect=200, show=("items",))
        texts = [item["text"] for item in page["items"]]
        self._guide.promise(_PRIVATE in texts, "承办单位读得到意见", texts)
        hidden = all(item["submitter"] is None for item in page["items"])
        self._guide.promise(hidden, "但看不到提交者是谁", page["items"])
        self._guide.call(
            "participation",
            "GET",
            f"{self._path}/opinions?identities=true&reason=需要回访核实",
            expect=403,
            show=("code", "detail"),
        )
        for opinion, body in zip(
            self._opinions,
            ({"outcome": "adopted"}, {"outcome": "not_adopted", "reason": "补偿由业主协商确定，不宜统一规定"}),
            strict=True,
        ):
            path = f"{POLICY_API}/opinions/{opinion}/handling"
            self._guide.call("participation", "PUT", path, body=body, expect=200, show=("outcome", "version"))

    def refuse_an_early_result(self) -> None:
        self._guide.step("截止之前不能公布结果", "No result before the close")
        refused = self._guide.call(
            "participation", "PUT", f"{self._path}/result", body=_result(2), expect=409, show=("code", "detail")
        )
        self._guide.promise(bool(refused["detail"]), "征求意见尚未截止，被拒", refused)

    def record_one_held_before(self) -> None:
        self._guide.step("已结束的征求意见：结果公布并关联政策", "A result, linked with the policy that came of it")
        number = "泉城市人民政府令第251号"
        listed = self._guide.ask(None, "GET", f"{POLICY_API}/policies?doc_no={number}").json()["items"]
        if not listed:
            self._guide.say("演示数据没有载入，略过已结束的征求意见")
            return
        past = self._consultation(days=31, opened=-90) | {"policies": [{"policy_id": listed[0]["id"]}]}
        receipt = self._put(past, expect=201, name="PAST")
        path = f"{POLICY_API}/consultations/{receipt['id']}"
        self._guide.call("participation", "PUT", f"{path}/result", body=_result(0), expect=200, show=("received",))
        shown = self._guide.call(None, "GET", path, expect=200, show=("status", "result", "policies"))
        self._guide.promise(shown["status"] == "result_published", "意见采纳情况已公布", shown["status"])
        links = self._guide.ask(None, "GET", f"{POLICY_API}/policies/{listed[0]['id']}/links").json()["items"]
        linked = receipt["id"] in [link["id"] for link in links]
        self._guide.promise(linked, "从政策也能找到当时的征求意见", links[:2])

    def _consultation(self, *, days: int, opened: int = 0) -> dict[str, Any]:
        first = self._run.today + timedelta(days=opened)
        return {
            "title": f"关于《{CITY}电梯广告管理规定（征求意见稿）》公开征求意见的公告（{self._run.number}）",
            "drafters": [self._unit.name],
            "doc_kind": "regulation",
            "draft": "第一条　为了规范电梯内广告，制定本规定。\n第二条　电梯内广告收入归业主共有。",
            "explanation": "电梯广告收益去向不明的投诉较多，拟明确归属和公示办法。",
            "interpretation": {"title": "电梯广告规定要点", "body": "重点是收益归谁、怎样公示，请提意见。"},
            "opened_on": first.isoformat(),
            "closes_on": (first + timedelta(days=days)).isoformat(),
            "channels": [f"{CITY}人民政府门户网站"],
            "contact": contact_of(self._unit).model_dump(),
        }

    def _put(self, body: dict[str, Any], *, expect: int, name: str = "OPEN") -> Any:
        path = f"{POLICY_API}/organizations/{self._unit.code}/consultations/{self._run.external_id}-{name}"
        return self._guide.call("participation", "PUT", path, body=body, expect=expect, show=())


def _result(received: int) -> dict[str, Any]:
    return {
        "received": received,
        "adopted": received // 2,
        "partly": 0,
        "not_adopted": received - received // 2,
        "summary": "意见已逐条研究，采纳情况如下。",
    }
