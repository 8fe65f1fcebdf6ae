"""Tables of exchange_api. No behaviour."""

from services.exchange_api.models.base import Base
from services.exchange_api.models.core import (
    CalendarYearRow,
    ClientRow,
    ClientSecretRow,
    OrganizationRow,
    SigningKeyRow,
    UsedAssertionRow,
)
from services.exchange_api.models.inbound import InboundRow, PartnerRow
from services.exchange_api.models.webhooks import (
    AttemptHeadRow,
    AttemptRow,
    DeliveryRow,
    MessageRow,
    PlaceRow,
    PositionRow,
    SubscriptionRow,
    WebhookKeyRow,
)

__all__ = [
    "AttemptHeadRow",
    "AttemptRow",
    "Base",
    "CalendarYearRow",
    "ClientRow",
    "ClientSecretRow",
    "DeliveryRow",
    "InboundRow",
    "MessageRow",
    "OrganizationRow",
    "PartnerRow",
    "PlaceRow",
    "PositionRow",
    "SigningKeyRow",
    "SubscriptionRow",
    "UsedAssertionRow",
    "WebhookKeyRow",
]
