"""One suite over both storages: our own folder with our own door, and an S3 server."""

import asyncio
import re
import stat
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from convene import recordings
from convene.config import Settings
from convene.errors import Unavailable
from convene.recordings import Capture, Recording
from convene.runtime import Runtime
from convene.storage import Storage, content_disposition
from convene.web import files
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
    settings: Settings
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
        yield Shelf(world, storage, recording, settings, client, tmp_path / "file.mp4")
    await storage.close()


def door(world: World, storage: Storage) -> FastAPI:
    made = world.runtime
    app = FastAPI()
    app.include_router(files.router(Runtime(made.settings, made.db, made.engine, storage, made.courier, made.mailer)))
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
    ("asked", "found"),
    [
        ("bytes=0-0", BODY[:1]),
        ("bytes=10-19", BODY[10:20]),
        ("bytes=-5", BODY[-5:]),
        ("bytes=9999990-", BODY[9_999_990:]),
    ],
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
    """The S3 server has its own clock: its link is made to last for no time at all."""
    if shelf.storage.folder is None:
        url = await shelf.storage.link(shelf.recording, timedelta(seconds=1))
        made = datetime.now(UTC)
        while datetime.now(UTC) <= made + timedelta(seconds=3):
            await asyncio.sleep(0.1)
    else:
        url = await shelf.storage.link(shelf.recording)
        shelf.world.later(minutes=shelf.settings.link_minutes)
    assert (await shelf.get(url)).status_code == 403


async def test_a_deleted_file_is_gone(shelf: Shelf) -> None:
    url = await shelf.storage.link(shelf.recording)
    await shelf.storage.delete(shelf.recording.key)
    await shelf.storage.delete(shelf.recording.key)  # twice is fine
    assert (await shelf.get(url)).status_code == 404


async def test_putting_twice_is_the_same(shelf: Shelf) -> None:
    assert await shelf.storage.put(shelf.path, shelf.recording) == len(BODY)
    assert (await shelf.get(await shelf.storage.link(shelf.recording))).content == BODY


# --- What only one of them has --------------------------------------------------------------------------------------


@pytest_asyncio.fixture
async def folder(world: World, tmp_path: Path) -> AsyncIterator[Shelf]:
    """Our own folder and door."""
    world.now = datetime.now(UTC).replace(microsecond=0)
    storage = Storage(world.runtime.settings, clock=lambda: world.now)
    await storage.open()
    recording = await a_stored_recording(world, storage, tmp_path)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door(world, storage))) as client:
        yield Shelf(world, storage, recording, world.runtime.settings, client, tmp_path / "file.mp4")


async def test_if_range_and_head(folder: Shelf) -> None:
    url = await folder.storage.link(folder.recording)
    head = await folder.client.head(url)
    assert head.status_code == 200 and head.content == b"" and head.headers["content-length"] == str(len(BODY))
    same = await folder.get(url, Range="bytes=0-9", **{"If-Range": head.headers["etag"]})
    other = await folder.get(url, Range="bytes=0-9", **{"If-Range": '"another"'})
    assert (same.status_code, len(same.content)) == (206, 10)
    assert (other.status_code, len(other.content)) == (200, len(BODY))


async def test_many_ranges_are_refused_before_the_file_is_read(folder: Shelf) -> None:
    ranges = "bytes=" + ",".join(f"{n}-{n}" for n in range(10_000))
    answer = await folder.get(await folder.storage.link(folder.recording), Range=ranges)
    assert answer.status_code == 416 and len(answer.content) < 100


async def test_a_longer_life_cannot_be_written_into_a_link(folder: Shelf) -> None:
    url = await folder.storage.link(folder.recording)
    later = re.sub(r"expires=(\d+)", lambda found: f"expires={int(found[1]) + 999999}", url)
    assert later != url and (await folder.get(later)).status_code == 403
    for words in ("expires=&signature=", "expires=1e99&signature=00", "expires=%00&signature=%F0%9F%98%80", ""):
        assert (await folder.get(f"{url.partition('?')[0]}?{words}")).status_code == 403, words


async def test_a_link_ends_with_its_recording(folder: Shelf) -> None:
    url = await folder.storage.link(folder.recording)
    await folder.world.db.write(recordings.delete, folder.world.application_id, folder.recording.id)
    assert (await folder.get(url)).status_code == 404  # at once, before the file itself is deleted


async def test_the_key_of_links_is_private_and_shared(folder: Shelf) -> None:
    assert folder.storage.folder is not None
    key = folder.storage.folder.path / ".link-key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600 and len(key.read_bytes()) == 32
    second = Storage(folder.settings, clock=lambda: folder.world.now)
    await asyncio.gather(*(second.open() for _ in range(5)))
    assert await second.link(folder.recording) == await folder.storage.link(folder.recording)
    for path in (".link-key", "../.link-key", "%2e%2e/.link-key", "..%2f.link-key"):
        assert (await folder.get(f"http://localhost/recordings/{path}/x?expires=1&signature=0")).status_code in (
            403,
            404,
        )


async def test_a_storage_that_fails_says_so(world: World, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    nowhere = Storage(replace(world.runtime.settings, storage_url=f"file://{tmp_path}/taken/below"))
    with pytest.raises(Unavailable):
        await nowhere.open()
    with pytest.raises(Unavailable):
        await nowhere.check()


async def test_a_bucket_that_is_away(
    bucket: tuple[str, s3.Gate], world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Revoked keys and an outage are told as Unavailable; the file is not touched."""
    endpoint, _ = bucket
    settings = replace(world.runtime.settings, storage_url="s3://recordings", storage_endpoint=endpoint)
    for name, value in (("ACCESS_KEY_ID", s3.KEY), ("SECRET_ACCESS_KEY", "another"), ("REGION", s3.REGION)):
        monkeypatch.setenv(f"AWS_{name}", value)
    revoked = Storage(settings)
    await revoked.open()
    gone = Storage(replace(settings, storage_endpoint="http://127.0.0.1:1"))
    await gone.open()
    path = tmp_path / "file.mp4"
    path.write_bytes(b"x")
    for storage in (revoked, gone):
        for call in (storage.check(), storage.put(path, Named()), storage.delete("a/b.mp4")):
            with pytest.raises(Unavailable):
                await call
    assert path.read_bytes() == b"x"


class Named:
    key, filename = "a/b.mp4", "b.mp4"


@pytest.mark.parametrize("name", ["a\r\nSet-Cookie: b", 'q"uote', "日本", "\u202eevil", "x" * 300, "50%", "a\\b"])
def test_the_header_stays_whole(name: str) -> None:
    header = content_disposition(name)
    assert header.isascii() and header.isprintable() and header.count('"') == 2
    assert header.startswith('attachment; filename="')
