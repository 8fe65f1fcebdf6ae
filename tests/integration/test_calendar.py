"""The working-day calendar: read by everybody, imported by the root, and what depends on it follows."""

from datetime import date
from typing import Any

import pytest

from shared.kit.workdays import WorkCalendar
from shared.schemas.calendar import Calendar
from shared.schemas.scopes import Scope
from tests.services import CITY, DISTRICT_A, Suite

YEAR = {
    "off": ["2027-01-01", "2027-02-05", "2027-02-08", "2027-02-09"],
    "work": ["2027-02-14"],
    "source": "国务院办公厅关于2027年部分节假日安排的通知（虚构）",
}


async def calendar_of(suite: Suite) -> WorkCalendar:
    return WorkCalendar(Calendar.model_validate_json((await suite.exchange.get("/v1/calendar")).content))


async def import_year(suite: Suite, year: int, **changes: Any) -> tuple[int, dict[str, Any]]:
    answer = await suite.exchange.put(f"/v1/calendar/years/{year}", json=YEAR | changes, headers=suite.admin)
    return answer.status_code, answer.json()


async def test_deadline_follows_the_import_and_names_its_version(suite: Suite) -> None:
    """Received 2026-12-04: provisional until the notice for 2027 is in, then certain and later by its holidays."""
    before = (await calendar_of(suite)).add_workdays(date(2026, 12, 4), 20)
    assert (before.on, before.provisional) == (date(2027, 1, 1), True)
    assert (await import_year(suite, 2027))[0] == 200
    after = (await calendar_of(suite)).add_workdays(date(2026, 12, 4), 20)
    assert (after.on, after.provisional) == (date(2027, 1, 4), False)
    assert before.calendar_version != after.calendar_version


async def test_extraordinary_notice_replaces_a_shipped_year(suite: Suite) -> None:
    """As for the Spring Festival of 2020: days off are added in the middle of the year."""
    off = ["2026-12-07", "2026-01-01"]
    assert (await import_year(suite, 2026, off=off, work=[]))[0] == 200
    assert not (await calendar_of(suite)).is_workday(date(2026, 12, 7))


async def test_every_import_has_a_version_of_its_own_and_a_repeated_one_none(suite: Suite) -> None:
    versions = [(await import_year(suite, 2027))[1]["version"] for _ in range(2)]
    versions.append((await import_year(suite, 2027, work=[]))[1]["version"])
    assert versions[0] == versions[1] != versions[2]


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"off": ["2027-01-01", "2028-01-01"]}, [""]),
        ({"off": ["2026-01-01"], "work": []}, ["/off/0"]),
        ({"off": ["2026-01-01"], "work": ["2026-01-04", "2026-02-14"]}, ["/off/0", "/work/0", "/work/1"]),
        ({"off": ["2027-02-14"]}, [""]),
        ({"off": []}, ["/off"]),
        ({"off": ["2027-02-30"]}, ["/off/0"]),
        ({"source": "x"}, ["/source"]),
    ],
    ids=str,
)
async def test_stray_double_and_impossible_days_are_refused(
    suite: Suite, changes: dict[str, Any], pointers: list[str]
) -> None:
    status, problem = await import_year(suite, 2027, **changes)
    assert (status, [fault["pointer"] for fault in problem["errors"]]) == (422, pointers)
    assert date(2027, 1, 1).year not in (await calendar_of(suite)).data.years


async def test_only_the_root_imports(suite: Suite) -> None:
    district = await suite.token(DISTRICT_A, Scope.CALENDAR_WRITE)
    answer = await suite.exchange.put("/v1/calendar/years/2027", json=YEAR, headers=district)
    assert (answer.status_code, answer.json()["code"]) == (403, "outside_subtree")


async def test_change_is_announced(suite: Suite) -> None:
    await import_year(suite, 2027)
    headers = await suite.token(CITY, Scope.EVENTS_READ)
    last = (await suite.exchange.get("/v1/events", headers=headers)).json()["events"][-1]
    assert (last["type"], last["subject"], last["data"]["calendar"]["work"]) == (
        "calendar.changed",
        "2027",
        ["2027-02-14"],
    )
