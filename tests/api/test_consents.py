"""Who agreed to being recorded: what the page sends, what the engine's room and the recorder are told, what is exported and deleted."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import httpx
import jwt

from convene import consents, recordings, retention, sessions, worker
from convene.compositor.consent import Consents
from convene.engine import Person
from tests.api.test_join import host_token, inside, join, make
from tests.world import World

Proof = dict[str, str]


def words(answer: str, **more: str) -> dict[str, str]:
    return {"answer": answer, "text": "1", "language": "de", **more}


class Met:
    """Somebody who has joined with an answer, and what his token says of it."""

    def __init__(self, joined: dict[str, Any]):
        self.admission, self.session_id, self.consent = joined["admission"], joined["session_id"], joined["consent"]
        self.id = self.admission["id"]
        self.proof = {"Authorization": f"Bearer {self.id}.{self.admission['key']}"}
        self.word = jwt.decode(joined["engine"]["token"], options={"verify_signature": False}).get("consent", "")


async def come(world: World, room: dict[str, Any], name: str, answer: str | None = None, **more: Any) -> Met:
    asked = {"consent": words(answer)} if answer else {}
    return Met((await join(world, room, name, **asked, **more)).json())


async def answers(world: World, who: Met, answer: str) -> httpx.Response:
    return await world.client.post("/api/meeting/consent", json=words(answer), headers=who.proof)


async def recorded(world: World) -> tuple[dict[str, Any], Proof, str]:
    """A room with a host in it, whose meeting is being recorded; his proof and the session's id."""
    room = await make(world)
    host, _ = await inside(world, room, "Hanna", host=True)
    assert (await world.client.post("/api/meeting/recording", headers=host)).status_code == 201
    [live] = await world.db.read(sessions.live)
    return room, host, live.id


async def shown(world: World, session_id: str) -> dict[str, Any]:
    return json.loads(await world.db.read(recordings.engine_metadata, session_id))  # type: ignore[no-any-return]


async def test_who_is_asked_is_recorded_only_when_he_agrees(world: World) -> None:
    room, _, session_id = await recorded(world)
    assert "unrecorded" not in await shown(world, session_id)  # nobody was asked
    ann, ben = await come(world, room, "Ann", "undecided"), await come(world, room, "Ben", "agreed")
    cleo, dan = await come(world, room, "Cleo", "declined"), await come(world, room, "Dan")
    assert [one.consent for one in (ann, ben, cleo, dan)] == ["undecided", "agreed", "declined", None]
    assert (await shown(world, session_id))["unrecorded"] == [ann.id, cleo.id]
    assert (await answers(world, ann, "agreed")).status_code == 204
    assert (await answers(world, ben, "declined")).status_code == 204
    assert (await shown(world, session_id))["unrecorded"] == [cleo.id, ben.id]
    assert [one.session_id for one in await world.db.read(recordings.notices)] == [session_id]


async def test_nobody_is_in_the_room_before_it_is_known_of_him(world: World) -> None:
    """The recorder may know the room's state from before he came, or from later, or hear an old one again."""
    room, _, session_id = await recorded(world)
    claim = await world.db.write(recordings.claim, "here")
    assert claim is not None
    known = Consents(claim.metadata)
    ann, ben = await come(world, room, "Ann", "undecided"), await come(world, room, "Ben", "agreed")
    dan = await come(world, room, "Dan")
    assert known.withholds(ann.id, ann.word) and not known.withholds(ben.id, ben.word)
    assert not known.withholds(dan.id, dan.word)
    before = json.dumps(await shown(world, session_id))
    await answers(world, ann, "agreed")
    await answers(world, ben, "declined")
    after = json.dumps(await shown(world, session_id))
    for heard in (before, after, before, "", "[]", "no JSON"):
        known.hear(heard)
        is_new = heard is not before or known.number == json.loads(after)["consents"]
        assert known.withholds(ann.id, ann.word) is not is_new
        assert known.withholds(ben.id, ben.word) is is_new
    late = Consents(after)  # a recorder that begins now
    assert late.withholds(ben.id, ben.word) and not late.withholds(ann.id, ann.word)


async def test_an_answer_stays_with_who_comes_again(world: World) -> None:
    room, _, session_id = await recorded(world)
    ann = await come(world, room, "Ann", "agreed")
    again = await come(world, room, "Ann", "undecided", admission=ann.admission)
    assert (again.id, again.consent, again.word) == (ann.id, "agreed", ann.word)
    other = await come(world, room, "Ann", admission=ann.admission)
    assert (other.consent, other.word) == ("agreed", ann.word)
    await answers(world, ann, "declined")
    again = await come(world, room, "Ann", "undecided", admission=ann.admission)
    assert again.consent == "declined" and again.word.startswith("declined.")
    assert Consents(json.dumps(await shown(world, session_id))).withholds(ann.id, again.word)


