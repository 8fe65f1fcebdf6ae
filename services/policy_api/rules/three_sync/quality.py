"""TS-21 to TS-25: whether an interpretation explains. All of them warn."""

from services.policy_api.rules.three_sync.facts import Dossier
from services.policy_api.rules.three_sync.preparation import OUT_OF_SCOPE
from services.policy_api.rules.three_sync.verdicts import Context, Verdict, failed, listed, not_applicable, passed
from shared.schemas.policies import InterpretationForm, RelationType

NO_MATERIAL = "没有解读材料，见 TS-04"
SPOKEN_OR_SHOWN = frozenset(
    {
        InterpretationForm.INFOGRAPHIC,
        InterpretationForm.VIDEO,
        InterpretationForm.ANIMATION,
        InterpretationForm.AUDIO,
        InterpretationForm.H5,
        InterpretationForm.PRESS_CONF,
        InterpretationForm.ON_SITE,
    }
)
"""Forms that reach those who do not read an article."""
# 国办发〔2016〕80号 and the parts listed in domain.md §7.1.
PARTS = {
    "background": "背景",
    "basis": "依据",
    "goals": "目标任务",
    "main_content": "主要内容",
    "scope": "适用范围",
    "standards": "执行标准",
    "keywords": "关键词",
    "benefits": "惠民举措",
}
DIFFERENCES = {"differences": "新旧政策差异"}
PROCEDURE = {"procedure": "办理程序"}


def check_forms(dossier: Dossier, context: Context) -> Verdict:
    """TS-21 重大、民生、涉企政策至少两种形式，其中一种不是文字. SEED（五）；鲁政办字〔2021〕115号."""
    if not dossier.in_scope:
        return not_applicable(OUT_OF_SCOPE)
    if not dossier.policy.concerns_many:
        return not_applicable("不是重大、民生或涉企政策")
    forms = {item.form for item in dossier.materials}
    facts = [("form", form) for form in sorted(forms)]
    if len(forms) < 2 or not forms & SPOKEN_OR_SHOWN:
        return failed("重大、民生、涉企政策应有两种以上解读形式，至少一种不是文字；请增加图解、视频等形式", *facts)
    return passed("解读形式多样", *facts)


def check_parts(dossier: Dossier, context: Context) -> Verdict:
    """TS-22 解读要素：背景、依据、目标等；修改、代替旧文的须有新旧差异. 国办发〔2016〕80号."""
    if not dossier.in_scope:
        return not_applicable(OUT_OF_SCOPE)
    if not dossier.materials:
        return not_applicable(NO_MATERIAL)
    required = dict(PARTS)
    if dossier.policy.relations & {RelationType.AMENDS, RelationType.REPLACES}:
        required |= DIFFERENCES
    if dossier.handles_applications:
        required |= PROCEDURE
    covered = frozenset().union(*(item.sections for item in dossier.materials))
    absent = {code: name for code, name in required.items() if code not in covered}
    if absent:
        return failed(f"解读缺少：{listed(absent.values())}；请补充", *(("missing", code) for code in absent))
    return passed("解读要素齐全", *(("section", code) for code in required))


def check_no_abridgement(dossier: Dossier, context: Context) -> Verdict:
    """TS-23 解读不得是文件的摘要或删减. 鲁政办字〔2021〕115号 and local rules: similarity below 0.6."""
    if not dossier.materials:
        return not_applicable(NO_MATERIAL)
    limit = context.limits.similarity
    facts = [(f"similarity:{item.id}", f"{item.similarity:.2f}") for item in dossier.materials]
    copied = [item.id for item in dossier.materials if item.similarity >= limit]
    if copied:
        return failed(f"解读材料{listed(copied)}大段照抄原文；请改为说明背景、做法和理由", *facts, ("limit", limit))
    return passed("解读不是原文的删减", *facts)


def check_contact(dossier: Dossier, context: Context) -> Verdict:
    """TS-24 写明解读机关和电话."""
    if not dossier.materials:
        return not_applicable(NO_MATERIAL)
    lacking = [
        item.id
        for item in dossier.materials
        if not (item.contact_organ or "").strip() or not (item.contact_phone or "").strip()
    ]
    if lacking:
        return failed("解读材料没有写明解读机关和电话；请补充", *(("material", name) for name in lacking))
    return passed("解读机关和电话齐全", *(("material", item.id) for item in dossier.materials))


def check_text_alternatives(dossier: Dossier, context: Context) -> Verdict:
    """TS-25 图片、音视频有替代文本. 无障碍环境建设法第三十二条."""
    media = [(item.id, medium) for item in dossier.materials for medium in item.media]
    if not media:
        return not_applicable("没有图片和音视频")
    lacking = [(material, medium.name) for material, medium in media if not medium.has_alternative]
    if lacking:
        names = listed(name for _, name in lacking)
        return failed(f"{names}没有替代文本；请为图片写说明，为音视频附文字稿", *(("material", m) for m, _ in lacking))
    return passed("图片和音视频都有替代文本", *(("material", name) for name in sorted({m for m, _ in media})))
