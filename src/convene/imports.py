"""Rooms and themes that another platform made: taken over with their ids, codes and links, all of them or none.

What is here already is left as it is, so that an import may be repeated.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from convene import access, rooms, tables, themes
from convene.db import Tx
from convene.errors import Conflict
from convene.logos import Kind
from convene.rooms import Spec

CHUNK = 1000  # values that one IN list carries


@dataclass(frozen=True, slots=True)
class ImportedTheme:
    """A theme as it was. `place`: where it stands in what was given, for messages."""

    place: str
    id: str
    spec: themes.Spec
    pictures: Mapping[Kind, bytes]


@dataclass(frozen=True, slots=True)
class ImportedRoom:
    """A room as it was; `host_id` is whom its host links name."""

    place: str
    id: str
    meeting_code: str
    host_id: str = field(repr=False)
    created_at: datetime
    expires_at: datetime
    is_available: bool
    spec: Spec


@dataclass(frozen=True, slots=True)
class Counts:
    """What an import did: `expired` of `rooms` cannot be entered any more; `known` were here before."""

    rooms: int
    expired: int
    known_rooms: int
    themes: int
    known_themes: int


_r, _t = tables.room.c, tables.theme.c
_MANY: sa.BindParameter[Sequence[str]] = sa.bindparam("values", expanding=True)
_ROOMS_BY_ID = sa.select(_r.id, _r.application_id, _r.meeting_code).where(_r.id.in_(_MANY))
_ROOMS_BY_CODE = sa.select(_r.id, _r.application_id, _r.meeting_code).where(_r.meeting_code.in_(_MANY))
_THEMES_BY_ID = sa.select(_t.id, _t.application_id).where(_t.id.in_(_MANY))
_THEMES_BY_ADDRESS = sa.select(_t.id, _t.short_company_url).where(_t.short_company_url.in_(_MANY))
_THEMES_OF = sa.select(_t.id, _t.name).where(_t.application_id == sa.bindparam("application_id"))


def bring(
    tx: Tx, application_id: str, given_rooms: Sequence[ImportedRoom], given_themes: Sequence[ImportedTheme]
) -> Counts:
    """Takes over what is not here yet, in the given order. Nothing is announced.

    Raises NotFound; Conflict `import_refused`, whose `details["problems"]` has a line for each problem, before anything is
    written.
    """
    access.application(tx, application_id)
    problems: list[str] = []
    styles = _new_themes(tx, application_id, given_themes, problems)
    themed = {row.id for row in tx.all(_THEMES_OF, {"application_id": application_id})} | {one.id for one in styles}
    new = _new_rooms(tx, application_id, given_rooms, problems)
    for room in new:
        if room.spec.theme_id is not None and room.spec.theme_id not in themed:
            problems.append(f"{room.place}.theme_id: there is no theme {room.spec.theme_id}")
    if problems:
        raise refused(problems)
    for theme in styles:
        keys = _add_pictures(tx, application_id, theme)
        _add(tx, tables.theme, _theme_row(tx, application_id, theme) | keys, theme.place)
    rows = [_room_row(tx, application_id, room) for room in new]
    for room, row in zip(new, rows, strict=True):  # one by one: their serials are to rise in this order
        _add(tx, tables.room, row, room.place)
    if new:
        rooms.count(tx, application_id, len(new))
    expired = sum(row["expired_at"] is not None for row in rows)
    return Counts(len(new), expired, _known(given_rooms, new), len(styles), _known(given_themes, styles))


def _known(given: Sequence[ImportedRoom | ImportedTheme], new: Sequence[ImportedRoom | ImportedTheme]) -> int:
    return len({one.id for one in given}) - len(new)


def refused(problems: Sequence[str]) -> Conflict:
    """The refusal of an import: nothing of it is written."""
    told = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return Conflict("import_refused", f"Nothing was imported: {told}.", details={"problems": problems})


# --- What is new ----------------------------------------------------------------------------------------------------


def _new_rooms(
    tx: Tx, application_id: str, given: Sequence[ImportedRoom], problems: list[str]
) -> Sequence[ImportedRoom]:
    given = _once(given, problems)
    here = {row.id: row for row in _found(tx, _ROOMS_BY_ID, [room.id for room in given])}
    new = []
    for room in given:
        known = here.get(room.id)
        if known is None:
            new.append(room)
        elif known.application_id != application_id:
            problems.append(f"{room.place}.id: the room {room.id} belongs to another application")
        elif known.meeting_code != room.meeting_code:
            problems.append(f"{room.place}.meeting_code: the room {room.id} is here with another code")
    taken = {row.meeting_code: row for row in _found(tx, _ROOMS_BY_CODE, [room.meeting_code for room in new])}
    for room in new:
        if (other := taken.get(room.meeting_code)) is not None:
            whose = "this application" if other.application_id == application_id else "another application"
            problems.append(f"{room.place}.meeting_code: {room.meeting_code} is taken by a room of {whose}")
    return new


def _once(given: Sequence[ImportedRoom], problems: list[str]) -> Sequence[ImportedRoom]:
    """Each room once: pages that were fetched while rooms were made may overlap."""
    seen: dict[str, ImportedRoom] = {}
    codes: dict[str, ImportedRoom] = {}
    for room in given:
        first = seen.setdefault(room.id, room)
        if first.meeting_code != room.meeting_code:
            problems.append(f"{room.place}.id: the same as {first.place}, with another meeting_code")
        elif (other := codes.setdefault(room.meeting_code, room)).id != room.id:
            problems.append(f"{room.place}.meeting_code: the same as that of {other.place}")
    return list(seen.values())


def _new_themes(
    tx: Tx, application_id: str, given: Sequence[ImportedTheme], problems: list[str]
) -> Sequence[ImportedTheme]:
    here = {row.id: row.application_id for row in _found(tx, _THEMES_BY_ID, [theme.id for theme in given])}
    names = {row.name: "a theme that is here" for row in tx.all(_THEMES_OF, {"application_id": application_id})}
    asked = [theme.spec.short_company_url for theme in given if theme.spec.short_company_url]
    addresses = {row.short_company_url: "a theme that is here" for row in _found(tx, _THEMES_BY_ADDRESS, asked)}
    new: dict[str, ImportedTheme] = {}
    for theme in given:
        owner = here.get(theme.id, application_id)
        if owner != application_id:
            problems.append(f"{theme.place}.theme_id: the theme {theme.id} belongs to another application")
        if theme.id in here or theme.id in new:
            continue
        new[theme.id] = theme
        if (theme.spec.short_company_url or "").lower() in themes.RESERVED:
            problems.append(
                f"{theme.place}.short_company_url: {theme.spec.short_company_url} is the start of our own paths"
            )
        for name, value, taken in (
            ("theme_name", theme.spec.name, names),
            ("short_company_url", theme.spec.short_company_url, addresses),
        ):
            if value is not None and (other := taken.setdefault(value, theme.place)) != theme.place:
                problems.append(f"{theme.place}.{name}: {value} is taken by {other}")
    return list(new.values())


def _found(tx: Tx, statement: sa.Select[Any], values: Sequence[str]) -> Iterator[sa.Row[Any]]:
    for start in range(0, len(values), CHUNK):
        yield from tx.all(statement, {"values": values[start : start + CHUNK]})


# --- Rows -----------------------------------------------------------------------------------------------------------


def _add(tx: Tx, table: sa.Table, row: Mapping[str, Any], place: str) -> None:
    if not tx.add_new(table, row):  # Race: somebody took the id, the code or the name since we looked
        raise refused([f"{place}: its id, code, name or address was taken just now"])


def _room_row(tx: Tx, application_id: str, room: ImportedRoom) -> dict[str, Any]:
    row = {name: getattr(room.spec, name) for name in Spec.__slots__}
    over = None if room.is_available and room.expires_at > tx.now else min(room.expires_at, tx.now)
    row |= {"id": room.id, "application_id": application_id, "meeting_code": room.meeting_code, "host_id": room.host_id}
    row |= {"created_at": room.created_at, "expires_at": room.expires_at, "closes_at": room.expires_at}
    row |= {"expired_at": over, "locked": False, "imported": True}
    return row | {"features": {**rooms.FEATURES, **room.spec.features}}


def _theme_row(tx: Tx, application_id: str, theme: ImportedTheme) -> dict[str, Any]:
    row = {name: getattr(theme.spec, name) for name in themes.Spec.__slots__}
    return row | {"id": theme.id, "application_id": application_id, "created_at": tx.now}


def _add_pictures(tx: Tx, application_id: str, theme: ImportedTheme) -> dict[str, str]:
    """Keeps the theme's pictures; where its row finds them."""
    keys = {kind: tables.new_id() for kind in theme.pictures}
    for kind, data in theme.pictures.items():
        row = {"key": keys[kind], "application_id": application_id, "kind": kind, "data": data, "created_at": tx.now}
        tx.execute(sa.insert(tables.picture), row)
    return {f"{kind}_key": key for kind, key in keys.items()}
