"""https by the platform itself: the API, the page and its signalling, beside http, and a certificate that is renewed."""

import signal
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from convene import certificates
from tests.platform import Platform, browser, join, platform, visit, wait
from tests.world import free_port

pytestmark = pytest.mark.acceptance


def certify(folder: Path) -> tuple[Path, Path]:
    """Writes a certificate and its key."""
    made = certificates.self_signed("localhost", datetime.now(UTC))
    files = folder / "cert.pem", folder / "key.pem"
    for path, text in zip(files, (made.certificate, made.private_key), strict=True):
        path.write_text(text)
    return files


@contextmanager
def secured(folder: Path, **settings: object) -> Iterator[tuple[Platform, str]]:
    """A platform with a certificate, and its https address."""
    certificate, key = certify(folder)
    port = free_port()
    with platform(folder, tls_cert=certificate, tls_key=key, tls_port=port, **settings) as running:
        yield running, f"https://localhost:{port}"


def trusting(running: Platform, address: str) -> httpx.Client:
    """A client that trusts the platform's certificate and no other."""
    trust = ssl.create_default_context(cafile=str(running.folder / "cert.pem"))
    auth = httpx.BasicAuth(running.first["api_key"], running.first["api_secret"])
    return httpx.Client(base_url=f"{address}/v1/meetings/", auth=auth, verify=trust, timeout=20)


async def test_one_process_answers_both_and_its_links_are_https(tmp_path: Path) -> None:
    with secured(tmp_path) as (running, address):
        await both(running, address)


async def both(running: Platform, address: str) -> None:
    with trusting(running, address) as api:
        made = api.post("rooms", json={"display_name": "Weekly sync"})
        assert made.status_code == 201
        links = made.json()["_links"]
        assert all(link["href"].startswith(f"{address}/") for link in links.values())
        assert "strict-transport-security" not in made.headers  # localhost belongs to all that is developed there
        assert api.get("rooms").json()["_links"]["self"]["href"].startswith(address)
        assert api.get("https://127.0.0.1" + address.removeprefix("https://localhost") + "/health/live").is_success
    plain = await running.room()
    assert plain["_links"]["guest_url"]["href"].startswith(f"{address}/")

    async with browser() as chromium:
        context = await chromium.new_context(ignore_https_errors=True)
        page = await context.new_page()
        sockets: list[str] = []
        page.on("websocket", lambda opened: sockets.append(opened.url))
        await page.goto(links["guest_url"]["href"])
        await page.get_by_label("Your name").wait_for()
        await context.close()
        host = await visit(chromium, links["host_url"]["href"], "Hana", ignore_https_errors=True)
        host.page.on("websocket", lambda opened: sockets.append(opened.url))
        await host.page.reload()
        await join(host, "Hana")
        assert any(url.startswith(f"wss{address.removeprefix('https')}/rtc") for url in sockets)


def test_a_renewed_certificate_is_taken_without_a_restart(tmp_path: Path) -> None:
    with secured(tmp_path) as (running, address):
        renewed(running, address)


def test_http_can_be_kept_to_this_machine(tmp_path: Path) -> None:
    """127.0.0.2 stands for another address of this machine."""
    with secured(tmp_path, host="0.0.0.0", tls_only=True) as (running, address):
        elsewhere = "https://127.0.0.2:" + address.rpartition(":")[2]
        assert (
            httpx.get(f"{elsewhere}/health/live", verify=False).status_code == 200
        )  # the name is not in our certificate
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://127.0.0.2:{running.settings['CONVENE_PORT']}/health/live")


def renewed(running: Platform, address: str) -> None:
    port = int(address.rpartition(":")[2])
    before = served(running, port)
    certify(running.folder)
    assert served(running, port, check=False) == before
    assert running.process is not None
    running.process.send_signal(signal.SIGUSR1)
    wait(lambda: served(running, port, check=False) != before)
    with trusting(running, address) as api:
        assert api.get("rooms").status_code == 200
    (running.folder / "key.pem").write_text("no key")
    running.process.send_signal(signal.SIGUSR1)
    wait(lambda: "certificate_refused" in running.log)
    with trusting(running, address) as api:
        assert api.get("rooms").status_code == 200


def served(running: Platform, port: int, *, check: bool = True) -> bytes:
    """The certificate that a new connection gets, DER."""
    trust = ssl.create_default_context(cafile=str(running.folder / "cert.pem"))
    if not check:
        trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("localhost", port), timeout=20) as plain,
        trust.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        found = secure.getpeercert(binary_form=True)
    assert found is not None
    return found
