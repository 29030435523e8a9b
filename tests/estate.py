"""Everything that one application can own, one of each: made by the product's own doors, each text with the owner's mark."""

import base64
import io
import json
import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx
import sqlalchemy as sa
from PIL import Image, ImageDraw

from convene import (
    access,
    applications,
    callbacks,
    events,
    keys,
    meetings,
    outbox,
    recordings,
    sessions,
    tables,
    worker,
)
from convene.callbacks import Tried
from convene.courier import Outcome, OutcomeKind
from convene.db import Tx
from convene.events import EventType
from convene.lifecycle import RecordingState
from tests import world as worlds
from tests.announcements import announcement
from tests.world import World

VENDOR = "/v1/meetings"
HOOKS = "http://127.0.0.1:9"
PASSWORD = "s3cret-pw"  # of a user
STARTS = 1_900_000_000  # of scheduled meetings, in seconds since 1970


@dataclass
class Estate:
    """One application, its credentials and what it owns. `ids`: by the names that paths and bodies have for them."""

    world: World
    mark: str
    auth: dict[str, str]
    ids: dict[str, Any] = field(default_factory=dict)
    host: dict[str, str] = field(default_factory=dict)  # Authorization of its host on the page
    guest: dict[str, str] = field(default_factory=dict)
    knocker: dict[str, str] = field(default_factory=dict)
    doorman: dict[str, str] = field(default_factory=dict)  # the host of the room at whose door somebody knocks
    user: dict[str, str] = field(default_factory=dict)  # CB-Token of one of its users, who hosts the scheduled meeting
    admin: dict[str, str] = field(default_factory=dict)  # CB-Administration-API-Key
    form: dict[str, str] = field(default_factory=dict)  # of an upload that is not made yet

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """The JSON answer of the owner's own call."""
        answer = await self.world.client.request(method, path, json=body, headers=self.auth | headers)
        assert answer.status_code < 300, answer.text
        return answer.json() if is_json(answer) else None


async def another(world: World, name: str) -> World:
    """The same world for the owner of another account."""
    first = await world.db.write(access.create_first, name, worlds.key_pair())
    return replace(world, first=first, cube=await worlds.cube(world.db, first.application_id))


async def sister(world: World, name: str) -> World:
    """The same world for another application of the same account. (`auth` stays that of the account's first one.)"""
    spec = applications.Spec(name=name, public_key=worlds.key_pair().public_key)
    made = await world.db.write(applications.create, world.first.api_key, spec)
    first = replace(world.first, application_id=made.id)
    return replace(world, first=first, cube=await worlds.cube(world.db, made.id))


async def settled(world: World, mark: str) -> Estate:
    """An application that owns one of everything. Every text of it begins with `mark`."""
    made = await world.db.write(keys.add, world.application_id, keys.Wish(f"{mark} key"))
    assert made.secret is not None
    estate = Estate(world, mark, basic(made.key.id, made.secret))
    estate.ids |= {"key_id": made.key.id, "application_id": world.application_id}
    hooks = {noun: f"{HOOKS}/{mark}/{noun}" for noun in ("rooms", "sessions", "recordings")}
    await world.db.write(lambda tx: access.set_callback_urls(tx, world.application_id, **hooks))
    await _theme(estate)
    await _rooms(estate)
    await _people(estate)
    await _recordings(estate)
    await _events(estate)
    await _meetings(estate)
    return estate


async def _rooms(estate: Estate) -> None:
    """A room with people, one with somebody at its door, and a kept answer."""
    mark, lasting = estate.mark, (estate.world.now + timedelta(days=7)).isoformat()
    fields = {"type": "long_term", "expires_at": lasting, "metadata": f"{mark} metadata"}
    room = await estate.ask(
        "POST",
        f"{VENDOR}/rooms",
        {"display_name": f"{mark} room", "theme_id": estate.ids.get("theme_id"), **fields},
        **{"Idempotency-Key": f"{mark}-key"},
    )
    door = await estate.ask(
        "POST",
        f"{VENDOR}/rooms",
        {"display_name": f"{mark} door", "join_approval_level": "explicit_approval", **fields},
    )
    estate.ids |= {"room_id": room["id"], "code": room["meeting_code"], "participant_token": token_of(room)}
    estate.ids |= {"door_id": door["id"], "door_code": door["meeting_code"], "door_token": token_of(door)}


