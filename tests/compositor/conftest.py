from collections.abc import Iterator

import pytest

from tests.livekit_server import LiveKitServer, livekit_server


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "acceptance: real processes and a real engine; slow")


@pytest.fixture(scope="module")
def engine() -> Iterator[LiveKitServer]:
    with livekit_server() as server:
        yield server
