"""Transactions: `await db.write(work, …)` runs a plain function `work(tx, …)` and commits before it returns; `db.read` likewise.

`tx.now` is the one moment of the transaction, and this module is the only reader of the wall clock.

SQLite: one writer thread runs the units one after another and commits them in groups (a savepoint for each, so that a unit
that raises takes nobody with it); readers have threads of their own. PostgreSQL: the same function runs by `run_sync` on an
asyncpg connection; its statements are safe at read committed.
"""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from convene.errors import Unavailable

log = logging.getLogger(__name__)

GROUP = 64  # units that one SQLite commit carries at most
BACKLOG = 4096  # units that wait for the SQLite writer before we refuse more
READERS = 4
SETTLING = timedelta(seconds=3)
AWAY = ("08", "53", "57P")  # SQLSTATE classes: no connection, no resources left, going down or coming up
LOST = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError, OSError)

P = ParamSpec("P")
T = TypeVar("T")
_ALONE = sa.text("select pg_advisory_xact_lock(hashtext(:name))")
_PING = sa.text("select 1")
Clock = Callable[[], datetime]


def utcnow() -> datetime:
    """The wall clock in UTC, cut to the millisecond, which is what we store."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


@dataclass(slots=True)
class Tx:
    """One running transaction: its moment, its statements, and the topics to wake after its commit."""

    connection: sa.Connection
    now: datetime
    wakes: set[str] = field(default_factory=set)

    def execute(self, statement: sa.Executable, parameters: Any = None) -> sa.CursorResult[Any]:
        """Runs one static statement; `parameters` is a mapping, or a list of mappings for many rows."""
        return self.connection.execute(statement, parameters)

    def one(self, statement: sa.Executable, parameters: Mapping[str, Any] | None = None) -> sa.Row[Any] | None:
        """The first row, or None."""
        return self.connection.execute(statement, parameters).first()

    def all(self, statement: sa.Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[sa.Row[Any]]:
        """All rows."""
        return self.connection.execute(statement, parameters).all()

    def changed(self, statement: sa.Executable, parameters: Any = None) -> int:
        """Runs an UPDATE or DELETE; the number of rows it met. Compare-and-set: 0 means that somebody else was faster."""
        return self.connection.execute(statement, parameters).rowcount

    def add_new(self, table: sa.Table, row: Mapping[str, Any]) -> bool:
        """Inserts the row unless one of its unique keys is taken; whether it was new. Safe against a concurrent twin."""
        return self.connection.execute(_insert_new(table, self.connection.dialect.name), row).rowcount > 0

    @property
    def settled(self) -> datetime:
        """Nothing will be committed any more whose `now` is older than this: lists that are read on from a cursor end here.

        SQLite has one writer, so all is settled; on PostgreSQL a transaction commits within SETTLING, or was very unlucky.
        """
        return self.now - SETTLING if self.connection.dialect.name == "postgresql" else self.now

    def alone(self, name: str) -> None:
        """Until the commit no other transaction passes this line with the same name. (SQLite has one writer anyway.)"""
        if self.connection.dialect.name == "postgresql":
            self.connection.execute(_ALONE, {"name": name})

    def ping(self) -> None:
        """Reaches the database and comes back."""
        self.connection.execute(_PING)

    def wake(self, topic: str) -> None:
        """After the commit, whoever waits for `topic` looks at once, in this process and (PostgreSQL) in every other."""
        self.wakes.add(topic)


@cache
def _insert_new(table: sa.Table, dialect: str) -> sa.Insert:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(table).on_conflict_do_nothing()


class Database:
    """Opens with `await db.open()`, closes with `await db.close()`. `clock` is settable: tests give their own."""

    def __init__(self, url: str, *, clock: Clock = utcnow):
        self.url, self.clock = url, clock
        self._backend: _Sqlite | _Postgres = _Sqlite(url) if url.startswith("sqlite") else _Postgres(url)
        self._watchers: list[Callable[[str], None]] = []

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is the embedded one."""
        return isinstance(self._backend, _Sqlite)

    async def open(self) -> None:
        """Connects. Raises Unavailable when the database does not answer."""
        await self._backend.open(self._tell)

    async def close(self) -> None:
        """Ends all connections and threads; running units finish first."""
        await self._backend.close()

    async def write(self, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs `work(tx, …)` in a transaction and commits. Raises what `work` raises (nothing is written then) or Unavailable."""
        wakes: set[str] = set()

        def unit(connection: sa.Connection) -> T:
            tx = Tx(connection, self.clock())
            result = work(tx, *args, **kwargs)
            wakes.update(tx.wakes)
            return result

        result: T = await self._backend.write(unit)
        for topic in wakes:
            self._tell(topic)
            self._backend.announce(topic)
        return result

    async def read(self, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs `work(tx, …)`, which must only read. Raises what `work` raises, or Unavailable."""

        def unit(connection: sa.Connection) -> T:
            return work(Tx(connection, self.clock()), *args, **kwargs)

        result: T = await self._backend.read(unit)
        return result

    def watch(self, watcher: Callable[[str], None]) -> None:
        """Calls `watcher(topic)` on the event loop after commits that woke a topic."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Callable[[str], None]) -> None:
        """Ends what `watch` began."""
        self._watchers.remove(watcher)

    def _tell(self, topic: str) -> None:
        for watcher in list(self._watchers):
            watcher(topic)


def _is_lost(error: Exception) -> bool:
    """Whether the database is away, as against a statement that it refuses. (asyncpg's own errors come as a bare DBAPIError.)"""
    if isinstance(error, sa.exc.DBAPIError):
        state = str(getattr(error.orig, "sqlstate", None) or "")
        return isinstance(error, LOST) or error.connection_invalidated or state.startswith(AWAY)
    return isinstance(error, LOST)


@contextmanager
def _reaching() -> Iterator[None]:
    """Within it, a database that is away raises Unavailable."""
    try:
        yield
    except Exception as error:
        if _is_lost(error):
            raise _lost(error) from error
        raise


def _lost(error: BaseException) -> Unavailable:
    log.warning("database does not answer", extra={"event": "database_unavailable", "error": type(error).__name__})
    return Unavailable("database_unavailable", "The database does not answer.", details={"retry_after": 2})


# --- SQLite ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Unit:
    work: Callable[[sa.Connection], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


def _settle(units: list[_Unit]) -> None:
    for unit in units:
        if unit.future.done():
            continue
        if unit.error is not None:
            unit.future.set_exception(unit.error)
        else:
            unit.future.set_result(unit.result)


class _Sqlite:
    def __init__(self, url: str):
        self._path = Path(sa.make_url(url).database or "")
        self._queue: queue.SimpleQueue[_Unit | None] = queue.SimpleQueue()
        self._local = threading.local()
        self._opened: list[sa.Connection] = []
        self._lock = threading.Lock()

    async def open(self, _tell: Callable[[str], None]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._writer_engine, self._reader_engine = self._engine(query_only=False), self._engine(query_only=True)
        self._readers = ThreadPoolExecutor(READERS, "db-read")
        self._thread = threading.Thread(target=self._run, name="db-write", daemon=True)
        self._thread.start()
        await self.write(lambda connection: None)

    async def close(self) -> None:
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)
        self._readers.shutdown()
        for connection in self._opened:
            connection.close()
        self._writer_engine.dispose()
        self._reader_engine.dispose()

    def announce(self, topic: str) -> None:
        """Nobody else to tell: one process owns the file."""

    def _engine(self, *, query_only: bool) -> sa.Engine:
        engine = sa.create_engine(
            f"sqlite:///{self._path}",
            poolclass=sa.pool.NullPool,
            connect_args={"check_same_thread": False},
            hide_parameters=True,  # an error's text goes into the log, and parameters may be secrets
        )

        @sa.event.listens_for(engine, "connect")
        def _connect(connection: Any, _record: Any) -> None:
            connection.isolation_level = None  # we say BEGIN ourselves
            for pragma in (
                "journal_mode=WAL",
                "synchronous=FULL",
                "foreign_keys=ON",
                "busy_timeout=10000",
                "secure_delete=ON",  # what was deleted is overwritten: it is not to be found in the file
                f"query_only={int(query_only)}",
            ):
                connection.execute(f"PRAGMA {pragma}").close()

        @sa.event.listens_for(engine, "begin")
        def _begin(connection: sa.Connection) -> None:
            connection.exec_driver_sql("BEGIN" if query_only else "BEGIN IMMEDIATE")

        return engine

    async def write(self, work: Callable[[sa.Connection], Any]) -> Any:
        if self._queue.qsize() >= BACKLOG:
            raise Unavailable("busy", "Too many changes wait to be written.", details={"retry_after": 1})
        loop = asyncio.get_running_loop()
        unit = _Unit(work, loop, loop.create_future())
        self._queue.put(unit)
        return await asyncio.shield(unit.future)  # a caller that gives up must not leave a settled future behind

    def _run(self) -> None:
        connection = self._writer_engine.connect()
        ending = False
        while not ending:
            first = self._queue.get()
            units = [] if first is None else [first]
            ending = first is None
            while not ending and len(units) < GROUP:
                try:
                    following = self._queue.get_nowait()
                except queue.Empty:
                    break
                ending = following is None
                if following is not None:
                    units.append(following)
            if units:
                self._group(connection, units)
        connection.close()

    def _group(self, connection: sa.Connection, units: list[_Unit]) -> None:
        """Runs the units in one transaction. A failing commit fails all of them: none of them was written."""
        try:
            with connection.begin():
                for unit in units:
                    try:
                        with connection.begin_nested():
                            unit.result = unit.work(connection)
                    except Exception as error:
                        unit.error = _lost(error) if _is_lost(error) else error
        except BaseException as error:
            for unit in units:
                unit.error = unit.error or _lost(error)
        loops: dict[asyncio.AbstractEventLoop, list[_Unit]] = {}
        for unit in units:
            loops.setdefault(unit.loop, []).append(unit)
        for loop, mine in loops.items():
            try:
                loop.call_soon_threadsafe(_settle, mine)
            except RuntimeError:  # that loop has ended: nobody waits any more
                log.debug("loop gone", extra={"event": "writer_loop_gone"})

    async def read(self, work: Callable[[sa.Connection], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)

    def _read(self, work: Callable[[sa.Connection], Any]) -> Any:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._reader_engine.connect()
            with self._lock:
                self._opened.append(connection)
        with connection.begin():
            return work(connection)


# --- PostgreSQL -----------------------------------------------------------------------------------------------------


class _Postgres:
    def __init__(self, url: str):
        self._engine = self._pool(url)
        self._reading = self._pool(url, default_transaction_read_only="on").execution_options(
            isolation_level="AUTOCOMMIT"  # a transaction would cost each read two round trips
        )
        self._topics: set[str] = set()
        self._pending = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @staticmethod
    def _pool(url: str, **more: str) -> AsyncEngine:
        # No disk of today seeks: by PostgreSQL's own 4 it reads the small tables of each request from end to end.
        server_settings = {"random_page_cost": "1.1", **more}
        return create_async_engine(
            sa.make_url(url).set(drivername="postgresql+asyncpg"),
            pool_size=12,
            max_overflow=0,  # connections beyond the pool would be made and dropped with each burst
            pool_timeout=5,
            connect_args={"timeout": 5, "server_settings": server_settings},
            hide_parameters=True,  # an error's text goes into the log, and parameters may be secrets
        )

    async def open(self, tell: Callable[[str], None]) -> None:
        await self.read(lambda connection: connection.execute(_PING))
        self._tasks = [asyncio.create_task(self._announcer()), asyncio.create_task(self._listener(tell))]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._engine.dispose()
        await self._reading.dispose()

    async def write(self, work: Callable[[sa.Connection], Any]) -> Any:
        with _reaching():
            async with self._engine.begin() as connection:
                return await connection.run_sync(work)

    async def read(self, work: Callable[[sa.Connection], Any]) -> Any:
        with _reaching():
            async with self._reading.connect() as connection:
                return await connection.run_sync(work)

    def announce(self, topic: str) -> None:
        """NOTIFY takes a lock over the whole database at commit, so it never rides in a business transaction."""
        self._topics.add(topic)
        self._pending.set()

    async def _announcer(self) -> None:
        while True:
            await self._pending.wait()
            self._pending.clear()
            topics, self._topics = self._topics, set()
            try:
                async with self._reading.connect() as connection:
                    for topic in topics:
                        await connection.execute(sa.text("select pg_notify('convene', :topic)"), {"topic": topic})
            except Exception as error:  # of whatever kind: this loop must outlive every restart of the database
                log.info("wake-up lost", extra={"event": "database_announcer", "error": type(error).__name__})
                await asyncio.sleep(1)  # polling covers what this wake-up would have told

    async def _listener(self, tell: Callable[[str], None]) -> None:
        while True:
            try:
                async with self._engine.connect() as connection:
                    await self._listen(connection, tell)
            except Exception as error:  # SQLAlchemy's, and the driver's own
                log.info("listener reconnects", extra={"event": "database_listener", "error": type(error).__name__})
            await asyncio.sleep(1)

    async def _listen(self, connection: AsyncConnection, tell: Callable[[str], None]) -> None:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        gone = asyncio.Event()
        driver.add_termination_listener(lambda *_: gone.set())
        await driver.add_listener("convene", lambda _connection, _pid, _channel, topic: tell(topic))
        try:
            await gone.wait()
        finally:
            await connection.invalidate()
