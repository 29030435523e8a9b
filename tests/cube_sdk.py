"""A client program of ConnectyCube's that does not run here: what it sends, byte for byte; and what most tests of it make."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.cube_parsers import Meeting, Session, User, read
from tests.world import World

JSON = "application/json; charset=utf-8"
FORM = "application/x-www-form-urlencoded; charset=UTF-8"
STARTS = 1_772_460_000
PASSWORD = "s3cret-pw"


@dataclass
class Sdk:
    """One client program: what is the same in all of its requests, and the token of its session."""

    world: World
    headers: dict[str, str]
    suffix: str = ""
    token: str = ""
    user: int = 0
    answers: list[httpx.Response] = field(default_factory=list)

    async def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """A request; an object goes as JSON, a text as it is. The path's query is sent byte for byte."""
        content = json.dumps(body) if isinstance(body, dict) else body
        path, mark, query = path.partition("?")
        url = httpx.URL("http://localhost:8000", raw_path=f"{path}{self.suffix}{mark}{query}".encode())
        kind = {"Content-Type": JSON if method in ("POST", "PUT") else FORM}
        sent = self.headers | {"CB-Token": self.token} | kind | headers
        answer = await self.world.client.request(method, url, content=content, headers=sent)
        self.answers.append(answer)
        return answer

    def credentials(self, **more: Any) -> dict[str, Any]:
        return {"application_id": self.world.cube.client.number, "auth_key": self.world.cube.client.auth_key, **more}

    async def enters(self, login: str, **fields: Any) -> "Sdk":
        """A new user, whom the operator makes, and a session of his."""
        who, admin = {"login": login, "password": PASSWORD, **fields}, self.world.cube.admin
        self.user = read(await self.send("POST", "/admin/users", who, **admin), dict[str, User], 201)["user"].id
        self.token = (await self.session(login=login, password=PASSWORD)).token
        return self

    async def session(self, **user: str) -> Session:
        """A new session; without a user: of the application."""
        answer = await self.send("POST", "/session", self.credentials(**({"user": user} if user else {})))
        made: Session = read(answer, dict[str, Session], 201)["session"]
        return made


def plan(**fields: Any) -> dict[str, Any]:
    """All that Flutter sends of a new meeting; what is not set goes as null or false."""
    sent = {"name": "Launch review", "start_date": STARTS, "end_date": STARTS + 3600, "attendees": []}
    sent |= {
        "chat": False,
        "record": False,
        "public": False,
        "scheduled": False,
        "notify": False,
        "notify_before": None,
    }
    return sent | fields


async def made(sdk: Sdk, **fields: Any) -> dict[str, Any]:
    """A new meeting of this client's user."""
    answer = await sdk.send("POST", "/meetings", plan(**fields))
    read(answer, Meeting, 201)
    shown: dict[str, Any] = answer.json()
    return shown


def ids(listed: Any) -> list[str]:
    return [one["_id"] for one in listed]
