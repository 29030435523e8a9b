"""Chat at the page's door and at the application's: who reads, writes, deletes and exports, and that everybody is told."""

import json
from typing import Any

import httpx
import pytest

from convene import access, sessions
from tests import world as worlds
from tests.api.test_join import inside, join, make
from tests.world import World

Proof = dict[str, str]


async def say(world: World, who: Proof, text: str = "hello", **more: Any) -> httpx.Response:
    return await world.client.post("/api/meeting/chat", json={"text": text, **more}, headers=who)


async def said(world: World, who: Proof, text: str = "hello", **more: Any) -> dict[str, Any]:
    answer = await say(world, who, text, **more)
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def history(world: World, who: Proof, **query: Any) -> dict[str, Any]:
    answer = await world.client.get("/api/meeting/chat", params=query, headers=who)
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def texts(world: World, who: Proof, **query: Any) -> list[str]:
    return [one["text"] for one in (await history(world, who, **query))["messages"]]


async def delete(world: World, who: Proof, message: dict[str, Any]) -> httpx.Response:
    return await world.client.delete(f"/api/meeting/chat/{message['id']}", headers=who)


def told(world: World) -> list[dict[str, Any]]:
    """What the engine told everybody in all rooms, under our topic."""
    return [json.loads(data) for room in world.engine.rooms.values() for topic, data in room.told if topic == "chat"]


async def test_a_message_is_told_to_all_and_found_by_who_comes_late(world: World) -> None:
    room = await make(world)
    ann, ann_id = await inside(world, room, "Ann")
    message = await said(world, ann, "  Grüße an alle\r\n 👋 ", key="k1")
    assert message == {
        "id": message["id"],
        "person_id": ann_id,
        "name": "Ann",
        "text": "Grüße an alle\n 👋",
        "reply_to": None,
        "key": "k1",
        "sent_at": "2026-03-01T08:00:00.000Z",
        "deleted_by": None,
    }
    assert told(world) == [message]
    ben, _ = await inside(world, room, "Ben")
    assert await history(world, ben) == {"messages": [message], "more": False, "kept_days": None}
    answer = await said(world, ben, "Hallo", reply_to=message["id"])
    assert answer["reply_to"] == {"id": message["id"], "name": "Ann", "text": "Grüße an alle 👋"}
    assert await texts(world, ann, after=message["id"]) == ["Hallo"]
    assert await texts(world, ann, before=answer["id"]) == ["Grüße an alle\n 👋"]


async def test_a_message_that_the_engine_cannot_pass_on_is_still_found(world: World) -> None:
    room = await make(world)
    ann, _ = await inside(world, room, "Ann")
    world.engine.away = True
    message = await said(world, ann)
    assert (await delete(world, ann, message)).status_code == 204
    assert told(world) == []
    world.engine.away = False
    [found] = (await history(world, ann))["messages"]
    assert (found["id"], found["deleted_by"]) == (message["id"], "author")


async def test_a_message_that_is_sent_again_is_said_once(world: World) -> None:
    ann, _ = await inside(world, await make(world), "Ann")
    first = await said(world, ann, key="k1")
    assert await said(world, ann, key="k1") == first
    assert await texts(world, ann) == ["hello"]


