"""How users are found: by `/users/v2` with operators, by number, and by the older forms (contract §3.4)."""

from typing import Any

from fastapi import APIRouter, Request, Response

from convene import users
from convene.db import Tx
from convene.errors import Forbidden, NotFound
from convene.runtime import Runtime
from convene.users import User
from convene.web.app import answer
from convene.web.connectycube.caller import CubeCaller
from convene.web.connectycube.user_bodies import conditions_in, number_in, order_in, view


def add(routes: APIRouter, runtime: Runtime) -> None:
    """Adds the routes."""
    db = runtime.db

    @routes.get("/users")
    async def everybody(request: Request) -> Response:
        await db.read(CubeCaller(request).user)
        raise Forbidden("forbidden", "The list of all users is forbidden: search by /users/v2")

    @routes.get("/users/v2")
    async def search(request: Request) -> Response:
        caller = CubeCaller(request)
        query = await caller.query()

        def unit(tx: Tx) -> dict[str, Any]:
            me = _me(tx, caller)
            conditions, most = conditions_in(query, me)
            limit, offset = query.number("limit", most, most), query.number("offset", 0)
            found, total = users.search(tx, me.application_id, conditions, order=order_in(query), page=(limit, offset))
            return {"limit": limit, "skip": offset, "total_entries": total, "items": [view(one, me) for one in found]}

        return answer(await db.read(unit))

    @routes.get("/users/by_{field}")
    async def one(request: Request, field: str) -> Response:
        """The older forms: `/users/by_login?login=…`, and so by e-mail address and the ids of other platforms."""
        caller = CubeCaller(request)
        query = await caller.query()

        def unit(tx: Tx) -> dict[str, Any]:
            me = _me(tx, caller)
            if field not in ("login", "email", "external_id", "facebook_id", "twitter_id"):
                raise NotFound("path_unknown", f"There is no GET {request.url.path}")
            asked, _most = conditions_in(query, me) if query.get(field) else ([], 0)
            found = users.search(tx, me.application_id, asked, order=("number", False), page=(1, 0))[0] if asked else []
            if not found:
                raise NotFound("user_unknown", "User not found")
            return {"user": view(found[0], me)}

        return answer(await db.read(unit))

    @routes.get("/users/{number}")
    async def get(request: Request, number: str) -> Response:
        caller = CubeCaller(request)

        def unit(tx: Tx) -> dict[str, Any]:
            me = _me(tx, caller)
            return {"user": view(users.get(tx, me.application_id, number_in(number)), me)}

        return answer(await db.read(unit))


def _me(tx: Tx, caller: CubeCaller) -> User:
    user = caller.user(tx).user
    assert user is not None
    return user
