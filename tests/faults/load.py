"""Load that goes on while processes die: rooms made and deleted by the API, and people who come and go."""

import asyncio
import random
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from livekit import rtc
from livekit.rtc.participant import PublishTrackError

from tests.faults.evidence import urls
from tests.people import Someone, admitted
from tests.platform import Platform
from tests.receiver import Receiver


@dataclass
class Load:
    """What was acknowledged: the ids of rooms by a 201, of deleted rooms by a 204; sessions that somebody was let into."""

    convene: Platform
    heard: Receiver
    made: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    entered: set[str] = field(default_factory=set)
    refused: list[httpx.Response] = field(default_factory=list)
    over: bool = False

    async def make_and_delete(self) -> None:
        """Makes rooms and deletes every other one. An answer that did not come is none."""
        async with self.convene.api() as api:
            while not self.over:
                try:
                    await self._one(api)
                except httpx.HTTPError:
                    await asyncio.sleep(0.2)
                await asyncio.sleep(0.05)

    async def _one(self, api: httpx.AsyncClient) -> None:
        answer = await api.post("rooms", json={"display_name": "Load", "callback_urls": urls(self.heard)})
        if answer.status_code != 201:
            self.refused.append(answer)
            return
        id = answer.json()["id"]
        self.made.add(id)
        if len(self.made) % 2:
            answer = await api.delete(f"rooms/{id}")
            if answer.status_code == 204:
                self.deleted.add(id)
            else:
                self.refused.append(answer)

    async def come_and_go(self, room: dict[str, Any], name: str) -> None:
        """One person joins and leaves, again and again."""
        while not self.over:
            person: Someone | None = None
            try:
                person = await admitted(self.convene, room, name)
                self.entered.add(person.session_id)
                await person.connect()
                await asyncio.sleep(random.uniform(0.1, 2))
            except (httpx.HTTPError, rtc.ConnectError, PublishTrackError):
                await asyncio.sleep(0.5)
            finally:
                if person is not None:
                    await person.leave()


@asynccontextmanager
async def under_load(convene: Platform, heard: Receiver, *, people: int = 2) -> AsyncIterator[Load]:
    """Two callers of the API and so many people, each in a room of their own, until the block ends."""
    load = Load(convene, heard)
    rooms = [await convene.room(callback_urls=urls(heard)) for _ in range(people)]
    work: list[Coroutine[Any, Any, None]] = [load.make_and_delete(), load.make_and_delete()]
    work += [load.come_and_go(room, f"Person {n}") for n, room in enumerate(rooms)]
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield load
    finally:
        load.over = True
        await asyncio.gather(*tasks)
