"""The JSON that the meeting page and `web.join` exchange. The page's TypeScript types are generated from these."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from convene.lifecycle import RecordingState, Standing
from convene.tickets import FORM

Role = Literal["host", "guest"]
ConsentWord = Literal["agreed", "declined", "undecided"]
PLAIN = "^[!-~]*$"  # PostgreSQL refuses some characters loudly; no id or key of ours has them
ApprovalLevel = Literal["none", "after_owner_only", "explicit_approval"]


class AdmissionProof(BaseModel):
    """An admission: the person's id, and the secret that proves it."""

    id: str = Field(max_length=64, pattern=PLAIN)
    key: str = Field(max_length=128, pattern=PLAIN)


class Look(BaseModel):
    """Which room, by its code or by the id of its scheduled meeting; with the token from the address, if it is the host's link
    or an attendee's."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(max_length=64)
    participant_token: str | None = Field(default=None, max_length=4096)


class ConsentWords(BaseModel):
    """The words that were shown to somebody who is asked whether he may be recorded: their version, and the language."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(max_length=64, pattern=PLAIN)
    language: str = Field(max_length=35, pattern=PLAIN)


class ConsentGiven(ConsentWords):
    """Whether somebody agrees to being recorded."""

    answer: Literal["agreed", "declined"]


class ConsentAtDoor(ConsentWords):
    """The same on coming in. `undecided`: nothing has been said yet; an earlier answer of the same person stays."""

    answer: ConsentWord


class Join(Look):
    """Look, and come in under this name; with what the tab has of an earlier join (`admission` or `waiting`), as the same
    person. Who sends a `consent` is recorded only if it is `agreed`; a client that sends none is recorded."""

    name: str = Field(max_length=400)
    admission: AdmissionProof | None = None
    consent: ConsentAtDoor | None = None
    ticket: str | None = Field(
        default=None, pattern=FORM
    )  # instead of a token at /rtc/v1, where a look said that it may be


class Mute(BaseModel):
    """Which of a person's tracks to mute."""

    model_config = ConfigDict(extra="forbid")
    source: Literal["microphone", "camera", "screen_share"]


class Lock(BaseModel):
    """Whether the meeting is closed to everybody new but hosts."""

    model_config = ConfigDict(extra="forbid")
    locked: bool = Field(strict=True)


class Asked(BaseModel):
    """What a person is asked to turn on."""

    model_config = ConfigDict(extra="forbid")
    source: Literal["microphone", "camera"]


class RoleChange(BaseModel):
    """What a person is to be for the rest of the meeting."""

    model_config = ConfigDict(extra="forbid")
    role: Literal["host", "cohost", "guest"]


class Spotlight(BaseModel):
    """Whom everybody is to see large; null: nobody."""

    model_config = ConfigDict(extra="forbid")
    person_id: str | None = Field(max_length=64, pattern=PLAIN)


class PermissionChange(BaseModel):
    """What guests may do from now on; what is not named stays as it is."""

    model_config = ConfigDict(extra="forbid")
    microphone: bool | None = Field(default=None, strict=True)
    camera: bool | None = Field(default=None, strict=True)
    share: bool | None = Field(default=None, strict=True)
    chat: bool | None = Field(default=None, strict=True)
    reactions: bool | None = Field(default=None, strict=True)


class Permissions(BaseModel):
    """What guests may do: turn their microphone and camera on, share their screen, write, react."""

    microphone: bool
    camera: bool
    share: bool
    chat: bool
    reactions: bool


class RemovedPerson(BaseModel):
    """Somebody who was removed and is kept out."""

    id: str
    name: str
    removed_at: str


class RemovedList(BaseModel):
    """Who was removed, the earliest first."""

    people: list[RemovedPerson]


class Features(BaseModel):
    """What the room offers."""

    recording: bool
    chat: bool
    whiteboard: bool
    locale_switcher: bool
    captions: bool


class BrandView(BaseModel):
    """What the room's theme puts on: its colour, its name, and pictures by their addresses."""

    main_color: str
    text: str
    logo_on_light: str | None
    logo_on_dark: str | None
    favicon: str | None


class RoomView(BaseModel):
    """What a person may know of a room before joining."""

    display_name: str
    language: str
    microphone_state: Literal["default", "on", "off"]
    locked: bool
    auto_record: bool
    join_approval_level: ApprovalLevel
    recordings_kept_days: int | None  # null: for ever
    features: Features
    brand: BrandView | None


