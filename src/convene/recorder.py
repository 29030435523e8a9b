"""The door that makes recordings: claims them, runs one compositor each, completes and stores files, tells the page.

Everything that it knows is in the database and in its folder; it may be killed at any time. The folder belongs to one
recorder at a time (a lock), and its id is the machine's name in the database: whoever has the folder has the files.
"""

import asyncio
import fcntl
import logging
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TextIO, TypeVar

from convene import capture, everybody, recordings
from convene.capture import Compositor
from convene.db import Tx
from convene.errors import Unavailable
from convene.lifecycle import RecordingNext, RecordingState
from convene.recordings import Capture, Claim
from convene.runtime import Runtime
from convene.storage import LONGEST_LINK

log = logging.getLogger(__name__)

EVERY = 1.0  # seconds between two looks for what is due; a commit that makes something due wakes us at once
RENEW = 5.0  # seconds between two renewals of a lease
SWEEP_EVERY = 3600.0
KEPT = 24 * 3600.0  # seconds that the files of recordings that failed stay here, for whoever wants to look at them
UPLOADS = 2  # at the same time
TOKEN_MARGIN = timedelta(minutes=10)

ENDED_WELL = ("stopped", "max_length", "signal", "orphaned")
EMPTY = "The recording ended before anything was recorded."
LOST = "The recorder lost the meeting and could not come back."
NO_SPACE = "The disk of the recording machine was too full to complete the file."
MISSING = "The recorded file is missing on the recording machine."

P = ParamSpec("P")
T = TypeVar("T")


class Take:
    """One recording that this process makes now."""

    def __init__(self, claim: Claim):
        self.claim = claim
        self.compositor: Compositor | None = None
        self.look = asyncio.Event()  # something happened: look at the row at once
        self.told = False  # that it has started
        self.seconds = 0.0  # of media, when the lease was last renewed


