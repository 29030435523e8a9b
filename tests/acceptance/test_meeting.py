"""The whole line, as its user goes it: a room by the API, two browsers, a recording, the callbacks, the MP4."""

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
from standardwebhooks import Webhook

from tests.platform import Guest, Platform, agree, alive, browser, descendants, platform, until, visit
from tests.receiver import Receiver, receiving

ORDER = [
    "session:started",
    "session:participant:joined",
    "session:participant:joined",
    "recording:started",
    "recording:ended",
    "session:participant:left",
    "session:participant:left",
    "session:ended",
    "room:expired",
]


async def test_from_one_call_to_a_recorded_and_announced_meeting(tmp_path: Path) -> None:
    async with receiving() as heard:
        with platform(tmp_path) as convene:
            urls = {f"{family}_callback_url": heard.url("/ok") for family in ("rooms", "sessions", "recordings")}
            room = await convene.room(callback_urls=urls, metadata="lesson 7")
            async with browser() as chromium:
                host = await visit(chromium, room["_links"]["host_url"]["href"], "Hanna")
                assert "token" not in host.page.url
                guest = await visit(chromium, room["_links"]["guest_url"]["href"], "Gustav")
                await _see_and_hear(host, guest)
                await _record(host, guest, seconds=6)
                await _end_for_everybody(host, guest)
            async with convene.api() as api:
                assert (await api.delete(f"rooms/{room['id']}")).status_code == 204
            events = await until(lambda: _all(heard, 10), why="not all events came", seconds=90)
            _verified(convene, heard)
            await _in_order(events, room)
            await _file(convene, events, tmp_path / "fetched.mp4")
            _no_secrets(convene, room)
            pids = descendants(convene.process.pid)  # type: ignore[union-attr]
            assert convene.stop() == 0
            assert not [pid for pid in pids if alive(pid)]


async def _see_and_hear(*people: Guest) -> None:
    for person in people:
        await until(lambda person=person: person.sees(2), why="two pictures do not run")  # type: ignore[misc]
        await until(person.hears, why="no sound comes")


async def _record(host: Guest, guest: Guest, seconds: float) -> None:
    await host.page.get_by_role("button", name="More").click()
    await host.page.get_by_role("menuitem", name="Start recording").click()
    for person in (host, guest):
        await person.page.get_by_text(re.compile(r"^REC")).first.wait_for(timeout=60_000)
    await agree(guest)  # the host has, by recording
    await asyncio.sleep(seconds)
    await host.page.get_by_role("button", name="More").click()
    await host.page.get_by_role("menuitem", name="Stop recording").click()
    await host.page.get_by_text("Nothing more is recorded").first.wait_for(state="attached", timeout=60_000)


async def _end_for_everybody(host: Guest, guest: Guest) -> None:
    await host.page.get_by_role("button", name="Leave").first.click()
    await host.page.get_by_role("menuitem", name="End for everyone").click()
    await host.page.get_by_role("alertdialog").get_by_role("button", name="End for everyone").click()
    for person in (host, guest):
        await person.page.get_by_role("heading", level=1).filter(has_text="ended").wait_for(timeout=60_000)


async def _all(heard: Receiver, count: int) -> list[dict[str, Any]] | None:
    events = [dict(request.json) for request in heard.requests]
    return events if len(events) >= count else None


def _verified(convene: Platform, heard: Receiver) -> None:
    """Every callback verifies with the official library, and carries the room's metadata."""
    command = ["-m", "convene", "app", "callback-secret"]
    secret = _run(convene, *command).strip()
    for request in heard.requests:
        Webhook(secret).verify(request.body, request.headers)
        assert request.headers["x-convene-metadata"] == "lesson 7"


def _run(convene: Platform, *command: str) -> str:
    environment = os.environ | convene.settings
    return subprocess.run(
        [sys.executable, *command], cwd=convene.folder, env=environment, check=True, capture_output=True, text=True
    ).stdout


