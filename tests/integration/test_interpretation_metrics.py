"""Figures on interpretation are what counting the listed policies by hand gives."""

import itertools
import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.policy_api.rules.interpretation_duty import is_in_scope
from shared.kit.workdays import load_seed_calendar
from shared.schemas.interpretation_metrics import InterpretationMetrics, MeasuredPolicy, Timing
from shared.schemas.policies import DocClass
from shared.schemas.scopes import Scope
from tests.dossiers import material, open_office
from tests.policies import published
from tests.services import CITY, DISTRICT_A, Suite

NOW = datetime(2026, 5, 6, 4, tzinfo=UTC)
PERIOD = {"from": "2026-03-01", "to": "2026-05-06"}


@pytest.fixture
async def editor(library: Suite) -> dict[str, str]:
    """The city's client that imports."""
    library.apps["policy"].state.kit.clock = lambda: NOW
    return await library.token(CITY, Scope.POLICY_WRITE, Scope.POLICY_IMPORT)


async def put(library: Suite, headers: dict[str, str], name: str, org: str = CITY, **changes: Any) -> str:
    body = published(**changes)
    answer = await library.policy.put(f"/v1/organizations/{org}/policies/{name}", json=body, headers=headers)
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json()["id"])


async def explain(library: Suite, headers: dict[str, str], policy_id: str, day: str, **changes: Any) -> None:
    body = material(policy_id=policy_id, published_on=day) | changes
    path = f"/v1/organizations/{CITY}/interpretations/{policy_id}-{day}-{changes.get('form', 'text')}"
    answer = await library.policy.put(path, json=body, headers=headers)
    assert answer.status_code in (200, 201), answer.text


async def figures(library: Suite, **query: Any) -> InterpretationMetrics:
    answer = await library.policy.get("/v1/interpretation-metrics", params=PERIOD | query)
    assert answer.status_code == 200, answer.text
    return InterpretationMetrics.model_validate_json(answer.content)


async def behind(library: Suite, **query: Any) -> list[MeasuredPolicy]:
    found: list[MeasuredPolicy] = []
    query = PERIOD | {"limit": 3} | query
    while True:
        answer = await library.policy.get("/v1/interpretation-metrics/policies", params=query)
        assert answer.status_code == 200, answer.text
        found += [MeasuredPolicy.model_validate(item) for item in answer.json()["items"]]
        if answer.json()["next_cursor"] is None:
            return found
        query["cursor"] = answer.json()["next_cursor"]


async def test_each_timing_has_its_policy(library: Suite, editor: dict[str, str]) -> None:
    """Published Tuesday 2026-03-03: three working days end on Friday the 6th. 2026-05-06 is a Wednesday."""
    for name, day in (("same_day", "2026-03-03"), ("in_time", "2026-03-06"), ("late", "2026-03-07")):
        await explain(library, editor, await put(library, editor, name, livelihood=True), day)
    await put(library, editor, "missing", doc_class="normative", reg_no=None)
    await put(library, editor, "pending", major=True, published_on="2026-05-05")
    await put(library, editor, "out of scope")
    early = await put(library, editor, "draft only", market_related=True)
    await explain(library, editor, early, "2026-03-03", stage="draft")
    seen = await figures(library)
    assert seen.total.timing == {
        "same_day": 1, "in_time": 1, "late": 1, "pending": 1, "missing": 2, "exempt": 0,
    }  # fmt: skip
    total = seen.total
    assert (total.policies, total.in_scope, total.interpreted, total.interpretation_ratio) == (7, 6, 3, 0.5)
    assert (total.on_time_ratio, total.links, total.link_integrity_ratio) == (0.4, 4, 1.0)
    assert [one.due_on for one in await behind(library, timing="late")] == [date(2026, 3, 6)]
    assert len(await behind(library)) == 6


async def test_scope_is_that_of_the_rule(library: Suite, editor: dict[str, str]) -> None:
    wanted = set()
    for doc_class, concern in itertools.product(DocClass, (None, "major", "livelihood", "market_related")):
        concerns: dict[str, Any] = {concern: True} if concern else {}
        title = "泉城市社区食堂管理办法"
        policy_id = await put(library, editor, f"{doc_class}-{concern}", doc_class=doc_class, title=title, **concerns)
        if is_in_scope(doc_class, concerns_many=bool(concerns)):
            wanted.add(policy_id)
    assert {str(one.id) for one in await behind(library)} == wanted
    total = (await figures(library)).total
    assert (total.policies, total.in_scope) == (16, len(wanted))


async def test_forms_are_counted_once_a_policy(library: Suite, editor: dict[str, str]) -> None:
    policy_id = await put(library, editor, "a", livelihood=True)
    for day, form in (("2026-03-03", "text"), ("2026-03-04", "video"), ("2026-04-04", "video")):
        await explain(library, editor, policy_id, day, form=form)
    other = await put(library, editor, "b", livelihood=True)
    await explain(library, editor, other, "2026-03-03")
    total = (await figures(library)).total
    assert (total.forms_per_policy, total.several_forms, total.links) == (1.5, 1, 4)


