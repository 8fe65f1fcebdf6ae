"""Supervision (监督): the board of a subtree, urging with its answer, public figures that single out nobody."""

import hashlib
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.request_api.repository import supervision as repository
from services.request_api.repository.reports import list_below
from services.request_api.repository.requests import Reads, note_sealed
from services.request_api.rules.clock import ONE_DAY, colour_days
from services.request_api.rules.guards import STATES, Terms
from services.request_api.rules.likeness import rounded
from services.request_api.service.keeping import Vault
from shared.kit.auth import Caller
from shared.kit.clock import LOCAL_ZONE
from shared.kit.database import WriteSession
from shared.kit.errors import Conflict, NotFound, OutsideSubtree, RuleViolation
from shared.schemas.problems import InvalidField
from shared.schemas.supervision import (
    Board,
    BoardBy,
    BoardRow,
    Digest,
    DigestEntry,
    RequestUrging,
    RequestUrgingAnswer,
    RequestUrgingInput,
    Statistics,
    StatisticsRow,
)

NO_URGING = "没有这份督办"
_CHANNELS = {
    "in_person": "当面提交",
    "mail_signed": "邮寄（签收）",
    "mail_plain": "平常信函",
    "online": "互联网渠道",
    "fax": "传真",
    "oral": "口头",
}
_NAMES: dict[str, str] = _CHANNELS | {state.value: name for state, name in STATES.items()}
_SUMS = ("open", "green", "yellow", "orange", "red", "waiting", "unconfirmed")


async def board_of(
    reads: Reads, organization: str, terms: Terms, *, by: BoardBy, since: date, until: date, confirm_workdays: int
) -> Board:
    """Two counts over the rows, put together by key."""
    colours = colour_days(terms.today, terms.calendar, terms.periods)
    open_rows = await repository.count_open(
        reads,
        organization,
        by=by.value,
        today=terms.today,
        orange_until=colours.orange_until,
        yellow_until=colours.yellow_until,
        confirm_before=_confirm_before(terms, confirm_workdays),
    )
    names = await list_below(reads, organization)
    answered = await repository.count_answered(reads, list(names), by=by.value, since=since, until=until)
    rows: dict[str, BoardRow] = {}
    for one in open_rows:
        row = rows.setdefault(one["key"], _empty(one["key"], _NAMES.get(one["key"], one["name"])))
        _add(row, one, one["state"])
    for one in answered:
        row = rows.setdefault(one["key"], _empty(one["key"], (_NAMES | names).get(one["key"], one["key"])))
        row.answered, row.in_time = one["answered"], one["in_time"]
    return Board(
        organization=organization,
        as_of=terms.today,
        period_from=since,
        period_to=until,
        items=sorted(rows.values(), key=lambda row: (-row.red, -row.orange, row.key)),
        total=_total(rows.values()),
    )


def _confirm_before(terms: Terms, workdays: int) -> datetime:
    """Handed in before this moment, a request should have been confirmed by now."""
    day = terms.today
    while terms.calendar.workdays_between(day, terms.today) <= workdays:
        day -= ONE_DAY
    return datetime.combine(day + ONE_DAY, time(), LOCAL_ZONE)


def _empty(key: str, name: str) -> BoardRow:
    return BoardRow(key=key, name=name, stages={}, answered=0, in_time=0, **dict.fromkeys(_SUMS, 0))


def _add(row: BoardRow, counted: Any, state: str) -> None:
    for name in _SUMS:
        setattr(row, name, getattr(row, name) + counted[name])
    row.stages[state] = row.stages.get(state, 0) + counted["open"]


def _total(rows: Iterable[BoardRow]) -> BoardRow:
    total = _empty("total", "合计")
    for row in rows:
        for name in (*_SUMS, "answered", "in_time"):
            setattr(total, name, getattr(total, name) + getattr(row, name))
        for state, count in row.stages.items():
            total.stages[state] = total.stages.get(state, 0) + count
    return total


