"""The answers and bodies of this door as the API's document shows them (contract §1.2 to §1.4, §2.5, §3.2 to §3.4)."""

from datetime import datetime
from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict  # pydantic reads the one of typing from Python 3.12 on


class CubeAttendee(TypedDict):
    """Somebody invited: a user by his number, or anybody by an address."""

    id: NotRequired[int]
    email: NotRequired[str]


class CubeNotifyBefore(TypedDict):
    """How long before its start people are reminded: 0 to 55 minutes, 1 to 24 hours, 1 to 30 days, 1 to 4 weeks."""

    metric: Literal["minutes", "hours", "days", "weeks"]
    value: int


class CubeTimezone(TypedDict):
    """`offset`: minutes from UTC."""

    offset: int
    name: str | None


class CubeMeeting(TypedDict):
    """A scheduled meeting. `start_date`, `end_date`: seconds since 1970, as they were sent."""

    _id: str
    name: str
    start_date: int
    end_date: int
    attendees: list[CubeAttendee]
    public: bool
    scheduled: bool
    record: bool
    created_at: datetime
    updated_at: datetime
    host_id: int
    notify: bool
    chat_dialog_id: str | None
    notify_before: CubeNotifyBefore | None
    timezone: CubeTimezone | None


class CubeMeetingPage(TypedDict):
    """A page of meetings."""

    total_entries: int
    skip: int
    limit: int
    items: list[CubeMeeting]


class CubeRecording(TypedDict):
    """A recorded stretch. `duration`: seconds, `size`: megabytes; to an administrator: milliseconds and bytes."""

    _id: str
    room_id: str
    participants_count: int
    participants_ids: list[int]
    file_uid: str
    duration: float
    size: float
    created_at: datetime
    updated_at: datetime
    download_url: str


class CubeUser(TypedDict):
    """A user of the application."""

    id: int
    full_name: str | None
    email: str | None
    login: str | None
    phone: str | None
    website: str | None
    created_at: datetime
    updated_at: datetime
    last_request_at: datetime | None
    external_user_id: int | None
    external_id: str | None
    facebook_id: str | None
    twitter_id: str | None
    blob_id: int | None
    custom_data: str | None
    avatar: str | None
    user_tags: list[str] | None
    timezone: int | None
    is_guest: bool | None


class CubeUserEnvelope(TypedDict):
    """One user."""

    user: CubeUser


class CubeUserPage(TypedDict):
    """A page of users."""

    limit: int
    skip: int
    total_entries: int
    items: list[CubeUser]


class CubeSession(TypedDict):
    """A session. `user` and `user_id`: those of a user's; of the application's alone `user_id` is null."""

    id: int
    user_id: int | None
    application_id: int
    token: str
    ts: int
    nonce: NotRequired[int | None]
    created_at: datetime
    updated_at: datetime
    user: NotRequired[CubeUser]


class CubeSessionEnvelope(TypedDict):
    """One session."""

    session: CubeSession


class CubeRefused(TypedDict):
    """Why not: sentences under `base` and by field; of sessions that cannot be made, an array."""

    errors: dict[str, list[str]] | list[str]


class CubeLink(TypedDict):
    """A link that lets its bearer in as the one it was made for."""

    link: str


class CubeSuccess(TypedDict):
    """It is done."""

    success: bool


class CubeDialog(TypedDict):
    """A meeting's chat; its type is 5."""

    _id: str
    user_id: int
    type: int
    name: str
    description: str | None
    photo: str | None
    created_at: datetime
    updated_at: datetime
    occupants_ids: list[int]
    occupants_count: int
    admins_ids: list[int]
    last_message: str | None
    last_message_date_sent: int | None
    last_message_id: str | None
    last_message_user_id: int | None
    last_message_status: None
    unread_messages_count: int
    pinned_messages_ids: list[str]
    xmpp_room_jid: None
    extensions: None
    permissions: None


class CubeDialogPage(TypedDict):
    """A page of dialogs."""

    total_entries: int
    skip: int
    limit: int
    items: list[CubeDialog]


class CubeMessage(TypedDict):
    """What somebody wrote. `date_sent`: seconds since 1970; `sender_id`: 0 for somebody who is no user; further fields as sent."""

    _id: str
    chat_dialog_id: str
    message: str
    date_sent: int
    sender_id: int
    sender_name: str
    recipient_id: int | None
    read_ids: list[int]
    delivered_ids: list[int]
    attachments: list[dict[str, Any]]
    reactions: dict[str, Any]
    views_count: int
    read: int
    created_at: datetime
    updated_at: datetime


class CubeMessagePage(TypedDict):
    """A page of messages."""

    skip: int
    limit: int
    items: list[CubeMessage]


class CubeIds(TypedDict):
    """Some messages."""

    ids: list[str]


class CubeDeletions(TypedDict):
    """What became of each message that was to be deleted."""

    SuccessfullyDeleted: CubeIds
    NotFound: CubeIds
    WrongPermissions: CubeIds
