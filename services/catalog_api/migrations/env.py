"""Alembic's entry for catalog_api; everything common stands in the kit."""

import asyncio

from services.catalog_api.models import Base
from shared.kit.migrations import run_from_env

asyncio.run(run_from_env(Base.metadata))
