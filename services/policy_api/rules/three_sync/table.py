"""The thirty rules as one table, and the check that walks it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from services.policy_api.rules.three_sync import follow_up, preparation, publishing, quality, signing
from services.policy_api.rules.three_sync.facts import Dossier
from services.policy_api.rules.three_sync.verdicts import Context, Limits, Verdict
from shared.kit.workdays import WorkCalendar
from shared.schemas.dossiers import Finding, Severity, ThreeSyncReport

NOTICE_80 = "国办发〔2016〕80号"
SHANDONG = "鲁政办字〔2021〕115号"
SEED = "济政办发〔2025〕2号（五）"
INSPECTION = "国办秘函〔2019〕19号"
DESIGN = "本系统约定"


@dataclass(frozen=True)
class Rule:
    """One row of the checklist (domain.md §7.2)."""

    id: str
    name: str
    check: Callable[[Dossier, Context], Verdict]
    severity: Severity
    basis: str


BLOCK, ERROR, WARN, INFO = Severity.BLOCK, Severity.ERROR, Severity.WARN, Severity.INFO
RULES = (
    Rule("TS-01", "公开属性", preparation.check_publicity, BLOCK, f"{NOTICE_80}；《政府信息公开条例》第十七条"),
    Rule("TS-02", "解读方案先于报送", preparation.check_plan_exists, BLOCK, f"{NOTICE_80}；{SEED}"),
    Rule("TS-03", "解读方案要素", preparation.check_plan_complete, BLOCK, SHANDONG),
    Rule("TS-04", "解读材料先于报送", preparation.check_text_material, BLOCK, NOTICE_80),
    Rule("TS-05", "谁起草谁解读", preparation.check_responsible_unit, ERROR, f"{NOTICE_80}；{SHANDONG}"),
    Rule("TS-06", "第一解读人", preparation.check_first_interpreter, WARN, SHANDONG),
    Rule("TS-07", "免予解读", preparation.check_exemption, BLOCK, DESIGN),
    Rule("TS-08", "草案解读", preparation.check_consultation, ERROR, SEED),
    Rule("TS-09", "同一审批件", signing.check_one_package, BLOCK, f"{NOTICE_80}；{SEED}"),
    Rule("TS-10", "主要负责人审定", signing.check_department_head, BLOCK, NOTICE_80),
    Rule("TS-11", "审批不晚于签发", signing.check_approved_before_signature, ERROR, NOTICE_80),
    Rule("TS-12", "公开的就是签发的", signing.check_as_signed, BLOCK, DESIGN),
    Rule(
        "TS-13", "合法性和公平竞争审查", signing.check_content_reviews, BLOCK, "省政府令第353号；《公平竞争审查条例》"
    ),
    Rule("TS-14", "逐项保密审查", signing.check_secrecy, BLOCK, "《保守国家秘密法实施条例》第四十二条"),
    Rule("TS-15", "个人信息和敏感词", signing.check_scans, BLOCK, "《个人信息保护法》第二十五条"),
    Rule("TS-16", "材料不全自动退文", signing.check_returned, INFO, NOTICE_80),
    Rule("TS-17", "同日公开", publishing.check_same_day, ERROR, f"{SEED}；{DESIGN}（至迟3个工作日）"),
    Rule("TS-18", "双向关联", publishing.check_links, ERROR, f"{INSPECTION}；{SEED}"),
    Rule("TS-19", "同入文件库", publishing.check_library, ERROR, SEED),
    Rule("TS-20", "渠道按期发布", publishing.check_channels, WARN, f"{SHANDONG}；{DESIGN}"),
    Rule("TS-21", "形式多样", quality.check_forms, WARN, f"{SEED}；{SHANDONG}"),
    Rule("TS-22", "解读要素", quality.check_parts, WARN, NOTICE_80),
    Rule("TS-23", "不照抄原文", quality.check_no_abridgement, WARN, f"{SHANDONG}；{DESIGN}"),
    Rule("TS-24", "解读机关和电话", quality.check_contact, WARN, DESIGN),
    Rule("TS-25", "替代文本", quality.check_text_alternatives, WARN, "《无障碍环境建设法》第三十二条"),
    Rule("TS-26", "信息一致", publishing.check_target_metadata, ERROR, f"{SEED}；{DESIGN}"),
    Rule("TS-27", "跟踪解读", follow_up.check_follow_up, WARN, f"{SEED}；{DESIGN}"),
    Rule("TS-28", "修改后更新解读", follow_up.check_amendment, ERROR, SEED),
    Rule("TS-29", "失效后加注", follow_up.check_ended, ERROR, DESIGN),
    Rule("TS-30", "不提前泄露", publishing.check_no_leak, BLOCK, DESIGN),
)


def check_three_sync(
    dossier: Dossier, today: date, calendar: WorkCalendar, *, limits: Limits | None = None
) -> ThreeSyncReport:
    """The whole checklist on a dossier as it stands on `today`. Pure."""
    context = Context(today, calendar, limits or Limits())
    return ThreeSyncReport(
        dossier_id=dossier.id,
        state=dossier.state,
        checked_on=today,
        calendar_version=calendar.version,
        findings=tuple(_judge(rule, dossier, context) for rule in RULES),
    )


def _judge(rule: Rule, dossier: Dossier, context: Context) -> Finding:
    verdict = rule.check(dossier, context)
    return Finding(
        rule=rule.id,
        name=rule.name,
        status=verdict.status,
        severity=verdict.severity or rule.severity,
        sentence=verdict.sentence,
        evidence=verdict.evidence,
        basis=rule.basis,
    )
