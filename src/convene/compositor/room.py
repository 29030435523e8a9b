"""The recorder's hidden seat in the engine's room: keeps the scene and the voices true, asks for the layers that fit."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from livekit import rtc

from convene.compositor.consent import Consents
from convene.compositor.layout import layer
from convene.compositor.native import Source
from convene.compositor.picture import Frame
from convene.compositor.scene import HOLD, Arrangement, Key, Place, Scene
from convene.compositor.voice import Mixer, Voice

log = logging.getLogger(__name__)

QUALITIES = {
    "low": rtc.VideoQuality.VIDEO_QUALITY_LOW,
    "medium": rtc.VideoQuality.VIDEO_QUALITY_MEDIUM,
    "high": rtc.VideoQuality.VIDEO_QUALITY_HIGH,
}
VIDEO = {rtc.TrackSource.SOURCE_CAMERA: "camera", rtc.TrackSource.SOURCE_SCREENSHARE: "screen"}
UNSEEN = {rtc.ParticipantKind.PARTICIPANT_KIND_EGRESS, rtc.ParticipantKind.PARTICIPANT_KIND_AGENT}
ENDED = {rtc.DisconnectReason.ROOM_DELETED, rtc.DisconnectReason.ROOM_CLOSED}
SENT_AWAY = {rtc.DisconnectReason.PARTICIPANT_REMOVED, rtc.DisconnectReason.DUPLICATE_IDENTITY}


class Seat:
    """Everything here runs on the main thread.

    `arranged(places)` is called with each new arrangement, `lost(reason)` when the engine has let go for good.
    """

    def __init__(
        self,
        scene: Scene,
        mixer: Mixer,
        source: Source,
        *,
        consents: Consents,
        arranged: Callable[[tuple[Place, ...]], None],
        lost: Callable[[Any], None],
    ) -> None:
        self.scene, self.mixer, self.source = scene, mixer, source
        self.consents, self.arranged, self.lost = consents, arranged, lost
        self.room: rtc.Room | None = None
        self.loop = asyncio.get_running_loop()
        self.videos: dict[Key, rtc.RemoteTrackPublication] = {}
        self.asked: dict[str, str | None] = {}  # by track sid: the layer asked for, None = not subscribed
        self.streams: dict[str, Callable[[], object]] = {}  # by track sid: what closes its stream
        self.places: tuple[Place, ...] | None = None
        self.pending = False
        self.changed_at = time.monotonic()  # monotonic seconds of the last track that came

    async def join(self, url: str, token: str) -> None:
        """Raises `rtc.ConnectError`."""
        room = rtc.Room()
        # Nothing is subscribed by itself: people who are not shown cost no decoding.
        await room.connect(url, token, rtc.RoomOptions(auto_subscribe=False))
        self.room = room
        for event, handler in self.handlers().items():
            room.on(
                event, handler
            )  # Race: no await since connect returned, so no event has been dispatched before this.
        self.consents.hear(room.metadata)
        for person in sorted(room.remote_participants.values(), key=arrival):
            self.entered(person)
        self.changed()

    async def leave(self) -> None:
        self.forget()
        if self.room:
            await self.room.disconnect()

    def forget(self) -> None:
        """The connection is dead: its tracks are, too."""
        for close in self.streams.values():
            close()
        self.mixer.voices.clear()
        for record in (self.streams, self.videos, self.asked):
            record.clear()

    def handlers(self) -> dict[Any, Callable[..., None]]:
        return {
            "participant_connected": self.entered,
            "participant_disconnected": self.left,
            "participant_name_changed": lambda person, *_: self.entered(person),
            "participant_attributes_changed": lambda _, person: self.entered(person),
            "room_metadata_changed": lambda _, metadata: self.told(metadata),
            "track_published": self.published,
            "track_unpublished": self.unpublished,
            "track_subscribed": self.subscribed,
            "track_unsubscribed": self.unsubscribed,
            "track_muted": lambda person, publication: self.muted(person, publication, True),
            "track_unmuted": lambda person, publication: self.muted(person, publication, False),
            "active_speakers_changed": self.speaking,
            "reconnecting": self.hold,
            "reconnected": self.hold,
            "disconnected": self.disconnected,
        }

    def entered(self, person: rtc.Participant) -> None:
        if not isinstance(person, rtc.RemoteParticipant):
            return
        if self.withheld(person):
            return self.withdraw(person)
        if person.kind not in UNSEEN:
            self.scene.enter(person.identity, person.name, person.attributes.get("role") == "host")
        for publication in person.track_publications.values():
            self.published(publication, person)
        self.changed()

    def told(self, metadata: str) -> None:
        """People may have agreed to being recorded, or not any more."""
        self.consents.hear(metadata)
        assert self.room is not None
        for person in sorted(self.room.remote_participants.values(), key=arrival):
            self.entered(person)

    def withheld(self, person: rtc.Participant) -> bool:
        return self.consents.withholds(person.identity, person.attributes.get("consent", ""))

    def withdraw(self, person: rtc.RemoteParticipant) -> None:
        """Nothing of him is in the recording from now on; what he sends is not received."""
        for publication in person.track_publications.values():
            self.close_stream(publication.sid)
            if self.asked.pop(publication.sid, None) is not None:
                publication.set_subscribed(False)
            self.videos.pop((person.identity, VIDEO.get(publication.source, "")), None)
        self.scene.banish(person.identity)
        self.changed()

    def left(self, person: rtc.RemoteParticipant) -> None:
        self.scene.leave(person.identity)
        self.changed()

    def published(self, publication: rtc.RemoteTrackPublication, person: rtc.RemoteParticipant) -> None:
        if self.withheld(person):
            return
        if publication.kind == rtc.TrackKind.KIND_AUDIO:
            if self.asked.setdefault(publication.sid, None) is None:
                self.asked[publication.sid] = "sound"
                publication.set_subscribed(True)
        elif publication.source in VIDEO:
            key = person.identity, VIDEO[publication.source]
            self.videos[key] = publication
            self.scene.picture(key)
            self.changed()

    def unpublished(self, publication: rtc.RemoteTrackPublication, person: rtc.RemoteParticipant) -> None:
        self.asked.pop(publication.sid, None)
        key = person.identity, VIDEO.get(publication.source, "")
        # Race: after a reconnect the new publication may be known before the old one is taken back.
        if (known := self.videos.get(key)) and known.sid == publication.sid:
            del self.videos[key]
            self.scene.gone(key)
            self.changed()

    def subscribed(
        self, track: rtc.Track, publication: rtc.RemoteTrackPublication, person: rtc.RemoteParticipant
    ) -> None:
        self.close_stream(publication.sid)
        if self.withheld(person):  # Race: he changed his mind while the track was on its way
            return
        self.changed_at = time.monotonic()
        if track.kind == rtc.TrackKind.KIND_AUDIO:
            voice = self.mixer.voices[publication.sid] = Voice(self.mixer)
            self.streams[publication.sid] = self.source.audio(track, voice.write)
        elif publication.source in VIDEO:
            key = person.identity, VIDEO[publication.source]
            picture = self.scene.picture(key)
            self.muted(person, publication, publication.muted)

            def show(frame: Frame) -> None:
                if picture.put(frame):
                    self.loop.call_soon_threadsafe(self.changed)

            self.streams[publication.sid] = self.source.video(track, show)
            self.asked[publication.sid] = ""  # subscribed, but the layer is still the engine's choice
            self.changed()

    def unsubscribed(
        self, track: rtc.Track, publication: rtc.RemoteTrackPublication, person: rtc.RemoteParticipant
    ) -> None:
        self.close_stream(publication.sid)
        key = person.identity, VIDEO.get(publication.source, "")
        if (known := self.videos.get(key)) is None or known.sid == publication.sid:
            self.scene.gone(key)
            self.changed()

    def close_stream(self, sid: str) -> None:
        self.mixer.voices.pop(sid, None)
        if close := self.streams.pop(sid, None):
            close()

    def muted(self, person: rtc.Participant, publication: rtc.TrackPublication, muted: bool) -> None:
        key = person.identity, VIDEO.get(publication.source, "")
        if picture := self.scene.pictures.get(key):
            (picture.mute if muted else picture.unmute)()
            self.changed()  # a paused screen gives up the stage

    def speaking(self, speakers: list[rtc.Participant]) -> None:
        self.scene.speak(frozenset(person.identity for person in speakers))
        self.changed()

    def hold(self) -> None:
        self.scene.hold()
        self.loop.call_later(HOLD + 0.1, self.release)

    def release(self) -> None:
        if not self.scene.holding:
            self.scene.release(set(self.videos))
            self.changed()

    def disconnected(self, reason: rtc.DisconnectReason.ValueType) -> None:
        name = rtc.DisconnectReason.Name(reason)
        log.info("the engine let go: %s", name, extra={"event": "disconnected"})
        self.hold()
        for identity in list(self.scene.people):
            self.scene.leave(identity)
        self.forget()
        self.lost(reason)

    def changed(self) -> None:
        """Many changes of one moment make one new arrangement."""
        if not self.pending:
            self.pending = True
            self.loop.call_soon(self.arrange)

    def arrange(self) -> None:
        self.pending = False
        arrangement = self.scene.arrange()
        for key, publication in list(self.videos.items()):
            self.ask(publication, arrangement, key)
        if arrangement.places != self.places:
            self.places = arrangement.places
            self.arranged(arrangement.places)

    def ask(self, publication: rtc.RemoteTrackPublication, arrangement: Arrangement, key: Key) -> None:
        sid, height = publication.sid, arrangement.wanted.get(key)
        before = self.asked.get(sid)
        if height is None:
            if before is not None:
                self.asked[sid] = None
                publication.set_subscribed(False)
        elif before is None:
            self.asked[sid] = "coming"  # its layer is asked for when it is here
            publication.set_subscribed(True)
        elif before != "coming" and publication.simulcasted and before != (wish := layer(height)):
            self.asked[sid] = wish
            publication.set_video_quality(QUALITIES[wish])


def arrival(person: rtc.RemoteParticipant) -> tuple[float, str]:
    return person.joined_at.timestamp() if person.joined_at else 0.0, person.identity
