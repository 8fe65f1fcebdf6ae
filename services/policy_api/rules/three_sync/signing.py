"""TS-09 to TS-16: one package, reviewed, approved and signed together (同步审签)."""

from datetime import datetime

from services.policy_api.rules.scans import PERSONAL
from services.policy_api.rules.three_sync.facts import (
    PLAN,
    POLICY,
    Approval,
    Dossier,
    Scan,
    attachment_subject,
    material_subject,
)
from services.policy_api.rules.three_sync.manifest import differing_subjects, manifest_of
from services.policy_api.rules.three_sync.preparation import OUT_OF_SCOPE
from services.policy_api.rules.three_sync.verdicts import Context, Verdict, failed, listed, not_applicable, passed
from shared.schemas.dossiers import ApprovalStep, ReviewResult, ReviewType
from shared.schemas.policies import DocClass


def name_of(subject: str) -> str:
    """What a clerk calls a subject."""
    if subject.startswith("attachment:"):
        return f"附件{subject.partition(':')[2]}"
    if subject.startswith("material:"):
        material, _, number = subject.removeprefix("material:").partition("/attachment:")
        return f"解读材料{material}" + (f"的附件{number}" if number else "")
    return {POLICY: "政策文本", PLAN: "解读方案"}.get(subject, "免予解读")


def package_subjects(dossier: Dossier) -> dict[str, str]:
    """What has to be approved together: policy, plan and materials, with their present hashes."""
    subjects = {POLICY: dossier.policy.hash}
    if dossier.in_scope:
        if dossier.plan is not None:
            subjects[PLAN] = dossier.plan.hash
        subjects |= {item.subject: item.hash for item in dossier.materials}
    return subjects


def file_subjects(dossier: Dossier) -> dict[str, tuple[str, bool]]:
    """Every file that becomes public: its present hash, and whether its bytes are pinned by a hash of their own."""
    subjects = {POLICY: (dossier.policy.hash, True)}
    for number, file in enumerate(dossier.policy.attachments, 1):
        subjects[attachment_subject(number)] = (file.hash, file.sha256 is not None)
    for material in dossier.materials:
        subjects[material.subject] = (material.hash, True)
        for number, file in enumerate(material.attachments, 1):
            subjects[material_subject(material.id, number)] = (file.hash, file.sha256 is not None)
    return subjects


def _approvals_of(
    dossier: Dossier, subject: str, content_hash: str, step: ApprovalStep | None = None
) -> list[Approval]:
    """Approvals of exactly this content."""
    return [
        item
        for item in dossier.approvals
        if item.items.get(subject) == content_hash and (step is None or item.step is step)
    ]


def check_one_package(dossier: Dossier, context: Context) -> Verdict:
    """TS-09 文件、方案、材料在同一审批件中. 国办发〔2016〕80号：同步审签；SEED（五）."""
    if not dossier.in_scope:
        return not_applicable(OUT_OF_SCOPE)
    wanted = package_subjects(dossier)
    if PLAN not in wanted or len(wanted) < 3:
        return failed("审批件中应有文件、解读方案和解读材料；请先备齐")
    packages = [
        {approval.package_id for approval in _approvals_of(dossier, subject, content_hash)}
        for subject, content_hash in wanted.items()
    ]
    lacking = [name_of(subject) for subject, found in zip(wanted, packages, strict=True) if not found]
    if lacking:
        return failed(f"{listed(lacking)}的现内容没有审批记录；请随文件一并送审批", ("missing", listed(lacking)))
    common = set.intersection(*packages)
    if not common:
        every = sorted(set.union(*packages))
        return failed("文件、方案、材料不在同一审批件中；请合为一件重新审批", *(("package", name) for name in every))
    return passed("文件、方案、材料同在一个审批件中", *(("package", name) for name in sorted(common)))


