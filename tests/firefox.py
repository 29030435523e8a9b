"""Firefox with a fake camera and microphone, driven over WebDriver BiDi (w3.org/TR/webdriver-bidi), which it speaks by itself."""

import asyncio
import base64
import contextlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

from tests.platform import DEADLINE, HEARING, RUNNING, until, wait

PREFERENCES: dict[str, Any] = {
    "media.navigator.streams.fake": True,
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "media.gmp-manager.url": "",
    "app.update.enabled": False,
    "app.normandy.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.tabs.remote.separatePrivilegedContentProcess": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.ipc.processCount": 2,
    "extensions.getAddons.cache.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.server": "",
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
}
SPEAKERS = ("Loudspeakers", "Headphones")
KEYS = {
    "Enter": "\ue007",
    "Escape": "\ue00c",
    "Space": " ",
    "Control": "\ue009",
    "Alt": "\ue00a",
    "Shift": "\ue008",
    "PageDown": "\ue00f",
}


class Refused(Exception):
    """Firefox could not do what it was told; its own words."""


@dataclass
class Firefox:
    """One running Firefox and its connection. Each command is answered by its number."""

    socket: aiohttp.ClientWebSocketResponse
    answers: dict[int, asyncio.Future[Any]] = field(default_factory=dict)
    numbers: "count[int]" = field(default_factory=count)

    async def listen(self) -> None:
        """Takes the answers until the connection ends."""
        async for message in self.socket:
            said = json.loads(message.data)
            waiting = self.answers.pop(said.get("id"), None)
            if waiting is None or waiting.done():
                continue
            if said["type"] == "error":
                waiting.set_exception(Refused(f"{said['error']}: {said['message']}"))
            else:
                waiting.set_result(said["result"])
        for left in self.answers.values():
            left.cancel()

    async def __call__(self, method: str, **parameters: Any) -> Any:
        """One command; its result. Raises Refused, TimeoutError."""
        number = next(self.numbers)
        self.answers[number] = asyncio.get_running_loop().create_future()
        await self.socket.send_json({"id": number, "method": method, "params": parameters})
        return await asyncio.wait_for(self.answers[number], DEADLINE)

    async def tab(self, url: str, *, devices: str = "granted", width: int = 1280, height: int = 800) -> "Tab":
        """A page of its own, with cookies of its own; `devices`: what the person has said to camera and microphone."""
        person = (await self("browser.createUserContext"))["userContext"]
        await self.answer(devices)
        made = await self("browsingContext.create", type="window", userContext=person)
        tab = Tab(self, made["context"])
        size = {"width": width, "height": height}
        await self("browsingContext.setViewport", context=tab.id, viewport=size)
        await self("browsingContext.navigate", context=tab.id, url=url, wait="interactive")
        return tab

    async def answer(self, word: str) -> None:
        """What the person says from now on when a page asks for camera or microphone: granted, denied, or nothing yet (prompt)."""
        said = {"prompt": 0, "granted": 1, "denied": 2}[word]
        (window, *_) = (await self("browsingContext.getTree", **{"moz:scope": "chrome", "maxDepth": 0}))["contexts"]
        lines = (f"Services.prefs.setIntPref('permissions.default.{one}', {said})" for one in ("camera", "microphone"))
        target = {"context": window["context"]}
        await self("script.evaluate", expression="; ".join(lines), target=target, awaitPromise=False)


