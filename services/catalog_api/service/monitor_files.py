"""The monitoring table as files for a report: a workbook with its chart, and the chart alone as SVG.

No picture of dots (PNG): Chinese letters would need a font that a server need not have. SVG is drawn with the reader's.
"""

import io
from collections.abc import Sequence
from xml.sax.saxutils import escape

import xlsxwriter

from shared.schemas.monitoring import Monitor, MonitorRow

SVG = "image/svg+xml"
_COLUMNS = (
    *(("name", "名称", 34), ("duties", "应公开", 10), ("on_time", "按时", 10), ("late", "逾期后公开", 12)),
    *(
        ("overdue", "逾期未公开", 12),
        ("open", "未到期", 10),
        ("due_soon", "即将到期", 10),
        ("timeliness", "及时率", 10),
    ),
    *(("items", "公开事项", 10), ("covered", "已有公开的事项", 16), ("coverage", "覆盖率", 10), ("score", "得分", 10)),
)
_SHARES = ("timeliness", "coverage")
_PARTS = (
    ("on_time", "按时", "#2e7d32"),
    ("late", "逾期后公开", "#f9a825"),
    ("overdue", "逾期未公开", "#c62828"),
    ("open", "未到期", "#90a4ae"),
)
_MOST_BARS = 60
_BAR, _GAP, _NAME, _WIDTH, _TOP = 22, 10, 230, 560, 70


def write_table(monitor: Monitor) -> bytes:
    """One sheet: what it is of, the rows, their total, and a chart of how the duties of each row stand."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("效能监测")
        heading = book.add_format({"bold": True, "border": 1, "align": "center"})
        plain, share = book.add_format({"border": 1}), book.add_format({"border": 1, "num_format": "0.0%"})
        sheet.write_string(0, 0, title_of(monitor), book.add_format({"bold": True, "size": 14}))
        for column, (_, label, width) in enumerate(_COLUMNS):
            sheet.set_column(column, column, width)
            sheet.write_string(2, column, label, heading)
        for number, row in enumerate([*monitor.rows, monitor.total], 3):
            for column, (name, _, _) in enumerate(_COLUMNS):
                value = getattr(row, name)
                if value is None:
                    sheet.write_string(number, column, "—", plain)
                elif isinstance(value, str):
                    sheet.write_string(number, column, value, plain)
                else:
                    sheet.write_number(number, column, value, share if name in _SHARES else plain)
        if monitor.rows:
            chart = book.add_chart({"type": "bar", "subtype": "stacked"})
            last = 2 + min(len(monitor.rows), _MOST_BARS)
            for name, label, colour in _PARTS:
                column = next(place for place, (one, _, _) in enumerate(_COLUMNS) if one == name)
                chart.add_series(
                    {
                        "name": label,
                        "categories": ["效能监测", 3, 0, last, 0],
                        "values": ["效能监测", 3, column, last, column],
                        "fill": {"color": colour},
                    }
                )
            chart.set_y_axis({"reverse": True})
            sheet.insert_chart(len(monitor.rows) + 6, 0, chart, {"x_scale": 1.6, "y_scale": 1.4})
    return buffer.getvalue()


def title_of(monitor: Monitor) -> str:
    return f"政务公开效能监测（{monitor.period_from}至{monitor.period_to}，统计日{monitor.today}）"


def draw_chart(monitor: Monitor) -> str:
    """A bar a row: its duties by how they stand, their number, and the score at its end. The first 60 rows, and says so."""
    rows = monitor.rows[:_MOST_BARS]
    most = max((row.duties for row in rows), default=0) or 1
    height = _TOP + len(rows) * (_BAR + _GAP) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_NAME + _WIDTH + 110} {height}" '
        'font-family="sans-serif" font-size="13" role="img">',
        f"<title>{escape(title_of(monitor))}</title>",
        f'<rect width="100%" height="100%" fill="#ffffff"/><text x="10" y="24" font-size="16">{escape(title_of(monitor))}</text>',
        *_legend(),
    ]
    for number, row in enumerate(rows):
        parts += _bar(row, _TOP + number * (_BAR + _GAP), most)
    if len(monitor.rows) > len(rows):
        parts.append(f'<text x="10" y="{height - 10}">另有{len(monitor.rows) - len(rows)}组，见表</text>')
    return "".join([*parts, "</svg>"])


def _legend() -> Sequence[str]:
    return [
        f'<rect x="{10 + place * 120}" y="38" width="14" height="14" fill="{colour}"/>'
        f'<text x="{30 + place * 120}" y="50">{label}</text>'
        for place, (_, label, colour) in enumerate(_PARTS)
    ]


def _bar(row: MonitorRow, top: int, most: int) -> Sequence[str]:
    middle = top + _BAR - 6
    name = row.name if len(row.name) <= 16 else f"{row.name[:15]}…"
    parts = [f'<text x="{_NAME - 8}" y="{middle}" text-anchor="end">{escape(name)}</text>']
    left = float(_NAME)
    for part, label, colour in _PARTS:
        count = getattr(row, part)
        width = count * _WIDTH / most
        if count:
            words = f"<title>{label} {count}</title>"
            size = f'x="{left:.1f}" y="{top}" width="{width:.1f}" height="{_BAR}"'
            parts.append(f'<rect {size} fill="{colour}">{words}</rect>')
        left += width
    score = "—" if row.score is None else f"{row.score:g}分"
    return [*parts, f'<text x="{left + 6:.1f}" y="{middle}">{row.duties}项　{score}</text>']
