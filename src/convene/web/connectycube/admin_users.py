"""Users as the operator's own programs make them: with an administration key, without anybody's password.

The vendor has the deletion alone; making, changing and minting tokens are ours.
"""

from typing import Any

from fastapi import APIRouter, Request, Response

from convene import logins, users
from convene.db import Tx
from convene.runtime import Runtime
from convene.users import Spec
from convene.web.app import answer
from convene.web.caller import once
from convene.web.connectycube.caller import CubeCaller
from convene.web.connectycube.user_bodies import (
    fields_in,
    hashed,
    new_password,
    number_in,
    session_view,
    user_in,
    view,
    without_password,
)


def add(routes: APIRouter, runtime: Runtime) -> None:
    """Adds the routes."""
    db = runtime.db

    @routes.post("/admin/users")
    async def create(request: Request) -> Response:
        """A user, with a password or without; what the operator says of his e-mail address is believed."""
        caller = CubeCaller(request)
        await db.read(caller.administrator)
        body = await caller.body()
        given = user_in(body) if "user" in body else body
        spec = Spec(fields_in(given), await hashed(new_password(given)), email_verified=True)

        def unit(tx: Tx) -> dict[str, Any]:
            return {"user": view(users.create(tx, caller.administrator(tx).id, spec))}

        def owner(tx: Tx) -> tuple[str, str]:
            return caller.administrator(tx).id, "administrator"

        return await once(request, unit, owner, content=without_password(body))

    @routes.put("/admin/users/{number}")
    async def change(request: Request, number: str) -> Response:
        caller = CubeCaller(request)
        await db.read(caller.administrator)
        body = await caller.body()
        given = user_in(body) if "user" in body else body
        password_hash = await hashed(new_password(given))

        def unit(tx: Tx) -> dict[str, Any]:
            own, asked = caller.administrator(tx).id, number_in(number)
            if password_hash is not None:
                logins.end_users(tx, own, asked)
            return {
                "user": view(users.update(tx, own, asked, fields_in(given), password_hash=password_hash, verified=True))
            }

        return answer(await db.write(unit))

    @routes.post("/admin/users/{number}/tokens")
    async def mint(request: Request, number: str) -> Response:
        """A token of a user, without his password: the operator's own sign-in decides who he is."""
        caller = CubeCaller(request)
        life = request.app.state.token_life

        def unit(tx: Tx) -> dict[str, Any]:
            own = caller.administrator(tx).id
            new = logins.mint(tx, own, number_in(number), life)
            return session_view(tx, new.login, new.token)

        return answer(await db.write(unit), 201)

    @routes.delete("/admin/user/{number}")
    async def delete(request: Request, number: str) -> Response:
        caller = CubeCaller(request)
        await db.write(lambda tx: users.delete(tx, caller.administrator(tx).id, number_in(number)))
        return answer({"success": True})
