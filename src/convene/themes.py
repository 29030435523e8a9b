"""Themes: a colour, a text, pictures and an address of their own for an application's rooms (contract §3.3, §3.4).

A room wears its own theme, else its application's default theme, looked up whenever it is shown. Whoever gives a theme to a
room or an application locks the theme's row first, and so does a deletion; so no theme goes while somebody is taking it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from convene import access, tables
from convene.access import Application
from convene.db import Tx
from convene.errors import Conflict, Forbidden, Invalid, NotFound
from convene.tables import new_id
from convene.uploads import BITE, Picture

# First parts of our own paths, present and to come: a theme's address would not be reached there.
RESERVED = frozenset({"admin", "api", "assets", "beta", "chat", "console", "embed", "health", "internal", "login"}) | {
    *("meetings", "outbox", "pictures", "recordings", "reference", "rtc", "session", "uploads", "users", "v1", "v2")
}

_t, _r, _a, _p = tables.theme.c, tables.room.c, tables.application.c, tables.picture.c


@dataclass(frozen=True, slots=True)
class Theme:
    """One theme, as stored. `…_key`: of pictures; `colored` for light backgrounds, `white` for dark ones."""

    id: str
    application_id: str
    name: str
    main_color: str
    brand_text: str
    short_company_url: str | None
    colored_key: str | None
    white_key: str | None
    favicon_key: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Spec:
    """What a caller says of a new theme; without a name it gets one that nobody else has."""

    main_color: str
    brand_text: str
    name: str | None = None
    short_company_url: str | None = None


_FIELDS = tuple(_t[name] for name in Theme.__slots__)
_OWN = _t.application_id == sa.bindparam("application_id")
_ONE = sa.and_(_t.id == sa.bindparam("id"), _OWN)
_GET = sa.select(*_FIELDS).where(_ONE)
_LOCK = _GET.with_for_update()
_HOLD = sa.select(_t.id).where(_ONE).with_for_update(read=True, key_share=True)
_ALL = sa.select(*_FIELDS).where(_OWN).order_by(_t.created_at, _t.id)
_SOME = sa.select(*_FIELDS).where(_OWN, _t.id.in_(sa.bindparam("ids", expanding=True)))
_COUNT = sa.select(sa.func.count()).select_from(tables.theme).where(_OWN)
_SAME_NAME = sa.select(_t.id).where(_OWN, _t.name == sa.bindparam("name"), _t.id != sa.bindparam("id"))
_CHANGE = sa.update(tables.theme).where(_t.id == sa.bindparam("its"))
_DELETE = sa.delete(tables.theme).where(_t.id == sa.bindparam("its"))

_WORN = sa.and_(_r.application_id == sa.bindparam("owner_id"), _r.theme_id == sa.bindparam("its"))
_OPEN = sa.and_(_r.expired_at.is_(None), sa.or_(_r.closes_at.is_(None), _r.closes_at > sa.bindparam("now")))
_ROOMS = sa.select(sa.func.count()).select_from(tables.room).where(_WORN, _OPEN)
_UNDRESS = sa.update(tables.room).where(_WORN).values(theme_id=None)
_IS_DEFAULT = sa.and_(_a.id == sa.bindparam("owner_id"), _a.default_theme_id == sa.bindparam("its"))
_DEFAULT = sa.select(_a.id).where(_IS_DEFAULT)
_NO_DEFAULT = sa.update(tables.application).where(_IS_DEFAULT).values(default_theme_id=None)

_TAKE = (
    sa.update(tables.picture)
    .where(
        _p.key == sa.bindparam("picture_key"),
        _p.application_id == sa.bindparam("owner_id"),
        _p.expires_at > sa.bindparam("now"),
    )
    .values(expires_at=None)
)
_DROP = sa.delete(tables.picture).where(_p.key.in_(sa.bindparam("keys", expanding=True)))
_GONE = sa.select(_a.id).where(_a.deleted_at.is_not(None))
_FORGET_THEMES = sa.delete(tables.theme).where(
    _t.id.in_(sa.select(_t.id).where(_t.application_id.in_(_GONE)).limit(BITE))
)
_FORGET_PICTURES = sa.delete(tables.picture).where(
    _p.key.in_(sa.select(_p.key).where(_p.application_id.in_(_GONE)).limit(BITE))
)


# --- Making and reading ---------------------------------------------------------------------------------------------


def create(tx: Tx, application_id: str, spec: Spec, *, limit: int) -> Theme:
    """A new theme.

    Raises Forbidden `themes_limit` when the application has `limit` themes, Conflict `theme_name_taken` or
    `short_company_url_taken`.
    """
    tx.alone(f"themes {application_id}")  # two creations at once must not both take the last place
    if (tx.connection.scalar(_COUNT, {"application_id": application_id}) or 0) >= limit:
        raise Forbidden("themes_limit", f"The application has {limit} themes, which is its limit")
    own = {"application_id": application_id, "id": new_id()}
    row = own | {f.name: getattr(spec, f.name) for f in fields(Spec)} | {"created_at": tx.now}
    _store(tx, sa.insert(tables.theme), row | {"name": spec.name or new_id()}, own)
    return get(tx, **own)


def get(tx: Tx, application_id: str, id: str) -> Theme:
    """One theme of the application. Raises NotFound, also for another application's."""
    return _found(tx.one(_GET, {"application_id": application_id, "id": id}), id)


