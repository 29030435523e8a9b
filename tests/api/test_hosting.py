"""The host's powers through both doors, the page's and the API's: the same acts come to the same, in the room and in the engine."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest

from convene import roles, sessions, tables, worker
from convene.engine import SOURCES
from convene.lifecycle import HOST_AWAY
from convene.recorder import Recorder
from tests.api.test_join import host_token, join, make
from tests.world import World

GRACE = timedelta(seconds=20)
ALL = {"microphone": True, "camera": True, "share": True, "chat": True, "reactions": True}
NEVER = tables.new_id()


@dataclass
class Live:
    """A running meeting: who is in, on the page, and in the engine's twin."""

    world: World
    room: dict[str, Any]
    door: str
    session: sessions.Session = field(init=False)
    people: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def enter(self, name: str, *, host: bool = False, again: bool = False) -> str:
        """Somebody comes in, maybe as the person that he was; his id. What his token gives him, the engine gives him."""
        more: dict[str, Any] = {"participant_token": host_token(self.room)} if host else {}
        if again:
            more["admission"] = self.people[name]["admission"]
        answer = await join(self.world, self.room, name, **more)
        assert answer.status_code == 200, answer.text
        self.people[name] = joined = answer.json()
        self.session = await self.world.db.read(sessions.get, joined["session_id"])
        may = self.world.engine.read_token(joined["engine"]["token"]).may
        sources = ("microphone", "camera", "screen_share")
        self.world.engine.enter(self.session.engine_room, joined["admission"]["id"], name, sources=sources, may=may)
        await self.look()
        return self.id(name)

    async def leave(self, name: str) -> None:
        for person in await self.world.engine.people(self.session.engine_room):
            if person.identity == self.id(name):
                self.world.engine.leave(self.session.engine_room, person.sid)
        await self.look()

    async def look(self) -> None:
        """We learn what the engine saw."""
        for event in self.world.engine.take_events():
            await self.world.db.write(sessions.apply, event, GRACE)

    def id(self, name: str) -> str:
        return str(self.people[name]["admission"]["id"]) if name in self.people else name

    async def page(self, who: str, method: str, path: str, body: object = None) -> httpx.Response:
        """A call of somebody's page."""
        proof = self.people[who]["admission"]
        headers = {"Authorization": f"Bearer {proof['id']}.{proof['key']}"}
        return await self.world.client.request(method, f"/api/meeting{path}", headers=headers, json=body)

    async def act(self, method: str, path: str, body: Any = None, *, by: str = "Hanna") -> httpx.Response:
        """An act of the host's, by the door of this test."""
        if self.door == "page":
            return await self.page(by, method, path, body)
        path = path.replace("/people/", "/participants/")
        if body and "person_id" in body:
            body = {"participant_id": body["person_id"]}
        address = f"/v1/meetings/sessions/{self.session.id}{path}"
        return await self.world.client.request(method, address, headers=self.world.auth, json=body)

    async def show(self) -> dict[str, Any]:
        """The engine is told what is to be told; what everybody in the room sees then."""
        await Recorder(self.world.runtime).show()
        return dict(json.loads(self.world.engine.rooms[self.session.engine_room].metadata))

    async def sends(self, name: str) -> set[str]:
        """What somebody sends now, as the engine has it."""
        people = await self.world.engine.people(self.session.engine_room)
        return {track.source for one in people if one.identity == self.id(name) for track in one.tracks}


@pytest.fixture(params=["page", "rest"])
async def live(request: pytest.FixtureRequest, world: World) -> Live:
    """A meeting in which the host, Hanna, and two guests are."""
    made = Live(world, await make(world), request.param)
    await made.enter("Hanna", host=True)
    await made.enter("Ann")
    await made.enter("Ben")
    return made


# --- What guests may do ---------------------------------------------------------------------------------------------


