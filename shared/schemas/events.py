"""The event log's page and the CloudEvents 1.0 envelope (JSON format) of its events."""

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class Event(BaseModel):
    """One change of one subject. `data` is the subject's whole public representation."""

    model_config = ConfigDict(extra="ignore")

    specversion: Literal["1.0"] = Field(default="1.0", title="规范版本")
    id: str = Field(description="Unique within `source`.")
    source: str = Field(title="来源", examples=["/api/policy"])
    type: str = Field(description="Subject first, past tense.", examples=["policy.released"])
    subject: str = Field(description="The id of what changed.")
    subjectversion: int = Field(description="The subject's version after the change; skip what is not newer.")
    sequence: str = Field(description="Position in this log, decimal, gapless.")
    time: AwareDatetime = Field(title="发生时间")
    datacontenttype: Literal["application/json"] = Field(default="application/json", title="内容类型")
    data: dict[str, Any] | None = Field(default=None, description="Null where the subject is no longer public.")


class EventPage(BaseModel):
    """Some events in order, and where to go on."""

    events: list[Event] = Field(title="事件")
    cursor: str = Field(description="Pass as `after` to go on. Opaque.")
    reflects_until: AwareDatetime = Field(
        description="Who has applied this page has seen every change committed before this moment."
    )
    at_end: bool = Field(description="False when more events are there already.")


class ExportEnd(BaseModel):
    """The closing line of an export."""

    cursor: str = Field(description="Follow the log from here.")
    count: int
    reflects_until: AwareDatetime
