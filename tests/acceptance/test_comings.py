"""Many come and go in one call: who comes late is seen and heard, and nothing of the others stays behind."""

import asyncio

from playwright.async_api import Browser, Page

from tests.acceptance.company import come
from tests.acceptance.test_network import arrive, offline
from tests.people import inside
from tests.platform import Platform, until
from tests.thin_line import thin_line

SIX = ("Bo", "Cleo", "Dan", "Eve", "Finn", "Gil")
ROUNDS = 4
ADDED = 10  # with none used twice it would be 18; the engine asks for a few more than it needs
SECTIONS = """function () {
  return this.flatMap((one) => [...(one.localDescription?.sdp.matchAll(/^m=(audio|video)/gm) ?? [])]).length;
}"""
ELEMENTS = "document.querySelector('#voices').shadowRoot.childElementCount"


async def sections(page: Page) -> int:
    """How many sections for sound and picture the page's connection describes, used or not."""
    inspector = await page.context.new_cdp_session(page)
    prototype = await inspector.send("Runtime.evaluate", {"expression": "RTCPeerConnection.prototype"})
    found = await inspector.send("Runtime.queryObjects", {"prototypeObjectId": prototype["result"]["objectId"]})
    call = {"objectId": found["objects"]["objectId"], "functionDeclaration": SECTIONS, "returnByValue": True}
    told = await inspector.send("Runtime.callFunctionOn", call)
    await inspector.detach()
    return int(told["result"]["value"])


async def test_what_others_leave_behind_is_used_again(convene: Platform, chromium: Browser) -> None:
    """Also by who was there before, whose tracks came in the connection's first sections; and the connection outlives a cut."""
    room = await convene.room()
    guest = room["_links"]["guest_url"]["href"]
    async with thin_line(convene) as line:
        async with inside(convene, room, *SIX):
            ann = await arrive(chromium, line.link(guest), "Ann", line=line)
            await until(lambda: ann.page.evaluate(f"{ELEMENTS} >= 6"), why="who was there is not heard")
        counts = []
        for number in range(ROUNDS):
            await until(lambda: ann.page.evaluate(f"{ELEMENTS} === 1"), why="somebody's sound stays")
            counts.append(await sections(ann.page))
            async with inside(convene, room, *(f"{name} {number}" for name in SIX)):
                await until(lambda: ann.page.evaluate(f"{ELEMENTS} >= 6"), why="not everybody's sound has come")
        assert counts[-1] - counts[0] <= ADDED, f"each that comes has new sections: {counts}"
        ben = await come(chromium, guest, "Ben", scene=1, muted=False)
        await until(lambda: ann.sees(2), why="who comes after all the others is not seen")
        await until(ann.hears, why="who comes after all the others is not heard")
        await until(lambda: ben.sees(2), why="he sees nobody")
        async with offline(ann, line):
            await asyncio.sleep(5)
        await until(lambda: ann.sees(2), why="after a cut nobody is seen")
        await until(ann.hears, why="after a cut nobody is heard")
        await until(lambda: ben.sees(2), why="after a cut she is not seen")
        assert await sections(ann.page) >= counts[-1], "it was another connection: this one is what was to be tried"
