"""Organisations: who may register what, and what everybody reads."""

from shared.schemas.scopes import Scope
from tests.services import BUREAU_A, CITY, DISTRICT_A, DISTRICT_B, Suite, credit_code

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
