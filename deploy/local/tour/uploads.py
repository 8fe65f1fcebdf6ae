"""A chapter of the tour: a Word file becomes a draft, its attachments are kept, reviewed and named, quality is reported."""

import csv
import io
from typing import Any

import docx

from deploy.local.demo.city import CITY, CITY_CODE, OFFICE, units
from deploy.local.demo.files import draw_bars
from deploy.local.tour.guide import Guide
from deploy.local.tour.office import POLICY_API
from deploy.local.tour.texts import Run

_PASS = {"secrecy": "pass", "personal_information": "pass"}
_FILES = f"{POLICY_API}/organizations/{CITY_CODE}/files"


class Uploads:
    """The chapter. The archive uploads, the review system reviews, everybody reads."""

    def __init__(self, guide: Guide, run: Run) -> None:
        self._guide = guide
        self._run = run
        self._draft: dict[str, Any] = {}
        self._policy = ""

    def tell(self) -> None:
        """All steps."""
        self.parse_a_word_file()
        self.refuse_what_means_harm()
        attachments = [
            self.keep("点位表.csv", self._table()),
            self.keep("点位图.png", draw_bars(tuple(int(digit) + 1 for digit in str(self._run.number)))),
        ]
        self.publish(attachments)
        self.look_at_quality()

    def parse_a_word_file(self) -> None:
        self._guide.step("上传 Word 文件，读出草稿和疑点", "A Word file is read into a draft")
        parsed = self._upload("archive", f"{POLICY_API}/policies:parse", "通知.docx", self._word(), 200)
        self._draft = {name: value for name, value in parsed["draft"].items() if value}
        read = (self._draft["kind"], self._draft["signed_on"], [node["address"] for node in parsed["outline"]])
        self._guide.promise(read[0] == "notice" and len(read[2]) == 2, "文种、成文日期、篇章结构都读出来了", read)
        pointers = {one["pointer"] for one in parsed["uncertain"]}
        self._guide.promise("/attachments" in pointers, "提示附件需另行上传", pointers)

    def refuse_what_means_harm(self) -> None:
        self._guide.step("有害的文件说明理由后拒收", "What means harm is refused, with the reason")
        refused = self._upload("archive", _FILES, "表.csv", b"<html><script>alert(1)</script>", 415)
        self._guide.promise(refused["code"] == "unsupported_media_type", "网页改名为表格也认得出", refused["code"])

    def keep(self, name: str, content: bytes) -> dict[str, Any]:
        self._guide.step(f"附件{name}：上传、审查", "An attachment is kept and reviewed")
        receipt = self._upload("archive", _FILES, name, content, {200, 201})
        sha256 = receipt["file"]["sha256"]
        self._guide.call("archive", "GET", f"{POLICY_API}/files/{sha256}", expect=200, show=())
        self._guide.call(None, "GET", f"{POLICY_API}/files/{sha256}", expect=404, show=("code",))
        self._guide.call("review", "PUT", f"{_FILES}/{sha256}/review", body=_PASS, expect=200, show=("review",))
        return {name: value for name, value in receipt["attachment"].items() if value is not None}

    def publish(self, attachments: list[dict[str, Any]]) -> None:
        self._guide.step("公布文件，附件随之公开", "Published: its files are public with it")
        body = {**self._draft, "attachments": attachments, "published_on": self._run.today.isoformat()}
        path = f"{POLICY_API}/organizations/{CITY_CODE}/policies/{self._run.external_id}-FILES"
        refused = self._guide.call("archive", "PUT", path, body=body, expect=422, show=("errors",))
        pointers = [one["pointer"] for one in refused["errors"]]
        self._guide.promise(pointers == ["/attachments/1/alt_text"], "图片没有替代文本，拒收", pointers)
        attachments[1]["alt_text"] = "点位图：两根柱子，表示两处点位的容量。"
        kept = self._guide.call("archive", "PUT", path, body=body, expect=201, show=("outcome", "id"))
        self._policy = f"{POLICY_API}/policies/{kept['id']}"
        for attachment in attachments:
            answer = self._guide.ask(None, "GET", attachment["url"])
            right = answer.status_code == 200 and answer.headers["content-type"] == attachment["media_type"]
            self._guide.promise(right, f"公众可下载{attachment['name']}，类型按内容", answer.status_code)

    def look_at_quality(self) -> None:
        self._guide.step("质量报告：逐份和全市", "Quality, of one document and of all")
        report = self._guide.call(
            "archive", "GET", f"{POLICY_API}/organizations/{CITY_CODE}/quality?subtree=true", expect=200
        )
        self._guide.promise(report["documents"] > 0, f"全市已检查{report['documents']}份文件", report)
        own = self._guide.call("archive", "GET", f"{self._policy}/quality", expect=200, show=("score", "findings"))
        rules = {finding["rule"] for finding in own["findings"]}
        self._guide.promise("LIB-05" not in rules, "这份文件的附件都查得到", own["findings"])

    def _upload(self, who: str, path: str, name: str, content: bytes, expect: int | set[int]) -> Any:
        return self._guide.call(who, "POST", path, file=(name, content), expect=expect)

    def _word(self) -> bytes:
        """What an office writes."""
        document, office = docx.Document(), units()[OFFICE].name
        lines = (
            f"{office}关于公布第{self._run.number}批互联网租赁自行车停放点位的通知",
            "各区县人民政府，市政府各部门：",
            "为方便群众出行，规范停放秩序，现将停放点位予以公布。",
            "一、点位和容量见附件，现场以标线为准。",
            "二、各区县应当每季度核对一次点位。",
            "附件：1.点位表",
            "2.点位图",
            office,
            f"{self._run.today.year}年{self._run.today.month}月{self._run.today.day}日",
            "（此件公开发布）",
        )
        for line in lines:
            document.add_paragraph(line)
        out = io.BytesIO()
        document.save(out)
        return out.getvalue()

    def _table(self) -> bytes:
        out = io.StringIO()
        csv.writer(out).writerows([("区县", "路段", "可停车辆"), (f"{CITY}明湖区", f"第{self._run.number}批", 40)])
        return out.getvalue().encode()
