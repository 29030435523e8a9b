"""Three people in real browsers at the door of a room, for each of its three levels; and what a host and the features make of it.

With PICTURES=<folder> the pages are photographed as well.
"""

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from livekit import rtc
from playwright.async_api import Browser, Locator, Page, Route, expect

from tests.acceptance.company import OVERHEAR, sounds
from tests.people import inside
from tests.platform import DEADLINE, Guest, Platform, join, platform, until, visit

SLOW = 60_000
NOT_YET = "The host has not joined yet"
ASKED = "The host will let you in"


def host_url(room: dict[str, Any]) -> str:
    return str(room["_links"]["host_url"]["href"])


def guest_url(room: dict[str, Any]) -> str:
    return str(room["_links"]["guest_url"]["href"])


async def comes(chromium: Browser, room: dict[str, Any], name: str, **options: Any) -> Guest:
    """A guest who has opened the link, said a name and clicked on Join; whatever follows."""
    context = await chromium.new_context(permissions=["camera", "microphone"], **options)
    page = await context.new_page()
    page.set_default_timeout(SLOW)
    await page.goto(guest_url(room))
    await page.get_by_label("Your name").fill(name)
    await page.get_by_role("button", name="Join", exact=True).click()
    return Guest(page, context)


def said(guest: Guest, text: str) -> Locator:
    """What the page shows (screen readers are told the same in a place of its own)."""
    return guest.page.get_by_role("main").get_by_text(text)


async def waits(guest: Guest, title: str | re.Pattern[str]) -> None:
    await expect(guest.page.get_by_role("heading", level=1)).to_have_text(title, timeout=SLOW)


async def is_in(guest: Guest) -> None:
    await expect(guest.page.get_by_role("toolbar", name="Call controls")).to_be_visible(timeout=SLOW)


async def is_not_in(guest: Guest) -> None:
    await expect(guest.page.get_by_role("toolbar", name="Call controls")).to_have_count(0)


async def door(host: Guest) -> Any:
    """The list of those who wait, in the open panel of people."""
    opened = host.page.get_by_role("complementary", name="People")
    if not await opened.count():
        await host.page.get_by_role("button", name=re.compile("^People")).click()
    return host.page.get_by_role("region", name=re.compile("waiting$"))


async def seen_together(*people: Guest) -> None:
    for person in people:
        await until(lambda person=person: person.sees(len(people)), why="not all pictures run")  # type: ignore[misc]


async def test_none_everybody_comes_in(convene: Platform, chromium: Browser) -> None:
    room = await convene.room(join_approval_level="none")
    people = [await comes(chromium, room, name) for name in ("Gustav", "Carla")]
    for person in people:
        await is_in(person)
    await seen_together(*people, await visit(chromium, host_url(room), "Hanna"))


async def test_after_owner_only_guests_wait_for_a_late_host_and_stay_when_he_leaves(
    convene: Platform, chromium: Browser
) -> None:
    room = await convene.room(join_approval_level="after_owner_only")
    gustav, carla = await comes(chromium, room, "Gustav"), await comes(chromium, room, "Carla")
    for person in (gustav, carla):
        await waits(person, NOT_YET)
    await until(lambda: gustav.sees(1), why="his own picture does not run")
    await gustav.page.get_by_role("button", name="Turn camera off").click()
    await expect(said(gustav, "Your camera is off")).to_be_visible()
    await gustav.page.reload()
    await waits(gustav, NOT_YET)
    await gustav.page.get_by_role("button", name="Turn camera on").click()
    hanna = await visit(chromium, host_url(room), "Hanna")
    for person in (gustav, carla):
        await is_in(person)
    await seen_together(gustav, carla, hanna)
    await hanna.page.get_by_role("button", name="Leave").first.click()
    await hanna.page.get_by_role("menuitem", name="Leave (the meeting goes on)").click()
    await expect(hanna.page.get_by_role("heading", level=1)).to_contain_text("You left", timeout=SLOW)
    dora = await comes(chromium, room, "Dora")
    await is_in(dora)
    await seen_together(gustav, carla, dora)


