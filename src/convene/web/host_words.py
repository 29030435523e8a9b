"""What pages are told in the host's name: data messages of ours, which name no sender, so that no page can pretend to be the host.

Topic `convene.host`, JSON. To one person: `{"kind": "ask", "source": "microphone" | "camera", "by": name}`; `by` is empty when
the application asks. `{"kind": "stop", "source": "microphone" | "camera" | "screen_share", "by": name}` to one or to all: who
is silenced in the next moment is so by that host. To all: `{"kind": "lower", "id": person id}`: this hand is taken down; null: every hand.
"""

from contextlib import suppress

from convene.engine import Engine
from convene.errors import Unavailable
from convene.web.app import as_json

TOPIC = "convene.host"


async def ask(engine: Engine, room: str, person_id: str, source: str, *, by: str = "") -> None:
    """Asks a person to turn something on. Raises Unavailable."""
    await engine.send_data(room, TOPIC, as_json({"kind": "ask", "source": source, "by": by}), to=person_id)


async def stop(engine: Engine, room: str, person_id: str | None, source: str, *, by: str) -> None:
    """Tells who is going to mute somebody, or everybody. It is a courtesy: without it one is muted all the same."""
    with suppress(Unavailable):
        await engine.send_data(room, TOPIC, as_json({"kind": "stop", "source": source, "by": by}), to=person_id)


async def lower(engine: Engine, room: str, person_id: str | None) -> None:
    """Has one hand, or every hand, taken down. Raises Unavailable."""
    await engine.send_data(room, TOPIC, as_json({"kind": "lower", "id": person_id}))
