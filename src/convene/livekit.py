"""The real engine: LiveKit's server API, its tokens and its webhooks, turned into our plain values.

Facts about the server are from livekit-server v1.13.5. Nothing of protobuf leaves this file.
"""

import asyncio
import contextlib
import hmac
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import aiohttp
import jwt
from google.protobuf import json_format
from livekit import api

from convene.db import Clock, utcnow
from convene.engine import (
    EVENT_AGE,
    SOURCES,
    Claims,
    EngineEvent,
    EngineRoom,
    Pass,
    Person,
    Track,
    body_hash,
    forged,
    unanswered,
)
from convene.errors import Unavailable

log = logging.getLogger(__name__)

TIMEOUT = aiohttp.ClientTimeout(total=3)
EMPTY = (
    10 * 60
)  # seconds that the engine keeps a room without people. We end sessions long before; this cleans up after us
BRIEF = 15  # seconds that it keeps one that was made for a moment
SETTLE = 0.2  # seconds until somebody who is just coming in can be found by RemoveParticipant
LONGEST_TOKEN = 8192  # bytes; a token of ours has some 500

Q = TypeVar("Q")
A = TypeVar("A")


class LiveKit:
    """`url` like ws://127.0.0.1:7880; key and secret are the server's one pair (of several it takes any to sign)."""

    def __init__(self, url: str, key: str, secret: str, *, clock: Clock = utcnow):
        self.signal_url = url.rstrip("/").replace("http", "ws", 1) if url.startswith("http") else url.rstrip("/")
        self._key, self._secret, self._clock = key, secret, clock
        self._verifier = api.TokenVerifier(key, secret)
        self._api: api.LiveKitAPI | None = None

    async def open(self) -> None:
        """Makes the HTTP session; does not speak to the server."""
        self._api = api.LiveKitAPI(self.signal_url, self._key, self._secret, timeout=TIMEOUT, failover=False)

    async def close(self) -> None:
        """Closes the HTTP session."""
        if self._api is not None:
            await self._api.aclose()
            self._api = None

    # --- Rooms ------------------------------------------------------------------------------------------------------

    async def check(self) -> None:
        """One authenticated call that finds nothing: also tells when the key is wrong."""
        await self._ask("check", self._rooms.list_rooms, api.ListRoomsRequest(names=["-"]))

    async def create_room(self, name: str, metadata: str = "") -> None:
        """CreateRoom returns a live room unchanged."""
        request = api.CreateRoomRequest(name=name, metadata=metadata, empty_timeout=EMPTY, departure_timeout=EMPTY)
        await self._ask("create_room", self._rooms.create_room, request)

    async def create_brief_room(self, name: str, people: int) -> None:
        """As above; the engine counts to `max_participants` when somebody comes."""
        request = api.CreateRoomRequest(
            name=name, max_participants=people, empty_timeout=BRIEF, departure_timeout=BRIEF
        )
        await self._ask("create_brief_room", self._rooms.create_room, request)

    async def list_rooms(self) -> list[EngineRoom]:
        """All rooms of the server or cluster. Its counts of people are often wrong and not given here."""
        found = await self._ask("list_rooms", self._rooms.list_rooms, api.ListRoomsRequest())
        return [EngineRoom(room.name, room.sid) for room in found.rooms]

    async def people(self, room: str) -> list[Person]:
        """Who is in."""
        return [_person(info, self._clock()) for info in await self._participants(room)]

    async def delete_room(self, room: str) -> None:
        """Ends the room; one that is not found is gone already."""
        with contextlib.suppress(_Missing):
            await self._ask("delete_room", self._rooms.delete_room, api.DeleteRoomRequest(room=room))

    async def set_metadata(self, room: str, metadata: str) -> None:
        """Shows this text to everybody in the room."""
        request = api.UpdateRoomMetadataRequest(room=room, metadata=metadata)
        await self._ask("set_metadata", self._rooms.update_room_metadata, request)

    async def send_data(self, room: str, topic: str, data: bytes, *, to: str | None = None) -> None:
        """By the reliable data channel of each."""
        request = api.SendDataRequest(room=room, data=data, kind=api.DataPacket.Kind.RELIABLE, topic=topic)
        request.destination_identities.extend([to] if to else [])
        await self._ask("send_data", self._rooms.send_data, request)

    # --- People -----------------------------------------------------------------------------------------------------

    async def remove(self, room: str, identity: str) -> None:
        """Puts one person out."""
        request = api.RoomParticipantIdentity(room=room, identity=identity)
        await self._insist("remove", self._rooms.remove_participant, request)

    async def permit(self, room: str, identity: str, may: Sequence[str]) -> None:
        """The server ends the tracks of other sources, tells the client, and gives it a new token with this in it."""
        request = api.UpdateParticipantRequest(room=room, identity=identity, permission=_permission(may))
        await self._insist("permit", self._rooms.update_participant, request)

    async def mute(self, room: str, identity: str, source: str) -> bool:
        """Mutes every track of this source. (Unmuting somebody else is not possible, by the server's own rule.)"""
        sids = [
            track.sid
            for info in await self._participants(room)
            if info.identity == identity
            for track in info.tracks
            if _source(track) == source
        ]
        for sid in sids:
            request = api.MuteRoomTrackRequest(room=room, identity=identity, track_sid=sid, muted=True)
            try:
                await self._ask("mute", self._rooms.mute_published_track, request)
            except _Missing:  # gone since we looked
                return False
        return bool(sids)

    async def _participants(self, room: str) -> list[api.ParticipantInfo]:
        """A closed room is an error with the server's psrpc switch; without, it looks empty, so that is asked too."""
        request = api.ListParticipantsRequest(room=room)
        answer = await self._ask("people", self._rooms.list_participants, request)
        if not answer.participants:
            named = api.ListRoomsRequest(names=[room])
            if not (await self._ask("people", self._rooms.list_rooms, named)).rooms:
                raise _Missing()
        return list(answer.participants)

    # --- Tokens -----------------------------------------------------------------------------------------------------

    def join_token(self, granted: Pass, *, lifetime: timedelta) -> str:
        """For a browser: never a right over the room or over others, for the host neither.

        Data messages carry raised hands and reactions. The role, the name and the consent stay ours: nobody may change his own.
        """
        grants = api.VideoGrants(
            room_join=True,
            room=granted.room,
            can_publish=bool(granted.may),
            can_publish_sources=sorted(granted.may),
            can_subscribe=True,
            can_publish_data=True,
            can_update_own_metadata=False,
        )
        token = self._token(granted.identity, grants, lifetime).with_name(granted.name)
        return token.with_attributes(granted.attributes).to_jwt()

    def recorder_token(self, *, room: str, identity: str, lifetime: timedelta) -> str:
        """For our recorder: kind egress and hidden, so that it neither holds the room open nor is seen in it."""
        grants = api.VideoGrants(
            room_join=True,
            room=room,
            can_publish=False,
            can_subscribe=True,
            can_publish_data=False,
            can_update_own_metadata=False,
            hidden=True,
            recorder=True,
        )
        return self._token(identity, grants, lifetime).with_kind("egress").to_jwt()

    def read_token(self, token: str) -> Claims:
        """What a join token says, ours or one that the server refreshed for a client in the room."""
        claims = self._verify(token)
        if not (claims.video and claims.video.room_join and claims.video.room and claims.identity):
            raise forged()
        video = claims.video
        return Claims(claims.identity, video.room, _may(video.can_publish, video.can_publish_sources or ()))

    def _token(self, identity: str, grants: api.VideoGrants, lifetime: timedelta) -> api.AccessToken:
        return api.AccessToken(self._key, self._secret).with_identity(identity).with_grants(grants).with_ttl(lifetime)

    def _verify(self, token: str) -> api.access_token.Claims:
        """HS256 with our secret alone, issuer and expiry required; whatever is wrong, there is one answer."""
        try:
            if len(token) > LONGEST_TOKEN:
                raise ValueError
            return self._verifier.verify(token)
        except (jwt.PyJWTError, json_format.Error, ValueError, TypeError, AttributeError):
            raise forged() from None

    # --- Events -----------------------------------------------------------------------------------------------------

    def read_event(self, body: bytes, authorization: str) -> EngineEvent:
        """The signature covers the raw bytes: they are compared before anything in them is read."""
        claims = self._verify(authorization)
        if not hmac.compare_digest(str(claims.sha256).encode(), body_hash(body).encode()):
            raise forged()
        try:
            event = json_format.Parse(body, api.WebhookEvent(), ignore_unknown_fields=True)
        except (json_format.ParseError, ValueError):
            raise forged() from None
        at = datetime.fromtimestamp(event.created_at, UTC)
        if at + EVENT_AGE < self._clock():
            raise forged()
        info = event.participant if event.HasField("participant") else None
        return EngineEvent(
            id=event.id,
            kind=event.event,
            room=event.room.name,
            room_sid=event.room.sid,
            at=at,
            person=_person(info, at) if info else None,
            reason=api.DisconnectReason.Name(info.disconnect_reason) if info and info.disconnect_reason else None,
        )

    # --- Calls ------------------------------------------------------------------------------------------------------

    @property
    def _rooms(self) -> api.room_service.RoomService:
        if self._api is None:
            raise RuntimeError("LiveKit is used before open() or after close()")
        return self._api.room

    async def _ask(self, call: str, method: Callable[[Q], Awaitable[A]], request: Q) -> A:
        """One call. Raises Unavailable, and _Missing where the server says "not found".

        A broken connection is tried once more: it may be a kept one that the server had closed, and every call here may
        be made twice. Nothing is logged but the code: the server's messages quote tokens.
        """
        try:
            try:
                return await method(request)
            except aiohttp.ClientConnectionError:
                return await method(request)
        except api.ServerError as error:
            reason = error.code
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            reason = type(error).__name__
        if reason == api.TwirpErrorCode.NOT_FOUND:
            raise _Missing()
        log.warning("engine call failed", extra={"event": "engine_call_failed", "call": call, "reason": reason})
        raise unanswered()

    async def _insist(self, call: str, method: Callable[[Q], Awaitable[A]], request: Q) -> None:
        """One call about a person. The server looks into its store first, which lags behind the room: so "not found" is
        believed only the second time."""
        try:
            await self._ask(call, method, request)
        except _Missing:
            await asyncio.sleep(SETTLE)
            with contextlib.suppress(_Missing):
                await self._ask(call, method, request)


