"""The engine's door on real parts: people come in through it, events come in through it, and nobody else does."""

import asyncio
import base64
import contextlib
import logging
import secrets
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import httpx
import jwt
import pytest
import sqlalchemy as sa
import uvicorn
from fastapi import FastAPI, Request, Response
from livekit import rtc
from livekit.protocol.models import ClientInfo
from livekit.protocol.rtc import JoinRequest, WrappedJoinRequest

from convene import access, config, roles, rooms, sessions, tables
from convene.courier import Courier
from convene.db import Database, Tx
from convene.engine import SOURCES, Engine, Pass
from convene.errors import Refusal, Unauthenticated
from convene.livekit import LiveKit
from convene.mail import mailer
from convene.runtime import Runtime
from convene.storage import Storage
from convene.tickets import Tickets
from convene.web import engine as door_module
from convene.web.app import create_app, guarded, refused
from tests.livekit_server import DEADLINE, KEY, SECRET, LiveKitServer, free_port, in_room, livekit_server
from tests.world import key_pair

MINUTES = timedelta(minutes=5)
PATIENCE = aiohttp.ClientTimeout(total=DEADLINE)
_JOIN = JoinRequest(client_info=ClientInfo(sdk=ClientInfo.JS, protocol=16))
_WRAPPED = WrappedJoinRequest(join_request=_JOIN.SerializeToString()).SerializeToString()
JOIN_REQUEST = "&" + urlencode({"join_request": base64.b64encode(_WRAPPED).decode()})
OTHERS = ("httpx", "httpcore", "livekit")  # the loggers of what plays the client here


@dataclass
class Door:
    """Our door on a port, with one meeting that is open."""

    port: int
    runtime: Runtime
    session: sessions.Session
    room: rooms.Room

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def admit(self, name: str = "Ann") -> tuple[str, str]:
        """Somebody new in the meeting: identity, join token."""
        _session, person, _key = await self.runtime.db.write(sessions.admit, self.room, name, sessions.GUEST, None)
        return person.id, self.token(person.id)

    def token(self, identity: str, room: str = "", lifetime: timedelta = MINUTES) -> str:
        names: dict[str, Any] = {"room": room or self.session.engine_room, "identity": identity, "name": "Ann"}
        return self.runtime.engine.join_token(Pass(**names, is_host=False), lifetime=lifetime)

    async def row(self, statement: str) -> Any:
        def work(tx: Tx) -> Any:
            return tx.connection.execute(sa.text(statement)).scalar()

        return await self.runtime.db.read(work)


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def opened_door(folder: Path, engine_url: str, port: int) -> AsyncIterator[Door]:
    """The door alone, served by uvicorn, on a database of its own."""
    settings = replace(config.load({}, folder), data=str(folder), port=port)
    db, engine = Database(settings.database), LiveKit(engine_url, KEY, SECRET)
    runtime = Runtime(settings, db, engine, Storage(settings), Courier(settings), mailer(settings))
    async with AsyncExitStack() as stack:
        for part in (db, engine):
            await part.open()
            stack.push_async_callback(part.close)
        await db.write(lambda tx: tables.metadata.create_all(tx.connection))
        room, session = await db.write(opened_meeting)
        await stack.enter_async_context(served(app_of(runtime), port))
        yield Door(port, runtime, session, room)


def opened_meeting(tx: Tx) -> tuple[rooms.Room, sessions.Session]:
    application = access.application(tx, access.create_first(tx, "Alice", key_pair()).application_id)
    room = rooms.create(tx, application, rooms.Spec("Demo"), limit=10, digits=12)
    session, _person, _key = sessions.admit(tx, room, "Host", sessions.HOST, None)
    return room, session


def app_of(runtime: Runtime) -> Any:
    app = FastAPI()
    app.include_router(door_module.router(runtime))

    @app.exception_handler(Refusal)
    async def refuse(_request: Request, refusal: Refusal) -> Response:
        return refused(refusal)

    return guarded(app, runtime)


