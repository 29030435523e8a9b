"""People for tests of recordings and for the bench: each has a camera that flashes and a microphone that beeps, together.

Person `i` shows a white patch for two pictures and beeps for 80 ms (at a pitch of their own) in the same 40 ms step, once a second. The
steps lie on the machine's monotonic clock, so that a judge (`judge.py`) finds offset and delay of picture and sound in any recording.

    python -m tests.publish --url ws://127.0.0.1:7880 --room R --key K --secret S -n 4 [--height 360] [--mode encoded|raw] [--rate 25]

Commands on stdin, each answered by `done <command>`: camera_off I, camera_on I, microphone_off I, microphone_on I, leave I, join I,
share I, unshare I, quit. `encoded` sends VP8 that was encoded beforehand (cheap: for load), `raw` lets the SDK encode, with simulcast.
"""

import argparse
import asyncio
import colorsys
import hashlib
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import TextIO

import av
import numpy as np
from livekit import api, rtc
from livekit.rtc._ffi_client import FfiClient
from livekit.rtc._proto import ffi_pb2, room_pb2, video_frame_pb2

FPS = 25
RATE = 48_000
LOOP_SECONDS = 4
LATE = 0.1  # seconds behind its time when a step is over
SIZES = {180: (320, 180, 160_000), 360: (640, 360, 450_000), 720: (1280, 720, 1_700_000), 1080: (1920, 1080, 2_500_000)}
# Sizes that no tile has: portrait, and odd in both directions.
ODD_SIZES = {"portrait": (360, 640), "odd": (427, 241)}
Encoded = list[tuple[bytes, bool]]  # (picture, is it a key frame)


def name(i: int) -> str:
    return f"Person {i} Ünal"


def pitch(i: int) -> int:
    """Hertz."""
    return 800 + 250 * i


def step(i: int) -> int:
    """Which 40 ms of each second carries flash and beep."""
    return i * 3 % FPS


def tint(i: int) -> tuple[float, float, float]:
    """The colour that lies over everything a person's camera shows, as RGB factors."""
    return colorsys.hsv_to_rgb(i / 9, 0.75, 1.0)


