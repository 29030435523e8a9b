"""The JSON that the meeting page and `web.join` exchange. The page's TypeScript types are generated from these."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from convene.lifecycle import RecordingState

Role = Literal["host", "guest"]


class AdmissionProof(BaseModel):
    """An admission: the person's id, and the secret that proves it."""

    id: str = Field(max_length=64)
    key: str = Field(max_length=128)


class Look(BaseModel):
    """Which room; with the host's token from the address, if it is the host's link."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(max_length=64)
    participant_token: str | None = Field(default=None, max_length=4096)


class Join(Look):
    """Look, and come in under this name; with the tab's earlier admission, as the same person."""

    name: str = Field(max_length=400)
    admission: AdmissionProof | None = None


class Mute(BaseModel):
    """Which of a person's tracks to mute."""

    model_config = ConfigDict(extra="forbid")
    source: Literal["microphone", "camera", "screen_share"]


class Features(BaseModel):
    """What the room offers."""

    recording: bool
    chat: bool
    whiteboard: bool
    locale_switcher: bool
    captions: bool


class RoomView(BaseModel):
    """What a person may know of a room before joining."""

    display_name: str
    language: str
    microphone_state: Literal["default", "on", "off"]
    auto_record: bool
    join_approval_level: Literal["none", "after_owner_only", "explicit_approval"]
    features: Features


class RecordingView(BaseModel):
    """A recording as everybody in the meeting sees it; `reason` when it failed."""

    id: str
    state: RecordingState
    started_at: str | None
    reason: str | None
    automatic: bool


class SessionView(BaseModel):
    """The meeting that goes on: since when, with how many people, recorded or not."""

    started_at: str | None
    people: int
    recording: RecordingView | None


class Looked(BaseModel):
    """The answer to a look."""

    role: Role
    room: RoomView
    session: SessionView | None


class EngineAccess(BaseModel):
    """Where and with what the page connects; `url` null: this page's own origin."""

    url: str | None
    token: str


class Joined(BaseModel):
    """The answer to a join."""

    admission: AdmissionProof
    role: Role
    session_id: str
    name: str
    engine: EngineAccess


class FileView(BaseModel):
    """One recording with its link, for the host."""

    id: str
    state: RecordingState
    url: str | None


class SessionState(BaseModel):
    """How the meeting stands for the person who asks."""

    state: Literal["running", "ended"]
    removed: bool
    ended_by_host: bool
    started_at: str | None
    ended_at: str | None
    recording: RecordingView | None
    recordings: list[FileView]


class Refusal(BaseModel):
    """What went wrong: a stable word, and a sentence for people."""

    code: str
    message: str


class Refused(BaseModel):
    """Every refusal of the page's API."""

    error: Refusal
