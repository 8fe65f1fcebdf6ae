"""Webhooks out and in (Standard Webhooks 1.0): subscriptions, deliveries, messages of partners, books to compare."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.schemas.organizations import CreditCode, Level

EventPattern = Annotated[
    str,
    Field(
        title="事件类型",
        description="A type such as `policy.released`, all of a kind as `policy.*`, or `*`.",
        pattern=r"^(\*|[a-z_]+\.(\*|[a-z_]+))$",
        max_length=80,
    ),
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SignatureScheme(StrEnum):
    """How an endpoint's messages are signed."""

    V1 = "v1"  # HMAC-SHA256 with a shared secret
    V1A = "v1a"  # Ed25519; the endpoint is given the public key
    V1SM3 = "v1sm3"  # HMAC-SM3 with a shared secret (GB/T 32905)


class SubscriptionInput(_Strict):
    """订阅: which events go to which address. Without an address they are kept to be fetched (`/feed`)."""

    name: str = Field(title="名称", min_length=2, max_length=120, examples=["省政府信息公开平台"])
    organization: CreditCode = Field(
        description="Whose subscription it is: events of persons' matters are its own's only."
    )
    url: str | None = Field(
        default=None,
        title="接收地址",
        max_length=1000,
        pattern=r"^https?://[^\s]+$",
        examples=["https://example.gov.cn/hooks"],
    )
    event_types: list[EventPattern] = Field(title="事件类型", min_length=1, max_length=50)
    organizations: list[CreditCode] = Field(
        default_factory=list, title="机关范围", description="Empty: every organisation.", max_length=500
    )
    subtree: bool = Field(default=True, title="含下级", description="Of `organizations`.")
    levels: list[Level] = Field(default_factory=list, title="层级", description="Empty: every level.", max_length=5)
    schemes: list[SignatureScheme] = Field(default=[SignatureScheme.V1], title="签名方式", min_length=1, max_length=3)
    ordered: bool = Field(
        default=False,
        title="按主题保序",
        description="Of one subject one after the other; a subject that fails waits, the others go on.",
    )
    concurrency: int = Field(default=4, title="并发数", ge=1, le=64)
    per_second: float = Field(default=50.0, title="每秒上限", gt=0, le=2000)


class SubscriptionState(StrEnum):
    """Whether an endpoint is sent to."""

    ACTIVE = "active"
    DISABLED = "disabled"


class WebhookKey(BaseModel):
    """A key that signs an endpoint's messages; never a shared secret itself."""

    id: UUID = Field(title="密钥编号")
    scheme: SignatureScheme = Field(title="签名方式")
    public_key: str | None = Field(title="公钥", description="Of `v1a`: `whpk_…`.")
    created_at: AwareDatetime = Field(title="建立时间")
    ends_at: AwareDatetime | None = Field(title="停用时间", description="Signs until then beside its successor.")


class Subscription(SubscriptionInput):
    """A subscription as its organisation reads it."""

    model_config = ConfigDict(extra="ignore")

    id: UUID = Field(title="订阅编号")
    state: SubscriptionState = Field(title="状态")
    disabled_reason: str | None = Field(title="停用原因")
    failing_since: AwareDatetime | None = Field(title="失败起始时间", description="Null while messages arrive.")
    pending: int = Field(title="待投递")
    dead: int = Field(title="投递失败", description="Given up; they can be sent again.")
    keys: list[WebhookKey] = Field(title="签名密钥")
    version: int = Field(title="版本", ge=1)
    created_at: AwareDatetime = Field(title="建立时间")


class NewWebhookSecret(BaseModel):
    """The only answer that ever shows a shared secret."""

    scheme: SignatureScheme = Field(title="签名方式")
    key: str = Field(title="密钥", description="`whsec_…` (of `v1sm3` too); of `v1a` the public key `whpk_…`.")


class NewSubscription(BaseModel):
    """A subscription just made, with what verifies its messages."""

    subscription: Subscription = Field(title="订阅")
    secrets: list[NewWebhookSecret] = Field(title="密钥", description="Shown once. Keep them.")


