"""Tables of policy_api. No behaviour."""

from services.policy_api.models.base import Base

__all__ = ["Base"]
