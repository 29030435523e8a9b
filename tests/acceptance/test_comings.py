"""Many come and go in one call: who comes late is seen and heard, and nothing of the others stays behind."""

from playwright.async_api import Browser, Page

from tests.acceptance.company import come
from tests.people import inside
from tests.platform import Platform, until

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
    room = await convene.room()
    ann = await come(chromium, room["_links"]["guest_url"]["href"], "Ann")
    counts = []
    for number in range(ROUNDS):
        async with inside(
            convene, room, *(f"{name} {number}" for name in ("Ben", "Cleo", "Dan", "Eve", "Finn", "Gil"))
        ):
            await until(lambda: ann.page.evaluate(f"{ELEMENTS} >= 6"), why="not everybody's sound has come")
        await until(lambda: ann.page.evaluate(f"{ELEMENTS} === 1"), why="somebody's sound stays")
        counts.append(await sections(ann.page))
    assert counts[-1] - counts[0] <= ADDED, f"each that comes has new sections: {counts}"
    ben = await come(chromium, room["_links"]["guest_url"]["href"], "Ben", scene=1, muted=False)
    await until(lambda: ann.sees(2), why="who comes after all the others is not seen")
    await until(ann.hears, why="who comes after all the others is not heard")
    await until(lambda: ben.sees(2), why="he sees nobody")
