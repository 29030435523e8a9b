"""The engine's door: its events, and the signalling of people in meetings, passed through our origin after a check.

A join token lives on after its holder was removed, and the engine cannot revoke it: so `/rtc` asks our database first.
Clients put that token into the address. Here it is taken out at once and goes on in a header; no address is logged.
"""

import asyncio
import contextlib
import ipaddress
import logging
import os
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode

import aiohttp
from fastapi import APIRouter, Request, Response, WebSocket
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocketDisconnect
from yarl import URL

from convene import checks, recordings, sessions
from convene.db import Tx
from convene.engine import Claims, EngineEvent, unanswered
from convene.errors import Forbidden, Refusal, Unauthenticated
from convene.runtime import Runtime
from convene.web.app import refused

log = logging.getLogger(__name__)

LARGEST_EVENT = 1024 * 1024  # bytes of one webhook
LARGEST_MESSAGE = 1024 * 1024  # bytes of one signalling message, either way
LARGEST_ADDRESS = 64 * 1024  # bytes: it carries the browser's whole offer. The web server's 8 kB would leave it hanging
REACH = 5  # seconds for the engine to answer an upgrade: it makes the participant before it does
GOODBYE = 2  # seconds for the engine's last words to somebody who was removed: his page shows them
HEARTBEAT = 30  # seconds between pings to the engine; a silent one is given up after half of that
LIFE = aiohttp.ClientTimeout(total=None, connect=REACH)
CLOSING = aiohttp.ClientWSTimeout(ws_close=2)
PATHS = ("/rtc", "/rtc/v1")

# Close codes, RFC 6455 §7.4.1; 1005 and 1006 are never sent, they stand for a missing code and a broken connection.
GOING_AWAY, NO_CODE, POLICY, TOO_BIG, FAILED = 1001, 1005, 1008, 1009, 1011

_open: dict[str, set[asyncio.Event]] = {}  # the connections that this process passes, by identity


def router(runtime: Runtime) -> APIRouter:
    """`/internal/engine-events` for the engine; `/rtc…` for people. None of them is in the API's description."""
    os.environ.setdefault("WEBSOCKETS_MAX_LINE_LENGTH", str(LARGEST_ADDRESS))
    routes = APIRouter(include_in_schema=False)

    async def events(request: Request) -> Response:
        return await _take_event(runtime, request)

    async def validate(request: Request) -> Response:
        return await _validate(runtime, request)

    async def signal(client: WebSocket) -> None:
        await _signal(runtime, client)

    routes.add_api_route("/internal/engine-events", events, methods=["POST"])
    for path in PATHS:
        routes.add_api_route(f"{path}/validate", validate, methods=["GET"])
        routes.add_api_websocket_route(path, signal)
    return routes


async def put_out(runtime: Runtime, engine_room: str, identity: str) -> None:
    """Puts somebody out whose admission was taken away. Raises Unavailable: reconciling does it then, within seconds."""
    try:
        await runtime.engine.remove(engine_room, identity)
    finally:
        close_for(identity)


def close_for(identity: str) -> None:
    """Ends the signalling of somebody who was removed, as far as it passes through this process, within `GOODBYE` seconds.
    Ask the engine to remove him first: it says goodbye in words that his page understands, and they are passed on."""
    for ended in _open.get(identity, ()):
        ended.set()


# --- Events ---------------------------------------------------------------------------------------------------------


async def _take_event(runtime: Runtime, request: Request) -> Response:
    """200 once it is applied and committed, 401 when it is forged or stale. All else is 500, also our own refusals: the
    engine sends again after a 5xx, and takes any other answer for success."""
    peer = request.client.host if request.client else ""
    if not runtime.settings.engine_url and not _is_own(peer, request):
        return Response(status_code=403)
    body = await _body(request)
    if body is None:
        return Response(status_code=413)
    try:
        event = runtime.engine.read_event(body, request.headers.get("authorization", ""))
    except Unauthenticated:
        log.warning("engine event refused", extra={"event": "engine_event_refused", "peer": peer})
        return Response(status_code=401)
    if checks.is_check(event.room):  # nothing of a check is kept, nobody is told of it
        return Response(status_code=200)
    try:
        await runtime.db.write(_apply, event, timedelta(seconds=runtime.settings.session_grace_seconds))
    except Exception:
        log.exception("engine event failed", extra={"event": "engine_event_failed", "id": event.id, "kind": event.kind})
        return Response(status_code=500)
    return Response(status_code=200)


