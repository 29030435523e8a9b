"""Walls between tenants: with every credential that one application has, no route gives it anything of another, or changes it.

The other is an application of another account, and then one of the same account. Every route of the app is tried with every
id of the other's that it can name; a route that is missing here fails the test.
"""

import itertools
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from fastapi.routing import APIRoute, APIWebSocketRoute

from convene import keys
from convene.web.app import doors
from tests import world as worlds
from tests.estate import PASSWORD, STARTS, Estate, another, basic, dump, logo, rows_of, settled, sister
from tests.world import World

NAME = {"display_name": "stolen"}
KEY = "-----BEGIN PUBLIC KEY-----"


@dataclass
class Try:
    """One request of the stranger's. `{name}` in path and body stand for the victim's ids, `{own.name}` for the stranger's."""

    status: int | tuple[int, ...] = 404
    body: Any = None
    who: str = (
        "key"  # whose credentials, of the stranger's own: key, account, host, guest, knocker, user, admin, nobody
    )
    path: str | None = None
    form: bool = False
    query: str = ""


def named(status: int | tuple[int, ...] = 404, body: Any = None, who: str = "key", **more: Any) -> Try:
    return Try(status, body, who, **more)


V, PAGE, DOOR = "/v1/meetings", "/api/meeting", "/v1/meetings/rooms/{door_id}/waiting"
SESSION = f"{V}/sessions/{{session_id}}"
OWN_SESSION = f"{V}/sessions/{{own.session_id}}"
LISTED = [named(200)]
PLAN = {"name": "stolen", "start_date": STARTS, "end_date": STARTS, "attendees": []}
VICTIM = {"login": "{login}", "password": PASSWORD}
HIS = [named(404, who="host")]
STATIC = [named((200, 401, 404, 405), who="nobody"), named((200, 401, 404, 405))]

