"""The database's schema, step by step (Alembic). `upgrade` runs at every start, under a lock."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

LOCK = 4_027_513_869  # of PostgreSQL's advisory locks, this one is ours


def upgrade(url: str) -> None:
    """Brings the database at `url` to this version's schema; of several processes one does it and the others wait."""
    parts = sa.make_url(url)
    if parts.get_backend_name() == "sqlite":
        Path(parts.database or "").parent.mkdir(parents=True, exist_ok=True)
        _run(sa.create_engine(parts, poolclass=sa.pool.NullPool, hide_parameters=True))
    else:
        _run_async(parts)


def _config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def _run(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        _upgrade(connection)
    engine.dispose()


def _run_async(url: sa.URL) -> None:
    import asyncio

    from sqlalchemy.ext.asyncio import create_async_engine

    async def run() -> None:
        engine = create_async_engine(
            url.set(drivername="postgresql+asyncpg"), poolclass=sa.pool.NullPool, hide_parameters=True
        )
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
        await engine.dispose()

    asyncio.run(run())


def _upgrade(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("select pg_advisory_xact_lock(:key)"), {"key": LOCK})
    command.upgrade(_config(connection), "head")
