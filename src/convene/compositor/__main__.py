"""`python -m convene.compositor`: one recording, as told on standard input."""

import asyncio
import logging
import os

from convene import logs
from convene.compositor.parent import BadOrder, Parent
from convene.compositor.recording import Recording


async def main() -> int:
    parent = Parent()
    try:
        order = await parent.order()
    except BadOrder as problem:
        parent.tell(
            "failed", code="bad_order", reason=f"The recorder was not told what to record: {problem}.", path=None
        )
        return 1
    return await Recording(order, parent).run()


if __name__ == "__main__":
    logs.configure("info")
    logging.getLogger("livekit").setLevel(logging.ERROR)  # it warns of each dropped first frame and each closed stream
    # The SDK's loop passes on some hundred frames a second. One thread does; more of them mostly wake each other.
    os.environ.setdefault("TOKIO_WORKER_THREADS", "1")
    code = asyncio.run(main())
    os._exit(code)  # everything is on disk; the SDK's native threads may take their time, or for ever
