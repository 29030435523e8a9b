"""A real engine, real people, the real process: what the file shows and sounds like."""

import json
import signal
import time
import uuid
from pathlib import Path
from statistics import median

import av
import pytest

from convene.compositor import files
from convene.compositor.layout import grid, stage
from tests import publish
from tests.compositor.processes import close_room, compositor, hidden_token, open_room, people, show, small_disk
from tests.judge import Verdict, heard, judge, picture, shows
from tests.livekit_server import LiveKitServer

pytestmark = pytest.mark.acceptance

WIDTH, HEIGHT = 1280, 720
IN_STEP = 80  # milliseconds between picture and sound


@pytest.fixture
def room() -> str:
    return f"room-{uuid.uuid4()}"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "recording.mp4"


def spot(cells: list, index: int) -> tuple[int, int]:
    """A place in a tile that is never covered by flash, head, plate or bar."""
    cell = cells[index]
    return cell.x + cell.width * 88 // 100, cell.y + cell.height * 3 // 10


def in_step(verdict: Verdict, starved: list[float]) -> bool:
    """Whether sound and picture are together in the moments for which the machine had time: those of each person by
    their median, and nine of ten of all."""
    people = [[abs(offset) for offset in person.calm(starved)] for person in verdict.people]
    everybody = sorted(offset for offsets in people for offset in offsets)
    return all(median(offsets) < IN_STEP for offsets in people) and everybody[len(everybody) * 9 // 10] < IN_STEP


async def test_four_people_in_step(engine: LiveKitServer, room: str, out: Path) -> None:
    await open_room(engine.url, room)
    with people(engine.url, room, 4) as present, compositor(engine.url, room, out, title="Planning") as running:
        running.until(9)
        starved = running.until_calm(present, seconds=6, skip=4)
        finished = running.stop()
    assert finished["reason"] == "stopped"
    assert finished["path"] == str(out)
    assert finished["bytes"] == out.stat().st_size
    assert not files.part_path(out).exists()
    cells = grid(4, WIDTH, HEIGHT)
    verdict = judge(out, cells, skip=4)
    assert abs(verdict.video_seconds - finished["seconds"]) < 0.1
    assert abs(verdict.video_seconds - verdict.audio_seconds) < 0.1
    assert verdict.sound_gaps == 0
    assert in_step(verdict, starved), verdict.people
    image = picture(out, 8.0)
    assert all(shows(image, i, spot(cells, i)) for i in range(4))


async def test_in_step_when_pictures_come_in_bunches(engine: LiveKitServer, room: str, out: Path) -> None:
    await open_room(engine.url, room)
    with people(engine.url, room, 2, "--bunched", "4") as present, compositor(engine.url, room, out) as running:
        starved = running.until_calm(present, seconds=12, skip=5)
        running.stop()
    verdict = judge(out, grid(2, WIDTH, HEIGHT), skip=5)
    assert in_step(verdict, starved), verdict.people


async def test_the_file_is_what_players_want(engine: LiveKitServer, room: str, out: Path) -> None:
    await open_room(engine.url, room)
    with people(engine.url, room, 1), compositor(engine.url, room, out) as running:
        running.until(3)
        running.stop()
    head = out.read_bytes()[:4096]
    assert head.index(b"moov") < 100  # the index is in front: playing starts before all is loaded
    with av.open(out) as media:
        video, audio = media.streams.video[0], media.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert (video.width, video.height) == (WIDTH, HEIGHT)
        assert video.average_rate is not None
        assert 20 <= video.average_rate <= 25  # pictures that a stalled machine missed last longer
        assert (video.codec_context.pix_fmt, video.codec_context.color_range) == ("yuv420p", 1)


async def test_killed_and_continued(engine: LiveKitServer, room: str, out: Path) -> None:
    await open_room(engine.url, room)
    with people(engine.url, room, 2) as present:
        with compositor(engine.url, room, out) as running:
            running.wait("started")
            began = time.monotonic()
            written = running.until(6)["seconds"]
            behind = time.monotonic() - began
            running.kill()
        kept = out.parent / "kept.mp4"
        part = files.part_path(out)
        part_copy = Path(files.part_path(kept))
        part_copy.write_bytes(part.read_bytes())
        recovered = files.recover(part_copy, kept)
        assert recovered is not None
        assert recovered.seconds > written - 1.5, f"{written} s were encoded ({behind} s by the clock)"
        assert judge(kept, grid(2, WIDTH, HEIGHT), skip=3).sound_gaps == 0

        with compositor(engine.url, room, out) as running:
            running.until(6)
            starved = running.until_calm(present, seconds=6, skip=3)
            finished = running.stop()
    assert finished["seconds"] > recovered.seconds + 5
    verdict = judge(out, grid(2, WIDTH, HEIGHT))
    assert abs(verdict.video_seconds - verdict.audio_seconds) < 0.3
    second = judge(out, grid(2, WIDTH, HEIGHT), skip=recovered.seconds + 3)
    assert in_step(second, [recovered.seconds + moment for moment in starved]), second.people
    assert list(out.parent.glob("recording.mp4.*")) == []


async def test_cameras_off_and_people_who_come_and_go(engine: LiveKitServer, room: str, out: Path) -> None:
    await open_room(engine.url, room)
    with people(engine.url, room, 3) as present, compositor(engine.url, room, out) as running:
        moments = {}
        running.until(5)
        for order in ("camera_off 1", "camera_on 1", "leave 2", "join 2"):
            present.do(order)
            moments[order] = running.now() + 5  # a key frame comes every two seconds
            running.until(moments[order] + 0.5)
        running.stop()
    three, two = grid(3, WIDTH, HEIGHT), grid(2, WIDTH, HEIGHT)
    off = picture(out, moments["camera_off 1"])
    assert shows(off, 0, spot(three, 0))
    assert not shows(off, 1, spot(three, 1))
    assert shows(off, 2, spot(three, 2))
    assert shows(picture(out, moments["camera_on 1"]), 1, spot(three, 1))
    left = picture(out, moments["leave 2"])
    assert shows(left, 0, spot(two, 0))
    assert shows(left, 1, spot(two, 1))
    assert shows(picture(out, moments["join 2"]), 2, spot(three, 2))
    assert judge(out, three).missing_pictures < 25 * 2  # two seconds of a stalled machine; a hole would be longer


async def test_a_shared_screen_is_large(engine: LiveKitServer, room: str, out: Path) -> None:
    await open_room(engine.url, room)
    with people(engine.url, room, 2) as present, compositor(engine.url, room, out) as running:
        running.until(3)
        present.do("share 1")
        shared = running.now() + 4
        running.until(shared + 0.5)
        present.do("unshare 1")
        over = running.now() + 2
        running.until(over + 0.5)
        running.stop()
    large, *strip = stage(2, WIDTH, HEIGHT)
    image = picture(out, shared)
    assert shows(image, 1, (large.width // 10, HEIGHT // 2))
    assert shows(image, 1, (large.width * 9 // 10, HEIGHT // 2))
    assert all(shows(image, i, spot(strip, i)) for i in range(2))
    image = picture(out, over)
    assert all(shows(image, i, spot(grid(2, WIDTH, HEIGHT), i)) for i in range(2))


async def test_only_the_owner_is_seen_and_everybody_heard(engine: LiveKitServer, room: str, out: Path) -> None:
    await open_room(engine.url, room)
    with people(engine.url, room, 3), compositor(engine.url, room, out, only_owner=True) as running:
        running.until(8)
        running.stop()
    cells = grid(1, WIDTH, HEIGHT)
    assert shows(picture(out, 6.0), 0, spot(cells, 0))
    verdict = judge(out, cells * 3)
    assert verdict.people[0].flashes >= 4
    assert all(person.beeps >= 5 for person in verdict.people)


async def test_who_has_not_agreed_is_neither_seen_nor_heard(engine: LiveKitServer, room: str, out: Path) -> None:
    """Person 1 comes in undecided, sharing his screen, and agrees; person 2 comes in agreed and takes it back."""
    await open_room(engine.url, room)
    words = ("--word", "1", "undecided.3", "--word", "2", "agreed.2")
    order = {"metadata": json.dumps({"consents": 2, "unrecorded": []})}
    with people(engine.url, room, 3, *words) as present, compositor(engine.url, room, out, **order) as running:
        present.do("share 1")
        running.until(6)
        before = running.now()
        await show(engine.url, room, json.dumps({"consents": 4, "unrecorded": []}))
        running.wait("progress", people=3)
        agreed = running.now()
        running.until(agreed + 5)
        await show(engine.url, room, json.dumps({"consents": 5, "unrecorded": ["p2"]}))
        while running.wait("progress")["people"] > 2:
            pass
        withdrawn = running.now() + 1
        running.until(withdrawn + 4)
        running.stop()
    cells = grid(2, WIDTH, HEIGHT)
    image = picture(out, before - 1)
    assert shows(image, 0, spot(cells, 0)) and shows(image, 2, spot(cells, 1))
    for at, who in ((agreed + 4, (0, 2, 1)), (withdrawn + 3, (0, 1))):
        large, *strip = stage(len(who), WIDTH, HEIGHT)
        image = picture(out, at)
        assert shows(image, 1, (large.width // 10, HEIGHT // 2))
        assert all(shows(image, i, spot(strip, place)) for place, i in enumerate(who))
    assert min(heard(out, 1)) > before and max(heard(out, 1)) > withdrawn
    assert min(heard(out, 2)) < before and max(heard(out, 2)) < withdrawn
    assert max(heard(out, 0)) > withdrawn


@pytest.mark.parametrize("size", list(publish.ODD_SIZES))
async def test_pictures_of_any_shape(engine: LiveKitServer, room: str, out: Path, size: str) -> None:
    await open_room(engine.url, room)
    with people(engine.url, room, 1, "--mode", "raw", "--size", size), compositor(engine.url, room, out) as running:
        running.until(6)
        running.stop()
    image = picture(out, 5.0)
    assert shows(image, 0, (WIDTH // 2, HEIGHT // 6))
    assert shows(image, 0, (WIDTH // 20, HEIGHT // 2)) is (size == "odd")  # portrait has bars


async def test_the_engine_is_killed_and_comes_back(room: str, out: Path, engine: LiveKitServer) -> None:
    await open_room(engine.url, room)
    with people(engine.url, room, 2), compositor(engine.url, room, out) as running:
        running.until(5)
        engine.kill()
        engine.start_again()
        await open_room(engine.url, room)
        back = running.until(running.now() + 15)["seconds"]
        finished = running.stop()
    assert finished["reason"] == "stopped"
    cells = grid(2, WIDTH, HEIGHT)
    verdict = judge(out, cells)
    assert verdict.sound_gaps == 0
    assert verdict.video_seconds > back
    image = picture(out, back - 0.5)
    assert all(shows(image, i, spot(cells, i)) for i in range(2))


async def test_it_ends_with_the_room(engine: LiveKitServer, room: str, out: Path) -> None:
    await open_room(engine.url, room)
    with compositor(engine.url, room, out, title="Nobody yet") as running:
        running.until(2)
        await close_room(engine.url, room)
        finished = running.ended()
    assert finished["reason"] == "room_ended"
    assert files.measured(out).seconds > 1.5
    assert picture(out, 1.0).max() > 200  # the card has its words


async def test_a_signal_finishes_it(engine: LiveKitServer, room: str, out: Path) -> None:
    await open_room(engine.url, room)
    with compositor(engine.url, room, out) as running:
        running.until(2)
        running.process.send_signal(signal.SIGTERM)
        assert running.ended()["reason"] == "signal"


async def test_it_ends_at_its_maximum_length(engine: LiveKitServer, room: str, out: Path) -> None:
    await open_room(engine.url, room)
    with compositor(engine.url, room, out, max_seconds=3) as running:
        finished = running.ended()
    assert finished["reason"] == "max_length"
    assert 2 < finished["seconds"] < 6


async def test_without_a_parent_it_records_on_for_its_lease(engine: LiveKitServer, room: str, out: Path) -> None:
    await open_room(engine.url, room)
    with compositor(engine.url, room, out, lease=3) as running:
        running.until(2)
        assert running.process.stdin
        running.process.stdin.close()
        finished = running.ended()
    assert finished["reason"] == "orphaned"
    assert finished["seconds"] > 4.5


async def test_a_full_disk_keeps_what_there_is(engine: LiveKitServer, room: str, tmp_path: Path) -> None:
    await open_room(engine.url, room)
    with small_disk(tmp_path, kilobytes=600) as small:
        with people(engine.url, room, 4), compositor(engine.url, room, small / "r.mp4", min_free_bytes=0) as running:
            failed = running.wait("failed")
            assert running.process.wait(60) == 1
        assert failed["reason"] == "The disk of the recording machine is full."
        assert failed["seconds"] > 2
        assert judge(Path(failed["path"]), grid(4, WIDTH, HEIGHT)).sound_gaps == 0


async def test_a_disk_without_room_is_refused_at_once(engine: LiveKitServer, room: str, out: Path) -> None:
    with compositor(engine.url, room, out, min_free_bytes=10**18) as running:
        failed = running.wait("failed")
        assert running.process.wait(60) == 1
    assert (failed["code"], failed["path"]) == ("disk_full", None)


async def test_a_room_that_cannot_be_joined(engine: LiveKitServer, room: str, out: Path) -> None:
    with compositor(engine.url, room, out) as running:
        failed = running.wait("failed")
        assert running.process.wait(60) == 1
    assert (failed["code"], failed["path"]) == ("cannot_join", None)
    assert not any(hidden_token(room).split(".")[1] in line for line in running.log)
