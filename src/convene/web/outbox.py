"""`/outbox`: the mails of an application, for its operator's browser, which asks for a key and its secret (Basic, RFC 7617).

Of a kept mail the HTML is shown in a frame without any rights; of a sent one nothing is left but that it was.
"""

import asyncio
import email
import email.policy
from email.message import EmailMessage
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from convene import outbox
from convene.db import Tx
from convene.errors import NotFound, Refusal, Unauthenticated
from convene.mail import kept_serials, outbox_folder
from convene.outbox import Mail
from convene.runtime import Runtime
from convene.web.caller import Caller
from convene.web.route import ApiRoute

READ = "events:read"
PAGE = 100
LARGEST = 2**53
# Instead of the policy of other answers: style stands in the mails themselves; there is no script.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

_PAGES = Environment(
    loader=PackageLoader("convene.web", "outbox_pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
Before = Annotated[int | None, Query(ge=1, le=LARGEST)]


class OutboxRoute(ApiRoute):
    """A browser that has not said who it speaks for is asked to."""

    def refused(self, refusal: Refusal) -> Response:
        """In our own dialect."""
        made = super().refused(refusal)
        if isinstance(refusal, Unauthenticated):
            made.headers["WWW-Authenticate"] = 'Basic realm="Convene outbox", charset="UTF-8"'
        return made


def router(runtime: Runtime) -> APIRouter:
    """The pages, and the two files of a kept mail."""
    routes = APIRouter(route_class=OutboxRoute, include_in_schema=False)
    db, folder = runtime.db, outbox_folder(runtime.settings)

    @routes.get("/outbox")
    async def moved(request: Request) -> Response:
        """Not asked for credentials here: a browser would send those of `/outbox` to the whole origin, those of `/outbox/` only
        to what lies below it (RFC 7617 §2.2)."""
        return Response(status_code=307, headers={"Location": "/outbox/"})

    @routes.get("/outbox/")
    async def listed(request: Request, before: Before = None) -> Response:
        found = await db.read(_latest, Caller(request, READ), before)
        following = found[PAGE - 1].serial if len(found) > PAGE else None
        return _page("list.html.j2", mails=found[:PAGE], following=following)

    @routes.get("/outbox/{serial}")
    async def shown(request: Request, serial: int) -> Response:
        mail = await db.read(_one, Caller(request, READ), serial)
        kept = _read(await _kept(folder, mail))
        return _page(
            "mail.html.j2",
            mail=mail,
            kept=kept is not None,
            subject=kept["Subject"] if kept else "",
            html=_text(kept, "text/html"),
            text=_text(kept, "text/plain"),
            has_calendar=bool(_text(kept, "text/calendar")),
        )

    @routes.get("/outbox/{serial}/mail.eml")
    async def whole(request: Request, serial: int) -> Response:
        mail = await db.read(_one, Caller(request, READ), serial)
        return _file(await _kept(folder, mail), "message/rfc822", f"mail-{serial}.eml")

    @routes.get("/outbox/{serial}/entry.ics")
    async def entry(request: Request, serial: int) -> Response:
        mail = await db.read(_one, Caller(request, READ), serial)
        calendar = _text(_read(await _kept(folder, mail)), "text/calendar")
        return _file(calendar.encode(), "text/calendar; charset=utf-8", f"mail-{serial}.ics")

    return routes


# --- Units of work --------------------------------------------------------------------------------------------------


def _latest(tx: Tx, caller: Caller, before: int | None) -> list[Mail]:
    return outbox.latest(tx, caller.application(tx).id, before=before, limit=PAGE + 1)


def _one(tx: Tx, caller: Caller, serial: int) -> Mail:
    return outbox.get(tx, caller.application(tx).id, serial).mail


# --- Files ----------------------------------------------------------------------------------------------------------


async def _kept(folder: Path, mail: Mail) -> bytes:
    """The mail's file; nothing when this machine has none."""

    def read() -> bytes:
        path = kept_serials(folder).get(mail.serial)
        return path.read_bytes() if path else b""

    return await asyncio.to_thread(read)


def _read(content: bytes) -> EmailMessage | None:
    if not content:
        return None
    return email.message_from_bytes(content, policy=email.policy.default)


def _text(message: EmailMessage | None, kind: str) -> str:
    for part in message.walk() if message else ():
        if part.get_content_type() == kind:
            return str(part.get_content())
    return ""


def _file(content: bytes, kind: str, name: str) -> Response:
    if not content:
        raise NotFound("mail_not_kept", "This machine keeps no such file.")
    return Response(content, 200, {"Content-Disposition": f'attachment; filename="{name}"'}, kind)


def _page(name: str, **values: object) -> Response:
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
    return Response(_PAGES.get_template(name).render(values), 200, headers, "text/html; charset=utf-8")