@asynccontextmanager
async def served(app: Any, port: int) -> AsyncIterator[None]:
    server = _Server(uvicorn.Config(app, "127.0.0.1", port, log_config=None, access_log=False, lifespan="off"))
    task = asyncio.create_task(server.serve())
    try:
        await until(lambda: server.started)
        yield
    finally:
        server.should_exit = True
        await task


async def until(found: Callable[[], Any]) -> Any:
    """Waits until `found()`, plain or async, gives something."""
    end = time.monotonic() + DEADLINE
    while True:
        answer = found()
        answer = await answer if asyncio.iscoroutine(answer) else answer
        if answer:
            return answer
        assert time.monotonic() < end, "it did not happen"
        await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
def port() -> int:
    """Of our door: the engine must know it before it starts."""
    return free_port()


@pytest.fixture(scope="module")
def server(port: int) -> Iterator[LiveKitServer]:
    with livekit_server(f"http://127.0.0.1:{port}/internal/engine-events") as running:
        yield running


@pytest.fixture
async def door(server: LiveKitServer, port: int, tmp_path: Path) -> AsyncIterator[Door]:
    async with opened_door(tmp_path, server.url, port) as made:
        await made.runtime.engine.create_room(made.session.engine_room)
        yield made
        await made.runtime.engine.delete_room(made.session.engine_room)


async def upgrade(door: Door, token: str, *, path: str = "/rtc", headers: dict[str, str] | None = None) -> int:
    """The status with which an upgrade is answered: 101, or that of its refusal."""
    url = f"{door.ws}{path}?access_token={token}{JOIN_REQUEST}"
    async with aiohttp.ClientSession(timeout=PATIENCE) as client:
        try:
            async with client.ws_connect(url, headers=headers):
                return 101
        except aiohttp.WSServerHandshakeError as error:
            return error.status


async def validated(door: Door, token: str, path: str = "/rtc") -> tuple[int, str]:
    url = f"{door.http}{path}/validate?access_token={token}{JOIN_REQUEST}"
    async with aiohttp.ClientSession(timeout=PATIENCE) as client, client.get(url) as answer:
        return answer.status, await answer.text()


# --- People ---------------------------------------------------------------------------------------------------------


async def test_two_people_meet_through_the_door(door: Door) -> None:
    (ann, ann_token), (ben, ben_token) = await door.admit(), await door.admit("Ben")
    heard: list[tuple[str, int]] = []
    async with in_room(door.ws, ben_token, speaks=False) as room:
        room.on("track_subscribed", lambda track, _publication, person: heard.append((person.identity, track.kind)))
        async with in_room(door.ws, ann_token):
            await until(lambda: heard)
            assert heard == [(ann, rtc.TrackKind.KIND_AUDIO)]
            inside = await door.runtime.engine.people(door.session.engine_room)
            assert {person.identity for person in inside} == {ann, ben}
            assert set(door_module._open) == {ann, ben}
    await until(lambda: not door_module._open)


async def test_a_meeting_that_passes_the_door_becomes_a_session(door: Door) -> None:
    """The engine's own posts arrive at the same door, are verified and applied."""
    ann, token = await door.admit()
    async with in_room(door.ws, token, speaks=False):
        await until(lambda: door.row("select count(*) from session where state = 'running'"))
        assert await door.row("select person_id from participant where left_at is null") == ann
    await until(lambda: door.row("select count(*) from participant where reason = 'CLIENT_INITIATED'"))
    assert await door.row("select count(*) from event") == 3  # started, joined, left


@pytest.mark.parametrize("path", ["/rtc", "/rtc/v1"])
async def test_both_paths_of_clients_are_passed(door: Door, path: str) -> None:
    _ann, token = await door.admit()
    assert await validated(door, token, path) == (200, "success")
    assert await upgrade(door, token, path=path) == 101


