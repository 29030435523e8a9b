"""The command line: what an operator gets wrong is told in one line each, with an exit code, and nothing stays running."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.livekit_server import binary
from tests.world import free_port


def convene(folder: Path, *arguments: str, **settings: object) -> subprocess.CompletedProcess[str]:
    """Runs one command that is expected to end by itself."""
    chosen = {f"CONVENE_{key.upper()}": str(value) for key, value in settings.items()}
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CONVENE_")} | chosen
    command = [sys.executable, "-m", "convene", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def one_line(text: str) -> bool:
    return text.count("\n") == 1 and text.startswith("convene: ") and "Traceback" not in text


@contextmanager
def busy() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield int(taken.getsockname()[1])


def test_wrong_settings_are_all_told(tmp_path: Path) -> None:
    ended = convene(tmp_path, "serve", port="x", code_digits=3, nonsense=1)
    assert ended.returncode == 2
    assert [line.startswith("convene: ") for line in ended.stderr.splitlines()] == [True] * 3
    assert not (tmp_path / "data").exists()


def test_a_busy_port_is_one_line(tmp_path: Path) -> None:
    with busy() as port:
        ended = convene(tmp_path, "serve", "--port", str(port), engine_binary=binary())
    assert ended.returncode == 1
    assert one_line(ended.stderr) and str(port) in ended.stderr and "Address already in use" in ended.stderr


def test_a_busy_engine_port_is_one_line(tmp_path: Path) -> None:
    with busy() as port:
        ended = convene(
            tmp_path,
            "serve",
            port=free_port(),
            engine_port=port,
            engine_tcp_port=free_port(),
            engine_udp_port=free_port(),
            engine_binary=binary(),
        )
    assert ended.returncode == 1
    assert "engine_port" in ended.stderr.splitlines()[-1] and "Traceback" not in ended.stderr


def test_a_missing_engine_is_one_line(tmp_path: Path) -> None:
    ended = convene(tmp_path, "serve", port=free_port(), engine_binary="/nowhere/livekit-server")
    assert ended.returncode == 1
    assert "/nowhere/livekit-server" in ended.stderr.splitlines()[-1] and "Traceback" not in ended.stderr


def test_a_database_that_is_away_is_one_line_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql://convene:sesame@127.0.0.1:{free_port()}/convene"
    for command in (("serve",), ("migrate",)):
        ended = convene(tmp_path, *command, port=free_port(), database_url=url, engine_binary=binary())
        assert ended.returncode == 1
        assert one_line(ended.stderr) and "database" in ended.stderr and "sesame" not in ended.stderr


@pytest.mark.parametrize("command", [("serve", "--no-worker"), ("worker",), ("recorder",)])
def test_several_processes_need_a_shared_database_and_engine(tmp_path: Path, command: tuple[str, ...]) -> None:
    ended = convene(tmp_path, *command, port=free_port())
    assert ended.returncode == 1
    assert one_line(ended.stderr) and "PostgreSQL" in ended.stderr
    shared = convene(tmp_path, *command, port=free_port(), database_url="postgresql://x@127.0.0.1:1/x")
    assert one_line(shared.stderr) and "engine_url" in shared.stderr


def test_an_unusable_data_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = convene(tmp_path, "serve", port=free_port(), data=tmp_path / "file", engine_binary=binary())
    assert ended.returncode == 1
    assert one_line(ended.stderr) and "data" in ended.stderr


def test_migrate_settings_and_version(tmp_path: Path) -> None:
    assert "this version's schema" in convene(tmp_path, "migrate").stdout
    assert (tmp_path / "data" / "convene.db").exists()
    assert "engine_address" in convene(tmp_path, "settings").stdout
    assert convene(tmp_path, "--version").stdout.startswith("convene ")
    listing = convene(tmp_path, "events", "list")
    assert (listing.returncode, one_line(listing.stderr)) == (1, True)
    assert "no application yet" in listing.stderr
