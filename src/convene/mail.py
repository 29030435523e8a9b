"""The way out for mail: to an SMTP server, or, where none is set, into a folder that the operator looks into.

An exchange ends with one moment: we say that the message is whole, and the server answers that it has it. `handing` is called just
before that moment, so that the outbox can note it first.
"""

import asyncio
import contextlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from convene.config import Settings

CONNECTIONS = 8  # to the server at a time
MAILS = 100  # that one connection carries
IDLE = 10.0  # seconds that an unused connection stays open; servers close theirs after minutes
PATIENCE = 30.0  # seconds for each answer
LAST_PATIENCE = 300.0  # for the last one: whoever gives up too early sends twice (RFC 5321 §4.5.3.2.6, RFC 1047)
ANSWER_KEPT = 500  # characters

_DOTS = re.compile(rb"(?m)^\.")


class Verdict(StrEnum):
    """What became of one attempt."""

    ACCEPTED = "accepted"
    KEPT = "kept"  # in the folder
    LATER = "later"  # this mail, or this recipient, for now
    REFUSED = "refused"  # for good
    AWAY = "away"  # the server cannot be talked to at all


@dataclass(frozen=True, slots=True)
class Answer:
    """`text`: what the server said, or what stood in the way; printable."""

    verdict: Verdict
    text: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """`name`: of its file; `content`: an RFC 5322 message, its lines ended by CRLF."""

    name: str
    sender: str
    recipient: str
    content: bytes


class Mailer(Protocol):
    """Takes one mail at a time from each caller; never raises for anything that a server may do."""

    async def open(self) -> None: ...
    async def close(self) -> None: ...
    async def send(self, mail: Outgoing, handing: Callable[[], None]) -> Answer: ...


def mailer(settings: Settings) -> "Smtp | Folder":
    """As set."""
    return Smtp(settings) if settings.smtp_url else Folder(outbox_folder(settings))


def kept_serials(folder: Path) -> dict[int, Path]:
    """The mails that the folder keeps, by their numbers."""
    return {int(path.name[:8]): path for path in folder.glob("????????-*.eml") if path.name[:8].isdigit()}


def outbox_folder(settings: Settings) -> Path:
    """Where kept mails lie, and what the outbox notes."""
    return settings.folder / "outbox"


class Folder:
    """Keeps each mail as an `.eml` file, which any mail program opens."""

    def __init__(self, path: Path):
        self._path = path

    async def open(self) -> None:
        """Nothing: the folder is made with the first mail."""

    async def close(self) -> None:
        """Nothing."""

    async def send(self, mail: Outgoing, handing: Callable[[], None]) -> Answer:
        """Writes the file, the same one if it is written again. Raises OSError."""
        name = f"{mail.name}.eml"
        await asyncio.to_thread(_keep, self._path / name, mail.content)
        return Answer(Verdict.KEPT, name)


@dataclass(slots=True)
class _Line:
    """A connection, with what it has carried and when it was last used (in the loop's time)."""

    client: SMTP
    used_at: float
    carried: int = 0


