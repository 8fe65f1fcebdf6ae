"""Alembic's entry for exchange_api; everything common stands in the kit."""

import asyncio

from services.exchange_api.models import Base
from shared.kit.migrations import run_from_env

asyncio.run(run_from_env(Base.metadata))
