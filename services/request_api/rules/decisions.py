"""Decisions on a request (domain.md §1.6): their codes, what each must contain, and the row of the report that counts it.

The codes themselves stand in `shared.schemas.requests`; here is what the law asks of each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from shared.schemas.problems import InvalidField
from shared.schemas.request_codes import DecisionCode, ExemptionCode, ReportRow
from shared.schemas.requests import Answer


@dataclass(frozen=True)
class DecisionForm:
    """What a decision is and what it must carry."""

    code: DecisionCode
    title: str
    article: str
    """The basis, as it is cited in a reply."""
    row: ReportRow
    needs: tuple[str, ...] = ()
    """Names of the members of an answer that may not be missing."""
    exemptions: frozenset[ExemptionCode] = frozenset()
    """For 不予公开: what may be cited. Empty: none is."""


def _form(code: str, title: str, article: str, row: str, *needs: str, exemptions: Sequence[str] = ()) -> DecisionForm:
    return DecisionForm(
        DecisionCode(code), title, article, ReportRow(row), needs, frozenset(map(ExemptionCode, exemptions))
    )


_SECURITY = ("EX14_SEC_NAT", "EX14_SEC_PUB", "EX14_SEC_ECO", "EX14_SEC_SOC")
_THIRD = ("EX15_TRADE", "EX15_PRIVACY", "EX15_OTHER")
_INTERNAL = ("EX16_1_HR", "EX16_1_LOG", "EX16_1_FLOW")
_PROCESS = ("EX16_2_DISCUSS", "EX16_2_DRAFT", "EX16_2_LETTER", "EX16_2_REPORT")

_FORMS = (
    _form("A1", "已经主动公开，告知获取方式和途径", "条例第三十六条第（一）项", "r.granted", "access"),
    _form("A2", "予以公开", "条例第三十六条第（二）项", "r.granted", "access"),
    _form("B", "部分公开", "条例第三十七条", "r.partial", "withheld", "access"),
    _form("C1", "不予公开：属于国家秘密", "条例第十四条", "r.denied.secret", "reasons", exemptions=["EX14_SECRET"]),
    _form("C2", "不予公开：法律、行政法规禁止公开", "条例第十四条", "r.denied.law", "reasons", exemptions=["EX14_LAW"]),
    _form("C3", "不予公开：危及“三安全一稳定”", "条例第十四条", "r.denied.security", "reasons", exemptions=_SECURITY),
    _form("C4", "不予公开：保护第三方合法权益", "条例第十五条", "r.denied.third_party", "reasons", exemptions=_THIRD),
    _form(
        "C5",
        "不予公开：属于三类内部事务信息",
        "条例第十六条第一款",
        "r.denied.internal",
        "reasons",
        exemptions=_INTERNAL,
    ),
    _form(
        "C6", "不予公开：属于四类过程性信息", "条例第十六条第二款", "r.denied.process", "reasons", exemptions=_PROCESS
    ),
    _form(
        "C7",
        "不予公开：属于行政执法案卷",
        "条例第十六条第二款",
        "r.denied.casefile",
        "reasons",
        exemptions=["EX16_2_CASEFILE"],
    ),
    _form(
        "C8",
        "不予公开：属于行政查询事项",
        "条例第三十六条第（七）项",
        "r.denied.query",
        "reasons",
        "law",
        exemptions=["QRY36_7"],
    ),
    _form("D1a", "无法提供：信息不存在", "条例第三十六条第（四）项", "r.unable.not_held", "reasons", "search_record"),
    _form("D1b", "无法提供：不属于本机关负责公开", "条例第三十六条第（五）项", "r.unable.not_held", "reasons"),
    _form("D2", "无法提供：需要另行制作", "条例第三十八条", "r.unable.need_make", "reasons"),
    _form("D3", "无法提供：补正后申请内容仍不明确", "条例第三十条", "r.unable.unclear", "reasons"),
    _form("E1", "不予处理：信访举报投诉类申请", "条例第三十九条第一款", "r.refused.petition", "reasons", "guidance"),
    _form("E2", "不予处理：重复申请", "条例第三十六条第（六）项", "r.refused.repeat", "reasons", "earlier_number"),
    _form("E3", "不予处理：要求提供公开出版物", "条例第三十九条第二款", "r.refused.publication", "reasons", "guidance"),
    _form("E4", "不予处理：无正当理由大量反复申请", "条例第三十五条", "r.refused.massive", "reasons", "evaluation"),
    _form(
        "E5",
        "不予处理：要求行政机关确认或重新出具已获取信息",
        "国办公开办函〔2021〕30号",
        "r.refused.confirm",
        "reasons",
    ),
    _form("F1", "其他处理：逾期不补正", "条例第三十条", "r.other.no_correction"),
    _form("F2", "其他处理：逾期未缴纳费用", "条例第四十二条", "r.other.no_payment"),
    _form("F3", "其他处理：其他", "条例第四十五条", "r.other.misc", "reasons"),
)

FORMS: Mapping[DecisionCode, DecisionForm] = MappingProxyType({form.code: form for form in _FORMS})
CLOSING = frozenset({DecisionCode.F1, DecisionCode.F2})
"""Close a request without a reply on the substance; reached by a lapse, never drafted.

