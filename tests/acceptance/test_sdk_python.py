"""The vendor's Python SDK against a running platform: every call that it has, by value; and a theme of its making, as seen.

The last test leaves pictures of the themed pages in its own folder (`--basetemp` names one).
"""

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import pytest
from PIL import Image, ImageDraw, ImageFont
from playwright.async_api import Browser, Page, ViewportSize, expect

from tests.platform import Guest, browser, join, until
from tests.sdks import DIAL_IN, SCRIPTS, Judged, Told, fetched, judged, python_with_vonage

pytestmark = pytest.mark.acceptance

SLOW = 60_000
Scheme = Literal["light", "dark"]
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
CALLBACKS = {f"{noun}_callback_url": f"https://example.org/{noun}" for noun in ("rooms", "sessions", "recordings")}
EXPIRES = (datetime.now(UTC) + timedelta(days=30)).replace(microsecond=0)
LONG_TERM = {
    "display_name": "Weekly sync",
    "metadata": "lesson 7",
    "type": "long_term",
    "expires_at": EXPIRES.strftime("%Y-%m-%dT%H:%M:%S+0000"),
    "expire_after_use": False,
    "recording_options": {"auto_record": False, "record_only_owner": True},
    "join_approval_level": "explicit_approval",
    "initial_join_options": {"microphone_state": "on"},
    "callback_urls": CALLBACKS,
    "available_features": {
        "is_recording_available": False,
        "is_chat_available": False,
        "is_whiteboard_available": False,
        "is_locale_switcher_available": True,
        "is_captions_available": True,
    },
    "ui_settings": {"language": "he"},
}
UPDATE = {
    "update_details": {
        "expires_at": (EXPIRES + timedelta(days=1)).isoformat().removesuffix("+00:00") + ".123456",
        "expire_after_use": True,
        "join_approval_level": "after_owner_only",
        "initial_join_options": {"microphone_state": "off"},
        "available_features": {"is_chat_available": True},
        "ui_settings": {"language": "EN"},
    }
}
VIOLET, WHITE = (0x7A, 0x1F, 0xA2), (0xFF, 0xFF, 0xFF)


def drawn(colour: tuple[int, int, int], width: int, height: int, text: str = "") -> bytes:
    """A PNG: a disc, and what is written beside it, on nothing."""
    picture = Image.new("RGBA", (width, height), (*colour, 0))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((1, 1, height - 2, height - 2), fill=(*colour, 255))
    pen.text(
        (height * 1.25, height / 2), text, fill=(*colour, 255), font=ImageFont.load_default(height * 0.55), anchor="lm"
    )
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


LOGOS = {
    "white": drawn(WHITE, 280, 60, "Acme Clinics"),
    "colored": drawn(VIOLET, 280, 60, "Acme Clinics"),
    "favicon": drawn(VIOLET, 32, 32),
}


@pytest.fixture(scope="module")
def platform_and_told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Judged, Told]]:
    """The platform, and what each call returned."""
    python, folder = python_with_vonage(), tmp_path_factory.mktemp("judged")
    with judged(folder, recordings=1) as made:
        paths = {kind: folder / f"{kind}.png" for kind in LOGOS}
        for kind, path in paths.items():
            path.write_bytes(LOGOS[kind])
        files: Told = {"logos": {kind: str(path) for kind, path in paths.items()}, "too_large": str(paths["colored"])}
        wishes: Told = {"long_term": LONG_TERM, "update": UPDATE, "recording_id": made.recordings[0]}
        yield made, made.tour(python, SCRIPTS / "python/calls.py", **files, **wishes)


@pytest.fixture
def convene(platform_and_told: tuple[Judged, Told]) -> Judged:
    return platform_and_told[0]


@pytest.fixture
def told(platform_and_told: tuple[Judged, Told]) -> Told:
    return platform_and_told[1]


def test_every_call_of_the_sdk_was_made(told: Told) -> None:
    assert (told["version"], told["never called"]) == ("3.18.0", [])


# --- Rooms ----------------------------------------------------------------------------------------------------------