async def _in_order(events: list[dict[str, Any]], room: dict[str, Any]) -> None:
    told = [event["event"] for event in events]
    assert told.count("recording:uploaded") == 1
    assert told.index("recording:uploaded") > told.index("recording:ended")

    # People may leave while the recording is still being closed: the order of both lines holds each for itself.
    def line(names: list[str], word: str) -> list[str]:
        return [name for name in names if name.startswith(word)]

    assert line(told, "session") == line(ORDER, "session")
    assert line(told, "recording") == ["recording:started", "recording:ended", "recording:uploaded"]
    assert told[-1] == "room:expired" or told.index("room:expired") > told.index("session:ended")
    people = {event["name"]: event["is_host"] for event in events if event["event"] == "session:participant:joined"}
    assert people == {"Hanna": True, "Gustav": False}
    assert {event["room_id"] for event in events if "room_id" in event} == {room["id"]}


async def _file(convene: Platform, events: list[dict[str, Any]], path: Path) -> None:
    """The MP4 behind the link: by ffprobe, by its pixels, by its sound; and by ranges."""
    uploaded = next(event for event in events if event["event"] == "recording:uploaded")
    async with httpx.AsyncClient(timeout=30) as anyone:
        answer = await anyone.get(uploaded["url"])
        part = await anyone.get(uploaded["url"], headers={"Range": "bytes=0-99"})
        forged = await anyone.get(uploaded["url"][:-2])
    assert answer.status_code == 200
    assert "Weekly sync" in answer.headers["content-disposition"]
    assert (part.status_code, part.content) == (206, answer.content[:100])
    assert forged.status_code == 403
    path.write_bytes(answer.content)
    streams = {stream["codec_type"]: stream for stream in _probe(path)["streams"]}
    assert (streams["video"]["codec_name"], streams["audio"]["codec_name"]) == ("h264", "aac")
    assert (streams["video"]["width"], streams["video"]["height"], streams["video"]["r_frame_rate"]) == (
        1280,
        720,
        "25/1",
    )
    assert abs(float(streams["video"]["duration"]) - uploaded["duration"]) <= 2
    assert _green_share(path) > 0.3  # Chromium's fake camera is green
    assert _loudest(path) > -40  # and its microphone beeps once a second
    async with convene.api() as api:
        listed = (await api.get(f"sessions/{uploaded['session_id']}/recordings")).json()["_embedded"]["recordings"]
    assert [(recording["id"], recording["status"]) for recording in listed] == [(uploaded["recording_id"], "uploaded")]


def _probe(path: Path) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", str(path)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)  # type: ignore[no-any-return]


def _green_share(path: Path) -> float:
    """How much of a picture in the middle is green."""
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-ss",
        "3",
        "-i",
        str(path),
        "-frames:v",
        "1",
        "-vf",
        "scale=64:36",
        "-pix_fmt",
        "rgb24",
        "-f",
        "rawvideo",
        "-",
    ]
    pixels = subprocess.run(command, check=True, capture_output=True).stdout
    triples = [pixels[i : i + 3] for i in range(0, len(pixels), 3)]
    return sum(g > 90 and g > 2 * r and g > 2 * b for r, g, b in triples) / len(triples)


def _loudest(path: Path) -> float:
    """The loudest moment in dB."""
    command = ["ffmpeg", "-hide_banner", "-i", str(path), "-af", "volumedetect", "-vn", "-f", "null", "-"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    return float(text.partition("max_volume:")[2].split()[0])


def _no_secrets(convene: Platform, room: dict[str, Any]) -> None:
    """No secret that was issued stands in any log."""
    written = convene.log + (convene.folder / "out.log").read_text()
    token = room["_links"]["host_url"]["href"].rpartition("=")[2]
    engine = json.loads((convene.data / "engine.json").read_text())["secret"]
    for secret in (convene.first["api_secret"], token, engine, "BEGIN PRIVATE KEY", "access_token=ey", "whsec_"):
        assert secret not in written