async def _people(estate: Estate) -> None:
    """A host and a guest inside, seen by the engine; somebody who was removed before he came in; somebody who knocks at the other
    room; a session that is over."""
    world, mark, ids = estate.world, estate.mark, estate.ids
    host = await _come(
        estate, {"code": ids["code"], "name": f"{mark} host", "participant_token": ids["participant_token"]}
    )
    guest = await _come(estate, {"code": ids["code"], "name": f"{mark} guest"})
    estate.host, estate.guest = bearer(host["admission"]), bearer(guest["admission"])
    live = await world.db.read(sessions.get, host["session_id"])
    for one in (host, guest):
        world.engine.enter(live.engine_room, one["admission"]["id"], one["name"], sources=("microphone", "camera"))
    people = await world.engine.people(live.engine_room)
    await world.db.write(worker.observe, live.id, people, timedelta(seconds=20))
    told = await estate.ask("POST", "/api/meeting/chat", {"text": f"{mark} hello"}, **estate.guest)
    ids["message_id"] = told["id"]
    ids["removed_id"] = (await _come(estate, {"code": ids["code"], "name": f"{mark} removed"}))["admission"]["id"]
    gone = await world.client.delete(f"/api/meeting/people/{ids['removed_id']}", headers=estate.host)
    assert gone.status_code == 204, gone.text
    agrees = {"answer": "agreed", "text": f"{mark}-1", "language": "en"}
    await estate.ask("POST", "/api/meeting/consent", agrees, **estate.guest)
    waits = await _come(estate, {"code": ids["door_code"], "name": f"{mark} knocker"}, status=202)
    estate.knocker = bearer(waits["waiting"])
    door = {"code": ids["door_code"], "name": f"{mark} doorman", "participant_token": ids["door_token"]}
    estate.doorman = bearer((await _come(estate, door))["admission"])
    ids |= {"session_id": live.id, "participant_id": guest["admission"]["id"], "host_id": host["admission"]["id"]}
    ids |= {
        "person_id": waits["waiting"]["id"],
        "engine_token": guest["engine"]["token"],
        "over_id": await _over(estate),
    }


