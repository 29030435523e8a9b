"""Who asks, what he may do, how often, and whether he has asked the same before: one request to the API.

A route makes `Caller(request, "rooms:write")`, and its unit of work asks `caller.application(tx)`, first of all. POST routes
run theirs by `await caller.once(unit, …)` (Idempotency-Key); answers that can be changed later carry an ETag (RFC 9110 §8.8.3).
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

from fastapi import Request, Response

from convene import access, answers
from convene.access import Application
from convene.answers import Answered, Kept
from convene.db import Tx
from convene.errors import Conflict, Forbidden, Invalid, Refusal
from convene.web.app import as_json
from convene.web.gate import Gate

_FRESH = re.compile(rb'"host_url":\{"href":"[^"]*"\}')  # has a new token each time; no value can look like it: quotes
_TAG = re.compile(r'(W/)?("[^"]*")|(\*)')

T = TypeVar("T")


class Caller:
    """The caller of one request. `application(tx)` is the only way for a door to learn for which tenant it works."""

    def __init__(self, request: Request, scope: str):
        self._request, self._scope = request, scope
        self._gate: Gate = request.app.state.gate
        self._known: Application | None = None

    def application(self, tx: Tx) -> Application:
        """The application, inside the request's own transaction, before that has changed anything.

        Raises Unauthenticated, TooMany, Forbidden `scope_missing`; and Due, which is none of the door's business.
        """
        if self._known is None:
            known = self._gate.known(self._request, tx)
            if not access.may(known.scopes, self._scope):
                raise Forbidden("scope_missing", f"This key may not do {self._scope}")
            self._known = known.application
        return self._known

    def account(self, tx: Tx) -> str:
        """The account whose own key and secret the request carries. Raises Unauthenticated, TooMany, Due."""
        account_id = access.account_for(tx, self._request.headers.get("authorization"))
        self._gate.count(self._request, account_id, tx.now)
        return account_id

    async def reading(self, reader: Awaitable[T]) -> T:
        """What the request says; whoever may not ask is not told what is wrong with it."""
        try:
            return await reader
        except Invalid:
            await self._gate.db.read(self.application)
            raise

    # --- Once ---

    async def once(
        self, unit: Callable[[Tx], object], *, status: int = 201, after: Callable[[], Awaitable[object]] | None = None
    ) -> Response:
        """Answers a POST with what the unit returns: a JSON body, or None (204). `after`: an effect outside, after the commit.

        With an `Idempotency-Key` the answer is kept for a day, in the same transaction: the same request with the same key
        gets it again, and changes nothing. Raises what unit and effect raise, and Invalid `idempotency_key_reused`.
        """
        return await once(self._request, unit, lambda tx: (self.application(tx).id, ""), status=status, after=after)

    # --- Tags ---

    def shown(self, body: object, status: int = 200) -> Response:
        """An answer with its ETag; 304 to a GET whose `If-None-Match` has it."""
        content = as_json(body)
        tag = etag(content)
        if self._request.method == "GET" and _matches(self._request.headers.get("if-none-match"), tag, weakly=True):
            return Response(status_code=304, headers={"ETag": tag})
        return Response(content, status, {"ETag": tag}, "application/json")

    def expect(self, tx: Tx, name: str, present: Callable[[], object]) -> None:
        """For a change or a deletion: nobody else changes the thing of this name until the commit, and it is still as
        `If-Match` says, if the request has one. `present` gives the body that a GET would show now.

        Raises Conflict `changed`, and what `present` raises.
        """
        tx.alone(name)  # between the comparison and the change no other change comes in
        wanted = self._request.headers.get("if-match")
        if wanted is not None and not _matches(wanted, etag(as_json(present())), weakly=False):
            raise Conflict("changed", "It was changed since: its ETag is another than that of If-Match")


async def once(
    request: Request,
    unit: Callable[[Tx], object],
    owner: Callable[[Tx], tuple[str, str]],
    *,
    status: int = 201,
    after: Callable[[], Awaitable[object]] | None = None,
    content: bytes | None = None,
) -> Response:
    """As `Caller.once`, for any kind of caller. `owner`: the application (or the account), and who of it asks: each has keys of his
    own. `content`: what of the body makes two requests the same, if not all of it."""
    gate: Gate = request.app.state.gate
    given = request.headers.getlist("idempotency-key")
    if not given:
        told = _told(await gate.db.write(unit), status)
        if after is not None:
            await after()
        return _created(told)
    path, key = request.scope["path"], ", ".join(given)
    mark = answers.fingerprint(request.method, path, await request.body() if content is None else content)

    def own(tx: Tx) -> tuple[str, str]:
        application_id, who = owner(tx)
        return application_id, f"{who} {key}" if who else key

    def work(tx: Tx) -> Kept:
        mine = own(tx)
        answers.check(key)
        try:
            told = _told(unit(tx), status)
        except Refusal:  # it may be refused only because it was done before
            answers.find(tx, *mine, mark)
            raise
        answers.keep(tx, *mine, mark, told)
        return told

    try:
        kept = await gate.db.write(work)
    except Answered as answered:
        return _created(answered.kept, {"Idempotent-Replayed": "true"})
    if after is not None:
        try:
            await after()
        except BaseException:  # whatever ended it: the next try is to have its effect
            await gate.db.write(lambda tx: answers.drop(tx, *own(tx)))
            raise
    return _created(kept)


def etag(content: bytes) -> str:
    """The tag of a JSON body: another one as soon as anything in it changes but the host's token, which is always fresh."""
    return f'"{hashlib.blake2b(_FRESH.sub(b"", content), digest_size=12).hexdigest()}"'


def _matches(header: str | None, tag: str, *, weakly: bool) -> bool:
    """RFC 9110 §13.1: a list of tags, or `*`; If-Match takes no weak ones."""
    return any(
        star or (name == tag and (weakly or not weak))
        for weak, name, star in _TAG.findall("" if header is None else header)
    )


def _told(body: object, status: int) -> Kept:
    return Kept(204, "") if body is None else Kept(status, as_json(body).decode())


def _created(kept: Kept, headers: dict[str, str] | None = None) -> Response:
    content, headers = kept.body.encode(), headers or {}
    if kept.status == 201:
        headers["ETag"] = etag(content)
    return Response(content, kept.status, headers, "application/json" if content else None)
