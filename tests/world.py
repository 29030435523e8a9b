"""The world of a test: a database of its own, a clock that stands still until moved, the engine's twin, and a client."""

import asyncio
import base64
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import httpx
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from convene import access, config, tables
from convene.courier import Courier
from convene.db import Database
from convene.engine import MemoryEngine
from convene.runtime import Runtime
from convene.storage import Storage
from convene.web.app import create_app

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
POSTGRES_BIN = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@dataclass
class World:
    """Everything that a test drives. `now` is settable: `world.now += timedelta(minutes=10)`."""

    runtime: Runtime
    engine: MemoryEngine
    first: access.FirstApplication
    now: datetime = START
    client: httpx.AsyncClient = field(default_factory=httpx.AsyncClient)

    @property
    def db(self) -> Database:
        return self.runtime.db

    @property
    def application_id(self) -> str:
        return self.first.application_id

    @property
    def auth(self) -> dict[str, str]:
        return basic(self.first)

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)


def basic(application: access.FirstApplication) -> dict[str, str]:
    """The Authorization header of the vendor's first documents."""
    text = base64.b64encode(f"{application.api_key}:{application.api_secret}".encode()).decode()
    return {"Authorization": f"Basic {text}"}


@cache
def key_pair() -> access.KeyPair:
    """One RSA key for all tests: making one is slow."""
    return access.new_key_pair()


@asynccontextmanager
async def world(url: str, folder: Path, **settings: object) -> AsyncIterator[World]:
    """A world on the database at `url`: an empty one, or one that `emptied` gave its tables."""
    chosen = replace(config.load({}, folder), data=str(folder), allow_loopback_callbacks=True, **settings)
    made: list[World] = []
    db = Database(url, clock=lambda: made[0].now if made else START)
    engine = MemoryEngine(clock=lambda: made[0].now if made else START)
    storage, courier = Storage(chosen), Courier(chosen)
    for part in (db, engine, storage, courier):
        await part.open()
    if db.is_sqlite:
        await db.write(lambda tx: tables.metadata.create_all(tx.connection))
    first = await db.write(access.create_first, "Alice", key_pair())
    runtime = Runtime(chosen, db, engine, storage, courier)
    transport = httpx.ASGITransport(create_app(runtime))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        made.append(World(runtime, engine, first, START, client))
        try:
            yield made[0]
        finally:
            for part in (courier, storage, engine, db):
                await part.close()


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL cluster of our own on a free port; its URL without a database's name."""
    folder = Path(tempfile.mkdtemp(prefix="convene-pg-"))
    with cluster(folder) as url:
        yield url
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """Starts PostgreSQL on a Unix-user of its own (it refuses root) and stops it."""
    binaries = POSTGRES_BIN[-1]
    port = free_port()
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if user:
        shutil.chown(folder, "postgres")
    data = folder / "data"
    run = {"check": True, "stdout": subprocess.DEVNULL, "cwd": folder}
    subprocess.run([*user, binaries / "initdb", "-D", data, "-A", "trust", "-U", "convene", "--no-sync"], **run)  # type: ignore[call-overload]
    options = f"-p {port} -c fsync=off -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200"
    control = [*user, binaries / "pg_ctl", "-D", data, "-w"]
    subprocess.run([*control, "-l", folder / "log", "-o", options, "start"], **run)  # type: ignore[call-overload]
    try:
        yield f"postgresql://convene@127.0.0.1:{port}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **run)  # type: ignore[call-overload]


def free_port(kind: int | None = None) -> int:
    """A port that nobody uses at this moment."""
    with socket.socket(socket.AF_INET, kind or socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def emptied_now(url: str) -> str:
    """As `emptied`, inside of a running loop."""
    engine = create_async_engine(sa.make_url(url).set(drivername="postgresql+asyncpg"), poolclass=sa.pool.NullPool)
    names = ", ".join(table.name for table in tables.metadata.sorted_tables)
    async with engine.begin() as connection:
        await connection.run_sync(tables.metadata.create_all)
        await connection.execute(sa.text(f"truncate {names} restart identity cascade"))
    await engine.dispose()
    return url


def emptied(url: str) -> str:
    """Gives the database at `url` its tables, empty; the same URL."""
    return asyncio.run(emptied_now(url))
