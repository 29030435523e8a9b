"""The recorder's door with a stand-in for the compositor: a real process, real files, every way in which it can end."""

import asyncio
import contextlib
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import av
import pytest
import pytest_asyncio

from convene import capture, lifecycle, recordings, sessions
from convene.errors import Unavailable
from convene.lifecycle import RecordingState
from convene.recorder import EMPTY, LOST, Recorder
from convene.recordings import Recording
from tests.test_recordings import Meeting, a_meeting, told
from tests.world import World

STAND_IN = Path(__file__).with_name("stand_in.py")
DEADLINE = 60
T = TypeVar("T")


@pytest_asyncio.fixture
async def meeting(world: World) -> Meeting:
    made = await a_meeting(world)
    await world.engine.create_room(made.session.engine_room)
    return made


def recorder(world: World, mode: str, *, silence: float = 20) -> Recorder:
    return Recorder(world.runtime, command=(sys.executable, "-P", str(STAND_IN), mode), silence=silence)


@asynccontextmanager
async def running(made: Recorder) -> AsyncIterator[Recorder]:
    """The recorder at work; cancelled at the end, as by a killed process but for the tidying up."""
    task = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(world: World, condition: Callable[[], Awaitable[T]], pace: float = 0.1) -> T:
    """Waits for a condition while the world's clock goes on, `pace` seconds at each look."""
    deadline = time.monotonic() + DEADLINE
    while not (found := await condition()):
        assert time.monotonic() < deadline, "waited for too long"
        await asyncio.sleep(0.05)
        world.later(seconds=pace)
    return found


async def latest(world: World, meeting: Meeting) -> Recording:
    found = await world.db.read(recordings.latest, meeting.session.id)
    assert found is not None
    return found


async def reached(world: World, meeting: Meeting, *states: RecordingState, pace: float = 0.1) -> Recording:
    async def there() -> Recording | None:
        now = await latest(world, meeting)
        return now if now.state in states else None

    return await until(world, there, pace)


async def over(world: World, meeting: Meeting, pace: float = 0.1) -> Recording:
    return await reached(world, meeting, RecordingState.UPLOADED, RecordingState.FAILED, pace=pace)


def stored(world: World, recording: Recording) -> float:
    """Seconds of the stored file, whose pictures were all decoded."""
    assert world.runtime.storage.folder is not None
    path = world.runtime.storage.folder.path / recording.key
    assert path.stat().st_size == recording.bytes
    with av.open(path) as media:
        return sum(1 for _ in media.decode(video=0)) / 5


async def kinds(world: World) -> list[str]:
    return [str(body["event"]).removeprefix("recording:") for body in await told(world)]


def left_over(made: Recorder) -> list[str]:
    return [path.name for path in made.folder.iterdir() if path.name != "machine"]


async def has_media(made: Recorder) -> bool:
    """A part with some fragments lies in the folder."""
    return any(path.stat().st_size > 4000 for path in made.folder.glob("*.part*.mp4"))


async def test_from_request_to_file(world: World, meeting: Meeting) -> None:
    async with running(recorder(world, "works")) as made:
        asked = await world.db.write(recordings.request, meeting.session.id)
        active = await reached(world, meeting, RecordingState.ACTIVE)
        assert active.started_at is not None
        await until(world, lambda: has_media(made))
        await world.db.write(recordings.stop, meeting.session.id)
        done = await over(world, meeting)
        assert (done.id, done.state, done.reason) == (asked.id, RecordingState.UPLOADED, None)
        assert stored(world, done) == pytest.approx(done.seconds, abs=1)
        assert await kinds(world) == ["started", "ended", "uploaded"]
        url = str((await told(world))[-1]["url"])
        assert url.startswith(f"http://localhost:8000/recordings/{asked.id}/Weekly%20sync%20")

        async def shown() -> bool:
            seen = json.loads(world.engine.rooms[meeting.session.engine_room].metadata or "{}")
            return bool(seen.get("recording") and seen["recording"]["state"] == "uploaded")

        assert await until(world, shown)
        assert left_over(made) == []