def test_an_instant_room(convene: Judged, told: Told) -> None:
    room = told["create_room"]
    assert MOMENT.fullmatch(room["created_at"])
    lives = datetime.fromisoformat(room["expires_at"]) - datetime.fromisoformat(room["created_at"])
    assert lives == timedelta(minutes=10)
    code, links = room["meeting_code"], room["_links"]
    host = f"{convene.address}/?room_token={code}&participant_token="
    assert links["guest_url"] == {"href": f"{convene.address}/{code}"}
    assert links["host_url"]["href"].startswith(host)
    assert {key: value for key, value in room.items() if key not in ("id", "created_at", "expires_at", "_links")} == {
        "display_name": "Standup",
        "metadata": None,
        "type": "instant",
        "recording_options": {"auto_record": False, "record_only_owner": False},
        "meeting_code": code,
        "is_available": True,
        "expire_after_use": False,
        "theme_id": None,
        "initial_join_options": {"microphone_state": "default"},
        "join_approval_level": "none",
        "ui_settings": {"language": "default"},
        "available_features": {
            "is_recording_available": True,
            "is_chat_available": True,
            "is_whiteboard_available": True,
            "is_locale_switcher_available": False,
            "is_captions_available": False,
        },
    }


def test_a_long_term_room_keeps_all_that_was_said(told: Told) -> None:
    room = told["create_room long_term"]
    assert {key: room[key] for key in LONG_TERM} == LONG_TERM | {"expires_at": f"{EXPIRES:%Y-%m-%dT%H:%M:%S}.000Z"}
    assert without_token(told["get_room"]) == without_token(room)


def test_a_room_is_changed(told: Told) -> None:
    changed, features = told["update_room"], LONG_TERM["available_features"]
    assert changed["expires_at"] == f"{EXPIRES + timedelta(days=1):%Y-%m-%dT%H:%M:%S}.123Z"
    assert (changed["expire_after_use"], changed["join_approval_level"]) == (True, "after_owner_only")
    assert changed["initial_join_options"] == {"microphone_state": "off"}
    assert changed["available_features"] == {**features, "is_chat_available": True}  # type: ignore[dict-item]
    assert changed["ui_settings"] == {"language": "en"}
    kept = ("id", "meeting_code", "display_name", "metadata", "callback_urls", "recording_options", "created_at")
    assert {key: changed[key] for key in kept} == {key: told["create_room long_term"][key] for key in kept}


def test_a_room_wears_a_theme_and_its_address(convene: Judged, told: Told) -> None:
    room = told["add_theme_to_room"]
    assert room["theme_id"] == told["create_theme"]["theme_id"]
    assert room["_links"]["guest_url"]["href"] == f"{convene.address}/acme-2/{room['meeting_code']}"
    assert room["_links"]["host_url"]["href"].startswith(
        f"{convene.address}/acme-2/?room_token={room['meeting_code']}&"
    )


def test_rooms_are_listed_in_pages(convene: Judged, told: Told) -> None:
    whole, part = told["list_rooms"], told["list_rooms part"]
    link = f"{convene.address}/v1/meetings/rooms?page_size="
    assert [room["display_name"] for room in whole["_embedded"]] == ["Recorded", "Standup", "Weekly sync"]
    assert (whole["page_size"], whole["total_items"]) == (20, 3)
    assert whole["_links"] == {"first": {"href": f"{link}20"}, "self": {"href": f"{link}20"}}
    assert [room["id"] for room in part["_embedded"]] == [told["create_room"]["id"]]
    assert (part["page_size"], part["total_items"]) == (1, 3)
    assert part["_links"]["self"]["href"] == f"{link}1&start_id=2&end_id=4"
    assert part["_links"]["next"]["href"] == f"{link}1&start_id=3&end_id=4"


def test_rooms_of_a_theme(told: Told) -> None:
    for name in ("list_rooms_with_theme_id", "list_rooms_with_theme_id part"):
        listed = told[name]
        assert [without_token(room) for room in listed["_embedded"]] == [without_token(told["add_theme_to_room"])]
        assert listed["total_items"] == 1


def test_what_is_wrong_with_a_room_is_said(told: Told) -> None:
    assert told["create_room wrong"] == refused(
        400, "InputValidationError", '"display_name" length must be less than or equal to 200 characters long', 1
    )
    assert told["update_room nothing"] == refused(
        400, "InputValidationError", '"update_details" must have at least 1 key', 1
    )
    assert told["get_room unknown"]["raised"] == "ClientError"
    assert told["get_room unknown"]["text"].startswith("Status Code 404: NotFoundError: ")


