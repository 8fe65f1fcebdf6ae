"""TS-27 to TS-29: after release (全周期解读)."""

import calendar as months
from datetime import date

from services.policy_api.rules.three_sync.facts import Dossier, FollowUpTask
from services.policy_api.rules.three_sync.preparation import OUT_OF_SCOPE
from services.policy_api.rules.three_sync.publishing import NOT_RELEASED
from services.policy_api.rules.three_sync.verdicts import Context, Verdict, failed, listed, not_applicable, passed
from shared.schemas.policies import InterpretationStage


def check_follow_up(dossier: Dossier, context: Context) -> Verdict:
    """TS-27 咨询集中、评估发现问题、重大政策实施满6个月的，安排二次解读或跟踪解读. SEED（五）."""
    if not dossier.in_scope:
        return not_applicable(OUT_OF_SCOPE)
    if dossier.publication is None:
        return not_applicable(NOT_RELEASED)
    causes = _causes(dossier, context)
    if not causes:
        return not_applicable("尚无须跟踪解读的情形")
    done = [item.id for item in dossier.materials if item.stage is InterpretationStage.FOLLOW_UP and item.published_on]
    feedback = dossier.feedback
    facts = [("cause", cause) for cause in causes]
    facts += [("task", task) for task in (*feedback.follow_up_tasks, *map(_named, feedback.tasks))]
    facts += [("material", name) for name in done]
    overdue = [task for task in feedback.tasks if task.is_overdue(context.today)]
    if overdue:
        return failed(f"跟踪解读任务{listed(task.id for task in overdue)}已逾期；请发布解读，或说明免办理由", *facts)
    if feedback.follow_up_tasks or feedback.tasks or done:
        return passed("已安排跟踪解读", *facts)
    return failed(f"{listed(causes)}，还没有安排跟踪解读；请建立任务", *facts)


def _named(task: FollowUpTask) -> str:
    return f"{task.id}（{task.reason}，{task.due_on.isoformat()}，{task.state}）"


def _causes(dossier: Dossier, context: Context) -> list[str]:
    released_on = dossier.publication.on if dossier.publication else context.today
    effective_on = dossier.policy.effective_on or released_on
    matured_on = add_months(effective_on, context.limits.follow_up_months)
    causes = []
    if dossier.feedback.enquiries >= context.limits.enquiries:
        causes.append(f"咨询已达{dossier.feedback.enquiries}件")
    if dossier.feedback.evaluation_issues:
        causes.append("评估发现问题")
    if dossier.policy.major and context.today >= matured_on:
        causes.append(f"重大政策实施已满{context.limits.follow_up_months}个月")
    return causes


def add_months(day: date, count: int) -> date:
    """The same day `count` months later, or that month's last: 2025-08-31 and 6 months give 2026-02-28."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    if year > date.max.year:
        return date.max
    last = months.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def check_amendment(dossier: Dossier, context: Context) -> Verdict:
    """TS-28 政策修改后3个工作日内有新的解读. SEED（五）.

    Amended Tuesday 2025-09-30: due Saturday 2025-10-11.
    """
    if not dossier.in_scope:
        return not_applicable(OUT_OF_SCOPE)
    if dossier.publication is None:
        return not_applicable(NOT_RELEASED)
    if not dossier.amendments:
        return not_applicable("政策公开后没有修改")
    late, pending, facts = [], [], []
    for item in dossier.amendments:
        due = context.calendar.add_workdays(item.published_on, context.limits.late_workdays)
        facts += [("amendment", item.id), ("published_on", item.published_on), ("due_on", due.on)]
        if item.task_id is not None:
            facts.append(("task", item.task_id))
        if item.interpreted_on is not None:
            facts.append(("interpreted_on", item.interpreted_on))
        if (item.interpreted_on or context.today) > due.on:
            late.append(f"{item.id}（{item.published_on.isoformat()}）")
        elif item.interpreted_on is None:
            pending.append(due.on.isoformat())
    if late:
        return failed(
            f"修改{listed(late)}后没有在{context.limits.late_workdays}个工作日内更新解读；请尽快发布新的解读", *facts
        )
    if pending:
        return not_applicable(f"政策已修改，最迟于{pending[0]}发布新的解读", *facts)
    return passed("修改后已按期更新解读", *facts)


def check_ended(dossier: Dossier, context: Context) -> Verdict:
    """TS-29 政策失效、废止后1个工作日内，其解读加注并移出默认检索.

    有效期至 is inclusive: of a policy valid through Wednesday 2025-12-31, the first day without it is 2026-01-01.
    """
    if dossier.publication is None:
        return not_applicable(NOT_RELEASED)
    ended_on = _ended_on(dossier, context.today)
    if ended_on is None:
        return not_applicable("政策没有失效或废止")
    due = context.calendar.add_workdays(ended_on, context.limits.flag_workdays)
    facts = [("ended_on", ended_on), ("due_on", due.on)]
    unflagged = [item.id for item in dossier.materials if item.public and not item.flagged]
    if not unflagged:
        return passed("解读已加注失效并移出默认检索", *facts)
    if context.today <= due.on:
        return not_applicable(f"最迟于{due.on.isoformat()}为解读加注", *facts)
    return failed(f"解读材料{listed(unflagged)}没有加注政策已失效或废止；请重建其公开页面和索引", *facts)


def _ended_on(dossier: Dossier, today: date) -> date | None:
    """First day on which the policy is no longer in force, when it has come."""
    policy = dossier.policy
    ends = [] if policy.repealed_on is None else [policy.repealed_on]
    if policy.expires_on is not None and policy.expires_on < date.max:
        ends.append(date.fromordinal(policy.expires_on.toordinal() + 1))
    return min((day for day in ends if day <= today), default=None)
