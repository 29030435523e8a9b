"""The pictures in docs/images. `python -m tests.pictures` takes those of the gallery; `make pictures` takes them all."""

import asyncio
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, NamedTuple

from playwright.async_api import Browser

from tests.gallery import gallery, show, states
from tests.platform import browser

FOLDER = Path(__file__).parents[1] / "docs/images"
LARGEST = 250_000  # bytes of one picture
DESK: dict[str, Any] = {"width": 1440, "height": 900}
TABLET: dict[str, Any] = {"width": 768, "height": 1024}
PHONE: dict[str, Any] = {"width": 360, "height": 740}
SIDEWAYS: dict[str, Any] = {"width": 740, "height": 360}
PAINTED_MS = 1500
"""After which the drawn cameras have given a frame, on a busy machine too."""


class Look(NamedTuple):
    """One picture: which state, how large, and in what."""

    name: str
    state: str
    size: dict[str, Any]
    scheme: Literal["light", "dark"] = "light"
    language: str = "en"
    brand: str = ""


LOOKS = (
    Look("prejoin-light", "prejoin", DESK),
    Look("prejoin-dark", "prejoin", DESK, "dark"),
    Look("prejoin-tablet", "prejoin", TABLET),
    Look("prejoin-phone", "prejoin", PHONE, "dark"),
    Look("prejoin-brand", "prejoin-recorded", DESK, brand="0a7d4f"),
    Look("prejoin-arabic-phone", "prejoin", PHONE, language="ar"),
    Look("blocked-phone", "prejoin-blocked", PHONE),
    Look("devices-dark", "dialog-devices", DESK, "dark"),
    Look("waiting", "waiting-approval", DESK),
    Look("grid-tablet", "call-nine", TABLET),
    Look("grid-tablet-dark", "call-nine", TABLET, "dark"),
    Look("grid-sideways", "call-nine", SIDEWAYS),
    Look("grid-arabic", "call-nine", DESK, language="ar"),
    Look("speaker", "call-speaker", DESK),
    Look("beside", "call-beside", DESK),
    Look("share", "call-share", DESK),
    Look("share-phone", "call-share", PHONE),
    Look("chat", "call-chat", DESK),
    Look("chat-phone", "call-chat", PHONE),
    Look("reactions", "call-reactions", DESK),
    Look("consent", "call-consent-asked", DESK),
    Look("people", "call-people", DESK),
    Look("host-tools", "call-host-panel", DESK),
    Look("host-tools-phone", "call-host-panel", PHONE, "dark"),
    Look("hand-over", "dialog-hand-over", DESK),
    Look("people-arabic-dark", "call-people", DESK, "dark", "ar"),
    Look("shortcuts", "dialog-shortcuts", DESK),
    Look("end", "dialog-end", DESK),
    Look("left-light", "left", DESK),
    Look("ended-dark", "ended-host", DESK, "dark"),
    Look("refused-phone", "refused-not-found", PHONE),
)


def kept(shot: bytes, name: str) -> None:
    """Keeps a picture in docs/images, in 256 colours, which one does not see. Raises AssertionError if it is too large."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    target = FOLDER / f"{name}.png"
    colours = "split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=dither=none"
    command = ["ffmpeg", "-v", "error", "-y", "-f", "image2pipe", "-i", "-", "-vf", colours, str(target)]
    subprocess.run(command, input=shot, check=True)
    assert target.stat().st_size <= LARGEST, f"{name}: {target.stat().st_size} bytes"


async def take(chromium: Browser, address: str, look: Look) -> None:
    """Takes one picture of the gallery, without motion."""
    context = await chromium.new_context(viewport=look.size, color_scheme=look.scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    try:
        page = await context.new_page()
        await states(page, address, language=look.language, brand=look.brand)
        await show(page, look.state)
        await page.evaluate("document.fonts.ready.then(() => undefined)")
        await page.wait_for_timeout(PAINTED_MS)
        kept(await page.screenshot(), look.name)
    finally:
        await context.close()


async def main() -> None:
    """Takes all pictures of the gallery."""
    with TemporaryDirectory() as folder, gallery(Path(folder)) as address:
        async with browser() as chromium:
            for look in LOOKS:
                await take(chromium, address, look)


if __name__ == "__main__":
    asyncio.run(main())
