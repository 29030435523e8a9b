"""The background steps and the loops that run them: expiry, session ends, reconciling with the engine, callbacks, tidying up."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

from convene import (
    allowances,
    answers,
    callbacks,
    checks,
    everybody,
    guesses,
    knocks,
    logins,
    outbox,
    recordings,
    retention,
    roles,
    rooms,
    sessions,
    themes,
    uploads,
    users,
)
from convene.db import Database, Tx
from convene.engine import Person
from convene.errors import Unavailable
from convene.mail import kept_serials, outbox_folder
from convene.meetings import notices, recorded
from convene.meetings.mailing import Mailing
from convene.roles import Grants
from convene.runtime import Runtime
from convene.storage import LONGEST_LINK

log = logging.getLogger(__name__)

SWEEP = 0.5  # seconds between two looks for what is due; a commit that makes something due wakes us at once
PARALLEL = 20  # calls to the engine at a time


class Wake:
    """Waits for a commit that woke one of the topics, at most so long."""

    def __init__(self, db: Database, *topics: str):
        self._db, self._topics, self._event = db, topics, asyncio.Event()
        db.watch(self._told)

    def _told(self, topic: str) -> None:
        if topic in self._topics:
            self._event.set()

    def now(self) -> None:
        """Wakes by hand."""
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Returns on a wake-up or after `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):  # wait_for may swallow a cancellation before Python 3.12
                await self._event.wait()
        self._event.clear()

    def close(self) -> None:
        """Stops listening."""
        self._db.unwatch(self._told)


class Worker:
    """All background steps of one process. Each may run in any number of processes on one database."""

    def __init__(self, runtime: Runtime):
        self.runtime = runtime
        self._grace = timedelta(seconds=runtime.settings.session_grace_seconds)
        self._look = Wake(runtime.db)
        self._deliveries = callbacks.Deliveries(runtime.db, runtime.courier)
        mailing = Mailing(runtime.db, runtime.storage, runtime.settings)
        self._posting = outbox.Posting(
            runtime.db,
            runtime.mailer,
            mailing.compose,
            outbox_folder(runtime.settings) / "journals",
            per_second=runtime.settings.mail_per_second,
        )

    async def run(self) -> None:
        """Runs all loops until cancelled; leases of callbacks are given back then."""
        settings, wake = self.runtime.settings, Wake(self.runtime.db, "sessions", "rooms")
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._deliveries.run())
                group.create_task(self._posting.run())
                group.create_task(_forever("remind", self.remind, lambda: asyncio.sleep(SWEEP)))
                group.create_task(_forever("sweep", self.sweep, lambda: wake.wait(SWEEP)))
                group.create_task(
                    _forever("reconcile", self.reconcile, lambda: self._look.wait(settings.reconcile_seconds))
                )
                group.create_task(_forever("tidy", self.tidy, lambda: asyncio.sleep(3600)))
        finally:
            wake.close()

    def engine_restarted(self) -> None:
        """The engine lost its rooms: make those of running meetings again at once."""
        self._look.now()

    async def sweep(self) -> bool:
        """Expires due rooms, ends due sessions, has co-hosts stand in for hosts, deletes the engine's rooms of ended sessions,
        reports recorded meetings."""
        db = self.runtime.db
        expired = await db.write(rooms.expire_due)
        await db.write(close_due)
        await db.write(roles.stand_in_due)
        done = []
        for session_id, engine_room in await db.read(sessions.to_clear):
            try:
                await self.runtime.engine.delete_room(engine_room)
            except Unavailable:  # tried again with the next sweep
                break
            done.append(session_id)
        if done:
            await db.write(sessions.cleared, done)
        await self._report()
        return bool(expired)

    async def _report(self) -> None:
        """Tells of the recordings of meetings that are over. A storage that is away is asked again when the lease is over."""
        for report in await self.runtime.db.write(recorded.claim):
            with suppress(Unavailable):
                links = {one.id: await self.runtime.storage.link(one.recording, LONGEST_LINK) for one in report.files}
                await self.runtime.db.write(recorded.report, report, links)

    async def remind(self) -> bool:
        """Puts the reminders that are due into the outbox, bite by bite."""
        return await self.runtime.db.write(notices.remind_due) > 0

    async def reconcile(self) -> bool:
        """Compares every live session with the engine's own list. An engine that does not answer means unknown: no change."""
        live = await self.runtime.db.read(sessions.live)
        try:
            there = {room.name for room in await self.runtime.engine.list_rooms()}
        except Unavailable:
            return False
        limit = asyncio.Semaphore(PARALLEL)

        async def one(session: sessions.Session) -> None:
            async with limit:
                with suppress(Unavailable):
                    await self._compare(session, session.engine_room in there)

        await asyncio.gather(*(one(session) for session in live))
        await self._end_checks(there)
        return False

    async def _end_checks(self, there: set[str]) -> None:
        """A check's room ends by itself when its page goes; who stays in it to talk is put out."""
        now = self.runtime.db.clock()
        for name in there:
            if checks.is_check(name) and checks.is_over(name, now):
                with suppress(Unavailable):
                    await self.runtime.engine.delete_room(name)

    async def _compare(self, session: sessions.Session, there: bool) -> None:
        people: list[Person] = []
        if there:
            people = await self.runtime.engine.people(session.engine_room)
        else:  # a restarted engine: made again, so that the browsers, which keep trying, come back
            shown = await self.runtime.db.read(recordings.engine_metadata, session.id)
            await self.runtime.engine.create_room(session.engine_room, shown)
        unwelcome, grants = await self.runtime.db.write(observe, session.id, people, self._grace)
        for person in people:
            if person.identity in unwelcome:  # came in at the very moment of the removal
                await self.runtime.engine.remove(session.engine_room, person.identity)
        await everybody.put_right(self.runtime.engine, session.engine_room, people, grants.of)

    async def tidy(self) -> bool:
        """Drops what nobody needs any more."""
        await self.runtime.db.write(sessions.forget_events)
        await self.runtime.db.write(guesses.forget)
        await self.runtime.db.write(knocks.forget)
        await self.runtime.db.write(allowances.forget)
        for bites in (answers.forget, uploads.forget, themes.forget, logins.forget, users.forget_guests):
            while await self.runtime.db.write(bites):
                pass
        await self._forget()
        await self._forget_kept()
        return False

    async def _forget_kept(self) -> None:
        """Deletes the files of kept mails that are forgotten."""
        kept = await asyncio.to_thread(kept_serials, outbox_folder(self.runtime.settings))
        known = await self.runtime.db.read(outbox.known, sorted(kept)) if kept else set()
        for serial in kept.keys() - known:
            await asyncio.to_thread(kept[serial].unlink, missing_ok=True)

    async def _forget(self) -> None:
        """Deletes what is kept no longer, bite by bite: others write in between."""
        db = self.runtime.db
        for step in retention.steps(await db.read(retention.plans, retention.days(self.runtime.settings))):
            while await db.write(step):
                pass


def close_due(tx: Tx) -> None:
    """Ends due sessions, and their recordings with them."""
    recordings.follow(tx, sessions.close_due(tx))


def observe(tx: Tx, session_id: str, people: list[Person], grace: timedelta) -> tuple[set[str], Grants]:
    """What the engine's list changes, and what follows for recordings; the ids of those who may not be in, and what all others
    may send."""
    recordings.follow(tx, sessions.observe(tx, session_id, people, grace))
    return sessions.unwelcome(tx, session_id), roles.grants(tx, session_id)


async def _forever(name: str, step: Callable[[], Awaitable[bool]], rest: Callable[[], Awaitable[None]]) -> None:
    """Runs a step again and again; one that raises is logged and does not stop the loop."""
    while True:
        try:
            if await step():
                continue
        except Unavailable:
            await asyncio.sleep(1)
        except Exception:
            log.exception("step failed", extra={"event": "step_failed", "step": name})
            await asyncio.sleep(1)
        await rest()