async def test_explicit_approval_the_host_admits_denies_and_admits_all(convene: Platform, chromium: Browser) -> None:
    room = await convene.room(join_approval_level="explicit_approval")
    gustav = await comes(chromium, room, "Gustav")
    await waits(gustav, ASKED)
    await expect(said(gustav, "No host is in the meeting right now")).to_be_visible()
    hanna = await visit(chromium, host_url(room), "Hanna")
    await expect(said(gustav, "We have told the host")).to_be_visible(timeout=SLOW)
    await hanna.page.evaluate(OVERHEAR)
    carla = await comes(chromium, room, "Carla")
    await waits(carla, ASKED)
    await expect(said(carla, "1 person is waiting before you")).to_be_visible(timeout=SLOW)
    await expect(hanna.page.get_by_role("region", name="Notifications")).to_contain_text("Carla", timeout=SLOW)
    await until(lambda: sounds(hanna), why="the host does not hear the knock")
    waiting = await door(hanna)
    queue = [re.compile("Gustav"), re.compile("Carla")]
    await expect(waiting.get_by_role("listitem")).to_have_text(queue)

    # Who comes again has the place that he had; who closes his page has none.
    await gustav.page.reload()
    await waits(gustav, ASKED)
    await expect(said(gustav, "We have told the host")).to_be_visible(timeout=SLOW)
    await expect(said(gustav, "waiting before you")).to_have_count(0)
    await expect(said(carla, "1 person is waiting before you")).to_be_visible()
    await expect(waiting.get_by_role("listitem")).to_have_text(queue)
    brief = await comes(chromium, room, "Brief")
    await waits(brief, ASKED)
    await expect(waiting.get_by_role("listitem")).to_have_text([*queue, re.compile("Brief")], timeout=SLOW)
    await brief.page.close()  # looked for below: he may come back for half a minute

    await waiting.get_by_role("button", name="Deny Carla").click()
    await expect(carla.page.get_by_role("heading", level=1)).to_contain_text("did not let you in", timeout=SLOW)
    await carla.page.reload()
    await carla.page.get_by_role("button", name="Join", exact=True).click()
    await expect(carla.page.get_by_role("heading", level=1)).to_contain_text("did not let you in", timeout=SLOW)

    await is_not_in(gustav)
    await waiting.get_by_role("button", name="Admit Gustav").focus()
    await hanna.page.keyboard.press("Enter")
    await is_in(gustav)
    await seen_together(gustav, hanna)
    # Who was let in, who was denied and who has closed his page: nobody waits any more.
    await expect(hanna.page.get_by_role("region", name=re.compile("waiting$"))).to_have_count(0, timeout=SLOW)

    await gustav.page.reload()
    await gustav.page.get_by_role("button", name="Join", exact=True).click()
    await is_in(gustav)

    late = [await comes(chromium, room, name) for name in ("Dora", "Emil")]
    for person in late:
        await waits(person, ASKED)
    await (await door(hanna)).get_by_role("button", name="Admit all").click()
    for person in late:
        await is_in(person)
    await seen_together(hanna, gustav, *late)


async def test_who_was_refused_asks_again_after_a_minute_and_is_let_in(convene: Platform, chromium: Browser) -> None:
    room = await convene.room(join_approval_level="explicit_approval")
    hanna = await visit(chromium, host_url(room), "Hanna")
    gustav = await comes(chromium, room, "Gustav")
    await waits(gustav, ASKED)
    await (await door(hanna)).get_by_role("button", name="Deny Gustav").click()
    await waits(gustav, "The host did not let you in")
    button = gustav.page.get_by_role("button", name=re.compile("^Ask again"))
    await expect(button).to_have_attribute("aria-disabled", "true", timeout=SLOW)
    await button.click(force=True)
    await waits(gustav, "The host did not let you in")
    # A reload is no way around the minute.
    await gustav.page.reload()
    await gustav.page.get_by_role("button", name="Join", exact=True).click()
    await waits(gustav, "The host did not let you in")
    await expect(button).to_have_text(re.compile(r"Ask again in \d+ s"))
    await expect(hanna.page.get_by_role("region", name=re.compile("waiting$"))).to_have_count(0, timeout=SLOW)
    await expect(button).to_have_text("Ask again", timeout=90_000)
    await button.click()
    await waits(gustav, ASKED)
    await (await door(hanna)).get_by_role("button", name="Admit Gustav").click(timeout=SLOW)
    await is_in(gustav)
    await seen_together(gustav, hanna)


