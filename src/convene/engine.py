"""What we ask of a media engine: the protocol, its plain values, and an in-memory twin that keeps the same contract.

The engine is a witness, not the truth: its events are hints, its lists repair what the hints missed, and a call that
fails means "unknown", never "empty".
"""

import base64
import hashlib
import hmac
import itertools
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import jwt

from convene.db import Clock, utcnow
from convene.errors import Unauthenticated, Unavailable

EVENT_AGE = timedelta(minutes=5)  # an older event is not applied: reconcile has repaired, or will
RECORDER = "recorder-"  # how the identity of every recorder begins
SOURCES = ("camera", "microphone", "screen_share", "screen_share_audio")  # what a person can send, sorted


@dataclass(frozen=True, slots=True)
class EngineRoom:
    """A room that the engine has. The sid is new each time that a room of this name is made."""

    name: str
    sid: str


@dataclass(frozen=True, slots=True)
class Track:
    """What somebody sends; source: microphone, camera, screen_share, screen_share_audio."""

    sid: str
    source: str
    muted: bool


@dataclass(frozen=True, slots=True)
class Person:
    """One stay of somebody in a room: the same identity that comes again has a new sid. Recorders are hidden.

    `may`: the sources from which he may send, sorted.
    """

    sid: str
    identity: str
    name: str
    joined_at: datetime
    is_hidden: bool
    tracks: tuple[Track, ...] = ()
    may: tuple[str, ...] = SOURCES


@dataclass(frozen=True, slots=True)
class EngineEvent:
    """Something that the engine saw.

    kind: room_started, room_finished, participant_joined, participant_left, participant_connection_aborted, or another
    word of the engine; reason: why somebody left, in the engine's words (CLIENT_INITIATED, CONNECTION_TIMEOUT, …).
    """

    id: str
    kind: str
    room: str
    room_sid: str
    at: datetime
    person: Person | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Claims:
    """Whom a token lets into which room. `may`: the sources from which he may send, sorted."""

    identity: str
    room: str
    may: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pass:
    """What one person may in one room: he sees and hears, and sends from the sources of `may`. `consent`: his word on being
    recorded, for the recorder to read."""

    room: str
    identity: str
    name: str
    is_host: bool = False
    may: Sequence[str] = SOURCES
    consent: str | None = None

    @property
    def attributes(self) -> dict[str, str]:
        """What everybody in the room can read of him."""
        return {"role": "host" if self.is_host else "guest"} | ({"consent": self.consent} if self.consent else {})


class Engine(Protocol):
    """A media engine. Every call that fails raises Unavailable: what it would have told is then unknown."""

    @property
    def signal_url(self) -> str:
        """Where clients speak to the engine itself, like ws://127.0.0.1:7880."""

    async def open(self) -> None:
        """Gets ready; does not speak to the engine."""

    async def close(self) -> None:
        """Lets go of connections."""

    async def check(self) -> None:
        """Returns when the engine answers and is fit to work."""

    async def create_room(self, name: str, metadata: str = "") -> None:
        """Makes the room; one that is there stays as it is."""

    async def create_brief_room(self, name: str, people: int) -> None:
        """Makes a room for so many people at most, which the engine itself ends some seconds after the last has left."""

    async def list_rooms(self) -> list[EngineRoom]:
        """All rooms."""

    async def people(self, room: str) -> list[Person]:
        """Who is in, hidden ones included, asked of the live room. Unavailable for a room that is not there."""

    async def delete_room(self, room: str) -> None:
        """Puts everybody out and ends the room; one that is gone is fine."""

    async def remove(self, room: str, identity: str) -> None:
        """Puts one person out; somebody who is gone is fine. It does not keep them out."""

    async def mute(self, room: str, identity: str, source: str) -> bool:
        """Mutes what a person sends from this source. False: no such person or nothing sent from there."""

    async def permit(self, room: str, identity: str, may: Sequence[str]) -> None:
        """From now on a person may send from these sources alone; what he sends from another ends, and nobody can take it up
        again by a token. Somebody who is gone is fine."""

    async def set_metadata(self, room: str, metadata: str) -> None:
        """Shows this text to everybody in the room. Unavailable for a room that the engine does not have."""

    async def send_data(self, room: str, topic: str, data: bytes, *, to: str | None = None) -> None:
        """Tells everybody in the room, hidden ones too, or one person; it comes from nobody. Unavailable for a room that the
        engine does not have."""

    def join_token(self, granted: Pass, *, lifetime: timedelta) -> str:
        """Lets one person in; gives no power over others. Role, name and consent stay as the token says."""

    def recorder_token(self, *, room: str, identity: str, lifetime: timedelta) -> str:
        """Lets a recorder into one room, hidden, to see and hear only."""

    def read_event(self, body: bytes, authorization: str) -> EngineEvent:
        """An event as the engine posted it. Raises Unauthenticated when forged, changed or older than EVENT_AGE."""

    def read_token(self, token: str) -> Claims:
        """What a token says. Raises Unauthenticated unless this engine's secret signed it for joining a room."""