def pictures(i: int, width: int, height: int, count: int) -> Iterator[np.ndarray]:
    """RGB pictures with the texture, motion and noise of a webcam (flat test cards are far too cheap to encode)."""
    random = np.random.default_rng(7 + i)
    texture = np.zeros((height, width))
    for size in (4, 9, 20, 45, 90):
        coarse = random.normal(0, 1, (height // size + 1, width // size + 1))
        texture += np.kron(coarse, np.ones((size, size)))[:height, :width] * size
    for _ in range(3):
        texture = (texture + np.roll(texture, 1, 0) + np.roll(texture, 2, 1) + np.roll(texture, -1, 0)) / 4
    texture = 70 + 45 * texture / np.abs(texture).max()
    noise = [random.normal(0, 2.2, (height, width)) for _ in range(5)]
    rows, columns = np.mgrid[0:height, 0:width]
    for k in range(count):
        turn = 2 * np.pi * k / count
        across = (columns - width * (0.5 + 0.03 * np.sin(2 * turn))) / (width * 0.13)
        down = (rows - height * (0.45 + 0.02 * np.sin(4 * turn))) / (height * 0.3)
        head = across**2 + down**2 < 1
        luma = texture + noise[k % 5]
        luma[head] = 60 + np.roll(texture, int(6 * np.sin(2 * turn)), 1)[head] * 0.9 + 8 * np.sin(8 * turn)
        bar = int(width * (k % 50) / 50)
        luma[-height // 12 :, bar : bar + width // 20] = 190
        rgb = np.clip(luma[..., None] * tint(i), 0, 200).astype(np.uint8)
        if k % FPS in (step(i), step(i) + 1):  # a patch: a whole white picture would cost a key frame to undo
            rgb[height * 2 // 9 : height * 5 // 9, width * 2 // 9 : width * 7 // 9] = 255
        yield rgb


def encoded(i: int, height: int, seconds: int = LOOP_SECONDS, fps: int = FPS) -> Encoded:
    """A loop of VP8 pictures with a key frame every two seconds, far from the flash. Kept in the temporary folder."""
    width, height, bits = SIZES[height]
    mark = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    kept = Path(tempfile.gettempdir()) / "convene-publish" / f"{mark}-{i}-{height}-{seconds}-{fps}.npz"
    if not kept.exists():
        found = encode(i, (width, height), bits, seconds, fps)
        kept.parent.mkdir(exist_ok=True)
        own = kept.with_suffix(f".{time.monotonic_ns()}.npz")
        data = np.frombuffer(b"".join(data for data, _ in found), np.uint8)
        np.savez(own, data=data, sizes=[len(data) for data, _ in found], keys=[key for _, key in found])
        own.replace(kept)
    with np.load(kept) as store:
        ends = np.cumsum(store["sizes"])
        data = store["data"].tobytes()
        return [
            (data[end - size : end], bool(key))
            for end, size, key in zip(ends, store["sizes"], store["keys"], strict=True)
        ]


def encode(i: int, size: tuple[int, int], bits: int, seconds: int, fps: int) -> Encoded:
    context = av.CodecContext.create("libvpx", "w")
    context.width, context.height, context.pix_fmt = *size, "yuv420p"
    context.time_base, context.framerate, context.bit_rate, context.thread_count = Fraction(1, fps), fps, bits, 2
    context.options = {
        "deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "g": "100",
        "auto-alt-ref": "0", "max-intra-rate": "500", "bufsize": str(bits * 6 // 10),
    }  # fmt: skip
    packets = []
    for k, rgb in enumerate(pictures(i, *size, seconds * fps)):
        frame = av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format="yuv420p")
        frame.pts = k
        frame.pict_type = 1 if k == 0 or k % (2 * fps) == (step(i) + fps // 2) % fps else 0
        packets += context.encode(frame)
    packets += context.encode(None)
    return [(bytes(packet), packet.is_keyframe) for packet in packets]


def microphone(i: int) -> list[bytes]:
    """One second of faint noise and an 80 ms beep, in blocks of 10 ms."""
    time_of = np.arange(RATE) / RATE
    sound = np.random.default_rng(i).normal(0, 40, RATE)
    beep = slice(step(i) * RATE // FPS, step(i) * RATE // FPS + RATE * 80 // 1000)
    sound[beep] += 9000 * np.sin(2 * np.pi * pitch(i) * time_of[beep])
    return [block.tobytes() for block in sound.astype(np.int16).reshape(100, RATE // 100)]


class Person:
    def __init__(self, i: int, options: argparse.Namespace) -> None:
        self.i, self.options = i, options
        self.live = False
        self.screen: rtc.EncodedVideoSource | None = None
        self.held: list[rtc.EncodedVideoFrame] = []
        self.beeps = microphone(i)
        self.width, self.height = ODD_SIZES.get(options.size) or SIZES[options.height][:2]
        if options.mode == "encoded":
            self.loop = encoded(i, options.height, fps=options.rate)
        else:
            frames = (av.VideoFrame.from_ndarray(rgb, "rgb24") for rgb in pictures(i, self.width, self.height, 2 * FPS))
            self.raw = [packed(frame.reformat(format="yuv420p")) for frame in frames]

    async def join(self) -> None:
        options = self.options
        self.started = False
        self.room = rtc.Room()
        token = (
            api.AccessToken(options.key, options.secret)
            .with_identity(f"p{self.i}")
            .with_name(name(self.i))
            .with_attributes({"role": "host" if self.i == 0 else "guest", **options.attributes.get(self.i, {})})
            .with_ttl(timedelta(hours=2))
            .with_grants(api.VideoGrants(room_join=True, room=options.room))
        )
        await self.room.connect(options.url, token.to_jwt(), rtc.RoomOptions(auto_subscribe=False))
        self.audio = rtc.AudioSource(RATE, 1, queue_size_ms=0)
        self.audio_track = rtc.LocalAudioTrack.create_audio_track("microphone", self.audio)
        await self.publish(self.audio_track, rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE))
        if options.mode == "encoded":
            self.video = rtc.EncodedVideoSource(self.width, self.height)
            settings = encoded_options(rtc.TrackSource.SOURCE_CAMERA, SIZES[options.height][2] * 2)
        else:
            self.video = rtc.VideoSource(self.width, self.height)
            settings = rtc.TrackPublishOptions(
                source=rtc.TrackSource.SOURCE_CAMERA, simulcast=options.size == "usual", video_codec=video_frame_pb2.VP8
            )
            settings.video_encoding.max_bitrate = SIZES[options.height][2]
            settings.video_encoding.max_framerate = FPS
        self.video_track = rtc.LocalVideoTrack.create_video_track("camera", self.video)
        await self.publish(self.video_track, settings)
        self.live = True

    async def publish(self, track: rtc.LocalTrack, settings: rtc.TrackPublishOptions) -> rtc.LocalTrackPublication:
        return await self.room.local_participant.publish_track(track, settings)

    async def leave(self) -> None:
        self.live = False
        await self.room.disconnect()

    async def share(self) -> None:
        self.screen_loop = encoded(self.i, 1080, 2)
        source = rtc.EncodedVideoSource(*SIZES[1080][:2])
        track = rtc.LocalVideoTrack.create_video_track("screen", source)
        self.screen_publication = await self.publish(
            track, encoded_options(rtc.TrackSource.SOURCE_SCREENSHARE, 4_000_000)
        )
        self.screen = source

    async def unshare(self) -> None:
        self.screen = None
        await self.room.local_participant.unpublish_track(self.screen_publication.sid)

    def send_picture(self, k: int, at: float) -> None:
        if self.options.mode == "raw":
            frame = rtc.VideoFrame(self.width, self.height, rtc.VideoBufferType.I420, self.raw[k % (2 * FPS)])
            self.video.capture_frame(frame, timestamp_us=int(at * 1e6))
            return
        data, key = self.loop[k % len(self.loop)]
        self.started = self.started or key
        if self.started:
            self.held.append(encoded_frame(data, key, self.width, self.height, at))
        # With --bunched N the pictures of N steps of ten wait, as on bad wifi; the sound does not.
        if not (self.options.bunched and k % 10 < self.options.bunched):
            self.release()
        if self.screen:
            data, key = self.screen_loop[k % len(self.screen_loop)]
            self.screen.capture_frame(encoded_frame(data, key, *SIZES[1080][:2], at))

    def release(self) -> None:
        if self.held:
            self.video.capture_frame(self.held.pop(0))

    def catch_up(self, k: int) -> None:
        """Held pictures go out 10 ms apart: all at once, the sender would thin them."""
        if len(self.held) and self.options.bunched and k % 10 >= self.options.bunched:
            self.release()


def packed(frame: av.VideoFrame) -> bytes:
    """The planes without the padding of their lines, also for odd sizes."""
    planes = (
        np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
        for plane in frame.planes
    )
    return b"".join(plane.tobytes() for plane in planes)


def encoded_frame(data: bytes, key: bool, width: int, height: int, at: float) -> rtc.EncodedVideoFrame:
    return rtc.EncodedVideoFrame(data, width, height, video_frame_pb2.VP8, 0 if key else 1, int(at * 1e6))


def encoded_options(source: int, bitrate: int) -> rtc.TrackPublishOptions:
    options = rtc.TrackPublishOptions(
        source=source,
        simulcast=False,
        video_codec=video_frame_pb2.VP8,
        video_encoder=room_pb2.ENCODER_BACKEND_PRE_ENCODED,
    )
    options.video_encoding.max_bitrate, options.video_encoding.max_framerate = bitrate, FPS
    return options


def pump(people: list[Person], rate: int, late: TextIO, stopping: threading.Event) -> None:
    """Feeds everybody from one thread: sound every 10 ms, `rate` pictures a second, on steps of the monotonic clock.

    Each step that this machine had no time for goes into `late`, as its monotonic seconds: judges must know.
    """
    j, each = int(time.monotonic() * 100) + 20, 100 // rate
    while not stopping.is_set():
        due = j / 100
        time.sleep(max(0.0, due - time.monotonic()))
        for person in people:
            if person.live:
                beep(person, person.beeps[j % 100])
                if j % each:
                    person.catch_up(j // each)
                else:
                    person.send_picture(j // each, due)
        if time.monotonic() - due > LATE:
            print(due, file=late, flush=True)
        j += 1


def beep(person: Person, block: bytes) -> None:
    # The SDK's capture_frame waits for an answer on the loop that made the source; the bare request does not.
    request = ffi_pb2.FfiRequest()
    capture = request.capture_audio_frame
    capture.source_handle = person.audio._ffi_handle.handle
    buffer = np.frombuffer(block, np.int16)
    capture.buffer.data_ptr, capture.buffer.num_channels = buffer.ctypes.data, 1
    capture.buffer.sample_rate, capture.buffer.samples_per_channel = RATE, len(buffer)
    FfiClient.instance.request(request)


async def obey(people: list[Person]) -> None:
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := (await lines.readline()).decode().split():
        command = line[0]
        if command == "quit":
            return
        person = people[int(line[1])]
        switches = {
            "camera_off": person.video_track.mute, "camera_on": person.video_track.unmute,
            "microphone_off": person.audio_track.mute, "microphone_on": person.audio_track.unmute,
        }  # fmt: skip
        if command in switches:
            switches[command]()
        else:
            await {"leave": person.leave, "join": person.join, "share": person.share, "unshare": person.unshare}[
                command
            ]()
        print("done", *line, flush=True)


async def main() -> None:
    parser = argparse.ArgumentParser()
    for option in ("--url", "--room", "--key", "--secret"):
        parser.add_argument(option, required=True)
    parser.add_argument("-n", type=int, default=4)
    parser.add_argument("--height", type=int, choices=sorted(SIZES), default=360)
    parser.add_argument("--mode", choices=["encoded", "raw"], default="encoded")
    parser.add_argument("--size", choices=["usual", *ODD_SIZES], default="usual", help="only with --mode raw")
    parser.add_argument(
        "--rate", type=int, choices=[20, FPS], default=FPS, help="pictures a second; only 25 flash and beep together"
    )
    parser.add_argument("--bunched", type=int, default=0)
    parser.add_argument(
        "--word", nargs=2, action="append", default=[], metavar=("I", "CONSENT"), help="as tokens say it"
    )
    parser.add_argument("--late", type=argparse.FileType("w"), default=os.devnull, help="where late steps are told")
    options = parser.parse_args()
    options.attributes = {int(i): {"consent": consent} for i, consent in options.word}
    people = [Person(i, options) for i in range(options.n)]
    for person in people:
        await person.join()
    stopping = threading.Event()
    pumping = threading.Thread(target=pump, args=(people, options.rate, options.late, stopping), daemon=True)
    pumping.start()
    print("ready", flush=True)
    await obey(people)
    stopping.set()
    pumping.join(2)
    for person in people:
        if person.live:
            await person.leave()


if __name__ == "__main__":
    asyncio.run(main())
