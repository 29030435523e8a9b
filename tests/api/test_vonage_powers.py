"""The host's powers by API: what each does, and that 404 and 409 tell apart what there is not and what cannot be now."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import httpx

from convene import access, powers, recordings, sessions, tables, worker
from tests import world as worlds
from tests.api.test_join import inside, join, make
from tests.world import World

GRACE = timedelta(seconds=20)


@dataclass
class Live:
    """A running meeting with people in it, as the engine's twin knows it too."""

    world: World
    room: dict[str, Any]
    session: sessions.Session

    async def enter(self, name: str, *, sources: Sequence[str] = ("microphone", "camera")) -> str:
        """Somebody comes in; his id."""
        person = str((await join(self.world, self.room, name)).json()["admission"]["id"])
        self.world.engine.enter(self.session.engine_room, person, name, sources=tuple(sources))
        await self.look()
        return person

    async def look(self) -> None:
        """We learn what the engine sees; who is gone, after two looks."""
        for _ in range(2):
            people = await self.world.engine.people(self.session.engine_room)
            await self.world.db.write(worker.observe, self.session.id, people, GRACE)
            self.world.later(seconds=4)

    async def call(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        address = f"/v1/meetings/sessions/{self.session.id}{path}"
        return await self.world.client.request(method, address, headers=self.world.auth | headers, json=body)

    async def loud(self, source: str) -> set[str]:
        people = await self.world.engine.people(self.session.engine_room)
        return {p.identity for p in people if any(t.source == source and not t.muted for t in p.tracks)}


async def a_meeting(world: World, **fields: Any) -> Live:
    """A running meeting whose host is in."""
    room = await make(world, **fields)
    await inside(world, room, "Hanna", host=True)
    live = await world.db.read(sessions.live_of, await _id(world, room))
    assert live is not None
    made = Live(world, room, live)
    hanna = (await world.client.get(f"/v1/meetings/sessions/{live.id}", headers=world.auth)).json()
    world.engine.enter(live.engine_room, hanna["_embedded"]["participants"][0]["id"], "Hanna")
    return made


async def _id(world: World, room: dict[str, Any]) -> str:
    return str(room["id"])


async def test_mute_one_and_everybody(world: World) -> None:
    meeting = await a_meeting(world)
    ann, ben = await meeting.enter("Ann"), await meeting.enter("Ben")
    muted = await meeting.call("POST", f"/participants/{ann}/mute", {"source": "microphone"})
    assert (muted.status_code, muted.content) == (204, b"")
    assert ann not in await meeting.loud("microphone") and ann in await meeting.loud("camera")
    again = await meeting.call("POST", f"/participants/{ann}/mute", {"source": "screen_share"})
    assert again.status_code == 204, "silent already is as asked"
    all_but_ben = await meeting.call("POST", "/mute", {"source": "microphone", "except": [ben]})
    assert (all_but_ben.status_code, all_but_ben.content) == (204, b"")
    assert await meeting.loud("microphone") == {ben}


async def test_a_wrong_body_names_the_field(world: World) -> None:
    meeting = await a_meeting(world)
    ann = await meeting.enter("Ann")
    for path in (f"/participants/{ann}/mute", "/mute"):
        for body, field in (({}, "source"), ({"source": "heart"}, "source"), ({"source": "camera", "x": 1}, "x")):
            answer = await meeting.call("POST", path, body)
            assert (answer.status_code, field in answer.json()["message"]) == (400, True), (path, body)
    assert (await meeting.call("POST", "/mute", {"source": "camera", "except": "Ann"})).status_code == 400


async def test_remove_somebody_who_then_stays_out(world: World) -> None:
    meeting = await a_meeting(world)
    admitted = (await join(world, meeting.room, "Ann")).json()["admission"]
    ann = admitted["id"]
    world.engine.enter(meeting.session.engine_room, ann, "Ann")
    await meeting.look()
    assert (await meeting.call("DELETE", f"/participants/{ann}")).status_code == 204
    assert ann not in {p.identity for p in await world.engine.people(meeting.session.engine_room)}
    back = await join(world, meeting.room, "Ann", admission=admitted)
    assert (back.status_code, back.json()["error"]["code"]) == (403, "removed")
    await meeting.look()
    for method, path, body in (
        ("DELETE", f"/participants/{ann}", None),
        ("POST", f"/participants/{ann}/mute", {"source": "camera"}),
    ):
        gone = await meeting.call(method, path, body)
        assert (gone.status_code, gone.json()["name"]) == (409, "ConflictError"), "she was in, and is not now"
        never = await meeting.call(method, path.replace(ann, tables.new_id()), body)
        assert (never.status_code, never.json()["name"]) == (404, "NotFoundError")


async def test_lock_and_unlock_until_the_session_ends(world: World) -> None:
    meeting = await a_meeting(world)
    for _ in range(2):
        assert (await meeting.call("POST", "/lock")).status_code == 204
    detail = (await meeting.call("GET", "")).json()
    assert detail["is_locked"] is True
    assert (await join(world, meeting.room, "Late")).status_code == 423
    assert (await meeting.call("POST", "/unlock")).status_code == 204
    assert (await join(world, meeting.room, "Late")).status_code == 200
    assert (await meeting.call("POST", "/lock")).status_code == 204
    assert (await meeting.call("POST", "/end")).status_code == 204
    assert (await join(world, meeting.room, "Next")).status_code == 200, "the next meeting begins open"


async def test_end(world: World) -> None:
    meeting = await a_meeting(world)
    assert (await meeting.call("POST", "/end")).status_code == 204
    ended = (await meeting.call("GET", "")).json()
    assert (ended["state"], ended["is_locked"]) == ("ended", False)
    assert not any(person["is_present"] for person in ended["_embedded"]["participants"])


async def test_recording(world: World) -> None:
    meeting = await a_meeting(world)
    began = await meeting.call("POST", "/recording")
    assert (began.status_code, began.json()["status"]) == (201, "started")
    twice = await meeting.call("POST", "/recording")
    assert (twice.status_code, twice.json()["name"]) == (409, "ConflictError")
    stopped = await meeting.call("DELETE", "/recording")
    assert (stopped.status_code, stopped.json()["id"], stopped.json()["status"]) == (
        202,
        began.json()["id"],
        "stopped",
    )
    assert (await meeting.call("DELETE", "/recording")).status_code == 409


async def test_what_a_room_does_not_allow(world: World) -> None:
    automatic = await a_meeting(world, recording_options={"auto_record": True})
    assert (await automatic.call("DELETE", "/recording")).status_code == 409
    assert (await automatic.call("POST", "/recording")).status_code == 409
    without = await a_meeting(world, available_features={"is_recording_available": False})
    assert (await without.call("POST", "/recording")).status_code == 403


CALLS = (
    ("POST", "/mute", {"source": "camera"}),
    ("POST", "/participants/{person}/mute", {"source": "camera"}),
    ("DELETE", "/participants/{person}", None),
    ("POST", "/end", None),
    ("POST", "/lock", None),
    ("POST", "/unlock", None),
    ("POST", "/recording", None),
    ("DELETE", "/recording", None),
)


async def test_404_is_not_409(world: World) -> None:
    meeting = await a_meeting(world)
    ann = await meeting.enter("Ann")
    bob = worlds.basic(await world.db.write(access.create_first, "Bob", worlds.key_pair()))
    base = f"/v1/meetings/sessions/{meeting.session.id}"
    for method, path, body in CALLS:
        theirs = await world.client.request(method, base + path.format(person=ann), headers=bob, json=body)
        assert (theirs.status_code, theirs.json()["name"]) == (404, "NotFoundError"), path
        unknown = f"/v1/meetings/sessions/1_unknown{path.format(person=ann)}"
        assert (await world.client.request(method, unknown, headers=world.auth, json=body)).status_code == 404
    assert (await meeting.call("GET", "")).json()["state"] == "running", "nothing of it did anything"
    await world.db.write(powers.end, meeting.session)
    for method, path, body in CALLS:
        late = await meeting.call(method, path.format(person=ann), body)
        assert (late.status_code, late.json()["name"]) == (409, "ConflictError"), path


async def test_the_same_key_ends_it_once(world: World) -> None:
    meeting = await a_meeting(world)
    first = await meeting.call("POST", "/end", **{"Idempotency-Key": "e1"})
    again = await meeting.call("POST", "/end", **{"Idempotency-Key": "e1"})
    assert (first.status_code, again.status_code) == (204, 204)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (await meeting.call("POST", "/end")).status_code == 409


async def test_an_engine_that_is_away_is_told_as_such(world: World) -> None:
    meeting = await a_meeting(world)
    ann = await meeting.enter("Ann")
    world.engine.away = True
    for path in (f"/participants/{ann}/mute", "/mute"):
        answer = await meeting.call("POST", path, {"source": "camera"}, **{"Idempotency-Key": path})
        assert (answer.status_code, answer.json()["name"]) == (503, "ServiceUnavailableError")
    world.engine.away = False
    for path in (f"/participants/{ann}/mute", "/mute"):
        retried = await meeting.call("POST", path, {"source": "camera"}, **{"Idempotency-Key": path})
        assert retried.status_code == 204, "what was not done is not kept as done"


async def test_the_page_has_the_same_lock(world: World) -> None:
    room = await make(world)
    host, _ = await inside(world, room, "Hanna", host=True)
    guest, _ = await inside(world, room, "Gustav")

    async def lock(who: dict[str, str], body: object) -> int:
        return (await world.client.post("/api/meeting/lock", json=body, headers=who)).status_code

    assert await lock(guest, {"locked": True}) == 403
    assert await lock(host, {"locked": "so"}) == 400
    assert await lock(host, {"locked": True}) == 204
    assert (await join(world, room, "Late")).status_code == 423
    look = {"code": room["meeting_code"]}
    assert (await world.client.post("/api/meeting/look", json=look)).json()["room"]["locked"] is True
    assert await lock(host, {"locked": False}) == 204
    assert (await join(world, room, "Late")).status_code == 200


async def test_what_the_room_offers_now_is_told_to_those_inside(world: World) -> None:
    expires_at = (world.now + timedelta(days=1)).isoformat()
    meeting = await a_meeting(world, type="long_term", expires_at=expires_at)
    path, shown = f"/v1/meetings/rooms/{meeting.room['id']}", partial(world.db.read, recordings.notices)
    for notice in await shown():
        await world.db.write(recordings.shown, notice)
    for change in ({"expire_after_use": True}, {"available_features": {"is_chat_available": False}}):
        answer = await world.client.patch(path, json={"update_details": change}, headers=world.auth)
        assert answer.status_code == 200, answer.text
    [notice] = await shown()
    told = json.loads(notice.metadata)["features"]
    assert notice.engine_room == meeting.session.engine_room and (told["chat"], told["recording"]) == (False, True)