async def test_who_waits_can_go_and_a_notice_lets_in(convene: Platform, chromium: Browser) -> None:
    room = await convene.room(join_approval_level="explicit_approval")
    hanna = await visit(chromium, host_url(room), "Hanna")
    gustav = await comes(chromium, room, "Gustav")
    await waits(gustav, ASKED)
    notices = hanna.page.get_by_role("region", name="Notifications")
    await expect(notices).to_contain_text("Gustav asks to come in", timeout=SLOW)
    await gustav.page.get_by_role("button", name="Leave").click()
    await expect(gustav.page.get_by_role("button", name="Join", exact=True)).to_be_visible(timeout=SLOW)
    await expect(notices).not_to_contain_text("Gustav", timeout=SLOW)
    await gustav.page.get_by_role("button", name="Join", exact=True).click()
    await waits(gustav, ASKED)
    await notices.get_by_role("button", name="Admit").click(timeout=SLOW)
    await is_in(gustav)


async def test_a_host_who_ends_it_leaves_the_waiting_in_place_until_he_comes_again(
    convene: Platform, chromium: Browser
) -> None:
    day = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    room = await convene.room(join_approval_level="explicit_approval", type="long_term", expires_at=day)
    hanna = await visit(chromium, host_url(room), "Hanna")
    gustav = await comes(chromium, room, "Gustav")
    await expect(said(gustav, "We have told the host")).to_be_visible(timeout=SLOW)
    await hanna.page.get_by_role("button", name="Leave").first.click()
    await hanna.page.get_by_role("menuitem", name="End for everyone").click()
    await hanna.page.get_by_role("alertdialog").get_by_role("button", name="End for everyone").click()
    await expect(said(gustav, "No host is in the meeting right now")).to_be_visible(timeout=SLOW)
    again = await visit(chromium, host_url(room), "Hanna")
    await (await door(again)).get_by_role("button", name="Admit Gustav").click(timeout=SLOW)
    await is_in(gustav)


async def test_the_waiting_page_outlives_the_server(tmp_path: Path, chromium: Browser) -> None:
    with platform(tmp_path) as convene:
        room = await convene.room(join_approval_level="explicit_approval")
        gustav = await comes(chromium, room, "Gustav")
        await waits(gustav, ASKED)
        assert convene.stop() == 0, "a page that listens holds nobody up"
        await expect(said(gustav, "We keep trying")).to_be_visible(timeout=SLOW)
        convene.start()
        await expect(said(gustav, "We keep trying")).to_have_count(0, timeout=SLOW)
        hanna = await visit(chromium, host_url(room), "Hanna")
        await (await door(hanna)).get_by_role("button", name="Admit Gustav").click(timeout=SLOW)
        await is_in(gustav)


async def test_two_hosts_admit_at_once_and_a_lock_is_seen_by_everybody(convene: Platform, chromium: Browser) -> None:
    room = await convene.room(join_approval_level="explicit_approval")
    hanna = await visit(chromium, host_url(room), "Hanna")
    heinz = await visit(chromium, host_url(room), "Heinz")
    gustav = await comes(chromium, room, "Gustav")
    await _both_admit(hanna, heinz, gustav)
    people = (hanna, gustav, heinz)
    async with convene.api() as api:
        found = (await api.get("sessions")).json()["_embedded"]["sessions"]
        (session,) = [one for one in found if one["room_id"] == room["id"]]
        assert (await api.post(f"sessions/{session['id']}/lock")).status_code == 204
    for person in people:
        await expect(person.page.get_by_role("img", name="The meeting is locked")).to_be_visible(timeout=SLOW)
    await hanna.page.get_by_role("button", name="Host tools").click()
    await expect(hanna.page.get_by_role("button", name="Unlock the meeting")).to_be_visible(timeout=SLOW)
    await photographed(hanna.page, "locked-host")
    await photographed(gustav.page, "locked-guest")

    # Who comes now reads why he cannot; who was in comes back.
    nina = await comes(chromium, room, "Nina")
    await waits(nina, "The host has locked the meeting")
    await expect(said(nina, "Ask the host to unlock it, then try again.")).to_be_visible()
    await gustav.page.reload()
    await join(gustav, "Gustav")
    await seen_together(*people)

    await heinz.page.get_by_role("button", name="Host tools").click()
    await heinz.page.get_by_role("button", name="Unlock the meeting").click()
    for person in people:
        await expect(person.page.get_by_role("img", name="The meeting is locked")).to_have_count(0, timeout=SLOW)
    await expect(hanna.page.get_by_role("button", name="Lock the meeting")).to_be_visible(timeout=SLOW)
    await nina.page.get_by_role("button", name="Try again").click()
    await nina.page.get_by_role("button", name="Join", exact=True).click()
    await waits(nina, ASKED)
    await expect(hanna.page.get_by_role("region", name="Notifications")).to_contain_text("Nina", timeout=SLOW)


