"""The steps of the tour, in order. Each asserts what was promised; the first broken promise ends it."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from deploy.local.demo.city import CITY_CODE, Unit, units
from deploy.local.tour import texts
from deploy.local.tour.guide import Guide
from deploy.local.tour.office import DRAFTER_PERSON, POLICY_API, Office
from shared.schemas.dossiers import ThreeSyncReport
from shared.schemas.policies import PolicyInput

SEARCH_API = "/api/search/v1"
SEARCHABLE_WITHIN_SECONDS = 1.0
_PATIENCE_SECONDS = 30.0
_PAGE = 500


class Story:
    """One walk. Steps hand each other what they found."""

    def __init__(
        self, guide: Guide, run: texts.Run, unit: Unit, *, within_seconds: float = SEARCHABLE_WITHIN_SECONDS
    ) -> None:
        self.guide = guide
        self._within_seconds = within_seconds
        self.run = run
        self.unit = unit
        self.office = Office(guide, unit)
        self.policy_id = ""
        self.cursor = ""

    def tell(self) -> None:
        """All steps."""
        steps: tuple[Callable[[], None], ...] = (
            self.push_a_draft,
            self.show_that_it_is_secret,
            self.open_and_be_refused,
            self.write_plan_and_materials,
            self.review_and_approve,
            self.refuse_wrong_signers,
            self.void_a_signature,
            self.sign_again_and_release,
            self.find_it,
            self.read_both_ways,
            self.amend,
            self.read_as_of_days,
            self.compare_texts,
            self.repeal,
            self.refuse_the_neighbour,
            self.read_the_log,
        )
        for step in steps:
            step()

    def push_a_draft(self) -> None:
        self.guide.step("部门推送新文件", "A department pushes a new policy")
        self.cursor = self._end_of_log()
        receipt = self.office.push(self.run.external_id, texts.first_text(self.run, self.unit))
        self.policy_id = receipt["id"]
        self.guide.promise(receipt["outcome"] == "created", "推送得到回执：编号、版本、内容哈希、时间", receipt)
        self.guide.promise(not receipt["public"], "新文件尚未公开，等待会签卷发布", receipt)
        again = self.office.push(self.run.external_id, texts.first_text(self.run, self.unit))
        same = again["outcome"] == "unchanged" and again["id"] == self.policy_id
        self.guide.promise(same, "原样重推不产生任何变化，编号不变", again)

    def show_that_it_is_secret(self) -> None:
        self.guide.step("发布之前，公众看不到", "Not public, not searchable")
        self.guide.call(None, "GET", f"{POLICY_API}/policies/{self.policy_id}", expect=404, show=("code", "detail"))
        self.guide.call(None, "GET", f"{POLICY_API}/policies/{self.policy_id}/versions", expect=404, show=("code",))
        found = self._search(self.run.doc_no)
        self.guide.promise(self.policy_id not in found, "按字号也检索不到", found)
        self.guide.promise(not self._events_of_subject(), "事件日志里没有草案", "")

    def open_and_be_refused(self) -> None:
        self.guide.step("建立会签卷，缺项被拒", "A dossier, and the three-synchronised gate refuses it")
        self.office.open(self.policy_id)
        problem = self.office.act("department", "POST", ":submit", expect=409)
        self.guide.promise(problem["code"] == "three_sync_blocked", "报送被拒：三同步核查未通过", problem["code"])
        answer = self.guide.ask("department", "GET", f"{self.office.path}/three-sync")
        report = ThreeSyncReport.model_validate(answer.json())
        self.guide.promise(len(report.findings) == 30, "核查报告逐条给出 TS-01 至 TS-30", len(report.findings))
        failing = [item for item in report.findings if item.status == "fail"]
        rows = [(item.rule, item.name, item.severity.value, item.sentence) for item in failing]
        self.guide.table("未通过的规则", ("规则", "名称", "程度", "请这样改"), rows)
        missing = {"TS-02", "TS-03", "TS-04", "TS-09", "TS-10", "TS-13", "TS-14"}
        blocks = set(report.blocks)
        self.guide.promise(missing <= blocks, "方案、材料、同卷审批、合法性审核、保密审查缺一不可", blocks)
        self.guide.promise(self.office.read()["state"] == "returned", "会签卷自动退文，缺项已记录", "")

    def write_plan_and_materials(self) -> None:
        self.guide.step("编制解读方案和解读材料", "Plan and materials")
        self.office.plan("为什么换、怎样补、找谁办")
        self.office.add(texts.materials(self.unit))

    def review_and_approve(self) -> None:
        self.guide.step("逐件审查、部门主要负责人审批、报送", "Reviews, approval, submission")
        body = {"type": "secrecy", "subject": "policy", "result": "pass"}
        refused = self.office.act("department", "POST", "/reviews", body=body, expect=403)
        self.guide.promise(refused["code"] == "insufficient_scope", "起草单位不能自己审查自己", refused)
        self.guide.table("审查记录（针对当时的内容哈希）", ("审查", "对象", "结论", "哈希"), self.office.review())
        self.office.approve()
        self.office.submit()
        self.guide.promise(self.office.read()["state"] == "submitted", "补齐之后，报送通过", "")

    def refuse_wrong_signers(self) -> None:
        self.guide.step("不该签的人签不了", "Wrong signers are refused")
        refused = self.office.act("department", "POST", ":sign", expect=403)
        self.guide.promise(refused["code"] == "insufficient_scope", "没有签发权限的客户端被拒", refused)
        refused = self.office.act("office", "POST", ":sign", expect=409, person=DRAFTER_PERSON)
        code = refused["code"]
        self.guide.promise(code == "duties_not_separated", "起草人换一个客户端来签，同样被拒", refused)

    def void_a_signature(self) -> None:
        self.guide.step("签发之后再改，签发失效", "An edit voids the signature")
        self.office.sign()
        signature = self.office.read()["signature"]
        hashed = bool(signature["manifest"]) and not signature["void"]
        self.guide.promise(hashed, f"签发锁定 {len(signature['manifest'])} 项内容的哈希", signature)
        self.office.plan("为什么换、怎样补、找谁办，以及电梯停用期间怎么办")
        signature = self.office.read()["signature"]
        self.guide.promise(
            signature["void"] and signature["changed"] == ["plan"], "改动方案后，签发立即失效", signature
        )
        refused = self.office.act("office", "POST", ":release", expect=409)
        self.guide.promise(refused["code"] == "signature_void", "失效的签发不能发布", refused)

    def sign_again_and_release(self) -> None:
        self.guide.step("退回、重新审批、重新签发、发布", "Returned, approved, signed again, released")
        self.office.act("office", "POST", ":return", body={"reason": "方案有改动，请重新审批"}, expect=200)
        self.office.approve()
        self.office.submit()
        self.office.sign()
        released = self.office.release()
        self._time_until_searchable(time.monotonic())
        self.guide.promise(released["state"] == "released", "文件与解读在同一事务中公开", released["state"])

    def _time_until_searchable(self, released_at: float) -> None:
        """From the answer of the release to the first search that shows it."""
        while self.policy_id not in self._search(self.run.doc_no):
            if time.monotonic() - released_at > _PATIENCE_SECONDS:
                self.guide.promise(False, "发布后可以检索到", f"{_PATIENCE_SECONDS:.0f} 秒后仍检索不到")
        took = time.monotonic() - released_at
        promise = f"发布后 {took * 1000:.0f} 毫秒可以检索到（承诺 {self._within_seconds:g} 秒以内）"
        self.guide.promise(took < self._within_seconds, promise, f"{took:.2f} 秒")

    def find_it(self) -> None:
        self.guide.step(
            "检索：标题、字号的各种写法、拼音首字母", "Found by title, by number however spelled, by pinyin"
        )
        path = f"{SEARCH_API}/search?q={quote(self.run.doc_no)}"
        self.guide.call(None, "GET", path, expect=200, show=("total", "items"))
        for spelling in texts.odd_spellings(self.run):
            found = self._search(spelling)
            first = bool(found) and found[0] == self.policy_id
            self.guide.promise(first, f"“{spelling}”首先找到它", found[:3])
        for query in (texts.TITLE, "电梯更新补助", texts.PINYIN, texts.INITIALS):
            self.guide.promise(self.policy_id in self._search(query), f"“{query}”找得到它", query)
        path = f"{SEARCH_API}/suggest?q={quote('老旧电梯')}"
        titles = [item["title"] for item in self.guide.call(None, "GET", path, expect=200)["items"]]
        self.guide.promise(texts.TITLE in titles, "输入几个字就有提示", titles)
        answer = self.guide.ask(None, "GET", f"{SEARCH_API}/search?q={quote(texts.TITLE)}").json()
        self.guide.promise(bool(answer["freshness"]), f"结果注明反映至何时：{answer['freshness'][0]['reflects_until']}")

    def read_both_ways(self) -> None:
        self.guide.step("阅读：文件与解读双向关联", "Read with its interpretation, links both ways")
        policy = self._read_policy(show=("title", "doc_no", "reg_no", "validity", "interpretations"))
        linked = policy["interpretations"]
        self.guide.promise(len(linked) == 2, "文件页列出两份解读", linked)
        for item in linked:
            path = f"{POLICY_API}/interpretations/{item['id']}"
            there = self.guide.call(None, "GET", path, expect=200, show=("title", "form", "policy"))
            same = there["policy"]["id"] == self.policy_id
            self.guide.promise(same, f"解读《{there['title']}》指回这份文件", there["policy"])
            self.guide.promise(there["published_on"] == policy["published_on"], "与文件同日公开", there["published_on"])
        articles = [node["address"] for node in policy["outline"]]
        self.guide.promise("art-4" in articles, "逐条有固定地址，如 art-4", articles)

    def _read_policy(self, query: str = "", *, show: tuple[str, ...]) -> Any:
        path = f"{POLICY_API}/policies/{self.policy_id}{query}"
        return self.guide.call(None, "GET", path, expect=200, show=show)

    def amend(self) -> None:
        self.guide.step("修订：推送并发布第二个文本", "A second text, pushed and released")
        receipt = self.office.push(self.run.external_id, texts.second_text(self.run, self.unit))
        updated = receipt["outcome"] == "updated" and receipt["id"] == self.policy_id
        self.guide.promise(updated, "同一编号，版本加一", receipt)
        before = self._read_policy(show=("version_number", "validity"))
        self.guide.promise("八万元" in before["body"], "修订发布之前，公众读到的仍是原文本", before["version_number"])
        outline = "哪里提高了、为什么提高、从哪天起"
        self.office.carry_to_release(self.policy_id, outline, texts.materials(self.unit, again=True))

    def read_as_of_days(self) -> None:
        self.guide.step("时点查询：哪天适用哪个文本", "The text in force on any day")
        later = self.run.second_text_on
        for day, number, sum_ in ((self.run.today, 1, "八万元"), (later, 2, "十二万元")):
            policy = self._read_policy(f"?as_of={day}", show=("as_of", "version_number", "validity"))
            fits = policy["version_number"] == number and sum_ in policy["body"]
            self.guide.promise(fits, f"{day} 适用第 {number} 个文本（补助{sum_}）", policy["version_number"])
        lapsed = self._read_policy("?as_of=2099-01-01", show=("as_of", "validity"))
        self.guide.promise(lapsed["validity"] == "lapsed", "有效期之后：失效", lapsed["validity"])
        self._read_heating_regulation()

    def _read_heating_regulation(self) -> None:
        """A regulation of the demo data, with three texts since 2019; left out where the demo is not loaded."""
        number = "泉城市人民政府令第251号"
        answer = self.guide.ask(None, "GET", f"{POLICY_API}/policies?doc_no={quote(number)}").json()
        if not answer["items"]:
            self.guide.say("演示数据没有载入，略过规章的历史")
            return
        path = f"{POLICY_API}/policies/{answer['items'][0]['id']}"
        for day, words in (("2020-01-01", "不得低于十八摄氏度"), ("2023-01-01", "不得低于二十摄氏度")):
            policy = self.guide.call(
                None, "GET", f"{path}?as_of={day}", expect=200, show=("title", "as_of", "version_number", "validity")
            )
            self.guide.promise(words in policy["body"], f"供热管理办法在 {day}：“{words}”", policy["version_number"])

    def compare_texts(self) -> None:
        self.guide.step("历次文本与逐条比较", "History and comparison")
        path = f"{POLICY_API}/policies/{self.policy_id}"
        versions = self.guide.ask(None, "GET", f"{path}/versions").json()
        listed = versions["items"] if isinstance(versions, dict) else versions
        rows = [(str(v["number"]), v["label"] or "", v["effective_on"] or "", v["content_hash"][:16]) for v in listed]
        self.guide.table("历次文本", ("文本", "名称", "施行日期", "哈希"), sorted(rows))
        self.guide.promise(len(listed) == 2, "两个文本都在，原文本没有被覆盖", listed)
        compared = self.guide.call(
            None,
            "GET",
            f"{path}/compare?from=1&to=2",
            expect=200,
            show=("equal", "changed", "added", "removed", "renumbered"),
        )
        self.guide.promise(compared["changed"] >= 1 and compared["added"] == 1, "逐条指出修改一条、新增一条", compared)
        html = self.guide.ask(None, "GET", f"{path}/compare?from=1&to=2&format=html")
        self.guide.promise("<ins" in html.text and "<del" in html.text, "同一比较也有网页格式，逐字标出增删", html.text)

    def repeal(self) -> None:
        self.guide.step("另一份文件将它废止", "Another act repeals it")
        act = self._release_repealing_act(texts.repealing_act(self.run, self.unit))
        policy = self._read_policy(show=("validity", "validity_note", "repealed_on"))
        self.guide.promise(policy["validity"] == "repealed", "有效性由关系和日期推出：已废止", policy["validity"])
        self.guide.promise(
            self.run.repeal_no in (policy["validity_note"] or ""), "注明被哪份文件废止", policy["validity_note"]
        )
        inverse = [relation for relation in policy["relations"] if relation["type"] == "repealed_by"]
        self.guide.promise([item["policy_id"] for item in inverse] == [act], "反向关系同时可见", policy["relations"])
        self._wait_until(lambda: self.policy_id not in self._search(self.run.doc_no), "默认检索不再列出已废止的文件")
        found = self.guide.ask(
            None, "GET", f"{SEARCH_API}/search?q={quote(self.run.doc_no)}&include_lapsed=true"
        ).json()["items"]
        flagged = [hit for hit in found if hit["id"] == self.policy_id and hit["flagged"]]
        self.guide.promise(bool(flagged), "要求包括失效文件时列出，并带标志", found[:2])
        shown = {hit["id"] for hit in found if hit["policy_id"] == self.policy_id and not hit["flagged"]}
        self.guide.promise(not shown, "它的解读也带标志", shown)

    def _release_repealing_act(self, act: PolicyInput) -> str:
        receipt = self.office.push(f"{self.run.external_id}-REPEAL", act)
        self.office.open(receipt["id"])
        reason = {"reason": "self_explanatory", "explanation": "只废止一份文件，没有新的内容"}
        self.office.act("department", "PUT", "/exemption", body=reason, expect=200)
        body = {"type": "disclosure_office", "subject": "exemption", "result": "pass"}
        self.office.act("review", "POST", "/reviews", body=body, expect=201)
        self.guide.say(f"政务公开机构同意免予解读；另作审查 {len(self.office.review(()))} 项")
        self.office.approve()
        self.office.submit()
        self.office.sign()
        self.office.release()
        return str(receipt["id"])

    def refuse_the_neighbour(self) -> None:
        self.guide.step("370102 的客户端写不了 370103 和市级", "A client of 370102 is refused on 370103 and the city")
        own, neighbour = units()["minghu"].code, units()["wenchang"].code
        body = PolicyInput(title="明湖区关于试写的通知", body="试写。").model_dump(mode="json", exclude_defaults=True)
        for organization, expected in ((own, {200, 201}), (neighbour, 403), (CITY_CODE, 403)):
            path = f"{POLICY_API}/organizations/{organization}/policies/TOUR-try?validate_only=true"
            answer = self.guide.call(
                "district_370102", "PUT", path, body=body, expect=expected, show=("outcome", "code", "detail")
            )
            if expected == 403:
                self.guide.promise(answer["code"] == "outside_subtree", "不在本机关及下级范围内，被拒", answer)

    def read_the_log(self) -> None:
        self.guide.step("事件日志：每次变化一条，先后有序", "Every change is in the log, in order")
        events = self._events_of_subject()
        rows = [(e["sequence"], e["type"], str(e["subjectversion"]), e["time"]) for e in events]
        self.guide.table("这份文件的事件", ("序号", "类型", "版本", "时间"), rows)
        self.guide.promise(events[0]["type"] == "policy.released", "第一条是发布", rows)
        versions = [event["subjectversion"] for event in events]
        self.guide.promise(versions == sorted(set(versions)), "版本只增不减，没有重复", versions)
        last = events[-1]["data"]
        self.guide.promise(last["validity"] == "repealed", "最后一条带着当前的完整内容", last["validity"])

    def _search(self, query: str) -> list[str]:
        path = f"{SEARCH_API}/search?q={quote(query)}&limit=50&type=policy"
        answer = self.guide.ask(None, "GET", path)
        if answer.status_code != 200:
            self.guide.promise(False, f"检索“{query}”有应答", answer.text)
        return [hit["id"] for hit in answer.json()["items"]]

    def _wait_until(self, holds: Callable[[], bool], promise: str) -> None:
        started = time.monotonic()
        while not holds():
            if time.monotonic() - started > _PATIENCE_SECONDS:
                self.guide.promise(False, promise, f"{_PATIENCE_SECONDS:.0f} 秒后仍未做到")
        self.guide.promise(True, f"{promise}（{(time.monotonic() - started) * 1000:.0f} 毫秒）")

    def _end_of_log(self) -> str:
        """The cursor from which only new events follow."""
        return self._follow("")[1]

    def _events_of_subject(self) -> list[Any]:
        return [event for event in self._follow(self.cursor)[0] if event["subject"] == self.policy_id]

    def _follow(self, cursor: str) -> tuple[list[Any], str]:
        events: list[Any] = []
        while True:
            after = f"&after={quote(cursor)}" if cursor else ""
            page = self.guide.ask("office", "GET", f"{POLICY_API}/events?limit={_PAGE}{after}").json()
            events += page["events"]
            cursor = page["cursor"]
            if page["at_end"]:
                return events, cursor
