"""Where an organisation may stand in the tree."""

from collections.abc import Sequence

from shared.schemas.organizations import Level, OrganizationKind

_RANK = {Level.NATIONAL: 0, Level.PROVINCE: 1, Level.CITY: 2, Level.DISTRICT: 3, Level.TOWN: 4}


def path_below(parent_path: Sequence[str] | None, code: str) -> list[str]:
    """Codes from the root to the organisation, itself last."""
    return [*(parent_path or ()), code]


def find_tree_fault(
    *,
    code: str,
    level: Level,
    kind: OrganizationKind,
    parent_path: Sequence[str] | None,
    parent_level: Level | None,
) -> str | None:
    """Why an organisation cannot stand below that parent; None when it can.

    An external organisation is no subordinate: the city only keeps its documents, so that it may be of a higher level.
    """
    if parent_path is not None and code in parent_path:
        return "上级机关不能是本机关或其下级"
    if kind is not OrganizationKind.EXTERNAL and parent_level is not None and _RANK[level] < _RANK[parent_level]:
        return "层级不能高于上级机关"
    return None


def find_division_fault(*, division_code: str, level: Level) -> str | None:
    """Why a division code does not fit a level; None when it does (GB/T 2260: 省 ..0000, 市 ....00, 县 6, 乡 9 digits)."""
    if level is Level.TOWN and len(division_code) < 9:
        return "乡镇（街道）应填9位行政区划代码"
    if level is Level.CITY and not division_code.startswith("0", 4):
        return "市级行政区划代码应以00结尾"
    if level is Level.PROVINCE and division_code[2:6] != "0000":
        return "省级行政区划代码应以0000结尾"
    return None