class _Missing(Unavailable):
    """The server says that it has no such room or person; most callers need not tell this from no answer."""

    def __init__(self) -> None:
        super().__init__("engine_unavailable", "The media engine does not have this room.", details={"retry_after": 2})


def _person(info: api.ParticipantInfo, otherwise: datetime) -> Person:
    joined = info.joined_at_ms / 1000 or info.joined_at
    hidden = info.kind == api.ParticipantInfo.Kind.EGRESS or info.permission.hidden or info.permission.recorder
    return Person(
        sid=info.sid,
        identity=info.identity,
        name=info.name,
        joined_at=datetime.fromtimestamp(joined, UTC) if joined else otherwise,
        is_hidden=hidden,
        tracks=tuple(Track(track.sid, _source(track), track.muted) for track in info.tracks),
        may=_may(info.permission.can_publish, map(_name_of, info.permission.can_publish_sources)),
    )


def _may(can_publish: bool, sources: Iterable[str]) -> tuple[str, ...]:
    """To the server, a permission to send that names no source is one for all."""
    return (tuple(sorted(sources)) or SOURCES) if can_publish else ()


def _permission(may: Sequence[str]) -> api.ParticipantPermission:
    """All that a person is permitted, as `join_token` says it: what is left out here would be taken away."""
    sources: list[api.TrackSource | str] = [source.upper() for source in sorted(may)]
    return api.ParticipantPermission(
        can_subscribe=True, can_publish=bool(may), can_publish_sources=sources, can_publish_data=True
    )


def _source(track: api.TrackInfo) -> str:
    return _name_of(track.source)


def _name_of(source: int) -> str:
    return api.TrackSource.Name(source).lower()
