"""TS-01 to TS-08: what has to be there before a policy is submitted for signature (同步组织)."""

from services.policy_api.rules.three_sync.facts import EXEMPTION, POLICY, Dossier, Exemption
from services.policy_api.rules.three_sync.verdicts import Context, Verdict, failed, listed, not_applicable, passed
from shared.schemas.dossiers import ReviewResult, ReviewType
from shared.schemas.policies import DocClass, InterpretationForm, InterpretationStage, PublicityAttribute

OUT_OF_SCOPE = "文件不公开或已获准免予解读，不要求解读"
LEADING_FORMS = frozenset({InterpretationForm.TEXT, InterpretationForm.OFFICIAL})


def check_publicity(dossier: Dossier, context: Context) -> Verdict:
    """TS-01 公开属性在起草时确定，不公开的说明理由并送政务公开机构审查.

    国办发〔2016〕80号；条例第十七条.
    """
    policy = dossier.policy
    if policy.publicity is None:
        return failed("没有确定公开属性；请在起草时标明主动公开、依申请公开或不予公开")
    fact = ("publicity", policy.publicity)
    if policy.publicity is PublicityAttribute.PROACTIVE:
        return passed("公开属性为主动公开", fact)
    if not (policy.publicity_reason or "").strip():
        return failed("不主动公开的文件没有说明理由；请补充理由", fact)
    if policy.publicity is PublicityAttribute.ON_REQUEST:
        return passed("公开属性为依申请公开，已说明理由", fact)
    return _check_withheld(dossier)


def _check_withheld(dossier: Dossier) -> Verdict:
    policy = dossier.policy
    fact = ("publicity", policy.publicity)
    review = dossier.find_review(ReviewType.DISCLOSURE_OFFICE, POLICY, policy.hash)
    if review is None:
        return failed("不予公开的文件未经政务公开机构审查；请先送政务公开机构审查现文本", fact)
    facts = (fact, ("review", review.id), ("hash", review.hash))
    if review.result is not ReviewResult.PASS:
        return failed("政务公开机构未同意不予公开；请按审查意见重新确定公开属性", *facts)
    return passed("不予公开已说明理由并经政务公开机构审查", *facts)


def check_plan_exists(dossier: Dossier, context: Context) -> Verdict:
    """TS-02 报送前已有解读方案. 国办发〔2016〕80号；SEED（五）."""
    if not dossier.in_scope:
        return not_applicable(OUT_OF_SCOPE)
    if dossier.plan is None:
        return failed("没有解读方案；请先编制解读方案，再随文件一并报送")
    created = ("plan.created_at", dossier.plan.created_at)
    if dossier.submitted_at is None:
        return passed("解读方案已编制", created)
    facts = (created, ("submitted_at", dossier.submitted_at))
    if dossier.plan.created_at >= dossier.submitted_at:
        return failed("解读方案是在文件报送之后才编制的；请退回后随文件重新报送", *facts)
    return passed("解读方案先于报送编制", *facts)


def check_plan_complete(dossier: Dossier, context: Context) -> Verdict:
    """TS-03 解读方案要素：提纲、形式、渠道、时间、责任单位、解读人. 鲁政办字〔2021〕115号."""
    if not dossier.in_scope:
        return not_applicable(OUT_OF_SCOPE)
    plan = dossier.plan
    if plan is None:
        return failed("没有解读方案，无从核对要素；请先编制解读方案")
    activities = plan.activities
    dated = all(item.on is not None or item.days_after_release is not None for item in activities)
    absent = [
        name
        for name, present in (
            ("解读提纲", plan.outline.strip()),
            ("解读形式", activities),
            ("解读渠道", activities and all(item.channel.strip() for item in activities)),
            ("解读时间", activities and dated),
            ("责任单位", plan.units),
            ("解读人", plan.person.strip()),
        )
        if not present
    ]
    if absent:
        return failed(f"解读方案缺少：{listed(absent)}；请补齐", ("plan", plan.hash), ("missing", listed(absent)))
    return passed("解读方案要素齐全", ("plan", plan.hash))


def check_text_material(dossier: Dossier, context: Context) -> Verdict:
    """TS-04 报送前已起草文字解读或领导干部解读. 国办发〔2016〕80号."""
    if not dossier.in_scope:
        return not_applicable(OUT_OF_SCOPE)
    deadline = dossier.submitted_at
    leading = [item for item in dossier.materials if item.form in LEADING_FORMS]
    in_time = [item for item in leading if deadline is None or item.created_at < deadline]
    if in_time:
        return passed("已随文件起草解读材料", *(("material", item.id) for item in in_time))
    if leading:
        late = (("material", item.id) for item in leading)
        return failed("解读材料是在报送之后才起草的；请退回后随文件重新报送", *late)
    return failed("没有文字解读或领导干部解读材料；请至少起草一份，随文件一并报送")


