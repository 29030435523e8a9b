"""Personal links: what they look like, whom they bring in, and that the meeting's list has the last word."""

from urllib.parse import parse_qs, urlsplit

import pytest

from convene import access, clients, invitations, meetings, users
from convene.clients import Client
from convene.db import Tx
from convene.errors import NotFound
from convene.invitations import Bearer
from convene.meetings import Attendee, Meeting
from tests.test_meetings import Diary
from tests.world import World

BASE = "http://localhost:8000"


async def link(world: World, meeting: Meeting, who: int | str, **client: str) -> str:
    def work(tx: Tx) -> str:
        its = clients.change(tx, world.application_id, **client)
        return invitations.personal_link(access.application(tx, world.application_id), its, BASE, meeting, who)

    return await world.db.write(work)


async def token(world: World, meeting: Meeting, who: int | str) -> str:
    [found] = parse_qs(urlsplit(await link(world, meeting, who)).query)["participant_token"]
    return found


async def comes(world: World, meeting: Meeting, shown: str) -> Bearer | None:
    """Who shows this token at the meeting's door."""

    def work(tx: Tx) -> Bearer | None:
        return invitations.bearer(tx, access.application(tx, meeting.application_id), meeting.room_id, shown)

    return await world.db.read(work)


@pytest.mark.parametrize(
    ("template", "plain"),
    [
        (None, f"{BASE}/{{}}"),
        ("https://meet.example.org/join/%s", "https://meet.example.org/join/{}"),
        ("https://meet.example.org/?m=%s&lang=de#top", "https://meet.example.org/?m={}&lang=de#top"),
    ],
)
def test_the_plain_link_is_the_applications_or_ours(template: str | None, plain: str) -> None:
    client = Client(1, "a", "key", "secret", False, template, None, "en")
    assert invitations.page_link(client, BASE, "69a1f00c2b7d4e0011c0a9e1") == plain.format("69a1f00c2b7d4e0011c0a9e1")


async def test_a_personal_link_is_the_plain_one_with_a_token_in_its_query(world: World) -> None:
    diary = Diary(world, await world.cube.user("grace"))
    meeting = await diary.make()
    ours = await link(world, meeting, diary.host.number)
    assert ours.startswith(f"{BASE}/{meeting.id}?participant_token=ey") and ours == await link(
        world, meeting, diary.host.number
    )
    shown = ours.partition("=")[2]
    own = await link(world, meeting, diary.host.number, meeting_link="https://meet.example.org/?m=%s#top")
    assert own == f"https://meet.example.org/?m={meeting.id}&participant_token={shown}#top"


async def test_whom_a_token_brings_in(world: World) -> None:
    cube = world.cube
    diary = Diary(world, await cube.user("grace", full_name="Grace H"))
    ada, eve = await cube.user("ada"), await cube.user("eve", email="Eve@example.org", verified=True)
    mal = await cube.user("mal", email="guest@example.net")  # says so, and has not proved it
    invited = (Attendee(ada.number), Attendee(None, "guest@EXAMPLE.net"), Attendee(None, "eve@example.org"))
    meeting = await diary.make(attendees=invited)

    host = await comes(world, meeting, await token(world, meeting, diary.host.number))
    assert host is not None and host.right.is_host and host.right.is_invited
    assert (host.right.user_number, host.name) == (diary.host.number, "Grace H")
    guest = await comes(world, meeting, await token(world, meeting, ada.number))
    assert guest is not None and not guest.right.is_host and guest.right.is_invited
    assert (guest.right.user_number, guest.name) == (ada.number, "ada")
    known = await comes(world, meeting, await token(world, meeting, "EVE@example.org"))
    assert known is not None and (known.right.user_number, known.name) == (eve.number, "eve")
    stranger = await comes(world, meeting, await token(world, meeting, "Guest@example.net"))
    assert stranger is not None and stranger.right.is_invited
    assert (stranger.right.user_number, stranger.name) == (None, None)
    assert await comes(world, meeting, await token(world, meeting, mal.number)) is None