def body_hash(body: bytes) -> str:
    """The hash of an event's body, as its signature carries it: base64 of SHA-256."""
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def forged() -> Unauthenticated:
    """One answer for every kind of forgery, so that none learns how far it came."""
    return Unauthenticated("engine_unauthenticated", "This was not signed by our media engine, or is too old.")


def unanswered(message: str = "The media engine does not answer.") -> Unavailable:
    """What every failed call becomes."""
    return Unavailable("engine_unavailable", message, details={"retry_after": 2})


# --- The twin -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class MemoryRoom:
    """A room of the twin; people by sid; topic and data of what everybody in it was told; and of what
    one was told, after his identity."""

    sid: str
    metadata: str
    places: int = 0  # 0: no limit
    people: dict[str, Person] = field(default_factory=dict)
    told: list[tuple[str, bytes]] = field(default_factory=list)
    whispered: list[tuple[str, str, bytes]] = field(default_factory=list)


class MemoryEngine:
    """The same contract without media. People are put in with `enter` and out with `leave`; what the engine would have
    posted is in `events`. `away = True` makes every call fail; `restart()` forgets all rooms without a word."""

    signal_url = "ws://127.0.0.1:1"
    key, secret = "memory", "the twin's secret is no secret, but it is long enough"

    def __init__(self, *, clock: Clock = utcnow):
        self.rooms: dict[str, MemoryRoom] = {}
        self.events: list[EngineEvent] = []
        self.away = False
        self._clock = clock
        self._count = itertools.count(1)

    async def open(self) -> None:
        """Nothing to get ready."""

    async def close(self) -> None:
        """Nothing to let go."""

    async def check(self) -> None:
        """Raises Unavailable while `away`."""
        if self.away:
            raise unanswered()

    async def create_room(self, name: str, metadata: str = "") -> None:
        """Makes the room and says room_started; one that is there stays as it is."""
        await self.check()
        if name not in self.rooms:
            self.rooms[name] = MemoryRoom(self._new("RM"), metadata)
            self._say("room_started", name)

    async def create_brief_room(self, name: str, people: int) -> None:
        """The same with `places`; the twin does not end it by itself."""
        await self.create_room(name)
        self.rooms[name].places = people

    async def list_rooms(self) -> list[EngineRoom]:
        """All rooms."""
        await self.check()
        return [EngineRoom(name, room.sid) for name, room in self.rooms.items()]

    async def people(self, room: str) -> list[Person]:
        """Who is in; Unavailable for a room that is not there."""
        return list((await self._room(room)).people.values())

    async def delete_room(self, room: str) -> None:
        """Puts everybody out and says so."""
        await self.check()
        if room not in self.rooms:
            return
        for sid in list(self.rooms[room].people):
            self.leave(room, sid, reason="ROOM_DELETED")
        self._say("room_finished", room)
        del self.rooms[room]

    async def remove(self, room: str, identity: str) -> None:
        """Puts one person out; somebody who is gone is fine."""
        await self.check()
        for person in self._by_identity(room, identity):
            self.leave(room, person.sid, reason="PARTICIPANT_REMOVED")

    async def mute(self, room: str, identity: str, source: str) -> bool:
        """Marks the tracks of this source as muted."""
        await self.check()
        found = False
        for person in self._by_identity(room, identity):
            found = found or any(track.source == source for track in person.tracks)
            tracks = tuple(replace(track, muted=track.muted or track.source == source) for track in person.tracks)
            self.rooms[room].people[person.sid] = replace(person, tracks=tracks)
        return found

    async def permit(self, room: str, identity: str, may: Sequence[str]) -> None:
        """Takes away the tracks of all other sources."""
        await self.check()
        for person in self._by_identity(room, identity):
            tracks = tuple(track for track in person.tracks if track.source in may)
            self.rooms[room].people[person.sid] = replace(person, tracks=tracks, may=tuple(sorted(may)))

    async def set_metadata(self, room: str, metadata: str) -> None:
        """Keeps the text in `rooms[room].metadata`."""
        (await self._room(room)).metadata = metadata

    async def send_data(self, room: str, topic: str, data: bytes, *, to: str | None = None) -> None:
        """Keeps it in `rooms[room].told`, or in `whispered`."""
        there = await self._room(room)
        if to is None:
            there.told.append((topic, data))
        else:
            there.whispered.append((to, topic, data))

    def join_token(self, granted: Pass, *, lifetime: timedelta) -> str:
        """A token that `read_token` accepts."""
        claims = {"sub": granted.identity, "room": granted.room, "name": granted.name, "may": sorted(granted.may)}
        return self._sign(claims | granted.attributes, lifetime)

    def recorder_token(self, *, room: str, identity: str, lifetime: timedelta) -> str:
        """A token that `read_token` accepts."""
        return self._sign({"sub": identity, "room": room, "role": "recorder"}, lifetime)

    def read_event(self, body: bytes, authorization: str) -> EngineEvent:
        """Reads what `post` made."""
        claims = self._verify(authorization)
        if not hmac.compare_digest(str(claims.get("sha256", "")).encode(), body_hash(body).encode()):
            raise forged()
        event = _event_from(json.loads(body))
        if event.at + EVENT_AGE < self._clock():
            raise forged()
        return event

    def read_token(self, token: str) -> Claims:
        """Reads what `join_token` and `recorder_token` made."""
        claims = self._verify(token)
        if not claims.get("sub") or not claims.get("room"):
            raise forged()
        return Claims(claims["sub"], claims["room"], tuple(claims.get("may", ())))

    # What tests do to it

    def enter(
        self,
        room: str,
        identity: str,
        name: str = "",
        *,
        is_hidden: bool = False,
        sources: tuple[str, ...] = ("microphone",),
        may: tuple[str, ...] = SOURCES,
    ) -> Person:
        """Somebody comes in; the same identity's earlier stay ends. Raises KeyError for a room that is not there."""
        for earlier in self._by_identity(room, identity):
            self.leave(room, earlier.sid, reason="DUPLICATE_IDENTITY")
        tracks = tuple(Track(self._new("TR"), source, muted=False) for source in sources if source in may)
        person = Person(self._new("PA"), identity, name, self._clock(), is_hidden, tracks, may)
        self.rooms[room].people[person.sid] = person
        self._say("participant_joined", room, person)
        return person

    def leave(self, room: str, sid: str, *, reason: str = "CLIENT_INITIATED") -> None:
        """Somebody goes."""
        self._say("participant_left", room, self.rooms[room].people.pop(sid), reason)

    def restart(self) -> None:
        """As after a kill: all rooms and people are forgotten, nothing is said."""
        self.rooms.clear()

    def take_events(self) -> list[EngineEvent]:
        """What was said since the last call."""
        said, self.events = self.events, []
        return said

    def post(self, event: EngineEvent) -> tuple[bytes, str]:
        """Body and Authorization header with which the engine would post this event."""
        body = json.dumps(asdict(event), default=datetime.isoformat).encode()
        return body, self._sign({"sha256": body_hash(body)}, EVENT_AGE)

    # Inside

    def _new(self, prefix: str) -> str:
        return f"{prefix}_{next(self._count):08d}"

    def _say(self, kind: str, room: str, person: Person | None = None, reason: str | None = None) -> None:
        self.events.append(
            EngineEvent(self._new("EV"), kind, room, self.rooms[room].sid, self._clock(), person, reason)
        )

    def _by_identity(self, room: str, identity: str) -> list[Person]:
        return [p for p in self.rooms[room].people.values() if p.identity == identity] if room in self.rooms else []

    async def _room(self, name: str) -> MemoryRoom:
        await self.check()
        if name not in self.rooms:
            raise unanswered("The media engine does not have this room.")
        return self.rooms[name]

    def _sign(self, claims: dict[str, Any], lifetime: timedelta) -> str:
        claims = claims | {"iss": self.key, "exp": int((self._clock() + lifetime).timestamp())}
        return jwt.encode(claims, self.secret, algorithm="HS256")

    def _verify(self, token: str) -> dict[str, Any]:
        options: Any = {"require": ["exp"], "verify_exp": False}  # not by the wall clock, but by ours, below
        try:
            claims = jwt.decode(token, self.secret, algorithms=["HS256"], issuer=self.key, options=options)
        except (jwt.PyJWTError, ValueError):
            raise forged() from None
        if claims["exp"] <= self._clock().timestamp():
            raise forged()
        return claims


def _event_from(data: dict[str, Any]) -> EngineEvent:
    person = data["person"]
    if person is not None:
        tracks = tuple(Track(**track) for track in person["tracks"])
        joined_at = datetime.fromisoformat(person["joined_at"])
        person = Person(**person | {"joined_at": joined_at, "tracks": tracks, "may": tuple(person["may"])})
    return EngineEvent(**data | {"at": datetime.fromisoformat(data["at"]), "person": person})