async def test_who_left_long_ago_is_no_longer_named_and_is_left_out_when_he_returns(world: World) -> None:
    room, _, session_id = await recorded(world)
    ann = await come(world, room, "Ann", "declined")
    live = await world.db.read(sessions.get, session_id)
    host = await world.engine.people(live.engine_room)
    stay = Person("PA_ann", ann.id, "Ann", world.now, False)
    grace = timedelta(seconds=20)
    await world.db.write(worker.observe, session_id, [*host, stay], grace)
    world.later(minutes=60)
    assert (await shown(world, session_id))["unrecorded"] == [ann.id]
    for _ in range(2):
        await world.db.write(worker.observe, session_id, host, grace)
        world.later(minutes=1)
    assert (await shown(world, session_id))["unrecorded"] == [ann.id]
    world.later(minutes=15)
    gone = json.dumps(await shown(world, session_id))
    assert json.loads(gone)["unrecorded"] == []
    again = await come(world, room, "Ann", "undecided", admission=ann.admission)
    assert Consents(gone).withholds(ann.id, again.word)
    assert (await shown(world, session_id))["unrecorded"] == [ann.id]


async def test_the_host_and_the_application_take_the_answers_with_them(world: World) -> None:
    room, host, session_id = await recorded(world)
    ann = await come(world, room, "=Ann", "undecided")
    world.later(seconds=5)
    await answers(world, ann, "agreed")
    wanted = [
        ("=Ann", "undecided", "2026-03-01T08:00:00.000Z", False),
        ("=Ann", "agreed", "2026-03-01T08:00:05.000Z", True),
    ]
    page = await world.client.get("/api/meeting/consents", headers=host)
    api = await world.client.get(f"/v1/meetings/sessions/{session_id}/consents", headers=world.auth)
    for found in (page.json()["consents"], api.json()["_embedded"]["consents"]):
        assert [(one["name"], one["answer"], one["answered_at"], one["is_current"]) for one in found] == wanted
        assert {(one["text"], one["language"], one["is_host"]) for one in found} == {("1", "de", False)}
    for path, who in (
        ("/api/meeting/consents?as=csv", host),
        (f"/v1/meetings/sessions/{session_id}/consents.csv", world.auth),
    ):
        answer = await world.client.get(path, headers=who)
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        head, *lines = csv.reader(io.StringIO(answer.text.lstrip("\ufeff")))
        assert head[:4] == ["participant_id", "name", "is_host", "answer"]
        assert [line[1:5] for line in lines] == [["'=Ann", "false", answer, "1"] for answer in ("undecided", "agreed")]
    assert (await world.client.get("/api/meeting/consents", headers=ann.proof)).status_code == 403


async def test_who_may_not_answer(world: World) -> None:
    room, host, session_id = await recorded(world)
    ann = await come(world, room, "Ann", "undecided")
    for body in (words("undecided"), words("maybe"), words("agreed", text="é"), {"answer": "agreed"}):
        answer = await world.client.post("/api/meeting/consent", json=body, headers=ann.proof)
        assert answer.status_code == 400, body
    await world.client.delete(f"/api/meeting/people/{ann.id}", headers=host)
    assert (await answers(world, ann, "agreed")).status_code == 403
    await world.client.post("/api/meeting/end", headers=host)
    answer = await world.client.post("/api/meeting/consent", json=words("agreed"), headers=host)
    assert answer.status_code == 410
    assert [one.said.answer for one in await world.db.read(consents.of_session, session_id)] == ["undecided"]


async def test_answers_go_with_their_session(world: World) -> None:
    room = await make(world)
    ann = await come(world, room, "Ann", "agreed")
    host = await come(world, room, "Hanna", participant_token=host_token(room))
    live = await world.db.read(sessions.get, ann.session_id)
    stay = Person("PA_1", ann.id, "Ann", world.now, False)
    await world.db.write(worker.observe, live.id, [stay], timedelta(seconds=20))
    await world.client.post("/api/meeting/end", headers=host.proof)
    assert len(await world.db.read(consents.of_session, live.id)) == 1
    await world.db.write(retention.forget_session, world.application_id, live.id)
    assert await world.db.read(consents.of_session, live.id) == []
    answer = await world.client.get(f"/v1/meetings/sessions/{live.id}/consents", headers=world.auth)
    assert answer.status_code == 404


async def test_the_page_is_told_how_long_recordings_are_kept(world: World) -> None:
    room = await make(world)
    for days in (7, 0, None):
        await world.db.write(retention.keep, world.application_id, {"keep_recordings_days": days})
        seen = (await world.client.post("/api/meeting/look", json={"code": room["meeting_code"]})).json()
        assert seen["room"]["recordings_kept_days"] == (days or None)
