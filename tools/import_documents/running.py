"""One import: rows are mapped, their organisations registered, and what is missing is sent, oldest text first."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from shared.schemas.organizations import Level, OrganizationInput, OrganizationKind
from shared.schemas.policies import BatchLine, InterpretationImport, PolicyInput
from tools.import_documents.journal import Entry, Journal
from tools.import_documents.laws import map_laws
from tools.import_documents.mapping import Item, Left, bind_interpretations, map_row
from tools.import_documents.places import EXTERNAL_ROOT, placeholder_code
from tools.import_documents.report import Report, RowReport
from tools.import_documents.sources import Form, SourceRow, read_rows
from tools.import_documents.suite import ATTEMPTS, Answer, RefusedBySuite, Suite, SuiteUnavailable, describe, pause

BATCH_LINES = 200
BATCH_BYTES = 8_000_000

Progress = Callable[[int, int], None]
"""Called with rows done and rows in all."""


@dataclass(frozen=True)
class Mapped:
    """All rows of an import, in the order in which they must be sent."""

    items: list[Item]
    left: list[Left]


def map_files(paths: Sequence[Path]) -> Mapped:
    """Everything that the files hold. UnreadableFile when one cannot be read at all."""
    return map_rows([row for path in paths for row in read_rows(path)])


def map_rows(rows: Sequence[SourceRow]) -> Mapped:
    """Laws together, for their texts belong together; the rest row by row."""
    mapped = bind_interpretations([map_row(row) for row in rows if row.form is not Form.LAW or row.fault])
    mapped += map_laws(row for row in rows if row.form is Form.LAW and not row.fault)
    items = [item for item in mapped if isinstance(item, Item)]
    return Mapped(items, [left for left in mapped if isinstance(left, Left)])


async def run_import(mapped: Mapped, suite: Suite, journal: Journal, *, progress: Progress | None = None) -> Report:
    """Send what is missing and report on every row. A suite that stays away ends the run, not the report."""
    report = Report()
    for left in mapped.left:
        outcome = "superseded" if left.superseded else "refused"
        report.rows.append(RowReport(left.row.name, left.row.file, outcome, reason=left.reason))
    try:
        items = await register_organizations(mapped.items, suite, report)
    except (SuiteUnavailable, RefusedBySuite) as error:
        report.broken_off = str(error)
        return report
    run = _Run(suite, journal, report, progress or (lambda done, total: None), total=len(items))
    try:
        for wave in _waves(item for item in items if isinstance(item.content, PolicyInput)):
            await run.send_policies(wave)
        for item in items:
            if isinstance(item.content, InterpretationImport):
                await run.send_interpretation(item, item.content)
    except SuiteUnavailable as error:
        report.broken_off = str(error)
    return report


async def register_organizations(items: Sequence[Item], suite: Suite, report: Report) -> list[Item]:
    """Every item with a registered code: one that has the name already, else a placeholder below 外部来源."""
    known = await suite.list_organizations()
    codes = {organization["name"]: organization["code"] for organization in known}
    root = next((organization for organization in known if not organization["parent"]), None)
    if root is None:
        raise SuiteUnavailable("机关目录里没有根机关：请先启动并初始化服务")
    missing = {item.organization.name: item.organization for item in items if item.organization_code is None}
    places = [place for name, place in missing.items() if name not in codes]
    if places:
        parent = codes.get(EXTERNAL_ROOT) or await _register_root(suite, root, report)
        for place in places:
            await suite.register(place.code, place.as_input(parent))
            codes[place.name] = place.code
            report.organizations_registered.append({"name": place.name, "code": place.code})
    return [
        item if item.organization_code else replace(item, organization_code=codes[item.organization.name])
        for item in items
    ]


async def _register_root(suite: Suite, root: dict[str, str], report: Report) -> str:
    code = placeholder_code(EXTERNAL_ROOT, root["division_code"])
    wanted = OrganizationInput(
        name=EXTERNAL_ROOT,
        kind=OrganizationKind.EXTERNAL,
        level=Level(root["level"]),
        division_code=root["division_code"],
        parent=root["code"],
    )
    await suite.register(code, wanted)
    report.organizations_registered.append({"name": EXTERNAL_ROOT, "code": code})
    return code


def _waves(items: Iterable[Item]) -> list[list[Item]]:
    """First texts of all documents, then second texts …: a batch takes a document once, and history grows in order."""
    waves: list[list[Item]] = []
    seen: dict[tuple[str, str], int] = {}
    for item in items:
        wave = seen[item.key] = seen.get(item.key, -1) + 1
        if wave == len(waves):
            waves.append([])
        waves[wave].append(item)
    return waves


class _Run:
    def __init__(self, suite: Suite, journal: Journal, report: Report, progress: Progress, *, total: int) -> None:
        self._suite, self._journal, self._report, self._progress = suite, journal, report, progress
        self._done, self._total = 0, total

    async def send_policies(self, wave: Sequence[Item]) -> None:
        for batch in _batches([item for item in wave if not self._is_in(item)]):
            await self._send_batch(batch)

    async def _send_batch(self, batch: list[Item]) -> None:
        """Until every line has its answer; lines without one are sent again."""
        waiting, fault = batch, ""
        for attempt in range(ATTEMPTS):
            answered: set[str] = set()
            try:
                async for answer in self._suite.push_batch([_line(item) for item in waiting]):
                    if 1 <= answer.line <= len(waiting) and not answer.may_succeed_later:
                        item = waiting[answer.line - 1]
                        self._settle(item, answer)
                        answered.add(item.hash)
            except SuiteUnavailable as error:
                fault = str(error)
            waiting = [item for item in waiting if item.hash not in answered]
            if not waiting:
                return
            if attempt < ATTEMPTS - 1:
                await pause(attempt)
        raise SuiteUnavailable(f"{len(waiting)}行没有得到答复。{fault}")

    async def send_interpretation(self, item: Item, content: InterpretationImport) -> None:
        if self._is_in(item):
            return
        try:
            receipt = await self._suite.put_interpretation(item.key[0], item.external_id, content)
        except RefusedBySuite as error:
            self._settle(item, Answer(1, error.status, None, error.problem))
        else:
            self._settle(item, Answer(1, 200, receipt, None))

    def _is_in(self, item: Item) -> bool:
        entry = self._journal.find(item.hash)
        if entry is None:
            return False
        self._note(item, "already_sent", id_=entry.id, version=entry.version)
        return True

    def _settle(self, item: Item, answer: Answer) -> None:
        if answer.receipt is None:
            self._note(item, "refused", reason=describe(answer.problem or {}))
            return
        outcome, id_, version = (answer.receipt[name] for name in ("outcome", "id", "version"))
        self._journal.add(Entry(item.hash, outcome, id_, version))
        self._note(item, outcome, id_=id_, version=version)

    def _note(
        self, item: Item, outcome: str, *, reason: str | None = None, id_: str | None = None, version: int | None = None
    ) -> None:
        organization, external_id = item.key
        self._report.rows.append(
            RowReport(
                item.row.name, item.row.file, outcome, reason, organization, external_id, id_, version, item.notes
            )
        )
        self._done += 1
        self._progress(self._done, self._total)


def _line(item: Item) -> bytes:
    assert isinstance(item.content, PolicyInput)
    organization, external_id = item.key
    fields = item.content.model_dump(mode="json", exclude_defaults=True)
    line = BatchLine.model_validate({**fields, "organization": organization, "external_id": external_id})
    return line.model_dump_json(exclude_defaults=True).encode()


def _batches(items: Sequence[Item]) -> Iterable[list[Item]]:
    batch: list[Item] = []
    size = 0
    for item in items:
        assert isinstance(item.content, PolicyInput)
        length = len(item.content.body) * 3
        if batch and (len(batch) >= BATCH_LINES or size + length > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += length
    if batch:
        yield batch
