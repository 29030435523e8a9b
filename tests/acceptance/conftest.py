"""What most tests with a browser need: one platform for each file, and a browser for each test."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.platform import Platform, browser, platform


@pytest.fixture(scope="module")
def convene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One platform for all tests of a file."""
    with platform(tmp_path_factory.mktemp("platform")) as made:
        yield made


@pytest_asyncio.fixture
async def chromium() -> AsyncIterator[Browser]:
    """A browser of the test's own."""
    async with browser() as made:
        yield made
