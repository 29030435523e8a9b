"""`convene serve`: the whole platform in one process with its children, started and ended in order."""

import asyncio
import contextlib
import fcntl
import json
import logging
import shutil
import signal
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import IO, Any

import uvicorn
from sqlalchemy.exc import DBAPIError

from convene import access, callbacks, certificates, clients, migrations
from convene.config import Settings
from convene.db import Tx, utcnow
from convene.embedded import EngineChild, EngineChildSpec
from convene.errors import NotFound
from convene.recorder import Recorder
from convene.runtime import Runtime, engine_credentials, opened, write_private
from convene.web.app import Asgi, create_app
from convene.worker import Worker

log = logging.getLogger(__name__)

PACKAGED_ENGINE = Path(__file__).parent / "bin" / "livekit-server"
GRACE = 3  # seconds that open connections have when we stop
KEEP_ALIVE = 75  # seconds that an idle one stays: a minute at the mirror, and joining needs no new TLS handshake


class CannotStart(Exception):
    """Something outside is not as it must be; the text is one line for the operator."""


class _Server(uvicorn.Server):
    """uvicorn, but signals are ours: we end recordings before we stop answering."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(settings: Settings, *, alone: bool = True) -> None:
    """Runs until SIGINT or SIGTERM. `alone`: with background work, recorder and (unless one is named) the engine.

    Raises CannotStart, EngineFailed or Unavailable, and leaves nothing running then.
    """
    if not alone:
        need_shared_parts(settings, "serve --no-worker")
    stop = stop_signal()
    async with AsyncExitStack() as stack:
        listeners = stack.enter_context(_listeners(settings))
        stack.enter_context(owned(settings))
        await asyncio.to_thread(migrate, settings)
        runtime = await stack.enter_async_context(opened(settings))
        first = await make_first_application(runtime)
        if runtime.db.is_sqlite:  # we own the file: whoever held leases of callbacks is dead
            await runtime.db.write(callbacks.release)
        worker = Worker(runtime) if alone else None
        if alone and not settings.engine_url:
            await stack.enter_async_context(_engine(settings, worker))
        await stack.enter_async_context(_answering(runtime, listeners))
        if worker is not None:
            await stack.enter_async_context(running(worker.run()))
            await stack.enter_async_context(_recording(Recorder(runtime)))
        welcome(settings, first)
        await stop.wait()
        log.info("stopping", extra={"event": "stopping"})


def migrate(settings: Settings) -> None:
    """Brings the database to this version's schema. Raises CannotStart when it does not answer."""
    try:
        migrations.upgrade(settings.database)
    except (OSError, DBAPIError) as error:
        first_line = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise CannotStart(f"the database does not answer: {first_line} (setting: database_url)") from None


async def work(settings: Settings) -> None:
    """`convene worker`: background work only, beside other processes on one PostgreSQL."""
    need_shared_parts(settings, "worker")
    stop = stop_signal()
    async with opened(settings) as runtime, running(Worker(runtime).run()):
        print("Worker ready.", flush=True)
        await stop.wait()


async def record(settings: Settings) -> None:
    """`convene recorder`: makes recordings only, beside other processes on one PostgreSQL."""
    need_shared_parts(settings, "recorder")
    stop = stop_signal()
    async with opened(settings) as runtime:
        recorder = Recorder(runtime)
        async with _recording(recorder), running(_say_when_ready(recorder)):
            await stop.wait()


async def _say_when_ready(recorder: Recorder) -> None:
    await recorder.ready.wait()
    print("Recorder ready.", flush=True)


def need_shared_parts(settings: Settings, command: str) -> None:
    """Several processes share one database, one engine and one place of files. Raises CannotStart when the settings name none of the
    first two. The files' folder may be one that all of them see, which nothing here can know: that is said."""
    if settings.database.startswith("sqlite"):
        raise CannotStart(f"`convene {command}` needs PostgreSQL: set database_url (SQLite belongs to one process)")
    if not settings.engine_url:
        raise CannotStart(
            f"`convene {command}` needs a LiveKit that runs on its own: set engine_url, engine_key and engine_secret"
        )
    if not settings.storage_url:
        folder = settings.folder / "recordings"
        told = f"recordings are kept in {folder}: every process must see this same folder, or set storage_url"
        log.warning(told, extra={"event": "storage_is_a_folder"})


