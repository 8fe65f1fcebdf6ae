"""Loads the demo city into a running suite through its public doors, as any partner would. Safe to repeat."""

import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

import httpx
from pydantic import BaseModel, ValidationError
from rich.progress import Progress

from deploy.local.demo.api import (
    ClientCredentials,
    DemoClient,
    DemoFailed,
    Session,
    chunks,
    open_gateway,
    problem_text,
)
from deploy.local.demo.city import CITY_CODE, units
from deploy.local.demo.clauses import clauses, put_clauses
from deploy.local.demo.disclosure import put_disclosure
from deploy.local.demo.disclosure import total as disclosure_total
from deploy.local.demo.dossiers import DEPARTMENT, Desk, department, leave_dossiers
from deploy.local.demo.files import put_files
from deploy.local.demo.interpretations import interpretations
from deploy.local.demo.library import external_id, papers, waves
from deploy.local.demo.participation import entries, put_entries
from deploy.local.demo.requests import put_requests
from deploy.local.demo.requests import total as requests_total
from deploy.local.demo.voices import put_voices
from deploy.local.demo.voices import total as voices_total
from shared.kit.clock import local_day
from shared.schemas.clients import ClientInput
from shared.schemas.policies import BatchLine, BatchResult, Receipt
from shared.schemas.scopes import Scope

WITHDRAWN = {
    "childcare-notice-2": "附件误含机构联系人的个人信息，撤回处理后另行发布",
    "commerce-notice-2": "文件内容与上级新规定不一致，撤回后修订",
    "village-notice-2": "重复发布，以另一份文件为准",
}
"""Published once and taken back; the reasons are for the office."""
_BATCH_LINES = 100
_CREDENTIALS = "demo/credentials.json"
Item = TypeVar("Item")


class DemoCredentials(BaseModel):
    """The demo's clients by what they do."""

    clients: dict[str, DemoClient]

    def __getitem__(self, key: str) -> DemoClient:
        return self.clients[key]


def client_inputs() -> dict[str, ClientInput]:
    """Who may do what. Drafting, reviewing, approving and signing lie with different clients."""
    school, district = units()[DEPARTMENT].code, units()["minghu"].code
    wanted = {
        "archive": ("历史文件导入工具", CITY_CODE, [Scope.POLICY_WRITE, Scope.POLICY_IMPORT]),
        "office": (
            "市政府办公室公文系统",
            CITY_CODE,
            [Scope.POLICY_APPROVE, Scope.POLICY_SIGN, Scope.POLICY_RELEASE, Scope.EVENTS_READ],
        ),
        "review": ("市政府合法性审核和保密审查系统", CITY_CODE, [Scope.POLICY_REVIEW]),
        "department": ("市住房城乡建设局业务系统", school, [Scope.POLICY_WRITE]),
        "department_head": ("市住房城乡建设局审批系统", school, [Scope.POLICY_APPROVE]),
        "district_370102": ("明湖区政务公开系统", district, [Scope.POLICY_WRITE]),
        "hotline": ("12345热线系统", CITY_CODE, [Scope.QUESTION_WRITE, Scope.ENQUIRY_WRITE]),
        "services": ("惠企服务平台", CITY_CODE, [Scope.CLAUSE_WRITE]),
        "editors": ("门户网站编辑系统", CITY_CODE, [Scope.COLLECTION_WRITE]),
        "website": (
            "市政府门户网站",
            CITY_CODE,
            [Scope.OPINION_WRITE, Scope.MATCH_RUN, Scope.PROFILE_WRITE, Scope.EVENTS_READ],
        ),
        "catalogs": ("政务公开目录编制系统", CITY_CODE, [Scope.CATALOG_WRITE]),
        "catalog_reviewer": ("政务公开目录审核系统", CITY_CODE, [Scope.CATALOG_REVIEW]),
        "catalog_approver": ("政务公开领导小组办公室", CITY_CODE, [Scope.CATALOG_APPROVE]),
        "disclosure": ("各部门业务系统", CITY_CODE, [Scope.DISCLOSURE_WRITE]),
        "supervisor": ("政务公开效能监测系统", CITY_CODE, [Scope.MONITOR_READ, Scope.DISCLOSURE_URGE]),
        "request_desk": (
            "依申请公开办理系统",
            CITY_CODE,
            [Scope.REQUEST_SUBMIT, Scope.REQUEST_HANDLE, Scope.REQUEST_BACKFILL],
        ),
        "request_head": (
            "政府信息公开工作机构负责人",
            CITY_CODE,
            [Scope.REQUEST_EXTEND, Scope.REQUEST_BACKFILL],
        ),
        "request_reviewer": ("法制和保密审核系统", CITY_CODE, [Scope.REQUEST_REVIEW, Scope.REQUEST_BACKFILL]),
        "request_leader": ("答复签发系统", CITY_CODE, [Scope.REQUEST_APPROVE, Scope.REQUEST_BACKFILL]),
        "request_reporter": ("年度报告编制系统", CITY_CODE, [Scope.REPORT_WRITE]),
        "request_supervisor": ("依申请公开监督系统", CITY_CODE, [Scope.REQUEST_SUPERVISE]),
        "exchange": ("数据交换管理系统", CITY_CODE, [Scope.WEBHOOK_MANAGE, Scope.PARTNER_ADMIN]),
        "participation": (
            "公众参与系统",
            CITY_CODE,
            [Scope.CONSULTATION_WRITE, Scope.DECISION_WRITE, Scope.OPINION_READ],
        ),
    }
    return {
        key: ClientInput(name=name, organization=organization, scopes=scopes)
        for key, (name, organization, scopes) in wanted.items()
    }


