"""Conversion to proactive disclosure (依申请转主动, 条例第四十四条): counted by fingerprints, decided by a person, told to catalog_api."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import httpx
from uuid_utils.compat import uuid7

from services.request_api.repository import cases as repository
from services.request_api.rules.likeness import normalize
from services.request_api.service.keeping import Vault
from services.request_api.service.openness import refuse_personal
from shared.kit.auth import Caller
from shared.kit.database import Database, WriteSession
from shared.kit.errors import IllegalMove, NotFound, RuleViolation
from shared.kit.logging import get_logger
from shared.kit.reader import TokenSource
from shared.schemas.cases import Conversion, ConversionDecision, ConversionState
from shared.schemas.policies import OrganizationRef
from shared.schemas.problems import InvalidField
from shared.schemas.requests import Wanted

logger = get_logger(__name__)
NO_CONVERSION = "没有这项转主动公开的提议"


def subject_key(wanted: Wanted, vault: Vault) -> bytes | None:
    """What is asked for, by its number or else its name; None when only described."""
    subject = normalize(wanted.doc_no or "") or normalize(wanted.title or "")
    return vault.prints.of(subject, purpose="subject") if subject else None


async def consider(session: WriteSession, row: Mapping[str, Any], *, suggested: bool, applicants_from: int) -> None:
    """After an answer that disclosed: propose what enough different applicants, or one who suggested it, were given."""
    if row["subject_key"] is None or row["decision"] not in ("A2", "B"):
        return
    driver = await session.driver()
    sums = await repository.sum_up_subject(driver, row["organization"], bytes(row["subject_key"]))
    if sums["applicants"] < applicants_from and not suggested:
        return
    proposal = dict(sums) | {
        "id": uuid7(),
        "organization": row["organization"],
        "organization_name": row["organization_name"],
        "subject_key": bytes(row["subject_key"]),
        "suggested": suggested,
    }
    await repository.propose_conversion(driver, proposal)


async def decide(session: WriteSession, caller: Caller, conversion_id: UUID, body: ConversionDecision) -> Conversion:
    """Accepted in the words of who accepts it, or not."""
    driver = await session.driver()
    row = await repository.lock_conversion(driver, conversion_id)
    if row is None:
        raise NotFound(NO_CONVERSION)
    if row["state"] != ConversionState.PROPOSED.value:
        raise IllegalMove("这项提议已有决定", state=row["state"], allowed=[])
    if body.accepts and body.subject is None:
        raise RuleViolation(
            "请写明信息内容", errors=[InvalidField(pointer="/subject", detail="转为主动公开应写明信息内容")]
        )
    # Kept in the open, and handed to the catalog: what is asked for, never who asked.
    refuse_personal({"subject": body.subject or "", "note": body.note or ""}, [])
    state = ConversionState.ACCEPTED if body.accepts else ConversionState.REJECTED
    await repository.decide_conversion(
        driver, conversion_id, state=state.value, subject=body.subject, note=body.note, by=caller.client_id
    )
    session.record(
        actor=caller.client_id,
        action=f"conversion.{state.value}",
        subject=str(conversion_id),
        version=row["version"] + 1,
        organization=row["organization"],
    )
    return show(await repository.find_conversion(driver, conversion_id))


async def deliver(
    database: Database, client: httpx.AsyncClient, tokens: TokenSource, catalog_url: str, *, limit: int
) -> int:
    """Hand accepted conversions to catalog_api as candidates; its answer is kept. How many there were."""
    connection = await database.connect()
    try:
        rows = await repository.list_accepted(connection, limit=limit)
    finally:
        await connection.close()
    delivered = 0
    for row in rows:
        candidate = await _hand_over(client, tokens, catalog_url, row)
        if candidate is None:
            continue
        async with database.write() as session:
            await repository.note_delivered(await session.driver(), row["id"], candidate)
        delivered += 1
    return delivered


async def _hand_over(client: httpx.AsyncClient, tokens: TokenSource, catalog_url: str, row: Any) -> UUID | None:
    """The candidate's id; None when it has to be tried again."""
    address = f"{catalog_url}/v1/organizations/{row['organization']}/candidates/conversion-{row['id']}"
    body = {
        "subject": row["subject"],
        "requests": max(len(row["requests"]), row["applicants"]),
        "period_from": row["period_from"].isoformat(),
        "period_to": row["period_to"].isoformat(),
        "proposal": row["note"],
    }
    try:
        answer = await client.put(address, json=body, headers=await tokens.headers())
        answer.raise_for_status()
        return UUID(answer.json()["id"])
    except (httpx.HTTPError, ValueError, KeyError) as error:
        tokens.forget()
        logger.warning("conversion not delivered", conversion=str(row["id"]), error=type(error).__name__)
        return None


def show(row: Any) -> Conversion:
    """A conversion as the office reads it."""
    names = (
        *("id", "requests", "applicants", "period_from", "period_to", "suggested", "state", "subject", "note"),
        *("candidate_id", "version"),
    )
    organization = OrganizationRef(code=row["organization"], name=row["organization_name"])
    return Conversion(organization=organization, **{name: row[name] for name in names})
