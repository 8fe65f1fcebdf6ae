"""Alembic's entry for request_api; everything common stands in the kit."""

import asyncio

from services.request_api.models import Base
from shared.kit.migrations import run_from_env

asyncio.run(run_from_env(Base.metadata))