async def test_the_author_and_the_host_delete_and_nobody_else(world: World) -> None:
    room = await make(world)
    hanna, _ = await inside(world, room, "Hanna", host=True)
    (ann, _), (ben, _) = await inside(world, room, "Ann"), await inside(world, room, "Ben")
    messages = [await said(world, ann, f"m{n}") for n in range(3)]
    refused = await delete(world, ben, messages[0])
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not_yours")
    for who, message in ((ann, messages[0]), (hanna, messages[1]), (hanna, messages[1])):
        assert (await delete(world, who, message)).status_code == 204
    assert [(one["text"], one["deleted_by"], one["name"]) for one in (await history(world, ben))["messages"]] == [
        ("", "author", "Ann"),
        ("", "host", "Ann"),
        ("m2", None, "Ann"),
    ]
    assert [(one["id"], one["deleted_by"]) for one in told(world)[3:5]] == [
        (messages[0]["id"], "author"),
        (messages[1]["id"], "host"),
    ]
    for unknown in ("0" * 24, "%00", "%F0%9F%A4%96", "a b"):
        assert (await delete(world, hanna, {"id": unknown})).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": " \u202e "}, "text"),
        ({"text": "x" * 2001}, "text"),
        ({"text": "x" * 20_001}, "text"),
        ({}, "text"),
        ({"text": 7}, "text"),
        ({"text": "x", "reply_to": "0" * 24}, "reply_to"),
        ({"text": "x", "reply_to": "\x00"}, "reply_to"),
        ({"text": "x", "key": ""}, "key"),
        ({"text": "x", "key": "ä"}, "key"),
        ({"text": "x", "html": "y"}, "html"),
    ],
)
async def test_a_bad_message_is_refused_with_the_field(world: World, body: dict[str, Any], field: str) -> None:
    ann, _ = await inside(world, await make(world), "Ann")
    answer = await world.client.post("/api/meeting/chat", json=body, headers=ann)
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
    assert (await history(world, ann))["messages"] == []


async def test_who_is_not_in_reads_and_writes_nothing(world: World) -> None:
    room = await make(world)
    hanna, _ = await inside(world, room, "Hanna", host=True)
    ann, ann_id = await inside(world, room, "Ann")
    message = await said(world, ann, "secret")
    stranger = {"Authorization": f"Bearer {ann_id}.wrong"}
    calls = [("GET", "/chat"), ("POST", "/chat"), ("DELETE", f"/chat/{message['id']}"), ("GET", "/chat/export")]

    async def codes(who: Proof, calls: list[tuple[str, str]] = calls) -> list[tuple[int, str]]:
        answers = [
            await world.client.request(
                method, f"/api/meeting{path}", headers=who, json={"text": "x"} if method == "POST" else None
            )
            for method, path in calls
        ]
        return [(answer.status_code, answer.json()["error"]["code"]) for answer in answers]

    assert await codes({}) == await codes(stranger) == [(401, "not_admitted")] * 4
    other, _ = await inside(world, await make(world), "Olga", host=True)
    assert (await history(world, other))["messages"] == []
    assert (await delete(world, other, message)).status_code == 404
    assert (await world.client.delete(f"/api/meeting/people/{ann_id}", headers=hanna)).status_code == 204
    assert await codes(ann) == [(403, "removed")] * 4
    assert (await world.client.post("/api/meeting/end", headers=hanna)).status_code == 204
    assert await codes(hanna, calls[:3]) == [(410, "ended")] * 3


async def test_a_room_without_chat_refuses_it(world: World) -> None:
    room = await make(world, available_features={"is_chat_available": False})
    hanna, _ = await inside(world, room, "Hanna", host=True)
    refused = await say(world, hanna)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "chat_unavailable")
    seen = await world.client.get("/api/meeting/chat", headers=hanna)
    assert (seen.status_code, seen.json()["error"]["code"]) == (403, "chat_unavailable")


async def test_too_fast_is_told_with_how_long_to_wait(world: World) -> None:
    ann, _ = await inside(world, await make(world), "Ann")
    for number in range(20):
        await said(world, ann, str(number))
    slow = await say(world, ann)
    assert (slow.status_code, slow.headers["Retry-After"]) == (429, "10")


async def test_how_long_it_is_kept_is_said(world: World) -> None:
    ann, _ = await inside(world, await make(world), "Ann")
    answer = await world.client.patch("/api/application", json={"keep_chat_days": 30}, headers=world.auth)
    assert answer.status_code == 200
    assert (await history(world, ann))["kept_days"] == 30


