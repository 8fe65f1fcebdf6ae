"""What `mingquan doctor` makes of facts: when it is calm, when it warns, when it fails, and that it then says what to do."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from deploy.operations.doctor import findings
from deploy.operations.doctor.findings import Finding, Level

GB = 1_000_000_000
NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
OK, WARNING, FAILED = Level.OK, Level.WARNING, Level.FAILED
SEALED = {"new": 5, "old": 2}


def postgres(version: tuple[int, int] = (18, 0), **changes: str | bool) -> Finding:
    facts = {"encoding": "UTF8", "character_type": "C.UTF-8", "has_trigrams": True} | changes
    return findings.judge_postgres(
        version,
        encoding=str(facts["encoding"]),
        character_type=str(facts["character_type"]),
        has_trigrams=bool(facts["has_trigrams"]),
    )


def index(age: timedelta, **counts: int) -> Finding:
    outcome = {"missing": 0, "extra": 0, "stale": 0} | counts
    return findings.judge_index(outcome, NOW - age, now=NOW, every=timedelta(hours=24))


def signing(age_days: int | None, *, opens: bool = True) -> Finding:
    created_at = None if age_days is None else NOW - timedelta(days=age_days)
    return findings.judge_signing_key(created_at, opens=opens, now=NOW)


def own_client(days: float | None) -> Finding:
    return findings.judge_own_client("search", None if days is None else NOW + timedelta(days=days), now=NOW)


def reader(waiting: int | None, **lag: float) -> Finding:
    return findings.judge_reader("search ← policy", waiting, timedelta(**lag))


CASES: list[tuple[Level, Callable[[], Finding]]] = [
    (OK, lambda: findings.judge_settings("policy", [])),
    (FAILED, lambda: findings.judge_settings("policy", ["MINGQUAN_OPINION_KEY Field required"])),
    (OK, postgres),
    (OK, lambda: postgres((15, 4))),
    (FAILED, lambda: postgres((14, 11))),
    (FAILED, lambda: postgres(encoding="SQL_ASCII")),
    (FAILED, lambda: postgres(has_trigrams=False)),
    (WARNING, lambda: postgres(character_type="C")),
    (OK, lambda: findings.judge_connections(79, 100)),
    (WARNING, lambda: findings.judge_connections(80, 100)),
    (FAILED, lambda: findings.judge_connections(95, 100)),
    (OK, lambda: findings.judge_clock(-1.9)),
    (WARNING, lambda: findings.judge_clock(2.0)),
    (WARNING, lambda: findings.judge_clock(-29.9)),
    (FAILED, lambda: findings.judge_clock(-30.0)),
    (OK, lambda: findings.judge_revision("policy", "0002", ["0001", "0002"])),
    (FAILED, lambda: findings.judge_revision("policy", "0001", ["0001", "0002"])),
    (FAILED, lambda: findings.judge_revision("policy", None, ["0001"])),
    (WARNING, lambda: findings.judge_revision("policy", "0003", ["0001", "0002"])),
    (OK, lambda: findings.judge_service("policy", "ok")),
    (FAILED, lambda: findings.judge_service("policy", "database")),
    (OK, lambda: findings.judge_meilisearch("1.21.4")),
    (WARNING, lambda: findings.judge_meilisearch("1.210.0")),
    (FAILED, lambda: findings.judge_meilisearch(None)),
    (OK, lambda: findings.judge_disk("/srv", 60 * GB, 1000 * GB)),
    (OK, lambda: findings.judge_disk("/srv", 3 * GB, 20 * GB)),
    (WARNING, lambda: findings.judge_disk("/srv", 40 * GB, 1000 * GB)),
    (WARNING, lambda: findings.judge_disk("/srv", 2 * GB, 20 * GB)),
    (FAILED, lambda: findings.judge_disk("/srv", GB // 2, 20 * GB)),
    (FAILED, lambda: findings.judge_disk("/srv", 19 * GB, 1000 * GB)),
    (OK, lambda: reader(0, days=3)),
    (OK, lambda: reader(4, seconds=20)),
    (WARNING, lambda: reader(4, seconds=61)),
    (FAILED, lambda: reader(4, seconds=601)),
    (FAILED, lambda: reader(None, hours=1)),
    (OK, lambda: index(timedelta(hours=47))),
    (WARNING, lambda: index(timedelta(hours=49))),
    (WARNING, lambda: index(timedelta(hours=1), stale=1)),
    (WARNING, lambda: findings.judge_index(None, None, now=NOW, every=timedelta(hours=24))),
    (OK, lambda: findings.judge_parked(0)),
    (WARNING, lambda: findings.judge_parked(1)),
    (OK, lambda: own_client(30.1)),
    (WARNING, lambda: own_client(29.9)),
    (FAILED, lambda: own_client(0)),
    (FAILED, lambda: own_client(None)),
    (OK, lambda: findings.judge_clients([])),
    (WARNING, lambda: findings.judge_clients(["历下区政务公开系统"])),
    (OK, lambda: signing(300)),
    (WARNING, lambda: signing(400)),
    (FAILED, lambda: signing(3, opens=False)),
    (FAILED, lambda: signing(None)),
    (OK, lambda: findings.judge_sealing({"new": 7}, ["new", "old"])),
    (OK, lambda: findings.judge_sealing({}, ["new"])),
    (WARNING, lambda: findings.judge_sealing(SEALED, ["new", "old"])),
    (FAILED, lambda: findings.judge_sealing(SEALED, ["new"])),
    (OK, lambda: findings.judge_webhooks(0, 0)),
    (WARNING, lambda: findings.judge_webhooks(3, 0)),
    (WARNING, lambda: findings.judge_webhooks(0, 1)),
    (OK, lambda: findings.judge_files(0, 9)),
    (FAILED, lambda: findings.judge_files(1, 9)),
]


@pytest.mark.parametrize(("level", "judge"), CASES)
def test_each_fact_has_its_level_and_what_is_not_well_has_advice(level: Level, judge: Callable[[], Finding]) -> None:
    finding = judge()
    assert finding.level is level, finding
    assert finding.subject
    assert finding.text
    assert bool(finding.advice) == (level is not OK), finding


@pytest.mark.parametrize(
    ("years", "today", "level"),
    [
        ({2025, 2026}, date(2026, 10, 31), OK),
        # The notice of the next year appears in November.
        ({2025, 2026}, date(2026, 11, 1), WARNING),
        ({2025, 2026}, date(2026, 11, 30), WARNING),
        # Twenty working days from here end in the next year.
        ({2025, 2026}, date(2026, 12, 1), FAILED),
        ({2025, 2026, 2027}, date(2026, 12, 31), OK),
        ({2025, 2026}, date(2027, 1, 1), FAILED),
        ({2025, 2027}, date(2026, 6, 1), FAILED),
    ],
)
def test_the_calendar_reaches_into_the_next_year_in_time(years: set[int], today: date, level: Level) -> None:
    assert findings.judge_calendar(years, today).level is level


def test_a_lost_key_is_named_with_how_many_need_it() -> None:
    finding = findings.judge_sealing(SEALED, ["new"])
    assert "old" in finding.text
    assert "2件" in finding.text


def test_many_ending_clients_are_counted_and_not_all_listed() -> None:
    finding = findings.judge_clients([f"系统{number}" for number in range(9)])
    assert "9个" in finding.text
    assert "系统8" not in finding.text
