"""Server-sent events (WHATWG HTML §9.2): a page that waits for something is told at once, over one answer that stays open."""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import Response

from convene.db import Database
from convene.errors import Refusal, TooMany
from convene.web.app import Message, Receive, Send

BEAT = 15.0  # seconds between two signs of life, so that no proxy on the way takes the line for dead
PER_PERSON = 4  # streams of one person: tabs that were copied, and one that is about to be given up
PER_ADDRESS = 400  # a school behind one address is as much as this


@dataclass(frozen=True, slots=True)
class Told:
    """What a stream shows now. `last`: nothing follows. `look_in`: seconds after which it may be another by time alone."""

    name: str
    body: dict[str, Any]
    last: bool = False
    look_in: float = BEAT

    def written(self) -> bytes:
        """The event."""
        return f"event: {self.name}\ndata: {json.dumps(self.body, separators=(',', ':'))}\n\n".encode()


Look = Callable[[bool], Awaitable[Told]]  # called with whether a beat is due


class Bells:
    """Rings for the streams of this process, each at the topics of its own; and counts them."""

    def __init__(self, db: Database, stopping: asyncio.Event):
        self.stopping = stopping
        self._hung: dict[str, set[asyncio.Event]] = {}
        self._open: Counter[str] = Counter()
        db.watch(self._told)

    def _told(self, topic: str) -> None:
        for bell in self._hung.get(topic, ()):
            bell.set()

    @contextlib.contextmanager
    def hung(self, topic: str) -> Iterator[asyncio.Event]:
        """An event that is set when the topic is woken."""
        bell = asyncio.Event()
        mine = self._hung.setdefault(topic, set())
        mine.add(bell)
        try:
            yield bell
        finally:
            mine.discard(bell)
            if not mine and self._hung.get(topic) is mine:
                del self._hung[topic]

    def is_heard(self, person: str) -> bool:
        """Whether a stream of this person is open here."""
        return self._open[person] > 0

    def check(self, person: str, address: str) -> None:
        """Raises TooMany when a person or an address has all the streams that it may."""
        if self._open[person] >= PER_PERSON or self._open[address] >= PER_ADDRESS:
            raise TooMany("too_many_streams", "Too many pages are open.", details={"retry_after": int(BEAT)})

    @contextlib.contextmanager
    def counted(self, *keys: str) -> Iterator[None]:
        """Counts a stream while it is open."""
        self._open.update(keys)
        try:
            yield
        finally:
            self._open.subtract(keys)
            for key in keys:
                if self._open[key] <= 0:
                    del self._open[key]


class EventStream(Response):
    """Shows what `look` says, again whenever `topic` is woken and something has changed. Ends when the last word is said,
    the reader has gone, a look is refused (who asks again learns why), or the server stops.

    `left`: called when the reader has gone and no other stream of this person is open here."""

    media_type = "text/event-stream"

    def __init__(
        self,
        bells: Bells,
        topic: str,
        look: Look,
        *,
        person: str,
        address: str,
        left: Callable[[], Awaitable[Any]] | None = None,
    ):
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._bells, self._topic, self._look = bells, topic, look
        self._person, self._address, self._left = person, address, left
        bells.check(person, address)

    async def __call__(self, _scope: Any, receive: Receive, send: Send) -> None:
        """The ASGI answer."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        with self._bells.counted(self._person, self._address), self._bells.hung(self._topic) as bell:
            reader = asyncio.create_task(_gone(receive))
            ends = [reader, asyncio.create_task(self._bells.stopping.wait())]
            for end in ends:
                end.add_done_callback(lambda _: bell.set())
            try:
                await self._tell(send, bell, ends)
            finally:
                for end in ends:
                    end.cancel()
                await asyncio.gather(*ends, return_exceptions=True)
        is_gone = reader.done() and not reader.cancelled() and not self._bells.stopping.is_set()
        if self._left and is_gone and not self._bells.is_heard(self._person):
            with contextlib.suppress(Refusal):  # the database is away: then he is unheard, which says the same later
                await self._left()
        await send(_piece(b"", more=False))

    async def _tell(self, send: Send, bell: asyncio.Event, ends: list[asyncio.Task[Any]]) -> None:
        clock = asyncio.get_running_loop().time
        shown, beat_at = b"", clock() + BEAT
        while not any(end.done() for end in ends):
            bell.clear()  # before the look: what changes after it rings again
            is_beat = clock() >= beat_at
            try:
                told = await self._look(is_beat)
            except Refusal:
                return
            written = told.written()
            if written != shown or is_beat:
                await send(_piece(b": beat\n\n" if written == shown else written))
                shown, beat_at = written, clock() + BEAT if is_beat else beat_at
            if told.last:
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.01, min(beat_at - clock(), told.look_in))):
                    await bell.wait()


async def _gone(receive: Receive) -> None:
    """Until the reader has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _piece(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}
