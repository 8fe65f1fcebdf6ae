"""A chapter of the tour: a regulation amended twice, one article repealed, and every day asked what was in force and
what was said of it."""

from datetime import UTC, datetime
from typing import Any

from deploy.local.demo.city import CITY, CITY_CODE
from deploy.local.tour.guide import Guide
from deploy.local.tour.office import POLICY_API
from deploy.local.tour.texts import Run
from shared.schemas.policies import (
    DocClass,
    DocKind,
    PolicyInput,
    RelationInput,
    RelationType,
    VersionInput,
)

TITLE = f"{CITY}湖面游船管理办法"
_FIRST = """第一条　为了保障湖面游船安全，制定本办法。
第二条　游船应当每年检验一次。
第三条　乘客应当穿着救生衣。
第四条　夜间不得开航。
第五条　本办法自2012年5月1日起施行。"""
_TEXTS = (
    (_FIRST, "2012-03-20", "2012-05-01", "原始文本", 1),
    (_FIRST.replace("每年检验一次", "每年检验两次"), "2017-06-30", "2017-08-01", "第一次修正", 2),
    (
        _FIRST.replace("每年检验一次", "每年检验两次").replace("应当穿着救生衣", "应当全程穿着救生衣，儿童有专人看护"),
        "2022-11-10",
        "2023-01-01",
        "第二次修正",
        3,
    ),
)
_ASKED = (
    ("2012-04-30", 1, "not_yet", "每年检验一次"),
    ("2012-05-01", 1, "in_force", "每年检验一次"),
    ("2017-07-31", 1, "in_force", "每年检验一次"),
    ("2017-08-01", 2, "in_force", "每年检验两次"),
    ("2022-12-31", 2, "in_force", "应当穿着救生衣"),
    ("2023-01-01", 3, "in_force", "儿童有专人看护"),
)


class History:
    """The chapter. The city's archive imports; everybody reads."""

    def __init__(self, guide: Guide, run: Run) -> None:
        self._guide = guide
        self._run = run
        self._path = ""

    def tell(self) -> None:
        """All steps."""
        self.import_three_texts()
        known_at = datetime.now(UTC).isoformat().replace("+", "%2B")
        self.ask_every_day()
        self.compare_with_addresses()
        self.repeal_one_article()
        self.ask_what_was_known(known_at)

    def import_three_texts(self) -> None:
        self._guide.step("规章两次修正：历次文本与题注", "A regulation with three texts, and its caption")
        ids = {self._import(f"{self._run.external_id}-BOAT", self._text(*text))["id"] for text in _TEXTS}
        self._guide.promise(len(ids) == 1, "三个文本同属一份文件", ids)
        self._path = f"{POLICY_API}/policies/{ids.pop()}"
        shown = self._read("", show=("title", "caption", "version_number", "versions"))
        standings = [version["standing"] for version in shown["versions"]]
        self._guide.promise(standings == ["past", "past", "current"], "历史文本两个，现行文本一个", standings)
        told = shown["caption"]
        whole = told.count("修正") == 2 and told.endswith("自2012年5月1日起施行）")
        self._guide.promise(whole, f"题注由历次文本自动生成：{told}", told)

    def ask_every_day(self) -> None:
        self._guide.step("任意一天适用哪个文本", "As of any day")
        for day, number, validity, words in _ASKED:
            shown = self._read(f"?as_of={day}", show=("as_of", "version_number", "validity"))
            fits = (shown["version_number"], shown["validity"]) == (number, validity) and words in shown["body"]
            self._guide.promise(fits, f"{day}：第 {number} 个文本，“{words}”", shown["version_number"])

    def compare_with_addresses(self) -> None:
        self._guide.step("逐条比较，条款有地址", "Compared by article")
        path = f"{self._path}/compare?from=1&to=3"
        compared = self._guide.call(None, "GET", path, expect=200, show=("equal", "changed", "added", "removed"))
        self._guide.promise(compared["changed"] == 2, "第二条、第三条有修改", compared["changed"])

    def repeal_one_article(self) -> None:
        self._guide.step("另一份决定废止其中一条", "One article is repealed by another act")
        decision = PolicyInput(
            title=f"{CITY}人民政府关于废止《{TITLE}》部分条款的决定",
            doc_class=DocClass.REGULATION,
            kind=DocKind.ORDER,
            published_on=self._run.today,
            effective_on=self._run.today,
            body=f"废止《{TITLE}》第四条。\n本决定自公布之日起施行。",
            relations=[
                RelationInput(
                    type=RelationType.PARTLY_REPEALS,
                    target_id=self._path.rpartition("/")[2],
                    articles=["art-4"],
                )
            ],
        )
        self._import(f"{self._run.external_id}-BOAT-CUT", decision)
        shown = self._read("", show=("validity", "partly_repealed", "relations"))
        self._guide.promise(shown["validity"] == "in_force", "规章仍然有效", shown["validity"])
        self._guide.promise(shown["partly_repealed"] == ["art-4"], "第四条已注明废止", shown["partly_repealed"])
        inverse = [item["type"] for item in shown["relations"]]
        self._guide.promise("partly_repealed_by" in inverse, "反向关系同时可见", inverse)

    def ask_what_was_known(self, known_at: str) -> None:
        self._guide.step("当时的网站是怎么说的", "What the library said then")
        query = f"?as_of={self._run.today}&as_known_at={known_at}"
        then = self._read(query, show=("as_of", "as_known_at", "partly_repealed"))
        self._guide.promise(
            then["partly_repealed"] == [], "废止决定入库之前，本库还没有这样说", then["partly_repealed"]
        )
        long_ago = f"{self._path}?as_known_at=2001-01-01"
        self._guide.call(None, "GET", long_ago, expect=404, show=("code", "detail"))

    def _text(self, body: str, day: str, effective_on: str, label: str, number: int) -> PolicyInput:
        return PolicyInput(
            title=TITLE,
            doc_class=DocClass.REGULATION,
            kind=DocKind.ORDER,
            signed_on=_TEXTS[0][1],
            published_on=day,
            effective_on=_TEXTS[0][2],
            body=body,
            version=VersionInput(
                label=label,
                adopted_on=day,
                effective_on=effective_on,
                instrument=f"{CITY}人民政府令第{self._run.number}{number}号",
            ),
        )

    def _import(self, external_id: str, policy: PolicyInput) -> Any:
        path = f"{POLICY_API}/organizations/{CITY_CODE}/policies/{external_id}"
        body = policy.model_dump(mode="json", exclude_defaults=True)
        return self._guide.call("archive", "PUT", path, body=body, expect={200, 201}, show=("outcome", "id", "version"))

    def _read(self, query: str, *, show: tuple[str, ...]) -> Any:
        return self._guide.call(None, "GET", f"{self._path}{query}", expect=200, show=show)
