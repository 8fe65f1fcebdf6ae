"""Registering and changing organisations (机关单位登记)."""

import hashlib
from dataclasses import dataclass

from services.exchange_api.models import OrganizationRow
from services.exchange_api.repository import organizations as repository
from services.exchange_api.rules.tree import find_division_fault, find_tree_fault, path_below
from shared.kit.auth import Caller
from shared.kit.database import WriteSession
from shared.kit.errors import OutsideSubtree, RuleViolation, UnknownOrganization
from shared.kit.http import check_if_match, check_if_match_absent
from shared.kit.log import Announcement
from shared.schemas.organizations import Organization, OrganizationInput
from shared.schemas.problems import InvalidField


@dataclass(frozen=True)
class Registered:
    """What became of a PUT."""

    representation: bytes
    etag: str
    created: bool


async def put_organization(
    session: WriteSession, caller: Caller | None, code: str, wanted: OrganizationInput, *, if_match: str | None = None
) -> Registered:
    """Register an organisation or change it; its whole subtree moves with it. No caller: the bootstrap command."""
    orm = await session.orm()
    await repository.lock_tree(orm)
    row = await repository.find_organization(orm, code)
    parent = await _find_parent(session, wanted)
    _ensure_within_subtree(caller, row, parent)
    if row is None:
        check_if_match_absent(if_match)
    else:
        check_if_match(if_match, etag=row.etag, version=row.version)
    _ensure_rules(code, wanted, parent)
    if row is not None and _as_input(row) == wanted:
        return Registered(row.representation, row.etag, created=False)
    created = row is None
    if row is None:
        row = OrganizationRow(code=code, version=0)
        orm.add(row)
    old_path = row.path
    for name, value in wanted.model_dump().items():
        setattr(row, name, value)
    row.path = path_below(parent.path if parent else None, code)
    _render(row)
    _tell(session, caller, row, "organization.registered" if created else "organization.changed")
    await orm.flush()
    if not created and old_path != row.path:
        await _move_descendants(session, caller, row, old_depth=len(old_path))
    return Registered(row.representation, row.etag, created)


async def _find_parent(session: WriteSession, wanted: OrganizationInput) -> OrganizationRow | None:
    orm = await session.orm()
    for code, what in ((wanted.merged_into, "并入机关"), (wanted.parent, "上级机关")):
        if code is not None and await repository.find_organization(orm, code) is None:
            raise UnknownOrganization(f"{what}{code}尚未登记；请先登记它")
    return await repository.find_organization(orm, wanted.parent) if wanted.parent else None


def _ensure_within_subtree(caller: Caller | None, row: OrganizationRow | None, parent: OrganizationRow | None) -> None:
    """A caller changes what stands below its own organisation, and puts it nowhere else."""
    if caller is None:
        return
    own = caller.principal.organization
    places = [row.path] if row is not None else []
    # The caller's own organisation may be changed by the caller, but not moved: its parent is outside.
    if row is None or row.parent != (parent.code if parent else None):
        places.append(parent.path if parent is not None else [])
    if not all(own in path for path in places):
        raise OutsideSubtree("只能登记和变更本机关及其下级机关", organization=own)


def _ensure_rules(code: str, wanted: OrganizationInput, parent: OrganizationRow | None) -> None:
    faults = {
        "/parent": find_tree_fault(
            code=code,
            level=wanted.level,
            kind=wanted.kind,
            parent_path=parent.path if parent else None,
            parent_level=OrganizationInput.model_validate(_dump(parent)).level if parent else None,
        ),
        "/division_code": find_division_fault(division_code=wanted.division_code, level=wanted.level),
        "/valid_to": "撤销日期早于设立日期"
        if wanted.valid_from and wanted.valid_to and wanted.valid_to < wanted.valid_from
        else None,
        "/merged_into": "机关不能并入自己" if wanted.merged_into == code else None,
    }
    errors = [InvalidField(pointer=pointer, detail=fault) for pointer, fault in faults.items() if fault]
    if errors:
        raise RuleViolation("机关信息不符合要求", errors=errors)


def _dump(row: OrganizationRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in OrganizationInput.model_fields}


def _as_input(row: OrganizationRow) -> OrganizationInput:
    return OrganizationInput.model_validate(_dump(row))


def _render(row: OrganizationRow) -> None:
    """Next version of the row and the bytes that everybody reads."""
    row.version += 1
    organization = Organization(**_dump(row), code=row.code, path=row.path, version=row.version)
    row.representation = organization.model_dump_json().encode()
    row.etag = f'"{row.version}-{hashlib.sha256(row.representation).hexdigest()[:16]}"'


def _tell(session: WriteSession, caller: Caller | None, row: OrganizationRow, event: str) -> None:
    session.announce(Announcement(event, row.code, row.version, row.representation))
    session.record(
        actor=caller.client_id if caller else "command",
        action=event,
        subject=row.code,
        version=row.version,
        organization=row.code,
        parent=row.parent,
    )


async def _move_descendants(
    session: WriteSession, caller: Caller | None, row: OrganizationRow, *, old_depth: int
) -> None:
    orm = await session.orm()
    for below in await repository.list_descendants(orm, row.code):
        below.path = [*row.path, *below.path[old_depth:]]
        _render(below)
        _tell(session, caller, below, "organization.changed")
