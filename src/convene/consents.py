"""Who agreed to being recorded. Whoever was asked and has not agreed is in no recording: neither picture nor sound nor name.

Answers are numbered, and grow in each session. A person's token carries his word at the moment of coming in with its number, the
metadata of the engine's room all answers up to a number: the later of the two counts, so the order of their arrival does not.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from convene import tables
from convene.db import Tx
from convene.sessions import Admission

RETURN = timedelta(minutes=15)  # whoever left longer ago comes back with a new token only: no older one is still valid

_c, _a, _p = tables.consent.c, tables.admission.c, tables.participant.c


class Answer(StrEnum):
    """What somebody said, or that he was asked and has said nothing yet."""

    AGREED = "agreed"
    DECLINED = "declined"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Said:
    """An answer to the words of version `text` in a language; both are empty where nothing was shown."""

    answer: Answer
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Consent:
    """One answer of one person. `is_current`: the person has given no later one."""

    person_id: str
    name: str
    is_host: bool
    said: Said
    answered_at: datetime
    is_current: bool


@dataclass(frozen=True, slots=True)
class Word:
    """A person's present answer, and its number."""

    answer: Answer
    number: int

    def __str__(self) -> str:
        return f"{self.answer}.{self.number}"


_LOCK = sa.select(tables.session.c.id).where(tables.session.c.id == sa.bindparam("id")).with_for_update()
_LATEST = (
    sa.select(_c.serial, _c.answer, _c.text, _c.language)
    .where(_c.person_id == sa.bindparam("person_id"))
    .order_by(_c.serial.desc())
    .limit(1)
)
_INSERT = sa.insert(tables.consent).returning(_c.serial)
_last = sa.func.max(_c.serial).over(partition_by=_c.person_id)
_OF_SESSION = (
    sa.select(_c.person_id, _a.name, _a.is_host, _c.answer, _c.text, _c.language, _c.answered_at, _c.serial)
    .add_columns(_last.label("last"))
    .join(tables.admission, _a.id == _c.person_id)
    .where(_c.session_id == sa.bindparam("session_id"))
    .order_by(_c.serial)
)
_NEWEST = sa.select(sa.func.max(_c.serial)).where(_c.session_id == sa.bindparam("session_id"))
_later = tables.consent.alias()
_AROUND = sa.exists().where(
    _p.session_id == _c.session_id,
    _p.person_id == _c.person_id,
    sa.or_(_p.left_at.is_(None), _p.left_at > sa.bindparam("since", type_=tables.Moment)),
)
_UNRECORDED = (
    sa.select(_c.person_id)
    .where(
        _c.session_id == sa.bindparam("session_id"),
        _c.answer != Answer.AGREED,
        ~sa.exists().where(_later.c.person_id == _c.person_id, _later.c.serial > _c.serial),
        sa.or_(_AROUND, _c.answered_at > sa.bindparam("since", type_=tables.Moment)),
    )
    .order_by(_c.serial)
)


def entered(tx: Tx, person: Admission, said: Said | None) -> Word | None:
    """The word for the token of somebody who comes in; None for a client that does not know the question: he is recorded.

    Whoever comes again undecided, or says nothing, keeps his earlier answer.
    """
    tx.execute(_LOCK, {"id": person.session_id})
    last = tx.one(_LATEST, {"person_id": person.id})
    if last is None and said is None:
        return None
    kept = None if last is None else Said(Answer(last.answer), last.text, last.language)
    if kept is not None and (said is None or said.answer is Answer.UNDECIDED):
        said = kept
    assert said is not None
    # Race: one who has been away may be missing from what the recorder knows; a new number makes the token's word the later one.
    if last is None or said != kept or said.answer is not Answer.AGREED:
        return Word(said.answer, _put(tx, person, said))
    return Word(said.answer, last.serial)


def answer(tx: Tx, person: Admission, said: Said) -> None:
    """Notes what somebody in the meeting says now. The meeting is to be told of it (`recordings.tell`)."""
    tx.execute(_LOCK, {"id": person.session_id})
    _put(tx, person, said)


def of_session(tx: Tx, session_id: str) -> list[Consent]:
    """All answers, the first one first; for callers who proved their right to the session."""
    return [
        Consent(
            row.person_id,
            row.name,
            row.is_host,
            Said(Answer(row.answer), row.text, row.language),
            row.answered_at,
            row.serial == row.last,
        )
        for row in tx.all(_OF_SESSION, {"session_id": session_id})
    ]


def standing(tx: Tx, session_id: str) -> dict[str, Any]:
    """For the room's metadata: `consents`, the number of the newest answer, and `unrecorded`, the ids of the people who are in, or
    may come in by a token that they have, and have not agreed. Nothing where nobody was asked."""
    newest = tx.connection.scalar(_NEWEST, {"session_id": session_id})
    if newest is None:
        return {}
    given = {"session_id": session_id, "since": tx.now - RETURN}
    return {"consents": newest, "unrecorded": [row.person_id for row in tx.all(_UNRECORDED, given)]}


def _put(tx: Tx, person: Admission, said: Said) -> int:
    row = {
        "session_id": person.session_id,
        "person_id": person.id,
        "answer": said.answer,
        "text": said.text,
        "language": said.language,
        "answered_at": tx.now,
    }
    return int(tx.connection.execute(_INSERT, row).scalar_one())
