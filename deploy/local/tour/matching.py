"""A chapter of the tour: an enterprise asks what is there for it, is told why and what is still to be asked."""

from datetime import UTC, datetime
from typing import Any

from deploy.local.demo.city import CITY_CODE
from deploy.local.tour.guide import Guide
from deploy.local.tour.office import POLICY_API
from deploy.local.tour.texts import Run

_WHO = {
    "region": "370112",
    "industry": "C3421",
    "established_on": "2016-04-01",
    "employees": 86,
    "revenue_wan": 5200,
    "credit_status": "good",
}
"""A manufacturer that exists nowhere. Whether it is above the designated size, it does not say."""


class Matching:
    """The chapter. Enterprises speak through the website's client; nothing they say is kept unless they agree."""

    def __init__(self, guide: Guide, run: Run) -> None:
        self._guide = guide
        self._run = run

    def tell(self) -> None:
        """All steps; the first says so when the demo city has no clauses."""
        self._guide.step("企业匹配：给什么、为什么、还差什么", "An enterprise is matched, with reasons")
        answer = self._match(_WHO)
        if not answer["items"]:
            self._guide.say("演示数据没有载入，略过企业匹配")
            return
        self.read_reasons(answer)
        self.answer_what_is_asked()
        self.keep_and_be_told()

    def read_reasons(self, answer: Any) -> None:
        rows = [(item["result"], item["title"], "、".join(item["ask_next"]) or "—") for item in answer["items"]]
        self._guide.table("匹配结果", ("结果", "条款", "接着要问"), rows)
        results = {item["title"]: item for item in answer["items"]}
        trainee = results["就业见习基本生活补助"]
        self._guide.promise(trainee["result"] == "MATCH", "中型以下企业：见习补助匹配", trainee["result"])
        renewal = results["工业企业技术改造设备投资补助"]
        self._guide.promise(renewal["result"] == "UNKNOWN", "是否规上没有说：未知，不等于不符合", renewal["result"])
        self._guide.promise("qualifications" in renewal["ask_next"], "指出接着要问资质", renewal["ask_next"])
        self._guide.promise("养老机构运营补助" not in results, "养老机构的条款不列出", list(results))
        sentences = [reason["sentence"] for reason in renewal["reasons"]]
        self._guide.say(f"逐项理由：{'；'.join(sentences[:3])}")

    def answer_what_is_asked(self) -> None:
        self._guide.step("补上一项事实，未知变成结论", "One more fact settles it")
        answer = self._match({**_WHO, "qualifications": [{"name": "above_scale"}]})
        results = {item["title"]: item["result"] for item in answer["items"]}
        settled = results["工业企业技术改造设备投资补助"]
        self._guide.promise(settled == "MATCH", "规上企业：技改补助匹配", settled)

    def keep_and_be_told(self) -> None:
        self._guide.step("同意之后保存档案，随时删除", "Kept with consent, erased at once")
        path = f"{POLICY_API}/organizations/{CITY_CODE}/profiles/TOUR-{self._run.number}"
        consent = {"text_version": "2026-01", "agreed_at": datetime.now(UTC).isoformat()}
        body = {"consent": consent, "profile": _WHO}
        kept = self._guide.call("website", "PUT", path, body=body, expect={200, 201}, show=("profile_id", "saved_at"))
        self._guide.promise(bool(kept["profile_id"]), "回执只有编号和时间", kept)
        self._guide.call("website", "DELETE", path, expect=204)
        self._guide.call("website", "GET", f"{path}/matches", expect=404, show=("code",))

    def _match(self, profile: dict[str, Any]) -> Any:
        return self._guide.call(
            "website", "POST", f"{POLICY_API}/match", body=profile, expect=200, show=("counts", "reflects_until")
        )