async def test_a_callback_that_comes_days_later_still_gives_the_file(world: World, meeting: Meeting) -> None:
    async with running(recorder(world, "works")):
        await world.db.write(recordings.request, meeting.session.id)
        await reached(world, meeting, RecordingState.ACTIVE)
        await world.db.write(recordings.stop, meeting.session.id)
        await over(world, meeting)
    url = str((await told(world))[-1]["url"])  # what is sent each time is the stored body
    world.later(days=6, hours=23)  # it is tried for three, and may be replayed after that
    answer = await world.client.get(url)
    assert answer.status_code == 200 and answer.headers["content-type"] == "video/mp4"
    world.later(hours=2)
    assert (await world.client.get(url)).status_code == 403


async def test_the_end_of_the_session_ends_it(world: World, meeting: Meeting) -> None:
    async with running(recorder(world, "works")):
        await world.db.write(recordings.request, meeting.session.id)
        await reached(world, meeting, RecordingState.ACTIVE)
        await meeting.end()
        assert (await over(world, meeting)).state is RecordingState.UPLOADED


async def test_an_orderly_end_of_the_recorder_completes_and_stores(world: World, meeting: Meeting) -> None:
    async with running(recorder(world, "works")) as made:
        await world.db.write(recordings.request, meeting.session.id)
        await reached(world, meeting, RecordingState.ACTIVE)
        await made.stop()
        done = await latest(world, meeting)
        assert done.state is RecordingState.UPLOADED and stored(world, done) > 0


async def test_the_longest_time(world: World, meeting: Meeting) -> None:
    short = replace(world.runtime, settings=replace(world.runtime.settings, recording_max_minutes=1))
    async with running(Recorder(short, command=(sys.executable, "-P", str(STAND_IN), "works"))):
        await world.db.write(recordings.request, meeting.session.id)
        done = await over(world, meeting)
        assert done.state is RecordingState.UPLOADED and done.seconds == 60


@pytest.mark.parametrize("after", [2, 5, 9])
async def test_a_killed_compositor_is_followed_by_another_in_the_same_file(
    world: World, meeting: Meeting, after: int
) -> None:
    async with running(recorder(world, f"dies:{after}")) as made:
        asked = await world.db.write(recordings.request, meeting.session.id)
        await until(world, lambda: second_part(made))
        await world.db.write(recordings.stop, meeting.session.id)
        done = await over(world, meeting)
        assert (done.id, done.state) == (asked.id, RecordingState.UPLOADED)
        assert stored(world, done) >= after - 1  # what the first one recorded is in it
        assert await kinds(world) == ["started", "ended", "uploaded"]


async def second_part(made: Recorder) -> bool:
    return any(path.stat().st_size > 2000 for path in made.folder.glob("*.part2.mp4"))


async def test_killed_when_the_session_is_over(world: World, meeting: Meeting) -> None:
    """Nobody goes on: the file is completed from what there is."""
    async with running(recorder(world, "dies:6")):
        await world.db.write(recordings.request, meeting.session.id)
        await reached(world, meeting, RecordingState.ACTIVE, RecordingState.STOPPING)
        await world.db.write(lambda tx: recordings.follow(tx, [sessions.Change("ended", meeting.session.id, "")]))
        done = await over(world, meeting)
        assert done.state is RecordingState.UPLOADED and stored(world, done) > 0


async def test_a_silent_compositor_is_replaced(world: World, meeting: Meeting) -> None:
    async with running(recorder(world, "hangs:4", silence=3)) as made:
        await world.db.write(recordings.request, meeting.session.id)
        await until(world, lambda: second_part(made))
        await world.db.write(recordings.stop, meeting.session.id)
        assert stored(world, await over(world, meeting)) >= 4


