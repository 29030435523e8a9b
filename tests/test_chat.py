"""What is written: its words, its order, who reads it, that it is gone when it is deleted; and the dialogs of users."""

import asyncio

import pytest
import sqlalchemy as sa

from convene import chat, retention, sessions, tables
from convene.chat import Author, Draft, Message, Place
from convene.db import Tx
from convene.errors import Forbidden, Invalid, NotFound, TooMany
from convene.rooms import Room
from convene.worker import Worker
from tests.test_retention import CANARY, a_past_session, holds, rows, tidy
from tests.test_sessions import a_room, enter
from tests.world import World

ANN = Author("Ann", "ann")
CHAT = (tables.chat_message, tables.dialog, tables.dialog_occupant)


async def a_place(world: World, room: Room) -> Place:
    session, _, _ = await enter(world, room)
    return await world.db.read(chat.place_of, session)


async def say(world: World, place: Place, text: str, author: Author = ANN, **more: str | None) -> Message:
    return await world.db.write(chat.write, place, author, Draft(text, **more))  # type: ignore[arg-type]


async def texts(world: World, place: Place, **asked: object) -> list[str]:
    page = await world.db.read(chat.history, place, **asked)  # type: ignore[arg-type]
    return [one.text for one in page.messages]


async def scheduled(world: World) -> Room:
    """A room that a scheduled meeting owns."""
    room = await a_room(world)
    mark = sa.update(tables.room).where(tables.room.c.id == room.id).values(is_meetings=True)
    await world.db.write(lambda tx: tx.execute(mark))
    return room


# --- Words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  hello \r\n", "hello"),
        ("one\r\ntwo\rthree\u2028four\u0085five", "one\ntwo\nthree\nfour\nfive"),
        ("a\n\n\n\n\nb", "a\n\nb"),
        ("e\u0301", "é"),
        ("tab\there", "tab here"),
        ("\u202egnp.exe\u202c \u2066x\u2069", "gnp.exe x"),
        ("nul\x00bell\x07", "nulbell"),
        (
            "👩\u200d👩\u200d👧 🏴\U000e0067\U000e0062\U000e007f 👍🏽",
            "👩\u200d👩\u200d👧 🏴\U000e0067\U000e0062\U000e007f 👍🏽",
        ),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("<b>&amp;</b>", "<b>&amp;</b>"),
        ("x" * 2000, "x" * 2000),
    ],
)
def test_a_text_is_kept_without_what_disturbs(typed: str, kept: str) -> None:
    assert chat.cleaned(typed) == kept
    assert chat.cleaned(kept) == kept


@pytest.mark.parametrize("typed", ["", "  \n\t ", "\u200d\u200e", "\u0301", "\u202e", "\x00", "x" * 2001])
def test_a_text_has_something_to_see_and_an_end(typed: str) -> None:
    with pytest.raises(Invalid) as refusal:
        chat.cleaned(typed)
    assert refusal.value.field == "text"


def test_a_quote_is_one_short_line() -> None:
    assert chat.clipped("one\n two") == "one two"
    assert len(chat.clipped("x" * 500)) == 120 and chat.clipped("x" * 500).endswith("x…")


# --- Messages -------------------------------------------------------------------------------------------------------


async def test_messages_are_read_in_their_order_page_by_page(world: World) -> None:
    place = await a_place(world, await a_room(world))
    for number in range(9):
        await say(world, place, str(number), Author("Ben", f"ben{number}"))
    newest = await world.db.read(chat.history, place, limit=4)
    assert ([m.text for m in newest.messages], newest.more) == (["5", "6", "7", "8"], True)
    before = await world.db.read(chat.history, place, before=newest.messages[0].id, limit=5)
    assert ([m.text for m in before.messages], before.more) == (["0", "1", "2", "3", "4"], False)
    after = await world.db.read(chat.following, place, after=newest.messages[0].id, limit=2)
    assert ([m.text for m in after.messages], after.more) == (["6", "7"], True)
    assert [m.text for m in await world.db.read(chat.everything, place)] == list("012345678")


async def test_ids_grow_whatever_the_clock_and_the_process_say(world: World) -> None:
    place = await a_place(world, await a_room(world))
    first = await say(world, place, "first")
    world.later(seconds=-30)
    second = await say(world, place, "second")
    foreign = f"{int(second.id[:8], 16):08x}ffffffffff000000"  # of another process, in the same second

    def slip_in(tx: Tx) -> None:
        tx.execute(sa.update(tables.chat_message).where(tables.chat_message.c.id == second.id).values(id=foreign))

    await world.db.write(slip_in)
    third = await say(world, place, "third")
    assert first.id < foreign < third.id
    assert await texts(world, place) == ["first", "second", "third"]


