"""A PostgreSQL database that nobody has ever used, for platforms that bring their own schema."""

import asyncio
import secrets

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine


@pytest.fixture
def postgres_database(postgres_url: str) -> str:
    """The URL of a new, empty database."""
    name = f"convene_{secrets.token_hex(4)}"
    asyncio.run(_create(postgres_url, name))
    return f"{postgres_url.rpartition('/')[0]}/{name}"


async def _create(url: str, name: str) -> None:
    engine = create_async_engine(
        sa.make_url(url).set(drivername="postgresql+asyncpg"), isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool
    )
    async with engine.connect() as connection:
        await connection.execute(sa.text(f"create database {name}"))
    await engine.dispose()
