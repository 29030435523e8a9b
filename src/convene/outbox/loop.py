"""The loop that sends: woken by commits, by its own finished mails, and by the next due time."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from convene.db import Database, Tx
from convene.errors import Unavailable
from convene.mail import Answer, Mailer, Outgoing, Verdict
from convene.outbox.claims import LEASE, Claim, Tried, Turn, claim, give_back, recover, settle
from convene.outbox.journal import Journal
from convene.outbox.posting import TOPIC

log = logging.getLogger(__name__)

POLL = 1.0  # seconds; the safety net under the wake-ups
HELD = 120  # mails that one process holds at a time; as many as it may send twice the database's time to write down
BITE = 40  # that one turn claims: they are worded together
LONGEST_PAUSE = 60.0  # seconds between two looks whether a dead server is back
STOP_PATIENCE = 5.0  # seconds for what is on its way when we stop


@dataclass(frozen=True, slots=True)
class Written:
    """A claim as a mail; or, without one, why there will never be one."""

    mail: Outgoing | None
    problem: str = ""


Composer = Callable[[Sequence[Claim]], Awaitable[Sequence[Written]]]


class Posting:
    """Hands over what is due. `run` goes on until it is cancelled; `step` is one round of it, to the end.

    `compose` words claims; `folder`: where the journals are; `per_second`: at most so many mails, 0: as many as go.
    """

    def __init__(
        self,
        db: Database,
        mailer: Mailer,
        compose: Composer,
        folder: Path,
        *,
        per_second: int = 0,
        lease: timedelta = LEASE,
    ):
        self._db, self._mailer, self._compose, self._lease = db, mailer, compose, lease
        self._journal = Journal(folder)
        self._wake = asyncio.Event()
        self._held: dict[int, Claim] = {}  # by serial, from the claim until the mail's task has ended
        self._handed: set[int] = set()  # of these, those whose answer is to come
        self._tasks: set[asyncio.Task[None]] = set()
        self._tried: list[Tried] = []
        self._gap = 1 / per_second if per_second else 0.0
        self._most = min(HELD, max(1, per_second * 10)) if per_second else HELD
        self._next_at = 0.0  # when the rate allows another mail, in the loop's time
        self._failures = 0  # of the server, in a row
        self._closed_until = 0.0

    async def run(self) -> None:
        """Sends until cancelled; then lets what is on its way end, briefly, and gives the rest back."""
        await self.open()
        self._db.watch(self._told)
        try:
            while True:
                await self._round()
        finally:
            self._db.unwatch(self._told)
            await self.close()

    async def open(self) -> None:
        """Takes a journal. Raises OSError."""
        await asyncio.to_thread(self._journal.open)

    async def step(self) -> bool:
        """Claims what is due, hands it all over, settles it; whether there was anything."""
        turn = await self._turn()
        while self._tasks:
            await asyncio.wait(self._tasks)
        await self._settle()
        return bool(turn.claims) or turn.more

    async def _round(self) -> None:
        self._wake.clear()
        pause = POLL
        try:
            turn = await self._whole()
            if turn.more:
                return
            if turn.wait is not None and not turn.claims:
                pause = min(POLL, max(turn.wait.total_seconds(), 0))
        except Unavailable:
            log.warning("mail waits for the database", extra={"event": "mail_waits"})
            await asyncio.sleep(POLL)
            return
        except Exception:
            log.exception("mail", extra={"event": "mail_failed"})
            await asyncio.sleep(POLL)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):  # wait_for may swallow a cancellation before Python 3.12
                await self._wake.wait()

    async def _whole(self) -> Turn:
        """Race: cancelled when its transaction is on its way to the commit, nobody would know what it has claimed; so a turn that
        has begun is always ended, and `close` gives back what it brought."""
        task = asyncio.ensure_future(self._turn())
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.gather(task, return_exceptions=True)
            raise

    def _told(self, topic: str) -> None:
        if topic == TOPIC:
            self._wake.set()

    async def _turn(self) -> Turn:
        """One transaction settles what was tried and claims what is due; while the database is away, the tried stay."""
        await self._recover()
        tried, self._tried = self._tried, []
        room = self._room()
        try:
            turn = await self._db.write(_exchange, tried, room, holder=self._journal.name, lease=self._lease)
        except BaseException:
            self._tried = tried + self._tried
            raise
        self._clear()
        if turn.claims:
            self._held |= {one.serial: one for one in turn.claims}
            self._start(self._send_all(turn.claims))
        return turn

    def _room(self) -> int:
        """How many may be claimed now: of a server that is away, one, once in a while."""
        if self._failures:
            closed = asyncio.get_running_loop().time() < self._closed_until
            return 0 if closed or self._held else 1
        return min(BITE, self._most - len(self._held))

    def _clear(self) -> None:
        if not self._held and not self._tried:
            self._journal.clear()

    async def _recover(self) -> None:
        """Settles what dead processes of this machine left."""
        left = await asyncio.to_thread(self._journal.left)
        settled = False
        try:
            if left.holders:
                await self._db.write(recover, left.ended, left.holders)
                facts = {"event": "mail_recovered", "processes": len(left.holders), "ended": len(left.ended)}
                log.warning("mail of a process that ended", extra=facts)
            settled = True
        finally:
            self._journal.done(left, settled=settled)

    # --- Sending ---

    def _start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_all(self, claims: Sequence[Claim]) -> None:
        try:
            written = await self._compose(claims)
        except Exception as error:  # what cannot be worded now is tried again as if the server had not taken it
            log.exception("cannot be worded", extra={"event": "mail_broken"})
            for one in claims:
                self._end(one, Answer(Verdict.LATER, f"It could not be worded: {type(error).__name__}"))
            return
        for one, what in zip(claims, written, strict=True):
            if what.mail is None:
                self._end(one, Answer(Verdict.REFUSED, what.problem))
            else:
                self._start(self._send(one, what.mail))

    async def _send(self, one: Claim, mail: Outgoing) -> None:
        await self._pace()
        try:
            answer = await self._mailer.send(mail, lambda: self._hand(one))
        except Exception as error:
            log.exception("cannot be sent", extra={"event": "mail_broken", "mail": one.serial})
            answer = Answer(Verdict.LATER, type(error).__name__)
        if answer.verdict is Verdict.ACCEPTED:
            self._journal.accepted(one.serial, answer.text)
        elif one.serial in self._handed:
            self._journal.refused(one.serial)
        self._end(one, answer)

    def _hand(self, one: Claim) -> None:
        self._journal.handed(one.serial)
        self._handed.add(one.serial)

    async def _pace(self) -> None:
        if self._gap:
            now = asyncio.get_running_loop().time()
            mine = max(now, self._next_at)
            self._next_at = mine + self._gap
            await asyncio.sleep(mine - now)

    def _end(self, one: Claim, answer: Answer) -> None:
        self._handed.discard(one.serial)
        self._held.pop(one.serial)
        self._tried.append(Tried(one.serial, one.attempt, one.created_at, answer))
        if answer.verdict in (Verdict.LATER, Verdict.REFUSED, Verdict.AWAY):
            facts = {"event": "mail_refused", "mail": one.serial, "attempt": one.attempt}
            log.info("mail not sent", extra=facts | {"verdict": str(answer.verdict), "answer": answer.text})
        self._note(answer.verdict)
        if len(self._held) <= self._most - BITE // 2 or self._failures:
            self._wake.set()

    def _note(self, verdict: Verdict) -> None:
        """Counts the server's failures. Many mails may be on their way when it dies: that is one failure."""
        if verdict is not Verdict.AWAY:
            self._failures = 0
            return
        now = asyncio.get_running_loop().time()
        if now >= self._closed_until:
            self._failures += 1
            self._closed_until = now + min(2.0 ** min(self._failures - 1, 10), LONGEST_PAUSE)

    # --- Ending ---

    async def close(self) -> None:
        """Ends what is on its way, settles it, and gives the rest back."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_PATIENCE)
        left = list(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        for one in list(self._held.values()):
            if one.serial in self._handed:  # never twice: whoever is handed over is not sent again
                self._tried.append(Tried(one.serial, one.attempt, one.created_at, None))
                del self._held[one.serial]
        with contextlib.suppress(Unavailable):  # then the journal stays, and the next start settles it
            await self._settle()
            await self._db.write(give_back, [(one.serial, one.attempt) for one in self._held.values()])
            self._journal.close()
        await self._mailer.close()

    async def _settle(self) -> None:
        tried, self._tried = self._tried, []
        try:
            await self._db.write(settle, tried)
        except BaseException:
            self._tried = tried + self._tried
            raise
        self._clear()


def _exchange(tx: Tx, tried: Sequence[Tried], room: int, *, holder: str, lease: timedelta) -> Turn:
    settle(tx, tried)
    return claim(tx, room, holder, lease)
