"""Callbacks: signed as the official libraries expect, in order, again and again, and never at another's expense."""

import asyncio
import hashlib
import json
import logging
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import unquote

import jwt
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from convene import access, applications, callbacks, events, lifecycle, tables
from convene.callbacks import Deliveries
from convene.courier import Courier
from convene.db import Database, Tx
from convene.errors import NotFound, Unavailable
from convene.events import EventType
from tests.announcements import EIGHT, announcement
from tests.receiver import Receiver, Request, receiving
from tests.test_events import a_room, a_session, emit
from tests.world import World

JOINED = EventType.PARTICIPANT_JOINED
NPM = Path(__file__).parent / "npm"


@asynccontextmanager
async def quick(world: World, timeout: float = 5) -> AsyncIterator[Deliveries]:
    """The loop's object with a courier of short patience."""
    courier = Courier(world.runtime.settings, timeout=timedelta(seconds=timeout))
    await courier.open()
    try:
        yield Deliveries(world.db, courier)
    finally:
        await courier.close()


@asynccontextmanager
async def running(*deliveries: Deliveries) -> AsyncIterator[None]:
    """The loops, running."""
    tasks = [asyncio.create_task(one.run()) for one in deliveries]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Waits for it."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def urls(
    world: World, receiver: Receiver, rooms: str = "/ok", sessions: str = "/ok", recordings: str = "/ok"
) -> None:
    given = {"rooms": rooms, "sessions": sessions, "recordings": recordings}
    await world.db.write(
        access.set_callback_urls, world.application_id, **{family: receiver.url(path) for family, path in given.items()}
    )


async def lane(world: World) -> Callable[..., Awaitable[list[str]]]:
    """A session; what it returns announces events in it."""
    room = await a_room(world)
    session = await a_session(world, room)
    return lambda *kinds: emit(world, *[announcement(kind, room.id, session) for kind in kinds])


async def drained(deliveries: Deliveries) -> None:
    while await deliveries.step():
        pass


async def states(world: World, event_id: str) -> list[tuple[str, int]]:
    found = await world.db.read(callbacks.deliveries_of, world.application_id, event_id)
    return [(one.state, one.attempt) for one in found]


async def outcomes(world: World, event_id: str) -> list[tuple[int, str, int | None]]:
    found = await world.db.read(callbacks.attempts_of, world.application_id, event_id)
    return [(one.number, one.outcome, one.status) for one in found]


def types(requests: list[Request]) -> list[object]:
    return [request.json["event"] for request in requests]


# --- What is sent ---------------------------------------------------------------------------------------------------


async def test_all_eight_arrive_in_order_with_headers_and_exact_bytes(world: World) -> None:
    world.now = datetime.now(UTC).replace(microsecond=0)
    room = await a_room(world, metadata="Zoë: 100 %")
    session = await a_session(world, room)
    async with receiving() as receiver, quick(world) as deliveries:
        await urls(world, receiver, "/ok/rooms", "/ok/sessions", "/ok/recordings")
        ids = await emit(world, *[announcement(kind, room.id, session) for kind in EIGHT])
        await drained(deliveries)
        in_session = [request for request in receiver.requests if request.path != "/ok/rooms"]
        assert types(in_session) == [kind.value for kind in EIGHT if kind is not EventType.ROOM_EXPIRED]
        assert [request.headers["x-convene-sequence"] for request in in_session] == [str(n) for n in range(1, 8)]
        for event_id in ids:
            event = await world.db.read(events.get, world.application_id, event_id)
            [request] = [one for one in receiver.requests if one.headers["webhook-id"] == event_id]
            assert request.body == event.body.encode() and event.state == "delivered"
            assert request.headers["content-type"] == "application/json"
            assert request.headers["user-agent"] == "Convene-Callbacks/1"
            assert request.headers["webhook-timestamp"] == str(int(world.now.timestamp()))
            assert request.headers["x-convene-metadata"] == "Zo%C3%AB: 100 %25"
            assert request.path == f"/ok/{event.type.split(':')[0]}s"


async def signed_request(world: World) -> Request:
    announce = await lane(world)
    async with receiving() as receiver, quick(world) as deliveries:
        await urls(world, receiver)
        await announce(JOINED)
        await drained(deliveries)
        return receiver.requests[0]


