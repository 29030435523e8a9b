"""/users: an application's users as its client programs see them (contract §3.4)."""

from typing import Any

from fastapi import APIRouter, Request, Response

from convene import clients, logins, users
from convene.db import Tx
from convene.errors import Forbidden, Invalid
from convene.logins import Login
from convene.runtime import Runtime
from convene.users import Spec
from convene.web.app import answer
from convene.web.caller import once
from convene.web.connectycube import signing_in
from convene.web.connectycube.caller import AUTH_KEY, CubeCaller
from convene.web.connectycube.user_bodies import (
    fields_in,
    hashed,
    new_password,
    number_in,
    text_in,
    user_in,
    view,
    without_password,
)


def add(routes: APIRouter, runtime: Runtime) -> None:
    """Adds the routes."""
    db = runtime.db

    @routes.post("/users")
    async def sign_up(request: Request) -> Response:
        caller = CubeCaller(request)
        application_id = await db.read(_opened, caller)
        body = await caller.body()
        given = user_in(body)
        password = new_password(given)
        if password is None:
            raise Invalid("invalid", "password is needed", field="password")
        spec = Spec(fields_in(given), await hashed(password))

        def unit(tx: Tx) -> dict[str, Any]:
            return {"user": view(users.create(tx, application_id, spec))}

        return await once(request, unit, lambda tx: (_opened(tx, caller), "nobody"), content=without_password(body))

    @routes.api_route("/users/password/reset", methods=["GET", "POST"])
    async def reset(request: Request) -> Response:
        await db.read(CubeCaller(request).login)
        raise Forbidden("forbidden", "Passwords are set anew by the operator of this application")

    @routes.put("/users/{number}")
    async def change(request: Request, number: str) -> Response:
        caller = CubeCaller(request)
        login = await db.read(_own, caller, number)
        given = user_in(await caller.body())
        password = new_password(given)
        if password is not None:
            await signing_in.proved(db, login, text_in(given, "old_password"))
        password_hash = await hashed(password)

        def unit(tx: Tx) -> dict[str, Any]:
            own = _own(tx, caller, number)
            if password_hash is not None:
                logins.end_others(tx, own)
            changed = users.update(
                tx, own.application_id, number_in(number), fields_in(given), password_hash=password_hash
            )
            return {"user": view(changed)}

        return answer(await db.write(unit))

    @routes.delete("/users/{number}")
    async def delete(request: Request, number: str) -> Response:
        caller = CubeCaller(request)
        await db.write(lambda tx: users.delete(tx, _own(tx, caller, number).application_id, number_in(number)))
        caller.left()
        return Response(status_code=200)


def _opened(tx: Tx, caller: CubeCaller) -> str:
    """The application whose programs may make users by themselves: its key ships in browsers. Raises Forbidden."""
    key = caller.header(AUTH_KEY)
    login = None if key else caller.login(tx)
    client = caller.client(tx, None, key) if login is None else clients.of(tx, login.application_id)
    if not client.opens_users:
        raise Forbidden("forbidden", "New users are made by the operator of this application")
    return client.application_id


def _own(tx: Tx, caller: CubeCaller, number: str) -> Login:
    """The user whose own account it is. Raises Forbidden for another one's."""
    login = caller.user(tx)
    if login.user is None or login.user.number != number_in(number):
        raise Forbidden("forbidden", "Forbidden")
    return login