def stop_signal() -> asyncio.Event:
    """Is set by SIGINT or SIGTERM."""
    event, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, event.set)
    return event


@contextmanager
def _listeners(settings: Settings) -> Iterator[list[socket.socket]]:
    """That of http, and with a certificate that of https. Raises CannotStart."""
    places = [("127.0.0.1" if settings.tls_only else settings.host, settings.port, "port")]
    if settings.tls_cert:
        try:
            certificates.check(Path(settings.tls_cert), Path(settings.tls_key), utcnow())
        except certificates.BadCertificate as error:
            raise CannotStart(str(error)) from None
        places.append((settings.host, settings.tls_port, "tls_port"))
    with ExitStack() as stack:
        yield [stack.enter_context(_listener(*place)) for place in places]


@contextmanager
def _listener(host: str, port: int, setting: str) -> Iterator[socket.socket]:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    with contextlib.closing(listener):
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(2048)
        except OSError as error:
            told = f"cannot listen on {host} port {port}: {error.strerror} (settings: host, {setting})"
            raise CannotStart(told) from None
        listener.setblocking(False)
        yield listener


@contextmanager
def owned(settings: Settings) -> Iterator[None]:
    """With SQLite the data folder belongs to one process at a time."""
    if not settings.database.startswith("sqlite"):
        yield
        return
    try:
        settings.folder.mkdir(parents=True, exist_ok=True)
        file: IO[str] = open(settings.folder / "owner.lock", "w")  # noqa: SIM115 - held for as long as we run
    except OSError as error:
        raise CannotStart(f"cannot use the data folder {settings.folder}: {error.strerror} (setting: data)") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CannotStart(
                f"another Convene already runs on the data folder {settings.folder} (setting: data)"
            ) from None
        yield


@asynccontextmanager
async def _engine(settings: Settings, worker: Worker | None) -> AsyncIterator[None]:
    key, secret = engine_credentials(settings)

    async def restarted() -> None:
        if worker is not None:
            worker.engine_restarted()

    spec = EngineChildSpec(
        binary=engine_binary(settings),
        http_port=settings.engine_port,
        udp_port=settings.engine_udp_port,
        tcp_port=settings.engine_tcp_port,
        node_ip=settings.engine_address,
        api_key=key,
        api_secret=secret,
        webhook_url=f"http://127.0.0.1:{settings.port}/internal/engine-events",
    )
    child = EngineChild(spec, on_restart=restarted)
    try:
        await child.start()
        async with running(child.watch()):
            yield
    finally:
        await child.stop()


def engine_binary(settings: Settings) -> Path:
    """The engine to run: as set, else the one in this package, else `livekit-server` on the PATH. Raises CannotStart."""
    if settings.engine_binary:
        return Path(settings.engine_binary)
    if PACKAGED_ENGINE.exists():
        return PACKAGED_ENGINE
    found = shutil.which("livekit-server")
    if found is None:
        raise CannotStart(
            "there is no media engine: build it with `make engine`, install livekit-server, or set engine_binary or engine_url"
        )
    return Path(found)


@asynccontextmanager
async def _answering(runtime: Runtime, listeners: Sequence[socket.socket]) -> AsyncIterator[None]:
    """Answers on the first by http, on the second, if there is one, by https."""
    app, settings = create_app(runtime), runtime.settings
    servers = [_Server(_config(app))]
    if len(listeners) > 1:
        secure = _config(app, ssl_certfile=settings.tls_cert, ssl_keyfile=settings.tls_key)
        secure.load()
        servers.append(_Server(secure))
        _renew_when_told(settings, secure)
    tasks = [asyncio.create_task(server.serve([listener])) for server, listener in zip(servers, listeners, strict=True)]
    try:
        while not all(s.started or t.done() for s, t in zip(servers, tasks, strict=True)):  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.01)
        yield
    finally:
        runtime.stopping.set()
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*tasks)


