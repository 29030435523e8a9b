"""The command line: what an operator gets wrong is told in one line each, with an exit code, and nothing stays running."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from convene import access, config, serve
from convene.db import Database
from tests.livekit_server import binary
from tests.world import free_port, key_pair


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


def test_several_processes_with_a_local_folder_of_files_are_told_what_that_asks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """On one machine it is right; on several, links lead to files that are elsewhere. Nobody but the operator knows which it is."""
    shared = {"database_url": "postgresql://x@127.0.0.1/x", "engine_url": "ws://127.0.0.1:1"}
    settings = replace(config.load({}, tmp_path), data=str(tmp_path), **shared)
    serve.need_shared_parts(replace(settings, storage_url="s3://bucket"), "recorder")
    assert not caplog.records
    serve.need_shared_parts(settings, "recorder")
    assert [str(tmp_path / "recordings") in one.message and "storage_url" in one.message for one in caplog.records] == [
        True
    ]


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


def with_an_application(folder: Path) -> str:
    """A database as `convene serve` leaves it; the application's id."""
    convene(folder, "migrate")

    async def made() -> str:
        db = Database(f"sqlite:///{folder / 'data' / 'convene.db'}")
        await db.open()
        first = await db.write(access.create_first, "First application", key_pair())
        await db.close()
        return first.application_id

    return asyncio.run(made())


def told(ended: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert ended.returncode == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_keys(tmp_path: Path) -> None:
    application = with_an_application(tmp_path)
    (first,) = told(convene(tmp_path, "key", "list"))
    assert (first["kind"], first["scopes"], first["expires_at"], first["last_used_at"]) == ("rsa", ["*"], None, None)
    scopes = ("--scopes", "rooms:read, themes:write")
    (basic,) = told(
        convene(
            tmp_path, "key", "add", "--name", "CI", "--secret", *scopes, "--expires", "2099-01-01", "--app", application
        )
    )
    assert (basic["name"], basic["scopes"], basic["kind"]) == ("CI", ["rooms:read", "themes:write"], "secret")
    assert basic["expires_at"] == "2099-01-01 00:00:00+00:00"
    assert len(basic["secret"]) >= 43
    (pair,) = told(convene(tmp_path, "key", "add", "--name", "server"))
    assert pair["private_key"].startswith("-----BEGIN PRIVATE KEY-----")
    (tmp_path / "public.pem").write_text(key_pair().public_key)
    (own,) = told(convene(tmp_path, "key", "add", "--name", "own", "--public-key", "public.pem"))
    assert "private_key" not in own and "secret" not in own
    (after,) = told(convene(tmp_path, "key", "rotate", basic["id"], "--overlap-hours", "1"))
    assert after["secret"] != basic["secret"] and after["scopes"] == basic["scopes"]
    (ended,) = told(convene(tmp_path, "key", "expire", own["id"]))
    listed = {key["id"]: key for key in told(convene(tmp_path, "key", "list"))}
    assert len(listed) == 5
    assert listed[own["id"]]["expires_at"] == ended["expires_at"] is not None
    assert listed[basic["id"]]["expires_at"] < basic["expires_at"]
    for secret in (basic["secret"], pair["private_key"]):
        assert secret.splitlines()[-2:][0] not in json.dumps(list(listed.values()))


def test_wrong_keys_are_one_line(tmp_path: Path) -> None:
    with_an_application(tmp_path)
    for arguments, message in (
        (("add", "--name", "x", "--secret", "--scopes", "rooms:delete"), "There is no scope rooms:delete"),
        (("add", "--name", "x", "--secret", "--public-key", "x.pem"), "either"),
        (("add", "--name", "x", "--public-key", "nowhere.pem"), "nowhere.pem"),
        (("add", "--name", "x", "--secret", "--expires", "soon"), "soon is not a time"),
        (("add", "--name", "x", "--secret", "--expires", "2020-01-01"), "must lie ahead"),
        (("add", "--name", "x", "--secret", "--app", "nobody"), "no such application"),
        (("expire", "nothing"), "no such key"),
        (("rotate", "nothing"), "no such key"),
    ):
        ended = convene(tmp_path, "key", *arguments)
        assert ended.returncode == 1
        assert one_line(ended.stderr) and message in ended.stderr
