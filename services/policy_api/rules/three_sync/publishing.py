"""TS-17 to TS-20, TS-26 and TS-30: released together, linked, carried by every channel (同步部署)."""

from datetime import date, timedelta

from services.policy_api.rules.three_sync.facts import Activity, Dossier, Links, MaterialFacts
from services.policy_api.rules.three_sync.preparation import OUT_OF_SCOPE
from services.policy_api.rules.three_sync.verdicts import Context, Verdict, failed, listed, not_applicable, passed
from shared.schemas.dossiers import Severity
from shared.schemas.policies import InterpretationStage

NOT_RELEASED = "尚未发布，发布后核对"


def _issue_materials(dossier: Dossier) -> list[MaterialFacts]:
    return [item for item in dossier.materials if item.stage is InterpretationStage.ISSUE]


def check_same_day(dossier: Dossier, context: Context) -> Verdict:
    """TS-17 解读与政策同日公开，至迟3个工作日. SEED（五）；郑州等地规定.

    Released Tuesday 2025-09-30: three working days end on Saturday 2025-10-11, a make-up day after 国庆 (Oct 1–8 off).
    """
    if not dossier.in_scope:
        return not_applicable(OUT_OF_SCOPE)
    if dossier.publication is None:
        return not_applicable(NOT_RELEASED)
    released_on = dossier.publication.on
    latest = context.calendar.add_workdays(released_on, context.limits.late_workdays)
    facts = [("policy.published_on", released_on), ("latest_on", latest.on), ("calendar", latest.calendar_version)]
    days = sorted(item.published_on for item in _issue_materials(dossier) if item.published_on is not None)
    if not days:
        return failed("政策已公开而没有解读；请立即发布解读材料", *facts)
    facts.append(("material.published_on", days[0]))
    if days[0] == released_on:
        return passed("解读与政策同日公开", *facts)
    if days[0] < released_on:
        sentence = "解读早于政策公开，提前泄露了政策内容；请核对发布日期"
    elif days[0] <= latest.on:
        days_allowed = context.limits.late_workdays
        sentence = f"解读晚于政策公开，但未超过{days_allowed}个工作日；今后请同日公开"
        return failed(sentence, *facts, severity=Severity.WARN)
    else:
        sentence = f"解读晚于最迟日期{latest.on.isoformat()}；请说明原因并改进"
    return failed(sentence, *facts)


def check_links(dossier: Dossier, context: Context) -> Verdict:
    """TS-18 政策与解读双向关联，且都能打开. 国办秘函〔2019〕19号：双向关联."""
    if dossier.publication is None:
        return not_applicable(NOT_RELEASED)
    published = [item for item in dossier.materials if item.published_on is not None]
    if not published:
        return not_applicable("没有已公开的解读材料，见 TS-17")
    broken = [(item.id, direction) for item in published for direction in _broken_links(dossier, item)]
    facts = [("material", item.id) for item in published]
    if broken:
        wrong = listed(f"{name}（{direction.value}）" for name, direction in broken)
        return failed(f"链接缺失或打不开：{wrong}；请修复关联", *facts)
    return passed("政策与解读双向关联，均可打开", *facts)


def _broken_links(dossier: Dossier, material: MaterialFacts) -> list[Links]:
    in_library = dossier.publication is not None and dossier.publication.in_library
    broken = [] if material.shown_on_policy and material.public else [Links.TO_MATERIAL]
    return broken if material.target.policy_id == dossier.policy.id and in_library else [*broken, Links.TO_POLICY]


def check_library(dossier: Dossier, context: Context) -> Verdict:
    """TS-19 政策与解读同入市政府文件库并关联展示. SEED（五）."""
    if dossier.publication is None:
        return not_applicable(NOT_RELEASED)
    facts = [("policy", dossier.policy.id)]
    if not dossier.publication.in_library:
        return failed("政策不在文件库中；请恢复其公开", *facts)
    expected = [item for item in dossier.materials if item.stage is not InterpretationStage.DRAFT]
    absent = [item.id for item in expected if not item.public]
    unrelated = [item.id for item in expected if item.public and not item.shown_on_policy]
    if absent:
        return failed(f"解读材料{listed(absent)}不在文件库中；请发布", *facts)
    if unrelated:
        return failed(f"解读材料{listed(unrelated)}没有在政策页面关联展示；请修复", *facts)
    if not expected:
        return not_applicable("没有须入库的解读材料")
    return passed("政策与解读同在文件库并关联展示", *facts, *(("material", item.id) for item in expected))


