"""Where everybody goes in the picture: plain arithmetic, in pixels. Every rectangle is even, as 4:2:0 chroma needs it."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

TILES = 9  # people shown at once in the grid
STRIP = 5  # people shown beside a shared screen
STRIP_GAP = 4
LINES = {"low": 180, "medium": 360, "high": 720}  # of the simulcast layers
GAP = 4  # between cell and tile, at least


class Rect(NamedTuple):
    x: int
    y: int
    width: int
    height: int

    def inside(self, step: int) -> "Rect":
        """The largest one within this one, touching no edge, with all edges on multiples of `step`."""
        left, top = (self.x // step + 1) * step, (self.y // step + 1) * step
        right, bottom = ((end - 1) // step * step for end in (self.x + self.width, self.y + self.height))
        return Rect(left, top, right - left, bottom - top)

    def divided(self, scale: Fraction) -> "Rect":
        return Rect(*(int(value / scale) for value in self))


def even(value: float) -> int:
    return int(value) & ~1


def grid(count: int, width: int, height: int) -> list[Rect]:
    """Cells for `count` people, at most `TILES`: 1, 2 beside each other, 2 x 2, else rows of three; the last row is centred."""
    if count == 0:
        return []
    columns = 1 if count == 1 else 2 if count <= 4 else 3
    rows = -(-count // columns)
    cell_width = even(width / columns)
    cell_height = even(min(height / rows, cell_width * height / width + 1))
    top = even((height - rows * cell_height) / 2)
    cells = []
    for index in range(count):
        row, column = divmod(index, columns)
        in_row = min(columns, count - row * columns)
        left = even((width - in_row * cell_width) / 2)
        cells.append(Rect(left + column * cell_width, top + row * cell_height, cell_width, cell_height))
    return cells


def fineness(count: int, width: int, height: int) -> Fraction:
    """The scale at which a grid is composed, at most 1: that of the layers that its cells ask for.

    So each picture is only copied into its cell, and the whole is enlarged at once: cheaper than nine times a ninth.
    """
    if count == 0:
        return Fraction(1)
    cell = grid(count, width, height)[0]
    scale = min(Fraction(1), Fraction(LINES[layer(cell.height)], cell.height))
    whole = all(side * scale % 2 == 0 for side in (width, height))
    return scale if whole and width % 32 == 0 else Fraction(1)  # 32: lines without padding


def tile(cell: Rect, scale: Fraction) -> Rect:
    """The part of a cell that is shown; its edges are even in the canvas and when it is enlarged."""
    return cell.inside(max(GAP, 2 * scale.numerator))


def stage(count: int, width: int, height: int) -> list[Rect]:
    """A shared screen, large at the left, then a strip at the right for `count` people, at most `STRIP`."""
    if count == 0:
        return [Rect(0, 0, width, height)]
    strip_width = even(width / 6)
    strip_height = even(strip_width * 9 / 16)
    step = strip_height + STRIP_GAP
    top = even((height - count * step + STRIP_GAP) / 2)
    strip = [Rect(width - strip_width, top + i * step, strip_width, strip_height) for i in range(count)]
    return [Rect(0, 0, width - strip_width, height), *strip]


def fit(width: int, height: int, box: Rect) -> tuple[int, int]:
    """The largest even size with the proportions of `width` x `height` that fits into `box`."""
    scale = min(box.width / width, box.height / height)
    return max(2, even(round(width * scale))), max(2, even(round(height * scale)))


def choose(people: Sequence[str], shown: Sequence[str], spoke: Mapping[str, float], limit: int) -> list[str]:
    """Who is shown, at most `limit`: those shown already keep their place, unless somebody who spoke later is waiting.

    `people` is in order of arrival; `spoke` holds when each was last heard (any clock; missing = never).
    """
    ranked = sorted(people, key=lambda who: (-spoke.get(who, 0.0), who not in shown, people.index(who)))
    chosen = set(ranked[:limit])
    coming = iter([who for who in people if who in chosen and who not in shown])
    seats = [who if who in chosen else next(coming, None) for who in shown]
    return [who for who in seats if who is not None] + list(coming)


def layer(height: int) -> str:
    """Which simulcast layer fits a tile of this height: `low` (180 lines), `medium` (360) or `high` (720)."""
    return "low" if height <= 240 else "medium" if height <= 480 else "high"
