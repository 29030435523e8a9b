"""Frames straight from the SDK's native callback, without the SDK's own streams.

The SDK hands every audio frame to the queue of every audio stream (quadratic: 30 voices cost a whole core) and copies each
picture twice. `Direct` looks up one handler by stream handle instead. It stands on private names of livekit 1.2, so `open_source`
tries it with local tracks first, which need no server, and falls back to `Stock`, the public streams.
"""

import asyncio
import ctypes
import time
from collections.abc import Callable
from typing import Any, Protocol, cast

import numpy as np
from livekit import rtc
from livekit.rtc._ffi_client import FfiClient, FfiHandle
from livekit.rtc._proto import audio_frame_pb2, ffi_pb2, video_frame_pb2

from convene.compositor.picture import Frame
from convene.compositor.planes import Plane
from convene.compositor.voice import RATE, Samples

OnFrame = Callable[[Frame], object]
OnSamples = Callable[[Samples, float], object]
I420 = video_frame_pb2.VideoBufferType.I420
AUDIO_FRAME_MS = 80  # each frame costs an event of the SDK, whatever is in it
PROBE_SECONDS = 2.0


class Source(Protocol):
    """Where frames come from. Each call returns what ends the stream. Handlers run on any thread and must be quick."""

    def audio(self, track: Any, on_samples: OnSamples) -> Callable[[], object]: ...

    def video(self, track: Any, on_frame: OnFrame) -> Callable[[], object]: ...


class Buffer:
    """Native memory, freed when this is forgotten. The SDK's own handles are also kept in a set: four times the work."""

    __slots__ = ("drop", "handle")

    def __init__(self, drop: Callable[[int], object], handle: int) -> None:
        self.drop, self.handle = drop, handle

    def __del__(self) -> None:
        self.drop(self.handle)


class Direct:
    def __init__(self) -> None:
        self.drop = FfiClient.instance._ffi_lib.livekit_ffi_drop_handle
        self.handlers: dict[int, Callable[[Any], None]] = {}
        self.streams: dict[int, FfiHandle] = {}
        queue = FfiClient.instance.queue
        self.pass_on = queue.put
        queue.put = self.route

    def uninstall(self) -> None:
        FfiClient.instance.queue.put = self.pass_on

    def route(self, event: Any) -> None:
        kind = event.WhichOneof("message")
        if kind not in ("audio_stream_event", "video_stream_event"):
            self.pass_on(event)
            return
        message = getattr(event, kind)
        if message.HasField("eos"):  # the native side has dropped the stream by itself
            if stream := self.streams.pop(message.stream_handle, None):
                stream.mark_consumed()
        elif handler := self.handlers.get(message.stream_handle):
            handler(message.frame_received)
        else:
            # Race: a frame before its handler is known, or after its stream was closed. Unclaimed buffers would never be freed.
            received = message.frame_received
            self.drop((received.frame if kind == "audio_stream_event" else received.buffer).handle.id)

    def audio(self, track: Any, on_samples: OnSamples) -> Callable[[], object]:
        request = ffi_pb2.FfiRequest()
        wish = request.new_audio_stream
        wish.track_handle, wish.type = track._ffi_handle.handle, audio_frame_pb2.AUDIO_STREAM_NATIVE
        wish.sample_rate, wish.num_channels, wish.frame_size_ms, wish.queue_size_frames = RATE, 1, AUDIO_FRAME_MS, 50

        def handle(received: Any) -> None:
            info = received.frame.info
            on_samples(memory(info.data_ptr, 2 * info.samples_per_channel).view(np.int16), time.monotonic())
            self.drop(received.frame.handle.id)

        return self.listen(FfiClient.instance.request(request).new_audio_stream.stream.handle.id, handle)

    def video(self, track: Any, on_frame: OnFrame) -> Callable[[], object]:
        request = ffi_pb2.FfiRequest()
        wish = request.new_video_stream
        wish.track_handle, wish.type = track._ffi_handle.handle, video_frame_pb2.VIDEO_STREAM_NATIVE
        wish.format, wish.normalize_stride, wish.queue_size_frames = I420, True, 2

        def handle(received: Any) -> None:
            buffer = received.buffer
            info, owner = buffer.info, Buffer(self.drop, buffer.handle.id)
            width, height = info.width, info.height
            data = memory(info.data_ptr, packed_size(width, height))
            on_frame(Frame(width, height, received.rotation, data, owner))

        return self.listen(FfiClient.instance.request(request).new_video_stream.stream.handle.id, handle)

    def listen(self, handle: int, handler: Callable[[Any], None]) -> Callable[[], object]:
        self.handlers[handle], self.streams[handle] = handler, FfiHandle(handle)

        def close() -> None:
            self.handlers.pop(handle, None)
            if stream := self.streams.pop(handle, None):
                stream.dispose()

        return close


