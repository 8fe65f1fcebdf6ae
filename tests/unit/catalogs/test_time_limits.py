"""What catalogs write as 公开时限: understood, or left to a person. domain.md §5.3, every pattern."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalog_api.rules.time_limits import parse_time_limit
from shared.schemas.catalogs import LimitKind


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("信息形成或者变更之日起20个工作日内", ("within", 20, "workdays", "formed_or_changed")),
        ("信息形成之日起20个工作日内", ("within", 20, "workdays", "formed")),
        ("信息形成20个工作日内公开", ("within", 20, "workdays", "formed")),
        ("自该政府信息形成或者变更之日起 5 个工作日内；长期公示", ("within", 5, "workdays", "formed_or_changed")),
        ("制定或获取信息之日起10个工作日内", ("within", 10, "workdays", "made_or_obtained")),
        ("制定或获取扶持政策措施之日起10个工作日内", ("within", 10, "workdays", "made_or_obtained")),
        ("制定或获取备案政策之日起１０个工作日内", ("within", 10, "workdays", "made_or_obtained")),
        ("批准后20日内", ("within", 20, "days", "approved")),
        ("本级政府财政部门批复后二十日内", ("within", 20, "days", "approved")),
        ("公开事项信息形成或变更之日起20个工作日内公开", ("within", 20, "workdays", "formed_or_changed")),
        ("及时公开，公告期限为5个工作日", ("at_once", None, None, None)),
        ("实时公开", ("real_time", None, None, None)),
        ("开学前", ("before_event", None, None, None)),
        ("每季度", ("recurring", None, None, None)),
        ("按年度公开", ("recurring", None, None, None)),
        ("每月", ("recurring", None, None, None)),
        ("同上", ("unparsed", None, None, None)),
        ("", ("unparsed", None, None, None)),
        ("每年或者每季度", ("unparsed", None, None, None)),
        ("形成之日起5个工作日内，变更之日起3个工作日内", ("unparsed", None, None, None)),
        ("10个工作日内", ("unparsed", None, None, None)),
    ],
)
def test_patterns(text: str, said: tuple[object, ...]) -> None:
    found = parse_time_limit(text)
    period = (found.period.days, found.period.unit) if found.period else (None, None)
    assert (found.kind, *period, found.trigger) == said


@pytest.mark.parametrize(
    ("text", "days"),
    [("制定或获取信息之日起10个工作日内，公示7个工作日", 7), ("及时公开，公告期限为5个工作日", 5), ("及时公开", None)],
)
def test_public_notice_period(text: str, days: int | None) -> None:
    display = parse_time_limit(text).display
    assert (display.days if display else None) == days


def test_permanent_is_noted() -> None:
    assert parse_time_limit("形成之日起5个工作日内；长期公示").permanent
    assert not parse_time_limit("形成之日起5个工作日内").permanent


@given(st.text(alphabet="信息形成变更之日起每季度年月实时及公开前内个工作天0123456789十二，；", max_size=40))
def test_any_text_is_a_rule_or_unparsed_and_never_a_guess(text: str) -> None:
    found = parse_time_limit(text)
    assert (found.kind is LimitKind.WITHIN) == (found.period is not None)
    assert (found.kind is LimitKind.RECURRING) == (found.recurrence is not None)
    if found.period is not None:
        assert any(word in text for word in ("日", "天"))