def _apply(tx: Tx, event: EngineEvent, grace: timedelta) -> None:
    recordings.follow(tx, sessions.apply(tx, event, grace))


def _is_own(peer: str, request: Request) -> bool:
    """Our own child speaks from loopback, or from the address on which we listen. The signature is the real guard."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback or peer == (request.scope.get("server") or ("",))[0]


async def _body(request: Request) -> bytes | None:
    """The raw body; None when it is too long, of which no more is read."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_EVENT:
            return None
    return bytes(body)


# --- Who may pass ---------------------------------------------------------------------------------------------------


class _EngineRefused(Exception):
    """The engine itself turned the upgrade down; `status` is its HTTP status."""

    def __init__(self, status: int):
        super().__init__(status)
        self.status = status


def _token(connection: HTTPConnection) -> tuple[str, str]:
    """The token, and the query without it. A header counts more than the address, as in the engine.

    The address is wiped from the scope: servers write it into their logs when a connection is accepted or refused.
    """
    pairs = parse_qsl(connection.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    connection.scope["query_string"] = b""
    header = connection.headers.get("authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        token = token if scheme == "Bearer" else ""
    else:
        token = dict(pairs).get("access_token", "")
    return token, urlencode([(name, value) for name, value in pairs if name != "access_token"])


async def _check(runtime: Runtime, claims: Claims) -> tuple[str, ...]:
    """From which sources this person may send now. Raises Forbidden for a removed person, an ended meeting, and whoever was
    never admitted: recorders too, they speak to the engine directly. A check's token is all that its bearer needs, as long as
    the check lasts: the engine renews tokens of who is connected, so their own end is none."""
    if checks.is_check(claims.room):
        if checks.is_over(claims.room, runtime.db.clock()):
            raise Forbidden("check_over", "This check is over.")
        return claims.may
    may = await runtime.db.read(sessions.may_connect, claims.room, claims.identity)
    if may is None:
        raise Forbidden("not_in_meeting", "You are not in this meeting, or it has ended.")
    return may


def _onward(runtime: Runtime, connection: HTTPConnection, token: str) -> tuple[str, dict[str, str]]:
    """The engine's address without query, and the headers: the one token that we checked, and the browser's name, from
    which the engine knows what that browser's codecs cannot do."""
    headers = {"Authorization": f"Bearer {token}", "User-Agent": connection.headers.get("user-agent", "")}
    return f"{runtime.engine.signal_url}{connection.scope['path']}", headers


async def _validate(runtime: Runtime, request: Request) -> Response:
    """A client whose upgrade was refused asks here why: the engine's answer, or ours."""
    token, query = _token(request)
    token = await runtime.tickets.exchange(token)
    await _check(runtime, runtime.engine.read_token(token))
    address, headers = _onward(runtime, request, token)
    url = URL(f"{address.replace('ws', 'http', 1)}?{query}", encoded=True)
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=REACH)) as session,
            session.get(url, headers=headers, allow_redirects=False) as answer,
        ):
            return Response(await answer.read(), answer.status, media_type="text/plain")
    except (aiohttp.ClientError, OSError, TimeoutError):
        raise unanswered() from None  # the error's own text has the headers


# --- Signalling -----------------------------------------------------------------------------------------------------


async def _signal(runtime: Runtime, client: WebSocket) -> None:
    """One person's signalling, from the upgrade to the end of the meeting: hours, maybe."""
    try:
        token, query = _token(client)
        token = await runtime.tickets.exchange(token)
        claims = runtime.engine.read_token(token)
        with _registered(claims.identity) as ended:
            await _check(runtime, claims)
            address, headers = _onward(runtime, client, token)
            url = URL(f"{address}?{query}", encoded=True)
            async with aiohttp.ClientSession(timeout=LIFE) as session, await _reach(session, url, headers) as engine:
                may = await _check(
                    runtime, claims
                )  # Race: removed since the first check, before the engine knew the person
                if may != claims.may:  # an older token: the engine learns what is right before a word passes
                    await runtime.engine.permit(claims.room, claims.identity, may)
                await client.accept()
                await _exchange(client, engine, ended)
    except _EngineRefused as refusal:
        await _deny(client, Response("The media engine refused.", refusal.status, media_type="text/plain"))
    except Refusal as refusal:
        await _deny(client, refused(refusal))
    except (WebSocketDisconnect, OSError):
        log.debug("signalling given up", extra={"event": "signalling_given_up"})  # by the client, before it began