PERSONS = {
    "archive": "staff-0001",
    "office": "staff-0100",
    "review": "staff-0200",
    "department": "staff-1401",
    "department_head": "staff-1400",
    "district_370102": "staff-3701",
    "hotline": "staff-0500",
    "editors": "staff-0600",
    "services": "staff-0700",
    "website": "staff-0300",
    "participation": "staff-0400",
    "catalogs": "staff-0800",
    "catalog_reviewer": "staff-0801",
    "catalog_approver": "staff-0802",
    "disclosure": "staff-0803",
    "supervisor": "staff-0804",
    "request_desk": "staff-0901",
    "request_head": "staff-0900",
    "request_reviewer": "staff-0902",
    "request_leader": "staff-0903",
    "request_supervisor": "staff-0904",
    "request_reporter": "staff-0905",
    "exchange": "staff-1000",
}
"""Staff numbers as the calling systems would give them."""


def load(gateway_url: str, admin: ClientCredentials, state: Path, progress: Progress) -> DemoCredentials:
    """Bring the suite to hold the demo city; returns its clients. DemoFailed says what was refused and why."""
    today = local_day(datetime.now(UTC))
    with open_gateway(gateway_url) as gateway:
        credentials = open_doors(gateway, admin, state, progress)
        sessions = open_sessions(gateway, credentials)
        receipts = _push_papers(sessions["archive"], progress, today)
        _put_interpretations(sessions["archive"], progress, today)
        _withdraw(sessions["office"], receipts)
        asked = put_entries(sessions["participation"], today)
        for _ in _shown(progress, "公众参与 Participation", asked, total=len(entries(today))):
            pass
        for _ in _shown(progress, "惠企条款 Clauses", put_clauses(sessions["services"]), total=len(clauses())):
            pass
        spoken = put_voices(sessions["hotline"], sessions["editors"], sessions["archive"], today)
        for _ in _shown(progress, "问答和专题 Questions and themes", spoken, total=voices_total()):
            pass
        for _ in _shown(progress, "附件 Files", put_files(sessions["archive"], sessions["review"]), total=3):
            pass
        disclosed = put_disclosure(sessions, today)
        for _ in _shown(progress, "公开目录 Disclosure", disclosed, total=disclosure_total()):
            pass
        handled = put_requests(sessions, today)
        for _ in _shown(progress, "依申请公开 Requests", handled, total=requests_total()):
            pass
        for _ in _shown(progress, "会签卷 Dossiers", leave_dossiers(desk_of(sessions)), total=3):
            pass
    return credentials


def open_doors(
    gateway: httpx.Client, admin: ClientCredentials, state: Path | None, progress: Progress
) -> DemoCredentials:
    """Organisations and clients, without documents. No `state`: the clients are new and kept nowhere."""
    administrator = Session(gateway, admin, person="staff-0000")
    _put_organizations(administrator, progress)
    return _keep_clients(gateway, administrator, state)


def open_sessions(gateway: httpx.Client, credentials: DemoCredentials) -> dict[str, Session]:
    """One session a client."""
    return {key: Session(gateway, client, person=PERSONS[key]) for key, client in credentials.clients.items()}


def desk_of(sessions: dict[str, Session]) -> Desk:
    """Who drafts, reviews, approves and signs the department's documents."""
    return Desk(
        drafter=sessions["department"],
        reviewer=sessions["review"],
        head=sessions["department_head"],
        office=sessions["office"],
        unit=department(),
    )