async def _both_admit(first: Guest, second: Guest, gustav: Guest) -> None:
    """The second host's word leaves his page, and comes when the first one has let the person in: it is what he wanted."""
    answers: list[int] = []

    async def late(route: Route) -> None:
        await is_in(gustav)
        answer = await route.fetch()
        answers.append(answer.status)
        await route.fulfill(response=answer)

    await second.page.route("**/admit", late)
    doors = [await door(host) for host in (first, second)]
    await doors[1].get_by_role("button", name="Admit Gustav").click()
    await doors[0].get_by_role("button", name="Admit Gustav").click()
    await is_in(gustav)
    for host, waiting in zip((first, second), doors, strict=True):
        await expect(waiting).to_have_count(0, timeout=SLOW)
        inside = host.page.get_by_role("complementary", name="People").get_by_role("listitem").filter(has_text="Gustav")
        await expect(inside).to_have_count(1, timeout=SLOW)
    await until(lambda: _some(answers), why="the second host's word never came")
    assert answers == [204]
    for host in (first, second):
        await expect(host.page.get_by_role("region", name="Notifications")).not_to_contain_text("That did not work")


async def _some(found: list[int]) -> bool:
    return bool(found)


async def test_for_what_the_machine_has_no_room_is_said_and_made_up_for(tmp_path: Path, chromium: Browser) -> None:
    """Who finds all places at the door taken gets one without a click. A recording that fails gives host and guest its reason."""
    with platform(tmp_path, waiting_limit=1, recording_min_free_mb=10**9) as convene:
        room = await convene.room(join_approval_level="explicit_approval")
        hanna = await visit(chromium, host_url(room), "Hanna")
        gustav = await comes(chromium, room, "Gustav")
        await waits(gustav, ASKED)
        carla = await comes(chromium, room, "Carla")
        await waits(carla, "Many people are waiting to come in")
        await (await door(hanna)).get_by_role("button", name="Admit Gustav").click()
        await is_in(gustav)
        await waits(carla, ASKED)
        await expect((await door(hanna)).get_by_role("button", name="Admit Carla")).to_be_visible(timeout=SLOW)

        await hanna.page.get_by_role("button", name="More").click()
        await hanna.page.get_by_role("menuitem", name="Start recording").click()
        for person in (hanna, gustav):
            why = "The recording failed: The disk of the recording machine is full."
            await expect(person.page.get_by_role("region", name="Notifications")).to_contain_text(why, timeout=SLOW)
            await expect(person.page.get_by_text(re.compile("^REC"))).to_have_count(0, timeout=SLOW)


async def test_who_waits_chooses_the_language_where_the_room_leaves_it_to_him(
    convene: Platform, chromium: Browser
) -> None:
    features = {"is_locale_switcher_available": True}
    room = await convene.room(join_approval_level="explicit_approval", available_features=features)
    gustav = await comes(chromium, room, "Gustav")
    await waits(gustav, ASKED)
    await gustav.page.get_by_label("Language").select_option("de")
    await expect(gustav.page.locator("html")).to_have_attribute("lang", "de", timeout=SLOW)
    await photographed(gustav.page, "waiting-language")
    hanna = await visit(chromium, host_url(room), "Hanna")
    await (await door(hanna)).get_by_role("button", name="Admit Gustav").click(timeout=SLOW)
    await expect(gustav.page.get_by_role("toolbar")).to_be_visible(timeout=SLOW)


