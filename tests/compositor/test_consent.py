"""Whom the recorder leaves out: the later word counts, and whoever is left out leaves nothing behind."""

import json

import pytest

from convene.compositor.consent import Consents
from convene.compositor.scene import Scene


def state(number: int, *unrecorded: str) -> str:
    return json.dumps({"recording": None, "consents": number, "unrecorded": unrecorded})


@pytest.mark.parametrize(
    ("word", "named", "withheld"),
    [
        ("", False, False),  # a client that does not know the question
        ("", True, True),
        ("agreed.4", True, True),  # taken back since
        ("agreed.6", True, False),  # agreed after what the room says
        ("undecided.4", False, False),  # agreed since
        ("undecided.5", True, True),
        ("undecided.6", False, True),  # the room does not know him yet
        ("declined.6", False, True),
        ("agreed.", True, True),
        ("declined.x", False, False),
    ],
)
def test_the_later_word_counts(word: str, named: bool, withheld: bool) -> None:
    consents = Consents(state(5, *(["p1"] if named else [])))
    assert consents.withholds("p1", word) is withheld


@pytest.mark.parametrize("heard", ["", "{}", "[]", "null", state(4), '{"consents": "9", "unrecorded": []}', "{"])
def test_what_is_older_or_says_nothing_changes_nothing(heard: str) -> None:
    consents = Consents(state(5, "p1"))
    consents.hear(heard)
    assert consents.withholds("p1", "undecided.3")
    consents.hear(state(6))
    assert not consents.withholds("p1", "undecided.3")


def test_nothing_stays_of_who_is_banished_not_even_while_the_engine_is_away() -> None:
    scene = Scene(1280, 720, only_owner=False, now=lambda: 1.0)
    for who in ("p1", "p2"):
        scene.enter(who, who, host=False)
        scene.picture((who, "camera"))
        scene.picture((who, "screen"))
    scene.speak(frozenset({"p1"}))
    scene.hold()
    scene.banish("p1")
    assert {place.key[0] for place in scene.arrange().places} == {"p2"}
    assert {who for who, _ in (*scene.pictures, *scene.arrange().wanted)} == {"p2"}
