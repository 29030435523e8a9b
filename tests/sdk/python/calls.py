"""All calls of the Python SDK (PyPI `vonage` 3.18.0). Run by the interpreter that has it: see tests/sdks.py."""

import json
import sys
from collections.abc import Callable
from typing import Any

import vonage
from vonage.meetings import Meetings


class Telling:
    """Makes calls, and notes what they return or raise."""

    def __init__(self, meetings: Meetings):
        self.meetings = meetings
        self.told: dict[str, Any] = {}
        self.made: set[str] = set()

    def __call__(self, method: str, *arguments: Any, under: str = "", **named: Any) -> Any:
        """Calls; what came back stands under the method's name, or another."""
        self.made.add(method)
        call: Callable[..., Any] = getattr(self.meetings, method)
        try:
            answer = call(*arguments, **named)
        except vonage.errors.ClientError as error:
            answer = {"raised": type(error).__name__, "text": str(error)}
        except vonage.errors.AuthenticationError as error:
            answer = {"raised": type(error).__name__, "text": str(error)}
        self.told[under or method] = answer
        return answer


def main(given: dict[str, Any]) -> dict[str, Any]:
    """What was told, and which public methods nobody called."""
    client = vonage.Client(application_id=given["application_id"], private_key=given["private_key"])
    client.meetings_api_host(given["address"].removeprefix("https://") + "/v1/meetings")
    call = Telling(Meetings(client))  # client.meetings has kept the host that it was made with
    theme = themes(call, given)
    rooms(call, given, theme)
    endings(call, given, theme)
    call("get_recording", given["recording_id"])
    call("get_session_recordings", given["session_id"])
    call("delete_recording", given["recording_id"])
    call("get_recording", given["recording_id"], under="get_recording deleted")
    call("list_dial_in_numbers")
    public = {name for name in vars(Meetings) if not name.startswith("_") and name != "set_start_and_end_params"}
    return call.told | {"version": vonage.__version__, "never called": sorted(public - call.made)}


def themes(call: Telling, given: dict[str, Any]) -> str:
    """Makes a theme with three logos; its id."""
    call("list_themes", under="list_themes none")
    spec = {"theme_name": "spring", "main_color": "#7a1fa2", "brand_text": "Acme Clinics", "short_company_url": "acme"}
    theme = str(call("create_theme", spec)["theme_id"])
    call("create_theme", spec, under="create_theme again")
    call("create_theme", {"main_color": "#0a7d4f", "brand_text": "Plain"}, under="create_theme least")
    call("get_theme", theme)
    call("update_theme", theme, {"update_details": {"brand_text": "Acme", "short_company_url": "acme-2"}})
    for kind, path in given["logos"].items():
        call("upload_logo_to_theme", theme, path, kind, under=f"upload_logo_to_theme {kind}")
    call("upload_logo_to_theme", theme, given["too_large"], "favicon", under="upload_logo_to_theme too large")
    call("get_theme", theme, under="get_theme with logos")
    call("list_themes")
    return theme


def rooms(call: Telling, given: dict[str, Any], theme: str) -> None:
    """Rooms of both kinds, all fields, pages."""
    call("create_room", {"display_name": "Standup"})
    long_term = call("create_room", given["long_term"], under="create_room long_term")["id"]
    call("create_room", {"display_name": "x" * 201}, under="create_room wrong")
    call("get_room", long_term)
    call("update_room", long_term, given["update"])
    call("update_room", long_term, {"update_details": {}}, under="update_room nothing")
    call("add_theme_to_room", long_term, theme)
    call("get_room", given["application_id"], under="get_room unknown")
    call("list_rooms")
    call("list_rooms", page_size=1, start_id=2, end_id=4, under="list_rooms part")
    call("list_rooms_with_theme_id", theme)
    call("list_rooms_with_theme_id", theme, page_size=5, start_id=1, end_id=99, under="list_rooms_with_theme_id part")


def endings(call: Telling, given: dict[str, Any], theme: str) -> None:
    """The default theme, deletions, and wrong credentials."""
    call("update_application_theme", theme)
    call("update_application_theme", given["application_id"], under="update_application_theme unknown")
    call("delete_theme", theme, under="delete_theme used")
    call("delete_theme", call.told["create_theme least"]["theme_id"], force=True)
    other = vonage.Client(application_id=given["session_id"], private_key=given["private_key"])
    other.meetings_api_host(given["address"].removeprefix("https://") + "/v1/meetings")
    stranger = Telling(Meetings(other))
    call.told["list_rooms stranger"] = stranger("list_rooms")


if __name__ == "__main__":
    json.dump(main(json.load(sys.stdin)), sys.stdout)