def test_a_stranger_is_told_in_the_sdk_s_own_words(told: Told) -> None:
    assert told["list_rooms stranger"]["raised"] == "AuthenticationError"


# --- Themes ---------------------------------------------------------------------------------------------------------


def test_a_theme(convene: Judged, told: Told) -> None:
    theme = told["create_theme"]
    assert theme == told["get_theme"]
    assert theme == {
        "theme_id": str(UUID(theme["theme_id"])),
        "theme_name": "spring",
        "domain": "VCP",
        "account_id": convene.account_id,
        "application_id": convene.application_id,
        "main_color": "#7a1fa2",
        "short_company_url": "acme",
        "brand_text": "Acme Clinics",
        "brand_image_colored": None,
        "brand_image_white": None,
        "branded_favicon": None,
        "brand_image_white_url": None,
        "brand_image_colored_url": None,
        "branded_favicon_url": None,
    }
    assert told["update_theme"] == theme | {"brand_text": "Acme", "short_company_url": "acme-2"}
    assert told["create_theme again"] == refused(409, "ConflictError", "theme_name already exists in application")
    assert UUID(told["create_theme least"]["theme_name"])


def test_themes_are_a_bare_list(told: Told) -> None:
    assert told["list_themes none"] == []
    assert told["list_themes"] == [told["get_theme with logos"], told["create_theme least"]]


def test_three_logos_are_uploaded(convene: Judged, told: Told) -> None:
    theme = told["get_theme with logos"]
    for kind, field in (("white", "brand_image_white"), ("colored", "brand_image_colored")):
        assert told[f"upload_logo_to_theme {kind}"] == f"Logo upload to theme: {theme['theme_id']} was successful."
        assert theme[field] and fetched(convene, theme[f"{field}_url"]).content == LOGOS[kind]
    icon = fetched(convene, theme["branded_favicon_url"])
    assert (icon.content, icon.headers["content-type"]) == (LOGOS["favicon"], "image/png")
    wrong = told["upload_logo_to_theme too large"]
    assert wrong["raised"] == "ClientError"
    assert wrong["text"].startswith("Status Code 400: BadRequestError: could not finalize logos")
    assert "'invalid_logo_properties'" in wrong["text"] and "'dimensions'" in wrong["text"]


def test_the_default_theme(convene: Judged, told: Told) -> None:
    theme = told["create_theme"]["theme_id"]
    assert told["update_application_theme"] == {
        "application_id": convene.application_id,
        "account_id": convene.account_id,
        "default_theme_id": theme,
    }
    unknown = f"Failed to update application because theme id {convene.application_id} not found"
    assert told["update_application_theme unknown"] == refused(400, "BadRequestError", unknown)


def test_a_used_theme_is_not_deleted(convene: Judged, told: Told) -> None:
    theme = told["create_theme"]["theme_id"]
    why = [f"Theme {theme} is used by 1 room"]
    why.append(f"Theme {theme} is used as application {convene.application_id} default theme")
    lines = ["Status Code 400: BadRequestError: could not delete theme", *(f"Error: {line}" for line in why)]
    assert told["delete_theme used"]["raised"] == "ClientError"
    assert told["delete_theme used"]["text"].split("\n")[: len(lines)] == lines
    assert told["delete_theme"] is None


# --- Recordings, numbers --------------------------------------------------------------------------------------------


def test_recordings(convene: Judged, told: Told) -> None:
    recording = told["get_recording"]
    times = [recording.pop(name) for name in ("started_at", "ended_at")]
    assert all(MOMENT.fullmatch(time) for time in times) and times == sorted(times)
    url = recording.pop("_links")["url"]["href"]
    assert url.startswith(f"{convene.address}/")
    assert recording == {"id": convene.recordings[0], "session_id": convene.session_id, "status": "uploaded"}
    [listed] = told["get_session_recordings"]["_embedded"]["recordings"]
    assert {key: listed[key] for key in recording} == recording
    assert fetched(convene, url).status_code == 404, "its link works no more"
    assert told["delete_recording"] is None
    gone = told["get_recording deleted"]
    assert gone == refused(404, "NotFoundError", f"Recording {convene.recordings[0]} was not found")