@pytest.mark.parametrize("path", ["/rtc", "/rtc/v1"])
async def test_a_ticket_opens_once_its_holder_is_let_in(door: Door, path: str) -> None:
    early, late, refused = (secrets.token_urlsafe(32) for _ in range(3))
    tickets, (ann, token) = door.runtime.tickets, await door.admit()
    waiting = [asyncio.create_task(upgrade(door, ticket, path=path)) for ticket in (early, refused)]
    await until(lambda: tickets._waiting == 2)
    tickets.give(early, token)
    tickets.refuse(refused)
    assert await asyncio.gather(*waiting) == [101, 401]
    tickets.give(late, token)
    tickets.give(refused, token)
    assert await upgrade(door, late, path=path) == 101
    assert (await validated(door, late, path), (await validated(door, refused, path))[0]) == ((200, "success"), 401)
    await door.runtime.db.write(sessions.remove, door.session.id, ann)
    assert await upgrade(door, late, path=path) == 403, "a ticket is worth no more than its token"
    assert await upgrade(door, "no ticket", path=path) == 401


@pytest.mark.parametrize("bounds", [{"patience": 0.05}, {"most": 0}])
async def test_a_ticket_that_nobody_gives_is_not_waited_for_without_end(bounds: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated):
        await Tickets(**bounds).exchange(secrets.token_urlsafe(32))


async def test_a_ticket_is_forgotten_soon() -> None:
    tickets, ticket = Tickets(life=0.2, patience=0), secrets.token_urlsafe(32)
    tickets.give(ticket, "token")
    assert await tickets.exchange(ticket) == "token"
    await until(lambda: not tickets._answers)
    with pytest.raises(Unauthenticated):
        await tickets.exchange(ticket)


async def test_a_long_address_is_passed(door: Door) -> None:
    """A browser that cannot compress sends its offer as it is."""
    _ann, token = await door.admit()
    assert await upgrade(door, f"{token}&padding={'A' * 30_000}", path="/rtc/v1") == 101


async def test_a_removed_person_is_out_and_stays_out(door: Door) -> None:
    ann, token = await door.admit()
    lost: list[int] = []
    async with in_room(door.ws, token, speaks=False) as room:
        room.on("disconnected", lost.append)
        await until(lambda: door.runtime.engine.people(door.session.engine_room))
        await door.runtime.db.write(sessions.remove, door.session.id, ann)
        await door.runtime.engine.remove(door.session.engine_room, ann)
        door_module.close_for(ann)
        await until(lambda: lost)
        assert lost == [rtc.DisconnectReason.PARTICIPANT_REMOVED]
    with pytest.raises(rtc.ConnectError):
        async with in_room(door.ws, token, speaks=False):
            pytest.fail("came in again")
    assert await upgrade(door, token) == 403
    assert (await validated(door, token))[0] == 403
    assert await upgrade(door, door.token(ann)) == 403  # a token that is fresh helps as little
    assert await door.runtime.engine.people(door.session.engine_room) == []


async def test_an_older_token_gives_what_is_allowed_now(door: Door) -> None:
    """Nothing but the door puts it right here: no worker runs."""
    ann_id, token = await door.admit()
    assert door.runtime.engine.read_token(token).may == SOURCES
    await door.runtime.db.write(roles.allow, door.session.id, {"microphone": False})
    async with in_room(door.ws, token, speaks=False):
        [ann] = await door.runtime.engine.people(door.session.engine_room)
        assert ann.may == ("camera", "screen_share", "screen_share_audio")
    await door.runtime.db.write(roles.allow, door.session.id, {"camera": False, "share": False})
    async with in_room(door.ws, token, speaks=False) as room:
        track = rtc.LocalAudioTrack.create_audio_track("microphone", rtc.AudioSource(48000, 1))
        with contextlib.suppress(Exception):  # refused, in the SDK's own words
            await asyncio.wait_for(room.local_participant.publish_track(track), DEADLINE)
        people = await door.runtime.engine.people(door.session.engine_room)
        assert [(p.may, p.tracks) for p in people if p.identity == ann_id] == [((), ())]


