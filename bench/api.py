"""`GET /rooms/{id}` and `POST /rooms`, beside a bare ASGI handler that runs the same statements through the same `db`,
and what all checks of a caller cost of a `POST /rooms`, beside the same door without them.

Run from the repository: `python -m bench api`. Needs `wrk`. Each side is one uvicorn process (uvloop, httptools; this
module as a program) with a database of its own; the sides take turns, and the median of the rounds' ratios counts.

What the checks cost is told in processor time, of the server and of its database together, since a busy machine leaves nothing
of a difference in speed. The request is the whole of it as the server sees it: HTTP, JSON, the room, the commit.
"""

import asyncio
import base64
import http.client
import itertools
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
import timeit
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import jwt
import sqlalchemy as sa
import uvicorn
import uvloop
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from fastapi import Request
from sqlalchemy.ext.asyncio import create_async_engine

from bench.figure import Figure
from bench.idle import processor_time
from convene import access, config, rooms, tables
from convene.courier import Courier
from convene.db import Database, Tx
from convene.engine import MemoryEngine
from convene.mail import mailer
from convene.recent import Recent
from convene.runtime import Runtime
from convene.storage import Storage
from convene.web import app as web
from convene.web.gate import Gate
from tests import world as worlds

GOAL = 0.45
SHARE = 25  # per cent of a request that its checks may cost
CHECKED = ("POST", "unchecked"), ("ONCE", "checked")  # the same creation, without any check and with all of them
TRIES = 2_000  # of one token
CALLERS = 64  # an application may have 1000 rooms: creations are spread
CONNECTIONS = 32
ROUNDS, SECONDS = 3, 3
PAIRS, TURN = 21, 1  # of the checks: short turns, for both sides to have the same weather; many, to see a hundredth
SIDES = ("bare", "convene", "unchecked", "checked")
REQUESTS = {"GET": "GET /rooms/{id}", "POST": "POST /rooms"}
_APPLICATIONS = sa.select(tables.application.c.id)
RUNS = [*itertools.product(REQUESTS, SIDES[:2])]


# --- One side, in a process of its own ------------------------------------------------------------------------------


def bare(db: Database) -> Any:
    """What any implementation must do: the statements, and JSON in and out. It believes every caller."""
    recent = Recent(db, access.CHANGED)

    def get(tx: Tx, account: str, room_id: str) -> tuple[Any, ...]:
        caller = recent.all(tx, access._BY_ACCOUNT, account)[0]
        row = tx.one(rooms._GET, {"application_id": caller.id, "id": room_id})
        assert row is not None
        return tuple(row)

    def post(tx: Tx, account: str, body: dict[str, Any]) -> tuple[Any, ...]:
        caller = recent.all(tx, access._BY_ACCOUNT, account)[0]
        tx.connection.scalar(rooms._COUNT_OPEN, {"application_id": caller.id, "now": tx.now})
        row = dict.fromkeys(tables.room.columns.keys()[1:])
        row |= {"id": tables.new_id(), "application_id": caller.id, "meeting_code": rooms._new_code(12), **body}
        row |= {
            "created_at": tx.now,
            "expires_at": tx.now,
            "closes_at": tx.now,
            "host_id": row["id"],
            "type": "instant",
        }
        row |= {"join_approval_level": "none", "microphone_state": "default", "language": "default", "locked": False}
        row |= {"expire_after_use": False, "auto_record": False, "record_only_owner": False, "imported": False}
        row |= {"is_meetings": False}
        tx.add_new(tables.room, row | {"features": dict(rooms.FEATURES)})
        rooms.count(tx, caller.id, 1)
        return tuple(row.values())

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        account = next(value for name, value in scope["headers"] if name == b"x-account").decode()
        if scope["method"] == "POST":
            status, row = 201, await db.write(post, account, json.loads((await receive())["body"]))
        else:
            status, row = 200, await db.read(get, account, scope["path"].rpartition("/")[2])
        content = json.dumps(row, default=str).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    return app


class Trusting(Gate):
    """Believes every caller at his word, counts nothing, and asks no database about it."""

    def __init__(self, runtime: Runtime, callers: dict[str, access.Application]):
        super().__init__(runtime)
        self._callers = callers

    def known(self, request: Request, tx: Tx) -> access.Known:
        """Whoever it says."""
        return access.Known(self._callers[request.headers["x-account"]], None, access.ALL_SCOPES)


