"""A message's text as it is kept: what people typed, without what would only disturb or deceive the others."""

import re
import unicodedata

from convene.errors import Invalid

LIMIT = 2000  # characters
CLIPPED = 120  # characters of a message that an answer to it shows

# Of the invisible signs those stay that join or part letters, hold emoji together, or say which way a word runs. Embeddings and
# overrides of the direction (Unicode TR #36 §2.5) go: with them a text looks like another one.
_KEPT = {"\u200c", "\u200d", "\u200e", "\u200f", *map(chr, range(0xE0020, 0xE0080))}
_UNSEEN = {"Cc", "Cf", "Co", "Cs", "Cn"}
_LINES = re.compile(r"\n{3,}")


def cleaned(text: str) -> str:
    """NFC, lines ended by `\\n`, no control characters, at most one empty line in a row, no space around.

    Raises Invalid unless something visible of at most LIMIT characters is left.
    """
    whole = re.sub("\r\n?|[\u0085\u2028\u2029]", "\n", unicodedata.normalize("NFC", text)).replace("\t", " ")
    seen = "".join(c for c in whole if c == "\n" or c in _KEPT or unicodedata.category(c) not in _UNSEEN)
    kept = _LINES.sub("\n\n", seen).strip()
    if not any(unicodedata.category(c)[0] not in "CZM" for c in kept):
        raise Invalid("invalid", "Write something.", field="text")
    if len(kept) > LIMIT:
        raise Invalid("invalid", f"Write at most {LIMIT} characters.", field="text")
    return kept


def clipped(text: str) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= CLIPPED else line[: CLIPPED - 1].rstrip() + "…"