async def test_close_for_ends_an_open_connection(door: Door) -> None:
    ann, token = await door.admit()
    async with aiohttp.ClientSession() as client, client.ws_connect(f"{door.ws}/rtc?access_token={token}") as socket:
        first = await socket.receive()
        assert first.type is aiohttp.WSMsgType.BINARY  # the engine's JoinResponse
        door_module.close_for(ann)
        await until(lambda: _drained(socket))
        assert socket.close_code == 1008
    await until(lambda: not door_module._open)


async def _drained(socket: aiohttp.ClientWebSocketResponse) -> bool:
    return (await socket.receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)


async def test_removed_while_connecting(door: Door) -> None:
    """The race that the second check names: the removal comes when the engine does not yet know the person."""
    ann, token = await door.admit()

    class Slow:
        """The engine, with a removal just before the upgrade reaches it."""

        read_token = staticmethod(door.runtime.engine.read_token)

        @property
        def signal_url(self) -> str:
            with sqlite3.connect(door.runtime.settings.folder / "convene.db") as other:
                other.execute("update admission set removed_at = 1 where id = ?", (ann,))
            return door.runtime.engine.signal_url

    raced = replace(door, port=free_port())
    late: Any = Slow()
    async with served(app_of(replace(door.runtime, engine=late)), raced.port):
        assert await upgrade(raced, token) == 403


@pytest.mark.parametrize("path", ["/rtc", "/rtc/v1"])
async def test_an_ended_meeting_is_refused(door: Door, path: str) -> None:
    _ann, token = await door.admit()
    await door.runtime.db.write(sessions.close, door.room.id)
    assert await upgrade(door, token, path=path) == 403
    assert (await validated(door, token, path))[0] == 403


async def test_who_was_not_admitted_to_this_meeting_is_refused(door: Door) -> None:
    ann, _token = await door.admit()
    recorder: dict[str, Any] = {"room": door.session.engine_room, "identity": "recorder-1", "lifetime": MINUTES}
    tokens = {
        "stranger": door.token("nobody"),
        "another meeting": door.token(ann, room="another"),
        "recorder": door.runtime.engine.recorder_token(**recorder),
    }
    for who, token in tokens.items():
        assert (who, await upgrade(door, token)) == (who, 403)
        assert (who, (await validated(door, token))[0]) == (who, 403)


async def test_garbage_and_foreign_tokens_are_refused(door: Door) -> None:
    ann, good = await door.admit()
    claims = jwt.decode(good, options={"verify_signature": False})
    tokens = {
        "none": "",
        "garbage": "garbage",
        "dots": "a.b.c",
        "foreign": jwt.encode(claims, "the secret of another engine, which is as long", algorithm="HS256"),
        "unsigned": jwt.encode(claims, None, algorithm="none"),
        "expired": door.token(ann, lifetime=timedelta(minutes=-5)),
        "of the engine's events": jwt.encode({"iss": KEY, "exp": claims["exp"], "sha256": "x"}, SECRET),
        "huge": good + "A" * 9000,
    }
    for how, token in tokens.items():
        assert (how, await upgrade(door, token)) == (how, 401)
        assert (how, (await validated(door, token))[0]) == (how, 401)


async def test_only_the_token_that_was_checked_goes_on(door: Door) -> None:
    """Two readers of one request must not find two tokens: a removed person would pass under another's name."""
    ann, ann_token = await door.admit()
    ben, ben_token = await door.admit("Ben")
    await door.runtime.db.write(sessions.remove, door.session.id, ben)
    bearer = {"Authorization": f"Bearer {ben_token}"}
    assert await upgrade(door, ann_token, headers=bearer) == 403
    assert await upgrade(door, f"{ann_token}&access_token={ben_token}") == 403
    assert await upgrade(door, ann_token, headers={"Authorization": f"Basic {ann_token}"}) == 401
    url = f"{door.ws}/rtc?access_token={ben_token}&access_token={ann_token}"
    async with aiohttp.ClientSession() as client, client.ws_connect(url):
        assert set(door_module._open) == {ann}