def listed(tx: Tx, application_id: str) -> list[Theme]:
    """All themes of the application, oldest first."""
    return [_theme(row) for row in tx.all(_ALL, {"application_id": application_id})]


def hold(tx: Tx, application_id: str, theme_id: str) -> bool:
    """Whether the theme is there, and then it stays until the commit: for whoever gives it to a room.

    Taken before the room's own row: a deletion takes them in this order.
    """
    return tx.one(_HOLD, {"application_id": application_id, "id": theme_id}) is not None


def worn(tx: Tx, application: Application, theme_ids: Collection[str | None]) -> dict[str | None, Theme]:
    """What rooms with these `theme_id`s wear, by those; None stands for the rooms that name none."""
    wanted = {theme_id: theme_id or application.default_theme_id for theme_id in theme_ids}
    ids = sorted({id for id in wanted.values() if id is not None})
    if not ids:
        return {}
    there = {row.id: _theme(row) for row in tx.all(_SOME, {"application_id": application.id, "ids": ids})}
    return {theme_id: there[id] for theme_id, id in wanted.items() if id in there}


def _found(row: sa.Row[Any] | None, theme_id: str) -> Theme:
    if row is None:
        raise NotFound("theme_unknown", f"could not find theme {theme_id}")
    return _theme(row)


def _theme(row: Sequence[Any]) -> Theme:
    return Theme(*row)


# --- Changing -------------------------------------------------------------------------------------------------------


def update(tx: Tx, application_id: str, theme_id: str, changes: Mapping[str, Any]) -> Theme:
    """Changes fields of Spec. Raises NotFound, Conflict as `create` does."""
    own = {"application_id": application_id, "id": theme_id}
    _found(tx.one(_LOCK, own), theme_id)
    if changes:
        _store(tx, sa.update(tables.theme).where(_t.id == theme_id), changes, own)
    return get(tx, **own)


def delete(tx: Tx, application_id: str, theme_id: str, *, force: bool) -> None:
    """Deletes the theme with its pictures. Rooms that wear it fall back to the default theme, but only with `force`.

    Raises NotFound, Invalid `theme_in_use`.
    """
    theme = _found(tx.one(_LOCK, {"application_id": application_id, "id": theme_id}), theme_id)
    its = {"owner_id": application_id, "its": theme_id}
    if not force:
        _refuse_if_used(tx, its)
    tx.execute(_UNDRESS, its)
    tx.execute(_NO_DEFAULT, its)
    tx.wake(access.CHANGED)
    tx.execute(_DELETE, {"its": theme_id})
    _drop(tx, theme.colored_key, theme.white_key, theme.favicon_key)


def _refuse_if_used(tx: Tx, its: Mapping[str, str]) -> None:
    rooms = tx.connection.scalar(_ROOMS, {**its, "now": tx.now}) or 0
    used = [f"Theme {its['its']} is used by {rooms} room{'s' if rooms > 1 else ''}"] if rooms else []
    if tx.one(_DEFAULT, its) is not None:
        used.append(f"Theme {its['its']} is used as application {its['owner_id']} default theme")
    if used:
        raise Invalid("theme_in_use", "could not delete theme", details={"errors": used})


def wear(tx: Tx, application_id: str, theme_id: str, pictures: Collection[Picture]) -> list[Picture]:
    """Gives the theme these pictures, each in its place, and deletes those which were there. The caller has looked at them.

    Returns those that are not to be had any more, too late or with another theme: then the caller must undo it all, by
    raising. A picture that the theme has already stays. Raises NotFound.
    """
    theme = _found(tx.one(_LOCK, {"application_id": application_id, "id": theme_id}), theme_id)
    present = {kind: getattr(theme, f"{kind}_key") for kind in ("white", "colored", "favicon")}
    wanted = {picture.kind: picture for picture in pictures}  # of several of a kind the last one
    new = [picture for picture in wanted.values() if picture.key != present[picture.kind]]
    given = {"owner_id": application_id, "now": tx.now}
    gone = [picture for picture in new if not tx.changed(_TAKE, given | {"picture_key": picture.key})]
    if new and not gone:
        tx.execute(_CHANGE.values({f"{picture.kind}_key": picture.key for picture in new}), {"its": theme_id})
        _drop(tx, *(present[picture.kind] for picture in new))
    return gone


def forget(tx: Tx) -> int:
    """Deletes some themes and pictures of deleted applications; how many."""
    return tx.changed(_FORGET_PICTURES) + tx.changed(_FORGET_THEMES)


def _drop(tx: Tx, *keys: str | None) -> None:
    if kept := [key for key in keys if key]:
        tx.execute(_DROP, {"keys": kept})


def _store(tx: Tx, statement: sa.Insert | sa.Update, values: Mapping[str, Any], own: Mapping[str, str]) -> None:
    """Writes the theme `own`. Raises Conflict: of two at the same time only the database knows which came first."""
    taken = Conflict("short_company_url_taken", "short_company_url already exists")
    if (values.get("short_company_url") or "").lower() in RESERVED:
        raise taken
    try:
        with tx.connection.begin_nested():
            tx.execute(statement.values(values))
    except sa.exc.IntegrityError:
        if tx.one(_SAME_NAME, {**own, "name": values.get("name")}) is not None:
            raise Conflict("theme_name_taken", "theme_name already exists in application") from None
        raise taken from None
