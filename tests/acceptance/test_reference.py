"""The reference page in a real browser: it shows every operation, from our own origin alone and within our policy."""

from pathlib import Path

import httpx
import pytest
from playwright.async_api import expect

from tests.acceptance.watched import watched
from tests.platform import browser, platform

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
            shown = seen.page.locator(".opblock")
            await expect(shown).to_have_count(operations, timeout=SLOW)
            await seen.page.locator("#operations-Rooms-rooms_create .opblock-control-arrow").click()
            await expect(seen.page.get_by_text("Idempotency-Key", exact=True).first).to_be_visible(timeout=SLOW)
            await seen.page.screenshot(path=tmp_path / f"reference-{scheme}.png")
            dark = await seen.page.evaluate("document.documentElement.classList.contains('dark-mode')")
            assert dark is (scheme == "dark")
            assert await seen.misdeeds() == []
            assert [url for url in asked if not url.startswith((convene.url, "data:"))] == []