async def test_a_full_disk_fails_and_keeps_what_there_is(world: World, meeting: Meeting) -> None:
    async with running(recorder(world, "full:5")):
        await world.db.write(recordings.request, meeting.session.id)
        done = await over(world, meeting)
        assert (done.state, done.reason) == (RecordingState.FAILED, "The disk of the recording machine is full.")
        assert stored(world, done) == 5 and done.stored_at is not None
        assert await kinds(world) == ["started", "ended", "uploaded"]


async def test_a_meeting_that_cannot_be_joined(world: World, meeting: Meeting) -> None:
    async with running(recorder(world, "absent")) as made:
        await world.db.write(recordings.request, meeting.session.id)
        done = await over(world, meeting, pace=2)
        assert (done.state, done.reason, done.stored_at) == (RecordingState.FAILED, LOST, None)
        assert await kinds(world) == ["ended"] and left_over(made) == []
        assert world.now >= done.requested_at + lifecycle.RECORDING_PATIENCE


async def test_the_engine_s_room_went_away_but_the_session_goes_on(world: World, meeting: Meeting) -> None:
    """A restarted engine: the next compositor goes on in the same recording, after the completed file of the first."""
    async with running(recorder(world, "room_ends:4")) as made:
        await world.db.write(recordings.request, meeting.session.id)
        await until(world, lambda: second_part(made))
        await world.db.write(recordings.stop, meeting.session.id)
        done = await over(world, meeting)
        assert done.state is RecordingState.UPLOADED and stored(world, done) > 4


async def test_stopped_before_the_first_picture(world: World, meeting: Meeting) -> None:
    async with running(recorder(world, "hangs:0")):
        await world.db.write(recordings.request, meeting.session.id)
        await reached(world, meeting, RecordingState.STARTING)
        await world.db.write(recordings.stop, meeting.session.id)
        done = await over(world, meeting)
        assert done.reason in (EMPTY, None)  # it may have been quick enough for a picture


async def test_a_storage_that_is_away_loses_nothing(world: World, meeting: Meeting) -> None:
    folder = world.runtime.storage.folder
    assert folder is not None
    blocked = folder.path / world.application_id
    blocked.write_text("a file where a folder should be")
    async with running(recorder(world, "works")) as made:
        await world.db.write(recordings.request, meeting.session.id)
        await reached(world, meeting, RecordingState.ACTIVE)
        await world.db.write(recordings.stop, meeting.session.id)
        waiting = await reached(world, meeting, RecordingState.UPLOADING)
        with pytest.raises(Unavailable):
            await world.runtime.storage.put(made.folder / f"{waiting.id}.mp4", waiting)
        blocked.unlink()
        done = await over(world, meeting)
        assert done.state is RecordingState.UPLOADED and stored(world, done) > 0
        assert await kinds(world) == ["started", "ended", "uploaded"]


async def test_an_engine_that_is_away_is_told_later(world: World, meeting: Meeting) -> None:
    made = recorder(world, "works")
    await world.db.write(recordings.request, meeting.session.id)
    world.engine.away = True
    assert await made.show() is False
    world.engine.away = False
    assert await made.show() is True
    assert '"requested"' in str(world.engine.rooms[meeting.session.engine_room].metadata)
    assert await made.show() is False


async def test_a_deleted_recording_s_file_goes(world: World, meeting: Meeting) -> None:
    async with running(recorder(world, "full:3")):
        await world.db.write(recordings.request, meeting.session.id)
        done = await over(world, meeting)
        path = world.runtime.storage.folder.path / done.key  # type: ignore[union-attr]
        assert path.exists()
        await world.db.write(recordings.delete, world.application_id, done.id)

        async def gone() -> bool:
            return not path.exists()

        assert await until(world, gone)


# --- The recorder itself is killed ----------------------------------------------------------------------------------

