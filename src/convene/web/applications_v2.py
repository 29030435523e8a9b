"""The neighbouring Application API v2 (contract §3.7), as far as meetings need it: provisioning scripts run unchanged.

Its caller is the account, by its key and secret. What other products would use (voice, messages, …, privacy) is kept and
answered back. Refusals have that API's own form: `{type, title, detail, instance}`.
"""

import asyncio
import json
import logging
import math
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response, Security
from fastapi.security import HTTPBasic

from convene import access, applications, keys
from convene.applications import Provisioned, Signature, Spec
from convene.db import Tx
from convene.errors import Invalid, NotFound, Refusal, TooMany, Unauthenticated, Unavailable
from convene.runtime import Runtime
from convene.web import application_bodies as bodies
from convene.web.app import answer
from convene.web.caller import Caller, once
from convene.web.gate import Due
from convene.web.route import ApiRoute, Handler, methods_of
from convene.web.vonage import fields

log = logging.getLogger(__name__)

PATH = "/v2/applications"
READ, WRITE = "applications:read", "applications:write"
PAGE, LARGEST_PAGE = 10, 100
WEBHOOKS = {"room_changed": "rooms_url", "session_changed": "sessions_url", "recording_changed": "recordings_url"}
# The vendor's document names them so where it shows how to change an application.
ALIASES = {"rooms_url": "room_changed", "sessions_url": "session_changed", "recording_url": "recording_changed"}
_ERRORS = "https://developer.vonage.com/api-errors"
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_ADDRESS = re.compile(r"https?://\S+")


# --- Refusals -------------------------------------------------------------------------------------------------------


class ProblemRoute(ApiRoute):
    """A route whose handler reads the request itself, and whose refusals are problems (RFC 9457, as this vendor's)."""

    reads_itself = True

    def handler(self) -> Handler:
        """The endpoint, called with the request and the path's parameters."""
        endpoint = self.answering

        async def handle(request: Request) -> Response:
            parts = {name: value for name, value in request.path_params.items() if name != "rest"}
            try:
                response: Response = await endpoint(request, **parts)
                return response
            except (Refusal, Due):
                raise
            except Exception:
                instance = uuid.uuid4().hex
                log.exception("request failed", extra={"event": "request_failed", "instance": instance})
                return _problem(500, "#internal-error", "Internal Error", "Something went wrong.", instance=instance)

        return handle

    def refused(self, refusal: Refusal) -> Response:
        """A refusal in the form of this API."""
        return refused(refusal)


def refused(refusal: Refusal) -> Response:
    """A refusal in the form of this API."""
    match refusal:
        case Unauthenticated():
            told = "You did not provide correct credentials."
            headers = {"WWW-Authenticate": 'Basic realm="Convene"'}
            return _problem(401, "#unauthorized", "Invalid credentials supplied", told, headers=headers)
        case NotFound():
            return _problem(404, "#not-found", "Not Found", refusal.message)
        case TooMany() | Unavailable():
            headers = {"Retry-After": str(refusal.details.get("retry_after", 1))}
            if isinstance(refusal, TooMany):
                return _problem(429, "#throttled", "Rate Limit Hit", refusal.message, headers=headers)
            return _problem(503, "#unavailable", "Service Unavailable", refusal.message, headers=headers)
        case Invalid(code="too_large"):
            return _problem(413, "#payload-size", "Payload Too Large", refusal.message)
        case Invalid(code="idempotency_key_reused"):
            return _problem(422, "#idempotency-key", "Idempotency-Key Reused", refusal.message)
        case Invalid(code="malformed"):
            return _problem(400, "#malformed", "Bad Request", refusal.message)
    kind = "list" if refusal.code == "list" else "payload"
    wrong = refusal.details.get("wrong") or [(refusal.field or "body", refusal.message)]
    return _problem(
        400,
        f"/application#{kind}-validation",
        "Bad Request",
        "The request failed due to validation errors",
        invalid_parameters=[{"name": name, "reason": reason} for name, reason in wrong],
    )


def _problem(
    status: int, kind: str, title: str, detail: str, *, headers: dict[str, str] | None = None, **more: Any
) -> Response:
    body = {"type": _ERRORS + kind, "title": title, "detail": detail, "instance": uuid.uuid4().hex}
    return answer(body | more, status, headers)  # application/json: clients read no other type (§6.7)


# --- Routes ---------------------------------------------------------------------------------------------------------


