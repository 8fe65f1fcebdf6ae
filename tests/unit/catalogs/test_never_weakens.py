"""What a lower item may not do to the upper one, and time limits that are not what they look like."""

from typing import Any

import pytest

from services.catalog_api.rules.refinement import weaknesses
from services.catalog_api.rules.time_limits import parse_time_limit
from shared.schemas.catalogs import CatalogItemInput, CatalogLevel, DayUnit, LimitKind, TimeLimit
from tests.catalogs import item

THREE = "信息形成之日起3个工作日内"


def upper(**changes: Any) -> dict[str, Any]:
    """An item of the city as the public reads it."""
    own = CatalogItemInput.model_validate(item(**changes))
    shown: dict[str, Any] = own.model_dump(mode="json")
    limit = own.limit or parse_time_limit(own.time_limit)
    return shown | {"limit": limit.model_dump(mode="json")}


def reasons(above: dict[str, Any], level: CatalogLevel | None = None, **changes: Any) -> list[str]:
    return weaknesses(CatalogItemInput.model_validate(item(**changes)), above, level)


def test_the_same_is_no_weakening() -> None:
    assert reasons(upper(time_limit=THREE), time_limit=THREE) == []


LONG = TimeLimit.model_validate(
    {"kind": "within", "period": {"days": 60, "unit": "workdays"}, "trigger": "formed"}
).model_dump(mode="json")


@pytest.mark.parametrize(
    ("above", "below", "said"),
    [
        (
            {"time_limit": THREE},
            {"time_limit": THREE, "channel_limits": {"web": LONG}},
            "政府网站的公开时限比上级要求的长",
        ),
        ({"time_limit": "每月公开"}, {"time_limit": "每年公开"}, "频次"),
        ({"time_limit": "每月公开"}, {"time_limit": "信息形成之日起20个工作日内"}, "频次"),
        ({"time_limit": f"{THREE}，长期公示"}, {"time_limit": THREE}, "长期公开"),
        ({"time_limit": THREE}, {"time_limit": "批准之日起3个工作日内"}, "起算"),
        ({"time_limit": THREE, "mandatory": True}, {"time_limit": THREE, "mandatory": False}, "非必须"),
        (
            {"time_limit": THREE, "channels": ["web", "other"], "other_channels": ["村广播"]},
            {"time_limit": THREE, "channels": ["web", "other"], "other_channels": ["别处"]},
            "村广播",
        ),
    ],
)
def test_each_way_of_weakening_is_named(above: dict[str, Any], below: dict[str, Any], said: str) -> None:
    found = reasons(upper(**above), **below)
    assert len(found) == 1, found
    assert said in found[0]


def test_an_item_that_leaves_out_its_own_level_refines_nothing() -> None:
    assert reasons(upper(), CatalogLevel.DISTRICT, levels=["town"]) == ["公开层级没有列入本级"]


@pytest.mark.parametrize(
    ("text", "days", "unit"),
    [
        ("信息形成之日起四十个工作日内", 40, DayUnit.WORKDAYS),
        ("信息形成之日起二十五个工作日内", 25, DayUnit.WORKDAYS),
        ("批准后九十日内", 90, DayUnit.DAYS),
        ("批准后一百二十日以内", 120, DayUnit.DAYS),
        ("信息形成之日起十个工作日内", 10, DayUnit.WORKDAYS),
        ("信息形成之日起15个工作日内", 15, DayUnit.WORKDAYS),
    ],
)
def test_a_number_is_read_whole(text: str, days: int, unit: DayUnit) -> None:
    limit = parse_time_limit(text)
    assert limit.period is not None
    assert (limit.kind, limit.period.days, limit.period.unit) == (LimitKind.WITHIN, days, unit)


@pytest.mark.parametrize(
    "text",
    [
        "每月10日前公开上月形成的信息",
        "上年度决算批准后，于每年3月31日前公开",
        "提前5个工作日公开听证会信息，信息形成后",
        "信息形成之日起20个工作日内，每年更新",
    ],
)
def test_what_says_something_else_is_left_to_a_person(text: str) -> None:
    assert parse_time_limit(text).kind is LimitKind.UNPARSED


def test_a_yearly_report_that_is_published_at_once_is_no_yearly_duty() -> None:
    assert parse_time_limit("年度报告批准后及时公开").kind is LimitKind.AT_ONCE