PARENT = """
import asyncio, sys
from pathlib import Path
from convene.capture import Compositor

async def main():
    order = {"url": "", "token": "", "only_owner": False, "max_seconds": 9999, "min_free_bytes": 0, "title": ""}
    made = await Compositor.start(order, Path(sys.argv[1]), command=(sys.executable, "-P", sys.argv[2], "works"))
    async for event in made.events():
        print(event, flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("running_on", [True, False])
async def test_kill_9_of_the_recorder_leaves_an_orphan_that_the_next_one_ends(
    world: World, meeting: Meeting, running_on: bool
) -> None:
    made = recorder(world, "works")
    async with running(made):  # it only takes its folder, and with it its name
        await until(world, lambda: exists(made.folder / "machine"))
    machine = (made.folder / "machine").read_text()
    asked = await world.db.write(recordings.request, meeting.session.id)
    assert await world.db.write(recordings.claim, machine)
    out = made.folder / f"{asked.id}.mp4"
    with subprocess.Popen([sys.executable, "-c", PARENT, out, STAND_IN], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        lines = [await asyncio.to_thread(parent.stdout.readline) for _ in range(6)]
        parent.kill()
    orphan = int((made.folder / f"{asked.id}.mp4.lock").read_text())
    assert alive(orphan), lines
    before = length(made.folder / f"{asked.id}.mp4.part.mp4")
    if not running_on:
        await world.db.write(recordings.stop, meeting.session.id)
    async with running(recorder(world, "works")) as second:
        if running_on:
            await until(world, lambda: second_part(second))
            await world.db.write(recordings.stop, meeting.session.id)
        done = await over(world, meeting)
        assert (done.id, done.state) == (asked.id, RecordingState.UPLOADED)
        assert stored(world, done) >= before
        assert await kinds(world) == ["started", "ended", "uploaded"]
    assert not alive(orphan)


def alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and was not fetched by its new parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def exists(path: Path) -> bool:
    return path.exists()


def length(path: Path) -> float:
    with av.open(path) as media:
        return sum(1 for _ in media.demux(video=0)) / 5


async def test_two_compositors_never_write_one_file(tmp_path: Path) -> None:
    order = {"url": "", "token": "", "only_owner": False, "max_seconds": 9999, "min_free_bytes": 0, "title": ""}
    command = (sys.executable, "-P", str(STAND_IN), "works")
    first = await capture.Compositor.start(order, tmp_path / "a.mp4", command=command)
    with pytest.raises(Unavailable):
        await capture.Compositor.start(order, tmp_path / "a.mp4", command=command)
    first.kill()
    assert [event async for event in first.events()][-1:] != ["finished"]
    await capture.release(tmp_path / "a.mp4")


async def test_secrets_of_ours_stay_ours(tmp_path: Path) -> None:
    show = "import os, json; print(json.dumps({'event': ' '.join(os.environ)}))"
    os.environ["CONVENE_ENGINE_SECRET"] = "hush"
    try:
        made = await capture.Compositor.start({}, tmp_path / "a.mp4", command=(sys.executable, "-c", show))
    finally:
        del os.environ["CONVENE_ENGINE_SECRET"]
    (names,) = [event async for event in made.events()]
    assert "PATH" in names.split() and "CONVENE_ENGINE_SECRET" not in names.split()


async def test_one_recorder_for_one_folder(world: World) -> None:
    first, second = recorder(world, "works"), recorder(world, "works")
    async with running(first):
        await until(world, lambda: exists(first.folder / "machine"))
        with (second.folder / "machine").open() as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


async def test_old_leavings_are_swept(world: World, meeting: Meeting) -> None:
    async with running(recorder(world, "works")) as made:
        asked = await world.db.write(recordings.request, meeting.session.id)
        await until(world, lambda: has_media(made))
        mine = next(made.folder.glob(f"{asked.id}*.part.mp4"))
        for name, age in (("old.mp4.part.mp4", 48), ("new.mp4", 1)):
            (made.folder / name).write_bytes(b"")
            moment = world.now.timestamp() - age * 3600
            os.utime(made.folder / name, (moment, moment))
        os.utime(mine, (0, 0))
        await made.sweep()
        assert not (made.folder / "old.mp4.part.mp4").exists()
        assert (made.folder / "new.mp4").exists() and mine.exists()