async def test_the_list_as_it_stands_has_the_last_word(world: World) -> None:
    diary = Diary(world, await world.cube.user("grace"))
    ada = await world.cube.user("ada")
    meeting = await diary.make(attendees=(Attendee(ada.number), Attendee(None, "guest@example.net")))
    tokens = [await token(world, meeting, who) for who in (ada.number, "guest@example.net")]
    await diary.change(meeting, attendees=(Attendee(None, "guest@example.net"),))
    assert [await comes(world, meeting, one) is not None for one in tokens] == [False, True]
    await diary.change(meeting, attendees=(Attendee(ada.number),))
    assert [await comes(world, meeting, one) is not None for one in tokens] == [True, False]
    await diary.cancel(meeting)
    assert [await comes(world, meeting, one) for one in tokens] == [None, None]
    assert await world.db.read(invitations.room, meeting.id) is None


async def test_a_host_who_is_no_user_any_more_is_nobody_and_an_attendee_still_invited(world: World) -> None:
    diary = Diary(world, await world.cube.user("grace"))
    ada = await world.cube.user("ada")
    meeting = await diary.make(attendees=(Attendee(ada.number),))
    tokens = [await token(world, meeting, user.number) for user in (diary.host, ada)]
    for user in (diary.host, ada):
        await world.db.write(users.delete, world.application_id, user.number)
    assert await comes(world, meeting, tokens[0]) is None
    guest = await comes(world, meeting, tokens[1])
    assert guest is not None and guest.right.is_invited and guest.right.user_number is None


async def test_everybody_of_the_application_is_known_in_a_public_meeting(world: World) -> None:
    diary = Diary(world, await world.cube.user("grace"))
    ada = await world.cube.user("ada")
    meeting = await diary.make(public=True)
    assert invitations.own_name(meeting, ada) == ada.number
    mine = await token(world, meeting, ada.number)
    known = await comes(world, meeting, mine)
    assert known is not None and known.right.user_number == ada.number and not known.right.is_host
    await diary.change(meeting, public=False)
    assert await comes(world, meeting, mine) is None
    with pytest.raises(NotFound):
        invitations.own_name(await diary.again(meeting), ada)


@pytest.mark.parametrize("bad", ["", "a.b.c", "\ud800.a.b", "ä.ö.ü", "x" * 9000, "..", "e30.e30."])
async def test_what_we_did_not_sign_is_nothing(world: World, bad: str) -> None:
    diary = Diary(world, await world.cube.user("grace"))
    assert await comes(world, await diary.make(), bad) is None


async def test_a_token_is_good_for_its_own_room_and_unchanged(world: World) -> None:
    diary = Diary(world, await world.cube.user("grace"))
    one, other = await diary.make(), await diary.make()
    mine = await token(world, one, diary.host.number)
    assert await comes(world, one, mine) is not None and await comes(world, other, mine) is None
    head, body, signature = mine.split(".")
    theirs = (await token(world, one, diary.host.number + 1)).split(".")[1]
    for changed in (f"{head}.{theirs}.{signature}", f"{head}.{body}.{signature[:-2]}", f"{head}.{body}."):
        assert await comes(world, one, changed) is None


async def test_an_attendee_has_one_name(world: World) -> None:
    diary = Diary(world, await world.cube.user("grace"))
    ada = await world.cube.user("ada", email="ada@example.org", verified=True)
    meeting = await diary.make(attendees=(Attendee(ada.number, "ada@example.org"), Attendee(None, "Guest@example.net")))
    assert invitations.name_behind(meeting, "ADA@example.org") == ada.number
    assert invitations.name_behind(meeting, "guest@example.net") == "guest@example.net"
    with pytest.raises(NotFound):
        invitations.name_behind(meeting, "nobody@example.org")
    assert await comes(world, meeting, await token(world, meeting, "ada@example.org")) is None


async def test_a_room_is_found_by_the_meetings_id_alone(world: World) -> None:
    diary = Diary(world, await world.cube.user("grace"))
    meeting = await diary.make()
    for id in (meeting.id, meeting.id.upper()):
        room = await world.db.read(invitations.room, id)
        assert room is not None and room.id == meeting.room_id
    for id in ("0" * 24, "g" * 24, meeting.id[:-1], "\x00" * 24):
        assert await world.db.read(invitations.room, id) is None
    assert (await world.db.read(meetings.of_room, meeting.room_id)) == meeting
