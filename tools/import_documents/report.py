"""The one report at the end of an import: what went in, what did not and why, what was found in the texts."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tools.import_documents.mapping import Notes

OUTCOMES = {
    "created": "新收",
    "updated": "新版本",
    "unchanged": "无变化",
    "already_sent": "此前已收",
    "superseded": "不必收（同日另有文本，或只是目录）",
    "refused": "未收",
}


@dataclass
class RowReport:
    """One row's fate."""

    row: str
    file: str
    outcome: str
    reason: str | None = None
    organization: str | None = None
    external_id: str | None = None
    id: str | None = None
    version: int | None = None
    notes: Notes = field(default_factory=Notes)


@dataclass
class Report:
    """Of one run."""

    rows: list[RowReport] = field(default_factory=list)
    organizations_registered: list[dict[str, str]] = field(default_factory=list)
    broken_off: str | None = None
    """Why the run ended early; run it again to go on."""

    def count(self, outcome: str) -> int:
        return sum(row.outcome == outcome for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        return {
            "totals": {outcome: self.count(outcome) for outcome in OUTCOMES},
            "by_file": {file: dict(counts) for file, counts in self._by_file().items()},
            "metadata": {name: dict(counts) for name, counts in self._metadata().items()},
            "organizations_registered": self.organizations_registered,
            "broken_off": self.broken_off,
            "rows": [asdict(row) for row in self.rows],
        }

    def write(self, folder: Path) -> Path:
        """The JSON file, beside the journal."""
        path = folder / "report.json"
        path.write_text(json.dumps(self.as_json(), ensure_ascii=False, indent=1, default=str), encoding="utf-8")
        return path

    def show(self, console: Console) -> None:
        """Tables for people."""
        console.print(self._table_of_outcomes())
        if refused := [row for row in self.rows if row.outcome == "refused"]:
            table = Table("行", "原因", title=f"未收 {len(refused)} 行")
            for row in refused[:200]:
                table.add_row(row.row, row.reason or "")
            console.print(table)
        table = Table("字段", "来源缺、正文中找到", "推定", "仍缺", title="元数据")
        for name, counts in sorted(self._metadata().items()):
            table.add_row(name, *(str(counts[column] or "") for column in ("found", "assumed", "missing")))
        console.print(table)
        if self.organizations_registered:
            console.print(
                f"登记了 {len(self.organizations_registered)} 个来源机关，其代码是占位代码（Y9 开头），待换成真实代码"
            )
        if self.broken_off:
            console.print(f"[red]没有做完：{self.broken_off}。再运行一次即可继续[/]")

    def _table_of_outcomes(self) -> Table:
        table = Table("文件", *OUTCOMES.values(), "合计", title="导入结果")
        for file, counts in self._by_file().items():
            table.add_row(file, *(str(counts[outcome] or "") for outcome in OUTCOMES), str(counts.total()))
        return table

    def _by_file(self) -> dict[str, Counter[str]]:
        files: dict[str, Counter[str]] = {}
        for row in self.rows:
            files.setdefault(row.file, Counter())[row.outcome] += 1
        return files

    def _metadata(self) -> dict[str, Counter[str]]:
        fields: dict[str, Counter[str]] = {}
        for row in self.rows:
            for name in row.notes.found:
                fields.setdefault(name, Counter())["found"] += 1
            for name in row.notes.missing:
                fields.setdefault(name, Counter())["missing"] += 1
            for assumed in row.notes.assumed:
                fields.setdefault(assumed.partition(":")[0], Counter())["assumed"] += 1
        return fields
