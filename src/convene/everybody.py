"""What is done in the engine to everybody in a room at once: muting, and putting right what each may send."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence

from convene.engine import Engine, Person

PARALLEL = 20  # calls to the engine at a time


async def silence(engine: Engine, room: str, source: str, spared: Collection[str]) -> None:
    """Mutes everybody whose source is on, but the spared ones."""
    loud = {
        person.identity
        for person in await engine.people(room)
        if not person.is_hidden and any(track.source == source and not track.muted for track in person.tracks)
    }
    await _all(engine.mute(room, identity, source) for identity in loud.difference(spared))


async def put_right(
    engine: Engine, room: str, people: Iterable[Person], granted: Callable[[str], Sequence[str]]
) -> None:
    """Permits whoever may send something else than he is granted, by his identity, what he is granted."""
    wrong = {
        person.identity: granted(person.identity)
        for person in people
        if not person.is_hidden and person.may != granted(person.identity)
    }
    await _all(engine.permit(room, identity, may) for identity, may in wrong.items())


async def _all(calls: Iterable[Awaitable[object]]) -> None:
    limit = asyncio.Semaphore(PARALLEL)

    async def one(call: Awaitable[object]) -> None:
        async with limit:
            await call

    await asyncio.gather(*map(one, calls))
