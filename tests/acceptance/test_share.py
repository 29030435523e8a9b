"""A shared screen that is optimised for a film while it runs, as the one who shares and the one who looks find it."""

from playwright.async_api import Browser, Page, expect

from tests.acceptance.test_chat import fair, guest_url, photographed
from tests.platform import Guest, Platform, join, until

SLOW = 60_000
LINES = """
window.lines = [];
const Plain = RTCPeerConnection;
window.RTCPeerConnection = class extends Plain { constructor(...all) { super(...all); lines.push(this); } };
"""
# Of what is sent as a screen: what the picture is taken for, and the most pictures and bits in a second.
SENT = """() => {
  const sent = window.lines.flatMap((one) => one.getSenders()).filter(({ track }) => ['detail', 'motion'].includes(track?.contentHint));
  return sent.map((one) => {
    const layers = one.getParameters().encodings;
    const most = (what) => Math.max(...layers.map((layer) => layer[what] ?? 0));
    return [one.track.contentHint, most('maxFramerate'), most('maxBitrate')];
  });
}"""
TEXT, FILM = [["detail", 15, 2_500_000]], [["motion", 30, 5_000_000]]


async def comes(chromium: Browser, link: str, name: str) -> Guest:
    context = await chromium.new_context(permissions=["camera", "microphone"], viewport={"width": 1280, "height": 800})
    context.set_default_timeout(SLOW)
    await context.add_init_script(LINES)
    guest = Guest(await context.new_page(), context)
    await guest.page.goto(link)
    await join(guest, name)
    return guest


async def test_a_share_is_optimised_for_a_film_without_a_gap(convene: Platform, chromium: Browser) -> None:
    room = await convene.room()
    ann, ben = await comes(chromium, guest_url(room), "Ann"), await comes(chromium, guest_url(room), "Ben")
    await ann.page.get_by_role("button", name="Share your screen").click()
    seen = ben.page.get_by_role("group", name="Screen of Ann").locator("video")
    await expect(seen).to_be_visible(timeout=SLOW)
    await until(lambda: sends(ann.page, TEXT), why="not sent as text")
    await seen.evaluate("(video) => { window.first = video.srcObject.getVideoTracks()[0]; }")
    card = ann.page.locator(".shared.own")
    await expect(card).to_contain_text("Its sound goes along", timeout=SLOW)
    await fair(ann.page)
    await photographed(ann.page, "share-own")
    switch = card.get_by_role("switch", name="Optimise for video")
    await expect(switch).not_to_be_checked()
    await switch.focus()
    await ann.page.keyboard.press("Space")
    await expect(switch).to_be_checked()
    await until(lambda: sends(ann.page, FILM), why="not sent as a film")
    await ann.page.keyboard.press("Space")
    await until(lambda: sends(ann.page, TEXT), why="not sent as text again")
    assert await seen.evaluate("(video) => video.srcObject.getVideoTracks()[0] === window.first"), (
        "another picture came"
    )
    await card.get_by_role("button", name="Stop sharing").click()
    await expect(seen).to_have_count(0, timeout=SLOW)


async def sends(page: Page, wanted: list[list[object]]) -> bool:
    return bool(await page.evaluate(SENT) == wanted)