async def test_the_engines_own_refusal_is_passed_on(door: Door) -> None:
    _ann, token = await door.admit()
    await door.runtime.engine.delete_room(door.session.engine_room)
    assert await upgrade(door, token) == 404
    status, text = await validated(door, token)
    assert (status, "does not exist" in text) == (404, True)


async def test_nothing_else_of_the_engine_is_passed(door: Door) -> None:
    _ann, token = await door.admit()
    async with httpx.AsyncClient(base_url=door.http, headers={"Authorization": f"Bearer {token}"}) as client:
        for path in (
            "/twirp/livekit.RoomService/ListRooms",
            "/agent",
            "/rtc/v2",
            "/rtc/v1/other",
            "/whip/v1",
            "/debug",
        ):
            for method in ("GET", "HEAD", "POST"):
                assert (path, (await client.request(method, path)).status_code) == (path, 404)
        for method in ("HEAD", "POST", "DELETE"):
            assert (await client.request(method, "/rtc/validate")).status_code == 405
        assert (await client.get("/rtc", params={"access_token": token})).status_code == 404


async def test_too_large_a_message_ends_the_connection(door: Door) -> None:
    _ann, token = await door.admit()
    async with aiohttp.ClientSession() as client, client.ws_connect(f"{door.ws}/rtc?access_token={token}") as socket:
        await socket.send_bytes(b"x" * (door_module.LARGEST_MESSAGE + 1))
        await until(lambda: _drained(socket))
        assert socket.close_code == 1009


async def test_a_killed_engine_ends_the_connection_and_is_unavailable(tmp_path: Path) -> None:
    with livekit_server() as own:
        async with opened_door(tmp_path, own.url, free_port()) as door:
            await door.runtime.engine.create_room(door.session.engine_room)
            _ann, token = await door.admit()
            url = f"{door.ws}/rtc?access_token={token}"
            async with aiohttp.ClientSession() as client, client.ws_connect(url) as socket:
                own.kill()
                await until(lambda: _drained(socket))
                assert socket.close_code == 1011
            assert await upgrade(door, token) == 503
            assert (await validated(door, token))[0] == 503
            own.start_again()
            assert await upgrade(door, token) == 404
            await door.runtime.engine.create_room(door.session.engine_room)
            assert await upgrade(door, token) == 101


async def test_no_token_is_logged(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever happens on the way. Below INFO the web server itself writes whole requests: we never let it."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, "uvicorn.error")
    ann, good = await door.admit()
    ben, removed = await door.admit("Ben")
    await door.runtime.db.write(sessions.remove, door.session.id, ben)
    expired = door.token(ann, lifetime=timedelta(minutes=-5))
    ticket = secrets.token_urlsafe(32)
    door.runtime.tickets.give(ticket, good)
    tokens = [good, removed, expired, good[:-8] + "AAAAAAAA", ticket]
    whole = replace(door, port=free_port())
    async with served(create_app(door.runtime), whole.port):
        async with in_room(whole.ws, good, speaks=False):
            pass
        for token in tokens:
            for path in ("/rtc", "/rtc/v1"):
                await upgrade(whole, token, path=path)
                await upgrade(whole, "", path=path, headers={"Authorization": f"Bearer {token}"})
                await validated(whole, token, path)
        await door.runtime.engine.delete_room(door.session.engine_room)
        assert await upgrade(whole, good) == 404
    away = replace(door, port=free_port())
    nobody: Engine = LiveKit("ws://127.0.0.1:9", KEY, SECRET)
    async with served(create_app(replace(door.runtime, engine=nobody)), away.port):
        assert await upgrade(away, good) == 503
        assert (await validated(away, good))[0] == 503
    ours = [record for record in caplog.records if not record.name.startswith(OTHERS)]
    assert {record.name.split(".")[0] for record in ours} >= {"uvicorn", "convene"}
    text = "".join(f"{record.getMessage()} {vars(record)}" for record in ours)
    for token in tokens:
        for part in token.split(".")[1:]:
            assert part not in text
