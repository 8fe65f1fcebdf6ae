"""Lists of policies: every filter and every two of them give what a plain comparison gives, and look at few rows for it."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from random import Random
from typing import Any

import asyncpg
import pytest
from alembic import command

from services.policy_api.repository import listing
from services.policy_api.repository.listing import PolicyFilter, list_public
from services.policy_api.rules.validity import Lifetime, validity_on
from services.policy_api.service.publication import refresh_due
from shared.kit.database import Database
from shared.kit.migrations import alembic_config
from shared.schemas.scopes import Scope
from tests.conftest import PACKAGES
from tests.policies import policy
from tests.services import BUREAU_A, CITY, DISTRICT_A, Suite
from tools.bench.plans import bound_of, explain_lists

TODAY = date(2026, 6, 15)
COUNT = 300
LEVELS = {CITY: "city", DISTRICT_A: "district", BUREAU_A: "district"}
ISSUERS = ("泉城市人民政府", "泉城市民政局", "泉城市财政局", "泉城市教育局")
THEMES = ("综合政务\\政务公开", "综合政务\\电子政务", "民政、扶贫、救灾\\社会福利", None)


@dataclass(frozen=True)
class Listed:
    """What a list should know of a document."""

    values: dict[str, Any]
    life: Lifetime
    published_on: date


def pushed(chance: Random, number: int) -> dict[str, Any]:
    """A line of a batch whose days lie around TODAY."""
    published_on = TODAY - timedelta(days=chance.choice((3, 3, 40, 400, 800)) + chance.randrange(3))
    days = {"effective_on": published_on + timedelta(days=chance.choice((0, 0, 0, 10, 30)))}
    if chance.random() < 0.5:
        days["expires_on"] = days["effective_on"] + timedelta(days=chance.choice((0, 5, 45, 400, 2000)))
    if chance.random() < 0.2:
        days["repealed_on"] = days["effective_on"] + timedelta(days=chance.choice((1, 10, 50)))
    return policy(
        organization=chance.choice(list(LEVELS)),
        external_id=f"list-{number}",
        kind=chance.choice(("notice", "notice", "opinion", "reply")),
        doc_class=chance.choice(("other", "other", "normative")),
        doc_no=f"{chance.choice(('泉民字', '泉财规'))}〔{published_on.year}〕{number + 1}号",
        theme=chance.choice(THEMES),
        issuers=chance.sample(ISSUERS, chance.choice((1, 1, 2, 3))),
        signed_on=published_on.isoformat(),
        published_on=published_on.isoformat(),
        **{name: day.isoformat() for name, day in days.items()},
    )


def expected_of(line: dict[str, Any]) -> Listed:
    def day(name: str) -> date | None:
        return date.fromisoformat(line[name]) if line.get(name) else None

    published_on, begins = day("published_on"), day("effective_on")
    assert published_on is not None
    assert begins is not None
    theme, _, subtheme = (line["theme"] or "").partition("\\")
    values = {
        **{name: line[name] for name in ("organization", "kind", "doc_class", "doc_no")},
        "level": LEVELS[line["organization"]],
        "issuer": line["issuers"],
        "theme": theme,
        "subtheme": subtheme,
        "year": published_on.year,
    }
    return Listed(values, Lifetime(begins, day("expires_on"), day("repealed_on")), published_on)


def fulfils(one: Listed, wanted: PolicyFilter, today: date) -> bool:
    if wanted.status is not None and validity_on(one.life, today) != wanted.status:
        return False
    for name, value in one.values.items():
        asked = getattr(wanted, name)
        if asked is not None and not (asked in value if name in ("issuer", "doc_no") else asked == value):
            return False
    return True


FILTERS: dict[str, list[PolicyFilter]] = {
    "organization": [PolicyFilter(organization=CITY), PolicyFilter(organization=BUREAU_A)],
    "issuer": [PolicyFilter(issuer=ISSUERS[0]), PolicyFilter(issuer="没有这个机关")],
    "level": [PolicyFilter(level="district"), PolicyFilter(level="national")],
    "kind": [PolicyFilter(kind="notice"), PolicyFilter(kind="reply")],
    "doc_class": [PolicyFilter(doc_class="normative")],
    "theme": [PolicyFilter(theme="综合政务"), PolicyFilter(theme="综合政务", subtheme="电子政务")],
    "year": [PolicyFilter(year=2026), PolicyFilter(year=2024)],
    "status": [PolicyFilter(status=status) for status in ("in_force", "lapsed", "repealed", "not_yet")],
    "doc_no": [PolicyFilter(doc_no=text) for text in ("泉民字", "民字", "〕1", "没有")],
}


def questions() -> Iterator[PolicyFilter]:
    """No filter, each alone, and every two together."""
    yield PolicyFilter()
    for choices in FILTERS.values():
        yield from choices
    for first, second in combinations(FILTERS, 2):
        for one in FILTERS[first]:
            for other in FILTERS[second]:
                yield replace(one, **{name: value for name, value in vars(other).items() if value is not None})
    yield PolicyFilter(kind="notice", level="district", year=2026, status="lapsed", issuer=ISSUERS[1])


def at(library: Suite, day: date) -> None:
    moment = datetime.fromisoformat(f"{day.isoformat()}T12:00:00+08:00").astimezone(UTC)
    library.apps["policy"].state.kit.clock = lambda: moment


@pytest.fixture
async def importer(library: Suite) -> dict[str, str]:
    return await library.token(CITY, Scope.POLICY_WRITE, Scope.POLICY_IMPORT, Scope.POLICY_RELEASE)


async def push(library: Suite, headers: dict[str, str], lines: list[dict[str, Any]]) -> list[str]:
    body = "\n".join(json.dumps(line) for line in lines)
    ndjson = {**headers, "Content-Type": "application/x-ndjson"}
    answer = await library.policy.post("/v1/policies:batch", content=body, headers=ndjson)
    results = [json.loads(line) for line in answer.text.splitlines()]
    assert {result["status"] for result in results} <= {200, 201}, answer.text[:2000]
    return [result["receipt"]["id"] for result in results]


async def fill(library: Suite, headers: dict[str, str]) -> dict[str, Listed]:
    """Random documents, some pushed again otherwise, some withdrawn, some still drafts."""
    chance = Random(7)  # repeatable, not secret
    lines = [pushed(chance, number) for number in range(COUNT)]
    ids = await push(library, headers, lines)
    for number in range(0, COUNT, 5):
        lines[number] |= {"issuers": chance.sample(ISSUERS, 2), "kind": "opinion", "title": f"关于第{number}事的意见"}
    await push(library, headers, lines[::5])
    for number in range(0, COUNT, 7):
        path = f"/v1/policies/{ids[number]}:withdraw"
        assert (await library.policy.post(path, json={"reason": "发布有误"}, headers=headers)).status_code == 204
    await push(library, headers, [policy(organization=CITY, external_id=f"draft-{number}") for number in range(5)])
    return {ids[number]: expected_of(lines[number]) for number in range(COUNT) if number % 7}


async def walk(library: Suite, wanted: PolicyFilter, *, today: date) -> list[str]:
    """Ids of a list from its first page to its last."""
    database: Database = library.apps["policy"].state.kit.database
    found: list[str] = []
    after = None
    while True:
        page = await list_public(database.reads, wanted, today=today, after=after, limit=7)
        found += [str(row["id"]) for row in page.rows]
        if page.go_on_after is None:
            return found
        assert after is None or page.go_on_after < after
        after = page.go_on_after


async def check_all(library: Suite, documents: dict[str, Listed], *, today: date) -> None:
    newest_first = sorted(documents, key=lambda one: (documents[one].published_on, one), reverse=True)
    for wanted in questions():
        expected = [one for one in newest_first if fulfils(documents[one], wanted, today)]
        assert await walk(library, wanted, today=today) == expected, wanted


@pytest.mark.parametrize(("first_look", "window"), [(200, 2_000), (3, 11)])
async def test_every_filter_and_every_two_find_what_a_plain_comparison_finds(
    library: Suite, importer: dict[str, str], monkeypatch: pytest.MonkeyPatch, first_look: int, window: int
) -> None:
    monkeypatch.setattr(listing, "FIRST_LOOK", first_look)
    monkeypatch.setattr(listing, "WINDOW", window)
    at(library, TODAY)
    documents = await fill(library, importer)
    await check_all(library, documents, today=TODAY)
    later = TODAY + timedelta(days=25)
    overtaken = [one for one in documents.values() if validity_on(one.life, TODAY) != validity_on(one.life, later)]
    assert len(overtaken) > 20
    await check_all(library, documents, today=later)
    database: Database = library.apps["policy"].state.kit.database
    async with database.write() as session:
        assert await refresh_due(session, today=later, limit=COUNT) == len(overtaken)
    await check_all(library, documents, today=later)


async def test_library_from_before_is_listed_alike(
    library: Suite, importer: dict[str, str], database_url: Callable[[str], str]
) -> None:
    at(library, TODAY)
    documents = await fill(library, importer)
    config = alembic_config(PACKAGES["policy"], database_url=database_url("policy"), schema="policy")
    await asyncio.to_thread(command.downgrade, config, "0004")
    await asyncio.to_thread(command.upgrade, config, "head")
    await check_all(library, documents, today=TODAY + timedelta(days=25))


async def test_document_that_comes_while_a_list_is_read_hides_no_other(
    library: Suite, importer: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "FIRST_LOOK", 3)
    monkeypatch.setattr(listing, "WINDOW", 8)
    at(library, TODAY)

    def on(day: date, name: str, kind: str, doc_class: str) -> dict[str, Any]:
        days = dict.fromkeys(("signed_on", "published_on", "effective_on"), day.isoformat())
        facts = {"kind": kind, "doc_class": doc_class, "doc_no": None}
        return policy(organization=CITY, external_id=name, **facts, **days)

    lines = [
        on(
            TODAY - timedelta(days=5 * number),
            f"list-{number}",
            "notice" if number % 2 else "reply",
            "normative" if number % 2 or number % 10 == 0 else "other",
        )
        for number in range(60)
    ]
    expected = (await push(library, importer, lines))[::10]
    find_rarest = listing._find_rarest

    async def and_then_one_comes(*args: Any, **options: Any) -> Any:
        walk, end = await find_rarest(*args, **options)
        if end is not None and options["length"] == listing.WINDOW:
            line = on(end[0] + timedelta(days=1), f"list-before-{end[1]}", "reply", "other")
            await push(library, importer, [line])
        return walk, end

    monkeypatch.setattr(listing, "_find_rarest", and_then_one_comes)
    assert await walk(library, PolicyFilter(kind="reply", doc_class="normative"), today=TODAY) == expected


async def test_page_that_ends_early_names_the_next(
    library: Suite, importer: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "FIRST_LOOK", 2)
    monkeypatch.setattr(listing, "WINDOW", 5)
    at(library, TODAY)
    documents = await fill(library, importer)
    params = {"kind": "notice", "year": "2024", "doc_class": "normative", "limit": "4"}
    wanted = PolicyFilter(kind="notice", year=2024, doc_class="normative")
    sizes: list[int] = []
    found: set[str] = set()
    cursor: dict[str, str] = {}
    while True:
        page = (await library.policy.get("/v1/policies", params={**params, **cursor})).json()
        sizes.append(len(page["items"]))
        found |= {item["id"] for item in page["items"]}
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == {one for one, document in documents.items() if fulfils(document, wanted, TODAY)}
    assert min(sizes[:-1]) < 4


async def fill_with_rows(connection: asyncpg.Connection, count: int) -> None:
    """Rows as they stand when rendered. Kind and class, each common, never meet; one issuer in 500 is rare."""
    await connection.execute(
        """
        INSERT INTO policy (id, organization, organization_name, organization_path, level, division_code, external_id,
                            state, latest_number, version, title, doc_no, doc_class, kind, theme, subtheme, issuers, year,
                            published_on, effective_on, expires_on, representation, listing, etag, validity,
                            next_change_on)
        SELECT gen_random_uuid(), 'org' || n % 4, '', '{}', 'city', '', n, 'public', 1, 1, '', '泉民字〔2020〕' || n || '号',
               (ARRAY['normative', 'other'])[n % 2 + 1], (ARRAY['notice', 'opinion'])[n % 2 + 1], '综合政务',
               '主题' || n % 5, ARRAY['issuer' || CASE WHEN n % 500 = 0 THEN 9 ELSE n % 3 END], 2005 + n % 20,
               date '2005-01-01' + n % 7000, date '2005-01-01' + n % 7000,
               CASE WHEN n % 40 = 0 THEN date '2005-01-02' + n % 7000 END, '', '{}', '',
               CASE WHEN n % 40 = 0 THEN 'lapsed' ELSE 'in_force' END, NULL
        FROM generate_series(1, $1) AS n
        """,
        count,
    )
    await connection.execute("VACUUM (ANALYZE) policy, policy_issuer")


async def test_no_list_looks_at_more_rows_than_a_window_of_each_filter(database_url: Callable[[str], str]) -> None:
    url = database_url("policy")
    connection = await asyncpg.connect(url, server_settings={"search_path": "policy,public"})
    await fill_with_rows(connection, 20_000)
    await connection.close()
    filters = {
        "none": PolicyFilter(),
        "organization": PolicyFilter(organization="org1"),
        "issuer": PolicyFilter(issuer="issuer1"),
        "rare issuer": PolicyFilter(issuer="issuer9"),
        "level": PolicyFilter(level="city"),
        "kind": PolicyFilter(kind="notice"),
        "class": PolicyFilter(doc_class="other"),
        "theme": PolicyFilter(theme="综合政务"),
        "subtheme": PolicyFilter(theme="综合政务", subtheme="主题3"),
        "year": PolicyFilter(year=2015),
        **{status: PolicyFilter(status=status) for status in ("in_force", "lapsed", "repealed", "not_yet")},
        "never": PolicyFilter(kind="notice", doc_class="other"),
        "issuer and lapsed": PolicyFilter(issuer="issuer1", status="lapsed"),
        "issuer and year": PolicyFilter(issuer="issuer9", year=2015),
        "three that never meet": PolicyFilter(kind="notice", doc_class="other", level="city"),
        "two characters": PolicyFilter(doc_no="没有"),
        "two characters and kind": PolicyFilter(doc_no="没有", kind="notice"),
    }
    touched = await explain_lists(url, filters, today=TODAY)
    assert {name: touched[name].rows for name in filters if touched[name].rows > bound_of(filters[name])} == {}
    # The documents that the bound is for: thousands of each, which never meet.
    assert touched["never"].rows > listing.FIRST_LOOK + listing.WINDOW
