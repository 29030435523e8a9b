"""Runs an installed `convene serve` for a moment, in a network with nothing but loopback when it is started in one.

`python offline.py <virtual environment> <empty folder>` prints what it saw as one JSON object. It imports no Convene.
"""

import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

DEADLINE = 120.0
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def bring_loopback_up() -> None:
    """A new network namespace has its loopback interface down. Elsewhere it is up, and nothing is done."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(control, SIOCGIFFLAGS, request))[1]
        if not flags & IFF_UP:
            fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def get(url: str) -> tuple[int, str]:
    """Status and body; status 0 while nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except OSError:
        return 0, ""


def processes_of(*folders: Path) -> list[str]:
    """Command lines of processes that run from, or with, something in these folders; this one left out."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            except OSError:
                continue  # it ended while we looked
            if any(str(folder) in line for folder in folders) and __file__ not in line:
                found.append(line)
    return found


def interfaces() -> list[str]:
    return [name for _, name in socket.if_nameindex()]


def main(venv: Path, folder: Path) -> None:
    bring_loopback_up()
    port, engine_port, engine_tcp, engine_udp = free_ports(4)
    environment = {
        "PATH": str(venv / "bin"),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "CONVENE_PORT": str(port),
        "CONVENE_DATA": str(folder / "data"),
        "CONVENE_ENGINE_PORT": str(engine_port),
        "CONVENE_ENGINE_TCP_PORT": str(engine_tcp),
        "CONVENE_ENGINE_UDP_PORT": str(engine_udp),
    }
    log = folder / "serve.log"
    with log.open("wb") as output:
        serve = subprocess.Popen(
            [venv / "bin" / "convene", "serve"], env=environment, cwd=folder, stdout=output, stderr=subprocess.STDOUT
        )
    deadline = time.monotonic() + DEADLINE
    try:
        ready, said = 0, ""
        while ready != 200 and serve.poll() is None and time.monotonic() < deadline:
            ready, said = get(f"http://127.0.0.1:{port}/health/ready")
            time.sleep(0.1)
        page = get(f"http://127.0.0.1:{port}/")
        running = processes_of(venv)
        if serve.poll() is None:
            serve.send_signal(signal.SIGTERM)
        code = serve.wait(DEADLINE)
    finally:
        serve.kill()
    seen = {
        "interfaces": interfaces(),
        "ready": [ready, said],
        "page": page,
        "running": running,
        "exit_code": code,
        "left": processes_of(venv, folder),
        "log": log.read_text(errors="replace"),
    }
    print(json.dumps(seen))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