class Recorder:
    """`await run()` until cancelled; `await stop()` before that, so that what runs is completed and stored. `ready` is set once the
    folder is ours."""

    def __init__(self, runtime: Runtime, *, command: Sequence[str] = capture.COMMAND, silence: float = capture.SILENCE):
        self._runtime, self._db, self._command, self._silence = runtime, runtime.db, command, silence
        self.folder = runtime.settings.folder / "recorder"
        self._machine = ""
        self._takes: dict[str, Take] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._uploading = 0
        self._wakes: list[asyncio.Event] = []
        self._claiming = asyncio.Lock()  # from a claim until its task: nothing is under way that `stop` cannot see
        self._ending = False
        self.ready = asyncio.Event()

    async def run(self) -> None:
        """Records until cancelled. Waits while another recorder has the folder."""
        self._db.watch(self._told)
        try:
            async with self._own(), asyncio.TaskGroup() as group:
                await self._insist(recordings.reclaim, self._machine)
                self.ready.set()
                group.create_task(self._forever(self.step))
                group.create_task(self._forever(self.show))
                group.create_task(self._forever(self.sweep, SWEEP_EVERY))
        finally:
            self._db.unwatch(self._told)
            await self._drop()

    async def stop(self) -> None:
        """Running recordings are completed and stored, as far as the storage answers; nothing new is begun."""
        self._ending = True
        if not self.ready.is_set():  # the files are another's
            return
        for take in self._takes.values():
            take.look.set()
        with suppress(Unavailable):
            while True:
                while self._tasks:
                    await asyncio.wait(self._tasks)
                async with self._claiming:
                    claim = await self._db.write(recordings.claim_upload, self._machine)
                if claim is not None:
                    await self.upload(claim)
                elif not self._tasks:
                    break
            await self.show()

    # --- Steps ------------------------------------------------------------------------------------------------------

    async def step(self) -> bool:
        """Begins what is due: a recording, an upload, a deletion. Whether there was any; long work goes on in tasks."""
        async with self._claiming:
            claims = [await self._claim_capture(), await self._claim_upload()]
        return await self._claim_erase() or any(claims)

    async def show(self) -> bool:
        """Tells the meetings' pages what has changed, and the engine what each may send. One that is away is told later."""
        worked, engine = False, self._runtime.engine
        for notice in await self._db.read(recordings.notices):
            room, granted = notice.engine_room, notice.grants.of
            try:
                if not notice.session_ended:
                    await engine.set_metadata(room, notice.metadata)
                    await everybody.put_right(engine, room, await engine.people(room), granted)
            except Unavailable:
                continue
            await self._db.write(recordings.shown, notice)
            worked = True
        return worked

    async def sweep(self) -> bool:
        """Deletes old files that nobody needs: of recordings that failed, or that another machine has begun anew."""
        needed = await self._db.read(recordings.kept, self._machine)
        for path in await asyncio.to_thread(capture.leavings, self.folder, self._db.clock().timestamp() - KEPT):
            if capture.recording_of(path) not in needed:
                path.unlink(missing_ok=True)
        return False

    async def _claim_capture(self) -> bool:
        if self._ending or len(self._takes) >= self._runtime.settings.recorder_slots:
            return False
        claim = await self._db.write(recordings.claim, self._machine)
        if claim is None:
            return False
        if (take := self._takes.get(claim.recording.id)) is not None:
            take.claim = claim  # our own: the database was away for longer than the lease
            return True
        self._takes[claim.recording.id] = take = Take(claim)
        self._spawn(self._record(take))
        return True

    async def _claim_upload(self) -> bool:
        if self._uploading >= UPLOADS:
            return False
        claim = await self._db.write(recordings.claim_upload, self._machine)
        if claim is not None:
            self._uploading += 1
            self._spawn(self._upload(claim))
        return claim is not None

    async def _claim_erase(self) -> bool:
        claim = await self._db.write(recordings.claim_erase, self._machine)
        if claim is None:
            return False
        await self._runtime.storage.delete(claim.recording.key)  # fails: due again when the lease is over
        return await self._db.write(recordings.erased, claim.recording.id, claim.attempt)

    # --- Making one -------------------------------------------------------------------------------------------------

    async def _record(self, take: Take) -> None:
        watching = asyncio.create_task(self._watch(take))
        try:
            await self._capture(take)
        except Exception:
            log.exception("recording broke", extra={"event": "recording_broke", "recording": take.claim.recording.id})
            await self._go_on(take, had_media=False)
        finally:
            watching.cancel()
            if take.compositor is not None:
                take.compositor.kill()  # only if it still runs: we are being cancelled
            self._forget(take)

    async def _capture(self, take: Take) -> None:
        """Runs a compositor until it is gone, and decides what follows."""
        recording, out = take.claim.recording, self._out(take.claim)
        await capture.release(out)
        left = self._seconds_left(take.claim)
        if recording.state is RecordingState.STOPPING or left <= 0:
            return await self._complete(take)
        await asyncio.to_thread(capture.make_way, out)
        take.compositor = compositor = await Compositor.start(
            self._order(take.claim, left), out, command=self._command, silence=self._silence
        )
        if self._ending:
            compositor.stop()
        async for event in compositor.events():
            if event == "started":
                take.look.set()
        await self._conclude(take, compositor)

    async def _conclude(self, take: Take, compositor: Compositor) -> None:
        code, reason = (ending.code, ending.reason) if (ending := compositor.ending) else (None, None)
        if code == "disk_full":
            await self._complete(take, reason)
        elif code in ENDED_WELL or self._ending:
            await self._complete(take)
        else:
            told = {"event": "compositor_gone", "recording": take.claim.recording.id, "code": code}
            log.warning("compositor gone", extra=told)
            await self._go_on(take, had_media=code is None and compositor.seconds > 0)

    async def _go_on(self, take: Take, *, had_media: bool) -> None:
        """Gives the recording back, so that another compositor goes on; or completes it, if that makes no sense."""
        recording_id, attempt = take.claim.recording.id, take.claim.attempt
        self._forget(take)  # race: given back, it may be claimed again, by us, before this task has ended
        following = await self._insist(recordings.lost, recording_id, attempt, had_media=had_media)
        if following is RecordingNext.COMPLETE:
            await self._complete(take)
        elif following is RecordingNext.GIVE_UP:
            await self._complete(take, LOST)

    def _forget(self, take: Take) -> None:
        if self._takes.get(take.claim.recording.id) is take:
            del self._takes[take.claim.recording.id]

    async def _complete(self, take: Take, fault: str | None = None) -> None:
        """Makes one playable file of all that there is, and says so."""
        ending = take.compositor and take.compositor.ending
        seconds = ending.seconds if ending else 0
        if not seconds:
            try:
                seconds = await asyncio.to_thread(capture.recovered, self._out(take.claim))
            except Exception:  # OSError: the disk is full; of FFmpeg: whatever a torn file can bring about
                log.exception("file not completed", extra={"event": "recording_incomplete"})
                return await self._incomplete(take)
        if not seconds:
            empty = MISSING if take.claim.recording.started_at else EMPTY
            await self._insist(recordings.fail, take.claim.recording.id, take.claim.attempt, fault or empty)
            return capture.discard(self._out(take.claim))
        times = (ending.started_at, ending.ended_at) if ending else (None, None)
        await self._insist(
            recordings.finished, take.claim.recording.id, take.claim.attempt, Capture(seconds, *times, fault)
        )

    async def _incomplete(self, take: Take) -> None:
        """No room for the completed file, most likely: tried again for a while; the parts stay for KEPT seconds."""
        if not await self._insist(recordings.try_later, take.claim.recording.id, take.claim.attempt):
            await self._insist(recordings.fail, take.claim.recording.id, take.claim.attempt, NO_SPACE)

    async def _watch(self, take: Take) -> None:
        """Renews the lease, tells that it has started, obeys the row: until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(RENEW):
                    await take.look.wait()
            take.look.clear()
            with suppress(Unavailable):
                await self._look(take)

    async def _look(self, take: Take) -> None:
        recording_id, attempt, compositor = take.claim.recording.id, take.claim.attempt, take.compositor
        alive = compositor is not None and compositor.seconds > take.seconds
        if compositor is not None and compositor.started_at is not None and not take.told:
            take.told = await self._db.write(recordings.started, recording_id, attempt, compositor.started_at)
        state = await self._db.write(recordings.progress, recording_id, attempt, alive=alive)
        if compositor is None:
            return
        take.seconds = compositor.seconds
        if state is None and attempt == take.claim.attempt:  # another machine has it: two files would be one too many
            compositor.kill()
        elif self._ending or state is RecordingState.STOPPING:
            compositor.stop()

    # --- Storing one ------------------------------------------------------------------------------------------------

    async def _upload(self, claim: Claim) -> None:
        try:
            with suppress(Unavailable):  # the database is away: due again when the lease is over
                await self.upload(claim)
        finally:
            self._uploading -= 1

    async def upload(self, claim: Claim) -> None:
        """Stores one file; the local one goes when the storage has it for sure and the database knows."""
        recording, out = claim.recording, self._out(claim)
        if not out.exists():
            await self._db.write(recordings.fail, recording.id, claim.attempt, MISSING)
            return
        try:
            async with self._renewing(claim):
                size = await self._runtime.storage.put(out, recording)
                # Its callback is tried for three days and may be replayed: the link in it must outlive all of that.
                url = await self._runtime.storage.link(recording, LONGEST_LINK)
        except Unavailable:
            await self._db.write(recordings.not_stored, recording.id, claim.attempt)
            return
        if await self._db.write(recordings.uploaded, recording.id, claim.attempt, size=size, url=url):
            capture.discard(out)

    @asynccontextmanager
    async def _renewing(self, claim: Claim) -> AsyncIterator[None]:
        async def renew() -> None:
            while True:
                await asyncio.sleep(RENEW)
                with suppress(Unavailable):
                    await self._db.write(recordings.progress, claim.recording.id, claim.attempt, alive=False)

        task = asyncio.create_task(renew())
        try:
            yield
        finally:
            task.cancel()

    # --- Small parts ------------------------------------------------------------------------------------------------

    def _out(self, claim: Claim) -> Path:
        return self.folder / f"{claim.recording.id}.mp4"

    def _seconds_left(self, claim: Claim) -> float:
        longest = timedelta(minutes=self._runtime.settings.recording_max_minutes)
        return (longest - (claim.at - (claim.recording.started_at or claim.at))).total_seconds()

    def _order(self, claim: Claim, seconds: float) -> dict[str, Any]:
        engine, settings = self._runtime.engine, self._runtime.settings
        token = engine.recorder_token(
            room=claim.engine_room,
            identity=f"recorder-{claim.recording.id}",
            lifetime=timedelta(seconds=seconds) + TOKEN_MARGIN,
        )
        return {
            "url": engine.signal_url,
            "token": token,
            "only_owner": claim.only_owner,
            "metadata": claim.metadata,
            "max_seconds": int(seconds),
            "min_free_bytes": settings.recording_min_free_mb * 1_000_000,
            "title": claim.recording.display_name,
        }

    def _told(self, topic: str) -> None:
        if topic == recordings.TOPIC:
            for event in (*self._wakes, *(take.look for take in self._takes.values())):
                event.set()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _forever(self, step: Callable[[], Awaitable[bool]], every: float = EVERY) -> None:
        """Runs a step again and again; one that raises is logged and does not stop the loop."""
        wake = asyncio.Event()
        self._wakes.append(wake)
        while True:
            try:
                if await step():
                    continue
            except Unavailable:
                wake.clear()
            except Exception:
                log.exception("step failed", extra={"event": "step_failed", "step": step.__name__})
                wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(every):
                    await wake.wait()
            wake.clear()

    async def _insist(self, verb: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Writes, however long the database is away: what a compositor has done must not be forgotten."""
        while True:
            try:
                return await self._db.write(verb, *args, **kwargs)
            except Unavailable:
                await asyncio.sleep(EVERY)

    @asynccontextmanager
    async def _own(self) -> AsyncIterator[None]:
        """Takes the folder: its lock, and the id that says so in the database, which moves with the folder."""
        await asyncio.to_thread(self.folder.mkdir, parents=True, exist_ok=True)
        with (self.folder / "machine").open("a+") as file:
            if not _lock(file):
                told = f"another recorder works in {self.folder}: this one waits for its end (setting: data)"
                log.warning(told, extra={"event": "recorder_waits"})
                while not _lock(file):  # noqa: ASYNC110 - another process has it: nothing here could tell us
                    await asyncio.sleep(EVERY)
            file.seek(0)
            self._machine = file.read()
            if not self._machine:
                self._machine = str(uuid.uuid4())
                file.write(self._machine)
                file.flush()
            yield


def _lock(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
