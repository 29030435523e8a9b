"""An idle platform: `convene serve` and its engine after the second start, their memory together, and how soon they are ready."""

import os
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


def processor_time(pid: int) -> float:
    """Seconds, user and system."""
    fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def figures() -> Iterator[Figure]:
    """Resident memory, the same with shared pages counted once, and the time of the second start."""
    with tempfile.TemporaryDirectory(prefix="convene-bench-") as folder, platform(Path(folder)) as convene:
        convene.stop()
        begin = time.monotonic()
        convene.start()
        ready = time.monotonic() - begin
        assert convene.process is not None
        pids = [convene.process.pid, *descendants(convene.process.pid)]
        worked = sum(processor_time(pid) for pid in pids)
        time.sleep(REST)
        resident = [memory(pid, "status", "VmRSS") for pid in pids]
        proportional = sum(memory(pid, "smaps_rollup", "Pss") for pid in pids)
    parts = " + ".join(f"{one:.0f}" for one in resident)
    yield at_most(f"idle `convene serve` with its engine, resident ({parts})", sum(resident), GOAL, unit="MB")
    yield Figure("the same, shared pages counted once (PSS)", f"{proportional:.0f} MB")
    yield at_most(
        f"`convene serve`, second start → ready ({worked:.1f} s of processor time)", ready, READY, unit="s", digits=1
    )