async def test_many_write_at_once_and_none_is_passed_by(world: World) -> None:
    place = await a_place(world, await a_room(world))
    seen: list[str] = []

    async def follow() -> None:
        while len(seen) < 40:
            page = await world.db.read(chat.following, place, after=seen[-1] if seen else None)
            seen.extend(message.id for message in page.messages)
            await asyncio.sleep(0)

    following = asyncio.create_task(follow())
    made = await asyncio.gather(*(say(world, place, str(n), Author("P", f"p{n}")) for n in range(40)))
    await asyncio.wait_for(following, 60)
    assert seen == sorted(message.id for message in made)


async def test_a_session_has_its_own_chat_and_a_scheduled_meeting_one_for_all(world: World) -> None:
    for room, expected in ((await a_room(world), ["second"]), (await scheduled(world), ["first", "second"])):
        await say(world, await a_place(world, room), "first")
        await world.db.write(sessions.close, room.id)
        place = await a_place(world, room)
        await say(world, place, "second")
        assert await texts(world, place) == expected


async def test_an_answer_shows_the_beginning_of_what_it_answers_as_long_as_that_is_there(world: World) -> None:
    room = await a_room(world)
    place = await a_place(world, room)
    asked = await say(world, place, "Who brings\nthe cake?")
    answer = await say(world, place, "I do", Author("Ben", "ben"), reply_to=asked.id)
    assert answer.quote is not None
    assert (answer.quote.id, answer.quote.name, answer.quote.text) == (asked.id, "Ann", "Who brings the cake?")
    await world.db.write(chat.delete, place, asked.id, by=chat.AUTHOR)
    again = await world.db.read(chat.get, place, answer.id)
    assert (again.text, again.quote, again.reply_to) == ("I do", None, asked.id)
    await world.db.write(sessions.close, room.id)
    later = await a_place(world, room)
    for unknown in (asked.id, "0" * 24, "\x00", "ä"):
        with pytest.raises(Invalid) as refusal:
            await say(world, later, "me too", reply_to=unknown)
        assert refusal.value.field == "reply_to", "also of another session: its words are none of theirs"


async def test_what_is_deleted_is_gone_from_the_tables(world: World) -> None:
    place = await a_place(world, await a_room(world))
    message = await say(world, place, CANARY)
    for by in (chat.HOST, chat.AUTHOR):
        gone = await world.db.write(chat.delete, place, message.id, by=by)
        assert (gone.text, gone.author.name, gone.deleted_by) == ("", "Ann", "host"), "the first word counts"
    assert await holds(world, CANARY) == []
    with pytest.raises(NotFound):
        await world.db.write(chat.delete, place, "0" * 24, by=chat.HOST)


async def test_sent_twice_under_one_key_it_is_said_once(world: World) -> None:
    place = await a_place(world, await a_room(world))
    first = await say(world, place, "hello", key="k1")
    assert await say(world, place, "hello", key="k1") == first
    other = await say(world, place, "hello", Author("Ben", "ben"), key="k1")
    assert other.id != first.id
    assert await texts(world, place) == ["hello", "hello"]


async def test_nobody_floods_the_others(world: World) -> None:
    place = await a_place(world, await a_room(world))
    for number in range(20):
        await say(world, place, str(number))
    with pytest.raises(TooMany) as refusal:
        await say(world, place, "one more")
    assert refusal.value.details["retry_after"] == 10
    await say(world, place, "others may", Author("Ben", "ben"))
    world.later(seconds=11)
    await say(world, place, "and so may I, now")


async def test_a_room_without_chat_has_none(world: World) -> None:
    session, _, _ = await enter(world, await a_room(world, features={"is_chat_available": False}))
    with pytest.raises(Forbidden) as refusal:
        await world.db.read(chat.place_of, session)
    assert refusal.value.code == "chat_unavailable"


# --- How long it is kept --------------------------------------------------------------------------------------------


async def test_chat_goes_after_its_days_and_the_rest_stays(world: World) -> None:
    place = await a_place(world, await a_room(world))
    old = await say(world, place, CANARY)
    world.later(days=3)
    await say(world, place, "fresh", reply_to=old.id)
    await world.db.write(retention.keep, world.application_id, {"keep_chat_days": 3})
    await Worker(world.runtime).tidy()
    page = await world.db.read(chat.history, place)
    assert [(one.text, one.quote) for one in page.messages] == [("fresh", None)]
    assert await holds(world, CANARY) == []


