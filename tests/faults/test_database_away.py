"""PostgreSQL is restarted by `pg_ctl -m immediate` under load: no process ends, nobody is told a lie, nothing is lost."""

import asyncio
import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests import world as worlds
from tests.faults.evidence import quiet
from tests.faults.load import Load, under_load
from tests.faults.test_kill_serve import kept
from tests.faults.test_several_processes import site
from tests.platform import until

RESTARTS = 6


@contextmanager
def own_cluster() -> Iterator[tuple[str, Path]]:
    """A PostgreSQL for this test alone; its database's URL and its folder."""
    with (
        tempfile.TemporaryDirectory(prefix="convene-pg-", ignore_cleanup_errors=True) as folder,
        worlds.cluster(Path(folder)) as url,
    ):
        yield f"{url}/postgres", Path(folder)


def control(folder: Path, *command: str) -> None:
    """Runs pg_ctl; a second start has the options of the first."""
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    base = [*user, str(worlds.POSTGRES_BIN[-1] / "pg_ctl"), "-D", str(folder / "data"), "-w", "-l", str(folder / "log")]
    subprocess.run([*base, *command], check=True, stdout=subprocess.DEVNULL, cwd=folder)


def start_again(folder: Path) -> None:
    """Starts the stopped cluster."""
    given = shlex.split((folder / "data" / "postmaster.opts").read_text())[3:]  # after: postgres -D <folder>
    control(folder, "-o", shlex.join(given), "start")


async def test_restarts_of_the_database_lose_nothing(tmp_path: Path) -> None:
    with own_cluster() as (url, folder):
        async with site(url, tmp_path) as here:
            async with under_load(here.convene, here.heard) as load:
                for _ in range(RESTARTS):
                    await asyncio.sleep(1)
                    await _away_and_back(load, folder)
            await quiet(here.convene)
            for one in (here.convene, *here.workers):
                assert one.process is not None and one.process.poll() is None
            await kept(here.convene, here.heard, load)
            assert {answer.status_code for answer in load.refused} == {503}


async def _away_and_back(load: Load, folder: Path) -> None:
    refused, made = len(load.refused), len(load.made)
    await asyncio.to_thread(control, folder, "-m", "immediate", "stop")
    await until(lambda: _more(load.refused, refused), why="no write was refused")
    await _says_when_to_come_again(load)
    await asyncio.to_thread(start_again, folder)
    await until(lambda: _more(load.made, made), why="writes are not taken again")


async def _more(things: list[httpx.Response] | set[str], before: int) -> bool:
    return len(things) > before


async def _says_when_to_come_again(load: Load) -> None:
    """Reads and writes alike are answered 503 with `Retry-After`; the process lives and says that it is not ready."""
    async with load.convene.api() as api:
        for answer in (await api.get("rooms"), load.refused[-1]):
            assert answer.status_code == 503
            assert 1 <= int(answer.headers["retry-after"]) <= 5
        assert (await api.get(f"{load.convene.url}/health/live")).status_code == 200
        assert (await api.get(f"{load.convene.url}/health/ready")).status_code == 503
