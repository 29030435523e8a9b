"""Voices on the timeline, and the look that keeps them in step."""

import numpy as np
import pytest

from convene.compositor.lipsync import BIAS, Look, Reading, ahead
from convene.compositor.voice import BLOCK, RATE, Mixer, Voice

FRAME = RATE // 50


def mixed(mixer: Mixer, seconds: float) -> np.ndarray:
    blocks: list[np.ndarray] = []
    mixer.mix_until(seconds, lambda samples, _: blocks.append(samples))
    return np.concatenate(blocks) if blocks else np.zeros(0, np.int16)


def speak(voice: Voice, value: int, start: float, frames: int, delay: float = 0.0) -> None:
    for k in range(frames):
        voice.write(np.full(FRAME, value, np.int16), start + (k + 1) * 0.02 + delay)


def voice_of(mixer: Mixer, name: str = "a") -> Voice:
    return mixer.voices.setdefault(name, Voice(mixer))


def test_sound_lies_where_it_arrived() -> None:
    mixer = Mixer(0.0)
    speak(voice_of(mixer), 1000, 0.5, 10)
    sound = mixed(mixer, 1.0)
    assert np.flatnonzero(sound)[[0, -1]] == pytest.approx([0.5 * RATE, 0.7 * RATE], abs=RATE // 500)
    assert set(sound) == {0, 1000}


def test_jitter_makes_no_holes() -> None:
    mixer = Mixer(0.0)
    voice = voice_of(mixer)
    for k in range(20):
        voice.write(np.full(FRAME, 7, np.int16), 0.1 + (k + 1) * 0.02 + (0.015 if k % 3 else 0.0))
    sound = mixed(mixer, 0.6)
    heard = np.flatnonzero(sound)
    assert len(heard) == 20 * FRAME == heard[-1] - heard[0] + 1


def test_voices_add_up_and_are_clipped() -> None:
    mixer = Mixer(0.0)
    speak(voice_of(mixer, "a"), 20_000, 0.0, 10)
    speak(voice_of(mixer, "b"), 20_000, 0.0, 10)
    assert mixed(mixer, 0.15).max() == 32_767


def test_the_ring_wraps_and_is_cleared() -> None:
    mixer = Mixer(0.0)
    voice = voice_of(mixer)
    for second in range(5):
        speak(voice, 100 + second, float(second), 50)
        assert set(mixed(mixer, second + 1.0)[BLOCK:]) <= {100 + second, 99 + second}
    assert not mixed(mixer, 7.5)[2 * BLOCK :].any()


def test_what_comes_too_late_is_dropped() -> None:
    mixer = Mixer(0.0)
    mixed(mixer, 1.0)
    voice = voice_of(mixer)
    speak(voice, 5, 0.5, 3)
    assert voice.late == 3


def test_a_voice_that_slows_down_is_followed() -> None:
    mixer = Mixer(0.0)
    voice = voice_of(mixer)
    speak(voice, 1, 0.0, 10)
    for part in range(3):  # its way became 100 ms longer
        speak(voice, 2, 0.2 + part * 0.8, 40, delay=0.1)
        mixed(mixer, 0.8 + part * 0.8)
    before = mixer.position
    speak(voice, 3, 2.6, 10, delay=0.1)
    first = np.flatnonzero(mixed(mixer, 2.9) == 3)[0] + before
    assert first == pytest.approx(2.7 * RATE, abs=RATE // 50)


def test_a_shift_moves_a_voice_at_once() -> None:
    mixer = Mixer(0.0)
    voice = voice_of(mixer)
    speak(voice, 1, 0.0, 10)
    voice.shift = 0.2
    speak(voice, 2, 0.2, 10)
    sound = mixed(mixer, 0.7)
    assert np.flatnonzero(sound == 2)[0] == pytest.approx(0.4 * RATE, abs=RATE // 500)


def reading(taken: float, playout: float = 0.0, waited: float = 0.0, emitted: int = 0, jitter: float = 0.0) -> Reading:
    return Reading(taken, playout, waited, waited, emitted, jitter)


def test_ahead_by_what_both_play_now() -> None:
    now = Look(reading(10.0, playout=500.0), reading(10.01, playout=499.81))
    assert ahead(now, now) == pytest.approx(0.2 - BIAS)


def test_ahead_is_guessed_from_the_waits_before_that_is_known() -> None:
    before = Look(reading(0), reading(0))
    now = Look(reading(1, waited=48_000 * 0.03, emitted=48_000), reading(1, waited=25 * 0.15, emitted=25))
    assert ahead(now, before) == pytest.approx(0.12)
    bunched = now._replace(picture=now.picture._replace(jitter=0.04))
    assert ahead(bunched, before) == pytest.approx(0.2)
    assert ahead(now, now) is None
