"""Whether a document's fields fit together (domain.md §6.1 to §6.7, §13), beyond the form that the schema holds.

Errors refuse a push and carry a JSON pointer and a sentence for the clerk; warnings let it pass. New documents are held
to the letter, imports of what was published long ago only to what cannot be otherwise. Whether a number is taken,
an organisation exists or a dossier is complete is not known here.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from services.policy_api.rules.doc_number import parse_doc_number
from services.policy_api.rules.index_number import check_index_number
from services.policy_api.rules.registration import check_registration_number
from services.policy_api.rules.themes import THEMES, check_theme
from shared.schemas.policies import (
    KIND_NAMES,
    DocClass,
    DocKind,
    PolicyInput,
    PublicityAttribute,
    RelationInput,
    RelationType,
)
from shared.schemas.problems import InvalidField

_UPWARD = frozenset({DocKind.REPORT, DocKind.REQUEST, DocKind.PROPOSAL})
_DATE_NAMES = {
    "signed_on": "成文日期",
    "issued_on": "印发日期",
    "published_on": "发布日期",
    "effective_on": "施行日期",
    "expires_on": "有效期至",
    "repealed_on": "废止日期",
}
_TEXTS = ("title", "body", "summary", "addressee", "copies_to", "publicity_reason", "expiry_reason", "combo_class")
FIRST_YEAR = 1949
_YEARS_AHEAD = 50
_TRAILING_NOTE = re.compile(r"[\s　]*[（(][^（）()]{1,40}[）)]$")
# 规章制定程序条例第七条: 规章的名称一般称“规定”、“办法”，但不得称“条例”. A decision amends or repeals one.
_REGULATION_ENDINGS = ("规定", "办法", "细则", "规则", "决定")
# 《山东省行政规范性文件制定和监督管理办法》and the province's practice: five years, two on trial.
_MAX_YEARS, _TRIAL_MAX_YEARS = 5, 2
_TRIAL = re.compile(r"[（(](?:试行|暂行)[）)]|暂行|试行")
_TITLE_KINDS = {
    "通知": DocKind.NOTICE,
    "通告": DocKind.CIRCULAR,
    "公告": DocKind.PROCLAMATION,
    "意见": DocKind.OPINION,
    "决定": DocKind.DECISION,
    "批复": DocKind.REPLY,
    "通报": DocKind.BULLETIN,
    "函": DocKind.LETTER,
}

Errors = Iterator[tuple[str, str]]


def check_policy(wanted: PolicyInput, *, importing: bool, today: date) -> list[InvalidField]:
    """Everything that is wrong with a push, in the order of its fields; empty when it may be taken."""
    found = [
        *_check_texts(wanted),
        *_check_title(wanted, importing=importing),
        *_check_numbers(wanted, importing=importing),
        *_check_plausible(wanted, today),
        *_check_order(wanted, importing=importing, today=today),
        *_check_version(wanted, importing=importing),
        *_check_publicity(wanted, importing=importing),
        *_check_lists(wanted),
        *_check_relations(wanted, importing=importing),
    ]
    return [InvalidField(pointer=pointer, detail=detail) for pointer, detail in found]


def find_warnings(wanted: PolicyInput) -> list[str]:
    """What a clerk should look at although nothing forbids it."""
    return [
        *_warn_missing(wanted),
        *_warn_normative(wanted),
        *_warn_regulation(wanted),
        *_warn_dates(wanted),
        *_warn_title(wanted),
    ]


def _check_texts(wanted: PolicyInput) -> Errors:
    for name in _TEXTS:
        text: str | None = getattr(wanted, name)
        if text is not None and not text.isascii() and _has_lone_surrogate(text):
            yield f"/{name}", "含有不成对的代理字符（乱码），请重新生成文本"
    if not wanted.body.strip():
        yield "/body", "正文只有空白，请填写正文"


def _has_lone_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _check_title(wanted: PolicyInput, *, importing: bool) -> Errors:
    title = wanted.title.strip()
    if len(title) < 2:
        yield "/title", "标题只有空白，请填写由发文机关、事由和文种组成的标题"
        return
    if wanted.doc_class is not DocClass.REGULATION or importing:
        return
    name = _TRAILING_NOTE.sub("", title)
    if name.endswith("条例"):
        yield "/title", "政府规章的名称不得称“条例”（规章制定程序条例第七条）"
    elif not name.endswith(_REGULATION_ENDINGS):
        yield "/title", "政府规章的名称一般称“规定”或“办法”（规章制定程序条例第七条）；其他文件请改文件类别"


def _check_numbers(wanted: PolicyInput, *, importing: bool) -> Errors:
    if wanted.doc_no is not None:
        yield from _refusal("/doc_no", parse_doc_number, wanted.doc_no)
    if wanted.index_no is not None:
        yield from _refusal("/index_no", lambda raw: check_index_number(raw, accept_legacy=importing), wanted.index_no)
    if wanted.theme is not None:
        yield from _refusal("/theme", check_theme, wanted.theme)
    if wanted.reg_no is None:
        return
    if wanted.doc_class is DocClass.NORMATIVE:
        yield from _refusal("/reg_no", check_registration_number, wanted.reg_no)
    elif not importing:
        yield "/reg_no", "只有行政规范性文件才有统一登记号；请改文件类别或去掉登记号"


def _refusal(pointer: str, check: Callable[[str], object], raw: str) -> Errors:
    try:
        check(raw)
    except ValueError as error:
        yield pointer, str(error)


def _check_plausible(wanted: PolicyInput, today: date) -> Errors:
    days = [(f"/{name}", label, getattr(wanted, name)) for name, label in _DATE_NAMES.items()]
    days.append(("/version/adopted_on", "通过日期", wanted.version.adopted_on))
    days.append(("/version/effective_on", "本文本施行日期", wanted.version.effective_on))
    for pointer, label, day in days:
        if day is None:
            continue
        if day.year < FIRST_YEAR:
            yield pointer, f"{label}不应早于{FIRST_YEAR}年，收到的是{day.isoformat()}"
        elif day.year > today.year + _YEARS_AHEAD:
            advice = "；长期有效的文件请不填有效期，并写明无有效期的理由" if pointer == "/expires_on" else ""
            yield pointer, f"{label}晚于{_YEARS_AHEAD}年之后，收到的是{day.isoformat()}{advice}"


def _check_order(wanted: PolicyInput, *, importing: bool, today: date) -> Errors:
    signed, issued, published = wanted.signed_on, wanted.issued_on, wanted.published_on
    if published is not None and not importing:
        yield "/published_on", "新文件的发布日期由发布操作产生，请不要填写；导入已公开的文件需要 policy:import 权限"
    if wanted.repealed_on is not None and not importing:
        yield "/repealed_on", "废止日期由废止它的文件产生，请不要填写；导入已公开的文件需要 policy:import 权限"
    if published is not None and published > today:
        yield "/published_on", f"发布日期{published.isoformat()}还没有到；请在公开之后导入，或作为新文件报送"
    if wanted.repealed_on is not None and importing and published is None:
        yield "/published_on", "填写废止日期时应同时填写发布日期，因为只有已公开的文件才会被废止"
    if signed is not None and issued is not None and issued < signed:
        yield "/issued_on", f"印发日期{issued.isoformat()}不应早于成文日期{signed.isoformat()}"
    before = issued or signed
    if before is not None and published is not None and published < before:
        name = "印发日期" if issued else "成文日期"
        yield "/published_on", f"发布日期{published.isoformat()}不应早于{name}{before.isoformat()}"
    yield from _check_lifetime(wanted)


def _check_lifetime(wanted: PolicyInput) -> Errors:
    """A document ends after it begins; the last day counts, so it may begin and lapse on one day."""
    begins = wanted.effective_on or wanted.published_on
    if begins is None:
        return
    name = "施行日期" if wanted.effective_on else "发布日期"
    if wanted.expires_on is not None and wanted.expires_on < begins:
        yield "/expires_on", f"有效期至{wanted.expires_on.isoformat()}，早于{name}{begins.isoformat()}"
    if wanted.repealed_on is not None and wanted.repealed_on <= begins:
        yield "/repealed_on", f"废止日期{wanted.repealed_on.isoformat()}应晚于{name}{begins.isoformat()}"


def _check_version(wanted: PolicyInput, *, importing: bool) -> Errors:
    begins, adopted = wanted.version.effective_on, wanted.version.adopted_on
    if begins is None:
        return
    pointer = "/version/effective_on"
    if wanted.effective_on is not None and begins < wanted.effective_on and not importing:
        yield pointer, f"本文本施行日期{begins.isoformat()}不应早于文件的施行日期{wanted.effective_on.isoformat()}"
    if adopted is not None and begins < adopted and not importing:
        yield pointer, f"本文本施行日期{begins.isoformat()}不应早于通过日期{adopted.isoformat()}"
    if wanted.expires_on is not None and begins > wanted.expires_on:
        yield pointer, f"本文本施行日期{begins.isoformat()}晚于文件的有效期{wanted.expires_on.isoformat()}"
    if wanted.repealed_on is not None and begins >= wanted.repealed_on:
        yield pointer, f"本文本施行日期{begins.isoformat()}应早于废止日期{wanted.repealed_on.isoformat()}"


def _check_publicity(wanted: PolicyInput, *, importing: bool) -> Errors:
    if wanted.publicity is PublicityAttribute.PROACTIVE:
        if wanted.kind in _UPWARD and not importing:
            yield "/publicity", "报告、请示、议案是上行文，一般不主动公开；请改公开属性并说明理由"
        return
    # 国办发〔2016〕80号: 拟不公开的，应当说明理由.
    if wanted.publicity is PublicityAttribute.WITHHELD and not (wanted.publicity_reason or "").strip():
        yield "/publicity_reason", "不予公开的文件应当依法说明理由（国办发〔2016〕80号）"
    if wanted.published_on is not None:
        yield "/publicity", "填写了发布日期的文件会立即公开，公开属性应为主动公开"


def _check_lists(wanted: PolicyInput) -> Errors:
    seen: set[str] = set()
    for index, issuer in enumerate(wanted.issuers):
        name = issuer.strip()
        if not name or len(name) > 120:
            yield f"/issuers/{index}", "发文机关名称应为1至120个字"
        elif any(char < " " for char in name):
            yield f"/issuers/{index}", "发文机关名称中不能有控制字符"
        elif name in seen:
            yield f"/issuers/{index}", f"发文机关“{name}”重复"
        seen.add(name)
    named: set[str] = set()
    for index, attachment in enumerate(wanted.attachments):
        if not attachment.name.strip():
            yield f"/attachments/{index}/name", "附件名称只有空白"
        elif attachment.name in named:
            yield f"/attachments/{index}/name", f"附件名称“{attachment.name[:60]}”重复，请分别命名"
        named.add(attachment.name)


def _check_relations(wanted: PolicyInput, *, importing: bool) -> Errors:
    seen: set[tuple[RelationType, str]] = set()
    own = _number(wanted.doc_no)
    for index, relation in enumerate(wanted.relations):
        pointer = f"/relations/{index}"
        try:
            target = _target(relation)
        except ValueError as error:
            yield f"{pointer}/target_doc_no", f"{error}；写不出规范的发文字号时请填写目标标题"
            continue
        if not target:
            yield pointer, "请写明关系的另一份文件：编号、发文字号或标题"
            continue
        if relation.until is not None and relation.type is not RelationType.CONTINUES:
            yield f"{pointer}/until", "只有“公布继续有效”才写继续有效至哪一天"
        if own is not None and target == own:
            yield pointer, "文件不能与自身建立关系"
        if (relation.type, target) in seen:
            yield pointer, "与同一文件的同一种关系重复"
        seen.add((relation.type, target))
        if relation.type is RelationType.PARTLY_REPEALS and not relation.articles and not importing:
            yield f"{pointer}/articles", "废止部分条款时应列明条款，例如“art-12”"


def _target(relation: RelationInput) -> str:
    """What names the other document; ValueError when its number is none."""
    number = None if relation.target_doc_no is None else parse_doc_number(relation.target_doc_no).text
    return number or str(relation.target_id or "") or (relation.target_title or "").strip()


def _number(raw: str | None) -> str | None:
    if raw is None:
        return None
    try:
        return parse_doc_number(raw).text
    except ValueError:
        return None


def _warn_missing(wanted: PolicyInput) -> Iterator[str]:
    if not wanted.theme:
        yield "没有主题分类，公众无法按主题找到"
    elif _lacks_second_level(wanted.theme):
        yield "主题分类只有一级，建议填写二级"
    if not wanted.doc_no and wanted.kind is not DocKind.NONE:
        yield "没有发文字号"
    if not wanted.signed_on:
        yield "没有成文日期"
    if not wanted.index_no and wanted.doc_class is not DocClass.LAW:
        yield "没有索引号"
    if wanted.publicity is PublicityAttribute.ON_REQUEST and not (wanted.publicity_reason or "").strip():
        yield "依申请公开的文件建议说明理由"
    if any(item.url and not item.sha256 for item in wanted.attachments):
        yield "有附件没有文件哈希，无法证明内容未变"


def _lacks_second_level(theme: str) -> bool:
    try:
        canonical = check_theme(theme)
    except ValueError:
        return False
    return bool(THEMES.get(canonical))


def _warn_normative(wanted: PolicyInput) -> Iterator[str]:
    """省政府令第353号 and the province's practice (domain.md §6.5)."""
    if wanted.doc_class is not DocClass.NORMATIVE:
        if wanted.reg_no:
            yield "不是行政规范性文件却有统一登记号，请核对文件类别"
        return
    if not wanted.reg_no:
        yield "行政规范性文件没有统一登记号"
    if wanted.expires_on is None:
        if not (wanted.expiry_reason or "").strip():
            yield "行政规范性文件没有有效期，也没有说明理由"
        return
    begins = wanted.effective_on or wanted.published_on or wanted.signed_on
    years = months_of_validity(wanted.title) // 12
    if begins is not None and wanted.expires_on > _years_later(begins, years):
        yield f"有效期超过{years}年（{'试行、暂行文件' if years == _TRIAL_MAX_YEARS else '一般文件'}的通常上限）"