async def test_exempt_policy_is_neither_interpreted_nor_missing(library: Suite) -> None:
    office = await open_office(library)
    case = await office.open(market_related=True)
    await case.must("PUT", "/exemption", office.drafter, {"reason": "personnel", "explanation": "人事任免"})
    disclosure = {"type": "disclosure_office", "subject": "exemption", "result": "pass"}
    kinds = {"type": "fair_competition", "subject": "policy", "result": "pass"}
    for review in (disclosure, kinds, {"type": "secrecy", "subject": "policy", "result": "pass"}):
        await case.must("POST", "/reviews", office.reviewer, review)
    await case.approve()
    await case.submit()
    await case.sign()
    await case.release()
    today = datetime.now(UTC) + timedelta(hours=8)
    seen = await figures(library, **{"from": (today - timedelta(days=3)).date(), "to": today.date()})
    assert (seen.total.timing[Timing.EXEMPT], seen.total.in_scope, seen.total.interpretation_ratio) == (1, 0, None)


async def test_later_text_is_not_explained_by_what_explained_the_first(library: Suite, editor: dict[str, str]) -> None:
    policy_id = await put(library, editor, "a", livelihood=True)
    await explain(library, editor, policy_id, "2026-03-03")
    later: dict[str, Any] = {
        "version": {"effective_on": "2026-04-10"},
        "published_on": "2026-04-08",
        "body": "　　修订后的文本。",
    }
    await put(library, editor, "a", livelihood=True, **later)
    [one] = await behind(library)
    assert (one.published_on, one.timing) == (date(2026, 4, 8), "missing")
    await explain(library, editor, policy_id, "2026-04-09")
    assert (await behind(library))[0].timing == "in_time"


async def test_figures_of_a_district_and_by_level(library: Suite, editor: dict[str, str]) -> None:
    district = await library.token(DISTRICT_A, Scope.POLICY_WRITE, Scope.POLICY_IMPORT)
    await put(library, district, "d", DISTRICT_A, livelihood=True)
    await explain(library, editor, await put(library, editor, "c", livelihood=True), "2026-03-03")
    assert (await figures(library, organization=DISTRICT_A)).total.interpretation_ratio == 0.0
    assert (await figures(library, level="city")).total.interpretation_ratio == 1.0
    whole = await figures(library, organization=CITY)
    assert {one.organization.code: one.interpreted for one in whole.organizations} == {CITY: 1, DISTRICT_A: 0}


async def test_figures_are_those_of_the_listed_policies(library: Suite, editor: dict[str, str]) -> None:
    """Many policies at random against plain counting in Python."""
    dice, calendar = random.Random(8), load_seed_calendar()
    expected: Counter[str] = Counter()
    for number in range(40):
        day = date(2026, 3, 3) + timedelta(days=dice.randrange(60))
        policy_id = await put(
            library, editor, f"p{number}", livelihood=True, signed_on="2026-03-01", published_on=day.isoformat(),
            effective_on="2026-06-01",
        )  # fmt: skip
        after = dice.choice([None, 0, 1, 2, 3, 4, 5, 9])
        due = calendar.add_workdays(day, 3).on
        shown = None if after is None else min(day + timedelta(days=after), date(2026, 5, 6))
        if shown is None:
            expected["pending" if date(2026, 5, 6) <= due else "missing"] += 1
            continue
        await explain(library, editor, policy_id, shown.isoformat())
        expected["same_day" if shown == day else "in_time" if shown <= due else "late"] += 1
    counted = Counter(one.timing.value for one in await behind(library))
    told = {key.value: count for key, count in (await figures(library)).total.timing.items() if count}
    assert counted == expected == told


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"from": "2023-01-01", "to": "2026-05-06"}, "?to"),
        ({"from": "2026-05-06", "to": "2026-05-05"}, "?from"),
        ({"from": "1900-01-01", "to": "1900-05-05"}, "?from"),
        ({"from": "2026-05-07", "to": "2026-05-08"}, "?from"),
        ({"from": "0001-01-01", "to": "0001-01-02"}, "?from"),
    ],
)
async def test_period_is_bounded(library: Suite, editor: dict[str, str], query: dict[str, str], pointer: str) -> None:
    for path in ("/v1/interpretation-metrics", "/v1/interpretation-metrics/policies"):
        answer = await library.policy.get(path, params=query)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_cursor_of_one_question_does_not_fit_another(library: Suite, editor: dict[str, str]) -> None:
    for name in ("a", "b"):
        await put(library, editor, name, livelihood=True)
    path = "/v1/interpretation-metrics/policies"
    page = (await library.policy.get(path, params=PERIOD | {"limit": 1})).json()
    foreign = {"cursor": page["next_cursor"], "timing": "late"}
    assert (await library.policy.get(path, params=PERIOD | foreign)).status_code == 422
