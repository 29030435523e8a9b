"""The world of a test: a database of its own, a clock that stands still until moved, the engine's twin, and a client."""

import asyncio
import base64
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from convene import access, clients, config, logins, tables, users
from convene.courier import Courier
from convene.db import Database, Tx
from convene.engine import MemoryEngine
from convene.mail import mailer
from convene.runtime import Runtime
from convene.storage import Storage
from convene.web.app import Asgi, Receive, Send, create_app

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
POSTGRES_BIN = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@dataclass(frozen=True)
class Cube:
    """How programs written for ConnectyCube reach an application."""

    db: Database
    client: clients.Client
    administration_key: str

    @property
    def admin(self) -> dict[str, str]:
        """The header of an administrator."""
        return {"CB-Administration-API-Key": self.administration_key}

    @property
    def credentials(self) -> dict[str, object]:
        """What every POST /session begins with."""
        return {"application_id": self.client.number, "auth_key": self.client.auth_key}

    async def user(self, login: str, *, verified: bool = False, **given: object) -> users.User:
        """A user without a password."""
        spec = users.Spec({"login": login, **given}, email_verified=verified)
        return await self.db.write(users.create, self.client.application_id, spec)

    async def token(self, user: users.User | None = None) -> dict[str, str]:
        """The header of a user; without one: of the application alone."""
        number = user and user.number
        new = await self.db.write(logins.mint, self.client.application_id, number, timedelta(hours=2))
        return {"CB-Token": new.token}


@dataclass
class World:
    """Everything that a test drives. `now` is settable: `world.now += timedelta(minutes=10)`."""

    runtime: Runtime
    engine: MemoryEngine
    first: access.FirstApplication
    cube: Cube
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


async def cube(db: Database, application_id: str) -> Cube:
    """The client of an application, which gets one, and a key for its administrators."""

    def work(tx: Tx) -> Cube:
        client = clients.create(tx, application_id)
        return Cube(db, client, clients.new_administration_key(tx, application_id))

    return await db.write(work)


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
    storage, courier = Storage(chosen, clock=lambda: made[0].now if made else START), Courier(chosen)
    if db.is_sqlite:
        lay_tables(url)
    for part in (db, engine, storage, courier):
        await part.open()
    first = await db.write(access.create_first, "Alice", key_pair())
    runtime = Runtime(chosen, db, engine, storage, courier, mailer(chosen))
    transport = httpx.ASGITransport(asked(runtime))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        made.append(World(runtime, engine, first, await cube(db, first.application_id), START, client))
        try:
            yield made[0]
        finally:
            for part in (courier, storage, engine, db):
                await part.close()


def asked(runtime: Runtime) -> Asgi:
    """The application, which is made when it is first asked: a quarter of a second that many tests do not need."""
    made = cache(lambda: create_app(runtime))

    async def run(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        await made()(scope, receive, send)

    return run


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


def lay_tables(url: str) -> None:
    """Lays the tables, empty, where the SQLite database at `url` is to be, unless one is there."""
    path = Path(sa.make_url(url).database or "")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_empty_file())


@cache
def _empty_file() -> bytes:
    """A SQLite database with our tables: making them for each test anew takes longer than many a test."""
    with tempfile.TemporaryDirectory(prefix="convene-") as folder:
        path = Path(folder) / "convene.db"
        engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.pool.NullPool)
        with engine.begin() as connection:
            tables.metadata.create_all(connection)
        return path.read_bytes()


# Deleting takes a fifth of the time of truncating, which makes each table's files anew; foreign keys wait meanwhile.
EMPTY = """do $$
declare one text;
begin
  set local session_replication_role = replica;
  for one in select tablename from pg_tables where schemaname = 'public' loop
    execute format('delete from %I', one);
  end loop;
  for one in select sequencename from pg_sequences where schemaname = 'public' and last_value is not null loop
    perform setval(format('%I', one), 1, false);
  end loop;
end $$"""
_laid: set[str] = set()  # the PostgreSQL databases of this process that have their tables


async def emptied_now(url: str) -> str:
    """As `emptied`, inside of a running loop."""
    engine = create_async_engine(sa.make_url(url).set(drivername="postgresql+asyncpg"), poolclass=sa.pool.NullPool)
    async with engine.begin() as connection:
        if url not in _laid:
            await connection.run_sync(tables.metadata.create_all)
        await connection.execute(sa.text(EMPTY))
    _laid.add(url)
    await engine.dispose()
    return url


def emptied(url: str) -> str:
    """Gives the PostgreSQL database at `url` its tables, empty; the same URL."""
    return asyncio.run(emptied_now(url))