@contextlib.contextmanager
def _registered(identity: str) -> Iterator[asyncio.Event]:
    """An event that `close_for` sets. Registered before the check, so that a removal meanwhile finds it."""
    ended = asyncio.Event()
    mine = _open.setdefault(identity, set())
    mine.add(ended)
    try:
        yield ended
    finally:
        mine.discard(ended)
        if not mine and _open.get(identity) is mine:
            del _open[identity]


async def _reach(session: aiohttp.ClientSession, url: URL, headers: dict[str, str]) -> aiohttp.ClientWebSocketResponse:
    """The engine's end. Raises _EngineRefused, or Unavailable. The errors' own texts have the headers: none goes on."""
    try:
        async with asyncio.timeout(REACH):
            return await session.ws_connect(
                url, headers=headers, max_msg_size=LARGEST_MESSAGE, heartbeat=HEARTBEAT, timeout=CLOSING
            )
    except aiohttp.WSServerHandshakeError as error:
        if 400 <= error.status <= 599:
            raise _EngineRefused(error.status) from None
        raise unanswered() from None
    except (aiohttp.ClientError, OSError, TimeoutError):
        raise unanswered() from None


async def _exchange(client: WebSocket, engine: aiohttp.ClientWebSocketResponse, ended: asyncio.Event) -> None:
    """Passes messages both ways until one side closes, and its code on; each way waits for its slow reader."""
    up = asyncio.create_task(_to_engine(client, engine))
    down = asyncio.create_task(_to_client(engine, client))
    told = asyncio.create_task(ended.wait())
    try:
        await asyncio.wait((up, down, told), return_when=asyncio.FIRST_COMPLETED)
        if told.done():  # Race: the removal is told here before the engine's goodbye has come through
            await asyncio.wait((up, down), timeout=GOODBYE, return_when=asyncio.FIRST_COMPLETED)
        code = up.result() if up.done() else down.result() if down.done() else POLICY
    finally:
        for task in (up, down, told):
            task.cancel()
        await asyncio.gather(up, down, told, return_exceptions=True)
    await engine.close(code=_sayable(code, GOING_AWAY))
    with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError):  # the client may be the one who is gone
        await client.close(_sayable(code, FAILED))


async def _to_engine(client: WebSocket, engine: aiohttp.ClientWebSocketResponse) -> int:
    """Until the client closes; its code."""
    while True:
        message = await client.receive()
        if message["type"] == "websocket.disconnect":
            return int(message.get("code") or NO_CODE)
        data: bytes | str = message.get("bytes") or message.get("text") or b""
        if len(data) > LARGEST_MESSAGE:
            return TOO_BIG
        try:
            await (engine.send_bytes(data) if isinstance(data, bytes) else engine.send_str(data))
        except OSError:
            return FAILED


async def _to_client(engine: aiohttp.ClientWebSocketResponse, client: WebSocket) -> int:
    """Until the engine closes; its code."""
    try:
        async for message in engine:
            if message.type is aiohttp.WSMsgType.BINARY:
                await client.send_bytes(message.data)
            elif message.type is aiohttp.WSMsgType.TEXT:
                await client.send_text(message.data)
    except (WebSocketDisconnect, RuntimeError, OSError):  # sending to a client that is gone
        return GOING_AWAY
    return engine.close_code or FAILED


def _sayable(code: int, otherwise: int) -> int:
    """A close code that may be sent: 1005 becomes the normal 1000, what stands for a breakdown becomes `otherwise`."""
    if code == NO_CODE:
        return 1000
    return code if code in (1000, 1001, 1002, 1003, *range(1007, 1015)) or 3000 <= code <= 4999 else otherwise


async def _deny(client: WebSocket, response: Response) -> None:
    """Refuses the upgrade by an HTTP answer where the server can (uvicorn does), else by its plain 403."""
    with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError):
        if "websocket.http.response" in client.scope.get("extensions", {}):
            await client.send_denial_response(response)
        else:
            await client.close()
