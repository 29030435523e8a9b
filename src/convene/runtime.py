"""The one place that picks the real adapters, opens them, and closes them in reverse."""

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from convene.config import Settings
from convene.courier import Courier
from convene.db import Database
from convene.engine import Engine
from convene.livekit import LiveKit
from convene.mail import Mailer, mailer
from convene.storage import Storage
from convene.tickets import Tickets


@dataclass(frozen=True, slots=True)
class Runtime:
    """What every door gets: the settings and the opened parts."""

    settings: Settings
    db: Database
    engine: Engine
    storage: Storage
    courier: Courier
    mailer: Mailer
    tickets: Tickets = field(default_factory=Tickets)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)  # set when answers that stay open are to end


def assembled(settings: Settings, credentials: tuple[str, str]) -> Runtime:
    """The real parts, not open yet. `credentials`: the engine's key and secret."""
    url = settings.engine_url or f"ws://127.0.0.1:{settings.engine_port}"
    engine = LiveKit(url, *credentials)
    parts = Database(settings.database), engine, Storage(settings), Courier(settings), mailer(settings)
    return Runtime(settings, *parts)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Runtime]:
    """The real parts, open. Raises Unavailable when one of them cannot be opened."""
    runtime = assembled(settings, engine_credentials(settings))
    async with AsyncExitStack() as stack:
        for part in (runtime.db, runtime.engine, runtime.storage, runtime.courier, runtime.mailer):
            await part.open()
            stack.push_async_callback(part.close)
        yield runtime


def engine_credentials(settings: Settings) -> tuple[str, str]:
    """The engine's API key and secret: as set, or, for our own engine, made once and kept in the data folder."""
    if settings.engine_url:
        return settings.engine_key, settings.engine_secret
    path = settings.folder / "engine.json"
    if not path.exists():
        write_private(path, json.dumps({"key": f"convene{secrets.token_hex(4)}", "secret": secrets.token_urlsafe(36)}))
    kept = json.loads(path.read_text())
    return kept["key"], kept["secret"]


def write_private(path: Path, text: str) -> None:
    """Writes a file that only its owner may read; never half of it, and it outlasts a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