async def test_official_python_verifier_accepts_both_secrets_while_rotating(world: World) -> None:
    world.now = datetime.now(UTC)
    rotate = access.rotate_callback_secret
    [first] = await world.db.read(access.callback_secrets, world.application_id)
    second = await world.db.write(rotate, world.application_id, timedelta(seconds=1))
    world.later(seconds=2)  # the first is over
    third = await world.db.write(rotate, world.application_id, timedelta(hours=24))
    request = await signed_request(world)
    for secret in (second, third):
        assert Webhook(secret).verify(request.body, request.headers) == request.json
    with pytest.raises(WebhookVerificationError):
        Webhook(first).verify(request.body, request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(second).verify(request.body + b" ", request.headers)
    newest = Webhook(third).sign(request.headers["webhook-id"], world.now, request.body.decode())
    assert request.headers["webhook-signature"].split(" ")[0] == newest


async def test_the_vendors_signature_comes_beside_where_an_application_asks_for_it(world: World) -> None:
    world.now = datetime.now(UTC)
    [secret] = await world.db.read(access.callback_secrets, world.application_id)
    assert "authorization" not in (await signed_request(world)).headers
    await world.db.write(applications.sign_callbacks, world.application_id, "vonage")
    request, again = await signed_request(world), await signed_request(world)
    assert Webhook(secret).verify(request.body, request.headers) == request.json
    scheme, _, token = request.headers["authorization"].partition(" ")
    claims = jwt.decode(token, secret, algorithms=["HS256"], issuer="Vonage", options={"require": ["iat", "jti"]})
    assert scheme == "Bearer" and jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    assert claims["payload_hash"] == hashlib.sha256(request.body).hexdigest()
    assert (claims["api_key"], claims["application_id"]) == (world.first.api_key, world.application_id)
    assert claims["iat"] == int(request.headers["webhook-timestamp"])
    others = jwt.decode(again.headers["authorization"].partition(" ")[2], secret, algorithms=["HS256"])
    assert others["jti"] != claims["jti"]
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token, secret.removeprefix("whsec_"), algorithms=["HS256"])


async def test_while_rotating_the_vendors_token_is_the_old_secrets_which_receivers_know(world: World) -> None:
    world.now = datetime.now(UTC)
    await world.db.write(applications.sign_callbacks, world.application_id, "vonage")
    [old] = await world.db.read(access.callback_secrets, world.application_id)
    new = await world.db.write(access.rotate_callback_secret, world.application_id, timedelta(seconds=1))

    async def signed_with() -> str:
        token = (await signed_request(world)).headers["authorization"].partition(" ")[2]
        [found] = [secret for secret in (old, new) if _is_signed(token, secret)]
        return found

    assert await signed_with() == old
    world.later(seconds=2)
    assert await signed_with() == new


def _is_signed(token: str, secret: str) -> bool:
    try:
        jwt.decode(token, secret, algorithms=["HS256"], options={"verify_iat": False})
    except jwt.InvalidSignatureError:
        return False
    return True


