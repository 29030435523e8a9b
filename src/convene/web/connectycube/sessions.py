"""/session and /login: how a program gets its token, and whose it is (contract §3.2 to §3.4)."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from convene import logins, users
from convene.clients import Client
from convene.db import Database, Tx
from convene.errors import Invalid, NotFound
from convene.runtime import Runtime
from convene.users import Name, Spec
from convene.web.app import answer
from convene.web.connectycube import signatures
from convene.web.connectycube.caller import TOKEN, CubeCaller
from convene.web.connectycube.signing_in import signed_in
from convene.web.connectycube.user_bodies import fields_in, hashed, new_password, session_view, text_in, user_in, view

SAFE = 2**53
NO_GUEST = (None, "", "0", "false", 0, False)

Coming = Callable[[Tx], int | None]


def add(routes: APIRouter, runtime: Runtime) -> None:
    """Adds the routes."""
    db = runtime.db

    @routes.post("/session")
    async def create(request: Request) -> Response:
        caller = CubeCaller(request)
        body = await caller.body()
        client = await db.read(_client, caller, body)
        coming = await _who(db, caller, client, body)
        life, nonce = request.app.state.token_life, body.get("nonce")
        kept_nonce = nonce if type(nonce) is int and 0 <= nonce < SAFE else None

        def unit(tx: Tx) -> dict[str, Any]:
            new = logins.mint(tx, client.application_id, coming(tx), life, kept_nonce)
            caller.became(new.login)
            return session_view(tx, new.login, new.token)

        return answer(await db.write(unit), 201)

    @routes.get("/session")
    async def get(request: Request) -> Response:
        caller = CubeCaller(request)
        return answer(await db.read(lambda tx: session_view(tx, caller.login(tx), caller.header(TOKEN) or "")))

    @routes.delete("/session")
    async def end(request: Request) -> Response:
        caller = CubeCaller(request)
        await db.write(lambda tx: logins.end(tx, caller.login(tx)))
        caller.left()
        return Response(status_code=200)

    @routes.post("/login")
    async def log_in(request: Request) -> Response:
        caller = CubeCaller(request)
        login = await db.read(caller.login)
        body = await caller.body()
        given = user_in(body) if "user" in body else body
        caller.let_guess()
        proof = await signed_in(db, login.application_id, *_named(given))

        def unit(tx: Tx) -> dict[str, Any]:
            user = proof.user(tx)
            caller.became(logins.belong(tx, caller.login(tx), user.number))
            return {"user": view(user)}

        return answer(await db.write(unit), 201)

    @routes.delete("/login")
    async def log_out(request: Request) -> Response:
        caller = CubeCaller(request)
        await db.write(lambda tx: caller.became(logins.belong(tx, caller.login(tx), None)))
        return Response(status_code=200)


def _client(tx: Tx, caller: CubeCaller, body: Mapping[str, Any]) -> Client:
    """Whose program asks, proved by nothing but a key that it ships. Raises Invalid, Unauthenticated, TooMany, Due."""
    number, auth_key = body.get("application_id"), text_in(body, "auth_key")
    if isinstance(number, str) and number.isascii() and number.isdecimal() and len(number) < 16:
        number = int(number)
    if type(number) is not int or auth_key is None:
        raise Invalid("invalid", "application_id and auth_key are needed")
    client = caller.client(tx, number, auth_key)
    if "signature" in body and not signatures.is_signed(body, client.auth_secret, tx.now):
        raise Invalid("signature", "Unexpected signature")
    return client


async def _who(db: Database, caller: CubeCaller, client: Client, body: Mapping[str, Any]) -> Coming:
    """Whose the new token is to be, said in the transaction that makes it. Raises what signing in raises."""
    if body.get("provider"):
        raise Invalid("provider", "Signing in by another platform's account is not supported", field="provider")
    given, own = user_in(body), client.application_id
    if not given:
        return lambda tx: None
    if given.get("guest") not in NO_GUEST:
        full_name = text_in(given, "full_name")
        return lambda tx: users.create_guest(tx, own, full_name).number
    name, password = _named(given)
    caller.let_guess()
    try:
        proof = await signed_in(db, own, name, password)
    except NotFound:
        if not client.opens_users:
            await caller.failed()
            raise
    else:
        return lambda tx: proof.user(tx).number
    spec = Spec(fields_in(given), await hashed(new_password(given)))
    return lambda tx: users.create(tx, own, spec).number


def _named(given: Mapping[str, Any]) -> tuple[Name, str]:
    name, password = Name(text_in(given, "login"), text_in(given, "email")), text_in(given, "password")
    if (name.login is None and name.email is None) or password is None:
        raise Invalid("invalid", "login or email, and password are needed")
    return name, password