async def statistics_of(reads: Reads, year: int) -> Statistics:
    """The city's year in figures for everybody."""
    received, closed, answered = await repository.count_year(reads, date(year, 1, 1), date(year, 12, 31))
    return Statistics(
        year=year,
        received=_rows_of(received),
        closed=_rows_of(closed),
        answered=rounded(answered["answered"]),
        in_time=rounded(answered["in_time"]),
    )


def _rows_of(counted: Iterable[Any]) -> list[StatisticsRow]:
    """What rounds to nothing is left out: that it is there at all would speak of one or two persons."""
    rows = [StatisticsRow(key=row["key"], count=rounded(row["count"])) for row in counted]
    return [row for row in rows if row.count]


async def digest_of(reads: Reads, organization: str, day: date) -> Digest:
    """A day's changes of the province's requests, with a hash over them."""
    since = datetime.combine(day, time(), LOCAL_ZONE)
    rows = await repository.list_of_province(reads, organization, since, since + ONE_DAY)
    lines = "".join(f"{row['province_id']} {row['state']} {row['steps']}\n" for row in rows)
    return Digest(
        day=day,
        count=len(rows),
        hash=hashlib.sha256(lines.encode()).hexdigest(),
        items=[DigestEntry(**dict(row)) for row in rows],
    )


async def urge(
    session: WriteSession,
    caller: Caller,
    request: Any,
    body: RequestUrgingInput,
    terms: Terms,
    vault: Vault,
    *,
    now: datetime,
) -> RequestUrging:
    """A superior urges; an office does not urge itself, unless the root passes on what its own superior says."""
    by = caller.principal.organization
    passes_on = body.superior is not None and by == request["organization_path"][0]
    if by not in request["organization_path"][:-1] and not passes_on:
        raise OutsideSubtree("督办由上级机关发出", organization=request["organization"])
    if not request["is_open"]:
        raise Conflict("这件申请已经办结")
    if body.answer_by < terms.today:
        raise RuleViolation("日期有误", errors=[InvalidField(pointer="/answer_by", detail="不能早于今天")])
    urging = uuid7()
    row: dict[str, Any] = {
        "id": urging,
        "request_id": request["id"],
        "organization": request["organization"],
        "urged_by": body.superior if passes_on else by,
        "words": vault.seal(body.words, f"urging {urging}", request["id"]),
        "answer_by": body.answer_by,
        "urged_at": now,
        "answer": None,
        "answered_at": None,
    }
    await repository.insert_urging(await session.driver(), row)
    await note_sealed(await session.driver(), request["id"], vault.ring.current)
    _record(session, caller, "request.urged", row)
    return show_urging(row | {"number": request["number"]}, vault)


async def answer(
    session: WriteSession, caller: Caller, row: Any, body: RequestUrgingAnswer, vault: Vault, *, now: datetime
) -> None:
    """Once, by the urged office."""
    sealed = vault.seal(body.words, f"urging answer {row['id']}", row["request_id"])
    if not await repository.answer_urging(await session.driver(), row["id"], answer=sealed, at=now):
        raise Conflict("这份督办已经答复")
    await note_sealed(await session.driver(), row["request_id"], vault.ring.current)
    _record(session, caller, "request.urging_answered", row)


async def find_urging(reads: Reads, urging_id: UUID) -> Any:
    """NotFound when there is none."""
    row = await repository.find_urging(reads, urging_id)
    if row is None:
        raise NotFound(NO_URGING)
    return row


def show_urging(row: Any, vault: Vault) -> RequestUrging:
    """A notice with its words."""
    names = ("id", "request_id", "number", "organization", "urged_by", "answer_by", "urged_at", "answered_at")
    words = vault.open(bytes(row["words"]), f"urging {row['id']}", row["request_id"])
    answered = row["answer"] and vault.open(bytes(row["answer"]), f"urging answer {row['id']}", row["request_id"])
    return RequestUrging(words=words, answer=answered, **{name: row[name] for name in names})


def _record(session: WriteSession, caller: Caller, action: str, row: Any) -> None:
    session.record(
        actor=caller.client_id, action=action, subject=str(row["id"]), version=1, organization=row["organization"]
    )