# What is tried at each route. Without a path of its own, a try puts the victim's ids into all combinations of places in the
# route's path that have at least one of them, and the stranger's own into the others.
TRIES: dict[str, list[Try]] = {
    # Rooms
    f"POST {V}/rooms": [named(400, NAME | {"theme_id": "{theme_id}"})],
    f"GET {V}/rooms": [named(200), named(200, query="?start_id=1&end_id=999999&page_size=1000")],
    f"GET {V}/rooms/{{room_id}}": [named()],
    f"PATCH {V}/rooms/{{room_id}}": [
        named(404, {"update_details": NAME}),
        named(400, {"update_details": {"theme_id": "{theme_id}"}}, path=f"{V}/rooms/{{own.room_id}}"),
    ],
    f"DELETE {V}/rooms/{{room_id}}": [named()],
    f"GET {V}/rooms/{{room_id}}/waiting": [named(), named(path=DOOR)],
    f"POST {V}/rooms/{{room_id}}/waiting/{{person_id}}/admit": [named(), named(path=DOOR + "/{person_id}/admit")],
    f"POST {V}/rooms/{{room_id}}/waiting/{{person_id}}/deny": [named(), named(path=DOOR + "/{person_id}/deny")],
    f"POST {V}/rooms/{{room_id}}/waiting/admit_all": [named(), named(path=DOOR + "/admit_all")],
    f"POST {V}/rooms/{{room_id}}/waiting/deny_all": [named(), named(path=DOOR + "/deny_all")],
    # Themes
    f"GET {V}/themes": LISTED,
    f"POST {V}/themes": [
        named(409, {"main_color": "#000", "brand_text": "x", "short_company_url": "{short}"}),  # unique on a whole host
    ],
    f"GET {V}/themes/logos-upload-urls": LISTED,
    f"GET {V}/themes/{{theme_id}}": [named()],
    f"PATCH {V}/themes/{{theme_id}}": [named(404, {"update_details": {"brand_text": "stolen"}})],
    f"DELETE {V}/themes/{{theme_id}}": [named(), named(query="?force=true")],
    f"GET {V}/themes/{{theme_id}}/rooms": [named()],
    f"PUT {V}/themes/{{theme_id}}/finalizeLogos": [
        named(404, {"keys": ["{own.upload_key}"]}),
        named(400, {"keys": ["{upload_key}"]}, path=f"{V}/themes/{{own.theme_id}}/finalizeLogos"),
    ],
    # Sessions
    f"GET {V}/sessions": [named(200), named(200, query="?page_size=1000&recorded=true")],
    f"GET {SESSION}": [named(), named(path=f"{V}/sessions/{{over_id}}")],
    f"DELETE {SESSION}": [named(), named(path=f"{V}/sessions/{{over_id}}")],
    f"GET {SESSION}/participants": [named()],
    f"GET {SESSION}/participants.csv": [named()],
    f"GET {SESSION}/consents": [named()],
    f"GET {SESSION}/consents.csv": [named()],
    f"GET {SESSION}/recordings": [named()],
    f"POST {SESSION}/participants/{{participant_id}}/mute": [named(404, {"source": "microphone"})],
    f"DELETE {SESSION}/participants/{{participant_id}}": [named()],
    f"POST {SESSION}/mute": [
        named(404, {"source": "microphone"}),
        named(204, {"source": "microphone", "except": ["{host_id}"]}, path=f"{OWN_SESSION}/mute"),
    ],
    f"PUT {SESSION}/participants/{{participant_id}}/role": [
        named(404, {"role": "host"}),
        named(404, {"role": "host"}, path=f"{OWN_SESSION}/participants/{{participant_id}}/role"),
    ],
    f"POST {SESSION}/participants/{{participant_id}}/ask": [
        named(404, {"source": "microphone"}),
        named(404, {"source": "microphone"}, path=f"{OWN_SESSION}/participants/{{participant_id}}/ask"),
    ],
    f"POST {SESSION}/participants/{{participant_id}}/lower-hand": [
        named(),
        named(path=f"{OWN_SESSION}/participants/{{participant_id}}/lower-hand"),
    ],
    f"POST {SESSION}/lower-hands": [named()],
    f"PUT {SESSION}/spotlight": [
        named(404, {"participant_id": None}),
        named(404, {"participant_id": "{participant_id}"}, path=f"{OWN_SESSION}/spotlight"),
    ],
    f"PATCH {SESSION}/permissions": [named(404, {"chat": False})],
    f"GET {SESSION}/removed": [named()],
    f"DELETE {SESSION}/removed/{{participant_id}}": [
        named(path=f"{SESSION}/removed/{{removed_id}}"),
        named(path=f"{OWN_SESSION}/removed/{{removed_id}}"),
    ],
    f"POST {SESSION}/end": [named()],
    f"POST {SESSION}/lock": [named()],
    f"POST {SESSION}/unlock": [named()],
    f"GET {SESSION}/chat": [named(), named(200, path=f"{OWN_SESSION}/chat", query="?after={message_id}")],
    f"DELETE {SESSION}/chat/{{message_id}}": [named()],
    f"POST {SESSION}/recording": [named()],
    f"DELETE {SESSION}/recording": [named()],
    f"GET {V}/recordings/{{recording_id}}": [named(), named(path=f"{V}/recordings/{{running_id}}")],
    f"DELETE {V}/recordings/{{recording_id}}": [named(), named(path=f"{V}/recordings/{{running_id}}")],
    # The application
    f"PATCH {V}/applications": [named(400, {"update_details": {"default_theme_id": "{theme_id}"}})],
    f"GET {V}/dial-in-numbers": LISTED,
    "GET /api/application": LISTED,
    "PATCH /api/application": [named(200, {"keep_rooms_days": 3})],
    "POST /api/application/callback-secret/rotate": [named(201)],
    "GET /api/events": [
        named(200),
        named(200, query="?before={event_id}"),
        named(200, query="?after=&limit=1000"),
        named(200, query="?after={event_id}"),
    ],
    "GET /api/events/{event_id}": [named()],
    "POST /api/events/{event_id}/replay": [named()],
    "POST /api/events/replay": [named(202, {"since": "2020-01-01T00:00:00Z"})],
    "GET /api/endpoints": LISTED,
    "GET /api/endpoints/{endpoint_id}": [named()],
    "POST /api/endpoints/{endpoint_id}/enable": [named()],
    # The account: its own key speaks for all of its applications, an application's key for none
    "GET /v2/applications": [named(200, who="account"), named(401)],
    "POST /v2/applications": [named(401, {"name": "stolen"})],
    "GET /v2/applications/{application_id}": [named(404, who="account"), named(401)],
    "PUT /v2/applications/{application_id}": [
        named(404, {"name": "stolen"}, "account"),
        named(401, {"name": "stolen"}),
    ],
    "DELETE /v2/applications/{application_id}": [named(404, who="account"), named(401)],
    # The page. A code is what its owner hands out: it opens the room for guests, and makes nobody its host.
    f"POST {PAGE}/look": [
        named(200, {"code": "{code}", "participant_token": "{own.participant_token}"}, "nobody"),
        named(404, {"code": "{room_id}"}, "nobody"),
    ],
    f"POST {PAGE}/join": [
        named(202, {"code": "{door_code}", "name": "Eve", "participant_token": "{own.door_token}"}, "nobody"),
        named(202, {"code": "{door_code}", "name": "Eve", "admission": "{own.proof}"}, "nobody"),
        named(202, {"code": "{door_code}", "name": "Eve", "admission": "{own.knock}"}, "nobody"),
        named(202, {"code": "{door_code}", "name": "Eve", "admission": {"id": "{person_id}", "key": "x"}}, "nobody"),
    ],
    f"POST {PAGE}/check": [
        named(201, {"code": "{code}", "participant_token": "{own.participant_token}"}, "nobody"),
        named(404, {"code": "{room_id}"}, "nobody"),
    ],
    f"GET {PAGE}/check": [named(401, who="host"), named(401, who="guest"), named(401)],
    f"GET {PAGE}/session": [named(200, who="guest"), named(401, who="knocker"), named(401)],
    f"POST {PAGE}/end": [named(403, who="guest"), named(401, who="knocker"), named(401)],
    f"POST {PAGE}/lock": [named(403, {"locked": True}, "guest"), named(401, {"locked": True})],
    f"POST {PAGE}/recording": [named(403, who="guest"), named(401)],
    f"DELETE {PAGE}/recording": [named(403, who="guest"), named(401)],
    f"POST {PAGE}/people/{{person_id}}/mute": [
        named(404, {"source": "microphone"}, "host"),
        named(404, {"source": "microphone"}, "host", path=f"{PAGE}/people/{{participant_id}}/mute"),
        named(401, {"source": "microphone"}, path=f"{PAGE}/people/{{participant_id}}/mute"),
    ],
    f"DELETE {PAGE}/people/{{person_id}}": [
        named(404, who="host"),
        named(404, who="host", path=f"{PAGE}/people/{{participant_id}}"),
        named(404, who="host", path=f"{PAGE}/people/{{host_id}}"),
    ],
    f"PUT {PAGE}/people/{{person_id}}/role": [
        named(404, {"role": "guest"}, "host", path=f"{PAGE}/people/{{participant_id}}/role"),
        named(404, {"role": "guest"}, "host", path=f"{PAGE}/people/{{host_id}}/role"),
        named(403, {"role": "host"}, "guest", path=f"{PAGE}/people/{{own.participant_id}}/role"),
        named(401, {"role": "host"}),
    ],
    f"POST {PAGE}/people/{{person_id}}/ask": [
        named(404, {"source": "camera"}, "host", path=f"{PAGE}/people/{{participant_id}}/ask"),
        named(403, {"source": "camera"}, "guest"),
    ],
    f"POST {PAGE}/people/{{person_id}}/lower-hand": [
        named(404, who="host", path=f"{PAGE}/people/{{participant_id}}/lower-hand"),
        named(403, who="guest"),
    ],
    f"POST {PAGE}/mute": [
        named(204, {"source": "camera"}, "host"),
        named(403, {"source": "camera"}, "guest"),
        named(401, {"source": "camera"}),
    ],
    f"POST {PAGE}/lower-hands": [named(204, who="host"), named(403, who="guest"), named(401)],
    f"PUT {PAGE}/spotlight": [
        named(404, {"person_id": "{participant_id}"}, "host"),
        named(403, {"person_id": None}, "guest"),
    ],
    f"PATCH {PAGE}/permissions": [named(403, {"chat": True}, "guest"), named(401, {"chat": True}, "knocker")],
    f"GET {PAGE}/removed": [named(200, who="host"), named(403, who="guest"), named(401)],
    f"DELETE {PAGE}/removed/{{person_id}}": [
        named(404, who="host", path=f"{PAGE}/removed/{{removed_id}}"),
        named(403, who="guest", path=f"{PAGE}/removed/{{removed_id}}"),
    ],
    f"GET {PAGE}/chat": [named(200, who="guest", query="?before={message_id}"), named(401, who="knocker"), named(401)],
    f"POST {PAGE}/chat": [
        named(400, {"text": "Hello", "reply_to": "{message_id}"}, "guest"),
        named(401, {"text": "Hello"}, "knocker"),
        named(401, {"text": "Hello"}),
    ],
    f"DELETE {PAGE}/chat/{{message_id}}": [named(404, who="host"), named(404, who="guest"), named(401)],
    f"GET {PAGE}/chat/export": [named(200, who="host"), named(403, who="guest"), named(401)],
    f"POST {PAGE}/consent": [named(401, {"answer": "agreed", "text": "1", "language": "en"})],
    f"GET {PAGE}/consents": [
        named(200, who="host"),
        named(200, who="host", query="?as=csv"),
        named(403, who="guest"),
        named(401),
    ],
    f"GET {PAGE}/waiting": [named(401, who="host"), named(401)],
    f"DELETE {PAGE}/waiting": [named(401, who="host"), named(401)],
    f"GET {PAGE}/host": [named(403, who="guest"), named(401, who="knocker"), named(401)],
    f"POST {PAGE}/waiting/{{person_id}}/admit": HIS,
    f"POST {PAGE}/waiting/{{person_id}}/deny": HIS,
    f"POST {PAGE}/waiting/admit_all": [named(204, who="host"), named(403, who="guest")],
    f"POST {PAGE}/waiting/deny_all": [named(204, who="host"), named(403, who="guest")],
    # Users and scheduled meetings, as programs written for ConnectyCube see them. Numbers and addresses of people may be
    # tried: what they stand for is looked up among the caller's own.
    "POST /session": [
        named(401, {"application_id": "{client_number}", "auth_key": "{own.auth_key}"}, "nobody"),
        named(404, {"application_id": "{own.client_number}", "auth_key": "{own.auth_key}", "user": VICTIM}, "nobody"),
    ],
    "GET /session": [named(200, who="user"), named(401), named(401, who="admin")],
    "DELETE /session": [named(401), named(401, who="admin")],
    "POST /login": [named(404, VICTIM, "user"), named(401, VICTIM)],
    "DELETE /login": [named(401), named(401, who="admin")],
    "POST /users": [named(403, {"user": VICTIM}, "user"), named(401, {"user": VICTIM})],
    "GET /users": [named((200, 403), who="user"), named(401)],
    "GET /users/v2": [
        named(200, who="user", query="?login={login}"),
        named(200, who="user", query="?email={email}"),
        named(200, who="user", query="?id[in]={number},{own.number}"),
        named(401, query="?login={login}"),
    ],
    "GET /users/by_{field}": [
        named(404, who="user", path="/users/by_login", query="?login={login}"),
        named(404, who="user", path="/users/by_email", query="?email={email}"),
    ],
    "GET /users/password/reset": [named((200, 403), who="user", query="?email={email}"), named(401)],
    "POST /users/password/reset": [named((200, 403), {"email": "{email}"}, "user"), named(401, {"email": "{email}"})],
    "GET /users/{number}": [named(404, who="user"), named(401)],
    "PUT /users/{number}": [named((403, 404), {"user": {"full_name": "stolen"}}, "user")],
    "DELETE /users/{number}": [named((403, 404), who="user"), named(401)],
    "GET /meetings": [
        named(200, who="user"),
        named(404, who="user", query="?_id={meeting_id}"),
        named(200, who="user", query="?_id[in]={meeting_id}"),
        named(200, who="user", query="?_id[gte]=000000000000000000000000&limit=100"),
        named(401),
        named(401, who="admin"),
    ],
    "POST /meetings": [
        named(201, PLAN | {"attendees": [{"id": "{number}"}, {"email": "x@example.org"}], "notify": True}, "user"),
        named(201, PLAN | {"host_id": "{number}", "chat_dialog_id": "{dialog_id}", "_id": "{meeting_id}"}, "user"),
    ],
    "PUT /meetings/{meeting_id}": [named(404, {"name": "stolen"}, "user"), named(401, {"name": "stolen"})],
    "DELETE /meetings/{meeting_id}": [named(404, who="user"), named(401)],
    "GET /meetings/recordings/{meeting_id}": [named(404, who="user"), named(401, who="admin")],
    "GET /meetings/{meeting_id}/link": [named(404, who="user"), named(401, who="admin")],
    "GET /chat/Dialog": [named(200, who="user"), named(200, who="user", query="?_id={dialog_id}"), named(401)],
    "POST /chat/Dialog/{dialog_id}/subscribe": [named(404, who="user"), named(401)],
    "DELETE /chat/Dialog/{dialog_id}/subscribe": [named(404, who="user"), named(401)],
    "GET /chat/Message/unread": [named(200, who="user", query="?chat_dialog_ids={dialog_id}"), named(401)],
    "DELETE /chat/Message/{message_ids}": [
        named(200, who="user", path="/chat/Message/{line_id},{message_id}"),
        named(401, path="/chat/Message/{line_id}"),
    ],
    "GET /chat/Message": [named(404, who="user", query="?chat_dialog_id={dialog_id}"), named(401)],
    "POST /chat/Message": [named(404, {"chat_dialog_id": "{dialog_id}", "message": "Hello"}, "user"), named(401, {})],
    "POST /admin/meetings": [
        named(422, PLAN | {"user_id": "{number}"}, "admin"),
        named(401, PLAN | {"user_id": "{number}"}),
        named(401, PLAN | {"user_id": "{number}"}, "user"),
    ],
    "GET /admin/meetings": [
        named(200, who="admin"),
        named(404, who="admin", query="?_id={meeting_id}"),
        named(200, who="admin", query="?_id[in]={meeting_id}"),
        named(401, who="user"),
    ],
    "GET /admin/meetings/{meeting_id}": [named(404, who="admin"), named(401, who="user")],
    "PUT /admin/meetings/{meeting_id}": [named(404, {"name": "stolen"}, "admin"), named(401, {}, "user")],
    "DELETE /admin/meetings/{meeting_id}": [named(404, who="admin"), named(401, who="user")],
    "POST /admin/meetings/{meeting_id}/links": [named(404, {"user_id": "{number}"}, "admin"), named(401, {}, "user")],
    "GET /admin/meetings/recordings/{meeting_id}": [named(404, who="admin"), named(401, who="user")],
    "DELETE /admin/meetings/recordings/{meeting_id}": [named(404, who="admin"), named(401, who="user")],
    "DELETE /admin/meetings/recordings/{meeting_id}/{recording_id}": [
        named(404, who="admin", path="/admin/meetings/recordings/{meeting_id}/{film_id}"),
        named(404, who="admin", path="/admin/meetings/recordings/{own.meeting_id}/{film_id}"),
    ],
    "POST /admin/users": [named((201, 422), {"user": VICTIM}, "admin"), named(401, {"user": VICTIM}, "user")],
    "PUT /admin/users/{number}": [named(404, {"full_name": "stolen"}, "admin"), named(401, {}, "user")],
    "POST /admin/users/{number}/tokens": [named(404, who="admin"), named(401, who="user")],
    "DELETE /admin/user/{number}": [named(404, who="admin"), named(401, who="user")],
    # Mails: their wording, and the operator's page of them
    "GET /api/mail-templates/{kind}": [
        named(404, path="/api/mail-templates/change"),
        named(401, None, "admin", path="/api/mail-templates/change"),
    ],
    "PUT /api/mail-templates/{kind}": [
        named(200, {"subject": "Hello"}, path="/api/mail-templates/invitation"),
        named(401, {"subject": "Hello"}, "admin", path="/api/mail-templates/invitation"),
    ],
    "DELETE /api/mail-templates/{kind}": [named(204, path="/api/mail-templates/invitation")],
    "GET /outbox": [named(200), named(200, query="?before=999999"), named(401, who="user")],
    "GET /outbox/{serial}": [named(), named(401, who="admin")],
    "GET /outbox/{serial}/mail.eml": [named()],
    "GET /outbox/{serial}/entry.ics": [named()],
    # Files and pictures
    "GET /recordings/{recording_id}/{name}": [named(403, path="/recordings/{recording_id}/x.mp4{own.signature}")],
    "HEAD /recordings/{recording_id}/{name}": [named(403, path="/recordings/{recording_id}/x.mp4{own.signature}")],
    "POST /uploads/logos": [named(403, {"key": "{upload_key}"}, form=True)],
    "PUT /uploads/logos": [named(403, {"key": "{upload_key}"}, form=True)],
    "GET /pictures/{key}": [named(path="/pictures/{upload_name}")],
    "HEAD /pictures/{key}": [named(path="/pictures/{upload_name}")],
    # The engine's door
    "POST /internal/engine-events": [named(401, {"id": "{session_id}"}), named(401, {}, "nobody")],
    "GET /rtc/validate": [named(401, query="?access_token={own.forged}", who="nobody")],
    "GET /rtc/v1/validate": [named(401, query="?access_token={own.forged}", who="nobody")],
    "WS /rtc": [],  # takes what `validate` takes, by the same check: tests/api/test_rtc.py
    "WS /rtc/v1": [],
    # Nothing of a tenant: the same for everybody
    **{
        f"{method} {path}": STATIC
        for method in ("GET", "HEAD")
        for path in (
            "/",
            "/assets/{name}",
            "/favicon.ico",
            "/{code}",
            "/{short}",
            "/{short}/{code}",
            "/openapi.json",
            "/reference",
        )
    },
    "GET /health/live": STATIC,
    "GET /health/ready": STATIC,
}
PLAIN = ("endpoint_id", "expires", "number", "client_number", "serial")  # numbers that any answer may have in it
CATCH_ALL = ("unknown", "preflight")  # the names of what says "no such path", and tells browsers what they may send