class Smtp:
    """Up to CONNECTIONS connections, each for many mails. STARTTLS where the server offers it."""

    def __init__(self, settings: Settings):
        parts = urlsplit(settings.smtp_url)
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._host, self._tls = parts.hostname or "", parts.scheme == "smtps"
        self._port = parts.port or (465 if self._tls else 587 if self._user else 25)
        self._lines: list[_Line] = []
        self._slots = asyncio.Semaphore(CONNECTIONS)

    async def open(self) -> None:
        """Nothing: the first mail connects."""

    async def close(self) -> None:
        """Ends all connections that nobody uses."""
        while self._lines:
            await _quit(self._lines.pop())

    async def send(self, mail: Outgoing, handing: Callable[[], None]) -> Answer:
        """One attempt."""
        async with self._slots:
            while True:
                try:
                    line = await self._line()
                except (SMTPException, OSError, ValueError) as error:
                    return Answer(Verdict.AWAY, _told(error))
                handed = False

                def whole() -> None:
                    nonlocal handed
                    handed = True
                    handing()

                answer = await self._exchange(line, mail, whole)
                if answer.verdict is Verdict.AWAY and line.carried and not handed:
                    continue  # the server had closed the idle connection: that says nothing about it
                return answer

    async def _exchange(self, line: _Line, mail: Outgoing, handing: Callable[[], None]) -> Answer:
        try:
            answer = await _sent(line.client, mail, handing)
        except SMTPResponseException as refusal:
            answer = _refused(refusal)
        except (SMTPException, OSError) as error:
            answer = Answer(Verdict.AWAY, _told(error))
        except BaseException:  # cancelled in the middle: nobody knows what the next answer would belong to
            line.client.close()
            raise
        if answer.verdict is Verdict.ACCEPTED:
            line.carried += 1
            await self._give_back(line)
        elif answer.verdict is Verdict.AWAY:
            line.client.close()
        else:
            await self._reset(line)
        return answer

    async def _line(self) -> _Line:
        now = asyncio.get_running_loop().time()
        while self._lines:
            line = self._lines.pop()
            if line.client.is_connected and now - line.used_at < IDLE:
                return line
            await _quit(line)
        client = SMTP(
            hostname=self._host,
            port=self._port,
            username=self._user or None,
            password=self._password or None,
            use_tls=self._tls,
            local_hostname="localhost",
            timeout=PATIENCE,
        )
        await client.connect()
        return _Line(client, now)

    async def _give_back(self, line: _Line) -> None:
        if line.carried >= MAILS:
            await _quit(line)
        elif line.client.is_connected:
            line.used_at = asyncio.get_running_loop().time()
            self._lines.append(line)

    async def _reset(self, line: _Line) -> None:
        try:
            await line.client.rset()
        except (SMTPException, OSError):
            line.client.close()
        await self._give_back(line)


async def _sent(client: SMTP, mail: Outgoing, handing: Callable[[], None]) -> Answer:
    """The exchange of RFC 5321 §3.3. DATA by hand: between the server's go-ahead and the message stands `handing`."""
    try:
        await client.mail(mail.sender)
    except SMTPResponseException as refusal:  # not the recipient's fault: for the operator to mend
        raise SMTPResponseException(min(refusal.code, 499), refusal.message) from None
    await client.rcpt(mail.recipient)
    start = await client.execute_command(b"DATA")
    if start.code != aiosmtplib.SMTPStatus.start_input:
        raise SMTPResponseException(start.code, start.message)
    protocol = client.protocol
    if protocol is None:
        raise aiosmtplib.SMTPServerDisconnected("Connection lost")
    content = mail.content if mail.content.endswith(b"\r\n") else mail.content + b"\r\n"
    handing()
    protocol.write(_DOTS.sub(b"..", content) + b".\r\n")
    answer = await protocol.read_response(timeout=LAST_PATIENCE)
    if answer.code != aiosmtplib.SMTPStatus.completed:
        raise SMTPResponseException(answer.code, answer.message)
    return Answer(Verdict.ACCEPTED, _printable(f"{answer.code} {answer.message}"))


def _refused(refusal: SMTPResponseException) -> Answer:
    text = _told(refusal)
    if refusal.code == aiosmtplib.SMTPStatus.domain_unavailable or refusal.code < 400:  # 421; or no SMTP at all
        return Answer(Verdict.AWAY, text)
    return Answer(Verdict.LATER if refusal.code < 500 else Verdict.REFUSED, text)


def _keep(path: Path, content: bytes) -> None:
    """For its owner's eyes: personal links stand in it. Never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    draft.replace(path)


async def _quit(line: _Line) -> None:
    with contextlib.suppress(SMTPException, OSError):
        await line.client.quit(timeout=1)
    line.client.close()


def _told(error: Exception) -> str:
    """What the server said, or what kind of trouble it was; never what we sent."""
    if isinstance(error, SMTPResponseException):
        return _printable(f"{error.code} {error.message}")
    return _printable(f"{type(error).__name__}: {error}")


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:ANSWER_KEPT]
