"""Wording what the outbox sends, at the moment when it is sent: the links in a letter are secrets, and are stored nowhere before."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from convene import access, clients, invitations, outbox, recordings
from convene.access import Application
from convene.clients import Client
from convene.config import Settings
from convene.db import Database, Tx
from convene.errors import NotFound
from convene.letters import Kind, Letter, Part, Reader, Sender, as_message, language_of, written
from convene.mail import Outgoing
from convene.meetings.row import Meeting, some
from convene.outbox import Claim, Written
from convene.recordings import Recording
from convene.storage import Storage

LINK_DAYS = 7  # for which the links to recordings work
_LINKED = (Kind.INVITATION, Kind.CHANGE, Kind.REMINDER)
GONE = "Its application has been deleted."


@dataclass(frozen=True, slots=True)
class _Side:
    """What the application adds to its letters."""

    application: Application
    client: Client
    templates: Mapping[Kind, Mapping[Part, str]]
    meetings: Mapping[str, Meeting]


class Mailing:
    """Words claims; a `Composer` of the outbox is its `compose`."""

    def __init__(self, db: Database, storage: Storage, settings: Settings):
        self._db, self._storage, self._base_url = db, storage, settings.base_url
        self._sender = Sender.of(settings.mail_from)

    async def compose(self, claims: Sequence[Claim]) -> list[Written]:
        """Each claim as a mail. Raises Unavailable."""
        sides, files = await self._db.read(_gathered, claims)
        readers = [await self._reader(one, sides.get(one.application_id), files) for one in claims]
        return await asyncio.to_thread(self._written, claims, readers, sides)

    async def _reader(self, one: Claim, side: _Side | None, files: Mapping[tuple[str, str], Recording]) -> Reader:
        link, downloads = None, []
        if side is not None and one.kind in _LINKED:
            link = self._link(one, side)
        for file in one.facts.recorded if one.kind is Kind.RECORDED else ():
            if stored := files.get((one.application_id, file.id)):
                downloads.append(await self._storage.link(stored, timedelta(days=LINK_DAYS)))
        name, language = one.name, language_of(one.language)
        return Reader(one.address, name, language, one.is_host, link, tuple(downloads), LINK_DAYS)

    def _link(self, one: Claim, side: _Side) -> str | None:
        meeting = side.meetings.get(one.facts.meeting_id)
        if meeting is None:
            return None
        who = one.address if one.number is None else one.number
        return invitations.personal_link(side.application, side.client, self._base_url, meeting, who)

    def _written(self, claims: Sequence[Claim], readers: Sequence[Reader], sides: Mapping[str, _Side]) -> list[Written]:
        return [
            self._mail(one, reader, side) if (side := sides.get(one.application_id)) else Written(None, GONE)
            for one, reader in zip(claims, readers, strict=True)
        ]

    def _mail(self, one: Claim, reader: Reader, side: _Side) -> Written:
        if one.kind is Kind.RECORDED and not reader.downloads:
            return Written(None, "The recordings have been deleted.")
        templates = side.templates.get(one.kind)
        letter = written(one.kind, one.facts, reader, organizer=self._sender.address, templates=templates)
        return self._enveloped(one, reader, letter)

    def _enveloped(self, one: Claim, reader: Reader, letter: Letter) -> Written:
        name = f"{one.notice_id}.{one.serial}"  # of the message: the same for every attempt
        answers = None if reader.is_host else one.facts.host.email
        try:
            content = as_message(letter, self._sender, reader, id=name, at=one.created_at, reply_to=answers)
        except ValueError as error:
            return Written(None, str(error))
        return Written(Outgoing(f"{one.serial:08d}-{one.kind}", self._sender.address, reader.address, content))


def _gathered(tx: Tx, claims: Sequence[Claim]) -> tuple[dict[str, _Side], dict[tuple[str, str], Recording]]:
    """The applications that still exist, and the recordings, by application and id."""
    sides: dict[str, _Side] = {}
    held = {one.id: one for one in some(tx, sorted({one.facts.meeting_id for one in claims}))}
    wordings = outbox.templates(tx, {one.application_id for one in claims})
    for id in {one.application_id for one in claims}:
        try:
            application, client = access.application(tx, id), clients.of(tx, id)
        except NotFound:
            continue
        own = {kind: parts for (owner, kind), parts in wordings.items() if owner == id}
        sides[id] = _Side(application, client, own, held)
    files: dict[tuple[str, str], Recording] = {}
    for one in claims:
        for file in one.facts.recorded:
            try:
                files[one.application_id, file.id] = recordings.get(tx, one.application_id, file.id)
            except NotFound:
                continue
    return sides, files