class Stock:
    """The SDK's public streams, each read by a task of its own (a `VideoStream` never ends by itself: the task is cancelled)."""

    def audio(self, track: Any, on_samples: OnSamples) -> Callable[[], object]:
        async def read() -> None:
            stream = rtc.AudioStream(track, sample_rate=RATE, num_channels=1, frame_size_ms=AUDIO_FRAME_MS, capacity=50)
            async for event in stream:
                on_samples(np.frombuffer(event.frame.data, np.int16), time.monotonic())

        return asyncio.ensure_future(read()).cancel

    def video(self, track: Any, on_frame: OnFrame) -> Callable[[], object]:
        async def read() -> None:
            async for event in rtc.VideoStream(track, capacity=1, format=I420):
                frame = event.frame
                data = np.frombuffer(frame.data, np.uint8)
                on_frame(Frame(frame.width, frame.height, cast(int, event.rotation), data, frame))

        return asyncio.ensure_future(read()).cancel


def memory(address: int, size: int) -> Plane:
    return np.frombuffer(memoryview((ctypes.c_uint8 * size).from_address(address)), np.uint8)


def packed_size(width: int, height: int) -> int:
    return width * height + 2 * ((width + 1) // 2) * ((height + 1) // 2)


async def open_source() -> Source:
    """`Direct` where it works with the installed SDK, else `Stock`."""
    try:
        direct = Direct()
    except Exception:  # private names: whatever a changed SDK raises
        return Stock()
    try:
        if await delivers(direct):
            return direct
    except Exception:  # as above
        pass
    direct.uninstall()
    return Stock()


async def delivers(source: Source) -> bool:
    """Whether the source passes on a local picture and local sound, unharmed, within `PROBE_SECONDS`."""
    loop = asyncio.get_running_loop()
    seen, heard = asyncio.Event(), asyncio.Event()

    def on_frame(frame: Frame) -> None:
        if (frame.width, frame.height) == (64, 32) and abs(int(frame.data[64]) - 77) < 3:
            loop.call_soon_threadsafe(seen.set)

    def on_samples(samples: Samples, _: float) -> None:
        if len(samples) == RATE * AUDIO_FRAME_MS // 1000 and abs(int(samples[-1]) - 1234) < 200:
            loop.call_soon_threadsafe(heard.set)

    camera, microphone = rtc.VideoSource(64, 32), rtc.AudioSource(RATE, 1)
    tracks = (
        rtc.LocalVideoTrack.create_video_track("probe", camera),
        rtc.LocalAudioTrack.create_audio_track("probe", microphone),
    )
    closes = [source.video(tracks[0], on_frame), source.audio(tracks[1], on_samples)]
    picture = rtc.VideoFrame(64, 32, I420, bytes([77]) * packed_size(64, 32))
    sound = rtc.AudioFrame(np.full(RATE // 100, 1234, np.int16).tobytes(), RATE, 1, RATE // 100)

    async def send() -> None:
        while not (seen.is_set() and heard.is_set()):
            camera.capture_frame(picture)
            await microphone.capture_frame(sound)
            await asyncio.sleep(0.01)

    try:
        await asyncio.wait_for(send(), PROBE_SECONDS)
    except TimeoutError:
        return False
    finally:
        for close in closes:
            close()
        await microphone.aclose()
        await camera.aclose()
    return True