async def test_chat_and_dialogs_go_with_their_room_and_with_their_session(world: World) -> None:
    room = await scheduled(world)
    await a_dialog(world, room)
    kept, gone = [await a_past_session(world, room, "Ann") for _ in range(2)]
    for session_id in (kept, gone):
        await say(world, Place(world.application_id, room.id, session_id, whole_room=True), f"{CANARY} {session_id}")
    await world.db.write(retention.forget_session, world.application_id, gone)
    assert (await rows(world, *CHAT))["chat_message"] == 1
    await world.db.write(retention.keep, world.application_id, {"keep_rooms_days": 1})
    await world.db.write(lambda tx: tx.execute(sa.update(tables.room).values(expired_at=tx.now)))
    world.later(days=2)
    await tidy(world)
    assert await rows(world, tables.room, *CHAT) == {"room": 0, **{table.name: 0 for table in CHAT}}
    assert await holds(world, CANARY) == []


# --- Dialogs --------------------------------------------------------------------------------------------------------


async def a_dialog(world: World, room: Room, *occupants: int) -> str:
    return await world.db.write(
        chat.open_dialog, world.application_id, room.id, 7000, "Launch review", occupants or (7001, 7002)
    )


async def who(world: World, dialog: str) -> list[int]:
    return (await world.db.read(chat.occupants, [dialog]))[dialog]


async def test_a_dialog_follows_its_meeting_and_keeps_who_came_by_himself(world: World) -> None:
    dialog = await a_dialog(world, await scheduled(world))
    assert await who(world, dialog) == [7000, 7001, 7002]
    for number in (7009, 7002):
        await world.db.write(chat.subscribe, dialog, number)
    await world.db.write(chat.follow, dialog, "Renamed", [7001, 7003])
    assert sorted(await who(world, dialog)) == [7000, 7001, 7003, 7009], "7002 was invited, and is no more"
    await world.db.write(chat.follow, dialog, "Renamed", [7009])
    await world.db.write(chat.follow, dialog, "Renamed", [])
    assert await who(world, dialog) == [7000], "7009 was invited in between"
    shown = await world.db.read(chat.dialog_of, world.application_id, dialog, user_number=7000)
    assert (shown.name, shown.user_number) == ("Renamed", 7000)
    await world.db.write(chat.drop_dialog, dialog)
    for number in (7000, 7001):
        with pytest.raises(NotFound):
            await world.db.read(chat.dialog_of, world.application_id, dialog, user_number=number)


async def test_a_dialog_is_its_occupants_and_its_applications(world: World) -> None:
    dialog = await a_dialog(world, await scheduled(world))
    for application, number in ((world.application_id, 7005), (tables.new_id(), 7000)):
        with pytest.raises(NotFound):
            await world.db.read(chat.dialog_of, application, dialog, user_number=number)
        assert await world.db.read(chat.dialogs_of, application, user_number=number, skip=0, limit=9) == ([], 0)
    mine, count = await world.db.read(chat.dialogs_of, world.application_id, user_number=7001, skip=0, limit=9)
    assert ([one.id for one in mine], count) == ([dialog], 1)


async def test_what_a_user_has_not_read_is_counted(world: World) -> None:
    room = await scheduled(world)
    dialog = await a_dialog(world, room)
    place = await a_place(world, room)
    said = [await say(world, place, str(n), Author("U", user_number=7001 if n % 2 else 7000)) for n in range(6)]
    await say(world, place, "from the page")

    async def unread(number: int) -> int:
        return (await world.db.read(chat.unread, [dialog], user_number=number)).get(dialog, 0)

    assert [await unread(number) for number in (7000, 7001, 7002, 7009)] == [4, 4, 7, 0]
    await world.db.write(chat.read, dialog, said[3].id, user_number=7002)
    await world.db.write(chat.read, dialog, said[1].id, user_number=7002)
    assert await unread(7002) == 3, "what was read stays read"
    await world.db.write(chat.delete, place, said[5].id, by=chat.HOST)
    assert await unread(7002) == 2
    found = await world.db.read(lambda tx: chat.newest(tx, [chat.dialog(tx, world.application_id, dialog)]))
    assert found[dialog].text == "from the page"


async def test_what_users_write_reaches_the_session_that_goes_on(world: World) -> None:
    room = await scheduled(world)
    dialog = await a_dialog(world, room)

    def place(tx: Tx) -> Place:
        return chat.place_in(tx, chat.dialog(tx, world.application_id, dialog))

    before = await world.db.read(place)
    assert (before.session_id, before.whole_room) == (None, True)
    await say(world, before, "too early", Author("Grace", user_number=7000))
    inside = await a_place(world, room)
    now = await world.db.read(place)
    assert now == inside
    assert await texts(world, inside) == ["too early"]