F3 is both: what a withdrawal leads to, and the answer to what is no government information (条例第二条), with its reasons.
"""

_MISSING = {
    "access": "应告知获取该政府信息的方式、途径（条例第三十六条）",
    "withheld": "部分公开应逐处列明不予公开的内容及其依据（条例第三十七条）",
    "reasons": "应说明理由（条例第三十六条）",
    "law": "应引用另有规定的法律、行政法规（条例第三十六条第（七）项）",
    "search_record": "信息不存在应有检索记录：检索处所、关键词、检索人、检索日期（条例第三十六条第（四）项）",
    "guidance": "应告知其他办理或者获取的途径（条例第三十九条）",
    "earlier_number": "重复申请应指明此前已答复的申请编号（条例第三十六条第（六）项）",
    "evaluation": "应先要求说明理由，并记载对理由的评估（条例第三十五条）",
}


def check_answer(answer: Answer, on: date, *, was_corrected: bool, has_asked_reasons: bool) -> list[InvalidField]:
    """What an answer drafted on this day lacks, by its decision; empty when it may go on to review."""
    form = FORMS[answer.decision]
    if answer.decision in CLOSING:
        return [InvalidField(pointer="/answer/decision", detail=f"{form.title}不是答复决定，由逾期产生")]
    errors = [
        InvalidField(pointer=f"/answer/{name}", detail=_MISSING[name])
        for name in form.needs
        if not getattr(answer, name)
    ]
    errors += _check_exemptions(answer, form)
    if answer.search_record and answer.search_record.searched_on > on:
        errors.append(InvalidField(pointer="/answer/search_record/searched_on", detail="检索日期不能晚于拟稿日期"))
    if answer.decision is DecisionCode.D1B and answer.responsible and not answer.responsible.contact:
        errors.append(
            InvalidField(pointer="/answer/responsible/contact", detail="能够确定负责公开机关的，应告知其名称和联系方式")
        )
    if answer.decision is DecisionCode.D3 and not was_corrected:
        # 条例第三十条: unclear “after correction” needs a correction.
        errors.append(InvalidField(pointer="/answer/decision", detail="未经补正，不得以“补正后仍不明确”答复"))
    if answer.decision is DecisionCode.E4 and not has_asked_reasons:
        errors.append(
            InvalidField(pointer="/answer/decision", detail="未要求申请人说明理由，不得以“大量反复申请”不予处理")
        )
    return errors


def _check_exemptions(answer: Answer, form: DecisionForm) -> list[InvalidField]:
    if not form.exemptions:
        if answer.exemption is not None:
            return [InvalidField(pointer="/answer/exemption", detail=f"{form.title}不引用不予公开的情形")]
        return []
    if answer.exemption in form.exemptions:
        return []
    allowed = "、".join(sorted(form.exemptions))
    return [InvalidField(pointer="/answer/exemption", detail=f"应从下列情形中引用：{allowed}")]
