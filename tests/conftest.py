"""The few fixtures: `world` runs each test on SQLite and on PostgreSQL."""

import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests import world as worlds


def pytest_collection_finish() -> None:
    """What is loaded by now stays: it need not be looked through for garbage again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL that lives as long as the test run; its empty database."""
    with worlds.postgres() as url:
        yield f"{url}/postgres"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'convene.db'}"
    return worlds.emptied(request.getfixturevalue("postgres_url"))


@pytest_asyncio.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[worlds.World]:
    """The API in process, with the engine's twin and a clock that stands still."""
    async with worlds.world(database_url, tmp_path) as made:
        yield made
