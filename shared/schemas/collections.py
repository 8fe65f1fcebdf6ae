"""Collections (专题): themes across levels and departments, ordered and commented, as they cross a service's border."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from shared.schemas.entries import Entry, EntryInput
from shared.schemas.policies import Strict

MAX_COLLECTION_ITEMS = 300

Note = Annotated[str, Field(title="编者按", max_length=1000)]
Heading = Annotated[str, Field(title="栏目", min_length=1, max_length=100)]


class CollectionItemInput(Strict):
    """One item: exactly one of its names. What is in the library has to be public; anything else is an https address."""

    policy_id: UUID | None = Field(default=None, title="政策编号")
    interpretation_id: UUID | None = Field(default=None, title="解读编号")
    question_id: UUID | None = Field(default=None, title="问答编号")
    clause_id: UUID | None = Field(default=None, title="条款编号")
    consultation_id: UUID | None = Field(default=None, title="征集编号")
    url: str | None = Field(default=None, title="外部网址", max_length=1000, pattern=r"^https://[^\s/?#]+[^\s]*$")
    title: str | None = Field(
        default=None, title="标题", description="Of an external address only.", min_length=1, max_length=300
    )
    note: Note | None = Field(default=None, title="编者按")


class CollectionSectionInput(Strict):
    """One section, its items in the order in which they are shown."""

    heading: Heading
    note: Note | None = Field(default=None, title="编者按")
    items: list[CollectionItemInput] = Field(title="内容", min_length=1, max_length=100)


class CollectionInput(EntryInput):
    """A theme as its editors push it. `policies` names what the whole is about; items stand in sections."""

    intro: str | None = Field(default=None, title="导语", max_length=5000)
    sections: list[CollectionSectionInput] = Field(
        title="栏目", description=f"Together up to {MAX_COLLECTION_ITEMS} items.", min_length=1, max_length=30
    )


class CollectionItem(Strict):
    """One item as the public reads it now."""

    kind: str = Field(title="类别", examples=["policy", "interpretation", "question", "link"])
    id: UUID | None = Field(title="编号", description="Null for an external address.")
    href: str = Field(title="地址", description="At the gateway, or an external https address.")
    title: str = Field(title="标题", description="As it is called now.")
    status: str | None = Field(title="状态", description="A policy's validity, an entry's status; null for an address.")
    flagged: bool = Field(title="是否加注", description="It is public but no longer holds: lapsed, repealed, expired.")
    note: str | None = Field(title="编者按")


class CollectionSection(Strict):
    """One section as the public reads it now."""

    heading: str = Field(title="栏目")
    note: str | None = Field(title="编者按")
    items: list[CollectionItem] = Field(title="内容")


class Collection(Entry):
    """A theme as the public reads it. `status`: `current`, or `flagged` when an item no longer holds.

    What was withdrawn does not appear.
    """

    intro: str | None = Field(title="导语")
    sections: list[CollectionSection] = Field(title="栏目")


class GoneItem(Strict):
    """An item that was withdrawn since the editors put it here."""

    pointer: str = Field(title="位置", description="In the pushed content.", examples=["/sections/0/items/2"])
    kind: str = Field(title="类别")
    id: UUID = Field(title="编号")
    heading: str | None = Field(title="栏目", description="Null for one of `policies`.")


class CollectionGone(Strict):
    """What the editors of a theme have to replace."""

    id: UUID = Field(title="专题编号")
    gone: list[GoneItem] = Field(title="已撤回的内容")
