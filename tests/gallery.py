"""The page's gallery: every state of the meeting page by its name, built from ui/ and served on loopback."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from playwright.async_api import Page

UI = Path(__file__).parents[1] / "ui"


@contextmanager
def gallery(folder: Path) -> Iterator[str]:
    """Builds the gallery into a folder and serves it until the block ends; its address."""
    node = shutil.which("node")
    assert node, "no node on the path"
    vite = str(UI / "node_modules/vite/bin/vite.js")
    build = [node, vite, "build", "--mode", "gallery", "--outDir", str(folder)]
    subprocess.run([*build, "--emptyOutDir", "--logLevel", "error"], cwd=UI, check=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/gallery.html"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Quiet(SimpleHTTPRequestHandler):
    """Says nothing of what it serves."""

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""


async def states(page: Page, address: str, **asked: str) -> list[str]:
    """Opens the gallery, in a language or with a brand if asked; the names of its states."""
    query = "&".join(f"{name}={value}" for name, value in {"state": "loading", **asked}.items())
    await page.goto(f"{address}?{query}")
    await page.wait_for_function("window.gallery")
    for name in LATER:
        await page.evaluate("(name) => gallery.show(name)", name)
        await page.wait_for_selector(LATER[name])
    return list(await page.evaluate("gallery.states"))


LATER = {
    "call-share": ".shared",
    "call-chat": ".panel",
    "call-reactions": ".reaction-row",
    "dialog-end": "[role=alertdialog]",
}
"""What is drawn late when it is drawn first, since its code comes later: a state with it, and how to find it."""


async def show(page: Page, state: str) -> None:
    """Draws one state, and waits until nothing of it changes any more (a level of sound may go on)."""
    await page.evaluate(SETTLED, state)


SETTLED = """async (state) => {
  let changed = performance.now();
  const observer = new MutationObserver(() => (changed = performance.now()));
  observer.observe(document.body, { childList: true, subtree: true });
  gallery.show(state);
  const end = performance.now() + 5000;
  while (performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 30));
    const fetched = !document.querySelector('.with-panel') || document.querySelector('.panel');
    if (fetched && performance.now() - changed > 90) break;
  }
  observer.disconnect();
}"""
