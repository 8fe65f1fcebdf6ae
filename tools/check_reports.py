"""Checks annual reports of other bodies: one JSON object a line, with three tables under the names of a data set.

`python -m tools.check_reports annual_reports.jsonl` prints what the identities find in each, the year before beside it.
"""

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

from services.request_api.rules.report_identities import Beside, check_report
from shared.schemas.annual_reports import Overview, Report

COLUMNS = {
    **{"natural_person": "natural", "enterprise": "legal.commercial", "research": "legal.research"},
    **{"public_welfare": "legal.social", "legal_service": "legal.legal_service", "other": "legal.other"},
    "total": "total",
}
ROWS = {
    **{"new_received": "new", "carried_in": "carried_in", "granted": "r.granted", "partial": "r.partial"},
    **{"deny_state_secret": "r.denied.secret", "deny_law_forbidden": "r.denied.law"},
    **{"deny_three_safety": "r.denied.security", "deny_third_party": "r.denied.third_party"},
    **{"deny_internal": "r.denied.internal", "deny_process": "r.denied.process"},
    **{"deny_enforcement": "r.denied.casefile", "deny_inquiry": "r.denied.query"},
    **{"unable_not_held": "r.unable.not_held", "unable_need_create": "r.unable.need_make"},
    **{"unable_unclear": "r.unable.unclear", "reject_petition": "r.refused.petition"},
    **{"reject_repeat": "r.refused.repeat", "reject_publication": "r.refused.publication"},
    **{"reject_mass": "r.refused.massive", "reject_confirm": "r.refused.confirm"},
    **{"other_overdue_correction": "r.other.no_correction", "other_overdue_fee": "r.other.no_payment"},
    **{"other_other": "r.other.misc", "other_lump": "r.other.misc"},
    **{"result_total": "r.total", "carried_out": "carried_out"},
}
GROUPS = {
    "reconsideration": "review",
    "litigation_direct": "suit_direct",
    "litigation_after_reconsideration": "suit_after_review",
}


def report_of(line: dict[str, Any]) -> Report:
    """A line of the data set as a report; a row or column of another name is an error, never left out."""
    first, third = line["table1"], line["table3"]
    cells: dict[str, dict[str, int]] = {}
    for row, columns in line["table2"].items():
        kept = cells.setdefault(ROWS[row], {})
        for column, count in columns.items():
            kept[COLUMNS[column]] = kept.get(COLUMNS[column], 0) + count
    made = {"issued": "made", "repealed": "repealed", "in_force": "valid"}
    return Report.model_validate(
        {
            "organization_name": line["agency"],
            "year": line["year"],
            "period_from": date(line["year"], 1, 1),
            "period_to": date(line["year"], 12, 31),
            "overview": Overview(on_request=line.get("full_text", "")[:20_000]),
            "table2": {
                "regulations": {made[name]: count for name, count in first["rules"].items()},
                "normative": {made[name]: count for name, count in first["normative_docs"].items()},
                **{"licensing": first["permits"], "punishment": first["penalties"], "coercion": first["coercions"]},
                "fees_wan_yuan": str(first["fees_10k_yuan"]),
            },
            "table3": cells,
            "table4": {GROUPS[group]: counts for group, counts in third.items()},
        }
    )


def main() -> None:
    reports = [report_of(json.loads(line)) for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()]
    for report in reports:
        previous = next(
            (
                one
                for one in reports
                if (one.organization_name, one.year) == (report.organization_name, report.year - 1)
            ),
            None,
        )
        print(report.organization_name, report.year)
        for finding in check_report(report, Beside(previous=previous)):
            print(
                " ",
                finding.rule,
                finding.level.value,
                finding.place,
                f"{finding.expected} ≠ {finding.found}",
                finding.detail,
            )


if __name__ == "__main__":
    main()