def months_of_validity(title: str) -> int:
    """The usual most: five years, two on trial (暂行、试行)."""
    return 12 * (_TRIAL_MAX_YEARS if _TRIAL.search(title) else _MAX_YEARS)


def _warn_regulation(wanted: PolicyInput) -> Iterator[str]:
    if wanted.doc_class is not DocClass.REGULATION:
        return
    name = _TRAILING_NOTE.sub("", wanted.title.strip())
    if not name.endswith(_REGULATION_ENDINGS):
        yield "政府规章的名称一般称“规定”或“办法”，不得称“条例”"
    effective, published = wanted.effective_on, wanted.published_on
    # 规章制定程序条例第三十二条: 规章应当自公布之日起30日后施行，涉及国家安全等的除外.
    if effective and published and effective < published + timedelta(days=30):
        yield "规章的施行日期距公布不足30日，请确认属于规章制定程序条例第三十二条的例外"


def _warn_dates(wanted: PolicyInput) -> Iterator[str]:
    number = _number(wanted.doc_no)
    if number and wanted.signed_on and "〔" in number and f"〔{wanted.signed_on.year}〕" not in number:
        yield f"发文字号“{number}”的年份与成文日期{wanted.signed_on.isoformat()}不同，请核对"
    if wanted.effective_on and wanted.published_on and wanted.effective_on < wanted.published_on:
        yield "施行日期早于发布日期，请确认文件确有溯及的规定"
    begins, document = wanted.version.effective_on, wanted.effective_on
    if begins and document and begins < document:
        yield "本文本施行日期早于文件的施行日期，请核对"
    if begins and wanted.version.adopted_on and begins < wanted.version.adopted_on:
        yield "本文本施行日期早于通过日期，请核对"


def _warn_title(wanted: PolicyInput) -> Iterator[str]:
    name = _TRAILING_NOTE.sub("", wanted.title.strip())
    meant = next((kind for ending, kind in _TITLE_KINDS.items() if name.endswith(ending)), None)
    if meant is not None and wanted.kind is not meant and wanted.doc_class is DocClass.OTHER:
        yield f"标题像是“{KIND_NAMES[meant]}”，文种却是“{KIND_NAMES[wanted.kind]}”，请核对"


def _years_later(day: date, years: int) -> date:
    """The same day of a later year; 29 February becomes 1 March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
