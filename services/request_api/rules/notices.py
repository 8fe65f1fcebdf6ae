"""文书 (domain.md §9.3): the kinds of notices and replies, what each has to say, and when it is used.

Procedural notices (补正、延期、收费) have no field for remedies: they cannot be challenged by themselves (§1.8, FEE-09).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from shared.schemas.notices import DEFAULT_NUMBER, NoticeField, NoticeKind
from shared.schemas.problems import InvalidField
from shared.schemas.request_codes import DecisionCode, StepKind

FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "number": "文号",
        "addressee": "主送",
        "agency": "行政机关",
        "date": "落款日期",
        "contact": "联系人、联系方式",
        "request_number": "申请编号",
        "received_on": "收到日期",
        "wanted": "申请内容",
        "applicant": "申请人信息",
        "channel": "提交方式",
        "form": "获取方式、途径",
        "due_on": "答复期限",
        "query_code": "查询码",
        "history": "补正、延期、征求意见和缴费经过",
        "items": "需要补正的事项",
        "until": "办理截止日期",
        "consequence": "逾期后果",
        "reason": "理由",
        "workdays": "延长工作日数",
        "question": "征求意见的内容",
        "sent_on": "发出日期",
        "opinion": "意见",
        "finding": "查明情况",
        "basis": "依据",
        "result": "处理结果",
        "access": "获取方式、途径和时间",
        "withheld": "不予公开的部分及理由",
        "search_record": "检索情况",
        "responsible": "负责公开的机关及联系方式",
        "guidance": "其他途径",
        "earlier_number": "此前答复的申请编号",
        "evaluation": "对理由的评估",
        "remedies": "救济告知",
        "method": "计费方式",
        "quantity": "数量",
        "standard": "收费标准",
        "amount": "金额（元）",
        "payment": "缴费方式",
    }
)


@dataclass(frozen=True)
class NoticeForm:
    """One kind of document."""

    kind: NoticeKind
    title: str
    mark: str
    """机关代字 after the organ's own, in its number."""
    needs: tuple[str, ...]
    may: tuple[str, ...] = ()
    steps: frozenset[StepKind] = frozenset()
    """The steps of a request with which it goes out."""
    decisions: frozenset[DecisionCode] = frozenset()

    @property
    def known(self) -> frozenset[str]:
        return frozenset((*self.needs, *self.may))

    @property
    def series(self) -> str:
        """Its numbers are counted with those of every kind that has the same mark."""
        return f"notice {self.mark}"


_SIGNED = ("number", "addressee", "agency", "date")
_INTERNAL = ("request_number", "agency", "date")
_REPLY = (*_SIGNED, "received_on", "wanted", "basis", "result", "remedies")
_MORE = ("request_number", "history", "finding", "contact")
K, S, D = NoticeKind, StepKind, DecisionCode


def _codes(*prefixes: str) -> frozenset[DecisionCode]:
    return frozenset(code for code in DecisionCode if code.value.startswith(prefixes))


def _form(
    kind: NoticeKind,
    title: str,
    mark: str,
    needs: Iterable[str],
    may: Iterable[str] = (),
    *,
    steps: Iterable[StepKind] = (),
    decisions: frozenset[DecisionCode] = frozenset(),
) -> NoticeForm:
    return NoticeForm(kind, title, mark, tuple(needs), tuple(may), frozenset(steps), decisions)