async def test_the_host_takes_the_whole_chat_with_him_also_afterwards(world: World) -> None:
    room = await make(world)
    hanna, _ = await inside(world, room, "Hanna", host=True)
    ann, _ = await inside(world, room, "Ann")
    asked = await said(world, ann, "Who brings\nthe cake?")
    gone = await said(world, ann, "never mind")
    await said(world, hanna, "I do", reply_to=asked["id"])
    await delete(world, ann, gone)
    refused = await world.client.get("/api/meeting/chat/export", headers=ann)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not_host")
    await world.client.post("/api/meeting/end", headers=hanna)
    whole = await world.client.get("/api/meeting/chat/export", headers=hanna)
    assert whole.headers["content-disposition"] == 'attachment; filename="chat.json"'
    assert [one["text"] for one in whole.json()["messages"]] == ["Who brings\nthe cake?", "", "I do"]
    plain = await world.client.get("/api/meeting/chat/export?as=text", headers=hanna)
    assert plain.headers["content-type"] == "text/plain; charset=utf-8"
    assert plain.text == (
        "2026-03-01 08:00:00Z  Ann: Who brings\n    the cake?\n"
        "2026-03-01 08:00:00Z  Hanna (to Ann: “Who brings the cake?”): I do\n"
    )


# --- The application's door -----------------------------------------------------------------------------------------


async def chat_of(world: World, session_id: str, path: str = "", method: str = "GET", **more: Any) -> httpx.Response:
    headers = {**world.auth, **more.pop("headers", {})}
    return await world.client.request(method, f"/v1/meetings/sessions/{session_id}/chat{path}", headers=headers, **more)


async def test_the_application_reads_page_by_page_and_deletes(world: World) -> None:
    room = await make(world)
    ann, ann_id = await inside(world, room, "Ann")
    session_id = str((await join(world, room, "Ben")).json()["session_id"])
    messages = [await said(world, ann, f"m{n}") for n in range(5)]
    first = (await chat_of(world, session_id, params={"page_size": 2})).json()
    assert [one["text"] for one in first["_embedded"]["messages"]] == ["m0", "m1"]
    assert first["_embedded"]["messages"][0] == {
        "id": messages[0]["id"],
        "participant_id": ann_id,
        "name": "Ann",
        "text": "m0",
        "reply_to": None,
        "sent_at": "2026-03-01T08:00:00.000Z",
        "deleted_by": None,
    }
    found, page = [], first
    while page:
        found += [one["text"] for one in page["_embedded"]["messages"]]
        link = page["_links"].get("next")
        page = (await world.client.get(link["href"], headers=world.auth)).json() if link else None
    assert found == ["m0", "m1", "m2", "m3", "m4"]
    assert (await chat_of(world, session_id, f"/{messages[2]['id']}", "DELETE")).status_code == 204
    assert told(world)[-1]["deleted_by"] == "host"
    assert await texts(world, ann) == ["m0", "m1", "", "m3", "m4"]
    current = await world.db.read(sessions.get, session_id)
    await world.db.write(sessions.close, current.room_id)
    past = (await chat_of(world, session_id)).json()
    assert len(past["_embedded"]["messages"]) == 5, "also when it is over"


async def test_the_application_is_told_what_there_is_not(world: World) -> None:
    room = await make(world)
    ann, _ = await inside(world, room, "Ann")
    session_id = str((await join(world, room, "Ben")).json()["session_id"])
    message = await said(world, ann)
    for path in (f"/{'0' * 24}", "/%00", "/x%20y"):
        assert (await chat_of(world, session_id, path, "DELETE")).status_code == 404
    for query in ({"page_size": 0}, {"page_size": 1001}, {"page_size": "x"}, {"after": "\x00"}):
        assert (await chat_of(world, session_id, params=query)).status_code == 400
    assert (await chat_of(world, "1_MX4unknown")).status_code == 404
    other = await world.db.write(access.create_first, "Bob", worlds.key_pair())
    for method, path in (("GET", ""), ("DELETE", f"/{message['id']}")):
        theirs = await chat_of(world, session_id, path, method, headers=worlds.basic(other))
        assert theirs.status_code == 404, "another tenant's"
        assert (await chat_of(world, session_id, path, method, headers={"Authorization": ""})).status_code == 401
    assert await texts(world, ann) == ["hello"]
