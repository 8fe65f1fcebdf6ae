"""The annual report falls out of the records: tables 3 and 4 and the fees are counted, people write the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json
from uuid_utils.compat import uuid7

from services.request_api.repository import cases as case_repository
from services.request_api.repository import reports as repository
from services.request_api.repository import requests as request_repository
from services.request_api.repository.requests import Reads
from services.request_api.rules.report_identities import LATE, Beside, check_report
from services.request_api.rules.report_tables import cells_from
from services.request_api.service.openness import ensure_not_erased, refuse_numbers
from shared.kit.auth import Caller
from shared.kit.clock import local_day
from shared.kit.database import WriteSession
from shared.kit.errors import Conflict, IllegalMove, NotFound, RuleViolation
from shared.kit.log import Announcement
from shared.schemas.annual_reports import (
    AnnualReport,
    FeeSummary,
    FindingLevel,
    Outcome5,
    Report,
    ReportFinding,
    ReportInput,
    ReportPublication,
    ReportScope,
    ReportState,
    ReviewCase,
    ReviewCaseInput,
    Table4,
)
from shared.schemas.organizations import Organization
from shared.schemas.policies import OrganizationRef
from shared.schemas.problems import InvalidField

NO_REPORT = "没有这个年度的报告"


@dataclass(frozen=True)
class Year:
    """Whose report, of which year."""

    organization: Organization
    year: int

    @property
    def period(self) -> tuple[date, date]:
        return date(self.year, 1, 1), date(self.year, 12, 31)


async def write(session: WriteSession, caller: Caller, of: Year, body: ReportInput, *, now: datetime) -> AnnualReport:
    """What people write of a year; the figures are counted anew at every reading until it is published."""
    if of.year > local_day(now).year:
        raise RuleViolation("年度有误", errors=[InvalidField(pointer="{year", detail="不能是以后的年度")])
    driver = await session.driver()
    # It will be public.
    refuse_numbers({"overview": body.overview.model_dump_json(), "problems": body.problems, "other": body.other})
    known = await repository.lock_report(driver, of.organization.code, of.year)
    await _ensure_below(caller, of, body)
    row = {
        "organization": of.organization.code,
        "year": of.year,
        "organization_name": of.organization.name,
        "organization_path": list(of.organization.path),
        "state": ReportState.DRAFT.value,
        "written": body.model_dump_json(),
        "published": known["published"] if known else None,
        "published_on": known["published_on"] if known else None,
        "reason": known["reason"] if known else None,
        "version": known["version"] + 1 if known else 1,
        "updated_at": now,
    }
    await repository.keep_report(driver, row)
    _record(session, caller, "annual_report.written", row)
    return await show(driver, row)


async def _ensure_below(caller: Caller, of: Year, body: ReportInput) -> None:
    if body.scope is ReportScope.DEPARTMENT and body.members:
        raise RuleViolation("部门报告不汇总", errors=[InvalidField(pointer="/members", detail="部门报告只计本机关")])
    for member in body.members:
        if not (await caller.directory.get(member)).is_within(of.organization.code):
            errors = [InvalidField(pointer="/members", detail=f"{member}不在本机关及其下级之内")]
            raise RuleViolation("汇总范围有误", errors=errors)


async def submit(session: WriteSession, caller: Caller, of: Year, *, now: datetime) -> AnnualReport:
    """Handed to the authority (条例第四十九条); what an identity calls wrong comes back."""
    driver = await session.driver()
    row = await _draft_of(driver, of)
    shown = await show(driver, row)
    _ensure_sound(shown.findings)
    changed = dict(row) | {"state": ReportState.SUBMITTED.value, "version": row["version"] + 1, "updated_at": now}
    await repository.keep_report(driver, changed)
    _record(session, caller, "annual_report.submitted", changed)
    return await show(driver, changed)


async def publish(
    session: WriteSession, caller: Caller, of: Year, body: ReportPublication, *, now: datetime
) -> AnnualReport:
    """The whole report as it is now is kept and told; a correction needs its reason. Too late is said, not refused."""
    driver = await session.driver()
    row = await _draft_of(driver, of, submitted=True)
    if row["published"] is not None and body.reason is None:
        errors = [InvalidField(pointer="/reason", detail="更正已发布的报告应说明理由")]
        raise RuleViolation("更正已发布的报告应说明理由", errors=errors)
    today = local_day(now)
    if today <= of.period[1]:
        raise Conflict("年度结束后才能发布")
    report = await _report_of(driver, row, published_on=today)
    _ensure_sound(check_report(report, await _beside(driver, row, report)))
    changed = dict(row) | {
        "state": ReportState.PUBLISHED.value,
        "published": report.model_dump_json(),
        "published_on": today,
        "reason": body.reason,
        "version": row["version"] + 1,
        "updated_at": now,
    }
    await repository.keep_report(driver, changed)
    _record(session, caller, "annual_report.published", changed)
    shown = await show(driver, changed)
    session.announce(
        Announcement(
            "annual_report.published",
            f"{of.organization.code}/{of.year}",
            changed["version"],
            shown.model_dump_json().encode(),
        )
    )
    return shown


async def _draft_of(driver: Any, of: Year, *, submitted: bool = False) -> Any:
    row = await repository.lock_report(driver, of.organization.code, of.year)
    if row is None:
        raise NotFound(NO_REPORT)
    wanted = ReportState.SUBMITTED if submitted else ReportState.DRAFT
    if row["state"] != wanted.value:
        detail = "报告提交后才能发布" if submitted else "报告不在起草状态"
        raise IllegalMove(detail, state=row["state"], allowed=["write"])
    return row


def _ensure_sound(findings: Sequence[ReportFinding]) -> None:
    wrong = [one for one in findings if one.level is FindingLevel.ERROR and one.detail != LATE]
    if wrong:
        errors = [
            InvalidField(
                pointer="", detail=f"{one.rule} {one.place}：{one.detail}（应为{one.expected}，实为{one.found}）"
            )
            for one in wrong[:50]
        ]
        raise RuleViolation("报告的勾稽关系不成立", errors=errors)


async def show(reads: Reads, row: Any) -> AnnualReport:
    """A report as it stands: published as it was published, otherwise counted now."""
    if row["state"] == ReportState.PUBLISHED.value:
        report = Report.model_validate_json(row["published"])
    else:
        report = await _report_of(reads, row, published_on=None)
    return AnnualReport(
        organization=OrganizationRef(code=row["organization"], name=row["organization_name"]),
        state=ReportState(row["state"]),
        report=report,
        findings=check_report(report, await _beside(reads, row, report)),
        reason=row["reason"],
        version=row["version"],
        updated_at=row["updated_at"],
    )


def show_published(row: Any) -> AnnualReport:
    """What the public reads: the report as it was published last, whatever is being written since."""
    return AnnualReport(
        organization=OrganizationRef(code=row["organization"], name=row["organization_name"]),
        state=ReportState.PUBLISHED,
        report=Report.model_validate_json(row["published"]),
        findings=[],
        reason=row["reason"],
        version=row["version"],
        updated_at=row["updated_at"],
    )


async def _report_of(reads: Reads, row: Any, *, published_on: date | None) -> Report:
    written = ReportInput.model_validate_json(row["written"])
    members = await members_of(reads, row)
    since, until = date(row["year"], 1, 1), date(row["year"], 12, 31)
    fees = await repository.sum_fees(reads, members, since, until)
    return Report(
        organization_name=row["organization_name"],
        year=row["year"],
        scope=written.scope,
        period_from=since,
        period_to=until,
        published_on=published_on,
        members=members,
        overview=written.overview,
        table2=written.table2,
        table3=cells_from(await repository.count_cells(reads, members, since, until)),
        table4=await _table4(reads, members, since, until),
        problems=written.problems,
        other=written.other,
        fees=FeeSummary(**dict(fees)),
    )


async def members_of(reads: Reads, row: Any) -> list[str]:
    """Whose requests a report counts."""
    written = from_json(row["written"])
    if written["scope"] == ReportScope.DEPARTMENT.value:
        return [row["organization"]]
    return written["members"] or sorted({row["organization"], *await repository.list_below(reads, row["organization"])})


async def _table4(reads: Reads, members: Sequence[str], since: date, until: date) -> Table4:
    groups: dict[str, dict[str, int]] = {}
    for row in await repository.count_reviews(reads, members, since, until):
        groups.setdefault(row["kind"], {})[row["outcome"]] = row["count"]
    return Table4(**{kind: Outcome5(**outcomes, total=sum(outcomes.values())) for kind, outcomes in groups.items()})


async def _beside(reads: Reads, row: Any, report: Report) -> Beside:
    """The year before as it was published, the members' published reports, and the records of today.

    A report that is not published was counted this moment: its table is what the records say.
    """
    before = await repository.find_report(reads, row["organization"], row["year"] - 1)
    previous = Report.model_validate_json(before["published"]) if before and before["published"] else None
    since, until = report.period_from, report.period_to
    records = report.table3
    if row["state"] == ReportState.PUBLISHED.value:
        records = cells_from(await repository.count_cells(reads, report.members, since, until))
    others = [member for member in report.members if member != row["organization"]]
    published = await repository.list_members(reads, others, row["year"])
    if report.scope is not ReportScope.GOVERNMENT or not published:
        return Beside(previous=previous, records=records)
    theirs = [Report.model_validate_json(one["published"]) for one in published]
    told = {member for one in theirs for member in one.members}
    rest = [member for member in report.members if member not in told]
    mine = cells_from(await repository.count_cells(reads, rest, since, until))
    return Beside(previous=previous, members=[mine, *(one.table3 for one in theirs)], records=records)


async def keep_review(
    session: WriteSession, caller: Caller, request_id: UUID, external_id: str, body: ReviewCaseInput, *, now: datetime
) -> ReviewCase:
    """复议、诉讼 over a request, as it stands now."""
    driver = await session.driver()
    request = await request_repository.lock_request(driver, request_id)
    ensure_not_erased(request)
    today = local_day(now)
    for name in ("filed_on", "decided_on"):
        if (day := getattr(body, name)) is not None and day > today:
            raise RuleViolation("日期有误", errors=[InvalidField(pointer=f"/{name}", detail="不能晚于今天")])
    if body.filed_on < local_day(request["submitted_at"]):
        raise RuleViolation("日期有误", errors=[InvalidField(pointer="/filed_on", detail="不能早于提交申请之日")])
    known = await repository.lock_review(driver, request_id, external_id)
    row = {
        "id": known["id"] if known else uuid7(),
        "request_id": request_id,
        "organization": request["organization"],
        "external_id": external_id,
        "kind": body.kind.value,
        "filed_on": body.filed_on,
        "result": body.result.value if body.result else None,
        "decided_on": body.decided_on,
        "version": known["version"] + 1 if known else 1,
    }
    await repository.keep_review(driver, row)
    await follow_reviews(driver, request_id)
    session.record(
        actor=caller.client_id,
        action="request.review_kept",
        subject=str(request_id),
        version=row["version"],
        organization=row["organization"],
        kind=row["kind"],
    )
    return show_review(row)


async def follow_reviews(driver: Any, request_id: UUID) -> None:
    """A case of the library says how reconsideration and courts decided."""
    case = await case_repository.lock_case(driver, request_id)
    if case is None:
        return
    said = review_words(await repository.list_reviews(driver, request_id))
    content = from_json(case["content"])
    if content.get("review_result") == said:
        return
    content["review_result"] = said
    changed = dict(case) | {"content": to_json(content).decode(), "version": case["version"] + 1}
    await case_repository.update_case(driver, changed)


def review_words(rows: Sequence[Any]) -> str | None:
    """复议、诉讼结果 in words; None when there is no case."""
    parts = [f"{_KINDS[row['kind']]}：{_RESULTS[row['result'] or 'pending']}" for row in rows]
    return "；".join(parts) or None


_KINDS = {"review": "行政复议", "suit_direct": "行政诉讼", "suit_after_review": "复议后诉讼"}
_RESULTS = {"upheld": "结果维持", "corrected": "结果纠正", "other": "其他结果", "pending": "尚未审结"}


def show_review(row: Any) -> ReviewCase:
    names = ("id", "external_id", "kind", "filed_on", "result", "decided_on", "version")
    return ReviewCase(**{name: row[name] for name in names})


def _record(session: WriteSession, caller: Caller, action: str, row: Any) -> None:
    session.record(
        actor=caller.client_id,
        action=action,
        subject=f"{row['organization']}/{row['year']}",
        version=row["version"],
        organization=row["organization"],
    )
