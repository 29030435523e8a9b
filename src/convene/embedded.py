"""The media engine as a child process: started, watched, brought back, and never left behind."""

import asyncio
import contextlib
import ipaddress
import json
import logging
import os
import re
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp

log = logging.getLogger("convene.engine")

START_SECONDS = 30.0
READY_EVERY = 0.05
HEALTH_EVERY = 2.0
HEALTH_PATIENCE = 3.0
MISSES_ALLOWED = 10  # silent checks in a row; a starved machine misses a few, and killing a live meeting is worse
STEADY_SECONDS = 30.0  # a child that lived so long earns an immediate restart again
PAUSES = (0.0, 0.25, 0.5, 1.0, 2.0, 5.0)  # before the first, second, … restart in a row; the last one repeats
STOP_STEPS = ((signal.SIGTERM, 1.0), (signal.SIGTERM, 5.0), (signal.SIGKILL, 10.0))
PASSED_ON = ("GOGC", "GOMAXPROCS", "GOMEMLIMIT", "LD_LIBRARY_PATH", "PATH")

# Runs in the child before the engine does, in a process of its own single thread, and becomes the engine by exec. The
# kernel then kills the engine when the thread that started it ends (prctl(2), PR_SET_PDEATHSIG), which `kill -9` cannot
# avoid. A preexec_fn would do the same between fork and exec of a process with threads, where Python may deadlock.
# The comparison closes the race with a parent that died before prctl was called.
LAUNCHER = """
import ctypes, os, signal, sys
parent, program = int(sys.argv[1]), sys.argv[2]
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() != parent:
    sys.exit("the process that started it is gone")
try:
    os.execv(program, [program])
except OSError as error:
    sys.exit(f"{program} does not run: {error.strerror}")
"""

JWT = re.compile(r"eyJ[\w-]+\.[\w-]+(\.[\w-]*)?")
QUERY_SECRET = re.compile(r"\b(access_token|join_request|token)=[^&\s\"\\]+")
PORT_IN_USE = re.compile(r"listen (udp|tcp)\S* \S*:(\d+): bind: address already in use")


class EngineFailed(Exception):
    """The engine did not start; the text is one line for the operator."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineChildSpec:
    """What one engine needs to know. Ports are whole numbers 1 to 65535, `node_ip` is where browsers reach the media
    ports, `webhook_url` is our own door for the engine's events; the secret has at least 32 characters."""

    binary: Path
    http_port: int
    udp_port: int
    tcp_port: int
    node_ip: str
    api_key: str
    api_secret: str
    webhook_url: str


def engine_config(spec: EngineChildSpec) -> str:
    """The engine's whole configuration: JSON, which is YAML. The engine refuses keys that it does not know."""
    rtc: dict[str, object] = {
        "udp_port": spec.udp_port,
        "tcp_port": spec.tcp_port,
        "use_external_ip": False,
        "node_ip": spec.node_ip,
        # Nothing answers there. Without an entry browsers would be handed public STUN servers and tell them who meets.
        "stun_servers": [f"{spec.node_ip}:3478"],
        "congestion_control": {"allow_pause": True},
    }
    if ipaddress.ip_address(spec.node_ip).is_loopback:
        rtc |= {"enable_loopback_candidate": True, "ips": {"includes": ["127.0.0.1/32"]}}
    config = {
        "port": spec.http_port,
        "bind_addresses": ["127.0.0.1"],
        "keys": {spec.api_key: spec.api_secret},
        "rtc": rtc,
        "room": {
            "auto_create": False,
            "empty_timeout": 300,
            "departure_timeout": 20,
            "sync_streams": True,
            "enabled_codecs": [{"mime": mime} for mime in ("audio/opus", "audio/red", "video/vp8", "video/h264")],
        },
        "webhook": {"api_key": spec.api_key, "urls": [spec.webhook_url]},
        "api": {"enable_psrpc_for_get_list_participants": True},
        "logging": {"json": True, "level": "info", "pion_level": "error"},
    }
    return json.dumps(config)