@dataclass
class Siege:
    """A stranger with all that he has, and a victim; both have the same kinds of things."""

    stranger: Estate
    victim: Estate
    faults: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def fill(self, text: str) -> str:
        """A path or a text with the ids in it."""

        def one(match: re.Match[str]) -> str:
            own, name = match[1], match[2]
            if not own:
                self.used.add(name)
            return str((self.own if own else self.ids)[name])

        return re.sub(r"\{(own\.)?(\w+)\}", one, text)

    @property
    def ids(self) -> dict[str, Any]:
        ids = self.victim.ids
        return ids | {
            "message_ids": ids["line_id"],
            "mark": self.victim.mark,
            "upload_name": ids["upload_key"].rpartition("/")[2],
            "name": "x.mp4",
            "kind": "invitation",
        }

    @property
    def own(self) -> dict[str, Any]:
        ids, token = self.stranger.ids, self.stranger.ids["engine_token"]
        head, _, signature = token.rpartition(".")
        told = {"signature": "?" + ids["recording_url"].partition("?")[2], "forged": f"{head[:-2]}AA.{signature}"}
        return ids | told | {"name": "x.mp4", "kind": "invitation"}

    def body(self, given: Any) -> Any:
        match given:
            case "{own.proof}" | "{own.knock}":
                who = self.stranger.guest if given == "{own.proof}" else self.stranger.knocker
                id, _, key = who["Authorization"].removeprefix("Bearer ").partition(".")
                return {"id": id, "key": key}
            case str():
                return self.fill(given)
            case dict():
                return {name: self.body(value) for name, value in given.items()}
            case list():
                return [self.body(value) for value in given]
        return given

    def paths(self, route: str, one: Try) -> Iterator[str]:
        """Where a try goes."""
        template = one.path or route
        places = re.findall(r"\{(\w+)\}", template)
        if one.path or one.who in ("host", "guest", "knocker") or not places:
            yield self.fill(template) + self.fill(one.query)
            return
        for mine in itertools.product((False, True), repeat=len(places)):
            if not all(mine):
                path = template
                for place, is_mine in zip(places, mine, strict=True):
                    path = path.replace(f"{{{place}}}", f"{{own.{place}}}" if is_mine else f"{{{place}}}")
                yield self.fill(path) + self.fill(one.query)

    def credentials(self, who: str) -> dict[str, str]:
        mine = self.stranger
        known = {"key": mine.auth, "account": mine.world.auth, "host": mine.host, "guest": mine.guest}
        known |= {"user": mine.user, "admin": mine.admin}
        return (known | {"knocker": mine.knocker, "nobody": {}})[who]

    async def attempt(self, method: str, path: str, one: Try) -> None:
        """One request; notes what is wrong with the answer, or with the victim's rows after it."""
        world, before = self.stranger.world, await self.theirs()
        sent: dict[str, Any] = {"json": self.body(one.body)} if one.body is not None else {}
        if one.form:
            fields = self.stranger.form | self.body(one.body)
            sent = {"data": fields, "files": {"file": ("logo.png", logo(), "image/png")}}
        answer = await world.client.request(method, path, headers=self.credentials(one.who), **sent)
        wanted = one.status if isinstance(one.status, tuple) else (one.status,)
        what = f"{method} {path} as {one.who}: {answer.status_code} {answer.text[:200]}"
        if answer.status_code not in wanted:
            self.faults.append(f"not {one.status}: {what}")
        sent_too = f"{path} {self.body(one.body)}"
        is_public = path == f"{PAGE}/look" and answer.status_code == 200
        if not is_public and (
            told := [word for word in self.secrets() if word in answer.text and word not in sent_too]
        ):
            self.faults.append(f"tells {told}: {what}")
        if is_public and answer.json()["role"] != "guest":
            self.faults.append(f"is host: {what}")
        after = await self.theirs()
        changed = {name for name in before if before[name] != after[name]}
        if changed - ({"knock", "theme"} if answer.status_code in (201, 202) else set()):
            self.faults.append(f"changes {changed}: {what}")

    def secrets(self) -> list[str]:
        """What no answer may have in it: the victim's texts and ids."""
        return [self.victim.mark, *(str(id) for name, id in self.victim.ids.items() if name not in PLAIN)]

    async def theirs(self) -> dict[str, list[str]]:
        """All rows that belong to the victim."""
        ids = self.victim.ids
        owned = (
            ids["application_id"],
            ids["session_id"],
            ids["over_id"],
            ids["room_id"],
            ids["door_id"],
            ids["key_id"],
            ids["meeting_id"],
            ids["dialog_id"],
        )
        return rows_of(await self.victim.world.db.read(dump), *owned)


