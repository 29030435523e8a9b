"""Of whom nothing may be in the recording: each person's own word as he came in, and the room's word on everybody since."""

import json
from typing import Any


class Consents:
    """`metadata` is the room's, as it was when the recording was ordered; `hear` takes each that comes after.

    Answers have numbers that grow. The room's `consents` is the number up to which its `unrecorded` is true; a person's attribute
    is `<answer>.<number>`. The later word counts, whichever was heard first. Who has no attribute and is not named is recorded.
    """

    def __init__(self, metadata: str) -> None:
        self.number = 0
        self.unrecorded: frozenset[str] = frozenset()
        self.hear(metadata)

    def hear(self, metadata: str) -> None:
        """Takes in what the room shows, unless it is older than what is known, or says nothing of this."""
        told = read(metadata)
        number, unrecorded = told.get("consents"), told.get("unrecorded")
        # Race: several senders show the room's metadata; an older state may come after a newer one.
        if isinstance(number, int) and isinstance(unrecorded, list) and number >= self.number:
            self.number, self.unrecorded = number, frozenset(unrecorded)

    def withholds(self, identity: str, word: str) -> bool:
        """Whether the person with this attribute `consent` (empty: none) is to be left out."""
        answer, _, number = word.partition(".")
        if number.isdecimal() and int(number) > self.number:
            return answer != "agreed"
        return identity in self.unrecorded


def read(metadata: str) -> dict[str, Any]:
    try:
        told = json.loads(metadata)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
