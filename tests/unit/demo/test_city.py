"""The demo's organisations form a tree that exchange_api takes as it is."""

from collections import Counter

from deploy.local.demo.city import CITY_CODE, DEPARTMENTS, DISTRICTS, units
from services.exchange_api.rules.tree import find_division_fault
from shared.schemas.organizations import Level, OrganizationKind, check_credit_code


def test_credit_codes_are_valid_and_given_once() -> None:
    codes = [unit.code for unit in units().values()]
    assert [check_credit_code(code) for code in codes] == codes
    assert len(set(codes)) == len(codes)


def test_every_parent_stands_before_its_children() -> None:
    seen: set[str] = set()
    for unit in units().values():
        parent = unit.organization.parent
        assert parent in seen if parent else unit.code == CITY_CODE
        seen.add(unit.code)


def test_division_codes_fit_their_levels() -> None:
    for unit in units().values():
        organization = unit.organization
        assert find_division_fault(division_code=organization.division_code, level=organization.level) is None


def test_there_is_a_city_with_departments_districts_towns_and_a_zone() -> None:
    kinds = Counter((unit.organization.level, unit.organization.kind) for unit in units().values())
    assert len(DEPARTMENTS) >= 20
    assert len(DISTRICTS) == 6
    assert kinds[Level.DISTRICT, OrganizationKind.OFFICE] == 6
    assert kinds[Level.TOWN, OrganizationKind.GOVERNMENT] == 12
    assert kinds[Level.DISTRICT, OrganizationKind.ZONE] == 1


def test_one_department_has_been_merged_into_another() -> None:
    merged = units()["tcj"].organization
    assert merged.merged_into == units()["swu"].code
    assert merged.valid_to is not None


def test_names_are_told_apart() -> None:
    names = [unit.organization.name for unit in units().values()]
    assert len(set(names)) == len(names)
