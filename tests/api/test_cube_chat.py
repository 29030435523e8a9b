"""The chat of scheduled meetings for users: who finds the dialog, who reads and writes, and that the meeting sees it at once."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from convene import meetings, roles, rooms, sessions
from convene.db import Tx
from tests.api.test_chat import history, said, told
from tests.api.test_join import inside
from tests.world import World

STARTS = 1_772_352_000  # 2026-03-01 08:00, when the worlds of tests begin


@dataclass
class Somebody:
    """A user with a session."""

    world: World
    number: int
    token: Mapping[str, str]

    async def ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        return await self.world.client.request(method, path, headers=dict(self.token), json=body)

    async def say(self, dialog: str, text: str, **more: Any) -> dict[str, Any]:
        body = {"chat_dialog_id": dialog, "message": text, "send_to_chat": 1, **more}
        answer = await self.ask("POST", "/chat/Message", body)
        assert answer.status_code == 201, answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def dialogs(self) -> list[dict[str, Any]]:
        return (await self.ask("GET", "/chat/Dialog")).json()["items"]  # type: ignore[no-any-return]

    async def reads(self, dialog: str, **query: Any) -> list[str]:
        asked = {"chat_dialog_id": dialog, "limit": 100, "skip": 0, "sort_desc": "date_sent", **query}
        path = str(httpx.URL("/chat/Message", params={k: v for k, v in asked.items() if v is not None}))
        answer = await self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return [one["message"] for one in answer.json()["items"]]


async def somebody(world: World, login: str, **more: Any) -> Somebody:
    user = await world.cube.user(login, **more)
    return Somebody(world, user.number, await world.cube.token(user))


async def meeting(host: Somebody, *attendees: Somebody, **more: Any) -> dict[str, Any]:
    invited = [{"id": one.number} for one in attendees]
    body = {
        "name": "Launch",
        "start_date": STARTS,
        "end_date": STARTS + 3600,
        "attendees": invited,
        "chat": True,
        **more,
    }
    answer = await host.ask("POST", "/meetings", body)
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def room_of(world: World, meeting_id: str) -> dict[str, Any]:
    """The meeting's room, in the form that joining by its code needs."""

    def work(tx: Tx) -> dict[str, Any]:
        room = rooms.get(tx, world.application_id, meetings.get(tx, world.application_id, meeting_id).room_id)
        return {"meeting_code": room.meeting_code, "id": room.id}

    return await world.db.read(work)


async def test_host_and_attendees_find_the_dialog_and_others_do_not(world: World) -> None:
    grace, ada, eve = [await somebody(world, login) for login in ("grace", "ada", "eve")]
    made = await meeting(grace, ada)
    [found] = await ada.dialogs()
    assert (found["_id"], found["type"], found["name"]) == (made["chat_dialog_id"], 5, "Launch")
    assert (found["user_id"], found["occupants_ids"], found["last_message"]) == (
        grace.number,
        [grace.number, ada.number],
        None,
    )
    assert await eve.dialogs() == []
    for who, count in ((ada, 1), (eve, 0)):
        page = (await who.ask("GET", f"/chat/Dialog?_id={made['chat_dialog_id']}")).json()
        assert (page["total_entries"], len(page["items"])) == (count, count)
    assert (await ada.ask("GET", "/chat/Dialog?type=3")).json()["items"] == []
    dialog = made["chat_dialog_id"]
    for method, path, body in (
        ("POST", f"/chat/Dialog/{dialog}/subscribe", None),
        ("DELETE", f"/chat/Dialog/{dialog}/subscribe", None),
        ("GET", f"/chat/Message?chat_dialog_id={dialog}", None),
        ("POST", "/chat/Message", {"chat_dialog_id": dialog, "message": "x"}),
    ):
        refused = await eve.ask(method, path, body)
        assert (refused.status_code, "base" in refused.json()["errors"]) == (404, True), (method, path)


