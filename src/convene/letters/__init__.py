"""Letters: what a mail says, from stored facts; subject, plain text, HTML and the calendar's part. Pure.

A letter names what happened as it was when it happened. Times are printed in the meeting's time zone, in the reader's language.
"""

from convene.letters.facts import Facts, Guest, Kind, Part, Reader, Recorded
from convene.letters.message import Sender, address_error, as_message
from convene.letters.templates import SAMPLE, BadTemplate, checked
from convene.letters.wording import LANGUAGES, language_of
from convene.letters.writing import Letter, written

__all__ = [
    "LANGUAGES",
    "SAMPLE",
    "BadTemplate",
    "Facts",
    "Guest",
    "Kind",
    "Letter",
    "Part",
    "Reader",
    "Recorded",
    "Sender",
    "address_error",
    "as_message",
    "checked",
    "language_of",
    "written",
]
