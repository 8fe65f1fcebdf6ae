"""A chapter of the tour: a workbook becomes a catalog, an event a deadline; missed, urged, published, and the score moves."""

import io
from datetime import date, timedelta
from typing import Any

import xlsxwriter

from deploy.local.demo.city import units
from deploy.local.demo.disclosure import CATALOG_API
from deploy.local.tour.guide import Guide
from deploy.local.tour.texts import Run

_TOP = (
    *("序号", "一级事项", "二级事项", "公开内容（要素）", "公开依据", "公开时限", "公开主体", "公开渠道和载体"),
    *("全社会", "特定群体", "主动", "依申请", "县级", "乡级", "领域", "责任机关代码"),
)


class Disclosure:
    """The chapter. One client drafts, another reviews, a third enforces; a bureau discloses; the city watches."""

    def __init__(self, guide: Guide, run: Run) -> None:
        self._guide = guide
        self._run = run
        self._organization = units()["fengqi.jyj"].code
        self._name = f"tour-{run.number}"
        self._catalog = self._item = self._task = ""

    def tell(self) -> None:
        """All steps."""
        self.import_a_table()
        self.put_in_force()
        self.announce_an_event()
        before = self.watch()
        self.urge()
        self.publish()
        self.see_the_score_move(before)

    def import_a_table(self) -> None:
        self._guide.step("上传标准目录表格：先预览，再导入", "A table of the standard: previewed, then imported")
        path = f"{CATALOG_API}/organizations/{self._organization}/catalogs/{self._name}"
        wrong = self._guide.call(
            "catalogs",
            "POST",
            f"{path}:preview",
            file=("目录.xlsx", self._table(both=True)),
            expect=200,
            show=("rows",),
        )
        problems = wrong["rows"][0]["problems"]
        self._guide.promise(wrong["refused"] == 1, "有误的行逐行说明，不悄悄丢掉", problems)
        refused = self._guide.call(
            "catalogs",
            "POST",
            f"{path}:import",
            file=("目录.xlsx", self._table(both=True)),
            expect=422,
            show=("errors",),
        )
        self._guide.promise(bool(refused["errors"]), "有误的表格整份不导入", refused["errors"])
        made = self._guide.call("catalogs", "POST", f"{path}:import", file=("目录.xlsx", self._table()), expect=201)
        self._catalog = f"{CATALOG_API}/catalogs/{made['id']}"
        self._guide.promise((made["items"], made["unparsed"]) == (1, []), "时限“10个工作日内”读成了规则", made)

    def put_in_force(self) -> None:
        self._guide.step("起草、审核、施行由三个客户端分别办理", "Nobody drafts, reviews and enforces")
        version = f"{self._catalog}/versions/1"
        self._guide.call("catalog_reviewer", "POST", f"{version}:review", body={}, expect=200, show=("state",))
        self._guide.call("catalog_approver", "POST", f"{version}:enforce", body={}, expect=200, show=("state",))
        page = self._guide.call(None, "GET", f"{self._catalog}/items", expect=200, show=())
        self._item = page["items"][0]["id"]
        exported = self._guide.ask(None, "GET", f"{self._catalog}/table?format=csv")
        self._guide.promise(
            "■政府网站" in exported.content.decode(), "导出的表格与国家标准版式一致", exported.status_code
        )

    def announce_an_event(self) -> None:
        self._guide.step("业务系统报来一件事，当场得到各渠道期限", "An event is answered with its deadlines")
        path = f"{CATALOG_API}/organizations/{self._organization}/tasks/{self._name}"
        body = {"item": self._item, "title": "学校名录更新", "occurred_on": self._long_ago.isoformat()}
        task = self._guide.call("disclosure", "PUT", path, body=body, expect=201)["task"]
        self._task = task["id"]
        self._guide.promise(len(task["duties"]) == 2, "两个渠道各有期限", [one["due_on"] for one in task["duties"]])
        self._guide.promise(task["state"] == "overdue", "期限已过，状态为逾期", task["state"])

    def watch(self) -> dict[str, Any]:
        self._guide.step("效能监测：及时率、覆盖率、得分都能追到每一行", "Monitoring, down to the rows")
        table = self._monitor()
        self._guide.promise(table["total"]["overdue"] == 2, "两项逾期未公开", table["total"])
        path = f"{CATALOG_API}/monitor/duties?{self._period}&state=overdue"
        rows = self._guide.call("supervisor", "GET", path, expect=200, show=("items",))["items"]
        self._guide.promise(len(rows) == table["total"]["overdue"], "数字等于明细的行数", len(rows))
        total: dict[str, Any] = table["total"]
        return total

    def urge(self) -> None:
        self._guide.step("市里督办，机关答复", "Urged, and answered")
        body = {
            "tasks": [self._task],
            "words": "名录更新已逾期，请说明原因并尽快公开",
            "answer_by": (self._run.today + timedelta(days=3)).isoformat(),
        }
        path = f"{CATALOG_API}/organizations/{self._organization}/urgings"
        urging = self._guide.call("supervisor", "POST", path, body=body, expect=201, show=("id", "words", "answer_by"))
        answer = f"{CATALOG_API}/urgings/{urging['id']}:answer"
        said = {"words": "系统对接中断所致，今日补公开"}
        self._guide.call("disclosure", "POST", answer, body=said, expect=200, show=("answer",))

    def publish(self) -> None:
        self._guide.step("登记公开记录：没有逐件审查的不收", "Published, not without its reviews")
        path = f"{CATALOG_API}/organizations/{self._organization}/publications/{self._name}"
        body = self._publication("web")
        without = {name: value for name, value in body.items() if name != "reviews"}
        refused = self._guide.call("disclosure", "PUT", f"{path}-web", body=without, expect=422, show=("errors",))
        self._guide.promise(bool(refused["errors"]), "缺少保密和个人信息审查（条例第十七条），拒收", refused["errors"])
        for channel in ("web", "reading_point"):
            kept = self._guide.call(
                "disclosure", "PUT", f"{path}-{channel}", body=self._publication(channel), expect=201, show=("duty",)
            )
            self._guide.promise(kept["duty"] == "late", "算作逾期后公开，不会变成按时", kept["duty"])

    def see_the_score_move(self, before: dict[str, Any]) -> None:
        self._guide.step("得分随之变化", "The score moves")
        after = self._monitor()["total"]
        self._guide.promise(after["overdue"] == 0, "不再有逾期未公开", after)
        self._guide.promise(
            after["score"] > before["score"], f"得分由{before['score']}升到{after['score']}", after["score"]
        )
        # The demo's figures stay those of the demo.
        reason = {"reason": "演示结束"}
        self._guide.call("catalog_approver", "POST", f"{self._catalog}:retire", body=reason, expect=204)

    def _monitor(self) -> dict[str, Any]:
        path = f"{CATALOG_API}/monitor?{self._period}"
        table: dict[str, Any] = self._guide.call("supervisor", "GET", path, expect=200, show=("total",))
        return table

    @property
    def _long_ago(self) -> date:
        """A day of its own for each run, so that its period holds nothing else."""
        return date(2012, 1, 4) + timedelta(days=7 * (self._run.number % 600))

    @property
    def _period(self) -> str:
        since, until = self._long_ago, self._long_ago + timedelta(days=60)
        return f"organization={self._organization}&from={since}&to={until}"

    def _publication(self, channel: str) -> dict[str, Any]:
        today = self._run.today.isoformat()
        place = {"url": "https://www.quancheng.example/jy/1.html"} if channel == "web" else {"place": "区图书馆查阅点"}
        return {
            "task": self._name,
            "index_no": f"{self._organization}/{self._name}",
            "title": "学校名录更新",
            "summary": "全区义务教育学校名称、地址和电话",
            "formed_on": self._long_ago.isoformat(),
            "channel": channel,
            **place,
            "published_at": f"{today}T00:00:00+08:00",
            "reviews": {
                "secrecy": "pass",
                "personal_information": "pass",
                "reviewed_by": "staff-0200",
                "reviewed_on": today,
            },
        }

    def _table(self, *, both: bool = False) -> bytes:
        row = (
            *("1", "教育概况", "义务教育学校名录", "学校名称、地址、办公电话", "《政府信息公开条例》"),
            *("信息形成或者变更之日起10个工作日内", "区教育和体育局", "■政府网站 ■公开查阅点"),
            *("√", "√" if both else "", "√", "", "√", "", "义务教育", self._organization),
        )
        buffer = io.BytesIO()
        with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
            sheet = book.add_worksheet("目录")
            for number, line in enumerate((_TOP, row)):
                sheet.write_row(number, 0, line)
        return buffer.getvalue()
