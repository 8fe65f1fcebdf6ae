"""The working-day calendar, by exchange_api's own rules: what is known, and a year put in the operator's name."""

import sys
from pathlib import Path

from pydantic import ValidationError

from deploy.operations.installation import Installation, OperationFailed
from deploy.operations.reaching import connect
from deploy.operations.writing import writing
from services.exchange_api.service import calendar as service
from shared.schemas.calendar import Calendar, CalendarYear


def read_year(file: Path) -> CalendarYear:
    """As `PUT /v1/calendar/years/{year}` takes it; `-` is the standard input, for a container that sees no file."""
    try:
        return CalendarYear.model_validate_json(sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes())
    except OSError as error:
        raise OperationFailed(f"读不到 {file}（{error.strerror}）") from error
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        place = "/".join(map(str, wrong["loc"]))
        raise OperationFailed(f"{file} 的内容不能使用：{place} {wrong['msg']}") from error


async def read_calendar(installed: Installation) -> Calendar:
    """The shipped years and those that were imported."""
    async with connect(installed, "exchange") as connection:
        return await service.get_calendar(connection)


async def put_year(installed: Installation, year: int, wanted: CalendarYear, *, dry_run: bool) -> Calendar:
    """With its event, upon which open deadlines are computed anew."""
    async with writing(installed, "exchange", dry_run=dry_run) as session:
        return await service.import_year(session, None, year, wanted)
