"""The decisions about time and state, as tables."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convene import lifecycle
from convene.errors import Invalid
from convene.lifecycle import (
    Approval,
    KnockState,
    RecordingState,
    RoomType,
    SessionState,
    Standing,
    asks_again_at,
    must_wait,
    standing,
    still_denied,
)

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def test_an_instant_room_lives_ten_minutes() -> None:
    assert lifecycle.room_expiry(RoomType.INSTANT, None, NOW) == NOW + 10 * MINUTE


@pytest.mark.parametrize(
    ("kind", "asked", "message"),
    [
        (RoomType.INSTANT, NOW + DAY, "is not allowed"),
        (RoomType.LONG_TERM, None, "is required"),
        (RoomType.LONG_TERM, NOW + 10 * MINUTE, "more than 10 minutes"),
        (RoomType.LONG_TERM, NOW - DAY, "more than 10 minutes"),
        (RoomType.LONG_TERM, NOW + 1831 * DAY, "at most 5 years"),
    ],
)
def test_an_impossible_expiry_names_field_and_rule(kind: RoomType, asked: datetime | None, message: str) -> None:
    with pytest.raises(Invalid, match=message) as refused:
        lifecycle.room_expiry(kind, asked, NOW)
    assert refused.value.field == "expires_at"


def test_a_long_term_room_expires_when_asked() -> None:
    assert lifecycle.room_expiry(RoomType.LONG_TERM, NOW + 10 * MINUTE + timedelta(milliseconds=1), NOW) > NOW
    assert lifecycle.room_expiry(RoomType.LONG_TERM, NOW + 5 * 365 * DAY, NOW) == NOW + 5 * 365 * DAY


@pytest.mark.parametrize(
    ("closes_at", "expired_at", "available"),
    [
        (NOW + MINUTE, None, True),
        (None, None, True),
        (NOW, None, False),
        (NOW - MINUTE, None, False),
        (NOW + MINUTE, NOW - MINUTE, False),
    ],
)
def test_availability_is_true_on_read(closes_at: datetime | None, expired_at: datetime | None, available: bool) -> None:
    assert lifecycle.room_available(closes_at, expired_at, NOW) is available


@pytest.mark.parametrize(
    ("kind", "after_use", "during", "after"),
    [
        (RoomType.INSTANT, False, None, NOW + 10 * MINUTE),
        (RoomType.LONG_TERM, False, NOW + DAY, NOW + DAY),
        (RoomType.LONG_TERM, True, NOW + DAY, NOW + 10 * MINUTE),
    ],
)
def test_when_a_used_room_closes(kind: RoomType, after_use: bool, during: datetime | None, after: datetime) -> None:
    assert lifecycle.closes_during_use(kind, NOW + DAY) == during
    assert lifecycle.closes_after_use(kind, NOW + DAY, after_use, NOW) == after


def test_a_room_never_closes_later_than_its_expiry() -> None:
    assert lifecycle.closes_after_use(RoomType.LONG_TERM, NOW + MINUTE, True, NOW) == NOW + MINUTE


def test_a_session_is_looked_at_when_it_can_end() -> None:
    grace = timedelta(seconds=20)
    assert lifecycle.session_due(SessionState.OPENING, NOW, None, grace) == NOW + lifecycle.OPENING
    assert lifecycle.session_due(SessionState.RUNNING, NOW, None, grace) is None
    assert lifecycle.session_due(SessionState.RUNNING, NOW, NOW + MINUTE, grace) == NOW + MINUTE + grace
    assert lifecycle.session_due(SessionState.ENDED, NOW, NOW, grace) is None


def test_every_recording_state_leads_to_an_end() -> None:
    over = {RecordingState.UPLOADED, RecordingState.FAILED}
    for state in RecordingState:
        assert (not lifecycle.RECORDING_STEPS[state]) == (state in over)
        assert state in over or lifecycle.recording_may(state, RecordingState.FAILED)


@given(attempt=st.integers(1, 300), age=st.floats(0, 71.9), jitter=st.floats(-1, 1))
def test_the_next_attempt_lies_ahead_and_inside_the_window(attempt: int, age: float, jitter: float) -> None:
    now = NOW + timedelta(hours=age)
    following = lifecycle.next_attempt(attempt, NOW, now, jitter=jitter)
    assert following is not None
    assert now < following <= NOW + lifecycle.WINDOW
    assert following - now <= timedelta(hours=1.2)


def test_retries_double_to_a_quarter_of_an_hour_and_end_after_three_days() -> None:
    waits = [lifecycle.next_attempt(n, NOW, NOW, jitter=0) for n in range(1, 10)]
    assert [(w - NOW).total_seconds() for w in waits if w] == [5, 10, 20, 40, 80, 160, 320, 640, 900]
    assert lifecycle.next_attempt(50, NOW, NOW + lifecycle.WINDOW, jitter=0) is None


def test_retry_after_is_obeyed_up_to_an_hour() -> None:
    for asked, waited in ((30, 30), (7200, 3600), (1, 5)):
        following = lifecycle.next_attempt(1, NOW, NOW, jitter=0, retry_after=timedelta(seconds=asked))
        assert following == NOW + timedelta(seconds=waited)


@pytest.mark.parametrize(
    ("level", "host_came", "waits"),
    [
        (Approval.NONE, False, False),
        (Approval.NONE, True, False),
        (Approval.AFTER_OWNER_ONLY, False, True),
        (Approval.AFTER_OWNER_ONLY, True, False),
        (Approval.EXPLICIT_APPROVAL, False, True),
        (Approval.EXPLICIT_APPROVAL, True, True),
    ],
)
def test_who_must_wait(level: Approval, host_came: bool, waits: bool) -> None:
    assert must_wait(level, host_came=host_came) is waits


@pytest.mark.parametrize(
    ("state", "available", "locked", "waits", "told"),
    [
        (KnockState.WAITING, True, False, True, Standing.WAITING),
        (KnockState.WAITING, True, False, False, Standing.ADMITTED),
        (KnockState.WAITING, True, True, False, Standing.LOCKED),
        (KnockState.WAITING, False, True, True, Standing.ENDED),
        (KnockState.ADMITTED, False, True, True, Standing.ADMITTED),
        (KnockState.DENIED, True, False, False, Standing.DENIED),
    ],
)
def test_what_somebody_at_the_door_is_told(
    state: KnockState, available: bool, locked: bool, waits: bool, told: Standing
) -> None:
    assert standing(state, available=available, locked=locked, waits=waits) is told


def test_who_was_refused_may_ask_again_after_a_minute_three_times() -> None:
    assert [asks_again_at(denials, NOW) for denials in (1, 2, 3, 4)] == [NOW + MINUTE] * 3 + [None]


def test_a_denial_is_over_with_its_session() -> None:
    assert [still_denied(*pair) for pair in ((None, None), (None, "b"), ("a", "a"), ("a", "b"), ("a", None))] == [
        True,
        True,
        True,
        False,
        False,
    ]
