"""One page of a list."""

from typing import Generic, TypeVar

from pydantic import BaseModel, Field

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """Items in the list's order and where to go on."""

    items: list[T] = Field(title="各项")
    next_cursor: str | None = Field(
        default=None, title="下一页游标", description="Pass as `cursor`; null on the last page."
    )
