"""A real LiveKit server for tests, on random ports and loopback alone, with the configuration that we ship."""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from livekit import rtc

import convene
from convene.embedded import EngineChildSpec, engine_config

KEY, SECRET = "testkey", "a secret for tests alone, of more than forty-eight characters"
DEADLINE = 30.0


def binary() -> Path:
    """The engine: as named, as built into the package, or from the PATH."""
    built = Path(convene.__file__).with_name("bin") / "livekit-server"
    found = os.environ.get("CONVENE_ENGINE_BINARY") or (built if built.exists() else shutil.which("livekit-server"))
    assert found, "no livekit-server: build it (make build), or name one in CONVENE_ENGINE_BINARY"
    return Path(found)


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that nobody uses now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class LiveKitServer:
    """One running server; `url` is where it listens."""

    spec: EngineChildSpec
    config: str
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Like ws://127.0.0.1:40001."""
        return f"ws://127.0.0.1:{self.spec.http_port}"

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def start_again(self) -> None:
        """A new process on the same ports, after `kill`."""
        self.process = _start(self.spec, self.config)


@contextmanager
def livekit_server(
    webhook_url: str = "http://127.0.0.1:9/none", *, asks_live_rooms: bool = True
) -> Iterator[LiveKitServer]:
    """Starts a server and kills it at the end. `asks_live_rooms`: the psrpc switch, which a foreign server may lack."""
    ports = {"http_port": free_port(), "udp_port": free_port(socket.SOCK_DGRAM), "tcp_port": free_port()}
    spec = EngineChildSpec(
        binary=binary(), node_ip="127.0.0.1", api_key=KEY, api_secret=SECRET, webhook_url=webhook_url, **ports
    )
    config = json.loads(engine_config(spec))
    config["api"]["enable_psrpc_for_get_list_participants"] = asks_live_rooms
    server = LiveKitServer(spec, json.dumps(config), _start(spec, json.dumps(config)))
    try:
        yield server
    finally:
        server.kill()


def _start(spec: EngineChildSpec, config: str) -> subprocess.Popen[bytes]:
    environment = {"LIVEKIT_CONFIG": config, "PATH": os.environ["PATH"]}
    process = subprocess.Popen([spec.binary], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + DEADLINE
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{spec.http_port}/", timeout=5):
                return process
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    process.kill()
    process.wait()
    raise AssertionError("livekit-server did not start")


@contextmanager
def receiver() -> Iterator[tuple[str, list[tuple[bytes, str]]]]:
    """A place for webhooks: its URL, and what has come so far as (raw body, Authorization header)."""
    posts: list[tuple[bytes, str]] = []

    class Take(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            posts.append((body, self.headers["Authorization"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Take)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", posts
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@asynccontextmanager
async def in_room(url: str, token: str, *, speaks: bool = True) -> AsyncIterator[rtc.Room]:
    """A person in a room, with a microphone that sends; leaves at the end. Raises rtc.ConnectError when not let in."""
    room = rtc.Room()
    await room.connect(url, token)
    try:
        if speaks:
            track = rtc.LocalAudioTrack.create_audio_track("microphone", rtc.AudioSource(48000, 1))
            options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
            await room.local_participant.publish_track(track, options)
        yield room
    finally:
        await room.disconnect()
