"""Templates of an office: handed in, kept by version, inherited from the organisations above."""

import asyncio
import hashlib
from datetime import datetime
from typing import Any

from services.request_api.repository import notices as repository
from services.request_api.repository import requests as request_repository
from services.request_api.repository.requests import Reads
from services.request_api.rules.notices import FORMS, describe_fields, number_of_notice
from services.request_api.service.notices.rendering import Template, accept_template, built_in_template
from services.request_api.settings import Settings
from shared.kit.auth import Caller
from shared.kit.database import WriteSession
from shared.schemas.notices import NoticeKind, NoticeTemplate
from shared.schemas.organizations import Organization


async def put_template(
    session: WriteSession, caller: Caller, organization: Organization, kind: NoticeKind, data: bytes, *, now: datetime
) -> NoticeTemplate:
    """From now on documents of the kind are made of this one; the same file again changes nothing."""
    template = await asyncio.to_thread(accept_template, kind, data)
    sha256 = hashlib.sha256(template.content).hexdigest()
    driver = await session.driver()
    known = await repository.lock_templates(driver, organization.code, kind.value)
    row: dict[str, Any] = {
        "organization": organization.code,
        "kind": kind.value,
        "version": known["version"] + 1 if known else 1,
        "is_active": True,
        "sha256": sha256,
        "content": template.content,
        "uploaded_by": caller.client_id,
        "uploaded_at": now,
    }
    if known is not None and known["sha256"] == sha256:
        return show_template(kind, row | dict(known))
    await repository.retire_template(driver, organization.code, kind.value)
    await repository.insert_template(driver, row)
    session.record(
        actor=caller.client_id,
        action="notice_template.replaced",
        subject=f"notice-template/{organization.code}/{kind.value}",
        version=row["version"],
        organization=organization.code,
        sha256=sha256,
    )
    return show_template(kind, row)


async def list_templates(reads: Reads, organization: Organization) -> list[NoticeTemplate]:
    """What is in force for an organisation, a line for every kind."""
    rows = {row["kind"]: row for row in await repository.list_templates(reads, organization.path)}
    return [show_template(kind, rows.get(kind.value)) for kind in NoticeKind]


async def template_in_force(reads: Reads, organization: Organization, kind: NoticeKind) -> Template:
    """The organisation's own, else the nearest above it, else the built-in one."""
    row = await repository.find_template(reads, organization.path, kind.value)
    return built_in_template(kind) if row is None else Template(kind, bytes(row["content"]))


def show_template(kind: NoticeKind, row: Any) -> NoticeTemplate:
    """A template without its content; the built-in one where there is no row."""
    if row is None:
        sha256 = hashlib.sha256(built_in_template(kind).content).hexdigest()
        row = {"organization": None, "version": 0, "sha256": sha256, "uploaded_at": None}
    return NoticeTemplate(
        kind=kind,
        title=FORMS[kind].title,
        organization=row["organization"],
        version=row["version"],
        sha256=row["sha256"],
        uploaded_at=row["uploaded_at"],
        fields=describe_fields(kind),
    )


async def number_notice(
    session: WriteSession, organization: Organization, kind: NoticeKind, *, year: int, settings: Settings
) -> str:
    """The next 文号 of an organisation, kind and year. Take it last: others wait until the transaction ends."""
    driver = await session.driver()
    n = await request_repository.next_number(driver, organization.code, FORMS[kind].series, year)
    return number_of_notice(
        kind,
        prefix=organization.short_name or organization.name,
        year=year,
        n=n,
        form=settings.notice_number_formats.get(organization.code, settings.notice_number_format),
    )
