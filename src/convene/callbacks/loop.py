"""The loop that sends: woken by commits, by its own finished attempts, and by the next due time."""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from datetime import timedelta
from typing import Any

from convene.callbacks.claims import AHEAD, ENDPOINT_SLOTS, LEASE, SLOTS, Claim, Tried, Turn, claim
from convene.callbacks.outcomes import give_back, settle
from convene.callbacks.signing import headers
from convene.courier import Courier, Outcome, OutcomeKind
from convene.db import Database, Tx
from convene.errors import Unavailable

log = logging.getLogger(__name__)

POLL = 1.0  # seconds; the safety net under the wake-ups
STOP_PATIENCE = 3.0  # seconds for what is on its way when we stop


class Deliveries:
    """Delivers what is due. `run` goes on until it is cancelled; `step` is one round of it, to the end."""

    def __init__(self, db: Database, courier: Courier, *, lease: timedelta = LEASE):
        self._db, self._courier, self._lease = db, courier, lease
        self._wake = asyncio.Event()
        self._held: Counter[int] = Counter()  # claimed deliveries by endpoint
        self._tasks: dict[asyncio.Task[None], Claim] = {}
        self._tried: list[Tried] = []
        self._slots = asyncio.Semaphore(SLOTS)
        self._endpoint_slots: dict[int, asyncio.Semaphore] = {}

    async def step(self) -> bool:
        """Claims what is due, sends it all, settles it; whether there was anything."""
        turn = await self._turn()
        if self._tasks:
            await asyncio.wait(self._tasks)
            await self._settle_all()
        return bool(turn.claims) or turn.more

    async def run(self) -> None:
        """Delivers until cancelled; then lets what is on its way end, briefly, and gives the rest back."""
        self._db.watch(self._told)
        try:
            while True:
                await self._round()
        finally:
            self._db.unwatch(self._told)
            await self._stop()

    async def _round(self) -> None:
        self._wake.clear()
        pause = POLL
        try:
            turn = await _whole(self._turn())
            if turn.more:
                return
            if turn.wait is not None:
                pause = min(POLL, max(turn.wait.total_seconds(), 0))
        except Unavailable:
            log.warning("deliveries wait for the database", extra={"event": "deliveries_wait"})
            await asyncio.sleep(POLL)
            return
        except Exception:
            log.exception("deliveries", extra={"event": "deliveries_failed"})
            await asyncio.sleep(POLL)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):  # wait_for may swallow a cancellation before Python 3.12
                await self._wake.wait()

    def _told(self, topic: str) -> None:
        if topic == "deliveries":
            self._wake.set()

    async def _turn(self) -> Turn:
        """One transaction settles what was tried and claims what is due; while the database is away, the tried stay."""
        tried, self._tried = self._tried, []
        try:
            turn = await self._exchange(tried)
        except Unavailable:
            self._tried = tried + self._tried
            raise
        except Exception:
            log.exception("deliveries", extra={"event": "deliveries_failed"})
            await self._settle_each(tried)
            turn = await self._exchange([])
        for claimed in turn.claims:
            self._held[claimed.endpoint] += 1
            task = asyncio.create_task(self._deliver(claimed))
            self._tasks[task] = claimed
            task.add_done_callback(self._ended)
        return turn

    async def _exchange(self, tried: list[Tried]) -> Turn:
        room = SLOTS * AHEAD - len(self._tasks)
        return await self._db.write(exchange, tried, held=dict(self._held), room=room, lease=self._lease)

    async def _deliver(self, one: Claim) -> None:
        async with self._endpoint_slots.setdefault(one.endpoint, asyncio.Semaphore(ENDPOINT_SLOTS)), self._slots:
            at = self._db.clock()
            try:
                outcome = await self._courier.post(one.url, headers(one, at), one.body.encode())
            except Exception:  # a row that cannot be sent is a failed attempt, and no more than that
                log.exception("cannot be sent", extra={"event": "callback_broken", "delivery": one.serial})
                outcome = Outcome(OutcomeKind.BROKEN, None, 0)
        tried = Tried(one, at, outcome)
        self._tried.append(tried)
        if outcome.kind is not OutcomeKind.DELIVERED:
            log.info("callback failed", extra=_facts(tried))

    def _ended(self, task: asyncio.Task[None]) -> None:
        one = self._tasks.pop(task)
        self._held[one.endpoint] -= 1
        if not self._held[one.endpoint]:
            del self._held[one.endpoint], self._endpoint_slots[one.endpoint]
        self._wake.set()

    async def _settle_each(self, tried: Sequence[Tried]) -> None:
        """One at a time, so that a row that raises is left behind alone."""
        for one in tried:
            try:
                await self._db.write(settle, [one])
            except Unavailable:
                self._tried.append(one)
            except Exception:  # its lease brings it back
                log.exception("cannot be settled", extra=_facts(one))

    async def _stop(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_PATIENCE)
        left = dict(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        with contextlib.suppress(Unavailable):  # then the leases run out
            await self._settle_all()
            if left:
                await self._db.write(give_back, list(left.values()))

    async def _settle_all(self) -> None:
        """Settles without claiming more."""
        tried, self._tried = self._tried, []
        try:
            if tried:
                await self._db.write(settle, tried)
        except Unavailable:
            self._tried = tried + self._tried
            raise
        except Exception:
            log.exception("deliveries", extra={"event": "deliveries_failed"})
            await self._settle_each(tried)


async def _whole(turn: Coroutine[Any, Any, Turn]) -> Turn:
    """Race: cancelled when its transaction is on its way to the commit, nobody would know what it has claimed; so a turn that
    has begun is always ended, and `_stop` gives back what it brought."""
    task = asyncio.ensure_future(turn)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


def exchange(tx: Tx, tried: Sequence[Tried], *, held: Mapping[int, int], room: int, lease: timedelta) -> Turn:
    """Settles, then claims: what a settled first attempt held back in its lane is found at once."""
    if tried:
        settle(tx, tried)
    return claim(tx, held=held, room=room, lease=lease)


def _facts(one: Tried) -> dict[str, Any]:
    """For the log: never the URL, which may hold a secret."""
    return {
        "event": "callback_failed",
        "delivery": one.claim.serial,
        "event_id": one.claim.event_id,
        "endpoint": one.claim.endpoint,
        "attempt": one.claim.attempt,
        "outcome": str(one.outcome.kind),
        "status": one.outcome.status,
    }
