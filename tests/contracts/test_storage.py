"""One suite over both storages: our own folder with our own door, and an S3 server."""

import re
import stat
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from convene import recordings
from convene.config import load
from convene.errors import Unavailable
from convene.recordings import Capture, Recording
from convene.runtime import Runtime
from convene.storage import LONGEST_LINK, Bucket, Storage, content_disposition
from convene.web import files
from fastapi import FastAPI
from tests import s3
from tests.test_recordings import HERE, a_meeting
from tests.world import World

NAME = 'Übung "x"'
BODY = bytes(range(256)) * 40_000  # 10 MB: an upload in several parts


@dataclass
class Shelf:
    """A storage, one stored recording, and a client that can open links of both kinds."""

    world: World
    storage: Storage
    recording: Recording
    client: httpx.AsyncClient
    path: Path

    async def get(self, url: str, **headers: str) -> httpx.Response:
        return await self.client.get(url, headers=headers)


@pytest.fixture(scope="module")
def bucket() -> Iterator[tuple[str, s3.Gate]]:
    with s3.server("recordings") as made:
        yield made


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One database is enough here."""
    return f"sqlite:///{tmp_path / 'convene.db'}"


@pytest_asyncio.fixture(params=["folder", "s3"])
async def shelf(
    world: World, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Shelf]:
    world.now = datetime.now(UTC).replace(microsecond=0)
    settings = world.runtime.settings
    transport: httpx.AsyncBaseTransport = httpx.AsyncHTTPTransport()
    if request.param == "s3":
        endpoint, _ = request.getfixturevalue("bucket")
        for name, value in (("ACCESS_KEY_ID", s3.KEY), ("SECRET_ACCESS_KEY", s3.SECRET), ("REGION", s3.REGION)):
            monkeypatch.setenv(f"AWS_{name}", value)
        settings = replace(settings, storage_url="s3://recordings/kept", storage_endpoint=endpoint)
    storage = Storage(settings, clock=lambda: world.now)
    await storage.open()
    if request.param == "folder":
        transport = httpx.ASGITransport(door(world, storage))
    recording = await a_stored_recording(world, storage, tmp_path)
    async with httpx.AsyncClient(transport=transport) as client:
        yield Shelf(world, storage, recording, client, tmp_path / "file.mp4")
    await storage.close()


def door(world: World, storage: Storage) -> FastAPI:
    made = world.runtime
    app = FastAPI()
    app.include_router(files.router(Runtime(made.settings, made.db, made.engine, storage, made.courier)))
    return app


async def a_stored_recording(world: World, storage: Storage, tmp_path: Path) -> Recording:
    (tmp_path / "file.mp4").write_bytes(BODY)
    meeting = await a_meeting(world)
    asked = await world.db.write(recordings.request, meeting.session.id)
    await world.db.write(recordings.claim, HERE)
    await world.db.write(recordings.finished, asked.id, 1, Capture(9, world.now))
    claim = await world.db.write(recordings.claim_upload, HERE)
    assert claim is not None
    kept = replace(claim.recording, display_name=NAME)
    assert await storage.put(tmp_path / "file.mp4", kept) == len(BODY)
    await world.db.write(recordings.uploaded, asked.id, claim.attempt, size=len(BODY), url="")
    return kept


async def test_check_really_writes_and_reads(shelf: Shelf) -> None:
    await shelf.storage.check()


async def test_a_link_gives_the_whole_file(shelf: Shelf) -> None:
    url = await shelf.storage.link(shelf.recording)
    answer = await shelf.get(url)
    assert answer.status_code == 200 and answer.content == BODY
    assert answer.headers["content-type"] == "video/mp4" and answer.headers["cache-control"] == "private"
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert "filename*=UTF-8''" in answer.headers["content-disposition"]
    assert shelf.path.exists()  # the caller deletes its own copy when it is sure


@pytest.mark.parametrize(
    ("asked", "found"), [("bytes=0-0", BODY[:1]), ("bytes=10-19", BODY[10:20]), ("bytes=-5", BODY[-5:]), ("bytes=9999990-", BODY[9_999_990:])]
)
async def test_ranges(shelf: Shelf, asked: str, found: bytes) -> None:
    answer = await shelf.get(await shelf.storage.link(shelf.recording), Range=asked)
    assert answer.status_code == 206 and answer.content == found
    assert answer.headers["content-range"].endswith(f"/{len(BODY)}")


async def test_a_range_beyond_the_end(shelf: Shelf) -> None:
    answer = await shelf.get(await shelf.storage.link(shelf.recording), Range=f"bytes={len(BODY)}-")
    assert answer.status_code == 416


async def test_a_link_is_for_its_own_file_alone(shelf: Shelf) -> None:
    url = await shelf.storage.link(shelf.recording)
    for other in (url.replace(shelf.recording.id, "0" * 36), url.partition("?")[0], tampered(url)):
        assert (await shelf.get(other)).status_code in (403, 404), other


def tampered(url: str) -> str:
    """The same link with another signature."""
    return re.sub(r"(?i)(signature=)(.)", lambda found: found[1] + ("0" if found[2] != "0" else "1"), url)


async def test_a_link_cannot_change_list_or_delete(shelf: Shelf) -> None:
    url = await shelf.storage.link(shelf.recording)
    for method in ("PUT", "POST", "DELETE", "PATCH"):
        assert (await shelf.client.request(method, url)).status_code in (403, 405), method
    folder = url.partition("?")[0].rpartition("/")[0]
    for listing in (folder, folder + "/", folder + "/?list-type=2"):
        assert (await shelf.get(listing)).status_code in (403, 404), listing
    assert (await shelf.get(url)).status_code == 200


async def test_links_expire(shelf: Shelf) -> None:
    short = Storage(replace(settings_of(shelf), link_minutes=1), clock=lambda: shelf.world.now - timedelta(minutes=1))
    await short.open()
    if short.folder is None:
        short._place = Bucket(settings_of(shelf).storage_url, settings_of(shelf).storage_endpoint, timedelta(0))
        await short.open()
    url = await short.link(shelf.recording)
    assert (await shelf.get(url)).status_code == 403


def settings_of(shelf: Shelf):  # type: ignore[no-untyped-def]
    return shelf.settings


async def test_a_deleted_file_is_gone(shelf: Shelf) -> None:
    url = await shelf.storage.link(shelf.recording)
    await shelf.storage.delete(shelf.recording.key)
    await shelf.storage.delete(shelf.recording.key)  # twice is fine
    assert (await shelf.get(url)).status_code == 404


async def test_putting_twice_is_the_same(shelf: Shelf) -> None:
    assert await shelf.storage.put(shelf.path, shelf.recording) == len(BODY)
    assert (await shelf.get(await shelf.storage.link(shelf.recording))).content == BODY


# --- What only one of them has --------------------------------------------------------------------------------------