def check_channels(dossier: Dossier, context: Context) -> Verdict:
    """TS-20 方案所列渠道都按期发布. 鲁政办字〔2021〕115号."""
    if dossier.publication is None:
        return not_applicable(NOT_RELEASED)
    if dossier.plan is None or not dossier.in_scope:
        return not_applicable("没有解读方案")
    planned = [(item, planned_day(item, dossier.publication.on)) for item in dossier.plan.activities]
    due = [(item, day) for item, day in planned if day is not None and day <= context.today]
    if not due:
        return not_applicable("方案所列渠道均未到期")
    done = {(receipt.channel, receipt.executed_on): receipt.id for receipt in dossier.receipts}
    missed = [f"{item.channel}（{day.isoformat()}）" for item, day in due if (item.channel, day) not in done]
    facts = [("receipt", done[item.channel, day]) for item, day in due if (item.channel, day) in done]
    if missed:
        return failed(f"以下渠道没有按期发布的回执：{listed(missed)}；请发布并登记回执", *facts)
    return passed("到期渠道均已按期发布", *facts)


def planned_day(activity: Activity, released_on: date | None) -> date | None:
    """The day of an activity; None while it hangs on a publication that has no day yet."""
    if activity.on is not None:
        return activity.on
    if activity.days_after_release is None or released_on is None:
        return None
    return released_on + timedelta(days=activity.days_after_release)


def check_target_metadata(dossier: Dossier, context: Context) -> Verdict:
    """TS-26 解读所指政策的主题、字号、发文机关与政策一致. domain.md §6.8 LIB-07, LIB-08."""
    if not dossier.materials:
        return not_applicable("没有解读材料")
    policy = dossier.policy
    wrong = []
    for item in dossier.materials:
        target = item.target
        pairs = (
            ("政策", target.policy_id, policy.id),
            ("发文字号", target.doc_no, policy.doc_no),
            ("主题分类", target.theme, policy.theme),
            ("发文机关", target.issuers, policy.issuers),
        )
        wrong += [f"{item.id}的{name}" for name, said, is_ in pairs if said != is_]
    facts = [("doc_no", policy.doc_no or "无"), ("theme", policy.theme or "无"), ("issuer", listed(policy.issuers))]
    if wrong:
        return failed(f"解读材料与政策信息不一致：{listed(wrong)}；请改正", *facts)
    return passed("解读材料所指政策的信息一致", *facts)


def check_no_leak(dossier: Dossier, context: Context) -> Verdict:
    """TS-30 解读安排不早于政策公开，出台前解读除外. Before release the planned day counts, and today at the earliest.

    A plan of 2025-06-04 for a policy of 2025-06-05 would tell of the policy a day before it is public.
    """
    if dossier.plan is None or not dossier.in_scope:
        return not_applicable("没有解读方案")
    planned = [item for item in dossier.plan.activities if item.stage is not InterpretationStage.DRAFT]
    if dossier.publication is not None:
        bound = dossier.publication.on
    else:
        bound = max(dossier.release_on or context.today, context.today)
    early = [item for item in planned if item.on is not None and item.on < bound]
    facts = [("published_on" if dossier.publication else "release_on", bound)]
    facts += [("planned_on", item.on) for item in planned if item.on is not None]
    if early:
        when = listed(f"{item.channel}（{item.on.isoformat()}）" for item in early if item.on is not None)
        return failed(f"解读安排早于政策公开：{when}，会提前泄露内容；请把日期改到{bound.isoformat()}或之后", *facts)
    return passed("解读安排不早于政策公开", *facts)