async def test_the_room_says_how_the_microphone_is_and_what_is_offered(convene: Platform, chromium: Browser) -> None:
    silent = await convene.room(
        initial_join_options={"microphone_state": "off"}, available_features={"is_recording_available": False}
    )
    hanna = await visit(chromium, host_url(silent), "Hanna")
    await expect(hanna.page.get_by_role("button", name="Turn microphone on")).to_be_visible(timeout=SLOW)
    await hanna.page.get_by_role("button", name="More").click()
    await expect(hanna.page.get_by_role("menuitem", name="Keyboard shortcuts")).to_be_visible(timeout=SLOW)
    await expect(hanna.page.get_by_role("menuitem", name="Start recording")).to_have_count(0)
    # The room's word is not the person's: it is not remembered for the next meeting, whichever it was.
    other = await convene.room()
    await hanna.page.goto(host_url(other))
    await hanna.page.get_by_role("button", name="Turn microphone off").click()
    await expect(hanna.page.get_by_role("button", name="Turn microphone on")).to_be_visible(timeout=SLOW)
    loud = await convene.room(initial_join_options={"microphone_state": "on"})
    async with inside(convene, loud, "Sam") as (sam,):
        await hanna.page.goto(host_url(loud))
        await expect(hanna.page.get_by_role("button", name="Turn microphone off")).to_be_visible(timeout=SLOW)
        await join(hanna, "Hanna")

        async def audible() -> bool:
            sent = [one for who in sam.room.remote_participants.values() for one in who.track_publications.values()]
            return any(one.source == rtc.TrackSource.SOURCE_MICROPHONE and not one.muted for one in sent)

        await until(audible, why="who comes with the microphone on is not heard")
    await hanna.page.goto(host_url(other))
    await expect(hanna.page.get_by_role("button", name="Turn microphone on")).to_be_visible(timeout=SLOW)


async def test_the_rooms_language_is_the_pages(convene: Platform, chromium: Browser) -> None:
    room = await convene.room(ui_settings={"language": "en"})
    context = await chromium.new_context(locale="de-DE")
    page = await context.new_page()
    await page.goto(guest_url(room))
    await expect(page.get_by_role("button", name="Join", exact=True)).to_be_visible(timeout=SLOW)
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await expect(page.locator("html")).to_have_attribute("dir", "ltr")


AXE = Path(__file__).parents[2] / "ui/node_modules/axe-core/axe.min.js"


async def fair(page: Page) -> None:
    """Nothing that axe finds wrong."""
    await page.evaluate(AXE.read_text())
    found = await page.evaluate("axe.run()")
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]] == []


SIZES = [(390, 844), (1280, 800)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_both_sides_of_the_door_are_fair_to_see(convene: Platform, chromium: Browser, scheme: Any) -> None:
    room = await convene.room(join_approval_level="explicit_approval", display_name="Quarterly review")
    await visit(chromium, host_url(room), "Heinz")
    hanna = await visit(chromium, host_url(room), "Hanna", color_scheme=scheme)
    gustav = await comes(chromium, room, "Gustav Holm", color_scheme=scheme)
    await expect(said(gustav, "We have told the host")).to_be_visible(timeout=SLOW)
    carla = await comes(chromium, room, "Carla Emilia de la Fuente y Mendoza", color_scheme=scheme)
    await waits(carla, ASKED)
    await expect(hanna.page.get_by_role("region", name="Notifications")).to_contain_text("Carla", timeout=SLOW)
    for width, height in SIZES:
        for person in (carla, hanna):
            await person.page.set_viewport_size({"width": width, "height": height})
        await fair(carla.page)
        await photographed(carla.page, f"waiting-{width}-{scheme}")
        await photographed(hanna.page, f"notice-{width}-{scheme}")
    await door(hanna)
    for width, height in SIZES:
        await hanna.page.set_viewport_size({"width": width, "height": height})
        await expect(hanna.page.get_by_role("button", name="Admit Gustav Holm")).to_be_visible(timeout=SLOW)
        await fair(hanna.page)
        await photographed(hanna.page, f"door-{width}-{scheme}")
    await hanna.page.get_by_role("button", name="Deny Gustav Holm").click()
    await expect(gustav.page.get_by_role("heading", level=1)).to_contain_text("did not let you in", timeout=SLOW)
    await fair(gustav.page)
    await photographed(gustav.page, f"denied-{scheme}")


async def photographed(page: Page, name: str) -> None:
    if folder := os.environ.get("PICTURES"):
        await page.wait_for_timeout(DEADLINE * 10)
        await page.screenshot(path=Path(folder) / f"{name}.png")
