"""One recording from its order to its file: starts the parts, watches them, and ends them in order."""

import asyncio
import errno
import logging
import shutil
import signal
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from livekit import rtc

from convene.compositor import files
from convene.compositor.clock import Clock
from convene.compositor.consent import Consents
from convene.compositor.encoder import Encoder
from convene.compositor.lipsync import LipSync
from convene.compositor.native import open_source
from convene.compositor.parent import Order, Parent
from convene.compositor.room import ENDED, SENT_AWAY, Seat
from convene.compositor.scene import Place, Scene
from convene.compositor.tile import Tile
from convene.compositor.voice import Mixer

log = logging.getLogger(__name__)

JOIN_SECONDS = 10.0
REJOIN_SECONDS = 30.0
DISK_EVERY = 10.0
STALLED = 15.0  # seconds without a new picture in the file
LEAVE_SECONDS = 3.0

FAILURES = {
    "disk_full": "The disk of the recording machine is full.",
    "cannot_join": "The recorder could not join the meeting.",
    "broken": "The recorder stopped working.",
}


class End(NamedTuple):
    """Why the recording is over: `failed` reasons are keys of `FAILURES`."""

    reason: str
    failed: bool = False


class Recording:
    def __init__(self, order: Order, parent: Parent) -> None:
        self.order, self.parent, self.token = order, parent, order.token
        self.over: asyncio.Future[End] = asyncio.get_running_loop().create_future()
        self.orphan_since: float | None = None
        self.tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> int:
        """Records until something ends it; returns the exit code of the process."""
        try:
            end = await self.record()
        except rtc.ConnectError:
            end = End("cannot_join", failed=True)
        except Exception:  # nothing may leave a parent without the last word
            log.exception("the recording broke", extra={"event": "recording_broke"})
            end = End("broken", failed=True)
        return await self.conclude(end)

    async def record(self) -> End:
        order = self.order
        order.out.parent.mkdir(parents=True, exist_ok=True)
        self.first_part, self.part = files.part_path(order.out), files.next_part(order.out)
        self.mixer = Mixer(time.monotonic())
        self.scene = Scene(order.width, order.height, order.only_owner, time.monotonic)
        self.encoder = Encoder(self.part, order.width, order.height, order.fps)
        self.clock = Clock(self.scene, self.mixer, self.encoder, order.title)
        if not self.disk_has_room():
            return End("disk_full", failed=True)
        consents = Consents(order.metadata)
        source = await open_source()
        self.seat = Seat(self.scene, self.mixer, source, consents=consents, arranged=self.arranged, lost=self.lost)
        self.spawn(self.obey_parent())
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.end, End("signal"))
        if not await self.join(JOIN_SECONDS):
            return self.over.result() if self.over.done() else End("cannot_join", failed=True)
        self.parent.tell("joined")
        self.start()
        self.spawn(self.watch())
        self.spawn(LipSync(self.seat).run())
        return await self.over

    def start(self) -> None:
        self.mixer.start = time.monotonic()
        self.started_at = datetime.now(UTC)
        self.encoder.start()
        self.clock.start()

    def spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.settled)

    def settled(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and task.exception():
            log.error("a task broke", exc_info=task.exception(), extra={"event": "task_broke"})
            self.end(End("broken", failed=True))

    def end(self, end: End) -> None:
        """The first reason counts."""
        if not self.over.done():
            self.over.set_result(end)

    def arranged(self, places: tuple[Place, ...]) -> None:
        """A tile that stays where it is is kept: its plates are drawn already."""
        known = {tile.place: tile for tile in self.clock.tiles}
        self.clock.tiles = [known.get(place) or Tile(place, self.order.width) for place in places]

    async def obey_parent(self) -> None:
        await self.parent.listen(self.obey)
        self.orphan_since = time.monotonic()
        log.info("the parent is gone", extra={"event": "parent_gone"})

    def obey(self, line: dict[str, Any]) -> None:
        if line["do"] == "stop":
            self.end(End("stopped"))
        elif line["do"] == "token":
            self.token = str(line["token"])

    def lost(self, reason: int) -> None:
        if reason in ENDED:
            self.end(End("room_ended"))
        elif reason in SENT_AWAY or self.over.done():
            self.end(End("disconnected"))
        else:
            self.spawn(self.come_back())

    async def come_back(self) -> None:
        if not await self.join(REJOIN_SECONDS):
            self.end(End("disconnected"))

    async def join(self, patience: float) -> bool:
        """Tries once a second, with the newest token; whether it worked."""
        deadline = time.monotonic() + patience
        while not self.over.done():
            try:
                await self.seat.join(self.order.url, self.token)
                return True
            except rtc.ConnectError:
                log.warning("could not join", extra={"event": "join_failed"})
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(1)
        return False

    async def watch(self) -> None:
        """Every second: are the threads alive, is it time to stop; and a line to the parent."""
        told = False
        moved, disk_checked, seconds = time.monotonic(), time.monotonic(), 0.0
        while not self.over.done():
            await asyncio.sleep(1)
            now = time.monotonic()
            if self.encoder.seconds > seconds:
                moved, seconds = now, self.encoder.seconds
            if now - disk_checked > DISK_EVERY:
                disk_checked = now
                if not self.disk_has_room():
                    self.end(End("disk_full", failed=True))
            if not told and self.encoder.first.is_set():
                told = True
                self.parent.tell("started", at=stamp(self.started_at))
            self.check(now, moved)
            self.progress()

    def check(self, now: float, moved: float) -> None:
        if self.encoder.error or self.clock.error or now - moved > STALLED:
            log.error("%r %r", self.encoder.error, self.clock.error, extra={"event": "writing_stopped"})
            self.end(End("disk_full" if no_space(self.encoder.error) else "broken", failed=True))
        elif now - self.mixer.start > self.order.max_seconds:
            self.end(End("max_length"))
        elif self.orphan_since and now - self.orphan_since > self.order.lease:
            self.end(End("orphaned"))

    def progress(self) -> None:
        self.parent.tell(
            "progress",
            patience=0,
            seconds=round(self.encoder.seconds, 2),
            bytes=self.part.stat().st_size if self.part.exists() else 0,
            people=len(self.scene.people),
            late=self.clock.late,
            skipped=self.encoder.skipped,
            preset=self.encoder.preset,
        )

    def disk_has_room(self) -> bool:
        return shutil.disk_usage(self.order.out.parent).free >= self.order.min_free_bytes

    async def conclude(self, end: End) -> int:
        """Stops the threads, leaves the room, finishes the file and says the last word."""
        if self.clock.ident:
            await asyncio.to_thread(self.clock.stop)
            await asyncio.to_thread(self.encoder.finish)
            if no_space(self.encoder.error):
                end = End("disk_full", failed=True)
            elif self.encoder.error or self.clock.error:
                end = End("broken", failed=True)
        for task in list(self.tasks):
            task.cancel()
        kept, _ = await asyncio.gather(asyncio.to_thread(self.keep), self.leave())
        if kept is None and not end.failed:
            end = End("broken", failed=True)
        facts: dict[str, Any] = {
            "path": self.kept_at(),
            "seconds": kept.seconds if kept else 0,
            "bytes": kept.bytes if kept else 0,
        }
        if end.failed:
            self.parent.tell("failed", code=end.reason, reason=FAILURES[end.reason], **facts)
            return 1
        ended_at = self.started_at + timedelta(seconds=time.monotonic() - self.mixer.start)
        self.parent.tell(
            "finished", reason=end.reason, started_at=stamp(self.started_at), ended_at=stamp(ended_at), **facts
        )
        return 0

    def keep(self) -> files.Recovered | None:
        try:
            return files.recover(self.first_part, self.order.out)
        except OSError as error:
            name = errno.errorcode.get(error.errno or 0, "")
            log.error("the file could not be finished: %s", name, extra={"event": "finish_failed"})
            return None

    def kept_at(self) -> Path | None:
        return next((path for path in (self.order.out, self.first_part) if path.exists()), None)

    async def leave(self) -> None:
        with suppress(Exception):  # the engine may be gone; the recording is over either way
            await asyncio.wait_for(self.seat.leave(), LEAVE_SECONDS)


def no_space(error: Exception | None) -> bool:
    return isinstance(error, OSError) and error.errno == errno.ENOSPC


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