async def test_whoever_can_read_the_meeting_may_subscribe_and_leave(world: World) -> None:
    grace, eve = await somebody(world, "grace"), await somebody(world, "eve")
    made = await meeting(grace, public=True)
    path = f"/chat/Dialog/{made['chat_dialog_id']}/subscribe"
    for _ in range(2):
        answer = await eve.ask("POST", path)
        assert (answer.status_code, answer.json()["occupants_ids"]) == (200, [grace.number, eve.number])
    await eve.say(made["chat_dialog_id"], "hello")
    assert (await grace.ask("PUT", f"/meetings/{made['_id']}", {"name": "Renamed"})).status_code == 200
    assert [one["name"] for one in await eve.dialogs()] == ["Renamed"]
    assert (await eve.ask("DELETE", path)).json() == {}
    assert await eve.dialogs() == []


async def test_what_is_written_is_read_and_seen_in_the_meeting_at_once(world: World) -> None:
    grace, ada = await somebody(world, "grace", full_name="Grace H"), await somebody(world, "ada")
    made = await meeting(grace, ada, public=True)
    dialog = made["chat_dialog_id"]
    first = await grace.say(dialog, "before the meeting", custom="x", id=7)
    assert first == first | {"chat_dialog_id": dialog, "message": "before the meeting", "sender_id": grace.number}
    assert (first["date_sent"], first["read_ids"], first["custom"]) == (STARTS, [grace.number], "x")
    assert "id" not in first
    person, person_id = await inside(world, await room_of(world, made["_id"]), "Gustav")
    await ada.say(dialog, "and in it")
    assert [(one["text"], one["name"], one["person_id"]) for one in told(world)] == [("and in it", "ada", None)]
    assert [one["text"] for one in (await history(world, person))["messages"]] == ["before the meeting", "and in it"]
    await said(world, person, "from the page")
    assert await ada.reads(dialog) == ["from the page", "and in it", "before the meeting"]
    assert await ada.reads(dialog, sort_desc=None, skip=1, limit=1) == ["and in it"]
    [newest] = (await ada.ask("GET", f"/chat/Message?chat_dialog_id={dialog}&limit=1&sort_desc=date_sent")).json()[
        "items"
    ]
    assert (newest["sender_id"], newest["sender_name"]) == (0, "Gustav")
    counted = (await ada.ask("GET", f"/chat/Message?chat_dialog_id={dialog}&count=1")).json()
    assert counted["items"] == {"count": 3}
    assert person_id not in json.dumps(newest), "a person's identity is the meeting's"


async def test_where_guests_may_not_write_the_host_may_also_from_outside(world: World) -> None:
    grace, ada = await somebody(world, "grace"), await somebody(world, "ada")
    made = await meeting(grace, ada, public=True)
    dialog, room = made["chat_dialog_id"], await room_of(world, made["_id"])
    await inside(world, room, "Gustav")
    live = await world.db.read(sessions.live_of, room["id"])
    assert live is not None
    await world.db.write(roles.allow, live.id, {"chat": False})
    refused = await ada.ask("POST", "/chat/Message", {"chat_dialog_id": dialog, "message": "no", "send_to_chat": 1})
    assert refused.status_code == 403
    await grace.say(dialog, "yes")
    assert await ada.reads(dialog) == ["yes"]
    await world.db.write(sessions.close, room["id"])
    await ada.say(dialog, "afterwards")


async def test_what_is_not_read_is_counted_until_it_is_read(world: World) -> None:
    grace, ada = await somebody(world, "grace"), await somebody(world, "ada")
    dialog = (await meeting(grace, ada))["chat_dialog_id"]
    for text in ("one", "two", "three"):
        await grace.say(dialog, text)

    async def unread(who: Somebody) -> int:
        asked = (await who.ask("GET", f"/chat/Message/unread?chat_dialog_ids={dialog}")).json()
        [listed] = await who.dialogs()
        assert asked == {"total": asked[dialog], dialog: listed["unread_messages_count"]}
        assert (listed["last_message"], listed["last_message_user_id"]) == ("three", grace.number)
        return int(asked[dialog])

    assert (await unread(ada), await unread(grace)) == (3, 0)
    await ada.reads(dialog, mark_as_read="0")
    assert await unread(ada) == 3
    await ada.reads(dialog, sort_desc=None, limit=2)
    assert await unread(ada) == 1
    await ada.reads(dialog)
    assert await unread(ada) == 0
    items = (await grace.ask("GET", f"/chat/Message?chat_dialog_id={dialog}")).json()["items"]
    assert [(one["read"], set(one["read_ids"])) for one in items] == [(1, {grace.number, ada.number})] * 3


