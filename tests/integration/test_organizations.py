"""Organisations: who may register what, and what everybody reads."""

import asyncio
from typing import Any

import pytest

from shared.schemas.scopes import Scope
from tests.services import BUREAU_A, CITY, DISTRICT_A, DISTRICT_B, TREE, Suite, credit_code

NEW = credit_code("11370102004190009")


def school(parent: str) -> dict[str, str]:
    return {
        "name": "历下区实验学校",
        "kind": "institution",
        "level": "district",
        "division_code": "370102",
        "parent": parent,
    }


async def test_district_registers_below_itself_and_nowhere_else(suite: Suite) -> None:
    district = await suite.token(DISTRICT_A, Scope.ORGANIZATIONS_WRITE)
    for parent, status in ((DISTRICT_B, 403), (CITY, 403), (DISTRICT_A, 201)):
        answer = await suite.exchange.put(f"/v1/organizations/{NEW}", json=school(parent), headers=district)
        assert answer.status_code == status, answer.text


async def test_moving_an_organization_takes_its_subtree_along(suite: Suite) -> None:
    below = await suite.exchange.put(f"/v1/organizations/{NEW}", json=school(BUREAU_A), headers=suite.admin)
    assert below.json()["path"] == [CITY, DISTRICT_A, BUREAU_A, NEW]
    bureau = (await suite.exchange.get(f"/v1/organizations/{BUREAU_A}")).json()
    moved = {name: bureau[name] for name in ("name", "kind", "level", "division_code")} | {"parent": DISTRICT_B}
    assert (
        await suite.exchange.put(f"/v1/organizations/{BUREAU_A}", json=moved, headers=suite.admin)
    ).status_code == 200
    assert (await suite.exchange.get(f"/v1/organizations/{NEW}")).json()["path"] == [CITY, DISTRICT_B, BUREAU_A, NEW]


async def test_wrong_check_character_is_no_organization(suite: Suite) -> None:
    wrong = NEW[:-1] + ("0" if NEW[-1] != "0" else "1")
    answer = await suite.exchange.put(f"/v1/organizations/{wrong}", json=school(CITY), headers=suite.admin)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_organization")


async def as_input(suite: Suite, code: str, **changes: Any) -> dict[str, Any]:
    """What a PUT of that organisation as it stands would say."""
    organization = (await suite.exchange.get(f"/v1/organizations/{code}")).json()
    return {name: value for name, value in organization.items() if name not in ("code", "path", "version")} | changes


async def test_same_body_again_changes_nothing(suite: Suite) -> None:
    path, body = f"/v1/organizations/{BUREAU_A}", TREE[BUREAU_A].model_dump(mode="json")
    first = await suite.exchange.get(path)
    again = await suite.exchange.put(path, json=body, headers=suite.admin)
    assert (again.status_code, again.content, again.headers["etag"]) == (200, first.content, first.headers["etag"])


async def test_root_may_rename_itself_but_nobody_else_may(suite: Suite) -> None:
    body = await as_input(suite, CITY, name="泉城市人民政府（新名）")
    district = await suite.token(DISTRICT_A, Scope.ORGANIZATIONS_WRITE)
    assert (await suite.exchange.put(f"/v1/organizations/{CITY}", json=body, headers=district)).status_code == 403
    assert (await suite.exchange.put(f"/v1/organizations/{CITY}", json=body, headers=suite.admin)).status_code == 200


async def test_district_changes_itself_but_does_not_move_itself(suite: Suite) -> None:
    district = await suite.token(DISTRICT_A, Scope.ORGANIZATIONS_WRITE)
    path = f"/v1/organizations/{DISTRICT_A}"
    renamed = await as_input(suite, DISTRICT_A, short_name="历下区")
    assert (await suite.exchange.put(path, json=renamed, headers=district)).status_code == 200
    for parent in (DISTRICT_B, None):
        moved = renamed | {"parent": parent}
        assert (await suite.exchange.put(path, json=moved, headers=district)).status_code == 403


async def test_neither_taking_in_nor_giving_away_beyond_the_subtree(suite: Suite) -> None:
    """District B can neither take district A's bureau nor push its own organisation below district A."""
    district = await suite.token(DISTRICT_B, Scope.ORGANIZATIONS_WRITE)
    taken = await as_input(suite, BUREAU_A, parent=DISTRICT_B)
    assert (await suite.exchange.put(f"/v1/organizations/{BUREAU_A}", json=taken, headers=district)).status_code == 403
    own = school(DISTRICT_B) | {"division_code": "370103"}
    assert (await suite.exchange.put(f"/v1/organizations/{NEW}", json=own, headers=district)).status_code == 201
    given = own | {"parent": DISTRICT_A}
    assert (await suite.exchange.put(f"/v1/organizations/{NEW}", json=given, headers=district)).status_code == 403