class RecordingView(BaseModel):
    """A recording as everybody in the meeting sees it; `reason` when it failed."""

    id: str
    state: RecordingState
    started_at: str | None
    reason: str | None
    automatic: bool


class SessionView(BaseModel):
    """The meeting that goes on: since when, with how many people, recorded or not. `names`: of the first five of them; empty
    for who may have to wait at the door."""

    started_at: str | None
    people: int
    names: list[str]
    recording: RecordingView | None


class FileView(BaseModel):
    """One recording with its link, for the host."""

    id: str
    state: RecordingState
    started_at: str | None
    url: str | None


class Looked(BaseModel):
    """The answer to a look. `recordings`: the room's newest, oldest first, for a host; when the room is over, the refusal
    (410) has them. `tickets`: whether a page may go to the engine with a ticket of its own while it asks to join."""

    role: Role
    name: str | None  # of the host or attendee whom the token names, if he is a user of the application's
    room: RoomView
    session: SessionView | None
    recordings: list[FileView]
    tickets: bool


class EngineAccess(BaseModel):
    """Where and with what the page connects; `url` null: this page's own origin."""

    url: str | None
    token: str


class MediaPorts(BaseModel):
    """Where the media goes: what a firewall must let through."""

    address: str
    udp: int
    tcp: int


class CheckAccess(BaseModel):
    """The two ends of a connection check, as join tokens for the same room; `url` as in `EngineAccess`. `ports` null: of an
    engine that the operator runs himself, and whose ports are not known here."""

    url: str | None
    sender: str
    listener: str
    ports: MediaPorts | None


class Beat(BaseModel):
    """An event `beat` of `GET /check`, and how many are to follow."""

    left: int


class Joined(BaseModel):
    """The answer to a join. `role`: what the person came as; the room's metadata says what he is now, if that is another.
    `consent`: his answer as it stands, null if he was never asked."""

    admission: AdmissionProof
    role: Role
    session_id: str
    name: str
    engine: EngineAccess
    consent: ConsentWord | None


class Waits(BaseModel):
    """The answer to a join that needs leave: the same join with this proof comes in, once `GET /waiting` says so."""

    waiting: AdmissionProof
    name: str
    level: ApprovalLevel


class AtTheDoor(BaseModel):
    """An event `state` of `GET /waiting`. All states but `waiting` are the last event; `position` counts from 1.

    `retry_after`: seconds until somebody who is `denied` may ask again by `POST /join`; null: not in this session.
    """

    state: Standing
    level: ApprovalLevel
    host_here: bool
    position: int | None
    retry_after: int | None


class WaitingPerson(BaseModel):
    """Somebody who waits for leave."""

    id: str
    name: str
    asked_at: str


class WaitingList(BaseModel):
    """An event `waiting` of `GET /host`: who waits for leave, oldest first."""

    people: list[WaitingPerson]


class ChatDraft(BaseModel):
    """What somebody wants to say, maybe in answer to a message. Sent again with the same `key` it is said once."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(max_length=20_000)
    reply_to: str | None = Field(default=None, max_length=64, pattern=PLAIN)
    key: str | None = Field(default=None, min_length=1, max_length=64, pattern=PLAIN)


class ChatQuote(BaseModel):
    """The beginning of the message that another one answers."""

    id: str
    name: str
    text: str


class ChatMessage(BaseModel):
    """A message; `id` sorts by time. `person_id`: who wrote it in the meeting; null: it was written from elsewhere.

    Of a deleted one `text` is empty. `reply_to` is null also when the message that was answered is deleted.
    """

    id: str
    person_id: str | None
    name: str
    text: str
    reply_to: ChatQuote | None
    key: str | None
    sent_at: str
    deleted_by: Literal["author", "host"] | None


class ChatHistory(BaseModel):
    """Messages, oldest first; `more`: there are others before (or after, if that was asked). `kept_days` null: for ever."""

    messages: list[ChatMessage]
    more: bool
    kept_days: int | None


class ConsentView(BaseModel):
    """An answer to whether somebody may be recorded. `is_current`: he has given no later one."""

    person_id: str
    name: str
    is_host: bool
    answer: ConsentWord
    text: str
    language: str
    answered_at: str
    is_current: bool


class ConsentList(BaseModel):
    """All answers of a meeting, oldest first."""

    consents: list[ConsentView]


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