_FORMS = (
    _form(
        K.REGISTRATION,
        "政府信息公开申请登记表",
        "公登",
        (*_INTERNAL, "received_on", "wanted", "applicant", "channel", "form"),
        ("number", "due_on", "contact"),
        steps=[S.SUBMITTED, S.CONFIRMED],
    ),
    _form(
        K.RECEIPT,
        "政府信息公开申请接收回执",
        "公收",
        (*_SIGNED, "request_number", "received_on", "wanted", "due_on"),
        ("query_code", "contact"),
        steps=[S.SUBMITTED, S.CONFIRMED],
    ),
    _form(  # 条例第三十条: the items, a reasonable period, and what follows when it passes
        K.CORRECTION,
        "政府信息公开申请补正告知书",
        "公补",
        (*_SIGNED, "received_on", "wanted", "items", "until", "consequence"),
        ("request_number", "contact"),
        steps=[S.CORRECTION_REQUESTED],
    ),
    _form(  # 条例第三十五条
        K.REASONS,
        "政府信息公开申请说明理由告知书",
        "公由",
        (*_SIGNED, "received_on", "wanted", "reason", "until"),
        ("request_number", "contact"),
        steps=[S.REASONS_ASKED],
    ),
    _form(  # 条例第三十三条第二款
        K.EXTENSION,
        "政府信息公开延期答复告知书",
        "公延",
        (*_SIGNED, "received_on", "wanted", "reason", "workdays", "due_on"),
        ("request_number", "contact"),
        steps=[S.EXTENDED],
    ),
    _form(  # 条例第三十五条: reasonable, but not doable in time
        K.DELAY,
        "政府信息公开申请延迟答复告知书",
        "公延",
        (*_SIGNED, "received_on", "wanted", "reason", "due_on"),
        ("request_number", "contact"),
        steps=[S.REASONS_GIVEN],
    ),
    _form(  # 条例第三十二条
        K.THIRD_PARTY_LETTER,
        "政府信息公开征求第三方意见书",
        "公询",
        (*_SIGNED, "question", "consequence"),
        ("until", "contact"),
        steps=[S.CONSULTED],
    ),
    _form(  # goes along with the letter, to be filled in by hand and sent back
        K.THIRD_PARTY_REPLY,
        "政府信息公开征求意见确认函",
        "公询",
        ("agency", "question"),
        ("number", "addressee", "contact"),
        steps=[S.CONSULTED],
    ),
    _form(  # 条例第三十三条第三款: why the time does not count
        K.CONSULTATION,
        "政府信息公开征求意见告知书",
        "公告",
        (*_SIGNED, "received_on", "wanted", "sent_on"),
        ("request_number", "reason", "contact"),
        steps=[S.CONSULTED],
    ),
    _form(  # 条例第三十二条: what is disclosed against an objection, and why
        K.THIRD_PARTY_DECISION,
        "政府信息依申请公开告知书",
        "公告",
        (*_SIGNED, "result", "reason", "basis"),
        ("opinion", "remedies", "contact"),
        steps=[S.SERVED],
        decisions=frozenset({D.A2, D.B}),
    ),
    _form(  # 条例第三十四条
        K.CO_PRODUCER_LETTER,
        "政府信息公开征求共同制作机关意见书",
        "公询",
        (*_SIGNED, "question", "consequence"),
        ("until", "contact"),
        steps=[S.CONSULTED],
    ),
    _form(
        K.ASSISTANCE,
        "政府信息公开申请协办函",
        "公协",
        (*_SIGNED, "request_number", "wanted", "question", "until"),
        ("due_on", "contact"),
        steps=[S.CONSULTED],
    ),
    _form(  # FEE-06: basis, standard, amount, how to pay
        K.FEE,
        "政府信息公开信息处理费收费通知书",
        "公费",
        (*_SIGNED, "received_on", "wanted", "method", "quantity", "standard", "amount", "payment", "consequence"),
        ("request_number", "until", "contact"),
        steps=[S.FEE_NOTICED],
    ),
    _form(
        K.REPLY_GRANTED,
        "政府信息公开答复书",
        "公复",
        (*_REPLY, "access"),
        _MORE,
        steps=[S.SERVED],
        decisions=_codes("A"),
    ),
    _form(
        K.REPLY_PARTIAL,
        "政府信息部分公开答复书",
        "公复",
        (*_REPLY, "withheld", "access"),
        _MORE,
        steps=[S.SERVED],
        decisions=_codes("B"),
    ),
    _form(
        K.REPLY_DENIED,
        "政府信息不予公开答复书",
        "公复",
        (*_REPLY, "reason"),
        (*_MORE, "guidance"),
        steps=[S.SERVED],
        decisions=_codes("C"),
    ),
    _form(
        K.REPLY_UNABLE,
        "政府信息无法提供答复书",
        "公复",
        (*_REPLY, "search_record", "responsible"),
        (*_MORE, "reason", "guidance"),
        steps=[S.SERVED],
        decisions=_codes("D"),
    ),
    _form(
        K.REPLY_REFUSED,
        "政府信息公开申请不予处理答复书",
        "公复",
        (*_REPLY, "reason", "guidance", "earlier_number"),
        (*_MORE, "evaluation"),
        steps=[S.SERVED],
        decisions=_codes("E"),
    ),
    _form(
        K.CLOSING,
        "政府信息公开申请不再处理告知书",
        "公复",
        (*_REPLY,),
        (*_MORE, "reason"),
        steps=[S.CORRECTION_LAPSED, S.PAYMENT_LAPSED, S.WITHDRAWN],
        decisions=_codes("F"),
    ),
)
FORMS: Mapping[NoticeKind, NoticeForm] = MappingProxyType({form.kind: form for form in _FORMS})
_ONLY_FOR: Mapping[str, frozenset[DecisionCode]] = MappingProxyType(
    {
        "search_record": frozenset({D.D1A}),  # 条例第三十六条第（四）项
        "responsible": frozenset({D.D1B}),  # 条例第三十六条第（五）项; empty where it cannot be determined
        "guidance": frozenset({D.E1, D.E3}),  # 条例第三十九条
        "earlier_number": frozenset({D.E2}),  # 条例第三十六条第（六）项
        "evaluation": frozenset({D.E4}),  # 条例第三十五条
    }
)
"""What a template holds for some decisions only, and is left out of the others."""
_MAY_BE_UNKNOWN = frozenset({"responsible"})
_FROM_REMEDY_TEXTS = frozenset({"remedies"})
"""Whether a decision names remedies is the legal reviewer's to set (§1.8): the text may be empty."""