async def test_what_guests_may_not_send_the_engine_takes_away_and_gives_back(live: Live) -> None:
    answer = await live.act("PATCH", "/permissions", {"microphone": False, "share": False})
    assert (answer.status_code, answer.json()) == (200, ALL | {"microphone": False, "share": False})
    assert await live.sends("Ann") == {"microphone", "camera", "screen_share"}, "not before the engine is told"
    assert (await live.show())["allows"] == ALL | {"microphone": False, "share": False}
    assert await live.sends("Ann") == await live.sends("Ben") == {"camera"}
    assert await live.sends("Hanna") == {"microphone", "camera", "screen_share"}
    await live.enter("Late")
    await live.enter("Ann", again=True)
    assert await live.sends("Late") == await live.sends("Ann") == {"camera"}, "their tokens say so"
    answer = await live.act("PATCH", "/permissions", {"microphone": True})
    assert answer.json() == ALL | {"share": False}
    await live.show()
    assert {one.may for one in await live.world.engine.people(live.session.engine_room)} == {
        SOURCES,
        ("camera", "microphone"),
    }
    await live.act("PATCH", "/permissions", {"share": True})
    assert "allows" not in await live.show(), "as usual"


async def test_the_engine_is_told_again_until_it_was_told(live: Live) -> None:
    await live.act("PATCH", "/permissions", {"camera": False})
    live.world.engine.away = True
    await Recorder(live.world.runtime).show()
    live.world.engine.away = False
    assert "camera" in await live.sends("Ann")
    await live.show()
    assert "camera" not in await live.sends("Ann")


async def test_an_older_token_gives_no_more_than_is_allowed_now(live: Live) -> None:
    await live.act("PATCH", "/permissions", {"microphone": False})
    await live.show()
    live.world.engine.enter(live.session.engine_room, live.id("Ann"), "Ann", sources=("microphone",), may=SOURCES)
    await live.look()
    await live.show()
    assert await live.sends("Ann") == set(), "her coming was seen, and what she may send put right"
    live.world.engine.enter(live.session.engine_room, live.id("Ben"), "Ben", sources=("microphone",), may=SOURCES)
    live.world.engine.take_events()  # lost on their way
    await worker.Worker(live.world.runtime).reconcile()
    assert await live.sends("Ben") == set()


async def test_a_role_gives_its_permissions_at_once_and_takes_them(live: Live) -> None:
    ann = live.id("Ann")
    await live.act("PATCH", "/permissions", {"camera": False, "microphone": False, "share": False})
    await live.show()
    assert (await live.act("PUT", f"/people/{ann}/role", {"role": "cohost"})).status_code == 204
    shown = await live.show()
    assert shown["roles"] == {ann: "cohost"}
    may = {one.identity: one.may for one in await live.world.engine.people(live.session.engine_room)}
    assert (may[ann], may[live.id("Ben")]) == (SOURCES, ())
    await live.act("PUT", f"/people/{ann}/role", {"role": "guest"})
    assert "roles" not in await live.show()
    may = {one.identity: one.may for one in await live.world.engine.people(live.session.engine_room)}
    assert may[ann] == ()


