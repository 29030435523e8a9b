"""Lists of meetings: what one user, or the administrator, finds, filtered and sorted by the columns of `meeting_member`.

A page must cost the same out of a hundred thousand meetings as out of a thousand. So a filter that leaves few is followed by its
own index, and what it leaves is sorted; where every filter leaves many, the list is walked in its order until the page is full.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from convene import tables
from convene.db import Tx
from convene.meetings.row import Meeting, some
from convene.tables import EPOCH

FEW = 1000  # meetings that are fetched to be sorted
SHAPES = 256  # of questions whose statements are kept
_p = tables.meeting_member.c
COLUMNS = {"_id": _p.meeting_id} | {
    name: _p[name] for name in ("start_date", "end_date", "created_at", "updated_at", "scheduled")
}
OPERATORS = ("eq", "ne", "gt", "gte", "lt", "lte", "in", "nin")
_RANGES = ("eq", "gt", "gte", "lt", "lte", "in")  # that an index can follow
_Condition = tuple[str, str]  # a column and an operator


@dataclass(frozen=True, slots=True)
class Filter:
    """`column`: one of COLUMNS; `operator`: one of OPERATORS; `value`: of the column's type, a list of them for `in` and `nin`."""

    column: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class Asked:
    """Which stretch of which list: `limit` meetings after the first `offset`, sorted by a column, then by id."""

    filters: Sequence[Filter] = ()
    sort: str = "_id"
    falling: bool = True
    limit: int = 100
    offset: int = 0


def page(tx: Tx, application_id: str, who: Collection[str], asked: Asked, *, few: int = FEW) -> list[Meeting]:
    """What somebody finds who is known by these member keys (`row.keys_of`, or EVERYBODY). `few`: so many may be sorted."""
    filters = sorted([*asked.filters, *_implied(asked.filters)], key=lambda one: (one.column, one.operator))
    shape = tuple((one.column, one.operator) for one in filters)
    keys = sorted(who)
    given: dict[str, Any] = {"application_id": application_id, "limit": asked.limit, "offset": asked.offset}
    given |= {"most": few, "end": asked.offset + asked.limit}
    given |= {f"key{place}": key for place, key in enumerate(keys)}
    given |= {f"value{place}": one.value for place, one in enumerate(filters)}
    order = "_id" if asked.sort == "created_at" else asked.sort  # ids begin with the second of their making
    columns = tuple(sorted({name for name, operator in shape if operator in _RANGES} - {order, "created_at"}))
    counts = tx.one(_probe(shape, len(keys), columns), given) if columns else ()
    for column, count in zip(columns, counts or (), strict=True):
        if count < few:
            statement = _sorted(shape, len(keys), column, order, asked.falling)
            break
    else:
        statement = _walk(shape, len(keys), order, asked.falling)
    return some(tx, [row.meeting_id for row in tx.all(statement, given)])


def total(tx: Tx, application_id: str, who: Collection[str], filters: Sequence[Filter]) -> int:
    """How many he finds in all."""
    shape = tuple((one.column, one.operator) for one in filters)
    given: dict[str, Any] = {"application_id": application_id, "keys": sorted(who)}
    given |= {f"value{place}": one.value for place, one in enumerate(filters)}
    return int(tx.connection.scalar(_total(shape, len(who)), given) or 0)


def _implied(filters: Sequence[Filter]) -> Iterator[Filter]:
    """What a filter by the time of making says of ids, which an index can follow."""
    for one in filters:
        if one.column == "created_at" and one.operator in ("gt", "gte", "lt", "lte"):
            seconds = (one.value - EPOCH) // timedelta(seconds=1)
            if one.operator in ("gt", "gte"):
                yield Filter("_id", "gte", f"{max(seconds, 0):08x}")
            else:
                yield Filter("_id", "lt", f"{min(max(seconds + 1, 0), 0xFFFFFFFF):08x}")


# --- Statements, one for each shape of a question -------------------------------------------------------------------


@lru_cache(SHAPES)
def _probe(shape: Sequence[_Condition], keys: int, columns: Sequence[str]) -> sa.Executable:
    """How many the filters of each of these columns leave, as far as `most` for each key: one question for all of them."""
    # What stands in the index alone: to fetch each meeting only to count it is what would make a long list slower.
    few = [_few(shape, keys, column, [COLUMNS[column]]) for column in columns]
    return sa.select(*(sa.select(sa.func.count()).select_from(one).scalar_subquery() for one in few))


