"""A scheduled meeting as a program of the other platform makes it: three people come in by its links, it is recorded in two
stretches, and the lists, the report and the files say the same."""

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.async_api import Browser, Page, expect

from tests.acceptance.test_meeting import _end_for_everybody
from tests.acceptance.test_waiting import door, is_in
from tests.platform import DEADLINE, Guest, Platform, agree, browser, platform, until
from tests.receiver import Receiver, receiving

SLOW = DEADLINE * 1000
STRETCH = 3  # seconds of film that are enough


async def test_a_meeting_of_the_other_platform_from_its_curl_to_its_report(tmp_path: Path) -> None:
    async with receiving() as heard:
        with platform(tmp_path) as convene:
            convened(convene, "client", "set", "--recorded-url", heard.url("/ok/recorded"))
            key = convened(convene, "client", "rotate-key")["administration_api_key"]
            admin = {"CB-Administration-API-Key": key}
            async with httpx.AsyncClient(base_url=convene.url, timeout=20) as api, browser() as chromium:
                grace, ada = [
                    await user(api, admin, login, name) for login, name in (("grace", "Grace H"), ("ada", "Ada L"))
                ]
                meeting = await made(api, admin, grace["id"], ada["id"])
                token = await token_of(api, admin, grace["id"])
                host, guests = await gathered(chromium, api, admin, meeting, grace, ada)
                await recorded_twice(api, token, meeting, [host, *guests])
                await _end_for_everybody(host, guests[0])
                await compared(api, admin, token, meeting, heard, [grace["id"], ada["id"]])


