"""What most tests with a browser need: one platform and one browser for each file, and a clean browser for each test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.platform import Platform, browser, platform


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of a file share an event loop, as their browser has one."""
    for item in items:
        if item.path.parent == Path(__file__).parent and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)


@pytest.fixture(scope="module")
def convene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One platform for all tests of a file."""
    with platform(tmp_path_factory.mktemp("platform")) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def started() -> AsyncIterator[Browser]:
    """One browser process for all tests of a file: a start takes three seconds."""
    async with browser() as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def chromium(started: Browser) -> AsyncIterator[Browser]:
    """A browser in which nobody has been; who is in a call when a test ends is gone for the next one."""
    yield started
    for context in started.contexts:
        await context.close()