def read_credentials(state: Path) -> DemoCredentials | None:
    """What an earlier load has kept; None when there is nothing, or nothing that can be read."""
    try:
        return DemoCredentials.model_validate_json((state / _CREDENTIALS).read_bytes())
    except (OSError, ValidationError):
        return None


def _shown(progress: Progress, title: str, items: Iterable[Item], *, total: int) -> Iterator[Item]:
    task = progress.add_task(title, total=total)
    for item in items:
        yield item
        progress.advance(task)


def _put_organizations(administrator: Session, progress: Progress) -> None:
    every = list(units().values())
    for unit in _shown(progress, "机关 Organisations", every, total=len(every)):
        body = unit.organization.model_dump(mode="json")
        administrator.must("PUT", f"/api/exchange/v1/organizations/{unit.code}", json=body)


def _keep_clients(gateway: httpx.Client, administrator: Session, state: Path | None) -> DemoCredentials:
    """The kept clients as far as they still open the door, new ones for the others; written down for their owner."""
    have = (read_credentials(state) if state else None) or DemoCredentials(clients={})
    kept = {}
    for key, wanted in client_inputs().items():
        old = have.clients.get(key)
        usable = old is not None and Session(gateway, old, person=PERSONS[key]).is_accepted()
        kept[key] = old if old is not None and usable else _create_client(administrator, wanted)
    credentials = DemoCredentials(clients=kept)
    if state is not None:
        _write_private(state / _CREDENTIALS, credentials.model_dump_json(indent=1))
    return credentials


def _create_client(administrator: Session, wanted: ClientInput) -> DemoClient:
    made = administrator.must("POST", "/api/exchange/v1/clients", json=wanted.model_dump(mode="json"))
    return DemoClient(
        client_id=made["secret"]["client_id"],
        client_secret=made["secret"]["client_secret"],
        name=wanted.name,
        organization=wanted.organization,
        scopes=[scope.value for scope in wanted.scopes],
    )


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    staging = path.with_suffix(".new")
    with os.fdopen(os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    staging.replace(path)


def _push_papers(archive: Session, progress: Progress, today: date) -> dict[str, Receipt]:
    """Every text that is published by today; what a wave names twice would be refused, hence waves. Receipts by name."""
    lines = [[line for line in wave if _is_out(line, today)] for wave in waves()]
    task = progress.add_task("政策文件 Policies", total=sum(map(len, lines)))
    receipts: dict[str, Receipt] = {}
    for wave in lines:
        for chunk in chunks(wave, _BATCH_LINES):
            for line, receipt in zip(chunk, _push_chunk(archive, chunk), strict=True):
                receipts[line.external_id] = receipt
            progress.advance(task, len(chunk))
    return receipts


def _is_out(line: BatchLine, today: date) -> bool:
    return line.published_on is not None and line.published_on <= today


def _push_chunk(archive: Session, chunk: Sequence[BatchLine]) -> list[Receipt]:
    body = b"\n".join(line.model_dump_json(exclude_defaults=True).encode() for line in chunk)
    answer = archive.call("POST", "/api/policy/v1/policies:batch", lines=body)
    if not answer.is_success:
        raise DemoFailed(f"批量推送被拒绝（{answer.status_code}）：{answer.text[:300]}")
    results = [BatchResult.model_validate_json(line) for line in answer.text.splitlines()]
    refused = [result for result in results if result.receipt is None]
    if refused or len(results) != len(chunk):
        first = refused[0] if refused else None
        name = chunk[first.line - 1].external_id if first and first.line <= len(chunk) else "其余各行"
        raise DemoFailed(f"{name}没有导入：{problem_text(first.problem or {}) if first else '批量推送提前结束'}")
    return [result.receipt for result in results if result.receipt is not None]


def _put_interpretations(archive: Session, progress: Progress, today: date) -> None:
    every = [reading for reading in interpretations() if reading.content.published_on <= today]
    for reading in _shown(progress, "政策解读 Interpretations", every, total=len(every)):
        path = f"/api/policy/v1/organizations/{reading.organization}/interpretations/{reading.external_id}"
        archive.must("PUT", path, json=reading.content.model_dump(mode="json", exclude_defaults=True))


def _withdraw(office: Session, receipts: dict[str, Receipt]) -> None:
    for key, reason in WITHDRAWN.items():
        receipt = receipts.get(external_id(papers()[key]))
        if receipt is not None and receipt.public:
            office.must("POST", f"/api/policy/v1/policies/{receipt.id}:withdraw", json={"reason": reason})
