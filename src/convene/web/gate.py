"""What one process knows of its callers: the requests that it may still let pass, keys seen in use, addresses that failed.

Units of work ask here with their transaction's time, from any thread. Whatever needs a write is done between two runs of a
request: its first unit raises Due, nothing has happened yet, the write is done, and the request runs once more.
"""

import asyncio
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from fastapi import Request

from convene import access, allowances, keys
from convene.access import Known
from convene.allowances import Handful
from convene.db import Tx
from convene.errors import TooMany
from convene.recent import Recent
from convene.runtime import Runtime
from convene.web.app import address_of

RATE = "convene.rate"  # in a request's scope, once it has been counted
TOO_WRONG = "Too many wrong credentials from this address"

Payer = Known | str  # whose requests are counted: a known caller's application, or an account (its api_key)


@dataclass(frozen=True, slots=True)
class Rate:
    """How a caller stands after this request: `remaining` of `limit` until the minute ends in `reset` seconds."""

    limit: int
    remaining: int
    reset: int
    is_over: bool = False

    def check(self) -> None:
        """Raises TooMany over the limit."""
        if self.is_over:
            raise _slow_down(self.reset, f"More than {self.limit} requests in a minute")

    def headers(self) -> list[tuple[bytes, bytes]]:
        """For the answer, as they are sent; none where there is no limit."""
        told = (b"limit", self.limit), (b"remaining", self.remaining), (b"reset", self.reset)
        return [(b"ratelimit-" + name, b"%d" % value) for name, value in told] if self.limit else []


class Due(Exception):
    """Something must be written before this request can be counted."""

    def __init__(self, payer: Payer):
        super().__init__("due")
        self.payer = payer


@dataclass(slots=True)
class _Purse:
    """What this process holds of one payer's minute; `noted`: its keys whose use in this minute is written."""

    minute: int = -1
    count: int = 0
    left: int = 0
    noted: set[str | None] = field(default_factory=lambda: {None})

    def is_due(self, payer: Payer, minute: int, limit: int) -> bool:
        """Whether something must be written before the next request."""
        return self.is_hungry(minute, limit) or _key_of(payer) not in self.noted

    def is_hungry(self, minute: int, limit: int) -> bool:
        """Whether we hold nothing, and others may have left something."""
        return minute > self.minute or bool(limit and not self.count and self.left)

    def fill(self, payer: Payer, got: Handful) -> None:
        """Puts in what was taken; what is over from a past minute is worth nothing."""
        if got.minute != self.minute:
            self.minute, self.count, self.noted = got.minute, 0, {None}
        self.count, self.left = self.count + got.count, got.left
        self.noted.add(_key_of(payer))


class Gate:
    """Counts the requests and failures of one process, and answers for what all processes share."""

    def __init__(self, runtime: Runtime):
        self.db, settings = runtime.db, runtime.settings
        self._limit, self._failures = settings.requests_per_minute, settings.auth_failures_per_minute
        self._proxies = settings.trusted_proxies
        self._recent = Recent(runtime.db, access.CHANGED)
        self._purses: defaultdict[str, _Purse] = defaultdict(_Purse)
        self._filling: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._spending = threading.Lock()  # units run in several threads: no two of them spend the same request
        self._shut: dict[str, int] = {}  # places that had too many wrong credentials, by the minute in which they had

    def known(self, request: Request, tx: Tx) -> Known:
        """Who asks; the request is counted, once. Raises Unauthenticated, TooMany, Due."""
        known = access.identified(tx, request.headers.get("authorization"), self._recent)
        self.count(request, known, tx.now)
        return known

    def count(self, request: Request, payer: Payer, now: datetime) -> None:
        """Counts the request of a known caller, once. Raises TooMany, Due."""
        facts = request.scope
        if RATE not in facts:
            facts[RATE] = self.spend(payer, now)
        facts[RATE].check()

    def let_guess(self, request: Request) -> None:
        """Before a password is compared. Raises TooMany for an address that has shown too many wrong credentials in this minute.

        A right password must not stand out there: people choose passwords that others guess. Keys have 96 bits and more, and are
        let pass: else one caller's wrong ones would shut out all others behind the same proxy.
        """
        now = self.db.clock()
        if self._is_shut(self._place(request), now):
            raise _slow_down(_rest_of_minute(now), TOO_WRONG)

    def spend(self, payer: Payer, now: datetime) -> Rate:
        """Counts one request; whether it may pass. Raises Due when a write must come first."""
        with self._spending:
            purse = self._purses[_name_of(payer)]
            if purse.is_due(payer, allowances.minute_of(now), self._limit):
                raise Due(payer)
            if self._limit and not purse.count:
                return Rate(self._limit, 0, _rest_of_minute(now), is_over=True)
            purse.count -= 1
            return Rate(self._limit, purse.count + purse.left, _rest_of_minute(now))

    async def spend_due(self, due: Due) -> Rate:
        """Writes what was due, then counts the request. Raises Unavailable."""
        payer = due.payer
        async with self._filling[_name_of(payer)]:  # of many requests that find the purse empty, one fills it
            while True:
                now = self.db.clock()
                try:
                    return self.spend(payer, now)
                except Due:
                    await self._fill(payer, allowances.minute_of(now))

    async def _fill(self, payer: Payer, minute: int) -> None:
        purse = self._purses[_name_of(payer)]
        got = await self.db.write(_taken, payer, self._limit, purse.is_hungry(minute, self._limit))
        with self._spending:
            purse.fill(payer, got or Handful(purse.minute, 0, purse.left))

    async def failed(self, request: Request) -> None:
        """Counts wrong credentials. Raises TooMany when the address had too many; then they are not counted on: no write."""
        place, now = self._place(request), self.db.clock()
        if not self._failures:
            return
        if not self._is_shut(place, now):
            if await self.db.write(allowances.failed, place) <= self._failures:
                return
            minute = allowances.minute_of(now)
            self._shut = {shut: at for shut, at in self._shut.items() if at == minute} | {place: minute}
        raise _slow_down(_rest_of_minute(now), TOO_WRONG)

    def _is_shut(self, place: str, now: datetime) -> bool:
        return self._shut.get(place) == allowances.minute_of(now)

    def _place(self, request: Request) -> str:
        return allowances.place_of(address_of(request, self._proxies))


def _name_of(payer: Payer) -> str:
    return f"account {payer}" if isinstance(payer, str) else payer.application.id


def _key_of(payer: Payer) -> str | None:
    return None if isinstance(payer, str) else payer.key_id


def _taken(tx: Tx, payer: Payer, limit: int, hungry: bool) -> Handful | None:
    key_id = _key_of(payer)
    if key_id is not None:
        keys.used(tx, key_id)
    if not limit:
        return Handful(allowances.minute_of(tx.now), 0, 0)
    if not hungry:
        return None
    if isinstance(payer, str):
        return allowances.take_of_account(tx, payer, limit)
    return allowances.take(tx, payer.application.id, limit)


def _rest_of_minute(now: datetime) -> int:
    return 60 - now.second


def _slow_down(wait: int, told: str) -> TooMany:
    return TooMany("slow_down", told, details={"retry_after": wait})
