"""`kill -9` of the real sender at random moments: no mail is accepted twice, and each is accepted or known to be in doubt.

FAULT_ROUNDS: how often (6). A mail is in doubt whose sender died between telling the server that it is whole and hearing the answer;
nobody can know then (RFC 1047), and it is not sent again.
"""

import asyncio
import os
import random
from collections import Counter
from pathlib import Path

import pytest

from convene import outbox
from convene.db import Database
from convene.letters import Kind
from convene.outbox import Mail, Recipient, Role, State
from tests.faults.mailing import convene, prepared, server
from tests.test_letters import FACTS

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "6"))
MAILS = 40  # a round
CONNECTIONS = 8


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'convene.db'}"
    url: str = request.getfixturevalue("postgres_database")
    return url


async def all_mails(url: str) -> list[Mail]:
    """As they stand, beside the process that sends them."""
    db = Database(url)
    await db.open()
    found = await db.read(outbox.latest, None, limit=10_000)
    await db.close()
    return found


async def test_nothing_is_accepted_twice_and_nothing_is_lost_unseen(empty_url: str, tmp_path: Path) -> None:
    first = await prepared(empty_url)
    names = [f"p{n}@example.org" for n in range(MAILS * ROUNDS)]
    db = Database(empty_url)
    await db.open()
    people = [Recipient(name, None, "en", Role.ATTENDEE) for name in names]
    await db.write(outbox.post, first.application_id, "m", Kind.CANCELLATION, FACTS.as_json(), people)
    await db.close()  # an SQLite file belongs to one process
    async with server() as smtp:
        for number in range(ROUNDS):
            async with convene(empty_url, tmp_path, smtp.port):
                await smtp.until(min(len(smtp.accepted) + random.randrange(1, MAILS), MAILS * (number + 1)))
        async with convene(empty_url, tmp_path, smtp.port), asyncio.timeout(300):
            mails = await all_mails(empty_url)
            while any(one.state == State.PENDING for one in mails):
                await asyncio.sleep(0.2)
                mails = await all_mails(empty_url)
    accepted = Counter(address for _, address in smtp.accepted)
    unsure = {one.address for one in mails if one.state == State.UNSURE}
    assert {one.state for one in mails} <= {State.SENT, State.UNSURE} and len(mails) == len(names)
    assert max(accepted.values()) == 1
    assert set(names) - accepted.keys() <= unsure
    assert len(unsure) <= ROUNDS * CONNECTIONS
    lost = len(set(names) - accepted.keys())
    print(f"{ROUNDS} kills, {len(names)} mails, {len(unsure)} in doubt, of these {lost} not accepted, none twice")
