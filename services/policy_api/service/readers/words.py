"""The namespace of WordprocessingML, and how it writes yes and no. Nothing else."""

from typing import Any

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def is_on(element: Any) -> bool:
    """An on/off property: there and not denied (ECMA-376 part 1 §17.17.4)."""
    return element is not None and element.get(W + "val") not in ("0", "false", "off", "none")


def number_of(element: Any, default: int = 0) -> int:
    """Its `w:val` as a number within what Word writes; ValueError otherwise."""
    if element is None:
        return default
    value = int(element.get(W + "val", default))
    if not -1 <= value <= 2_147_483_647:
        raise ValueError(value)
    return value
