"""One row of the page."""

from dataclasses import dataclass

NONE = "–"


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, ours and its yardstick with their units; `reached` is None where nothing is asked."""

    what: str
    ours: str
    yardstick: str = NONE
    ratio: str = NONE
    goal: str = NONE
    reached: bool | None = None

    def cells(self) -> tuple[str, ...]:
        """The row's texts, in the order of the page's columns."""
        return (
            self.what,
            self.ours,
            self.yardstick,
            self.ratio,
            self.goal,
            {True: "yes", False: "NO", None: NONE}[self.reached],
        )


def at_most(what: str, value: float, limit: float, *, unit: str, digits: int = 0) -> Figure:
    """A figure without yardstick that should not be larger than `limit`."""
    return Figure(what, f"{value:,.{digits}f} {unit}", goal=f"≤ {limit:,g} {unit}", reached=value <= limit)
