"""The vendor's Node SDK against a running platform, in two versions: every call that it has, by value, with its known bugs.

Of a room it sends the plain fields alone, and an upload of a logo arrives without content (contract §3.4, §6.2).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests import pngs
from tests.sdks import DIAL_IN, SCRIPTS, Judged, Told, fetched, folder_for_node, judged

pytestmark = pytest.mark.acceptance

PACKAGES = {"1.5.0": "@vonage/meetings", "1.12.1": "@vonage/meetings-1.12.1"}
EXPIRES = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%S.250Z")
PLAIN = {
    "displayName": "Weekly sync",
    "metadata": "lesson 7",
    "type": "long_term",
    "expiresAt": EXPIRES,
    "expireAfterUse": False,
    "joinApprovalLevel": "explicit_approval",
}
NEVER_SENT = {"recordingOptions": {"autoRecord": True}, "initialJoinOptions": {"microphoneState": "on"}}
UPDATE = {"joinApprovalLevel": "none", "expireAfterUse": True, "metadata": None}
NAMES = [f"Room {number}" for number in range(1, 7)]
THEME = {"themeName": "spring", "mainColor": "#0a7d4f", "brandText": "Acme Clinics", "shortCompanyUrl": "acme"}


@pytest.fixture(scope="module")
def convene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    """One platform for both versions."""
    with judged(tmp_path_factory.mktemp("judged"), recordings=len(PACKAGES)) as made:
        yield made


@pytest.fixture(scope="module", params=PACKAGES)
def told(request: pytest.FixtureRequest, convene: Judged) -> Told:
    """What each call of one version returned, and what it found there: rooms of the version before."""
    version, logo = list(PACKAGES).index(request.param), convene.convene.folder / "logo.png"
    logo.write_bytes(pngs.logo())
    wishes: Told = {"theme": THEME, "long_term": PLAIN | NEVER_SENT, "update": UPDATE, "names": NAMES}
    found = {"recording_id": convene.recordings[version], "wanted": request.param, "before": 1 + version * 8}
    address = convene.address if version else convene.convene.url  # one by https, one by http
    command, folder = ("node", SCRIPTS / "node/calls.mjs", PACKAGES[request.param]), folder_for_node("node")
    return found | convene.tour(*command, cwd=folder, address=address, logo=str(logo), **wishes, **found)


def test_every_call_of_the_sdk_was_made(told: Told) -> None:
    assert (told["version"], told["never called"]) == (told["wanted"], [])


# --- Rooms ----------------------------------------------------------------------------------------------------------


def test_an_instant_room(convene: Judged, told: Told) -> None:
    room, code = told["createRoom"], told["createRoom"]["meetingCode"]
    assert UUID(room["id"]) and code.isdigit()
    assert room["guestUrl"] == f"{convene.address}/{code}"
    assert room["hostUrl"].startswith(f"{convene.address}/?room_token={code}&participant_token=")
    assert (room["displayName"], room["type"], room["isAvailable"]) == ("Standup", "instant", True)
    assert room["availableFeatures"]["isChatAvailable"] is True


def test_a_long_term_room_has_what_the_sdk_sends(told: Told) -> None:
    room = told["createRoom long term"]
    assert {key: room[key] for key in PLAIN} == PLAIN
    assert room["recordingOptions"] == {"autoRecord": False, "recordOnlyOwner": False}
    assert without_token(told["getRoom"]) == without_token(room)


def test_a_room_is_changed_by_update_options(convene: Judged, told: Told) -> None:
    room, theme = told["updateRoom"], told["createTheme"]["themeId"]
    assert {key: room[key] for key in (*PLAIN, "themeId")} == PLAIN | UPDATE | {"themeId": theme}
    assert room["id"] == told["createRoom long term"]["id"]
    assert room["guestUrl"] == f"{convene.address}/acme/{room['meetingCode']}"


def test_all_rooms_come_over_several_pages(told: Told) -> None:
    names = [room["displayName"] for room in told["getRooms"]]
    assert len(names) == told["before"] + 8
    assert names[told["before"] :] == ["Standup", "Weekly sync", *NAMES]
    assert ids(told["getRooms paged"]) == ids(told["getRooms"])
    page = told["getRoomPage"]
    assert (page["page_size"], page["total_items"], len(page["_embedded"])) == (3, told["before"] + 8, 3)
    assert [room["id"] for room in page["_embedded"]] == ids(told["getRooms"])[1:4]


def test_rooms_of_a_theme_over_several_pages(convene: Judged, told: Told) -> None:
    assert [room["displayName"] for room in told["getRoomsForTheme"]] == ["Weekly sync", *NAMES]
    page, path = told["getRoomsForThemePage"], f"themes/{told['createTheme']['themeId']}/rooms"
    assert (page["page_size"], page["total_items"], len(page["_embedded"])) == (2, 7, 2)
    assert page["_links"]["next"]["href"].startswith(f"{convene.address}/v1/meetings/{path}?page_size=2&start_id=")


def test_refusals_come_through_with_their_status(told: Told) -> None:
    for name, status in (
        ("createRoom wrong", 400),
        ("getRoom unknown", 404),
        ("deleteTheme used", 400),
        ("getRecording deleted", 404),
        ("getRooms stranger", 401),
    ):
        assert (told[name]["raised"], told[name]["status"]) == ("VetchError", status), name


# --- Themes ---------------------------------------------------------------------------------------------------------


def test_a_theme(convene: Judged, told: Told) -> None:
    theme = told["createTheme"]
    assert {key: theme[key] for key in THEME} == THEME
    assert (theme["applicationId"], theme["accountId"]) == (convene.application_id, convene.account_id)
    assert (theme["domain"], theme["brandImageColored"], theme["brandedFaviconUrl"]) == ("VCP", None, None)
    assert told["getTheme"] == theme
    assert told["updateTheme"] == theme | {"brandText": "Acme", "mainColor": "#abc"}
    assert told["getThemes none"] == []
    assert told["getThemes"] == [told["updateTheme"], told["createTheme other"]]


def test_an_upload_without_a_picture_is_answered_honestly(told: Told) -> None:
    """The older version cannot read why: its HTTP client's errors no longer have what it looks for."""
    why = {"1.5.0": "FATAL ERROR", "1.12.1": "key_not_found"}[told["wanted"]]
    assert told["uploadIcon"]["text"] == f"Could not attach image to theme: {why}"
    assert told["getTheme after uploadIcon"] == told["updateTheme"]