async def test_stale_if_match_is_refused_and_says_what_is_current(suite: Suite) -> None:
    path = f"/v1/organizations/{DISTRICT_A}"
    etag = (await suite.exchange.get(path)).headers["etag"]
    first = await as_input(suite, DISTRICT_A, short_name="甲")
    headers = suite.admin | {"If-Match": etag}
    assert (await suite.exchange.put(path, json=first, headers=headers)).status_code == 200
    stale = await suite.exchange.put(path, json=first | {"short_name": "乙"}, headers=headers)
    assert (stale.status_code, stale.json()["code"], stale.json()["version"]) == (412, "stale_version", 2)
    current = suite.admin | {"If-Match": stale.json()["etag"]}
    assert (await suite.exchange.put(path, json=first | {"short_name": "乙"}, headers=current)).status_code == 200


async def test_if_match_never_creates(suite: Suite) -> None:
    for header in ("*", '"1-0123456789abcdef"'):
        answer = await suite.exchange.put(
            f"/v1/organizations/{NEW}", json=school(DISTRICT_A), headers=suite.admin | {"If-Match": header}
        )
        assert answer.status_code == 412
    assert (await suite.exchange.get(f"/v1/organizations/{NEW}")).status_code == 404


async def test_known_version_is_answered_without_a_body(suite: Suite) -> None:
    path = f"/v1/organizations/{DISTRICT_A}"
    etag = (await suite.exchange.get(path)).headers["etag"]
    answer = await suite.exchange.get(path, headers={"If-None-Match": f"W/{etag}"})
    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"parent": NEW}, None),
        ({"level": "province"}, "/parent"),
        ({"level": "town"}, "/division_code"),
        ({"valid_from": "2025-02-01", "valid_to": "2025-01-31"}, "/valid_to"),
        ({"division_code": "37"}, "/division_code"),
        ({"name": "一"}, "/name"),
        ({"nickname": "x"}, "/nickname"),
        ({"valid_from": "2025-02-30"}, "/valid_from"),
        ({"name": None}, "/name"),
    ],
    ids=str,
)
async def test_faults_are_pointed_at(suite: Suite, changes: dict[str, Any], pointer: str | None) -> None:
    body = school(DISTRICT_A) | changes
    answer = await suite.exchange.put(f"/v1/organizations/{NEW}", json=body, headers=suite.admin)
    if pointer is None:
        assert answer.status_code == 404
    else:
        assert answer.status_code == 422
        assert pointer in [fault["pointer"] for fault in answer.json()["errors"]]


async def test_tree_never_becomes_a_ring(suite: Suite) -> None:
    body = await as_input(suite, DISTRICT_A, parent=BUREAU_A)
    answer = await suite.exchange.put(f"/v1/organizations/{DISTRICT_A}", json=body, headers=suite.admin)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/parent")


async def test_two_moves_at_once_leave_a_tree(suite: Suite) -> None:
    """A below B and B below A at the same moment: one is refused."""
    a, b = await as_input(suite, DISTRICT_A, parent=DISTRICT_B), await as_input(suite, DISTRICT_B, parent=DISTRICT_A)
    answers = await asyncio.gather(
        suite.exchange.put(f"/v1/organizations/{DISTRICT_A}", json=a, headers=suite.admin),
        suite.exchange.put(f"/v1/organizations/{DISTRICT_B}", json=b, headers=suite.admin),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 422]


@pytest.mark.parametrize(
    "path", ["/v1/organizations/%00", "/v1/organizations?division_code=%00", "/v1/organizations?cursor=%00"]
)
async def test_nul_in_an_address_is_refused(suite: Suite, path: str) -> None:
    assert (await suite.exchange.get(path)).status_code == 422


async def test_list_is_paged_by_key_and_cursors_keep_to_their_filters(suite: Suite) -> None:
    seen, address = [], "/v1/organizations?limit=1"
    while address:
        answer = await suite.exchange.get(address)
        seen += [item["code"] for item in answer.json()["items"]]
        link = answer.headers.get("link")
        address = "/v1/organizations" + link[1 : link.index(">")] if link else ""
    assert seen == sorted([CITY, *TREE])
    cursor = (await suite.exchange.get("/v1/organizations?limit=1")).json()["next_cursor"]
    crossed = await suite.exchange.get("/v1/organizations", params={"cursor": cursor, "level": "city"})
    assert (crossed.status_code, crossed.json()["code"]) == (422, "invalid_cursor")


async def test_list_is_narrowed(suite: Suite) -> None:
    async def codes(**query: str) -> set[str]:
        answer = await suite.exchange.get("/v1/organizations", params=query)
        return {item["code"] for item in answer.json()["items"]}

    assert await codes(parent=CITY) == {DISTRICT_A, DISTRICT_B}
    assert await codes(within=DISTRICT_A) == {DISTRICT_A, BUREAU_A}
    assert await codes(level="city") == {CITY}
    assert await codes(division_code="370103") == {DISTRICT_B}
