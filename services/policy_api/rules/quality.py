"""Quality of a stored document (domain.md §6.8, LIB-01 to LIB-08): what is missing, does not fit, or leads nowhere.

Looks at a public representation and at what the library knows around it. Complete lists against the registration ledger
(LIB-04) are only as good as the ledger's numbers in the documents; whether search finds the text is search_sync's.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from services.policy_api.rules.bodies import plain_text
from services.policy_api.rules.checks import months_of_validity
from services.policy_api.rules.doc_number import parse_doc_number
from services.policy_api.rules.extraction import extract_metadata
from services.policy_api.rules.interpretation_duty import is_in_scope
from services.policy_api.rules.page_furniture import remove_furniture
from services.policy_api.rules.registration import check_registration_number
from services.policy_api.rules.themes import THEMES, check_theme
from shared.schemas.policies import DocClass
from shared.schemas.quality import QualityFinding, QualitySeverity

RULES_VERSION = 1
"""Raise with every change of what is found: all documents are looked at again."""

_ERROR, _WARNING = QualitySeverity.ERROR, QualitySeverity.WARNING
_SHORT_TEXT = 50
_SHOWN = 60
_ATTACHMENT_NOTE = re.compile(r"^附件[：:\s]*(?:\d+[.．、])?\s*\S", re.MULTILINE)
_ENDS = {"repeals", "replaces"}
_ENDED_BY = {"repealed_by", "replaced_by"}
_MANDATORY = {
    "theme": ("主题分类", "公众无法按主题找到"),
    "signed_on": ("成文日期", "无法排序和核对"),
    "index_no": ("索引号", "条例第十二条要求目录有索引"),
}


@dataclass(frozen=True)
class Surroundings:
    """What the library knows around a document."""

    same_text: tuple[str, ...] = ()
    """Titles of other public documents with the same text."""
    same_registration: tuple[str, ...] = ()
    """Titles of other public documents with the same registration number."""
    outlines: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By policy id, the addresses of documents of which this one repeals parts."""


Finding = tuple[str, QualitySeverity, str, str, str | None]
Findings = Iterator[Finding]


def inspect(document: dict[str, Any], around: Surroundings, *, today: date) -> list[QualityFinding]:
    """Everything there is to mend, in the order of the rules. `document` is a public representation."""
    text = plain_text(document["body"]) if document["body_format"] == "html" else document["body"]
    found = [
        *_elements(document),
        *_numbers(document, around),
        *_dates(document),
        *_status(document, around),
        *_registration(document),
        *_readable(document, text),
        *_unique(around),
        *_links(document, today),
        *_furniture(text),
    ]
    return [
        QualityFinding(rule=rule, severity=severity, pointer=pointer, sentence=sentence, evidence=evidence)
        for rule, severity, pointer, sentence, evidence in found
    ]


def score_of(findings: list[QualityFinding]) -> int:
    """100 less 10 an error and 2 a warning."""
    lost = sum(10 if finding.severity is _ERROR else 2 for finding in findings)
    return max(0, 100 - lost)


def _elements(document: dict[str, Any]) -> Findings:
    """LIB-01 要素齐全."""
    for name, (label, why) in _MANDATORY.items():
        if not document[name] and not (document["doc_class"] == "law" and name == "index_no"):
            yield "LIB-01", _ERROR, f"/{name}", f"没有{label}，{why}", None
    if not document["doc_no"] and document["kind"] not in ("none",) and document["doc_class"] != "law":
        yield "LIB-01", _ERROR, "/doc_no", "没有发文字号", None
    if document["theme"] and _lacks_second_level(document["theme"]):
        yield "LIB-01", _WARNING, "/theme", "主题分类只有一级，建议填写二级", document["theme"]
    if document["contact"] is None and document["doc_class"] in ("normative", "other"):
        yield "LIB-01", _WARNING, "/contact", "没有联系方式，公众有疑问时找不到人", None
    for number, item in enumerate(document["attachments"]):
        if not item["sha256"]:
            sentence = "附件没有文件哈希，无法证明内容未变"
            yield "LIB-01", _WARNING, f"/attachments/{number}/sha256", sentence, item["name"]


def _lacks_second_level(theme: str) -> bool:
    try:
        return bool(THEMES.get(check_theme(theme)))
    except ValueError:
        return False


def _numbers(document: dict[str, Any], around: Surroundings) -> Findings:
    """LIB-02 字号规范、唯一."""
    number = document["doc_no"]
    if number and not _is_sound(parse_doc_number, number):
        yield "LIB-02", _ERROR, "/doc_no", "发文字号不规范", number
    if number and document["doc_no_raw"] not in (None, number):
        yield "LIB-02", _WARNING, "/doc_no_raw", f"原件的字号写法不规范，已规范为{number}", document["doc_no_raw"]
    if number and document["signed_on"] and "〔" in number and f"〔{document['signed_on'][:4]}〕" not in number:
        yield "LIB-02", _WARNING, "/doc_no", "发文字号的年份与成文日期不同", f"{number} {document['signed_on']}"
    for title in around.same_registration:
        yield "LIB-02", _ERROR, "/reg_no", f"统一登记号与另一份文件《{title}》相同", document["reg_no"]


def _is_sound(check: Callable[[str], object], value: str) -> bool:
    try:
        check(value)
    except ValueError:
        return False
    return True