async def test_the_author_and_the_host_delete_for_everybody(world: World) -> None:
    grace, ada, bob = [await somebody(world, login) for login in ("grace", "ada", "bob")]
    made = await meeting(grace, ada, bob, public=True)
    dialog = made["chat_dialog_id"]
    person, _ = await inside(world, await room_of(world, made["_id"]), "Gustav")
    messages = [(await ada.say(dialog, text))["_id"] for text in ("mine", "the host's to delete", "kept")]

    async def delete(who: Somebody, *ids: str) -> dict[str, list[str]]:
        answer = await who.ask("DELETE", f"/chat/Message/{','.join(ids)}?force=1")
        assert answer.status_code == 200
        return {name: done["ids"] for name, done in answer.json().items() if done["ids"]}

    assert await delete(bob, messages[0], "0" * 24) == {"WrongPermissions": [messages[0]], "NotFound": ["0" * 24]}
    assert await delete(ada, messages[0]) == {"SuccessfullyDeleted": [messages[0]]}
    assert await delete(grace, messages[1], messages[0]) == {
        "SuccessfullyDeleted": [messages[1]],
        "NotFound": [messages[0]],
    }
    assert await ada.reads(dialog) == ["kept"]
    assert [one["deleted_by"] for one in told(world)[3:]] == ["author", "host"]
    assert [one["text"] for one in (await history(world, person))["messages"]] == ["", "", "kept"]
    eve = await somebody(world, "eve")
    assert await delete(eve, messages[2]) == {"NotFound": [messages[2]]}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"message": ""}, "message"),
        ({"message": 7}, "message"),
        ({"message": "x" * 2001}, "message"),
        ({"message": "x", "custom": "y" * 5000}, "message"),
        ({"message": "x", "attachments": "y"}, "attachments"),
        ({"message": "x", "chat_dialog_id": None}, "chat_dialog_id"),
        ({"message": "x", "chat_dialog_id": 7}, "chat_dialog_id"),
    ],
)
async def test_a_bad_message_is_refused_with_the_field(world: World, body: dict[str, Any], field: str) -> None:
    grace = await somebody(world, "grace")
    dialog = (await meeting(grace))["chat_dialog_id"]
    refused = await grace.ask("POST", "/chat/Message", {"chat_dialog_id": dialog, **body})
    assert (refused.status_code, field in refused.json()["errors"]) == (422, True), refused.text
    assert await grace.reads(dialog) == []


async def test_a_file_may_come_without_words(world: World) -> None:
    grace = await somebody(world, "grace")
    dialog = (await meeting(grace))["chat_dialog_id"]
    files = [{"type": "image", "url": "https://files.example/1.png"}]
    answer = await grace.ask("POST", "/chat/Message", {"chat_dialog_id": dialog, "attachments": files})
    assert (answer.status_code, answer.json()["attachments"]) == (201, files)


async def test_the_dialog_goes_with_its_meeting(world: World) -> None:
    grace, ada = await somebody(world, "grace"), await somebody(world, "ada")
    made = await meeting(grace, ada)
    await ada.say(made["chat_dialog_id"], "hello")
    assert (await grace.ask("DELETE", f"/meetings/{made['_id']}")).status_code == 200
    assert await ada.dialogs() == []
    refused = await ada.ask("GET", f"/chat/Message?chat_dialog_id={made['chat_dialog_id']}")
    assert refused.status_code == 404


async def test_a_meeting_without_chat_has_no_dialog(world: World) -> None:
    grace = await somebody(world, "grace")
    assert (await meeting(grace, chat=False))["chat_dialog_id"] is None
    assert await grace.dialogs() == []
