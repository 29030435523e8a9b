"""A letter as a mail (RFC 5322): plain text, HTML and the calendar's part as alternatives, and the entry once more as a file."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from convene.letters.calendar import METHODS
from convene.letters.facts import Reader
from convene.letters.wording import line
from convene.letters.writing import Letter

LONGEST_ADDRESS = 254  # RFC 5321 §4.5.3.1.3, without its angle brackets
_LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}", re.ASCII)
_DOMAIN = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a mail is from; `domain` stands in the names of messages."""

    name: str
    address: str

    @classmethod
    def of(cls, setting: str) -> "Sender":
        """From a text like `Meetings <meetings@example.org>`; an empty one gives an address that nobody has."""
        name, address = parseaddr(setting)
        return cls(line(name) or "Convene", address or "convene@localhost")

    @property
    def domain(self) -> str:
        """That of the address."""
        return self.address.rpartition("@")[2]


def ascii_address(address: str) -> str | None:
    """The address as every server takes it, its domain in ASCII (RFC 5890); None: it is not one that we can write to."""
    local, at, domain = address.strip().rpartition("@")
    try:
        plain = domain.encode("idna").decode() if domain else ""
    except UnicodeError:
        return None
    made = f"{local}@{plain}"
    fits = at and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(plain) and len(made) <= LONGEST_ADDRESS
    return made if fits and not re.search(r"^\.|\.\.|\.$", local) else None


def address_error(address: str) -> str | None:
    """Why nobody can be written to at this address, or None."""
    return None if ascii_address(address) else "This is not an e-mail address that mail can be sent to."


def as_message(letter: Letter, sender: Sender, reader: Reader, *, id: str, at: datetime, reply_to: str | None) -> bytes:
    """The mail's bytes. `id`: its name, the same for every attempt. Raises ValueError for an address that is none."""
    address = ascii_address(reader.address)
    if address is None:
        raise ValueError(address_error(reader.address))
    made = EmailMessage(SMTP)
    made["Message-ID"] = f"<{id}@{sender.domain}>"
    made["Date"] = format_datetime(at)
    made["From"] = Address(sender.name, addr_spec=sender.address)
    made["To"] = Address(line(reader.name), addr_spec=address)
    if reply_to and (answers := ascii_address(reply_to)):
        made["Reply-To"] = Address(addr_spec=answers)
    made["Subject"] = letter.subject
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday note is to answer
    made["Content-Language"] = letter.language
    made.set_content(letter.text, cte="base64")
    made.add_alternative(letter.html, subtype="html", cte="base64")
    if letter.calendar is not None:
        text = letter.calendar.decode()
        method = METHODS[letter.kind]
        made.add_alternative(text, subtype="calendar", cte="base64", params={"method": method})
        file = "cancel.ics" if method == "CANCEL" else "invite.ics"
        made.add_attachment(letter.calendar, maintype="application", subtype="ics", filename=file)
    return made.as_bytes()
