"""A real SMTP server on loopback that keeps what it takes, and takes it well, badly, or not at all.

`python -m tests.postbox` runs one as a process: it prints its port, then one line of JSON for each mail that it has accepted.
"""

import asyncio
import email
import email.policy
import json
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tests.world import free_port


@dataclass(frozen=True, slots=True)
class Posted:
    """One mail as it came."""

    sender: str
    recipient: str
    message: EmailMessage
    raw: bytes

    def part(self, kind: str) -> str:
        """The text of the first part of this type."""
        [found, *_] = [part for part in self.message.walk() if part.get_content_type() == kind]
        return str(cast(EmailMessage, found).get_content())


@dataclass
class Postbox:
    """`answers[address]` is said to RCPT, `at_end[address]` after the message; each is used once for every element."""

    posted: list[Posted] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    at_end: dict[str, list[str]] = field(default_factory=dict)
    connections: int = 0
    credentials: list[tuple[str, str]] = field(default_factory=list)
    port: int = 0
    aloud: bool = False
    servers: list[SMTP] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def to(self, address: str) -> list[Posted]:
        return [one for one in self.posted if one.recipient == address]

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.answers.get(address):
            return self.answers[address].pop(0)
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        [address] = envelope.rcpt_tos
        if self.at_end.get(address):
            return self.at_end[address].pop(0)
        content = cast(bytes, envelope.content)
        if self.aloud:
            name = email.message_from_bytes(content)["Message-ID"]
            print(json.dumps({"id": name, "to": address}), flush=True)
        else:
            message = email.message_from_bytes(content, policy=email.policy.default)
            self.posted.append(Posted(str(envelope.mail_from), address, cast(EmailMessage, message), content))
        return "250 it is here"

    def server(self, **options: Any) -> SMTP:
        self.connections += 1
        self.servers.append(SMTP(self, enable_SMTPUTF8=False, **options))
        return self.servers[-1]

    def drop(self) -> None:
        """Closes all connections, as servers do with idle ones."""
        for one in self.servers:
            if one.transport is not None:
                one.transport.close()

    def authenticate(self, _server: SMTP, _session: Session, _envelope: Envelope, _way: str, data: Any) -> AuthResult:
        told = (data.login.decode(), data.password.decode())
        self.credentials.append(told)
        return AuthResult(success=told == ("meetings", "p@ss word"))


@asynccontextmanager
async def posting(box: Postbox | None = None, *, port: int = 0, **options: Any) -> AsyncIterator[Postbox]:
    """The server, answering. `options`: of aiosmtpd's SMTP."""
    box = box or Postbox()
    loop = asyncio.get_running_loop()
    wrap: ssl.SSLContext | None = options.pop("ssl", None)
    box.port = port or free_port()
    server = await loop.create_server(lambda: box.server(**options), "127.0.0.1", box.port, ssl=wrap)
    try:
        yield box
    finally:
        server.close()
        box.drop()


async def aloud() -> None:
    async with posting(Postbox(aloud=True)) as box:
        print(box.port, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(aloud())
