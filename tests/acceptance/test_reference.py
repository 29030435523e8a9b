"""The reference page in a real browser: it shows every operation, from our own origin alone and within our policy."""

from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.acceptance.watched import watched
from tests.platform import browser, platform, until

SLOW = 60_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_shows_every_operation(tmp_path: Path, scheme: str) -> None:
    with platform(tmp_path) as convene:
        async with httpx.AsyncClient() as client:
            document = (await client.get(f"{convene.url}/openapi.json")).json()
        operations = sum(len(methods) for methods in document["paths"].values())
        async with browser() as chromium:
            seen = await watched(chromium, color_scheme=scheme, viewport={"width": 1280, "height": 900})
            asked: list[str] = []
            seen.page.on("request", lambda request: asked.append(request.url))
            await seen.page.goto(f"{convene.url}/reference")
            await expect(seen.page.locator(".opblock").first).to_be_visible(timeout=SLOW)
            found = await until(lambda: _all_of(seen.page, operations), "not every operation is shown")
            assert len(found) == operations
            await seen.page.evaluate("scrollTo(0, 0)")
            await seen.page.locator("#operations-Rooms-rooms_create .opblock-control-arrow").click()
            await expect(seen.page.get_by_text("Idempotency-Key", exact=True).first).to_be_visible(timeout=SLOW)
            await seen.page.screenshot(path=tmp_path / f"reference-{scheme}.png")
            dark = await seen.page.evaluate("document.documentElement.classList.contains('dark-mode')")
            assert dark is (scheme == "dark")
            assert await seen.misdeeds() == []
            assert [url for url in asked if not url.startswith((convene.url, "data:"))] == []


async def _all_of(page: Page, count: int) -> list[str] | None:
    """The operations that one meets on the way down: what is out of sight is not drawn. None: not all of them."""
    return found if len(found := await page.evaluate(MET)) == count else None


MET = """async () => {
  const met = new Set();
  for (let top = 0; top < document.documentElement.scrollHeight; top += innerHeight / 2) {
    scrollTo(0, top);
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
    for (const { id } of document.querySelectorAll('.opblock')) met.add(id);
  }
  return [...met];
}"""
