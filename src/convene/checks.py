"""Connection checks: for a minute two ends of one page send each other a test picture through the engine, in a room that no
meeting has. Nothing of it is stored: the room's name says what it is and when it is over.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from convene import allowances
from convene.db import Tx
from convene.errors import TooMany

PREFIX = "check-"  # sessions' rooms begin with a session's id, which has no such beginning
LIFE = timedelta(minutes=1)  # a check takes 15 s at most
A_MINUTE = 10  # checks that one address may begin in a minute: a classroom whose network was just changed


@dataclass(frozen=True, slots=True)
class Check:
    """The engine's room, and the identities of its two ends."""

    room: str
    sender: str
    listener: str


def begin(tx: Tx, address: str) -> Check:
    """A new check. Raises TooMany when the address has begun too many in this minute."""
    if allowances.begun(tx, allowances.place_of(address)) > A_MINUTE:
        wait = 60 - tx.now.second
        raise TooMany("slow_down", "Too many checks. Try again in a minute.", details={"retry_after": wait})
    over = int((tx.now + LIFE).timestamp())
    return Check(f"{PREFIX}{over}-{secrets.token_hex(8)}", secrets.token_hex(8), secrets.token_hex(8))


def is_check(engine_room: str) -> bool:
    """Whether this room of the engine is of a check. Rooms are named by us alone, and tokens are signed."""
    return engine_room.startswith(PREFIX)


def is_over(engine_room: str, now: datetime) -> bool:
    """Whether nobody may be in this room of a check any more: who wants to talk comes to a meeting."""
    return now.timestamp() >= int(engine_room.split("-")[1])
