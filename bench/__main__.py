"""`python -m bench [part …]`: measures, and prints one page of figures, each beside its yardstick in the same run.

It does not judge: the exit code is 0 whatever is reached; what is not is named under the table.
"""

import importlib
import os
import platform
import sys
import time
import traceback
from collections.abc import Iterator

from bench.figure import Figure

PARTS = (
    "join",
    "tiles",
    "comings",
    "cut",
    "admit",
    "chat",
    "api",
    "listing",
    "scheduled",
    "announce",
    "callbacks",
    "expiry",
    "mail",
    "recorder",
    "finish",
    "idle",
)
COLUMNS = ("what", "ours", "yardstick", "ratio", "to reach", "reached")


def measured(parts: list[str]) -> Iterator[Figure]:
    """The figures of these parts, as they come. A part that breaks is a row that says so; the others go on."""
    for part in parts:
        begin = time.monotonic()
        print(f"bench: {part} …", file=sys.stderr, flush=True)
        try:
            yield from importlib.import_module(f"bench.{part}").figures()
        except Exception as error:
            traceback.print_exc()
            line = next(iter(str(error).splitlines()), "")[:100]
            yield Figure(part, f"not measured: {type(error).__name__} {line}", reached=False)
        print(f"bench: {part} took {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)


def page(figures: list[Figure]) -> str:
    """The table, and what is not reached."""
    rows = [COLUMNS, *(figure.cells() for figure in figures)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    asked = [figure for figure in figures if figure.reached is not None]
    missed = [
        f"  {figure.what}: {figure.ours}, {figure.ratio}; to reach {figure.goal}"
        for figure in asked
        if not figure.reached
    ]
    lines += ["", f"{len(asked) - len(missed)} of {len(asked)} reached." + (" Not reached:" if missed else ""), *missed]
    return "\n".join(lines)


def machine() -> str:
    """Where it ran: figures of a busy machine are worth little."""
    busy = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    return f"{os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}, load {busy}"


def main() -> None:
    """Runs the parts named, or all; Ctrl-C prints what there is."""
    parts = sys.argv[1:] or list(PARTS)
    if unknown := [part for part in parts if part not in PARTS]:
        sys.exit(f"bench: there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    figures: list[Figure] = []
    where, begin = machine(), time.monotonic()
    try:
        figures.extend(measured(parts))
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
    print(f"\n{where} at the start\n\n{page(figures)}\n\n{time.monotonic() - begin:.0f} s in all.")


if __name__ == "__main__":
    main()
