"""Organisations that have items, tasks or publications: known here so that figures cover those that publish nothing."""

from collections.abc import Sequence

from shared.schemas.organizations import Organization


def facts_of(organizations: Sequence[Organization]) -> list[tuple[str, str, str, list[str]]]:
    """Each organisation once, as it is kept: code, name, level, path."""
    return list({one.code: (one.code, one.name, str(one.level), list(one.path)) for one in organizations}.values())