def convened(convene: Platform, *command: str) -> dict[str, Any]:
    """What an operator's command prints."""
    environment = os.environ | convene.settings
    run = [sys.executable, "-m", "convene", *command]
    done = subprocess.run(run, cwd=convene.folder, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


async def user(api: httpx.AsyncClient, admin: dict[str, str], login: str, name: str) -> dict[str, Any]:
    answer = await api.post("/admin/users", json={"user": {"login": login, "full_name": name}}, headers=admin)
    assert answer.status_code == 201, answer.text
    return answer.json()["user"]  # type: ignore[no-any-return]


async def token_of(api: httpx.AsyncClient, admin: dict[str, str], number: int) -> dict[str, str]:
    answer = await api.post(f"/admin/users/{number}/tokens", headers=admin)
    return {"CB-Token": answer.json()["session"]["token"]}


async def made(api: httpx.AsyncClient, admin: dict[str, str], host: int, attendee: int) -> str:
    """By the body that the vendor's page shows, with our users; the meeting's id."""
    body = {
        "user_id": host,
        "name": "Friday weekly sync",
        "start_date": 1613729948,
        "end_date": 1613731012,
        "attendees": [{"id": attendee, "email": "email1@domen.com"}, {"email": "email2@domen.com"}],
        "record": False,
        "chat": False,
    }
    answer = await api.post("/admin/meetings", json=body, headers=admin)
    assert answer.status_code == 201, answer.text
    assert (answer.json()["host_id"], answer.json()["public"]) == (host, False)
    return str(answer.json()["_id"])


async def gathered(
    chromium: Browser,
    api: httpx.AsyncClient,
    admin: dict[str, str],
    meeting: str,
    grace: dict[str, Any],
    ada: dict[str, Any],
) -> tuple[Guest, list[Guest]]:
    """The host and the attendee come in by their own links, under their names; a stranger waits until he is let in."""
    stranger = await opened(chromium, f"{api.base_url}/{meeting}")
    await stranger.page.get_by_label("Your name").fill("Mallory", timeout=SLOW)
    await enter(stranger.page)
    await expect(stranger.page.get_by_role("heading", level=1)).to_have_text("The host will let you in", timeout=SLOW)

    links = await api.get(f"/meetings/{meeting}/link", headers=await token_of(api, admin, ada["id"]))
    attendee = await opened(chromium, links.json()["link"])
    await expect(attendee.page.get_by_label("Your name")).to_have_value("Ada L", timeout=SLOW)
    await enter(attendee.page)
    await is_in(attendee)

    links = await api.post(f"/admin/meetings/{meeting}/links", json={"user_id": grace["id"]}, headers=admin)
    host = await opened(chromium, links.json()["link"])
    await expect(host.page.get_by_label("Your name")).to_have_value("Grace H", timeout=SLOW)
    await enter(host.page)
    await is_in(host)
    for person in (host, attendee):
        assert urlsplit(person.page.url).query == "" and urlsplit(person.page.url).path == f"/{meeting}"

    await (await door(host)).get_by_role("button", name="Admit Mallory").click(timeout=SLOW)
    await is_in(stranger)
    return host, [attendee, stranger]


async def opened(chromium: Browser, link: str) -> Guest:
    context = await chromium.new_context(permissions=["camera", "microphone"])
    page = await context.new_page()
    await page.goto(link)
    return Guest(page, context)


async def enter(page: Page) -> None:
    await page.get_by_role("button", name="Join", exact=True).click(timeout=SLOW)


async def recorded_twice(api: httpx.AsyncClient, token: dict[str, str], meeting: str, people: list[Guest]) -> None:
    """On, off and on again, as a program does it; people agree once."""
    shown = people[0].page.get_by_text(re.compile(r"^REC")).first
    for number, on in enumerate((True, False, True)):
        answer = await api.put(f"/meetings/{meeting}.json", json={"record": on}, headers=token)
        assert (answer.status_code, answer.json()["record"]) == (200, on)
        if on:
            await shown.wait_for(timeout=SLOW)
            for person in people if number == 0 else ():
                await agree(person)
            await asyncio.sleep(STRETCH)
        else:
            await shown.wait_for(state="hidden", timeout=SLOW)
    for listing in await lists(api, {}, token, meeting):
        assert listing in ([], None)


async def lists(api: httpx.AsyncClient, admin: dict[str, str], token: dict[str, str], meeting: str) -> list[Any]:
    """The user's list of recordings and, for who may see it, the administrator's."""
    mine = await api.get(f"/meetings/recordings/{meeting}.json", headers=token)
    all_of = await api.get(f"/admin/meetings/recordings/{meeting}", headers=admin)
    return [mine.json(), all_of.json() if all_of.status_code == 200 else None]


async def compared(
    api: httpx.AsyncClient,
    admin: dict[str, str],
    token: dict[str, str],
    meeting: str,
    heard: Receiver,
    numbers: list[int],
) -> None:
    async def told() -> object:
        return heard.at("/ok/recorded")

    await until(told, why="no report came", seconds=90)
    mine, whole = await lists(api, admin, token, meeting)
    assert len(mine) == len(whole) == 2
    report = heard.at("/ok/recorded")[0].json
    assert list(report) == ["meeting", "hostUser", "callRecords"]
    shown = await api.get(f"/meetings?_id={meeting}", headers=token)
    assert report["meeting"] == shown.json() and report["hostUser"]["id"] == numbers[0]  # type: ignore[index]
    records: list[dict[str, Any]] = report["callRecords"]  # type: ignore[assignment]
    for told_of, listed, exact in zip(records, mine, whole, strict=True):
        assert told_of | {"download_url": ""} == listed | {"download_url": ""}
        assert (listed["participants_ids"], listed["participants_count"]) == (sorted(numbers), 3)
        assert listed["duration"] * 1000 == exact["duration"] and listed["duration"] >= STRETCH - 1
        assert listed["size"] == round(exact["size"] / 1_000_000, 2)
        assert listed["_id"] == exact["_id"] and listed["room_id"] == meeting
        for one in (told_of, listed, exact):
            film = await api.get(one["download_url"])
            assert (film.status_code, len(film.content), film.content[4:8]) == (200, exact["size"], b"ftyp")
    assert len(heard.at("/ok/recorded")) == 1
