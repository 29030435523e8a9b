"""Rows that count for a second after they were read, unless a topic is woken that says they have changed.

Who calls often is then not looked up for each request. In the process that changes them, the rows are forgotten before the change is
answered; in the others when the wake-up comes, some milliseconds later, and where that is lost, after the second.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from convene.db import Database, Tx

LIFE = timedelta(seconds=1)
MOST = 10_000  # rows' keys that are remembered; then it begins anew


class Recent:
    """What one process has read. `topic`: what changes of these rows wake. Units of work ask from any thread."""

    def __init__(self, db: Database, topic: str):
        self._topic = topic
        self._changes = 0
        self._read: dict[tuple[sa.Select[Any], str], tuple[int, datetime, Sequence[sa.Row[Any]]]] = {}
        db.watch(self._told)

    def all(self, tx: Tx, statement: sa.Select[Any], name: str) -> Sequence[sa.Row[Any]]:
        """The rows of a static statement with the parameters `name` and `now`. That there are none is not remembered."""
        changes, at, rows = self._read.get((statement, name), (-1, tx.now, ()))
        if changes == self._changes and at <= tx.now < at + LIFE:
            return rows
        changes = self._changes  # before the look: a change that is committed during it makes what was seen void
        rows = tx.all(statement, {"name": name, "now": tx.now})
        if rows:
            if len(self._read) >= MOST:
                self._read = {}
            self._read[statement, name] = changes, tx.now, rows
        return rows

    def _told(self, topic: str) -> None:
        if topic == self._topic:
            self._changes += 1
