"""How every state of the page looks and reads: to axe, to keyboards, to fingers, in forced colours, narrow, from right to left."""

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from playwright.async_api import Browser, Page

from tests.gallery import UI, gallery, show, states

AXE = UI / "node_modules/axe-core/axe.min.js"
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 360, "height": 740}
SIDEWAYS = {"width": 740, "height": 360}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The gallery, built once for all tests of this file."""
    with gallery(tmp_path_factory.mktemp("gallery")) as url:
        yield url


async def opened(chromium: Browser, address: str, size: dict[str, int], **options: Any) -> tuple[Page, list[str]]:
    """A page of that size on the gallery, without motion, and all its states. `asked`: what is in the address."""
    asked = options.pop("asked", {})
    context = await chromium.new_context(**{"viewport": size, "reduced_motion": "reduce", **options})
    page = await context.new_page()
    return page, await states(page, address, **asked)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_every_state_is_accessible(
    address: str, chromium: Browser, size: dict[str, int], scheme: Literal["light", "dark"]
) -> None:
    finger = size is PHONE
    page, names = await opened(chromium, address, size, color_scheme=scheme, has_touch=finger, is_mobile=finger)
    await page.evaluate(AXE.read_text())
    faults: list[str] = []
    for name in names:
        await show(page, name)
        found = await page.evaluate(FAULTS) + await page.evaluate(SMALL, 44 if finger else 24)
        faults += [f"{name}: {fault}" for fault in found]
    assert not faults, "\n".join(faults)


# Of one state: what axe finds, headings, title, tab stops, tooltips, what hangs over the edge.
FAULTS = """async () => {
  const faults = [];
  const { violations } = await axe.run({ resultTypes: ['violations'] });
  for (const { id, nodes } of violations) faults.push(`${id} ${nodes[0].html} ${nodes[0].failureSummary}`);
  const seen = (element) => element.checkVisibility({ visibilityProperty: true });
  const headings = [...document.querySelectorAll('h1')].filter((h) => seen(h));
  if (headings.length !== 1) faults.push(`${headings.length} h1`);
  if (document.title.trim() === '') faults.push('no title');
  if (document.documentElement.scrollWidth > innerWidth) faults.push('hangs over the edge');
  if (document.querySelector('[tabindex]:not([tabindex="0"], [tabindex="-1"])')) faults.push('a positive tabindex');
  const focusable = 'button, a[href], input, select, textarea, [tabindex]';
  const stops = [...document.querySelectorAll(focusable)].filter((e) => e.tabIndex >= 0 && seen(e) && !e.closest('[inert]'));
  const call = document.querySelector('.call');
  const plain = !document.querySelector('.panel, .toasts *, [role=dialog], [role=alertdialog]');
  if (call && seen(call) && plain && stops.length > 8) faults.push(`${stops.length} tab stops`);
  for (const tip of document.querySelectorAll('button > .tip')) {
    const { ariaLabel } = tip.parentElement;
    if (!ariaLabel || !tip.textContent.startsWith(ariaLabel)) faults.push(`${ariaLabel} is called ${tip.textContent}`);
  }
  return faults;
}"""


# A link in a sentence is as high as its line; what only screen readers see has no size.
SMALL = """(least) => [...document.querySelectorAll('button, a[href], input, select, textarea, [role=menuitem]')]
  .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !(e.matches('a') && getComputedStyle(e).display === 'inline'))
  .filter((e) => !e.closest('[aria-hidden=true], [style*="clip"]'))
  .map((e) => [e, (e.matches('[type=radio], [type=checkbox]') ? e.closest('label') : e).getBoundingClientRect()])
  .filter(([, { width, height }]) => Math.round(width) < least || Math.round(height) < least)
  .map(([e, { width, height }]) => `${e.ariaLabel || e.textContent || e.name} ${e.className} ${Math.round(width)}x${Math.round(height)}`)"""


@pytest.mark.parametrize(
    "size", [{"width": 320, "height": 256}, {"width": 640, "height": 360}], ids=["400 %", "phone on its side"]
)
async def test_in_little_room_nothing_is_lost(address: str, chromium: Browser, size: dict[str, int]) -> None:
    """1280 x 1024 at 400 % is 320 x 256: one can scroll down, never sideways, and leave the call."""
    page, names = await opened(chromium, address, size)
    faults: list[str] = []
    for name in names:
        await show(page, name)
        faults += [f"{name}: {fault}" for fault in await page.evaluate(LOST)]
    assert not faults, "\n".join(faults)


LOST = """() => {
  const faults = [];
  const seen = (element) => element.checkVisibility({ visibilityProperty: true });
  if (document.documentElement.scrollWidth > innerWidth) faults.push(`${document.documentElement.scrollWidth} wide`);
  const call = document.querySelector('.call');
  if (call && seen(call)) {
    for (const button of call.querySelectorAll('.bar button')) {
      const { left, right, top, bottom } = button.getBoundingClientRect();
      const outside = left < 0 || top < 0 || right > innerWidth || bottom > innerHeight;
      if (seen(button) && outside) faults.push(`${button.ariaLabel} is outside`);
    }
  }
  for (const dialog of document.querySelectorAll('.window')) {
    const { left, right, top, bottom } = dialog.getBoundingClientRect();
    if (left < 0 || top < 0 || right > innerWidth || bottom > innerHeight) faults.push('the dialog is outside');
  }
  return faults;
}"""


async def test_on_a_phone_on_its_side_the_bar_floats_and_hides_no_name(address: str, chromium: Browser) -> None:
    options = {"has_touch": True, "is_mobile": True}
    faults: list[str] = []
    right, names = await opened(chromium, address, SIDEWAYS, asked={"language": "ar"}, **options)
    page, _ = await opened(chromium, address, SIDEWAYS, **options)
    crowds = [name for name in names if name.startswith("call-")]
    for mirrored, some in ((right, crowds[::4]), (page, crowds)):
        for name in some:
            await show(mirrored, name)
            found = await mirrored.evaluate(LOST) + await mirrored.evaluate(COVERED)
            faults += [f"{name}: {fault}" for fault in found]
    await page.evaluate(AXE.read_text())
    for name in ("prejoin", "call-alone", "call-nine", "call-chat"):
        await show(page, name)
        faults += [f"{name}: {fault}" for fault in await page.evaluate(FAULTS) + await page.evaluate(SMALL, 44)]
    assert not faults, "\n".join(faults)
    await show(page, "call-four")
    assert await page.evaluate("document.querySelector('.stage').clientHeight") == SIDEWAYS["height"] - 2 * 8
    bar = page.get_by_role("toolbar").first
    await bar.get_by_role("button").first.focus()
    await page.keyboard.press("ArrowDown")
    assert await bar.get_by_role("button").nth(1).evaluate("button => button === document.activeElement")
    await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    await page.wait_for_function("!document.querySelector('.sideways')")
    assert await page.evaluate(LOST) == []


# Names, signs and the tiles' own buttons beneath a button of the bar.
COVERED = """() => {
  const seen = (element) => element.checkVisibility({ visibilityProperty: true });
  const boxes = (found) => [...document.querySelectorAll(found)].filter(seen).map((e) => [e, e.getBoundingClientRect()]);
  const over = ([, r], [, s]) => r.left < s.right && s.left < r.right && r.top < s.bottom && s.top < r.bottom;
  const bar = boxes('.bar button');
  return boxes('.stage :is(.plate, .sign, .tile-tools button, .zoom-tools button, .pager button, .invite, .hand-sign)')
    .filter((one) => bar.some((button) => over(one, button)))
    .map(([e]) => `${e.className} ${e.textContent || e.ariaLabel} lies beneath the bar`);
}"""


async def test_forced_colours_leave_borders_and_who_speaks(address: str, chromium: Browser) -> None:
    page, names = await opened(chromium, address, DESK, forced_colors="active")
    faults: list[str] = []
    for name in names:
        await show(page, name)
        faults += [f"{name}: {fault}" for fault in await page.evaluate(BORDERLESS)]
    assert not faults, "\n".join(faults)
    await show(page, "call-dark-tiles")
    tile = page.get_by_role("group", name="Jonas Weber, speaking")
    speaking = await tile.screenshot()
    await tile.evaluate("tile => tile.classList.remove('speaking')")
    assert await tile.screenshot() != speaking


BORDERLESS = """() => [...document.querySelectorAll('button, .tile, .badge')]
  .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest('[aria-hidden=true], [style*="clip"]'))
  .filter((e) => parseFloat(getComputedStyle(e).borderTopWidth) < 1 || getComputedStyle(e).borderTopStyle === 'none')
  .map((e) => `${e.className || e.outerHTML.slice(0, 80)} has no border`)"""


async def test_reduced_motion_moves_no_tile(address: str, chromium: Browser) -> None:
    moving = {}
    for motion in ("no-preference", "reduce"):
        page, _ = await opened(chromium, address, DESK, reduced_motion=motion)
        await show(page, "call-nine")
        await page.evaluate(WATCH)
        await page.set_viewport_size({"width": 700, "height": 900})
        await page.wait_for_function(
            "innerWidth === 700 && !document.querySelector('.tiles').style.width.startsWith('14')"
        )
        await page.wait_for_timeout(300)
        moving[motion] = await page.evaluate("moved")
    assert moving["no-preference"] > 0
    assert moving["reduce"] == 0


WATCH = """() => {
  window.moved = 0;
  const count = (event) => (window.moved += event.propertyName === 'transform' ? 1 : 0);
  document.addEventListener('transitionrun', count, true);  // before the stage keeps it
}"""


async def test_arabic_is_mirrored(address: str, chromium: Browser) -> None:
    page, names = await opened(chromium, address, DESK, asked={"language": "ar"})
    await show(page, "call-nine")
    assert await page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == ["ar", "rtl"]
    places = await page.evaluate(
        "[...document.querySelectorAll('.bar-tools button')].map((b) => b.getBoundingClientRect().x)"
    )
    assert places == sorted(places, reverse=True)
    assert await page.evaluate("[...document.querySelectorAll('.plate .name')].every((name) => name.dir === 'auto')")
    clock = "new Intl.DateTimeFormat('ar', { timeStyle: 'short' })"
    assert await page.evaluate(
        f"[0, 60000].some((ago) => {clock}.format(Date.now() - ago) === document.querySelector('.status .clock').textContent)"
    )
    await page.evaluate(AXE.read_text())
    await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    faults: list[str] = []
    for name in names:
        await show(page, name)
        faults += [f"{name}: {fault}" for fault in await page.evaluate(LOST)]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("state", ["call-two", "call-nine", "call-share"])
async def test_a_window_made_narrower_step_by_step_keeps_its_tiles_apart(
    address: str, chromium: Browser, state: str
) -> None:
    page, _ = await opened(chromium, address, {"width": 1920, "height": 900})
    await show(page, state)
    for step in range(51):
        width = 1920 - round(step * (1920 - 360) / 50)
        await page.set_viewport_size({"width": width, "height": 900})
        # The size is told to the page after it is laid out, and drawn in the next frame.
        await page.wait_for_function(
            f"innerWidth === {width} && ({APART})().length === 0", polling="raf", timeout=20_000
        )


# Tiles that hang over the stage, and pairs that overlap; a picture that floats over another one is meant to.
APART = """() => {
  const stage = document.querySelector('.stage').getBoundingClientRect();
  const tiles = [...document.querySelectorAll('.stage .tile')].map((tile) => [tile, tile.getBoundingClientRect()]);
  const outside = ([, r]) => r.left < stage.left - 1 || r.right > stage.right + 1 || r.top < stage.top - 1 || r.bottom > stage.bottom + 1;
  const over = ([a, r], [b, s]) => a !== b && !a.closest('.floating') && !b.closest('.floating') &&
    r.left < s.right - 1 && s.left < r.right - 1 && r.top < s.bottom - 1 && s.top < r.bottom - 1;
  return tiles.filter((one) => outside(one) || tiles.some((other) => over(one, other))).map(([tile]) => tile.ariaLabel);
}"""
