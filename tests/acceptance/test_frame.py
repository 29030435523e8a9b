"""The meeting inside a page of another site, where the operator allows it."""

import html
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from playwright.async_api import Browser, FrameLocator, Page, expect

from tests.platform import DEADLINE, platform, until, visit
from tests.world import free_port

SLOW = DEADLINE * 1000
DEVICES = "camera; microphone; display-capture"


@contextmanager
def site(port: int, link: str, allow: str = DEVICES, width: int = 900) -> Iterator[str]:
    """A page of another origin (the same machine by its number) that shows the meeting in a frame; its address."""
    frame = f'<iframe allow="{allow}" width="{width}" height="600" src="{html.escape(link)}"></iframe>'
    body = f"<!doctype html><title>Lesson</title>{frame}"

    class Lesson(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Lesson)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def test_the_meeting_runs_in_a_frame_of_an_allowed_site_alone(tmp_path: Path, chromium: Browser) -> None:
    port, bare, other = free_port(), free_port(), free_port()
    with platform(tmp_path, frame_origins=f"http://127.0.0.1:{port}, http://127.0.0.1:{bare}") as convene:
        room = await convene.room()
        guest, host = room["_links"]["guest_url"]["href"], room["_links"]["host_url"]["href"]
        owner = await visit(chromium, guest, "Olga")
        with site(port, host) as address, site(bare, host, allow="") as closed, site(other, host) as stranger:
            context = await chromium.new_context(
                permissions=["camera", "microphone"], viewport={"width": 1000, "height": 700}
            )
            page = await context.new_page()
            await _told_what_is_missing(page, closed)
            await page.goto(address)
            frame = page.frame_locator("iframe")
            await frame.get_by_label("Your name").fill("Finn")
            await frame.get_by_role("button", name="Join", exact=True).click(timeout=SLOW)
            await expect(frame.get_by_role("toolbar", name="Call controls")).to_be_visible(timeout=SLOW)
            await until(lambda: owner.sees(2), "Finn's picture does not reach the other")
            for width, controls in WIDTHS.items():
                await page.locator("iframe").evaluate("(frame, width) => (frame.width = width)", width)
                await _has(frame, controls)
            await page.goto(stranger)
            await page.wait_for_load_state()
            await expect(page.frame_locator("iframe").get_by_label("Your name")).to_have_count(0)
            refused = [frame for frame in page.frames if frame.url.startswith("chrome-error:")]
            assert refused, "the page let itself be shown by a site that nobody allowed"


async def test_a_frame_that_passes_little_on_leads_to_the_whole_link_and_copies(
    tmp_path: Path, chromium: Browser
) -> None:
    """Its own tab makes the host a host again; the clipboard is reached the old way, and where that is shut too, the text is
    laid out to be copied by hand."""
    port = free_port()
    with platform(tmp_path, frame_origins=f"http://127.0.0.1:{port}") as convene:
        link = (await convene.room())["_links"]["host_url"]["href"]
        with site(port, link, allow="") as address:
            context = await chromium.new_context(permissions=["camera", "microphone", "clipboard-read"])
            page = await context.new_page()
            await page.goto(address)
            frame = page.frame_locator("iframe")
            own = frame.get_by_role("link", name="Open in its own tab")
            assert await own.get_attribute("href", timeout=SLOW) == link
            await frame.get_by_label("Your name").fill("Olga")
            await frame.get_by_role("button", name="Join", exact=True).click(timeout=SLOW)
            await frame.get_by_role("button", name="Copy link").click(timeout=SLOW)
            await expect(frame.get_by_role("button", name="Link copied")).to_be_visible(timeout=SLOW)
            await page.bring_to_front()
            copied = await page.evaluate("window.focus(), navigator.clipboard.readText()")
            assert copied == link.partition("?")[0] + link.partition("room_token=")[2].partition("&")[0]
            shut = page.frames[1]
            await shut.evaluate("document.execCommand = () => false")
            await frame.get_by_role("button", name="Link copied").click()
            field = frame.get_by_role("textbox", name="Copying is not allowed here")
            await expect(field).to_be_focused(timeout=SLOW)
            selected = "document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)"
            assert await shut.evaluate(selected) == copied
            reactions = frame.get_by_role("toolbar", name="Reactions")
            for width, there in ((450, 0), (900, 1)):
                await page.evaluate(f"document.querySelector('iframe').width = {width}")
                await until(lambda width=width: shut.evaluate(f"innerWidth === {width}"), "the frame keeps its width")  # type: ignore[misc]
                await shut.evaluate("document.activeElement.blur()")
                await frame.locator("body").press("Control+Alt+r")
                await expect(reactions).to_have_count(there, timeout=SLOW)


async def _told_what_is_missing(page: Page, address: str) -> None:
    """Where the page around passes nothing on, the meeting says so, what its owner must write, and how a host gets out as a host."""
    await page.goto(address)
    frame = page.frame_locator("iframe")
    missing = "The page around this meeting does not pass on camera and microphone"
    await expect(frame.get_by_text(missing)).to_be_visible(timeout=SLOW)
    await expect(frame.get_by_text('allow="camera; microphone; display-capture;')).to_be_visible()
    out = frame.get_by_role("link", name="Open in its own tab")
    async with page.context.expect_page() as opening:
        await out.click()
    own = await opening.value
    await expect(own.get_by_role("button", name="Turn camera off")).to_be_visible(timeout=SLOW)
    await expect(own.get_by_text("You are the host")).to_be_visible(timeout=SLOW)
    await own.close()


# The vendor's table of controls by the frame's width.
ALWAYS, FROM_500, FROM_600 = {"microphone", "camera", "leave"}, {"record", "share"}, {"reactions"}
WIDTHS = {
    380: ALWAYS,
    480: ALWAYS,
    520: ALWAYS | FROM_500,
    580: ALWAYS | FROM_500,
    620: ALWAYS | FROM_500 | FROM_600,
    900: ALWAYS | FROM_500 | FROM_600,
}
NAMES = {
    "microphone": "Turn microphone off",
    "camera": "Turn camera off",
    "leave": "Leave",
    "share": "Share your screen",
    "record": "Start recording",
    "reactions": "Reactions",
}


async def _has(frame: FrameLocator, controls: set[str]) -> None:
    """Whether the bar and its menu offer these, and none of the others."""
    bar = frame.get_by_role("toolbar", name="Call controls")
    await expect(bar.get_by_role("button", name="Share your screen")).to_have_count(
        int("share" in controls), timeout=SLOW
    )
    await bar.get_by_role("button", name="More").click()
    menu = frame.get_by_role("menu", name="More")
    await expect(menu).to_be_visible(timeout=SLOW)
    for control, name in NAMES.items():
        offered = bar.get_by_role("button", name=name, exact=True, include_hidden=True).or_(
            menu.get_by_role("menuitem", name=name, exact=True)
        )
        await expect(offered).to_have_count(int(control in controls), timeout=SLOW)
    await menu.press("Escape")
    await expect(menu).to_have_count(0, timeout=SLOW)