@lru_cache(SHAPES)
def _sorted(shape: Sequence[_Condition], keys: int, column: str, order: str, falling: bool) -> sa.Executable:
    """Those that the filters of this column leave; then the other filters, and the order."""
    few = _few(shape, keys, column, COLUMNS.values())
    others = [
        _condition(few.c[_name(name)], operator, place)
        for place, (name, operator) in enumerate(shape)
        if name != column
    ]
    chosen = sa.select(few.c.meeting_id, few.c[_name(order)].label("place")).where(*others).distinct().subquery()
    return _cut(chosen, falling)


@lru_cache(SHAPES)
def _walk(shape: Sequence[_Condition], keys: int, order: str, falling: bool) -> sa.Executable:
    """Along the index of the order, each key's list by itself."""
    by = COLUMNS[order]
    conditions = []
    for place, (name, operator) in enumerate(shape):
        column = COLUMNS[name]
        # No index of another column is to be followed: it leaves many, which would all have to be sorted.
        free = column if name == order or operator not in _RANGES else _unindexed(column)
        conditions.append(_condition(free, operator, place))
    parts = []
    for number in range(keys):
        part = sa.select(_p.meeting_id, by.label("place")).where(*_own(number), *conditions)
        parts.append(part.order_by(*_falling([by, _p.meeting_id], falling)).limit(_number("end")).subquery())
    chosen = sa.union(*(sa.select(part.c.meeting_id, part.c.place) for part in parts)).subquery()
    return _cut(chosen, falling)


@lru_cache(SHAPES)
def _total(shape: Sequence[_Condition], keys: int) -> sa.Executable:
    conditions = [_condition(COLUMNS[name], operator, place) for place, (name, operator) in enumerate(shape)]
    counted = sa.func.count() if keys == 1 else sa.func.count(_p.meeting_id.distinct())
    own = (_p.application_id == sa.bindparam("application_id"), _p.who.in_(sa.bindparam("keys", expanding=True)))
    return sa.select(counted).select_from(tables.meeting_member).where(*own, *conditions)


def _few(shape: Sequence[_Condition], keys: int, column: str, shown: Iterable[sa.ColumnElement[Any]]) -> sa.Subquery:
    """In the order of the column, so that PostgreSQL follows its index, and does not search the table in the hope of soon finding
    enough; for each key by itself, because two of them together are in no index's order."""
    ranges = [
        _condition(COLUMNS[name], operator, place) for place, (name, operator) in enumerate(shape) if name == column
    ]
    parts = []
    for number in range(keys):
        part = sa.select(*shown).where(*_own(number), *ranges).order_by(COLUMNS[column])
        parts.append(part.limit(_number("most")).subquery())
    return sa.union_all(*(sa.select(part) for part in parts)).subquery()


def _own(number: int) -> list[sa.ColumnElement[bool]]:
    return [_p.application_id == sa.bindparam("application_id"), _p.who == sa.bindparam(f"key{number}")]


def _cut(chosen: sa.Subquery, falling: bool) -> sa.Executable:
    order = _falling([chosen.c.place, chosen.c.meeting_id], falling)
    return sa.select(chosen.c.meeting_id).order_by(*order).limit(_number("limit")).offset(_number("offset"))


def _number(name: str) -> sa.BindParameter[int]:
    return sa.bindparam(name, type_=sa.BigInteger)


def _falling(columns: Sequence[sa.ColumnElement[Any]], falling: bool) -> list[sa.ColumnElement[Any]]:
    return [column.desc() if falling else column.asc() for column in columns]


def _name(column: str) -> str:
    return "meeting_id" if column == "_id" else column


def _unindexed(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    return sa.func.coalesce(column, sa.null(), type_=column.type)


def _condition(column: sa.ColumnElement[Any], operator: str, place: int) -> sa.ColumnElement[bool]:
    several = operator in ("in", "nin")
    value: sa.BindParameter[Any] = sa.bindparam(f"value{place}", type_=column.type, expanding=several)
    match operator:
        case "in":
            return column.in_(value)
        case "nin":
            return column.not_in(value)
        case "gt":
            return column > value
        case "gte":
            return column >= value
        case "lt":
            return column < value
        case "lte":
            return column <= value
        case "ne":
            return column != value
        case _:
            return column == value
