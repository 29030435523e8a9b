"""People without a browser: they come in through the meeting's own door and connect by the engine's SDK, through `/rtc`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Self

import httpx
import numpy as np
from livekit import rtc

from tests.platform import DEADLINE, Platform, until

RATE = 48_000


@dataclass
class Someone:
    """A person with leave to be in a meeting, and a microphone. `states` is what became of the connection, newest last.

    An idle one is sent nobody's sound and picture and has no microphone before he speaks: he costs next to nothing.
    """

    admission: dict[str, str]
    session_id: str
    token: str
    url: str
    room: rtc.Room
    states: list[int] = field(default_factory=list)
    idle: bool = False
    microphone: rtc.AudioSource = field(default_factory=lambda: rtc.AudioSource(RATE, 1))

    @property
    def proof(self) -> dict[str, str]:
        """The header that proves who this is."""
        return {"Authorization": f"Bearer {self.admission['id']}.{self.admission['key']}"}

    @property
    def connected(self) -> bool:
        return self.room.connection_state == rtc.ConnectionState.CONN_CONNECTED

    @property
    def sid(self) -> str:
        """The engine's id of this stay."""
        return self.room.local_participant.sid

    async def connect(self, engine: str | None = None) -> Self:
        """Through our own origin, or directly to the engine at this address. Raises rtc.ConnectError."""
        try:
            async with asyncio.timeout(DEADLINE):  # the client's own calls may never end when a server dies meanwhile
                options = rtc.RoomOptions(auto_subscribe=not self.idle)
                await self.room.connect(engine or self.url.replace("http", "ws", 1), self.token, options)
                if not self.idle:
                    await self.open_microphone()
        except TimeoutError:
            await self.leave()
            raise rtc.ConnectError("no answer") from None
        except BaseException:
            await self.leave()
            raise
        return self

    async def open_microphone(self) -> None:
        track = rtc.LocalAudioTrack.create_audio_track("microphone", self.microphone)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        await self.room.local_participant.publish_track(track, options)

    async def leave(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.room.disconnect(), DEADLINE)

    async def speaks(self, seconds: float) -> None:
        """Makes sound for so long, louder and softer five times a second, as syllables are."""
        moments = np.arange(int(seconds * RATE)) / RATE
        loudness = 0.4 + 0.3 * np.sin(2 * np.pi * 5 * moments)
        sound = (32767 * loudness * (2 * (moments * 150 % 1) - 1)).astype(np.int16)
        for start in range(0, len(sound), RATE // 100):
            block = sound[start : start + RATE // 100]
            await self.microphone.capture_frame(rtc.AudioFrame(block.tobytes(), RATE, 1, len(block)))

    async def says(self, text: str, *, reply_to: str | None = None) -> str:
        """Writes to everybody; the message's id. Raises httpx.HTTPError when refused."""
        async with httpx.AsyncClient(timeout=20) as page:
            draft = {"text": text, "reply_to": reply_to}
            answer = await page.post(f"{self.url}/api/meeting/chat", json=draft, headers=self.proof)
        return str(answer.raise_for_status().json()["id"])


def code_of(room: dict[str, Any]) -> str:
    """The meeting code in a room's guest link."""
    return str(room["_links"]["guest_url"]["href"]).rpartition("/")[2]


async def enter(
    convene: Platform, room: dict[str, Any], name: str, *, host: bool = False, engine: str | None = None
) -> Someone:
    """Admitted and connected. Raises httpx.HTTPError or rtc.ConnectError when not let in."""
    return await (await admitted(convene, room, name, host=host)).connect(engine)


async def admitted(convene: Platform, room: dict[str, Any], name: str, *, host: bool = False) -> Someone:
    """Asks to come in, as the page does. Raises httpx.HTTPError when not let in."""
    asked: dict[str, Any] = {"code": code_of(room), "name": name}
    if host:
        asked["participant_token"] = room["_links"]["host_url"]["href"].rpartition("participant_token=")[2]
    async with httpx.AsyncClient(timeout=20) as page:
        answer = await page.post(f"{convene.url}/api/meeting/join", json=asked)
    joined = answer.raise_for_status().json()
    person = Someone(joined["admission"], joined["session_id"], joined["engine"]["token"], convene.url, rtc.Room())
    person.room.on("connection_state_changed", person.states.append)
    return person


@asynccontextmanager
async def inside(
    convene: Platform, room: dict[str, Any], *names: str, host: bool = False, idle: bool = False
) -> AsyncIterator[list[Someone]]:
    """These people are in the room until the block ends; with `host`, the first of them is the host."""
    people: list[Someone] = []
    try:
        for name in names:
            person = await admitted(convene, room, name, host=host and not people)
            person.idle = idle
            people.append(await person.connect())
        yield people
    finally:
        await asyncio.gather(*(person.leave() for person in people))


async def all_connected(people: list[Someone], seconds: float = 120) -> None:
    """Waits until each of them is connected."""

    async def connected() -> bool:
        return all(person.connected for person in people)

    await until(connected, why="somebody is not back", seconds=seconds)
