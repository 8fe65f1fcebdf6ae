"""An organisation's disclosure guide, kept and announced."""

import hashlib
from datetime import datetime

from pydantic_core import to_json
from uuid_utils.compat import uuid7

from services.catalog_api.repository import directory as repository
from shared.kit.auth import Caller
from shared.kit.clock import local_day
from shared.kit.database import WriteSession
from shared.kit.log import Announcement
from shared.schemas.directory import GuideInput, GuideReceipt
from shared.schemas.organizations import Organization
from shared.schemas.policies import Outcome


async def put_guide(
    session: WriteSession, caller: Caller, organization: Organization, wanted: GuideInput, *, now: datetime
) -> GuideReceipt:
    """The guide in place of what was there (条例第十二条: 及时更新)."""
    driver = await session.driver()
    have = await repository.lock_guide(driver, organization.code)
    digest = hashlib.sha256(to_json(wanted)).hexdigest()
    if have is not None and have["content_hash"] == digest:
        return GuideReceipt(outcome=Outcome.UNCHANGED, id=have["id"], version=have["version"])
    guide_id, version = (have["id"], have["version"] + 1) if have is not None else (uuid7(), 1)
    shown = {
        "id": guide_id,
        "organization": {"code": organization.code, "name": organization.name},
        **wanted.model_dump(mode="json"),
        "updated_on": local_day(now),
        "version": version,
    }
    body = to_json(shown)
    row = {"id": guide_id, "organization": organization.code, "content_hash": digest, "version": version}
    await repository.keep_guide(driver, row | {"representation": body, "etag": f'"{version}"'})
    told = "guide.released" if have is None else "guide.changed"
    session.announce(Announcement(told, str(guide_id), version, body))
    session.record(
        actor=caller.client_id,
        action=told,
        subject=str(guide_id),
        version=version,
        organization=organization.code,
        hash=digest,
    )
    return GuideReceipt(outcome=Outcome.CREATED if have is None else Outcome.UPDATED, id=guide_id, version=version)