async def _come(estate: Estate, body: dict[str, Any], status: int = 200) -> dict[str, Any]:
    answer = await estate.world.client.post("/api/meeting/join", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def _over(estate: Estate) -> str:
    world, id = estate.world, tables.new_session_id()
    row = {"id": id, "room_id": estate.ids["room_id"], "application_id": world.application_id, "generation": 1}
    row |= {"engine_room": f"{id}.1", "state": "ended", "opened_at": world.now, "started_at": world.now}
    row |= {"ended_at": world.now, "ended_by_host": False, "clearing": False, "sequence": 0}
    stay = {"sid": f"PA_{id}", "session_id": id, "person_id": tables.new_id(), "name": f"{estate.mark} past"}
    stay |= {"is_host": True, "joined_at": world.now, "left_at": world.now, "reason": "CLIENT_INITIATED"}

    def work(tx: Tx) -> None:
        tx.execute(sa.insert(tables.session), row)
        tx.execute(sa.insert(tables.participant), stay)

    await world.db.write(work)
    return id


async def _recordings(estate: Estate) -> None:
    """One that lies in the storage, with its signed link; and one that runs."""
    world, ids = estate.world, estate.ids
    times = {"started_at": world.now, "ended_at": world.now, "stored_at": world.now, "seconds": 10, "due_at": None}

    def stored(tx: Tx) -> str:
        id = recordings.request(tx, ids["session_id"]).id
        values = {"state": RecordingState.UPLOADED, **times}
        tx.execute(sa.update(tables.recording).where(tables.recording.c.id == id).values(**values))
        return id

    ids["recording_id"] = await world.db.write(stored)
    folder = world.runtime.storage.folder
    assert folder is not None
    file = folder.path / world.application_id / f"{ids['recording_id']}.mp4"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(f"{estate.mark} film".encode())
    shown = await estate.ask("GET", f"{VENDOR}/recordings/{ids['recording_id']}")
    ids["recording_url"] = shown["_links"]["url"]["href"].removeprefix(world.runtime.settings.base_url)
    ids |= dict(re.findall(r"(expires|signature)=(\w+)", ids["recording_url"]))
    running = await estate.ask("POST", f"{VENDOR}/sessions/{ids['session_id']}/recording")
    ids["running_id"] = running["id"]


async def recorded_no_more(estate: Estate) -> None:
    """The recording that runs has failed: another one can be started."""
    mine = tables.recording.c.id == estate.ids["running_id"]
    failed = sa.update(tables.recording).where(mine).values(state=RecordingState.FAILED, ended_at=estate.world.now)
    await estate.world.db.write(lambda tx: tx.execute(failed))


async def _events(estate: Estate) -> None:
    """Two events with deliveries that were tried, and so an endpoint."""
    world, ids = estate.world, estate.ids

    def work(tx: Tx) -> list[str]:
        made = events.emit(
            tx,
            *(
                announcement(kind, ids["room_id"], ids["session_id"])
                for kind in (EventType.SESSION_STARTED, EventType.PARTICIPANT_JOINED)
            ),
        )
        turn = callbacks.claim(tx, held={}, room=100)
        told = Outcome(OutcomeKind.REFUSED, 500, 12, answer=f"{estate.mark} answer")
        callbacks.settle(tx, [Tried(one, tx.now, told) for one in turn.claims])
        return made

    ids["event_id"] = (await world.db.write(work))[0]
    shown = await estate.ask("GET", "/api/endpoints")
    ids["endpoint_id"] = shown["endpoints"][0]["id"]


async def _theme(estate: Estate) -> None:
    """A theme with a logo, an upload that no theme has taken yet, and a form that nobody has used."""
    world, mark = estate.world, estate.mark
    theme = {"theme_name": f"{mark} theme", "main_color": "#0a7d4f", "brand_text": f"{mark} brand"}
    made = await estate.ask("POST", f"{VENDOR}/themes", theme | {"short_company_url": f"{mark}-co"})
    estate.ids |= {"theme_id": made["theme_id"], "short": f"{mark}-co"}
    keys_of = {}
    for turn in ("taken", "waiting"):
        white = (await estate.ask("GET", f"{VENDOR}/themes/logos-upload-urls"))[0]
        path = white["url"].removeprefix(world.runtime.settings.base_url)
        answer = await world.client.post(path, data=white["fields"], files={"file": ("logo.png", logo(), "image/png")})
        assert answer.status_code == 204, answer.text
        keys_of[turn] = white["fields"]["key"]
    await estate.ask("PUT", f"{VENDOR}/themes/{made['theme_id']}/finalizeLogos", {"keys": [keys_of["taken"]]})
    shown = await estate.ask("GET", f"{VENDOR}/themes/{made['theme_id']}")
    estate.ids["upload_key"] = keys_of["waiting"]
    estate.ids["picture_url"] = shown["brand_image_white_url"].removeprefix(world.runtime.settings.base_url)
    estate.form = (await estate.ask("GET", f"{VENDOR}/themes/logos-upload-urls"))[0]["fields"]


async def _meetings(estate: Estate) -> None:
    """A user, a scheduled meeting that he hosts, what was said in its chat, and a film of it."""
    world, mark, ids = estate.world, estate.mark, estate.ids
    host = await world.cube.user(f"{mark}.host", full_name=f"{mark} host", email=f"{mark}.host@example.org")
    estate.admin = world.cube.admin
    await estate.ask("PUT", f"/admin/users/{host.number}", {"password": PASSWORD}, **estate.admin)
    estate.user = await world.cube.token(host)
    people = [{"id": host.number}, {"email": f"{mark}.guest@example.org"}]
    plan = {"name": f"{mark} launch", "start_date": STARTS, "end_date": STARTS + 3600, "attendees": people}
    meeting = await estate.ask("POST", "/meetings", plan | {"chat": True, "notify": True}, **estate.user)
    ids |= {"meeting_id": meeting["_id"], "dialog_id": meeting["chat_dialog_id"], "number": host.number}
    ids |= {"login": host.login, "email": host.email, "client_number": world.cube.client.number}
    ids["auth_key"] = world.cube.client.auth_key
    said = {"chat_dialog_id": ids["dialog_id"], "message": f"{mark} hello"}
    ids["line_id"] = (await estate.ask("POST", "/chat/Message", said, **estate.user))["_id"]
    told = await world.db.read(lambda tx: outbox.latest(tx, world.application_id, before=None, limit=1))
    ids["serial"] = told[0].serial
    await estate.ask("PUT", "/api/mail-templates/invitation", {"subject": f"{mark} invites you"})
    link = (await estate.ask("GET", f"/meetings/{meeting['_id']}/link", **estate.user))["link"]
    ids["invitation"] = link.partition("participant_token=")[2]
    await world.db.write(lambda tx: _film(tx, estate))
    films = await estate.ask("GET", f"/admin/meetings/recordings/{meeting['_id']}", **estate.admin)
    ids["film_id"] = films[0]["_id"]


def _film(tx: Tx, estate: Estate) -> None:
    """A recording of the scheduled meeting, whose session is over."""
    world = estate.world
    room_id = meetings.get(tx, world.application_id, estate.ids["meeting_id"]).room_id
    session = tables.new_session_id()
    row = {"id": session, "room_id": room_id, "application_id": world.application_id, "generation": 1}
    row |= {"engine_room": f"{session}.1", "state": "running", "opened_at": world.now, "started_at": world.now}
    row |= {"ended_at": None, "ended_by_host": False, "clearing": False, "sequence": 0}
    tx.execute(sa.insert(tables.session), row)
    id = recordings.request(tx, session).id
    values = {"state": RecordingState.UPLOADED, "started_at": world.now, "ended_at": world.now, "stored_at": world.now}
    values |= {"seconds": 10, "bytes": 12_345, "due_at": None}
    tx.execute(sa.update(tables.recording).where(tables.recording.c.id == id).values(**values))
    over = {"state": "ended", "ended_at": world.now}
    tx.execute(sa.update(tables.session).where(tables.session.c.id == session).values(**over))


# --- Small parts ----------------------------------------------------------------------------------------------------


def logo(side: int = 40) -> bytes:
    """A PNG with a transparent ground."""
    picture = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    ImageDraw.Draw(picture).ellipse((side // 4, side // 4, side * 3 // 4, side * 3 // 4), fill=(10, 125, 79, 255))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def token_of(room: dict[str, Any]) -> str:
    """The host's token in a room's host link."""
    return str(room["_links"]["host_url"]["href"].partition("participant_token=")[2])


def bearer(proof: dict[str, str]) -> dict[str, str]:
    """The Authorization header of somebody on the page."""
    return {"Authorization": f"Bearer {proof['id']}.{proof['key']}"}


def basic(name: str, secret: str) -> dict[str, str]:
    """An Authorization header (RFC 7617)."""
    return {"Authorization": f"Basic {base64.b64encode(f'{name}:{secret}'.encode()).decode()}"}


# --- All rows -------------------------------------------------------------------------------------------------------


def dump(tx: Tx) -> dict[str, list[str]]:
    """Every row of every table, as text, in one order."""
    return {
        table.name: sorted(
            json.dumps(dict(row._mapping), default=str) for row in tx.connection.execute(sa.select(table))
        )
        for table in tables.metadata.sorted_tables
    }


def rows_of(dumped: dict[str, list[str]], *owned: str) -> dict[str, list[str]]:
    """The rows that have one of these ids in them."""
    return {name: [row for row in rows if any(id in row for id in owned)] for name, rows in dumped.items()}


def is_json(answer: httpx.Response) -> bool:
    """Whether the answer says that it is JSON."""
    return answer.headers.get("content-type", "").startswith("application/json")
