"""Tickets: a page asks to come in and goes to the engine at the same time.

It makes up a ticket, 256 random bits, says it to both doors, and the engine's door waits until the other has let it in: one way to
the server and back less before the first picture. A ticket is known to the process that was asked and for a moment, so
there are none where another process may be asked, or where the engine is reached directly.
"""

import asyncio
import re

from convene.errors import Unauthenticated

LIFE = 15.0  # seconds; the engine gives who is in a token of its own
PATIENCE = 10.0  # seconds for the other door to answer
MOST = 500  # that are waited for at once: anybody may make up tickets
FORM = r"^[A-Za-z0-9_-]{43}$"
_FORM = re.compile(FORM)


class Tickets:
    """What has become of the tickets of the last seconds. Of one event loop. `life` and `patience` in seconds."""

    def __init__(self, *, life: float = LIFE, patience: float = PATIENCE, most: int = MOST) -> None:
        self._life, self._patience, self._most = life, patience, most
        self._answers: dict[str, asyncio.Future[str]] = {}
        self._waiting = 0

    def give(self, ticket: str | None, token: str) -> None:
        """Who has this ticket has been let in, with this token of the engine."""
        if ticket is not None and not (answer := self._answer(ticket)).done():
            answer.set_result(token)

    def refuse(self, ticket: str | None) -> None:
        """Who has this ticket is not let in now."""
        self.give(ticket, "")

    async def exchange(self, token: str) -> str:
        """The token for a ticket, once it is given; anything else as it is. Raises Unauthenticated: refused, or nothing said in time."""
        if not _FORM.fullmatch(token):
            return token
        answer = self._answers.get(token)
        if answer is None or not answer.done():
            answer = await self._awaited(token)
        if answer.cancelled() or not answer.result():
            raise Unauthenticated("ticket_unknown", "Nobody was let in with this ticket.")
        return answer.result()

    async def _awaited(self, ticket: str) -> "asyncio.Future[str]":
        if self._waiting >= self._most:
            raise Unauthenticated("ticket_unknown", "Nobody was let in with this ticket.")
        answer = self._answer(ticket)
        self._waiting += 1
        try:
            await asyncio.wait([answer], timeout=self._patience)
        finally:
            self._waiting -= 1
        if not answer.done():
            answer.cancel()
        return answer

    def _answer(self, ticket: str) -> "asyncio.Future[str]":
        """What is known of it for its life, whichever door hears of it first."""
        if ticket not in self._answers:
            loop = asyncio.get_running_loop()
            self._answers[ticket] = loop.create_future()
            loop.call_later(self._life, self._answers.pop, ticket, None)
        return self._answers[ticket]
