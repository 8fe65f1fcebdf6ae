"""The journal (调用记录): what a client reads of its own recent calls of a service."""

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, Field

from shared.schemas.problems import ErrorCode


class StatusClass(StrEnum):
    """Which answers a list of calls holds."""

    DONE = "2xx"
    REFUSED = "4xx"
    FAILED = "5xx"


class JournalLine(BaseModel):
    """One call: a write, or anything that was refused. Never what was sent or answered."""

    at: AwareDatetime = Field(title="时间", description="When it was answered.")
    method: str = Field(title="方法", examples=["PUT"])
    route: str = Field(
        title="路由",
        description="As in the API reference, without values.",
        examples=["/v1/organizations/{org}/policies/{external_id}"],
    )
    status: int | None = Field(title="状态码", description="Null: the connection ended before the answer.")
    code: ErrorCode | None = Field(default=None, title="错误代码", description="Of the problem that was answered.")
    request_id: str = Field(title="请求编号", description="`X-Request-Id` of the answer.")
    organization: str = Field(title="机关", description="That the address names; else the client's own.")
    subject: str | None = Field(
        default=None,
        title="对象",
        description="The id in the address, or the client's own `external_id`; null where that may tell of a person.",
    )
    milliseconds: int = Field(title="毫秒", description="From the request's head to the answer's last byte.")
    lines: int | None = Field(default=None, title="批量行数", description="Lines of a batch that were answered.")
    lines_refused: int | None = Field(default=None, title="被拒行数", description="Of these, refused ones.")
    validate_only: bool = Field(default=False, title="只校验", description="It was a rehearsal and changed nothing.")
    times: int = Field(
        default=1,
        title="次数",
        description="Calls that this line stands for: what exceeds a quota is told once a second, by its latest call.",
    )
