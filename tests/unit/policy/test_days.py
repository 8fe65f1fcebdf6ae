"""Days at the end of time are refused where they come in, and break nothing where they are asked about."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from shared.kit.clock import local_day
from shared.schemas.clauses import Window
from shared.schemas.disclosure import TaskInput
from shared.schemas.policies import PolicyInput
from tests.policies import policy

FAR = ("9999-12-31", "0001-01-01")


@pytest.mark.parametrize("day", FAR)
@pytest.mark.parametrize(
    ("model", "facts", "field"),
    [
        (PolicyInput, policy(), "effective_on"),
        (Window, {}, "closes_on"),
        (TaskInput, {"item": "01890000-0000-7000-8000-000000000000", "title": "名录"}, "occurred_on"),
    ],
)
def test_day_out_of_reach_is_refused_by_name(model: Any, facts: dict[str, Any], field: str, day: str) -> None:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(facts | {field: day})
    assert [error["loc"] for error in refused.value.errors()] == [(field,)]


def test_every_instant_has_a_day() -> None:
    assert local_day(datetime.max.replace(tzinfo=UTC)) == date.max
    assert local_day(datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))) == date.min
    assert local_day(datetime(2026, 5, 6, 17, tzinfo=UTC)) == date(2026, 5, 7)