async def unchecked(runtime: Runtime) -> Any:
    """Our doors as they are, without any check of who asks."""
    app = web.doors(runtime)
    rows = await runtime.db.read(lambda tx: [access.application(tx, row.id) for row in tx.all(_APPLICATIONS)])
    app.state.gate = Trusting(runtime, {application.account_id: application for application in rows})
    return web.around(app, runtime)


async def serve(side: str, url: str, port: int, folder: Path) -> None:
    """Fills an empty database, leaves the callers in `folder`, and serves until it is ended."""
    settings = replace(config.load({}, folder), data=str(folder), requests_per_minute=10**6)
    db, engine, storage, courier = Database(url), MemoryEngine(), Storage(settings), Courier(settings)
    for part in (db, engine, storage, courier):
        await part.open()
    callers = await db.write(filled)
    (folder / "callers.json").write_text(json.dumps(callers))
    runtime = Runtime(settings, db, engine, storage, courier, mailer(settings))
    match side:
        case "bare":
            app = bare(db)
        case "unchecked":
            app = await unchecked(runtime)
        case _:
            app = web.create_app(runtime)
    options = {"http": "httptools", "log_level": "warning", "access_log": False, "lifespan": "off"}
    await uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, **options)).serve()


def filled(tx: Tx) -> list[dict[str, str]]:
    """Tables, callers, and one room for each."""
    tables.metadata.create_all(tx.connection)
    keys, callers = access.new_key_pair(), []
    for number in range(CALLERS):
        first = access.create_first(tx, f"Caller {number}", keys)
        application = access.application(tx, first.application_id)
        room = rooms.create(tx, application, rooms.Spec("Weekly sync"), limit=1000, digits=12)
        claims = {"application_id": application.id, "iat": tx.now.timestamp(), "exp": tx.now.timestamp() + 3600}
        headers = {"X-Account": first.api_key, **worlds.basic(first)}
        bearer = f"Bearer {jwt.encode(claims, keys.private_key, 'RS256')}"
        callers.append({"room": room.id, "Bearer": bearer, **headers})
    return callers


# --- The run --------------------------------------------------------------------------------------------------------

LUA = """
local callers = { %s }
local turn, count, run = 0, 0, os.time()
request = function()
  turn = turn %% #callers + 1
  local c = callers[turn]
  local headers = { ["X-Account"] = c[1], ["Authorization"] = c[2], ["Content-Type"] = "application/json" }
  if METHOD == "ONCE" then
    count = count + 1
    headers["Authorization"] = c[4]
    headers["Idempotency-Key"] = run .. "-" .. count
  end
  if METHOD ~= "GET" then
    return wrk.format("POST", "/v1/meetings/rooms", headers, '{"display_name":"New Meeting Room"}')
  end
  return wrk.format("GET", "/v1/meetings/rooms/" .. c[3], headers)
end
"""


@contextmanager
def running(side: str, url: str, folder: Path) -> Iterator[tuple[int, int]]:
    """One side as a process; its port and its process id."""
    folder.mkdir()
    port = worlds.free_port()
    command = [sys.executable, "-m", "bench.api", side, url, str(port), str(folder)]
    with subprocess.Popen(command) as process:
        try:
            wait_for(port, process)
            yield port, process.pid
        finally:
            process.terminate()


def wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Returns when the port answers, with whatever status."""
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            http.client.HTTPConnection("127.0.0.1", port, timeout=1).connect()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server did not come up")


def measure(method: str, port: int, folder: Path, seconds: int = SECONDS) -> tuple[float, int]:
    """Requests per second, and how many there were. Any answer that is not 2xx ends the run."""
    callers = json.loads((folder / "callers.json").read_text())
    rows = ",".join(f'{{"{c["X-Account"]}","{c["Authorization"]}","{c["room"]}","{c["Bearer"]}"}}' for c in callers)
    script = folder / f"{method}.lua"
    script.write_text(f'METHOD = "{method}"' + LUA % rows)
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script), f"http://127.0.0.1:{port}"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in told:
        raise RuntimeError(f"{method}: refused requests\n{told}")
    speed, count = re.search(r"Requests/sec:\s+([\d.]+)", told), re.search(r"(\d+) requests in", told)
    assert speed and count, told
    return float(speed[1]), int(count[1])


def serving(side: str, pid: int) -> list[int]:
    """The processes of one side: the server, and the backends that PostgreSQL runs for its database."""
    titles = ((path.parent.name, path.read_bytes()) for path in Path("/proc").glob("[0-9]*/cmdline"))
    return [pid, *(int(one) for one, title in titles if title.startswith(f"postgres: convene {side} ".encode()))]


def cost(method: str, pids: Callable[[], list[int]], port: int, folder: Path) -> float:
    """Microseconds of processor time for one request."""
    before = sum(map(processor_time, pids()))
    _, count = measure(method, port, folder, TURN)
    return (sum(map(processor_time, pids())) - before) / count * 1e6


async def analysed(url: str) -> None:
    """What PostgreSQL does by itself within a minute: it looks at tables that were empty when their statements were planned."""
    engine = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:"), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(sa.text("analyze"))
    await engine.dispose()


def compare(name: str, urls: dict[str, str]) -> Iterator[Figure]:
    """Both sides on one kind of database, in turns; a figure for each request."""
    speeds: dict[tuple[str, str], list[float]] = {}
    costs: dict[str, list[float]] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="convene-bench-")))
        places = {side: folder / side for side in SIDES}
        ports = {side: stack.enter_context(running(side, urls[side], places[side])) for side in SIDES}
        for _, (method, side) in itertools.product(range(ROUNDS), RUNS):
            speeds.setdefault((method, side), []).append(measure(method, ports[side][0], places[side])[0])
        for pair, (method, side) in itertools.product(range(PAIRS + 1), CHECKED):
            port, pid = ports[side]
            if pair == 1 and urls[side].startswith("postgresql:"):
                asyncio.run(analysed(urls[side]))
            costs.setdefault(side, []).append(cost(method, partial(serving, side, pid), port, places[side]))
    for method, path in REQUESTS.items():
        bound, ours = speeds[method, "bare"], speeds[method, "convene"]
        ratio = statistics.median(mine / theirs for mine, theirs in zip(ours, bound, strict=True))
        told = [f"{statistics.median(speed):,.0f}/s" for speed in (ours, bound)]
        yield Figure(f"{path}, {name}", told[0], f"bare {told[1]}", f"{ratio:.2f}", f"≥ {GOAL}", reached=ratio >= GOAL)

    free, checked = (
        costs[side][1:] for _, side in CHECKED
    )  # the first pair opens the connections and fills the tables
    share = 100 * statistics.median(1 - theirs / mine for mine, theirs in zip(checked, free, strict=True))
    told = [f"{statistics.median(cost):,.0f} µs" for cost in (checked, free)]
    what = f"POST /rooms with token, limit and Idempotency-Key, {name}, processor time"
    yield Figure(what, told[0], f"unchecked {told[1]}", f"{share:.0f} %", f"≤ {SHARE} %", reached=share <= SHARE)


def token_check() -> Figure:
    """One RS256 signature of 2048 bits: our whole look at it with the key parsed already, beside the bare mathematics."""
    pair = access.new_key_pair()
    token = jwt.encode({"application_id": tables.new_id(), "iat": 1, "exp": 2}, pair.private_key, "RS256")
    said, _, signature = token.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    key = access._parsed(pair.public_key)

    def ours() -> None:
        assert access._unverified(token)[1]
        assert access._is_signed(token, pair.public_key)

    def bound() -> None:
        key.verify(raw, said.encode(), padding.PKCS1v15(), hashes.SHA256())

    def parsing() -> None:
        access._parsed.__wrapped__(pair.public_key)

    spent = {work: min(timeit.repeat(work, number=TRIES, repeat=3)) / TRIES * 1e6 for work in (ours, bound, parsing)}
    yardstick = f"bare {spent[bound]:.0f} µs; parsing the key would be {spent[parsing]:.0f} µs"
    return Figure(
        "check of a 2048-bit RS256 token", f"{spent[ours]:.0f} µs", yardstick, f"{spent[ours] / spent[bound]:.1f}"
    )


def figures() -> Iterator[Figure]:
    """SQLite, and PostgreSQL where it is installed."""
    yield token_check()
    with tempfile.TemporaryDirectory(prefix="convene-bench-") as folder:
        yield from compare("SQLite", {side: f"sqlite:///{folder}/{side}.db" for side in SIDES})
    if worlds.POSTGRES_BIN:
        with worlds.postgres() as url:
            for side in SIDES:
                asyncio.run(made(f"{url}/postgres", side))
            yield from compare("PostgreSQL", {side: f"{url}/{side}" for side in SIDES})


async def made(url: str, name: str) -> None:
    """Creates a database."""
    engine = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:"), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(sa.text(f"create database {name}"))
    await engine.dispose()


if __name__ == "__main__":
    side, url, port, folder = sys.argv[1:]
    uvloop.run(serve(side, url, int(port), Path(folder)))