def _dates(document: dict[str, Any]) -> Findings:
    """Dates that cannot all be right, or need a reason (domain.md §6.1)."""
    order = ("signed_on", "issued_on", "published_on")
    days = [(name, document[name]) for name in order if document[name]]
    for (earlier, first), (later, second) in pairwise(days):
        if second < first:
            yield (
                "LIB-01",
                _ERROR,
                f"/{later}",
                "日期先后不合：成文、印发、发布应依次在后",
                f"{first} {earlier} > {second}",
            )
    if document["effective_on"] < document["published_on"]:
        sentence = "施行日期早于发布日期，请确认文件确有溯及的规定"
        yield "LIB-03", _WARNING, "/effective_on", sentence, f"{document['effective_on']} {document['published_on']}"
    # 规章制定程序条例第三十二条: 规章应当自公布之日起30日后施行，涉及国家安全等的除外.
    if document["doc_class"] == "regulation" and _day(document["effective_on"]) < _day(
        document["published_on"]
    ) + timedelta(days=30):
        yield "LIB-03", _WARNING, "/effective_on", "规章的施行日期距公布不足30日，请确认属于法定例外", None


def _day(value: str) -> date:
    return date.fromisoformat(value)


def _status(document: dict[str, Any], around: Surroundings) -> Findings:
    """LIB-03 有效性与关系一致."""
    acts = {relation["type"] for relation in document["relations"]}
    if document["repealed_on"] and not acts & _ENDED_BY:
        yield "LIB-03", _WARNING, "/repealed_on", "已废止，但库中没有废止它的文件；请补录并建立关系", None
    stated = extract_metadata(document["body"] if document["body_format"] == "text" else plain_text(document["body"]))
    if stated.expires_on is not None and not acts & {"continued_by", "amended_by"}:
        said = stated.expires_on.isoformat()
        if document["expires_on"] is None:
            yield "LIB-03", _ERROR, "/expires_on", f"正文写明有效期至{said}，登记中没有", said
        elif document["expires_on"] != said:
            sentence = f"正文写明有效期至{said}，登记为{document['expires_on']}"
            yield "LIB-03", _ERROR, "/expires_on", sentence, said
    for number, relation in enumerate(document["relations"]):
        known = around.outlines.get(str(relation["policy_id"]))
        if relation["type"] == "partly_repeals" and known is not None:
            for article in relation["articles"]:
                if not any(article == address or article.startswith(f"{address}-") for address in known):
                    sentence = f"所废止的条款在对方文件中不存在：{article}"
                    yield "LIB-03", _ERROR, f"/relations/{number}/articles", sentence, article


def _registration(document: dict[str, Any]) -> Findings:
    """LIB-04 规范性文件的登记号和有效期（省政府令第353号）."""
    if document["doc_class"] != "normative":
        if document["reg_no"]:
            yield "LIB-04", _WARNING, "/reg_no", "不是行政规范性文件却有统一登记号，请核对文件类别", document["reg_no"]
        return
    if not document["reg_no"]:
        yield "LIB-04", _ERROR, "/reg_no", "行政规范性文件没有统一登记号", None
    elif not _is_sound(check_registration_number, document["reg_no"]):
        yield "LIB-04", _ERROR, "/reg_no", "统一登记号不规范", document["reg_no"]
    if document["expires_on"] is None:
        yield "LIB-04", _WARNING, "/expires_on", "行政规范性文件没有有效期", None
        return
    most = months_of_validity(document["title"])
    if _day(document["expires_on"]) > _months_later(_day(document["effective_on"]), most):
        yield "LIB-04", _WARNING, "/expires_on", f"有效期超过{most // 12}年的通常上限", document["expires_on"]


def _months_later(day: date, months: int) -> date:
    year = day.year + months // 12
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def _readable(document: dict[str, Any], text: str) -> Findings:
    """LIB-05 正文可检索，不只是图片或附件."""
    bare = "".join(text.split())
    if len(bare) < _SHORT_TEXT:
        has_image = "<img" in document["body"]
        if document["attachments"] or has_image:
            sentence = "正文只有图片或附件，没有可检索的文字" if has_image else "正文几乎没有文字，内容都在附件里"
            yield "LIB-05", _ERROR, "/body", sentence, f"{len(bare)}字"
        else:
            yield "LIB-05", _WARNING, "/body", "正文过短，请确认完整", f"{len(bare)}字"
    if not document["attachments"] and _ATTACHMENT_NOTE.search(text):
        yield "LIB-05", _ERROR, "/attachments", "正文列有附件，登记中一个也没有", None


def _unique(around: Surroundings) -> Findings:
    """LIB-07 数据同源：一份文件一个编号."""
    for title in around.same_text:
        yield "LIB-07", _ERROR, "/body", f"与另一份文件《{title}》正文完全相同，请只保留一份并互相引用", None


def _links(document: dict[str, Any], today: date) -> Findings:
    """LIB-08 双向关联."""
    for number, relation in enumerate(document["relations"]):
        if relation["policy_id"] is None and relation["type"] in _ENDS | {"amends", "partly_repeals", "continues"}:
            named = relation["doc_no"] or relation["title"]
            sentence = f"所修改或废止的文件不在库中：{named}；请补录"
            yield "LIB-08", _WARNING, f"/relations/{number}", sentence, named
    concerns_many = any(document[name] for name in ("market_related", "livelihood", "major"))
    in_scope = is_in_scope(DocClass(document["doc_class"]), concerns_many=concerns_many)
    fresh = _day(document["published_on"]) + timedelta(days=7) > today
    if in_scope and not document["interpretations"] and document["validity"] == "in_force" and not fresh:
        yield "LIB-08", _ERROR, "/interpretations", "应当解读的文件没有解读", None


def _furniture(text: str) -> Findings:
    """Lines that belong to a web page, not to the document."""
    own = [line.strip(" \t\r\u3000\xa0\ufeff") for line in text.split("\n")]
    left = remove_furniture(text)
    strange = [line for line in own if line and line not in set(left)]
    if strange:
        sentence = f"正文混有网页上的文字{len(strange)}行，请清理"
        yield "LIB-05", _WARNING, "/body", sentence, strange[0][:_SHOWN]