def _config(app: Asgi, **tls: str) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        timeout_keep_alive=KEEP_ALIVE,
        ws_max_size=1 << 20,
        timeout_graceful_shutdown=GRACE,
        **tls,  # type: ignore[arg-type]
    )


def _renew_when_told(settings: Settings, secure: uvicorn.Config) -> None:
    """SIGUSR1: the certificate is read anew, since authorities give them for weeks and meetings must not end for it."""
    context = secure.ssl
    assert context is not None

    def renew() -> None:
        try:
            certificates.load(context, Path(settings.tls_cert), Path(settings.tls_key), utcnow())
        except certificates.BadCertificate as error:
            log.error("certificate not renewed", extra={"event": "certificate_refused", "reason": str(error)})
        else:
            log.info("certificate renewed", extra={"event": "certificate_renewed"})

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, renew)


@asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Runs a coroutine in the background; cancels it and waits for its end when the block ends."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def _recording(recorder: Recorder) -> AsyncIterator[None]:
    async with running(recorder.run()):
        try:
            yield
        finally:
            await recorder.stop()


async def make_first_application(runtime: Runtime) -> Path | None:
    """In an empty database: the first account and application, and the file that tells their secrets, which nothing else does.

    The file is there, under another name, before the application is: whoever is killed in between leaves no application, or one
    whose file the next start puts in its place.
    """
    await runtime.db.write(clients.complete)  # of applications that are older than clients
    path = runtime.settings.folder / "first-application.json"
    pending = path.with_suffix(".pending")
    if not await runtime.db.read(access.any_application):
        keys = await asyncio.to_thread(access.new_key_pair)
        await runtime.db.write(_first, keys, pending, runtime.settings.base_url)
    if not pending.exists():
        return None
    told = json.loads(pending.read_text())
    if not await runtime.db.read(_is_there, told["application_id"]):  # of a start that was killed before its commit
        pending.unlink()
        return None
    curl = f'user = "{told["api_key"]}:{told["api_secret"]}"\nheader = "Content-Type: application/json"\n'
    write_private(path.with_suffix(".curl"), curl)
    with contextlib.suppress(FileNotFoundError):  # another process that starts in the same folder was faster
        pending.replace(path)
    return path


def _first(tx: Tx, keys: access.KeyPair, pending: Path, base_url: str) -> None:
    """Makes them, and writes what they are before anything is committed."""
    tx.alone("first application")
    if access.any_application(tx):
        return
    first = access.create_first(tx, "First application", keys)
    client = clients.create(tx, first.application_id)
    told = {
        "api_key": first.api_key,
        "api_secret": first.api_secret,
        "application_id": first.application_id,
        "private_key": first.private_key,
        "base_url": base_url,
        "connectycube": {
            "application_id": client.number,
            "auth_key": client.auth_key,
            "auth_secret": client.auth_secret,
            "administration_api_key": clients.new_administration_key(tx, first.application_id),
        },
    }
    write_private(pending, json.dumps(told, indent=2) + "\n")


def _is_there(tx: Tx, application_id: str) -> bool:
    try:
        access.application(tx, application_id)
    except NotFound:
        return False
    return True


def welcome(settings: Settings, first: Path | None) -> None:
    """What the terminal shows when all is ready: where it is, where the secrets lie, and what to type next. No secrets."""
    curl = settings.folder / "first-application.curl"
    with contextlib.suppress(ValueError):
        curl = curl.relative_to(Path.cwd())
    lines = [f"\nConvene is ready: {settings.base_url}"]
    if first is not None:
        lines.append(f"Your first application's key, secret and private key: {first}")
    if curl.exists():
        room = '\'{"display_name":"New Meeting Room"}\''
        trust = f" --cacert {settings.tls_cert}" if settings.tls_cert and not settings.public_url else ""
        lines += ["Make a room:", f"  curl --config {curl}{trust} {settings.base_url}/v1/meetings/rooms --data {room}"]
        lines.append("and open its host_url and guest_url in two browsers. Ctrl-C ends everything.")
    print("\n".join(lines), flush=True)