@dataclass
class Tab:
    """A page in Firefox. What is looked for by role and name must be there within the deadline."""

    firefox: Firefox
    id: str

    async def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, or of the function that it is. Raises Refused with the page's error."""
        asked = f"(async () => {{ const it = {expression}; return JSON.stringify(await (typeof it === 'function' ? it() : it)); }})()"
        answer = await self.firefox(
            "script.evaluate", expression=asked, target={"context": self.id}, awaitPromise=True, userActivation=False
        )
        if answer["type"] == "exception":
            raise Refused(answer["exceptionDetails"]["text"])
        value = answer["result"].get("value")
        return None if value is None else json.loads(value)

    async def found(self, role: str, name: str) -> list[Any]:
        """What has this role and exactly this name."""
        locator = {"type": "accessibility", "value": {"role": role, "name": name}}
        return (await self.firefox("browsingContext.locateNodes", context=self.id, locator=locator))["nodes"]  # type: ignore[no-any-return]

    async def find(self, role: str, name: str) -> Any:
        """The first of them, once there is one."""
        found = await until(lambda: self.found(role, name), why=f"Firefox shows no {role} {name!r}")
        return found[0]

    async def click(self, role: str, name: str) -> None:
        """Where the middle of it is, as a hand would."""
        node = await self.find(role, name)
        await self.firefox(
            "script.callFunction",
            functionDeclaration="(it) => it.scrollIntoView({ block: 'nearest', behavior: 'instant' })",
            arguments=[{"sharedId": node["sharedId"]}],
            target={"context": self.id},
            awaitPromise=False,
        )
        origin = {"type": "element", "element": {"sharedId": node["sharedId"]}}
        steps = [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": origin},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        await self._act({"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": steps})

    async def press(self, keys: str) -> None:
        """Keys together, as in "Control+Alt+h"."""
        held = [KEYS.get(key, key) for key in keys.split("+")]
        down = [{"type": "keyDown", "value": key} for key in held]
        await self._act({"type": "key", "id": "keys", "actions": [*down, *_up(held)]})

    async def hold(self, key: str) -> None:
        """One key, until `release`."""
        await self._act({"type": "key", "id": "keys", "actions": [{"type": "keyDown", "value": KEYS.get(key, key)}]})

    async def release(self) -> None:
        await self.firefox("input.releaseActions", context=self.id)

    async def type(self, text: str) -> None:
        """Letter by letter into what has the focus."""
        steps = [step for letter in text for step in ({"type": "keyDown", "value": letter}, *_up([letter]))]
        await self._act({"type": "key", "id": "keys", "actions": steps})

    async def _act(self, *sources: dict[str, Any]) -> None:
        await self.firefox("input.performActions", context=self.id, actions=list(sources))

    async def shows(self, text: str) -> None:
        """Waits until this stands on the page (or in a label)."""
        wanted = json.dumps(text)
        await until(lambda: self.evaluate(f"({TEXTS})().includes({wanted})"), why=f"Firefox does not show {text!r}")

    async def sees(self, count: int) -> bool:
        """As `Guest.sees`."""
        return int(await self.evaluate(RUNNING)) >= count

    async def hears(self) -> bool:
        """As `Guest.hears`."""
        return bool(await self.evaluate(HEARING))

    async def reload(self) -> None:
        await self.firefox("browsingContext.reload", context=self.id, wait="interactive")

    async def close(self) -> None:
        await self.firefox("browsingContext.close", context=self.id)

    async def photograph(self, path: Path) -> None:
        shot = await self.firefox("browsingContext.captureScreenshot", context=self.id)
        path.write_bytes(base64.b64decode(shot["data"]))


TEXTS = """() => [document.body.innerText, ...[...document.querySelectorAll('[aria-label]')].map((one) => one.ariaLabel)].join('\\n')"""


def _up(keys: list[str]) -> list[dict[str, str]]:
    return [{"type": "keyUp", "value": key} for key in reversed(keys)]


@asynccontextmanager
async def firefox(folder: Path) -> AsyncIterator[Firefox]:
    """A headless Firefox with a profile of its own, until the block ends."""
    profile = folder / "firefox"
    profile.mkdir()
    lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items())
    (profile / "user.js").write_text("\n".join(lines))
    with loudspeakers(folder) as heard, child(folder / "firefox.log", [*_program(), str(profile)], **heard) as process:
        address = await until(lambda: _address(process, folder / "firefox.log"), why="Firefox does not start")
        async with aiohttp.ClientSession() as client, client.ws_connect(f"{address}/session", max_msg_size=0) as socket:
            made = Firefox(socket)
            listening = asyncio.create_task(made.listen())
            await made("session.new", capabilities={})
            yield made
            with contextlib.suppress(TimeoutError, asyncio.CancelledError):
                await made("browser.close")
            listening.cancel()
        await asyncio.to_thread(process.wait, DEADLINE)


def _program() -> list[str]:
    program = next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))))
    # System access is what lets `Firefox.answer` change a preference.
    return [
        program,
        "--headless",
        "--no-remote",
        "--remote-debugging-port",
        "0",
        "--remote-allow-system-access",
        "--profile",
    ]


async def _address(process: "subprocess.Popen[bytes]", log: Path) -> str | None:
    said = log.read_text(errors="replace")
    assert process.poll() is None, said[-2000:]
    found = re.search(r"WebDriver BiDi listening on (ws://\S+)", said)
    return found and found[1]


@contextmanager
def loudspeakers(folder: Path) -> Iterator[dict[str, str]]:
    """Two that nobody hears: without any, Firefox lets no audio run. What a program's environment must say to use them."""
    home = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    socket = folder / "sound"
    modules = [f"module-native-protocol-unix socket={socket} auth-anonymous=1"]
    modules += [f"module-null-sink sink_name={name} sink_properties=device.description={name}" for name in SPEAKERS]
    command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", *(f"--load={one}" for one in modules)]
    with child(folder / "pulseaudio.log", command, **home):
        wait(socket.exists, lambda: (folder / "pulseaudio.log").read_text())
        yield home | {"PULSE_SERVER": f"unix:{socket}"}


@contextmanager
def child(log: Path, command: list[str], **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A program that runs until the block ends, if it has not ended by itself."""
    with open(log, "wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=os.environ | environment)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
