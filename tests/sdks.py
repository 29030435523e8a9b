"""The vendor's own SDKs: each installed apart from our packages, in `build/`, from the lock file beside its script in tests/sdk.

A script reads `{address, application_id, private_key, …}` from standard input, makes all calls that its SDK has, and prints
what each of them returned or raised, by the call's name.
"""

import asyncio
import hashlib
import json
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from convene import certificates
from tests.people import inside
from tests.platform import Platform, platform, until
from tests.world import free_port

ROOT = Path(__file__).parents[1]
SCRIPTS = Path(__file__).parent / "sdk"
DIAL_IN = "442071838750 en-GB United Kingdom; 12025550143 en-US USA"
PATIENCE = 600  # seconds for an installation

Told = dict[str, Any]


@dataclass
class Judged:
    """A platform with a certificate of its own, and a session that is over, with recordings."""

    convene: Platform
    address: str
    certificate: Path
    session_id: str = ""
    recordings: tuple[str, ...] = ()

    @property
    def account_id(self) -> str:
        return self.convene.first["api_key"]

    @property
    def application_id(self) -> str:
        return self.convene.first["application_id"]

    @property
    def trust(self) -> ssl.SSLContext:
        """Trusts our certificate alone."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def tour(self, *command: str | Path, address: str = "", cwd: Path = SCRIPTS, **more: Any) -> Told:
        """Runs a script; what its calls returned."""
        given = {"address": address or self.address, "application_id": self.application_id, **more}
        given |= {"private_key": self.convene.first["private_key"], "session_id": self.session_id}
        trusted = {name: str(self.certificate) for name in ("REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")}
        ran = subprocess.run(
            command,
            cwd=cwd,
            input=json.dumps(given),
            capture_output=True,
            text=True,
            env=os.environ | trusted,
            timeout=300,
        )
        assert ran.returncode == 0, ran.stderr[-3000:] + self.convene.log[-3000:]
        told: Told = json.loads(ran.stdout)
        return told


@contextmanager
def judged(folder: Path, *, recordings: int) -> Iterator[Judged]:
    """A platform for an SDK to call, with so many uploaded recordings of one session, if any, until the block ends."""
    made = certificates.self_signed("localhost", datetime.now(UTC))
    certificate, key, port = folder / "cert.pem", folder / "key.pem", free_port()
    certificate.write_text(made.certificate)
    key.write_text(made.private_key)
    settings = {"tls_cert": certificate, "tls_key": key, "tls_port": port, "dial_in_numbers": DIAL_IN}
    with platform(folder, **settings, session_grace_seconds=1) as convene:
        found = Judged(convene, f"https://localhost:{port}", certificate)
        if recordings:
            asyncio.run(_record(found, recordings))
        yield found


async def _record(into: Judged, count: int) -> None:
    """A short meeting, recorded several times."""
    convene = into.convene
    room = await convene.room(display_name="Recorded")
    made = []
    async with convene.api() as api, inside(convene, room, "Hana") as (hana,):
        into.session_id = hana.session_id
        recording = f"sessions/{hana.session_id}/recording"

        async def has(id: str, status: str, time: str) -> bool:
            shown = (await api.get(f"recordings/{id}")).json()
            return bool(shown["status"] == status and time in shown)

        for _ in range(count):
            begun = await api.post(recording)
            assert begun.status_code == 201, begun.text
            id = str(begun.json()["id"])
            await until(lambda id=id: has(id, "started", "started_at"), "not recorded")  # type: ignore[misc]
            assert (await api.delete(recording)).status_code == 202
            await until(lambda id=id: has(id, "uploaded", "ended_at"), "not uploaded")  # type: ignore[misc]
            made.append(id)
    into.recordings = tuple(made)


# --- Installing -----------------------------------------------------------------------------------------------------


def python_with_vonage() -> Path:
    """An interpreter of its own that has the Python SDK, and nothing of ours."""
    wanted = SCRIPTS / "python/requirements.txt"

    def install(folder: Path) -> None:
        _run(sys.executable, "-m", "venv", "--without-pip", folder)
        pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--python", _python_in(folder))
        _run(*pip, "install", "--require-hashes", "--only-binary", ":all:", "--requirement", wanted)

    return _python_in(_installed("sdk-python", install, wanted))


def folder_for_node(name: str) -> Path:
    """A folder with what the packages in tests/sdk/`name` want in its `node_modules`: `node` or `cube`."""
    wanted = [SCRIPTS / name / file for file in ("package.json", "package-lock.json")]

    def install(folder: Path) -> None:
        folder.mkdir()
        for path in wanted:
            shutil.copy(path, folder)
        _run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", cwd=folder)

    return _installed(f"sdk-{name}", install, *wanted)


def _python_in(folder: Path) -> Path:
    return folder / "bin" / "python"


def _installed(name: str, install: Callable[[Path], None], *wanted: Path) -> Path:
    """The folder in `build/` with exactly what these files want; installed now, if it is not there."""
    digest = hashlib.sha256(sys.version.encode() + b"".join(path.read_bytes() for path in wanted)).hexdigest()
    folder, stamp = ROOT / "build" / name, ROOT / "build" / f"{name}.digest"
    if not stamp.is_file() or stamp.read_text() != digest:
        stamp.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(exist_ok=True)
        install(folder)
        stamp.write_text(digest)  # last: what was cut off is made anew
    return folder


def _run(*command: str | Path, cwd: Path | None = None) -> None:
    ran = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=PATIENCE)
    assert ran.returncode == 0, f"{command[0]}: {ran.stdout[-1000:]}{ran.stderr[-3000:]}"


def fetched(into: Judged, url: str) -> httpx.Response:
    """What is at one of the platform's addresses, for anybody."""
    return httpx.get(url, verify=into.trust, timeout=20)