class DeliveryState(StrEnum):
    """How far a message has come at an endpoint."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


class Delivery(BaseModel):
    """One message for one endpoint."""

    sequence: int = Field(title="序号", description="In the order of this subscription.")
    message_id: str = Field(title="消息编号", description="`webhook-id`: the same at every try.")
    type: str = Field(title="事件类型")
    subject: str = Field(title="主题")
    subjectversion: int = Field(title="主题版本")
    state: DeliveryState = Field(title="状态")
    attempts: int = Field(title="已试次数")
    next_at: AwareDatetime | None = Field(title="下次时间")
    last_status: int | None = Field(title="最近状态码", description="0: no answer.")
    settled_at: AwareDatetime | None = Field(title="了结时间")


class Attempt(BaseModel):
    """One try: when, how long, what came. Each is chained to the one before."""

    sequence: int = Field(title="序号")
    at: AwareDatetime = Field(title="时间")
    status: int = Field(title="状态码", description="0: no answer.")
    latency_ms: int = Field(title="耗时（毫秒）")
    excerpt: str = Field(title="应答摘录", description="Its first bytes, or why there was none.")
    hash: str = Field(title="链哈希")


class DeliveryDetail(Delivery):
    """A message with its tries."""

    body: dict[str, Any] | None = Field(title="内容", description="Null once it has been pruned.")
    tries: list[Attempt] = Field(title="投递记录")


class ResendInput(_Strict):
    """重发: of a stretch of time; given up ones only, or all."""

    since: AwareDatetime = Field(title="起")
    until: AwareDatetime | None = Field(default=None, title="止", description="Default: now.")
    only_failed: bool = Field(default=True, title="只重发失败的")


class Resent(BaseModel):
    """How many messages will be sent again."""

    count: int = Field(title="条数")


class TypeDigest(BaseModel):
    """What one day held of one type."""

    type: str = Field(title="事件类型")
    count: int = Field(title="条数")
    hash: str = Field(title="摘要", description='SHA-256 over the sorted lines "id version\\n".')


class WebhookDigest(BaseModel):
    """对账: a day's messages of one subscription, or of one partner's, by type."""

    day: date = Field(title="日期", description="Of the events' time, China Standard Time.")
    types: list[TypeDigest] = Field(title="各类型")


class ReconcileInput(_Strict):
    """What the other side has of a day. Where a digest differs, its ids are compared."""

    day: date = Field(title="日期")
    messages: dict[Annotated[str, Field(max_length=80)], list[Annotated[str, Field(max_length=100)]]] = Field(
        title="各类型的消息编号", max_length=100
    )
    repair: bool = Field(default=False, title="是否重发缺少的")


class Reconciled(BaseModel):
    """The difference."""

    missing: dict[str, list[str]] = Field(title="对方缺少", description="By type; at most 1,000 of each.")
    unknown: dict[str, list[str]] = Field(title="本方没有")
    resent: int = Field(title="重发条数")


class FeedPage(BaseModel):
    """Messages of a subscription in order, to be fetched by who cannot be reached."""

    messages: list[dict[str, Any]] = Field(title="消息", description="The bodies that a webhook would carry.")
    cursor: int = Field(title="游标", description="Pass as `after` to go on.")
    at_end: bool = Field(title="是否到末尾")


class EventTypeFacts(BaseModel):
    """An event type that can be subscribed to."""

    type: str = Field(title="事件类型")
    title: str = Field(title="名称")
    service: str = Field(title="服务")
    version: int = Field(title="格式版本")
    restricted: bool = Field(title="是否限本机关及下级", description="Personal matters, or nobody else's business.")


class PartnerInput(_Strict):
    """外部平台: who sends to `/v1/inbound/{source}`, and by which keys it is known."""

    name: str = Field(title="名称", min_length=2, max_length=120)
    organization: CreditCode = Field(description="In whose name its messages are carried out.")
    keys: list[Annotated[str, Field(min_length=10, max_length=200)]] = Field(
        title="验签密钥",
        description="`whsec_…`, `sm3_whsec_…` or `whpk_…`; several while one rotates.",
        min_length=1,
        max_length=5,
    )
    types: list[Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z_]+$", max_length=80)]] = Field(
        title="可发的消息类型", min_length=1, max_length=20
    )


class Partner(BaseModel):
    """A partner as an administrator reads it: its secrets are not shown."""

    source: str = Field(title="来源")
    name: str = Field(title="名称")
    organization: CreditCode
    public_keys: list[str] = Field(title="公钥")
    shared_secrets: int = Field(title="共享密钥数")
    types: list[str] = Field(title="可发的消息类型")
    version: int = Field(title="版本", ge=1)


class InboundState(StrEnum):
    """What became of a partner's message."""

    STORED = "stored"
    DONE = "done"
    DEAD = "dead"


class InboundReceipt(BaseModel):
    """The answer to a message that is stored: it will be carried out, once."""

    id: str = Field(title="消息编号")
    status: str = Field(title="状态", examples=["stored", "known"])


class InboundMessage(BaseModel):
    """A partner's message as it is listed; what it says of a person is in no list."""

    id: str = Field(title="消息编号")
    source: str = Field(title="来源")
    type: str = Field(title="消息类型")
    subject: str = Field(title="主题")
    state: InboundState = Field(title="状态")
    attempts: int = Field(title="已试次数")
    next_at: AwareDatetime | None = Field(title="下次时间")
    last_error: str | None = Field(title="最近错误")
    received_at: AwareDatetime = Field(title="收到时间")
    done_at: AwareDatetime | None = Field(title="办结时间")
