"""How long personal data stays and under which key: sealed anew after a rotation, erased when its time is over."""

from datetime import date
from typing import Any
from uuid import UUID

from services.request_api.repository import retention as repository
from services.request_api.service.keeping import Vault
from services.request_api.service.upkeep import SYSTEM
from shared.kit.database import WriteSession
from shared.kit.errors import Unavailable
from shared.kit.logging import get_logger

logger = get_logger(__name__)


async def seal_anew(session: WriteSession, vault: Vault, *, limit: int) -> int:
    """Requests that an older key has sealed, each wholly under the current one; how many."""
    driver = await session.driver()
    rows = await repository.list_sealed_otherwise(driver, vault.ring.current, limit=limit)
    done = 0
    for row in rows:
        try:
            # In a savepoint: one value that does not open must not keep all the others under the old key.
            async with driver.transaction():
                await _seal_request_anew(driver, vault, row["id"])
            done += 1
        except Unavailable:
            logger.error("sealed value does not open", request=str(row["id"]))
    return done


async def _seal_request_anew(driver: Any, vault: Vault, request_id: UUID) -> None:
    for table in repository.SEALED:
        for kept in await repository.list_values(driver, table, request_id):
            values = [_resealed(vault, table, column, request_id, kept) for column in repository.SEALED[table][2]]
            await repository.replace_values(driver, table, request_id, kept["key"], values)
    await repository.note_sealed(driver, request_id, vault.ring.current)


def _resealed(vault: Vault, table: str, column: str, request_id: UUID, kept: Any) -> bytes | None:
    value = kept[column]
    if value is None:
        return None
    return vault.ring.reseal(bytes(value), binding=f"{_place(table, column, kept['key'])} {request_id}")


def _place(table: str, column: str, key: Any) -> str:
    """The place that a value was bound to when it was sealed."""
    places = {
        "request": "wanted",
        "applicant": f"applicant.{column}",
        "step": f"step {key}",
        "request_file": f"file {key}" if column == "content" else f"file name {key}",
        "joint_consultation": f"joint {key}",
        "notice": f"notice {key}" if column == "content" else f"notice fields {key}",
        "request_urging": f"urging {key}" if column == "words" else f"urging answer {key}",
    }
    return places[table]


async def erase_outlived(session: WriteSession, *, today: date, years: int, limit: int) -> int:
    """Erase the personal data of archived requests whose time is over (个人信息保护法第十九条、第四十七条); how many."""
    driver = await session.driver()
    closed_before = today.replace(year=today.year - years, day=min(today.day, 28))
    rows = await repository.list_outlived(driver, closed_before=closed_before, limit=limit)
    for row in rows:
        await repository.erase(driver, row["id"], today=today)
        session.record(
            actor=SYSTEM,
            action="request.erased",
            subject=str(row["id"]),
            version=row["version"] + 1,
            organization=row["organization"],
        )
    return len(rows)