def check_department_head(dossier: Dossier, context: Context) -> Verdict:
    """TS-10 方案和材料在送政府办公室之前经起草部门主要负责人审定. 国办发〔2016〕80号."""
    if not dossier.in_scope:
        return not_applicable(OUT_OF_SCOPE)
    wanted = {subject: digest for subject, digest in package_subjects(dossier).items() if subject != POLICY}
    if not wanted:
        return failed("没有可供主要负责人审定的解读方案和材料；请先备齐")
    late, lacking, facts = [], [], []
    for subject, content_hash in wanted.items():
        approvals = _approvals_of(dossier, subject, content_hash, ApprovalStep.DEPARTMENT_HEAD)
        first = min(approvals, key=lambda approval: approval.at, default=None)
        if first is None:
            lacking.append(name_of(subject))
            continue
        facts += [("approval", first.id), ("approved_at", first.at)]
        if dossier.submitted_at is not None and first.at > dossier.submitted_at:
            late.append(name_of(subject))
    if lacking:
        return failed(f"{listed(lacking)}的现内容未经起草部门主要负责人审定；请先送审定", ("missing", listed(lacking)))
    if late:
        return failed(f"{listed(late)}是在报送之后才经主要负责人审定的；请退回重新报送", *facts)
    return passed("方案和材料在报送前经起草部门主要负责人审定", *facts)


def check_approved_before_signature(dossier: Dossier, context: Context) -> Verdict:
    """TS-11 材料的最后审批不晚于文件签发. 国办发〔2016〕80号."""
    if not dossier.in_scope:
        return not_applicable(OUT_OF_SCOPE)
    if dossier.signature is None:
        return not_applicable("尚未签发，签发时核对")
    signed_at = dossier.signature.at
    facts: list[tuple[str, object]] = [("signed_at", signed_at)]
    for material in dossier.materials:
        last = _last_approval(dossier, material.subject)
        if last is None:
            return failed(f"{name_of(material.subject)}没有审批记录；请补办审批后重新签发", *facts)
        facts.append(("approved_at", last))
        if last > signed_at:
            return failed(f"{name_of(material.subject)}在文件签发之后才审批；请退回后重新签发", *facts)
    return passed("材料的审批不晚于文件签发", *facts)


def _last_approval(dossier: Dossier, subject: str) -> datetime | None:
    return max((approval.at for approval in dossier.approvals if subject in approval.items), default=None)


def check_as_signed(dossier: Dossier, context: Context) -> Verdict:
    """TS-12 公开的内容就是签发的内容：任何一项哈希不同，签发即告失效."""
    if dossier.signature is None:
        return not_applicable("尚未签发，签发后核对")
    published = dossier.publication.manifest if dossier.publication is not None else manifest_of(dossier)
    signed = dossier.signature.manifest
    facts: list[tuple[str, object]] = [("signature", dossier.signature.id)]
    changed = differing_subjects(signed, published)
    for subject in changed:
        facts += [(f"signed:{subject}", signed.get(subject, "无")), (f"now:{subject}", published.get(subject, "无"))]
    if changed:
        names = listed(name_of(subject) for subject in changed)
        return failed(f"签发后{names}有改动，签发已失效；请退回，重新审批、报送和签发", *facts)
    return passed("内容与签发时一致", *facts)


def check_content_reviews(dossier: Dossier, context: Context) -> Verdict:
    """TS-13 规章、规范性文件经合法性审核，涉市场主体的经公平竞争审查.

    省政府令第353号；公平竞争审查条例.
    """
    needed: list[tuple[ReviewType, str]] = []
    if dossier.policy.doc_class in {DocClass.REGULATION, DocClass.NORMATIVE}:
        needed.append((ReviewType.LEGALITY, "合法性审核"))
    if dossier.policy.market_related:
        needed.append((ReviewType.FAIR_COMPETITION, "公平竞争审查"))
    if not needed:
        return not_applicable("不是规章、规范性文件，也不涉及市场主体")
    lacking, facts = [], []
    for kind, name in needed:
        review = dossier.find_review(kind, POLICY, dossier.policy.hash)
        if review is None or review.result is not ReviewResult.PASS:
            lacking.append(name)
        if review is not None:
            facts += [("review", review.id), ("hash", review.hash), ("result", review.result)]
    if lacking:
        return failed(f"现文本未通过{listed(lacking)}；请送审，通过后再报送", *facts)
    return passed("现文本已通过所需审查", *facts)


