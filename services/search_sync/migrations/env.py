"""Alembic's entry for search_sync; everything common stands in the kit."""

import asyncio

from services.search_sync.models import Base
from shared.kit.migrations import run_from_env

asyncio.run(run_from_env(Base.metadata))