def router(runtime: Runtime) -> APIRouter:
    """The five calls, with and without a slash at the end."""
    routes = APIRouter(route_class=ProblemRoute, dependencies=[Security(HTTPBasic(auto_error=False))])
    db, base = runtime.db, runtime.settings.base_url

    async def create(request: Request) -> Response:
        caller = Caller(request, WRITE)
        await db.read(caller.account)  # who is not known does not make us compute keys
        given = _given(await fields.body_of(request))
        made = None if "public_key" in given else await asyncio.to_thread(access.new_key_pair)
        if made is not None:
            given["public_key"] = made.public_key
        spec = Spec(**given)

        def unit(tx: Tx) -> dict[str, Any]:
            return view(applications.create(tx, caller.account(tx), spec), base)

        response = await once(request, unit, lambda tx: (caller.account(tx), ""))  # an account may have no application
        return response if made is None else _with_private_key(response, made.private_key)

    async def listed(request: Request) -> Response:
        caller = Caller(request, READ)
        await db.read(caller.account)
        page = _number(request, "page", 1, fields.SAFE // LARGEST_PAGE) or 1
        size = _number(request, "page_size", 1, LARGEST_PAGE) or PAGE
        found, total = await db.read(_page, caller, page, size)
        embedded = {"applications": [view(one, base) for one in found]}
        pages = max(1, math.ceil(total / size))
        told = {"page_size": size, "page": page, "total_items": total, "total_pages": pages}
        return answer({**told, "_embedded": embedded, "_links": _links(base, page, size, pages)})

    async def get(request: Request, application_id: str) -> Response:
        return answer(view(await db.read(_get, Caller(request, READ), application_id), base))

    async def change(request: Request, application_id: str) -> Response:
        caller = Caller(request, WRITE)
        await db.read(caller.account)
        given = _given(await fields.body_of(request))
        return answer(view(await db.write(_change, caller, application_id, given), base))

    async def delete(request: Request, application_id: str) -> Response:
        await db.write(_delete, Caller(request, WRITE), application_id)
        return Response(status_code=204)

    one = PATH + "/{application_id}"
    for path, slashed in ((PATH, False), (PATH + "/", True)):
        routes.add_api_route(path, create, include_in_schema=not slashed, **bodies.CREATE)
        routes.add_api_route(path, listed, include_in_schema=not slashed, **bodies.LIST)
    for path, slashed in ((one, False), (one + "/", True)):
        routes.add_api_route(path, get, include_in_schema=not slashed, **bodies.GET)
        routes.add_api_route(path, change, include_in_schema=not slashed, **bodies.CHANGE)
        routes.add_api_route(path, delete, include_in_schema=not slashed, **bodies.DELETE)
    known = list(routes.routes)

    async def unknown(request: Request) -> Response:
        if allowed := methods_of(request, known):
            told = f"Request method '{request.method}' not supported"
            return _problem(405, "#wrong-verb", "Request method not allowed", told, headers={"Allow": allowed})
        raise NotFound("path_unknown", f"Cannot {request.method} {request.url.path}")

    for path in (PATH, PATH + "/{rest:path}"):
        routes.add_api_route(path, unknown, methods=_METHODS, include_in_schema=False)
    return routes


# --- Units of work --------------------------------------------------------------------------------------------------


def _page(tx: Tx, caller: Caller, page: int, size: int) -> tuple[Sequence[Provisioned], int]:
    return applications.page(tx, caller.account(tx), page=page, size=size)


def _get(tx: Tx, caller: Caller, application_id: str) -> Provisioned:
    return applications.get(tx, caller.account(tx), _plain(application_id))


def _change(tx: Tx, caller: Caller, application_id: str, changes: Mapping[str, Any]) -> Provisioned:
    return applications.change(tx, caller.account(tx), _plain(application_id), changes)


def _delete(tx: Tx, caller: Caller, application_id: str) -> None:
    applications.delete(tx, caller.account(tx), _plain(application_id))


def _plain(application_id: str) -> str:
    """PostgreSQL refuses some characters loudly; no id of ours has them."""
    if not re.fullmatch(r"[0-9A-Za-z-]{1,64}", application_id):
        raise NotFound("application_unknown", f"ID '{application_id}' does not exist, or you do not have access")
    return application_id


# --- Requests -------------------------------------------------------------------------------------------------------


class _Reader:
    """Reads parts of a body, and gathers what is wrong with them."""

    def __init__(self) -> None:
        self.wrong: list[tuple[str, str]] = []

    def object(self, given: Mapping[str, Any], name: str, path: str) -> dict[str, Any]:
        """The object under a name; an absent or null one is empty."""
        value = given.get(name)
        if value is not None and not isinstance(value, dict):
            self.wrong.append((path, "must be an object"))
        return value if isinstance(value, dict) else {}

    def text(self, value: Any, path: str, longest: int) -> str | None:
        """A text that a database can take, not empty."""
        if isinstance(value, str) and value.strip() and len(value) <= longest and fields.is_storable(value):
            return value
        self.wrong.append((path, f"must be a text of 1 to {longest} characters"))
        return None


def _given(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of Spec in a body. `capabilities`, if given, replace all that were. Raises Invalid with all that is wrong."""
    reader = _Reader()
    given: dict[str, Any] = {}
    if "name" in body:
        given["name"] = reader.text(body["name"], "name", applications.NAME_LIMIT)
    else:
        reader.wrong.append(("name", "is required"))
    if (public_key := reader.object(body, "keys", "keys").get("public_key")) is not None:
        given["public_key"] = _public_key(reader, public_key)
    kept = {}
    if body.get("capabilities") is not None:
        others = dict(reader.object(body, "capabilities", "capabilities"))
        given |= _meetings(reader, reader.object(others, "meetings", "capabilities.meetings"))
        others.pop("meetings", None)
        kept["capabilities"] = others
    if body.get("privacy") is not None:
        kept["privacy"] = reader.object(body, "privacy", "privacy")
    if not fields.is_storable(kept):
        reader.wrong.append(("capabilities", "contain an invalid character"))
    if reader.wrong:
        raise Invalid("payload", "The request failed due to validation errors", details={"wrong": reader.wrong})
    return given | ({"kept_settings": kept} if kept else {})


def _public_key(reader: _Reader, value: Any) -> str | None:
    text = reader.text(value, "keys.public_key", applications.KEY_LIMIT)
    if text is None:
        return None
    try:
        return keys.public_key(text)
    except Invalid as refusal:
        reader.wrong.append(("keys.public_key", refusal.message))
        return None


def _meetings(reader: _Reader, meetings: Mapping[str, Any]) -> dict[str, Any]:
    """The callback addresses; those not given are none. `signed_callbacks`: as the voice capability has it."""
    path = "capabilities.meetings"
    urls: dict[str, Any] = dict.fromkeys(WEBHOOKS.values())
    for name, webhook in reader.object(meetings, "webhooks", f"{path}.webhooks").items():
        place, known = f"{path}.webhooks.{name[:100]}", ALIASES.get(name, name)
        if known not in WEBHOOKS:
            reader.wrong.append((place, f"is not one of {', '.join(WEBHOOKS)}"))
        elif webhook is not None:
            urls[WEBHOOKS[known]] = _address(reader, reader.object({"": webhook}, "", place), place)
    signed = meetings.get("signed_callbacks", False)
    if not isinstance(signed, bool):
        reader.wrong.append((f"{path}.signed_callbacks", "must be true or false"))
    signature: Signature = "vonage" if signed is True else "standard"
    return {**urls, "callback_signature": signature}


def _address(reader: _Reader, webhook: Mapping[str, Any], place: str) -> str | None:
    address, method = webhook.get("address"), webhook.get("http_method", "POST")
    if method != "POST":
        reader.wrong.append((f"{place}.http_method", "must be POST"))
    if address in (None, ""):
        return None
    text = reader.text(address, f"{place}.address", fields.URL_LIMIT)
    if text is not None and not _ADDRESS.fullmatch(text):
        reader.wrong.append((f"{place}.address", "must be an http or https URL"))
    return text


def _number(request: Request, name: str, least: int, most: int) -> int | None:
    try:
        return fields.number_of(request, name, least, most)
    except Invalid:
        wrong = [(name, f"must be between {least} and {most}")]
        raise Invalid("list", "The request failed due to validation errors", details={"wrong": wrong}) from None


# --- Answers --------------------------------------------------------------------------------------------------------


def view(one: Provisioned, base: str) -> dict[str, Any]:
    """An application as this API answers it. Every one of ours has the meetings capability."""
    webhooks = {
        name: {"address": url, "http_method": "POST"}
        for name, field in WEBHOOKS.items()
        if (url := getattr(one, field))
    }
    meetings: dict[str, Any] = {"webhooks": webhooks}
    if one.callback_signature == "vonage":
        meetings["signed_callbacks"] = True
    kept = one.kept_settings or {}
    return {
        "id": one.id,
        "name": one.name,
        "keys": {"public_key": one.public_key} if one.public_key else {},
        "capabilities": {**kept.get("capabilities", {}), "meetings": meetings},
        "privacy": {"improve_ai": False, **kept.get("privacy", {})},
        "_links": {"self": {"href": f"{base}{PATH}/{one.id}"}},
    }


def _with_private_key(response: Response, private_key: str) -> Response:
    """Told this once: it is kept nowhere, so a replayed answer is without it."""
    if "Idempotent-Replayed" in response.headers:
        return response
    shown = json.loads(bytes(response.body))
    shown["keys"]["private_key"] = private_key
    return answer(shown, 201)


def _links(base: str, page: int, size: int, pages: int) -> dict[str, Any]:
    wanted = {"self": page, "first": 1, "last": pages}
    if page > 1:
        wanted["prev"] = min(page - 1, pages)
    if page < pages:
        wanted["next"] = page + 1
    return {name: {"href": f"{base}{PATH}?page_size={size}&page={number}"} for name, number in wanted.items()}
