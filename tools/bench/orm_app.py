"""The usual way to write the same read: FastAPI, a session by dependency, an ORM entity, a response model.

Kind to the usual way: one look-up of one table, the representation stored as it is here, no relation to load, no
middleware, no log. `MINGQUAN_DATABASE_URL` says where.
"""

import os
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from services.policy_api.models.policies import PolicyRow
from shared.schemas.policies import Policy

_engine = create_async_engine(
    make_url(os.environ["MINGQUAN_DATABASE_URL"]).set(drivername="postgresql+asyncpg"),
    pool_size=8,
    max_overflow=0,
    connect_args={"server_settings": {"search_path": "policy", "jit": "off"}},
)
_sessions = async_sessionmaker(_engine, expire_on_commit=False)
app = FastAPI()


async def open_session() -> AsyncIterator[AsyncSession]:
    async with _sessions() as session:
        yield session


@app.get("/v1/policies/{policy_id}", response_model=Policy)
async def get_policy(policy_id: UUID, session: Annotated[AsyncSession, Depends(open_session)]) -> Policy:
    """One public policy."""
    row = await session.get(PolicyRow, policy_id)
    if row is None or row.representation is None:
        raise HTTPException(404)
    return Policy.model_validate_json(row.representation)