def test_the_default_theme_and_deletions(told: Told) -> None:
    assert told["setDefaultTheme"] is True
    assert (told["deleteTheme"], told["deleteTheme by force"]) == (None, None)
    assert told["getThemes at last"] == []


# --- Recordings, numbers --------------------------------------------------------------------------------------------


def test_recordings(convene: Judged, told: Told) -> None:
    recording = told["getRecording"]
    known = {"id": told["recording_id"], "sessionId": convene.session_id, "status": "uploaded"}
    assert {key: recording[key] for key in known} == known
    assert datetime.fromisoformat(recording["startedAt"]) < datetime.fromisoformat(recording["endedAt"])
    assert recording["url"].startswith(f"{convene.address}/recordings/")
    listed = {one["id"]: one for one in told["getSessionRecordings"]}
    assert list(listed)[-1:] == list(convene.recordings)[-1:]
    assert {key: listed[told["recording_id"]][key] for key in known} == known
    assert told["deleteRecording"] is None
    assert fetched(convene, recording["url"]).status_code == 404, "its link works no more"


def test_dial_in_numbers(told: Told) -> None:
    rows = [part.strip().split(" ", 2) for part in DIAL_IN.split(";")]
    assert told["getDialInNumbers"] == [
        {"number": number, "locale": locale, "displayName": name} for number, locale, name in rows
    ]


def without_token(room: dict[str, Any]) -> dict[str, Any]:
    """A room without its host's link, whose token is fresh in every answer."""
    return room | {"hostUrl": None}


def ids(rooms: list[dict[str, Any]]) -> list[str]:
    return [room["id"] for room in rooms]
