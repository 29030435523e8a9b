"""Who asks at this door, and what: a token (CB-Token) or an administration key; bodies; queries with operators (contract §1.3, §3.1).

Units of work ask `user`, `login` or `administrator` first of all, with their transaction.
"""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request

from convene import access, clients, logins
from convene.access import Application, Known
from convene.clients import Client
from convene.db import Tx
from convene.errors import Forbidden, Invalid, Unauthenticated
from convene.logins import Login
from convene.web.connectycube.route import LOGIN
from convene.web.gate import Gate

TOKEN, ADMINISTRATION, AUTH_KEY = "cb-token", "cb-administration-api-key", "cb-authkey"
FORM = "application/x-www-form-urlencoded"
LARGEST_PAGE = 100
PAIRS_LIMIT = VALUES_LIMIT = 1000  # of a query or a form, and of one condition
DEPTH_LIMIT = 20
NOTHING = ("", "null", "undefined")  # as programs write what they do not have
_UNTOUCHABLE = re.compile("[\x00\ud800-\udfff]")  # what no database and no UTF-8 can carry
_CONDITION = re.compile(r"(\w+)(?:\[(\w+)\])?(?:\[\])?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Query:
    """A query as it was sent, brackets included, without the values that say nothing."""

    pairs: Sequence[tuple[str, str]]

    def get(self, name: str) -> str | None:
        """The last value of this very name."""
        return next((value for key, value in reversed(self.pairs) if key == name), None)

    def number(self, name: str, default: int, most: int = 2**53) -> int:
        """A whole number from 0 on; more than `most` counts as `most`. Raises Invalid."""
        text = self.get(name)
        if text is None:
            return default
        if not re.fullmatch(r"\d{1,18}", text, re.ASCII):
            raise Invalid("invalid", f"{name} must be a whole number", field=name)
        return min(int(text), most)

    def conditions(self) -> dict[tuple[str, str], list[str]]:
        """By field and operator ("eq" where there is none) the values: `id[in][]=1&id[in][]=2`, `_id[in]=a,b`, `name=x`.

        Commas part the values of `in`, `nin` and `all` alone. Raises Invalid.
        """
        found: dict[tuple[str, str], list[str]] = {}
        for key, value in self.pairs:
            form = _CONDITION.fullmatch(key)
            if form is not None:
                operator = form[2] or ("in" if key.endswith("[]") else "eq")
                values = value.split(",") if operator in ("in", "nin", "all") else [value]
                found.setdefault((form[1], operator), []).extend(value for value in values if value)
        for (field, _operator), values in found.items():
            if len(values) > VALUES_LIMIT:
                raise Invalid("invalid", f"{field} has more than {VALUES_LIMIT} values", field=field)
        return found


class CubeCaller:
    """The caller of one request: `user`, `login` and `administrator` are the only ways to learn for which tenant a door works."""

    def __init__(self, request: Request):
        self._request = request
        self._gate: Gate = request.app.state.gate

    # --- Who ---

    def login(self, tx: Tx) -> Login:
        """The holder of any token. Raises Unauthenticated `session_missing`, TooMany; and Due, which is no door's business."""
        login = logins.identified(tx, self._request.headers.get(TOKEN))
        self._request.scope[LOGIN] = login
        self._count(tx, login.application)
        return login

    def user(self, tx: Tx) -> Login:
        """The holder of a user's token: `user` of it is there. Raises as `login`, and Forbidden `need_user`."""
        login = self.login(tx)
        if login.user is None:
            raise Forbidden("need_user", "Forbidden. Need user.")
        return login

    def administrator(self, tx: Tx) -> Application:
        """The application whose administration key the request carries. Raises Unauthenticated, TooMany, Due."""
        application = clients.administrated(tx, self._request.headers.get(ADMINISTRATION))
        self._count(tx, application)
        return application

    def client(self, tx: Tx, number: int | None, auth_key: str | None) -> Client:
        """The client that a program names by number and authorization key, or by that alone. Raises Unauthenticated, TooMany, Due."""
        client = clients.keyed(tx, auth_key) if auth_key else None
        if client is None or (number is not None and client.number != number):
            raise Unauthenticated("bad_credentials", "Unknown application or authorization key")
        self._count(tx, access.application(tx, client.application_id))
        return client

    def became(self, login: Login) -> None:
        """The request has made this login: its answer tells how long it lives."""
        self._request.scope[LOGIN] = login

    def left(self) -> None:
        """The login that the request came with is no more."""
        self._request.scope.pop(LOGIN, None)

    def let_guess(self) -> None:
        """Before a password is compared. Raises TooMany for an address that had too many wrong credentials."""
        self._gate.let_guess(self._request)

    async def failed(self) -> None:
        """Counts wrong credentials from the caller's address. Raises TooMany."""
        await self._gate.failed(self._request)

    def header(self, name: str) -> str | None:
        """A header that says something."""
        return self._request.headers.get(name) or None

    def _count(self, tx: Tx, application: Application) -> None:
        self._gate.count(self._request, Known(application, None, access.ALL_SCOPES), tx.now)

    # --- What ---

    async def body(self) -> dict[str, Any]:
        """The body's fields: of a JSON object, or of a form, whose `user[login]` is a field in a field. Raises Invalid."""
        content = (await self._request.body()).strip()
        if not content:
            return {}
        if not content.startswith(b"{") and self._is_form():
            return _nested(_pairs(content))
        try:
            value = json.loads(content, parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise Invalid("malformed", "The body is not JSON") from None
        if not isinstance(value, dict):
            raise Invalid("malformed", "The body must be a JSON object")
        _check(value, DEPTH_LIMIT)
        return value

    async def query(self) -> Query:
        """The query; a form in the body counts too, as programs send it with GET and DELETE. Raises Invalid."""
        pairs = _pairs(self._request.scope["query_string"])
        if self._request.method in ("GET", "DELETE") and self._is_form():
            pairs += _pairs((await self._request.body()).strip())
        return Query([(name, value) for name, value in pairs if value not in NOTHING])

    def _is_form(self) -> bool:
        return self._request.headers.get("content-type", "").lower().startswith(FORM)


def _pairs(content: bytes) -> list[tuple[str, str]]:
    try:
        pairs = parse_qsl(content.decode(), keep_blank_values=True, errors="strict", max_num_fields=PAIRS_LIMIT)
    except ValueError:
        raise Invalid("malformed", "The query or form cannot be read") from None
    if any(_UNTOUCHABLE.search(part) for pair in pairs for part in pair):
        raise Invalid("malformed", "A character is not allowed")
    return pairs


def _nested(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        outer, bracket, inner = name.partition("[")
        if not bracket:
            found[name] = value
        elif isinstance(held := found.setdefault(outer, {}), dict):
            held[inner.removesuffix("]")] = value
    return found


def _check(value: Any, depth: int) -> None:
    """Raises Invalid for what cannot be stored, or is nested too deep to be meant."""
    if depth == 0:
        raise Invalid("malformed", "The body is nested too deep")
    if isinstance(value, str):
        if _UNTOUCHABLE.search(value):
            raise Invalid("malformed", "A character is not allowed")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise Invalid("malformed", "A number is too large")
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check(name, depth)
            _check(inner, depth - 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, depth - 1)


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
