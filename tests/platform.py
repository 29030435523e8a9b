"""A real `convene serve` as a child, on free ports and a folder of its own; and browsers with fake devices."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.livekit_server import binary
from tests.world import free_port

DEADLINE = 60.0
LIVELY = "--use-fake-device-for-media-stream=fps=20"  # for whoever measures
ELSEWHERE = "meet.example.test"  # this machine by a name that no browser takes for it
FLAGS = [
    f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1",
    "--use-fake-device-for-media-stream=fps=10",  # each camera is encoded three times over: half of a processor at its usual 20
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--auto-select-desktop-capture-source=Entire screen",
    "--autoplay-policy=no-user-gesture-required",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
]


@dataclass
class Platform:
    """One running platform. `log` has what it wrote on standard error."""

    folder: Path
    settings: dict[str, str]
    command: tuple[str, ...] = ("serve",)
    process: subprocess.Popen[bytes] | None = None
    said: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.settings['CONVENE_PORT']}"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> str:
        return (self.folder / "err.log").read_text()

    @property
    def first(self) -> dict[str, str]:
        """What the first start wrote."""
        return json.loads((self.data / "first-application.json").read_text())  # type: ignore[no-any-return]

    def start(self) -> None:
        """Starts `convene serve` and waits until it is ready."""
        with open(self.folder / "err.log", "ab") as err, open(self.folder / "out.log", "ab") as out:
            self.process = self.run(*self.command, stdout=out, stderr=err)
        wait(self._ready, lambda: f"not ready: {self.log[-2000:]}")

    def run(self, *arguments: str, **options: Any) -> "subprocess.Popen[bytes]":
        """Starts any `convene` command with the platform's settings."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("CONVENE_")} | self.settings
        command = [sys.executable, "-m", "convene", *arguments]
        return subprocess.Popen(command, cwd=self.folder, env=environment, **options)

    @contextmanager
    def beside(self, command: str) -> Iterator["Companion"]:
        """Runs `convene worker` or `convene recorder` as well, until the block ends."""
        companion = Companion(self, command)
        companion.start()
        try:
            yield companion
        finally:
            companion.kill()

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log[-3000:]
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def kill(self) -> None:
        """kill -9, as a crash would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE)

    def children(self, word: str) -> list[int]:
        """The process ids below ours whose command line has this word."""
        assert self.process is not None
        return [pid for pid in descendants(self.process.pid) if word in command_line(pid)]

    def api(self) -> httpx.AsyncClient:
        """The vendor's API with Basic authentication."""
        auth = httpx.BasicAuth(self.first["api_key"], self.first["api_secret"])
        return httpx.AsyncClient(base_url=f"{self.url}/v1/meetings/", auth=auth, timeout=20)

    async def room(self, **fields: Any) -> dict[str, Any]:
        """Makes a room by the API."""
        async with self.api() as api:
            answer = await api.post("rooms", json={"display_name": "Weekly sync", **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()  # type: ignore[no-any-return]


@dataclass
class Companion:
    """A `convene worker` or `convene recorder` beside the platform."""

    convene: Platform
    command: str
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it says that it is ready."""
        with open(self.convene.folder / "err.log", "ab") as err:
            self.process = self.convene.run(self.command, stdout=subprocess.PIPE, stderr=err)
        assert self.process.stdout is not None
        assert b"ready" in self.process.stdout.readline(), self.convene.log[-3000:]

    def kill(self) -> None:
        """kill -9; of one that is dead already, nothing."""
        assert self.process is not None and self.process.stdout is not None
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@contextmanager
def platform(folder: Path, *command: str, **settings: object) -> Iterator[Platform]:
    """A platform that runs until the block ends. Settings by their names in defaults.toml; `command`: if not `serve`."""
    ports = {"port": free_port(), "engine_port": free_port(), "engine_tcp_port": free_port()}
    chosen = ports | {"engine_udp_port": free_port(socket.SOCK_DGRAM), "engine_binary": binary(), "data": "data"}
    chosen |= {"allow_loopback_callbacks": True, **settings}
    given = {f"CONVENE_{key.upper()}": str(value) for key, value in chosen.items()}
    made = Platform(folder, given, command or ("serve",))
    try:
        made.start()
        yield made
    finally:
        if made.process is not None and made.process.poll() is None:
            pids = descendants(made.process.pid)
            made.process.terminate()
            try:
                made.process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                for pid in [made.process.pid, *pids]:
                    with_suppressed_kill(pid)


def with_suppressed_kill(pid: int) -> None:
    """kill -9 of one of our own children that would not end."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def descendants(pid: int) -> list[int]:
    """All processes below one."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and parent(int(entry.name)) == pid:
            found += [int(entry.name), *descendants(int(entry.name))]
    return found


def parent(pid: int) -> int:
    """The parent's process id; 0 when the process is gone."""
    try:
        return int((Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError):
        return 0


def command_line(pid: int) -> str:
    """What was called."""
    try:
        return (Path("/proc") / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait(condition: Callable[[], object], why: Callable[[], str] = str, seconds: float = DEADLINE) -> None:
    """Waits for a condition."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, why()
        time.sleep(0.1)


async def until(condition: Callable[[], Awaitable[Any]], why: str = "", seconds: float = DEADLINE) -> Any:
    """Waits for a condition that is asked asynchronously; what it was."""
    end = time.monotonic() + seconds
    while not (found := await condition()):
        assert time.monotonic() < end, why or "a condition did not come true"
        await asyncio.sleep(0.1)
    return found


@asynccontextmanager
async def browser(*flags: str) -> AsyncIterator[Browser]:
    """A headless Chromium with a fake camera and microphone. Flags win over those that are usual here."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=program, args=[*FLAGS, *flags])
        try:
            yield chromium
        finally:
            await chromium.close()


@dataclass
class Guest:
    """Somebody in a browser of his own."""

    page: Page
    context: BrowserContext

    async def sees(self, count: int) -> bool:
        """Whether so many pictures run: frames come, and they are of some size."""
        return await self.page.evaluate(RUNNING) >= count  # type: ignore[no-any-return]

    async def hears(self) -> bool:
        """Whether sound of somebody else comes through."""
        return bool(await self.page.evaluate(HEARING))


RUNNING = """async () => {
  const shown = [...document.querySelectorAll('video')];
  const before = shown.map((v) => v.currentTime);
  await new Promise((r) => setTimeout(r, 400));
  return shown.filter((v, i) => v.videoWidth > 16 && v.currentTime > before[i]).length;
}"""
VOICES = "[...(document.querySelector('#voices')?.shadowRoot.querySelectorAll('audio') ?? [])]"
HEARING = (
    """async () => {
  const streams = """
    + VOICES
    + """.map((a) => a.srcObject).filter(Boolean);
  if (!streams.length) return false;
  const context = new AudioContext();
  await context.resume();
  const meters = streams.map((s) => { const a = context.createAnalyser(); context.createMediaStreamSource(s).connect(a); return a; });
  let loudest = 0;
  const data = new Float32Array(2048);
  for (let i = 0; i < 30 && loudest < 0.01; i++) {
    await new Promise((r) => setTimeout(r, 100));
    for (const meter of meters) { meter.getFloatTimeDomainData(data); for (const x of data) loudest = Math.max(loudest, Math.abs(x)); }
  }
  await context.close();
  return loudest >= 0.01;
}"""
)


async def visit(chromium: Browser, url: str, name: str, **options: Any) -> Guest:
    """Opens a meeting link, types a name and joins."""
    context = await chromium.new_context(permissions=["camera", "microphone"], **options)
    page = await context.new_page()
    await page.goto(url)
    guest = Guest(page, context)
    await join(guest, name)
    return guest


async def join(guest: Guest, name: str) -> None:
    """From the page before joining into the call."""
    page = guest.page
    await page.get_by_label("Your name").fill(name, timeout=DEADLINE * 1000)
    allow = page.get_by_role("button", name="Allow camera and microphone")
    button = page.get_by_role("button", name="Join", exact=True).or_(page.get_by_role("button", name="Agree and join"))
    if await allow.count():
        await allow.click()
    await button.click(timeout=DEADLINE * 1000)
    await page.get_by_role("toolbar", name="Call controls").wait_for(timeout=DEADLINE * 1000)


async def agree(guest: Guest) -> None:
    """Agrees to being recorded, when the page asks."""
    asked = guest.page.get_by_role("dialog", name="This meeting is being recorded")
    await asked.get_by_role("button", name="Agree", exact=True).click(timeout=DEADLINE * 1000)
    await asked.wait_for(state="detached", timeout=DEADLINE * 1000)