async def test_guests_who_may_not_write_are_refused_and_leaders_are_not(live: Live) -> None:
    await live.act("PUT", f"/people/{live.id('Ben')}/role", {"role": "cohost"})
    await live.act("PATCH", "/permissions", {"chat": False})
    refused = await live.page("Ann", "POST", "/chat", {"text": "Hello"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "chat_not_allowed")
    for leader in ("Hanna", "Ben"):
        assert (await live.page(leader, "POST", "/chat", {"text": "Hello"})).status_code == 201
    assert (await live.page("Ann", "GET", "/chat")).json()["messages"], "she reads on"
    await live.act("PATCH", "/permissions", {"chat": True})
    assert (await live.page("Ann", "POST", "/chat", {"text": "Hello"})).status_code == 201


# --- One person -----------------------------------------------------------------------------------------------------


async def test_somebody_is_asked_and_nobody_else(live: Live) -> None:
    ann, room = live.id("Ann"), live.world.engine.rooms[live.session.engine_room]
    assert (await live.act("POST", f"/people/{ann}/ask", {"source": "camera"})).status_code == 204
    by = "Hanna" if live.door == "page" else ""
    [(to, topic, data)] = room.whispered
    assert (to, topic, json.loads(data)) == (ann, "convene.host", {"kind": "ask", "source": "camera", "by": by})
    assert room.told == []
    await live.act("PATCH", "/permissions", {"camera": False})
    assert (await live.act("POST", f"/people/{ann}/ask", {"source": "camera"})).status_code == 409, "she could not"
    assert (await live.act("POST", f"/people/{live.id('Hanna')}/ask", {"source": "camera"})).status_code == 204


async def test_who_is_muted_is_told_by_whom(live: Live) -> None:
    """By the page alone: an application has no name that anybody in the meeting would know."""
    ann, room = live.id("Ann"), live.world.engine.rooms[live.session.engine_room]
    await live.act("POST", f"/people/{ann}/mute", {"source": "microphone"})
    await live.act("POST", "/mute", {"source": "camera"})
    told = {"kind": "stop", "by": "Hanna"}
    to_her = [(to, topic, json.loads(data)) for to, topic, data in room.whispered]
    to_all = [(topic, json.loads(data)) for topic, data in room.told]
    if live.door == "page":
        assert to_her == [(ann, "convene.host", told | {"source": "microphone"})]
        assert to_all == [("convene.host", told | {"source": "camera"})]
    else:
        assert (to_her, to_all) == ([], [])


async def test_hands_are_lowered_by_a_word_of_the_server(live: Live) -> None:
    ann, room = live.id("Ann"), live.world.engine.rooms[live.session.engine_room]
    assert (await live.act("POST", f"/people/{ann}/lower-hand")).status_code == 204
    assert (await live.act("POST", "/lower-hands")).status_code == 204
    assert [(topic, json.loads(data)) for topic, data in room.told] == [
        ("convene.host", {"kind": "lower", "id": ann}),
        ("convene.host", {"kind": "lower", "id": None}),
    ]


async def test_the_spotlight_is_on_somebody_who_is_in_until_it_is_turned_off(live: Live) -> None:
    ann = live.id("Ann")
    assert (await live.act("PUT", "/spotlight", {"person_id": ann})).status_code == 204
    assert (await live.show())["spotlight"] == ann
    assert (await live.act("PUT", "/spotlight", {"person_id": None})).status_code == 204
    assert "spotlight" not in await live.show()
    await live.act("PUT", "/spotlight", {"person_id": ann})
    await live.act("DELETE", f"/people/{ann}")
    assert "spotlight" not in await live.show(), "she was removed"
    await live.leave("Ben")
    assert (await live.act("PUT", "/spotlight", {"person_id": live.id("Ben")})).status_code == 409


async def test_who_is_removed_is_listed_and_can_be_let_back_in(live: Live) -> None:
    ann = live.id("Ann")
    await live.act("PUT", f"/people/{ann}/role", {"role": "cohost"})
    assert (await live.act("DELETE", f"/people/{ann}")).status_code == 204
    listed = (await live.act("GET", "/removed")).json()
    [one] = listed["people"] if live.door == "page" else listed["_embedded"]["removed"]
    assert (one["id"], one["name"]) == (ann, "Ann") and one["removed_at"].endswith("Z")
    back = {"admission": live.people["Ann"]["admission"]}
    assert (await join(live.world, live.room, "Ann", **back)).status_code == 403
    assert (await live.act("DELETE", f"/removed/{ann}")).status_code == 204
    assert (await live.act("DELETE", f"/removed/{ann}")).status_code == 404
    await live.enter("Ann", again=True)
    assert (await live.page("Ann", "GET", "/removed")).status_code == 403, "she is no co-host any more"


async def test_who_is_put_out_without_being_kept_out_may_come_again(live: Live) -> None:
    ann = live.id("Ann")
    assert (await live.act("DELETE", f"/people/{ann}?keep_out=false")).status_code == 204
    assert await live.sends("Ann") == set()
    await live.look()
    assert await live.enter("Ann", again=True) == ann
    listed = (await live.act("GET", "/removed")).json()
    assert not (listed["people"] if live.door == "page" else listed["_embedded"]["removed"])


async def test_what_there_is_not_and_what_cannot_be_now_are_told_apart(live: Live) -> None:
    await live.leave("Ben")
    for method, path, body in (
        ("PUT", "/people/{}/role", {"role": "cohost"}),
        ("POST", "/people/{}/ask", {"source": "microphone"}),
        ("POST", "/people/{}/lower-hand", None),
    ):
        assert (await live.act(method, path.format(NEVER), body)).status_code == 404, path
        assert (await live.act(method, path.format(live.id("Ben")), body)).status_code == 409, path
        assert (await live.act(method, path.format("é"), body)).status_code == 404, path
    assert (await live.act("PUT", "/spotlight", {"person_id": NEVER})).status_code == 404
    for path, bad in (
        (f"/people/{live.id('Ann')}/role", {"role": "king"}),
        (f"/people/{live.id('Ann')}/role", {}),
        ("/spotlight", {}),
        ("/spotlight", {"person_id": 7}),
    ):
        assert (await live.act("PUT", path, bad)).status_code == 400, path
    assert (await live.act("PATCH", "/permissions", {"microphone": "perhaps"})).status_code == 400
    assert (await live.act("PATCH", "/permissions", {"dancing": False})).status_code == 400
    assert (await live.act("DELETE", f"/people/{live.id('Ann')}?keep_out=perhaps")).status_code == 400


async def test_a_meeting_keeps_a_host(live: Live) -> None:
    hanna, ann = live.id("Hanna"), live.id("Ann")
    for role in ("cohost", "guest"):
        assert (await live.act("PUT", f"/people/{hanna}/role", {"role": role})).status_code == 409
    assert (await live.act("PUT", f"/people/{ann}/role", {"role": "host"})).status_code == 204
    assert (await live.act("PUT", f"/people/{hanna}/role", {"role": "guest"})).status_code == 204
    assert (await live.show())["roles"] == {hanna: "guest", ann: "host"}
    assert (await live.page("Hanna", "POST", "/lower-hands")).status_code == 403
    await live.enter("Hanna", again=True, host=True)
    assert (await live.page("Hanna", "POST", "/lower-hands")).status_code == 204, "her link makes her the host"
    assert (await live.show())["roles"] == {ann: "host"}


# --- The page's door alone ------------------------------------------------------------------------------------------


@pytest.fixture
async def page(world: World) -> Live:
    """As `live`, with a co-host, Cora."""
    made = Live(world, await make(world), "page")
    for name in ("Hanna", "Ann", "Cora"):
        await made.enter(name, host=name == "Hanna")
    await made.act("PUT", f"/people/{made.id('Cora')}/role", {"role": "cohost"})
    return made


ACTS = (
    ("POST", "/mute", {"source": "microphone"}),
    ("POST", "/people/{ann}/ask", {"source": "microphone"}),
    ("POST", "/people/{ann}/mute", {"source": "camera"}),
    ("PUT", "/spotlight", {"person_id": "{ann}"}),
    ("PATCH", "/permissions", {"share": False}),
    ("POST", "/people/{ann}/lower-hand", None),
    ("POST", "/lower-hands", None),
    ("POST", "/lock", {"locked": True}),
    ("POST", "/waiting/admit_all", None),
    ("POST", "/waiting/deny_all", None),
    ("GET", "/removed", None),
    ("GET", "/chat/export", None),
    ("DELETE", "/people/{ann}", None),
    ("DELETE", "/removed/{ann}", None),
)


async def test_a_co_host_may_do_this_and_a_guest_may_not(page: Live) -> None:
    await page.enter("Gus")
    for method, path, body in ACTS:
        real = json.loads(json.dumps(body).replace("{ann}", page.id("Ann")))
        for who, right in (("Gus", {403}), ("Cora", {200, 204, 423})):
            answer = await page.page(who, method, path.format(ann=page.id("Ann")), real)
            assert answer.status_code in right, (who, path, answer.text)


async def test_what_is_the_hosts_alone_a_co_host_may_not_do(page: Live) -> None:
    hanna, ann, cora = page.id("Hanna"), page.id("Ann"), page.id("Cora")
    for method, path, body in (
        ("DELETE", f"/people/{hanna}", None),
        ("PUT", f"/people/{ann}/role", {"role": "cohost"}),
        ("PUT", f"/people/{cora}/role", {"role": "host"}),
        ("POST", "/end", None),
    ):
        answer = await page.page("Cora", method, path, body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_host"), path
    assert (await page.page("Cora", "POST", f"/people/{hanna}/mute", {"source": "camera"})).status_code == 204
    assert (await page.page("Hanna", "POST", "/end")).status_code == 204


async def test_muting_all_spares_hosts_co_hosts_and_the_caller(page: Live) -> None:
    await page.act("POST", "/mute", {"source": "microphone"}, by="Cora")
    people = await page.world.engine.people(page.session.engine_room)
    loud = {one.name for one in people if any(t.source == "microphone" and not t.muted for t in one.tracks)}
    assert loud == {"Hanna", "Cora"}


async def test_a_role_is_kept_when_the_person_comes_again(page: Live) -> None:
    await page.leave("Cora")
    assert (await page.page("Cora", "POST", "/lower-hands")).status_code == 204, "on her way back"
    await page.enter("Cora", again=True)
    assert (await page.page("Cora", "POST", "/lower-hands")).status_code == 204


async def test_a_host_may_hand_over_and_leave(page: Live) -> None:
    await page.act("PUT", f"/people/{page.id('Ann')}/role", {"role": "host"})
    await page.leave("Hanna")
    page.world.later(seconds=HOST_AWAY.total_seconds() + 1)
    await page.world.db.write(roles.stand_in_due)
    assert (await page.show())["roles"] == {page.id("Ann"): "host", page.id("Cora"): "cohost"}, "nobody stands in"
    assert (await page.page("Ann", "POST", "/end")).status_code == 204


# --- While no host is in --------------------------------------------------------------------------------------------


async def test_a_co_host_stands_in_for_a_host_who_is_gone_until_one_is_back(page: Live) -> None:
    cora = page.id("Cora")
    await page.leave("Hanna")
    await page.world.db.write(roles.stand_in_due)
    assert (await page.page("Cora", "POST", "/end")).status_code == 403, "not at once"
    page.world.later(seconds=HOST_AWAY.total_seconds() + 1)
    await page.world.db.write(roles.stand_in_due)
    assert (await page.show())["roles"] == {cora: "host"}
    made = await page.page("Cora", "PUT", f"/people/{page.id('Ann')}/role", {"role": "cohost"})
    assert made.status_code == 204
    await page.enter("Hanna", again=True, host=True)
    assert (await page.show())["roles"] == {cora: "cohost", page.id("Ann"): "cohost"}
    assert (await page.page("Cora", "POST", "/end")).status_code == 403


async def test_a_host_who_is_back_in_time_needs_no_stand_in(page: Live) -> None:
    await page.leave("Hanna")
    page.world.later(seconds=HOST_AWAY.total_seconds() / 2)
    await page.enter("Hanna", again=True)
    page.world.later(seconds=HOST_AWAY.total_seconds())
    await page.world.db.write(roles.stand_in_due)
    assert (await page.show())["roles"] == {page.id("Cora"): "cohost"}


async def test_the_stand_in_comes_when_a_co_host_comes_and_passes_on_when_he_goes(page: Live) -> None:
    ann, cora = page.id("Ann"), page.id("Cora")
    await page.act("PUT", f"/people/{ann}/role", {"role": "cohost"})
    for name in ("Cora", "Ann", "Hanna"):
        await page.enter("Dora") if name == "Hanna" else await page.leave(name)
    await page.leave("Hanna")
    page.world.later(seconds=HOST_AWAY.total_seconds() + 1)
    await page.world.db.write(roles.stand_in_due)
    assert (await page.show())["roles"] == {ann: "cohost", cora: "cohost"}, "none of them is in"
    await page.enter("Cora", again=True)
    await page.world.db.write(roles.stand_in_due)
    assert (await page.show())["roles"] == {ann: "cohost", cora: "host"}
    await page.enter("Ann", again=True)
    await page.leave("Cora")
    page.world.later(seconds=HOST_AWAY.total_seconds() + 1)
    await page.world.db.write(roles.stand_in_due)
    assert (await page.show())["roles"] == {ann: "host", cora: "cohost"}