def test_dial_in_numbers(told: Told) -> None:
    rows = [part.strip().split(" ", 2) for part in DIAL_IN.split(";")]
    expected = [{"number": number, "locale": locale, "display_name": name} for number, locale, name in rows]
    assert told["list_dial_in_numbers"] == expected


# --- The theme, seen ------------------------------------------------------------------------------------------------

LOADED = (
    "(image) => image.complete && image.naturalWidth > 0 ? [image.src, image.naturalWidth, image.naturalHeight] : null"
)
ICON = """async () => {
  const icon = new Image();
  icon.src = document.querySelector('link[rel=icon]').href;
  await icon.decode();
  return [icon.src, icon.naturalWidth, icon.naturalHeight];
}"""


async def test_the_waiting_room_and_the_meeting_wear_the_theme(convene: Judged, told: Told, tmp_path: Path) -> None:
    """Theme, logos and room are those that the SDK made. The meeting is dark in both schemes."""
    theme, links = told["get_theme with logos"], told["add_theme_to_room"]["_links"]
    logos: dict[Scheme, str] = {"light": theme["brand_image_colored_url"], "dark": theme["brand_image_white_url"]}
    async with browser() as chromium:
        guests = {scheme: await looking(chromium, links["guest_url"]["href"], scheme) for scheme in logos}
        for scheme, guest in guests.items():
            await guest.get_by_label("Your name").fill(f"Gustav in the {scheme}")
            button = guest.get_by_role("button", name="Join", exact=True)
            await expect(button).to_have_css("background-color", f"rgb{VIOLET}", timeout=SLOW)
            await expect(button).to_have_css("color", f"rgb{WHITE}")
            await button.click()
            title = guest.get_by_role("heading", level=1)
            await expect(title).to_have_text("The host has not joined yet", timeout=SLOW)
            await wears(guest, logos[scheme], (280, 60))
            assert await guest.evaluate(ICON) == [theme["branded_favicon_url"], 32, 32]
            await taken(guest, tmp_path / f"themed-waiting-room-{scheme}.png")

        host = await looking(chromium, links["host_url"]["href"], "light")
        await join(Guest(host, host.context), "Hana")
        for page in (host, *guests.values()):
            await expect(page.get_by_role("toolbar", name="Call controls")).to_be_visible(timeout=SLOW)
            await wears(page, logos["dark"], (280, 60))
        await until(lambda: Guest(host, host.context).sees(3), "three pictures do not run")
        await taken(host, tmp_path / "themed-meeting.png")


async def looking(chromium: Browser, url: str, scheme: Scheme) -> Page:
    """Somebody's page, of a usual size."""
    size = ViewportSize(width=1280, height=800)
    wishes: dict[str, Any] = {"permissions": ["camera", "microphone"], "ignore_https_errors": True, "viewport": size}
    page = await (await chromium.new_context(color_scheme=scheme, **wishes)).new_page()
    await page.goto(url)
    return page


async def wears(page: Page, url: str, size: tuple[int, int]) -> None:
    """Exactly one logo is seen, this one, and it has come."""
    seen = page.locator(".brand img:visible")
    await expect(seen).to_have_count(1, timeout=SLOW)
    await until(lambda: seen.evaluate(LOADED), f"the logo does not come: {url}")
    assert await seen.evaluate(LOADED) == [url, *size]
    assert await seen.get_attribute("alt") == "Acme"


async def taken(page: Page, path: Path) -> None:
    """A picture of what is seen; it has something in it."""
    await page.evaluate("document.fonts.ready.then(() => undefined)")
    assert len(await page.screenshot(path=path)) > 10_000


def without_token(room: dict[str, Any]) -> dict[str, Any]:
    """A room without its host's link, whose token is fresh in every answer."""
    return room | {"_links": {"guest_url": room["_links"]["guest_url"]}}


def refused(status: int, name: str, message: str, errors: int = 0) -> dict[str, str]:
    """What the SDK makes of an error that has nothing but its message, and so many lines of the same."""
    lines = [f"Status Code {status}: {name}: {message}", *[f"Error: {message}"] * errors]
    return {"raised": "ClientError", "text": "\n".join(lines)}