@pytest.fixture(scope="session")
def npm_verifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The npm package, installed."""
    folder = tmp_path_factory.mktemp("npm")
    for name in ("package.json", "verify.mjs"):
        shutil.copy(NPM / name, folder)
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True, timeout=300)
    return folder


async def test_official_npm_verifier_accepts(world: World, npm_verifier: Path) -> None:
    world.now = datetime.now(UTC)
    request = await signed_request(world)
    [secret] = await world.db.read(access.callback_secrets, world.application_id)

    def verified(body: str) -> subprocess.CompletedProcess[str]:
        given = json.dumps({"secret": secret, "headers": request.headers, "body": body})
        command = ["node", "verify.mjs"]
        return subprocess.run(command, input=given, text=True, capture_output=True, cwd=npm_verifier, timeout=60)

    assert json.loads(verified(request.body.decode()).stdout) == request.json
    assert "No matching signature found" in verified(request.body.decode() + " ").stderr


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_metadata_survives_as_a_header(text: str) -> None:
    value = callbacks.header_text(text)
    assert value.isascii() and (value.isprintable() or not value) and value == value.strip()
    assert unquote(value, errors="strict") == text


def test_plain_metadata_is_sent_as_it_is() -> None:
    assert callbacks.header_text('{"customer": 42}') == '{"customer": 42}'
    assert callbacks.header_text("a\r\nx-evil: 1") == "a%0D%0Ax-evil: 1"


# --- Order ----------------------------------------------------------------------------------------------------------


async def test_first_attempts_of_a_session_wait_for_each_other_and_a_failing_one_for_nobody(world: World) -> None:
    announce = await lane(world)
    async with receiving() as receiver, quick(world, timeout=0.3) as deliveries:
        await urls(world, receiver, sessions="/hang", recordings="/ok")
        kinds = (
            EventType.SESSION_STARTED,
            EventType.RECORDING_STARTED,
            EventType.SESSION_ENDED,
            EventType.RECORDING_ENDED,
        )
        await announce(*kinds)
        for sent in range(1, 5):
            assert await deliveries.step()
            assert types(receiver.requests) == [kind.value for kind in kinds[:sent]]
        assert not await deliveries.step()


async def test_lanes_do_not_wait_for_each_other(world: World) -> None:
    async with receiving() as receiver, quick(world) as deliveries:
        await urls(world, receiver)
        for _ in range(5):
            announce = await lane(world)
            await announce(JOINED, JOINED)
        assert await deliveries.step()
        assert len({request.json["session_id"] for request in receiver.requests}) == len(receiver.requests) == 5


async def test_order_holds_while_the_loop_runs(world: World) -> None:
    async with receiving() as receiver, quick(world) as deliveries:
        await urls(world, receiver, sessions="/ok/a", recordings="/ok/b")
        sessions = [await lane(world) for _ in range(8)]
        async with running(deliveries):
            for kind in (EventType.SESSION_STARTED, EventType.RECORDING_STARTED, JOINED, EventType.SESSION_ENDED) * 3:
                await asyncio.gather(*[announce(kind) for announce in sessions])
            await until(lambda: len(receiver.requests) == 8 * 12)
    for session in {request.json["session_id"] for request in receiver.requests}:
        numbers = [r.headers["x-convene-sequence"] for r in receiver.requests if r.json["session_id"] == session]
        assert numbers == [str(n) for n in range(1, 13)]


# --- Again and again ------------------------------------------------------------------------------------------------


async def test_a_failure_is_tried_again_later_until_it_arrives(world: World) -> None:
    announce = await lane(world)
    async with receiving() as receiver, quick(world) as deliveries:
        await urls(world, receiver, sessions="/500")
        [event_id] = await announce(JOINED)
        assert await deliveries.step()
        world.later(seconds=3)
        assert not await deliveries.step()
        world.later(seconds=4)
        assert await deliveries.step()
        receiver.modes["/500"] = "ok"
        world.later(seconds=13)
        assert await deliveries.step()
        assert await outcomes(world, event_id) == [(1, "refused", 500), (2, "refused", 500), (3, "delivered", 204)]
        assert await states(world, event_id) == [("delivered", 3)]
        assert len({(r.headers["webhook-id"], r.body) for r in receiver.requests}) == 1
        assert len({r.headers["webhook-timestamp"] for r in receiver.requests}) == 3
        first, *_ = await world.db.read(callbacks.attempts_of, world.application_id, event_id)
        assert first.answer == "answer 500" and first.milliseconds >= 0 and first.at < world.now


async def test_the_receiver_may_ask_for_more_time(world: World) -> None:
    announce = await lane(world)
    async with receiving() as receiver, quick(world) as deliveries:
        await urls(world, receiver, sessions="/429")
        await announce(JOINED)
        await deliveries.step()
        world.later(seconds=119)
        assert not await deliveries.step()
        world.later(seconds=2)
        assert await deliveries.step()


async def test_after_72_hours_it_is_given_up_and_can_be_replayed(world: World) -> None:
    announce = await lane(world)
    async with receiving() as receiver, quick(world) as deliveries:
        await urls(world, receiver, sessions="/500")
        [event_id] = await announce(JOINED)
        emitted = world.now
        while world.now < emitted + timedelta(hours=73):
            await drained(deliveries)
            world.later(minutes=30)
        [(state, attempts)] = await states(world, event_id)
        assert state == "dead" and 60 < attempts < 300
        last = (await world.db.read(callbacks.attempts_of, world.application_id, event_id))[-1]
        assert timedelta(hours=70) < last.at - emitted <= timedelta(hours=73)
        receiver.modes["/500"] = "ok"
        assert await world.db.write(callbacks.replay, world.application_id, event_id) == 1
        world.later(hours=1)
        await drained(deliveries)
        assert [state for state, _ in await states(world, event_id)] == ["dead", "delivered"]


async def test_replay_since_sends_what_never_arrived_to_the_url_of_now(world: World) -> None:
    announce = await lane(world)
    async with receiving() as receiver, quick(world) as deliveries:
        unaddressed = await announce(JOINED, JOINED)
        world.later(minutes=1)
        await urls(world, receiver)
        await announce(EventType.SESSION_ENDED)
        await drained(deliveries)
        replay = callbacks.replay_since
        assert await world.db.write(replay, world.application_id, world.now) == 0
        assert await world.db.write(replay, "another", world.now - timedelta(days=1)) == 0
        assert await world.db.write(replay, world.application_id, world.now - timedelta(hours=1)) == 2
        await drained(deliveries)
        assert [r.headers["webhook-id"] for r in receiver.requests][1:] == unaddressed
        since = world.now - timedelta(hours=1)
        assert await world.db.write(replay, world.application_id, since) == 0
        assert await world.db.write(partial(replay, delivered_too=True), world.application_id, since) == 3
        await drained(deliveries)
        again = [r.headers["webhook-id"] for r in receiver.requests][3:]
        assert len(again) == 3
        assert set(again) == {r.headers["webhook-id"] for r in receiver.requests[:3]}
        with pytest.raises(NotFound):
            await world.db.write(callbacks.replay, "another", unaddressed[0])


async def endpoint(world: World) -> lifecycle.Health:
    names = lifecycle.Health.__dataclass_fields__
    [row] = await world.db.read(Tx.all, sa.select(*[tables.endpoint.c[name] for name in names]))
    return lifecycle.Health(**row._mapping)


async def test_gone_disables_at_once_and_replay_enables(world: World) -> None:
    announce = await lane(world)
    async with receiving() as receiver, quick(world) as deliveries:
        await urls(world, receiver, sessions="/410")
        ids = await announce(JOINED, JOINED)
        await drained(deliveries)
        assert len(receiver.requests) == 1
        assert (await endpoint(world)).disabled_reason == "gone"
        [(state, attempts)] = await states(world, ids[1])
        assert (state, attempts) == ("dead", 0)
        receiver.modes["/410"] = "ok"
        assert await world.db.write(callbacks.replay_since, world.application_id, world.now - timedelta(hours=1)) >= 1
        world.later(minutes=1)
        await drained(deliveries)
        assert await endpoint(world) == lifecycle.Health()
        assert (await states(world, ids[1]))[-1] == ("delivered", 1)


async def test_breaker_parks_probes_and_releases_in_order(world: World) -> None:
    async with receiving() as receiver, quick(world) as deliveries:
        await urls(world, receiver, sessions="/500")
        for _ in range(2):
            for _ in range(5):
                announce = await lane(world)
                await announce(JOINED)
            await deliveries.step()
        health = await endpoint(world)
        assert health.failures == 10 and health.probe_at is not None
        late = await lane(world)
        parked = await late(EventType.SESSION_STARTED, JOINED, EventType.SESSION_ENDED)
        await drained(deliveries)
        assert len(receiver.requests) == 10  # nothing but probes from now on
        world.later(minutes=16)
        before = len(receiver.requests)
        await drained(deliveries)
        assert len(receiver.requests) == before + 1
        health = await endpoint(world)
        assert health.probe_at == world.now + timedelta(seconds=10)
        receiver.modes["/500"] = "ok"
        world.later(seconds=9)
        await drained(deliveries)
        assert len(receiver.requests) == before + 1
        world.later(seconds=1)
        await drained(deliveries)
        assert await endpoint(world) == lifecycle.Health()
        found = await world.db.read(events.latest, world.application_id)
        assert [event.state for event in found] == ["delivered"] * 13
        order = [r.headers["webhook-id"] for r in receiver.requests if r.headers["webhook-id"] in parked]
        assert list(dict.fromkeys(order)) == parked


async def test_an_event_that_its_receiver_cannot_stomach_does_not_keep_the_breaker_open(world: World) -> None:
    async with receiving() as receiver, quick(world) as deliveries:
        await urls(world, receiver, sessions="/500")
        for _ in range(10):
            announce = await lane(world)
            await announce(JOINED)
        await drained(deliveries)
        receiver.bad.add(receiver.requests[0].headers["webhook-id"])
        receiver.modes["/500"] = "ok"
        for _ in range(6):
            world.later(minutes=16)
            await drained(deliveries)
        found = await world.db.read(events.latest, world.application_id)
        assert sorted(event.state for event in found) == ["delivered"] * 9 + ["pending"]
        assert (await endpoint(world)).probe_at is None


async def test_five_days_of_failures_disable_but_not_now_and_then(world: World) -> None:
    async with receiving() as receiver, quick(world) as deliveries:
        await urls(world, receiver, sessions="/500")
        began = world.now
        while (await endpoint_or_new(world)).disabled_at is None:
            assert world.now < began + timedelta(days=6)
            announce = await lane(world)
            await announce(JOINED)
            await drained(deliveries)
            world.later(hours=4)
        assert (await endpoint(world)).disabled_reason == "failing"
        assert world.now - began >= timedelta(days=5)
        world.later(hours=2)
        await drained(deliveries)
        found = await world.db.read(events.page, world.application_id, limit=200)
        assert {event.state for event in found} == {"dead"}


async def endpoint_or_new(world: World) -> lifecycle.Health:
    count = await world.db.read(lambda tx: tx.execute(sa.select(sa.func.count()).select_from(tables.endpoint)).scalar())
    return await endpoint(world) if count else lifecycle.Health()


# --- Others' expense, and accidents ---------------------------------------------------------------------------------


async def test_a_hanging_receiver_hurts_nobody_else(world: World) -> None:
    async with receiving() as receiver, quick(world, timeout=600) as deliveries:
        await urls(world, receiver, sessions="/hang", rooms="/ok")
        for _ in range(60):
            announce = await lane(world)
            await announce(JOINED)
        room = await a_room(world)
        async with running(deliveries):
            await until(lambda: len(receiver.at("/hang")) == 10)
            await emit(world, *[announcement(EventType.ROOM_EXPIRED, room.id)] * 20)
            await until(lambda: len(receiver.at("/ok")) == 20)
            assert len(receiver.at("/hang")) == 10


async def test_what_cannot_be_signed_or_sent_is_a_failed_attempt_and_no_more(world: World) -> None:
    announce = await lane(world)
    async with receiving() as receiver, quick(world) as deliveries:
        await urls(world, receiver, sessions="/rude")
        await world.db.write(
            lambda tx: tx.execute(
                sa.update(tables.application).values(rooms_url="http://[broken", recordings_url="x\x01")
            )
        )
        room = await a_room(world)
        ids = await emit(world, announcement(EventType.ROOM_EXPIRED, room.id))
        ids += await announce(EventType.RECORDING_STARTED, JOINED)
        await drained(deliveries)
        assert [(await outcomes(world, event_id))[0][1:] for event_id in ids] == [
            ("blocked", None),
            ("blocked", None),
            ("refused", 500),
        ]
        await world.db.write(lambda tx: tx.execute(sa.update(tables.callback_secret).values(secret="whsec_!")))
        world.later(minutes=1)
        await drained(deliveries)
        assert {(await outcomes(world, event_id))[1][1:] for event_id in ids} == {("broken", None)}


async def test_a_lost_lease_cannot_settle_anothers_attempt(world: World) -> None:
    announce = await lane(world)
    async with receiving() as receiver, quick(world) as slow, quick(world) as other:
        await urls(world, receiver, sessions="/500")
        [event_id] = await announce(JOINED)
        late = await world.db.write(callbacks.claim, held={}, room=1)
        receiver.modes["/500"] = "ok"
        assert not await other.step()
        world.later(seconds=31)
        assert await other.step()
        assert await states(world, event_id) == [("delivered", 2)]
        failed = callbacks.Tried(late.claims[0], world.now, await slow._courier.post(receiver.url("/400"), {}, b""))
        await world.db.write(callbacks.settle, [failed])
        assert await states(world, event_id) == [("delivered", 2)]
        assert [number for number, *_ in await outcomes(world, event_id)] == [2, 1]


async def test_a_new_start_takes_over_what_the_dead_process_held(world: World) -> None:
    async with receiving() as receiver, quick(world) as deliveries:
        await urls(world, receiver, sessions="/500")
        waiting, held = await lane(world), await lane(world)
        await waiting(JOINED)
        await deliveries.step()
        await held(JOINED)
        assert (await world.db.write(callbacks.claim, held={}, room=9)).claims
        assert not await deliveries.step()
        await world.db.write(callbacks.release)
        assert await deliveries.step()
        assert len(receiver.requests) == 2  # the one that waits for its time goes on waiting


async def test_a_stopping_loop_gives_back_what_it_holds(world: World) -> None:
    async with receiving() as receiver, quick(world, timeout=600) as deliveries, quick(world) as following:
        await urls(world, receiver, sessions="/hang")
        for _ in range(15):
            announce = await lane(world)
            await announce(JOINED)
        async with running(deliveries):
            await until(lambda: len(receiver.requests) == 10)
        receiver.modes["/hang"] = "ok"
        await drained(following)
        found = await world.db.read(events.latest, world.application_id)
        assert {event.state for event in found} == {"delivered"}


async def test_two_workers_never_make_the_same_attempt(world: World) -> None:
    async with receiving() as receiver, quick(world) as one, quick(world) as two:
        await urls(world, receiver, sessions="/ok/a", recordings="/ok/b")
        sessions = [await lane(world) for _ in range(10)]
        async with running(one, two):
            for _ in range(5):
                kinds = (JOINED, EventType.RECORDING_STARTED, JOINED, EventType.RECORDING_ENDED)
                await asyncio.gather(*[announce(*kinds) for announce in sessions])
            await until(lambda: len(receiver.requests) >= 200)
            await drained_by_loops(world)
    ids = [request.headers["webhook-id"] for request in receiver.requests]
    assert len(ids) == len(set(ids)) == 200


async def drained_by_loops(world: World) -> None:
    pending = sa.select(sa.func.count()).select_from(tables.delivery).where(tables.delivery.c.state == "pending")
    async with asyncio.timeout(60):
        while await world.db.read(lambda tx: tx.execute(pending).scalar()):
            await asyncio.sleep(0.01)


async def test_the_loop_outlives_a_database_that_goes_away(world: World) -> None:
    class Lossy(Database):
        losses = 3

        async def write(self, work, *args, **kwargs):  # type: ignore[no-untyped-def, override]
            if self.losses and args:
                self.losses -= 1
                raise Unavailable("database_unavailable", "away")
            return await super().write(work, *args, **kwargs)

    announce = await lane(world)
    lossy = Lossy(world.db.url, clock=world.db.clock)
    await lossy.open()
    async with receiving() as receiver:
        await urls(world, receiver)
        await announce(JOINED, JOINED)
        async with running(Deliveries(lossy, world.runtime.courier)):
            await until(lambda: len(receiver.requests) == 2)
            await drained_by_loops(world)
    await lossy.close()
    assert lossy.losses == 0 and len(receiver.requests) == 2


async def test_no_log_line_holds_a_url_or_a_secret(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    announce = await lane(world)
    [secret] = await world.db.read(access.callback_secrets, world.application_id)
    async with receiving() as receiver, quick(world, timeout=0.3) as deliveries:
        for path in ("/500", "/hang", "/garbage", "/reset", "/410"):
            await urls(world, receiver, sessions=f"{path}?token=canary-one")
            await announce(JOINED)
            await drained(deliveries)
        await world.db.write(
            lambda tx: tx.execute(sa.update(tables.application).values(sessions_url="http://u:canary-two@[x"))
        )
        await announce(JOINED)
        await drained(deliveries)
    text = "\n".join(str(record.__dict__) for record in caplog.records if record.name.startswith("convene"))
    assert "callback_failed" in text
    assert "canary" not in text and secret.removeprefix("whsec_") not in text