class EngineChild:
    """One engine for the life of this process.

    Start it on a thread that lives as long as the engine should (the main thread): the engine ends with that thread.
    `on_restart` is called each time a new child is healthy after an unplanned end: its rooms are gone by then.
    """

    def __init__(self, spec: EngineChildSpec, *, on_restart: Callable[[], Awaitable[None]]):
        self._spec, self._on_restart = spec, on_restart
        self._run: _Run | None = None
        self._stopping = False

    @property
    def pid(self) -> int | None:
        """The child's process id while there is a child."""
        return self._run.process.pid if self._run and self._run.process.returncode is None else None

    async def start(self) -> None:
        """Returns when the engine is healthy. Raises EngineFailed with one line, and leaves nothing running."""
        run = self._run = await _Run.begin(self._spec)
        try:
            if self._stopping:  # stop() ran while the process was being made, and saw none
                raise EngineFailed("the media engine was stopped while it started")
            async with asyncio.timeout(START_SECONDS):
                await run.ready()
        except TimeoutError:
            await run.end()
            raise EngineFailed(f"the media engine was not ready after {START_SECONDS:.0f} s") from None
        except BaseException:
            await run.end()
            raise
        log.info("media engine ready, pid %d", run.process.pid)

    async def watch(self) -> None:
        """Brings the engine back whenever it ends, until cancelled or stopped. Call after `start`."""
        failures = 0
        while self._run and not self._stopping:
            began = _clock()
            await self._run.over()
            if self._stopping:
                return
            log.error("media engine ended unasked: %s", self._run.reason())
            failures = 0 if _clock() - began > STEADY_SECONDS else failures
            failures = await self._restart(failures)
            if not self._stopping:
                await self._tell()

    async def _restart(self, failures: int) -> int:
        """Tries until a child is healthy. Takes and returns the number of restarts in a row that came too soon."""
        while not self._stopping:
            await asyncio.sleep(PAUSES[min(failures, len(PAUSES) - 1)])
            failures += 1
            try:
                await self.start()
                break
            except EngineFailed as error:
                log.error("%s", error)
        return failures

    async def _tell(self) -> None:
        try:
            await self._on_restart()
        except Exception:
            log.exception("what follows a restart of the media engine failed")

    async def stop(self) -> None:
        """Ends the engine: a first SIGTERM drains, a second one does not wait for people, SIGKILL is the last word."""
        self._stopping = True
        if self._run:
            await self._run.end()


class _Run:
    """One process from its start to its end."""

    def __init__(self, spec: EngineChildSpec, process: asyncio.subprocess.Process):
        self.process = process
        self._spec = spec
        self._listening = False
        self._last_words = ""
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def begin(cls, spec: EngineChildSpec) -> "_Run":
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", "-c", LAUNCHER, str(os.getpid()), str(spec.binary)),
            env=environment | {"LIVEKIT_CONFIG": engine_config(spec)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in a terminal reaches us alone; we end things in order
            limit=1 << 20,
        )
        return cls(spec, process)

    async def ready(self) -> None:
        """Waits until this very process (not another on its port) listens and answers 200; EngineFailed if it ends."""
        while not (self._listening and await self._status() == 200):
            if await self._ended_within(READY_EVERY):
                await self._reader
                raise EngineFailed(f"the media engine did not start: {self.reason()}")

    async def over(self) -> None:
        """Waits until the process has ended; ends it when it stopped answering for good."""
        misses = 0
        while not await self._ended_within(HEALTH_EVERY):
            misses = misses + 1 if await self._status() is None else 0
            if misses > MISSES_ALLOWED:
                log.error("media engine has not answered %d checks in a row; it is ended", misses)
                self._signal(signal.SIGKILL)
        await self._reader

    async def end(self) -> None:
        for number, patience in STOP_STEPS:
            self._signal(number)
            if await self._ended_within(patience):
                break
        await self._reader

    def reason(self) -> str:
        """Why it ended, in one line. An exit code of 0 is what the engine gives for most of its failures, too."""
        busy = PORT_IN_USE.search(self._last_words)
        if busy:
            port = int(busy[2])
            udp_setting = {self._spec.udp_port: "engine_udp_port"}
            tcp_setting = {self._spec.http_port: "engine_port", self._spec.tcp_port: "engine_tcp_port"}
            setting = (udp_setting if busy[1] == "udp" else tcp_setting).get(port, "engine_port")
            return f"{busy[1].upper()} port {port} is used by another program (the setting is {setting})"
        code = self.process.returncode
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        return f"{self._last_words or 'it said nothing'} ({how})"

    async def _ended_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self.process.wait()
        except TimeoutError:
            return False
        return True

    def _signal(self, number: signal.Signals) -> None:
        # Race: the process may end between our look and the signal; asyncio knows whether it was reaped.
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)

    async def _status(self) -> int | None:
        """The status that the engine's health page answers (406: alive, but behind with its own statistics)."""
        url = f"http://127.0.0.1:{self._spec.http_port}/"
        try:
            timeout = aiohttp.ClientTimeout(total=HEALTH_PATIENCE)
            async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None

    async def _read(self) -> None:
        """Passes the engine's lines on to our log. Plain lines are its last words: errors at start, panics."""
        assert self.process.stdout
        while True:
            try:
                line = await self.process.stdout.readline()
            except ValueError:  # longer than the limit: asyncio has thrown it away
                continue
            if not line:
                return
            self._pass_on(self._redacted(line.decode(errors="replace").strip()))

    def _pass_on(self, text: str) -> None:
        try:
            entry = json.loads(text)
            level, message = entry["level"], entry["msg"]
        except (ValueError, KeyError, TypeError):
            if text:
                self._last_words = text
                log.debug("engine: %s", text)
            return
        self._listening = self._listening or message == "starting LiveKit server"
        log.log(logging.DEBUG if level in ("debug", "info") else logging.WARNING, "engine: %s", text)

    def _redacted(self, text: str) -> str:
        text = text.replace(self._spec.api_secret, "[secret]")
        return QUERY_SECRET.sub(r"\1=[redacted]", JWT.sub("[token]", text))


def _clock() -> float:
    return asyncio.get_running_loop().time()