def check_responsible_unit(dossier: Dossier, context: Context) -> Verdict:
    """TS-05 谁起草、谁解读：联合起草的由牵头单位，规章由起草单位会同司法行政部门.

    国办发〔2016〕80号；鲁政办字〔2021〕115号.
    """
    if not dossier.in_scope or dossier.plan is None:
        return not_applicable(OUT_OF_SCOPE if not dossier.in_scope else "没有解读方案，见 TS-02")
    lead, units = dossier.drafting_units[0], dossier.plan.units
    facts = (("drafting_unit", lead), ("responsible_unit", listed(units) or "无"))
    if not units or units[0] != lead:
        return failed(f"解读责任单位应为起草（牵头）单位{lead}；请改正解读方案", *facts)
    if dossier.policy.doc_class is DocClass.REGULATION and dossier.plan.judicial_unit is None:
        return failed("规章由起草单位会同司法行政部门解读；请在解读方案中写明司法行政部门", *facts)
    return passed("解读责任单位就是起草（牵头）单位", *facts)


def check_first_interpreter(dossier: Dossier, context: Context) -> Verdict:
    """TS-06 部门主要负责人是“第一解读人和责任人”. 鲁政办字〔2021〕115号."""
    if not dossier.in_scope or dossier.plan is None:
        return not_applicable(OUT_OF_SCOPE if not dossier.in_scope else "没有解读方案，见 TS-02")
    first = dossier.plan.first_interpreter
    if first is None:
        return failed("没有记录第一解读人；请填写起草部门主要负责人的姓名和职务")
    facts = (("post", first.post), ("unit", first.unit))
    if not first.principal_head or first.unit != dossier.drafting_units[0]:
        return failed("第一解读人应为起草（牵头）部门的主要负责人；请改正", *facts)
    return passed("第一解读人为起草部门主要负责人", *facts)


def check_exemption(dossier: Dossier, context: Context) -> Verdict:
    """TS-07 免予解读须有清单内的理由、经政务公开机构同意，规章和规范性文件不得免予.

    No national list of reasons exists: design (domain.md §7.1).
    """
    exemption = dossier.exemption
    if exemption is None:
        return not_applicable("没有申请免予解读")
    facts = [("reason", exemption.stated), ("hash", exemption.hash)]
    if dossier.never_exempt:
        return failed("规章和行政规范性文件一律应当解读；请撤销免予解读，编制方案和材料", *facts)
    if exemption.reason is None:
        return failed("免予解读的理由不在清单内；请从清单中选择，或编制解读", *facts)
    return _check_exemption_approval(dossier, exemption, facts)


def _check_exemption_approval(dossier: Dossier, exemption: Exemption, facts: list[tuple[str, str]]) -> Verdict:
    review = dossier.find_review(ReviewType.DISCLOSURE_OFFICE, EXEMPTION, exemption.hash)
    if review is None or review.result is not ReviewResult.PASS:
        return failed("免予解读未经政务公开机构同意；请先送审", *facts)
    facts = [*facts, ("review", review.id)]
    drafters = {exemption.drafter, *dossier.drafters}
    same_person = review.actor.person_id in {drafter.person_id for drafter in drafters}
    same_client = review.actor.client_id in {drafter.client_id for drafter in drafters}
    if same_person or same_client:
        return failed("同意免予解读的人就是起草人；请由政务公开机构的其他人员审查", *facts)
    return passed("免予解读有清单内的理由，并经政务公开机构同意", *facts)


def check_consultation(dossier: Dossier, context: Context) -> Verdict:
    """TS-08 征求意见的，草案解读与草案同日公布. SEED（五）：出台前."""
    held = dossier.consultation
    if held is None:
        return not_applicable("没有公开征求意见")
    facts = [("consultation", held.id), ("opened_on", held.opened_on)]
    drafts = [
        (item.id, item.published_on)
        for item in dossier.materials
        if item.stage is InterpretationStage.DRAFT and item.published_on is not None
    ]
    if held.interpretation_id is not None and held.interpretation_published_on is not None:
        drafts.append((held.interpretation_id, held.interpretation_published_on))
    if not drafts:
        return failed("征求意见时没有公布草案解读；今后请与草案同日公布，并在此登记草案解读", *facts)
    on_the_day = [name for name, day in drafts if day == held.opened_on]
    if not on_the_day:
        days = (("interpretation.published_on", day) for _, day in drafts)
        return failed("草案解读与草案不是同日公布；请核对日期", *facts, *days)
    return passed("草案解读与草案同日公布", *facts, ("interpretation", on_the_day[0]))