def check_secrecy(dossier: Dossier, context: Context) -> Verdict:
    """TS-14 先审查、后公开，逐项保密审查，附件也不例外.

    保守国家秘密法实施条例第四十二条；条例第十七条. A review of a file whose bytes have no hash proves nothing about them.
    """
    lacking, unpinned, refused, facts = [], [], [], []
    for subject, (content_hash, pinned) in file_subjects(dossier).items():
        review = dossier.find_review(ReviewType.SECRECY, subject, content_hash)
        if not pinned:
            unpinned.append(name_of(subject))
        elif review is None:
            lacking.append(name_of(subject))
        else:
            facts += [("review", review.id), (f"hash:{subject}", content_hash)]
            if review.result is not ReviewResult.PASS:
                refused.append(f"{name_of(subject)}（{_RESULTS[review.result]}）")
    problems = [
        sentence
        for items, sentence in (
            (lacking, f"{listed(lacking)}的现内容没有保密审查记录，请逐项审查"),
            (unpinned, f"{listed(unpinned)}没有文件哈希，审查无法对应到文件，请补充 sha256"),
            (refused, f"{listed(refused)}未通过保密审查，不得公开"),
        )
        if items
    ]
    if problems:
        return failed("；".join(problems), *facts)
    return passed("每份文件都已通过保密审查", *facts)


_RESULTS = {ReviewResult.PASS: "通过", ReviewResult.FAIL: "不通过", ReviewResult.ESCALATED: "已报主管部门确定"}


_SHOWN_HITS = 20
"""Of one subject; a list of ten thousand telephone numbers helps nobody."""


def check_scans(dossier: Dossier, context: Context) -> Verdict:
    """TS-15 个人信息和敏感词扫描无发现，或由审查人写明理由放行. 个人信息保护法第二十五条；domain.md §11.2.

    A file the system does not hold cannot be scanned: a person looks through it (hidden sheets, text under black boxes).
    """
    scans = {scan.subject: scan for scan in dossier.scans}
    problems, facts = [], []
    for subject, (content_hash, _) in file_subjects(dossier).items():
        scan = scans.get(subject)
        if scan is None or scan.hash != content_hash:
            problems.append(f"{name_of(subject)}的现内容尚未扫描")
            continue
        facts += [(f"scan:{subject}", f"{hit.kind.value} {hit.excerpt}") for hit in scan.hits[:_SHOWN_HITS]]
        if len(scan.hits) > _SHOWN_HITS:
            facts.append((f"hits:{subject}", str(len(scan.hits))))
        lacking = _unanswered(dossier, scan)
        if lacking:
            problems.append(f"{name_of(subject)}{lacking}")
    if problems:
        return failed(f"{listed(problems)}；请改正文本，或由审查人审查后写明理由放行", *facts)
    return passed("扫描无发现，或已由审查人写明理由放行", *facts)


def _unanswered(dossier: Dossier, scan: Scan) -> str | None:
    personal = any(hit.kind in PERSONAL for hit in scan.hits)
    words = any(hit.kind not in PERSONAL for hit in scan.hits)
    cleared = _is_cleared(dossier, scan, ReviewType.PERSONAL_INFORMATION, with_reason=personal)
    if personal and not cleared:
        return "疑似含有个人信息"
    if words and not _is_cleared(dossier, scan, ReviewType.SECRECY, with_reason=True):
        return "含有密级标志、敏感词或错别字"
    if not scan.readable and not cleared:
        return "的文件内容无法由机器扫描，缺人工个人信息审查"
    return None


def _is_cleared(dossier: Dossier, scan: Scan, kind: ReviewType, *, with_reason: bool) -> bool:
    review = dossier.find_review(kind, scan.subject, scan.hash)
    if review is None or review.result is not ReviewResult.PASS:
        return False
    return bool((review.reason or "").strip()) or not with_reason


def check_returned(dossier: Dossier, context: Context) -> Verdict:
    """TS-16 材料不全的自动退文，并列明缺项. 国办发〔2016〕80号：未按要求报送的予以退文."""
    incomplete = [submission for submission in dossier.submissions if submission.blocked]
    if not incomplete:
        return not_applicable("没有材料不全的报送")
    facts: list[tuple[str, object]] = [("submitted_at", submission.at) for submission in incomplete]
    for submission in incomplete:
        answers = [item for item in dossier.returns if item.automatic and item.missing and item.at >= submission.at]
        if not answers:
            return failed("材料不全的报送没有退文记录；请退文并列明缺项", *facts)
        facts.append(("returned_at", answers[0].at))
        facts.append(("missing", listed(answers[0].missing)))
    return passed("材料不全的报送已自动退文并列明缺项", *facts)
