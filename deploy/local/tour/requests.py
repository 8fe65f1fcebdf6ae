"""A chapter of the tour: a letter arrives on a Saturday and is answered in part; three like it become a proactive item."""

import io
import re
import zipfile
from datetime import date, timedelta
from typing import Any

from deploy.local.demo.city import units
from deploy.local.demo.disclosure import CATALOG_API
from deploy.local.demo.requests import REQUEST_API, letter, person
from deploy.local.tour.guide import Guide
from deploy.local.tour.texts import Run

_WEEKS_AGO = 18
_STEP = f"{REQUEST_API}/requests"


class Requests:
    """The chapter. A desk handles, a head extends, another reviews, a leader signs; the applicant follows by a code."""

    def __init__(self, guide: Guide, run: Run) -> None:
        self._guide = guide
        self._run = run
        self._organization = units()["minghu"].code
        self._title = f"明湖片区第{run.number}号地块征收补偿方案"
        saturday = run.today - timedelta(weeks=_WEEKS_AGO)
        self._arrived = saturday - timedelta(days=(saturday.weekday() + 2) % 7)
        self._path = self._number = self._code = ""

    def tell(self) -> None:
        """All steps."""
        self.arrive_on_a_saturday()
        corrected = self.correct()
        self.hear_nothing_from_a_third_party(corrected)
        self.extend()
        self.explain_the_clock()
        self.decide_in_part()
        self.follow()
        self.share_the_case()
        self.turn_three_into_an_item()
        self.count_once()

    def arrive_on_a_saturday(self) -> None:
        self._guide.step("一封信星期六寄到：从签收之日起算，当日不计", "A letter arrives on a Saturday")
        body = letter(person(self._run.number), self._title, self._arrived)
        path = f"{REQUEST_API}/organizations/{self._organization}/requests/tour-{self._run.number}"
        receipt = self._guide.call(
            "request_desk", "PUT", path, body=body, expect=201, show=("number", "received_on", "due_on")
        )
        self._path, self._number, self._code = f"{_STEP}/{receipt['id']}", receipt["number"], receipt["query_code"]
        due = self._workdays_after(self._arrived, 20)
        self._guide.promise(receipt["due_on"] == due, f"20个工作日，{due}前答复", receipt["due_on"])
        again = self._guide.call("request_desk", "PUT", path, body=body, expect=200, show=("outcome", "number"))
        self._guide.promise(again["number"] == self._number, "重复提交不会登记两次", again)

    def correct(self) -> date:
        self._guide.step("补正只告知一次，补正后期限重新起算", "Corrected once; the clock starts anew")
        asked = self._arrived + timedelta(days=4)
        items = ["请说明所需方案的文号或者年份"]
        view = self._move("request_desk", "request-correction", asked, items=items)
        self._guide.promise(view["due_on"] is None, "等待补正期间不计期限", view["due_on"])
        corrected = asked + timedelta(days=6)
        wanted = {"description": f"申请公开{self._title}（2026年批准）", "title": self._title}
        view = self._move("request_desk", "correct", corrected, wanted=wanted)
        due = self._workdays_after(corrected, 20)
        self._guide.promise(view["due_on"] == due, f"自收到补正之日重新起算，{due}前答复", view["due_on"])
        refused = self._move("request_desk", "request-correction", corrected, expect=409, items=items)
        self._guide.promise(
            "correction_requested" not in refused["allowed"],
            "第二次补正告知被拒绝，并说明现在能办什么",
            refused["allowed"],
        )
        return corrected

    def hear_nothing_from_a_third_party(self, corrected: date) -> None:
        self._guide.step("征求第三方意见：所需时间不计入，沉默不等于同意", "A third party stays silent")
        sent = corrected + timedelta(days=2)
        body: dict[str, Any] = {
            "kind": "third_party",
            "name": "某施工单位",
            "question": "是否同意公开",
            "received_on": sent.isoformat(),
        }
        view = self._move("request_desk", "/consultations", sent, **body)
        letter_sent = view["consultations"][0]
        opinion_due = self._workdays_after(sent, 15)
        self._guide.promise(letter_sent["opinion_due_on"] == opinion_due, "第三方有15个工作日", opinion_due)
        self._guide.promise("某施工单位" not in str(view), "第三方名称封存，办理页面不显示", letter_sent)
        shown = self._guide.call("request_supervisor", "GET", self._path, expect=200, show=("consultations",))
        opinion = shown["consultations"][0]["opinion"]
        self._guide.promise(opinion == "silent", "逾期未答复，由机关依法决定（条例第三十二条）", opinion)

    def extend(self) -> None:
        self._guide.step("延期由政府信息公开工作机构负责人同意，只有一次", "Extended once, by the right role")
        on = self._arrived + timedelta(days=28)
        body: dict[str, Any] = {"workdays": 20, "reason": "需要核实第三方权益"}
        self._move("request_desk", "extend", on, expect=403, **body)
        before = self._guide.call("request_desk", "GET", self._path, expect=200, show=("due_on", "first_due_on"))
        view = self._move("request_head", "extend", on, **body)
        self._guide.promise(view["due_on"] > before["due_on"], f"期限延到{view['due_on']}", view["due_on"])
        self._move("request_head", "extend", on, expect=409, **body)

    def explain_the_clock(self) -> None:
        self._guide.step("期限逐日说明：每一天为什么计、为什么不计", "Every day of the clock explained")
        clock = self._guide.call("request_desk", "GET", f"{self._path}/clock", expect=200, show=("due_on", "restarts"))
        counted = [day for day in clock["days"] if day["kind"] == "counted" and day["day"] > clock["restarts"][-1]]
        excluded = [day for day in clock["days"] if day["kind"] == "excluded"]
        self._guide.promise(len(counted) == clock["workdays_allowed"] == 40, "计入的工作日正好40天", len(counted))
        self._guide.promise(bool(excluded), f"征求意见的{len(excluded)}个工作日不计入", len(excluded))

    def decide_in_part(self) -> None:
        self._guide.step("部分公开：拟稿、法制和保密审核、签发各由其人", "Disclosed in part, by separate duties")
        on = self._arrived + timedelta(days=60)
        answer: dict[str, Any] = {"decision": "B", "access": "邮寄遮盖后的复印件"}
        refused = self._move("request_desk", "draft", on, expect=422, answer=answer)
        self._guide.promise(
            refused["errors"][0]["pointer"] == "/answer/withheld",
            "没有逐处列明不予公开内容的不能送审",
            refused["errors"],
        )
        withheld = [{"place": "附件二 户主姓名和电话", "exemption": "EX15_PRIVACY", "reason": "涉及个人隐私"}]
        self._move("request_desk", "draft", on, answer=answer | {"withheld": withheld})
        for kind in ("legal", "secrecy"):
            self._move("request_reviewer", "review", on, kind=kind, passes=True)
        view = self._move("request_leader", "approve", on)
        self._guide.promise(bool(view["reply_number"]), f"答复文号连续编排：{view['reply_number']}", view)
        view = self._move("request_desk", "serve", on, method="post", postal_number="XA12345678937")
        self._guide.promise(view["in_time"] is True, "以交邮之日为答复之日，按时", view["answered_on"])
        self._guide.promise(view["report_row"] == "r.partial", "年报只计在“部分公开”一行", view["report_row"])

    def follow(self) -> None:
        self._guide.step("申请人凭申请编号和查询码查进度", "The applicant follows by number and code")
        told = self._guide.call(
            None,
            "GET",
            f"{REQUEST_API}/track?number={self._number}&code={self._code}",
            expect=200,
            show=("state", "steps"),
        )
        self._guide.promise(told["state"] == "served", "看到已答复", told["state"])
        reply = next((one for one in told["documents"] if "部分公开答复书" in one["title"]), None)
        self._guide.promise(
            reply is not None, f"文书可以下载：{'、'.join(one['title'] for one in told['documents'])}", told
        )
        if reply is not None:
            path = f"{REQUEST_API}/track/documents/{reply['id']}?number={self._number}&code={self._code}"
            words = _words_of(self._guide.ask(None, "GET", path).content)
            self._guide.promise(
                "先" in words and "申请行政复议" in words, "答复书告知复议前置，不是笼统一段", words[-300:]
            )
        wrong = f"{REQUEST_API}/track?number={self._number}&code=222222222222"
        self._guide.call(None, "GET", wrong, expect=404, show=("detail",))

    def share_the_case(self) -> None:
        self._guide.step("作为案例在全市共享：含个人信息的不收", "Shared as a case, with nothing personal in it")
        name = person(self._run.number)["name"]
        case = {
            "title": "征收补偿方案的部分公开",
            "topic": "征地拆迁",
            "request_summary": f"{name}申请公开征收补偿方案",
            "info_type": "行政征收",
            "reasoning": "方案应予公开，被征收人的姓名和电话涉及个人隐私，作区分处理。",
            "legal_basis": ["条例第十五条", "条例第三十七条"],
            "share_scope": "city",
        }
        path = f"{self._path}/case"
        refused = self._guide.call("request_desk", "PUT", path, body=case, expect=422, show=("errors",))
        self._guide.promise(name not in str(refused["errors"]), "指出在哪一项，但不重复姓名", refused["errors"])
        case["request_summary"] = "申请人申请公开征收补偿方案"
        shared = self._guide.call("request_desk", "PUT", path, body=case, expect=200, show=("case_no",))
        self._guide.promise(bool(shared["case_no"]), "案例入库", shared)

    def turn_three_into_an_item(self) -> None:
        self._guide.step("三人申请同一信息：转为主动公开（条例第四十四条）", "Three like it become a proactive item")
        for number in (1, 2):
            self._answer_another(number)
        path = f"{REQUEST_API}/organizations/{self._organization}/conversions?state=proposed"
        proposed = self._guide.call("request_desk", "GET", path, expect=200, show=("items",))["items"]
        mine = next((one for one in proposed if self._number in one["requests"]), None)
        if mine is None:
            self._guide.promise(False, "三个不同的申请人，系统提议转为主动公开", proposed)
            return
        self._guide.promise(mine["applicants"] == 3, "三个不同的申请人，系统提议转为主动公开", mine)
        body = {"accepts": True, "subject": self._title, "note": "多人申请，且不涉及不予公开情形"}
        decide = f"{REQUEST_API}/conversions/{mine['id']}:decide"
        self._guide.call("request_desk", "POST", decide, body=body, expect=200, show=("state",))
        candidate = self._wait_for_candidate()
        self._guide.promise(candidate["subject"] == self._title, "到达政务公开目录，成为候选事项", candidate)
        note = {"decision": "rejected", "note": "演示结束"}
        # The demo's catalogs stay those of the demo.
        self._guide.call(
            "disclosure", "POST", f"{CATALOG_API}/candidates/{candidate['id']}:decide", body=note, expect=200
        )

    def count_once(self) -> None:
        self._guide.step("年度报告由记录生成：每件只计一次，格子可查到申请", "The annual report counts it once")
        path = f"{REQUEST_API}/organizations/{self._organization}/reports/{self._arrived.year}"
        body = {"scope": "department", "overview": {"on_request": "依法办理政府信息公开申请。"}}
        written = self._guide.call("request_reporter", "PUT", path, body=body, expect=200, show=("state", "findings"))
        errors = [one for one in written["findings"] if one["level"] == "error"]
        self._guide.promise(errors == [], "12条勾稽关系都成立", errors)
        rows = ("r.granted", "r.partial", "r.total")
        counted = {row: self._behind(path, row) for row in rows}
        self._guide.promise(
            (self._number in counted["r.partial"], self._number in counted["r.granted"]) == (True, False),
            "部分公开的这件只计在“部分公开”",
            counted,
        )
        told = written["report"]["table3"]["r.total"]["total"]
        self._guide.promise(len(counted["r.total"]) == told, f"总计{told}件，件件可查", counted["r.total"])

    def _behind(self, path: str, row: str) -> list[str]:
        """The numbers of the requests behind a cell."""
        found: list[str] = []
        address: str | None = f"{path}/cells/{row}/total?limit=100"
        while address is not None:
            page = self._guide.ask("request_reporter", "GET", address).json()
            found += [one["number"] for one in page["items"]]
            more = page["next_cursor"]
            address = f"{path}/cells/{row}/total?limit=100&cursor={more}" if more else None
        return found

    def _answer_another(self, number: int) -> None:
        """The same request by another person, answered."""
        day = self._arrived + timedelta(days=2)
        path = f"{REQUEST_API}/organizations/{self._organization}/requests/tour-{self._run.number}-{number}"
        body = letter(person(self._run.number + 1000 * number), self._title, day)
        receipt = self._guide.ask("request_desk", "PUT", path, body=body).json()
        address = f"{_STEP}/{receipt['id']}"
        answer = {"decision": "A2", "access": "邮寄复印件"}
        for who, move, extra in (
            ("request_desk", "accept", {}),
            ("request_desk", "draft", {"answer": answer}),
            ("request_reviewer", "review", {"kind": "legal", "passes": True}),
            ("request_reviewer", "review", {"kind": "secrecy", "passes": True}),
            ("request_leader", "approve", {}),
            ("request_desk", "serve", {"method": "electronic"}),
        ):
            on = (day + timedelta(days=10)).isoformat()
            self._guide.ask(who, "POST", f"{address}:{move}", body={"on": on, **extra}).raise_for_status()

    def _wait_for_candidate(self) -> dict[str, Any]:
        """The worker hands it over within seconds."""
        path = f"{CATALOG_API}/organizations/{self._organization}/candidates?limit=100"

        def found() -> dict[str, Any] | None:
            items = self._guide.ask("disclosure", "GET", path).json()["items"]
            return next((one for one in items if one["subject"] == self._title), None)

        return self._guide.wait(found, "候选事项到达目录")

    def _move(self, who: str, move: str, on: date, *, expect: int = 200, **body: Any) -> dict[str, Any]:
        separator = "" if move.startswith("/") else ":"
        show = ("state", "due_on", "waiting_until", "reply_number", "detail", "allowed", "errors")
        document: dict[str, Any] = self._guide.call(
            who, "POST", f"{self._path}{separator}{move}", body={"on": on.isoformat(), **body}, expect=expect, show=show
        )
        return document

    def _workdays_after(self, start: date, workdays: int) -> str:
        """By the public calculator."""
        path = f"{REQUEST_API}/deadlines?start={start.isoformat()}&workdays={workdays}"
        return str(self._guide.ask(None, "GET", path).json()["due_on"])


def _words_of(document: bytes) -> str:
    """What a .docx says."""
    with zipfile.ZipFile(io.BytesIO(document)) as package:
        return re.sub(r"<[^>]+>", "", package.read("word/document.xml").decode())
