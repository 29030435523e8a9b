"""Keeps each person's sound in step with their picture.

The engine's client lets a picture wait longer than the sound when pictures arrive in bunches. With `room.sync_streams` it
closes that gap by itself, but takes half a minute; here it is closed as soon as it is known.
"""

import asyncio
import statistics
import time
from collections import deque
from typing import Any, NamedTuple, Self

from livekit import rtc

from convene.compositor.room import Seat

BIAS = 0.025  # seconds that a picture is seen earlier than the estimate says: it is drawn at the next tick, sound is heard a frame later
TOLERANCE = 0.035  # a step shorter than a picture is not worth the click
UNSTEADY = (
    2.0  # pictures that arrive unsteadily are shown later than their wait says by about so many times their jitter
)
FARTHEST = (-0.25, 0.6)  # sound can be moved ahead only within the mixer's cushion, less one frame of it
EAGER_SECONDS = 40.0
EAGER, CALM = 1.0, 5.0  # seconds between looks


class Reading(NamedTuple):
    """The clocks of one track: `taken` and `playout` in seconds (`playout` on the sender's clock, 0 = unknown); the waits are totals.

    `jitter` is that of RFC 3550 §6.4.1, in seconds.
    """

    taken: float
    playout: float
    waited: float
    meant_to_wait: float
    emitted: int
    jitter: float

    @classmethod
    async def of(cls, track: Any) -> Self | None:
        asked = time.monotonic()
        for entry in await track.get_stats():
            if entry.WhichOneof("stats") == "inbound_rtp":
                inbound, received = entry.inbound_rtp.inbound, entry.inbound_rtp.received
                return cls(
                    (asked + time.monotonic()) / 2,
                    inbound.estimated_playout_timestamp / 1000,
                    inbound.jitter_buffer_delay,
                    inbound.jitter_buffer_target_delay,
                    inbound.jitter_buffer_emitted_count,
                    received.jitter,
                )
        return None


class Look(NamedTuple):
    sound: Reading
    picture: Reading

    @property
    def is_sure(self) -> bool:
        return bool(self.sound.playout and self.picture.playout)


def ahead(now: Look, before: Look) -> float | None:
    """Seconds by which the sound is ahead of the picture; None when nothing came since `before`.

    Known from what both play at this moment on the sender's clock; until the first sender reports have come (about ten
    seconds) only guessed from how long each waits in its jitter buffer. That counts from its arrival, and pictures in bunches
    were held up before that.
    """
    sound, picture = now
    if now.is_sure:
        return (sound.playout - sound.taken) - (picture.playout - picture.taken) - BIAS
    heard, seen = sound.emitted - before.sound.emitted, picture.emitted - before.picture.emitted
    if heard <= 0 or seen <= 0:
        return None
    sound_waits = (sound.waited - before.sound.waited) / heard
    picture_waits = (picture.meant_to_wait - before.picture.meant_to_wait) / seen
    return picture_waits + UNSTEADY * picture.jitter - sound_waits


class LipSync:
    def __init__(self, seat: Seat) -> None:
        self.seat = seat
        self.before: dict[str, Look] = {}
        self.found: dict[str, deque[float]] = {}

    async def run(self) -> None:
        while True:
            eager = time.monotonic() - self.seat.changed_at < EAGER_SECONDS
            await asyncio.sleep(EAGER if eager else CALM)
            if self.seat.room:
                for person in list(self.seat.room.remote_participants.values()):
                    await self.look(person)

    async def look(self, person: rtc.RemoteParticipant) -> None:
        tracks = {
            pub.source: pub for pub in person.track_publications.values() if pub.track and pub.sid in self.seat.streams
        }
        microphone = tracks.get(rtc.TrackSource.SOURCE_MICROPHONE)
        camera = tracks.get(rtc.TrackSource.SOURCE_CAMERA)
        if not (microphone and camera) or camera.muted:
            return
        sound, picture = await Reading.of(microphone.track), await Reading.of(camera.track)
        if not (sound and picture):
            return
        now, key = Look(sound, picture), f"{microphone.sid} {camera.sid}"
        before = self.before.get(key)
        self.before[key] = now
        if before and (found := ahead(now, before)) is not None:
            recent = self.found.setdefault(f"{key} {now.is_sure}", deque(maxlen=3))
            self.follow(microphone.sid, recent, found)

    def follow(self, sid: str, recent: deque[float], found: float) -> None:
        """The median of three looks decides: one look may fall into a stall."""
        recent.append(found)
        wanted = min(FARTHEST[1], max(FARTHEST[0], statistics.median_high(recent)))
        voice = self.seat.mixer.voices.get(sid)
        if voice and abs(wanted - voice.shift) > TOLERANCE:
            voice.shift = wanted
