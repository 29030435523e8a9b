"""The page's files as a browser fetches them: compressed, cached, asked for again. The page must have been built."""

import gzip
import re

import httpx
import pytest

from convene.web.page import FOLDER
from tests.world import World

PLAIN = {"Accept-Encoding": "identity"}


def largest(suffix: str) -> str:
    """The address of the largest asset of this kind."""
    path = max((FOLDER / "assets").glob(f"*{suffix}"), key=lambda path: path.stat().st_size)
    return f"/assets/{path.name}"


async def raw(world: World, url: str, accept: str) -> tuple[httpx.Response, bytes]:
    """An answer and its bytes as they came, still encoded."""
    async with world.client.stream("GET", url, headers={"Accept-Encoding": accept}) as answer:
        return answer, b"".join([chunk async for chunk in answer.aiter_raw()])


@pytest.mark.parametrize(
    ("accept", "encoding", "suffix"),
    [
        ("gzip, deflate, br, zstd", "br", ".br"),
        ("gzip;q=1.0, br;q=0", "gzip", ".gz"),
        ("br;q=0.1", "br", ".br"),
        ("*", "br", ".br"),
        ("GZIP", "gzip", ".gz"),
        ("identity", None, ""),
        ("br;q=0.000, *;q=0", None, ""),
    ],
)
async def test_assets_are_sent_as_small_as_the_browser_takes_them(
    world: World, accept: str, encoding: str | None, suffix: str
) -> None:
    url = largest(".js")
    answer, body = await raw(world, url, accept)
    assert answer.headers.get("content-encoding") == encoding
    assert body == (FOLDER / (url[1:] + suffix)).read_bytes()
    assert int(answer.headers["content-length"]) == len(body)
    assert re.fullmatch(r"(text|application)/javascript(; charset=utf-8)?", answer.headers["content-type"])
    assert answer.headers["vary"] == "Accept-Encoding"
    assert "immutable" in answer.headers["cache-control"]


async def test_the_compressed_twins_hold_the_same_and_are_no_addresses(world: World) -> None:
    for url, kind in ((largest(".js"), "javascript"), (largest(".css"), "text/css")):
        plain = await world.client.get(url, headers=PLAIN)
        assert kind in plain.headers["content-type"]
        small = await raw(world, url, "gzip")
        assert gzip.decompress(small[1]) == plain.content
        assert len(small[1]) * 2 < len(plain.content)
        assert (await world.client.get(url + ".gz")).status_code == 404


async def test_what_the_browser_has_is_not_sent_again(world: World) -> None:
    for url in (largest(".js"), "/", "/604118237", "/acme/604118237"):
        first = await world.client.get(url)
        for header, value in (
            ("If-None-Match", first.headers["etag"]),
            ("If-Modified-Since", first.headers["last-modified"]),
        ):
            again = await world.client.get(url, headers={header: value})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["cache-control"] == first.headers["cache-control"]
        changed = await world.client.get(url, headers={"If-None-Match": '"another"'})
        assert changed.content == first.content


async def test_each_encoding_has_a_tag_of_its_own(world: World) -> None:
    answers = [await raw(world, largest(".js"), accept) for accept in ("br", "gzip", "identity")]
    assert len({answer.headers["etag"] for answer, _ in answers}) == 3


async def test_the_page_itself_is_asked_for_each_time(world: World) -> None:
    answer = await world.client.get("/604118237")
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-type"].startswith("text/html")
    head = await world.client.head("/")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str((FOLDER / "index.html").stat().st_size)


@pytest.mark.parametrize("path", ["/assets/none.js", "/assets/..%2findex.html", "/assets/%2e%2e", "/favicon.ico"])
async def test_nothing_else_is_served(world: World, path: str) -> None:
    assert (await world.client.get(path)).status_code == 404