@pytest_asyncio.fixture
async def whole(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    limits = {"requests_per_minute": 0, "auth_failures_per_minute": 0, "code_misses_address": 10**6}
    async with worlds.world(database_url, tmp_path, **limits) as made:
        yield made


def routes_of(world: World) -> dict[str, str]:
    """Every route of the app: `METHOD path` and the path; those are left out that only say "no such path"."""
    found = {}
    for route in doors(world.runtime).routes:
        if isinstance(route, APIWebSocketRoute):
            found[f"WS {route.path}"] = route.path
        elif isinstance(route, APIRoute) and route.endpoint.__name__ not in CATCH_ALL:
            found |= {f"{method} {route.path.removesuffix('/') or '/'}": route.path for method in route.methods}
    return found


@pytest.mark.parametrize("kin", [another, sister])
async def test_nothing_of_another_tenant_can_be_reached_or_changed(whole: World, kin: Any) -> None:
    theirs = await kin(whole, "Theirs")
    victim = await settled(theirs, "zqvictim")
    siege = Siege(await settled(whole, "stranger"), victim)
    tried = 0
    for name, route in routes_of(whole).items():
        method = name.partition(" ")[0]
        for one in TRIES[name]:
            if kin is sister and one.who == "account":
                continue  # the account owns both
            for path in siege.paths(route, one):
                await siege.attempt(method, path, one)
                tried += 1
    assert not siege.faults, "\n".join(siege.faults)
    assert tried > 100


async def test_the_owner_reaches_all_of_it(whole: World) -> None:
    """Else the walls could be those of an empty house."""
    owner = await settled(whole, "owner")
    siege = Siege(owner, owner)
    for name, route in routes_of(whole).items():
        if name.startswith("GET") and route.startswith(("/v1/", "/api/e", "/api/a")):
            answer = await whole.client.get(siege.fill(route), headers=owner.auth)
            assert answer.status_code == 200, f"{name}: {answer.text}"
    for path in (owner.ids["recording_url"], owner.ids["picture_url"]):
        assert (await whole.client.get(path)).status_code == 200


async def test_every_route_is_tried(whole: World) -> None:
    found = set(routes_of(whole))
    assert found - TRIES.keys() == set(), "routes that nobody tries"
    assert TRIES.keys() - found == set(), "tries at routes that are no more"


async def test_every_kind_of_id_is_tried(whole: World) -> None:
    estate = await settled(whole, "owner")
    siege = Siege(estate, estate)
    for name, route in routes_of(whole).items():
        for one in TRIES[name]:
            list(siege.paths(route, one))
            siege.body(one.body)
    unnamed = {
        "key_id": "is no part of any request",
        "participant_token": "would make its bearer the host: that is what it is for",
        "door_token": "likewise",
        "engine_token": "likewise",
        "recording_url": "a signed link is the leave itself",
        "expires": "likewise",
        "signature": "likewise",
        "picture_url": "pictures that a theme wears are for everybody",
        "auth_key": "ships in programs: it only says which application is meant",
        "invitation": "would make its bearer the host, as the token of a room does",
    }
    assert set(estate.ids) - siege.used <= set(unnamed)


async def test_without_credentials_nobody_gets_in(whole: World) -> None:
    """Every operation that the document puts behind a key answers 401, to nobody and to somebody with a wrong one."""
    estate = await settled(whole, "owner")
    siege = Siege(estate, estate)
    document = (await whole.client.get("/openapi.json")).json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if not operation["security"]:
                continue
            wrong = {"CB-Token": "0" * 64, "CB-Administration-API-Key": "wrong"}
            for headers in (
                {},
                {"Authorization": "Basic bm9ib2R5Om5vYm9keQ=="},
                {"Authorization": "Bearer a.b.c"},
                wrong,
            ):
                sent = _fitting(document, operation)
                answer = await whole.client.request(method, siege.fill(path), headers=headers, json=sent)
                assert answer.status_code == 401, f"{method} {path}: {answer.text}"


VALUES = {
    "answer": "agreed",
    "language": "en",
    "locked": True,
    "source": "microphone",
    "since": "2026-01-01T00:00:00Z",
    "callback_signature": "standard",
    "code": "123456789",
    "name": "Eve",
    "text": "Hello",
    "subject": "Hello",
    "role": "guest",
    "person_id": None,
}


def _fitting(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    """A body that our own dialect takes: there FastAPI reads it before the route looks at who asks."""
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return {name: VALUES[name] for name in schema.get("properties", {}) if name in VALUES}


async def test_each_scope_opens_its_operations_and_no_others(whole: World) -> None:
    """The scopes that the document names are those that the routes ask for."""
    estate = await settled(whole, "owner")
    siege = Siege(estate, estate)
    document = (await whole.client.get("/openapi.json")).json()
    needs: dict[str, list[tuple[str, str]]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for scope in operation["security"][0].get("token", []) if operation["security"] else []:
                needs.setdefault(scope, []).append((method, path))
    assert len(needs) == 12

    async def refused(scopes: Sequence[str], asked: Sequence[tuple[str, str]]) -> list[bool]:
        made = await whole.db.write(keys.add, whole.application_id, keys.Wish("some", scopes))
        assert made.secret is not None
        told = []
        for method, path in asked:
            body, headers = _fitting(document, document["paths"][path][method]), basic(made.key.id, made.secret)
            answer = await whole.client.request(method, siege.fill(path), headers=headers, json=body)
            assert answer.status_code not in (401, 500), answer.text
            told.append(answer.status_code == 403 and "This key may not do" in answer.text)
        await whole.db.write(keys.expire, whole.application_id, made.key.id)
        return told

    for scope, asked in needs.items():
        others = [one for one in needs if one not in (scope, scope.replace(":read", ":write"))]
        assert await refused(others, asked) == [True] * len(asked), f"{asked} do not all need {scope}"
        assert await refused([scope], asked) == [False] * len(asked), f"{asked} need more than {scope}"