def reply_kind(decision: DecisionCode) -> NoticeKind:
    """The document with which a decision goes to the applicant."""
    return next(form.kind for form in _FORMS if decision in form.decisions and form.kind is not K.THIRD_PARTY_DECISION)


def fields_needed(kind: NoticeKind, decision: DecisionCode | None = None) -> tuple[str, ...]:
    """The fields that a document may not leave empty; a decision adds its own and drops those of others."""
    form = FORMS[kind]
    dropped = _MAY_BE_UNKNOWN | _FROM_REMEDY_TEXTS
    held = [name for name in (*form.needs, *form.may) if name not in dropped]
    return tuple(name for name in held if (decision in _ONLY_FOR[name] if name in _ONLY_FOR else name in form.needs))


def describe_fields(kind: NoticeKind) -> list[NoticeField]:
    """All fields of a kind, for who writes a template."""
    form = FORMS[kind]
    return [
        NoticeField(name=name, title=FIELDS[name], mandatory=name in form.needs) for name in (*form.needs, *form.may)
    ]


def check_placeholders(kind: NoticeKind, found: Iterable[str]) -> list[str]:
    """What is wrong with the placeholders of a template; empty when it may be used."""
    form, names = FORMS[kind], list(dict.fromkeys(found))
    faults = [f"“{form.title}”没有字段{{{{{name}}}}}" for name in names if name not in form.known]
    return faults + [f"缺少必备字段{{{{{name}}}}}（{FIELDS[name]}）" for name in form.needs if name not in names]


def check_values(
    kind: NoticeKind, values: Mapping[str, str], decision: DecisionCode | None = None
) -> list[InvalidField]:
    """What is missing or unknown among the values of a document."""
    form = FORMS[kind]
    errors = [
        InvalidField(pointer=f"/fields/{name}", detail=f"“{form.title}”没有这个字段")
        for name in values
        if name not in form.known
    ]
    if decision is not None and form.decisions and decision not in form.decisions:
        errors.append(InvalidField(pointer="/decision", detail=f"决定{decision.value}不使用“{form.title}”"))
    needed = fields_needed(kind, decision)
    return errors + [
        InvalidField(pointer=f"/fields/{name}", detail=f"缺少{FIELDS[name]}")
        for name in needed
        if not values.get(name, "").strip()
    ]


_PLACE = re.compile(r"\{([^{}]*)\}")


def number_of_notice(kind: NoticeKind, *, prefix: str, year: int, n: int, form: str = DEFAULT_NUMBER) -> str:
    """文号, as in 泉水公复〔2026〕7号."""
    values = {"prefix": prefix, "mark": FORMS[kind].mark, "year": str(year), "n": str(n)}
    return _PLACE.sub(lambda place: values[place[1]], form)
