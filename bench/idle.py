"""An idle platform: `convene serve` and its engine after the second start, their memory together, and how soon they are ready."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figure import Figure, at_most
from tests.platform import descendants, platform

GOAL = 200  # MB
READY = 3  # seconds, with everything built
REST = 8.0  # seconds of idling before we look

MEGABYTE = 1e6


def memory(pid: int, file: str, key: str) -> float:
    """One figure of /proc/<pid>, in MB."""
    lines = (Path("/proc") / str(pid) / file).read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:")) * 1024 / MEGABYTE


def figures() -> Iterator[Figure]:
    """Resident memory, the same with shared pages counted once, and the time of the second start."""
    with tempfile.TemporaryDirectory(prefix="convene-bench-") as folder, platform(Path(folder)) as convene:
        convene.stop()
        begin = time.monotonic()
        convene.start()
        ready = time.monotonic() - begin
        time.sleep(REST)
        assert convene.process is not None
        pids = [convene.process.pid, *descendants(convene.process.pid)]
        resident = [memory(pid, "status", "VmRSS") for pid in pids]
        proportional = sum(memory(pid, "smaps_rollup", "Pss") for pid in pids)
    parts = " + ".join(f"{one:.0f}" for one in resident)
    yield at_most(f"idle `convene serve` with its engine, resident ({parts})", sum(resident), GOAL, unit="MB")
    yield Figure("the same, shared pages counted once (PSS)", f"{proportional:.0f} MB")
    yield at_most("`convene serve`, second start → ready", ready, READY, unit="s", digits=1)
