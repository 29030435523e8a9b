"""The page of kept mails, and the wording of mails by the API."""

import pytest

from convene import outbox
from convene.letters import Kind
from tests.test_letters import FACTS, HOSTILE
from tests.test_mail import ADA, post, sending, set_to, to
from tests.world import World


async def keep(world: World) -> int:
    """A mail to Ada, in the folder; its number."""
    async with sending(world, set_to(world, "")) as loop:
        await loop.step()
    found = await world.db.read(outbox.latest, world.application_id)
    return found[0].serial


async def test_a_browser_is_asked_who_it_is(world: World) -> None:
    for path in ("/outbox/", "/outbox/1", "/outbox/1/mail.eml", "/outbox/1/entry.ics"):
        refused = await world.client.get(path)
        assert refused.status_code == 401 and refused.headers["WWW-Authenticate"].startswith("Basic ")


async def test_credentials_are_asked_for_below_the_page_alone(world: World) -> None:
    """Else a browser would send them along with what other sites have it post to our API."""
    moved = await world.client.get("/outbox")
    assert (moved.status_code, moved.headers["Location"]) == (
        307,
        "/outbox/",
    ) and "WWW-Authenticate" not in moved.headers
    refused = await world.client.get("/v1/meetings/rooms")
    assert refused.status_code == 401 and "Basic" not in refused.headers["WWW-Authenticate"]


async def test_kept_mails_are_shown(world: World) -> None:
    assert "There is no mail" in (await world.client.get("/outbox/", headers=world.auth)).text
    await post(world, ADA)
    serial = await keep(world)
    listed = await world.client.get("/outbox/", headers=world.auth)
    assert ADA in listed.text and f'href="/outbox/{serial}"' in listed.text and "kept" in listed.text
    shown = await world.client.get(f"/outbox/{serial}", headers=world.auth)
    assert "Invitation: Launch review" in shown.text and "<iframe sandbox " in shown.text
    assert shown.headers.get_list("content-security-policy") == [
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ]
    assert shown.headers["x-content-type-options"] == "nosniff"
    whole = await world.client.get(f"/outbox/{serial}/mail.eml", headers=world.auth)
    assert b"To: ada@example.org" in whole.content and whole.headers["content-type"] == "message/rfc822"
    entry = await world.client.get(f"/outbox/{serial}/entry.ics", headers=world.auth)
    assert entry.text.startswith("BEGIN:VCALENDAR") and "attachment" in entry.headers["content-disposition"]


async def test_what_strangers_wrote_is_no_html_of_the_page(world: World) -> None:
    facts = {**FACTS.as_json(), "name": HOSTILE + '"></iframe><script>alert(2)</script>'}
    await world.db.write(outbox.post, world.application_id, "m", Kind.INVITATION, facts, [to(ADA, HOSTILE)])
    serial = await keep(world)
    shown = (await world.client.get(f"/outbox/{serial}", headers=world.auth)).text
    assert "<script" not in shown and shown.count("</iframe>") == 1


async def test_sent_mails_are_listed_and_unknown_ones_are_not_there(world: World) -> None:
    await post(world, "nobody")
    [only] = await world.db.read(outbox.latest, world.application_id)
    shown = await world.client.get(f"/outbox/{only.serial}", headers=world.auth)
    assert shown.status_code == 200 and "not an e-mail address" in shown.text and "<iframe" not in shown.text
    for path in (
        f"/outbox/{only.serial}/mail.eml",
        f"/outbox/{only.serial}/entry.ics",
        "/outbox/999",
        f"/outbox/{10**30}",
    ):
        assert (await world.client.get(path, headers=world.auth)).status_code == 404
    assert (await world.client.get("/outbox/?before=0", headers=world.auth)).status_code == 400


async def test_older_ones_are_a_page_further(world: World) -> None:
    await post(world, *[f"p{n:03}@example.org" for n in range(130)])
    first = (await world.client.get("/outbox/", headers=world.auth)).text
    assert first.count("p0") + first.count("p1") == 100
    following = first.partition('href="/outbox/?before=')[2].partition('"')[0]
    second = (await world.client.get(f"/outbox/?before={following}", headers=world.auth)).text
    assert second.count("@example.org") == 30 and "Older" not in second


# --- Wording --------------------------------------------------------------------------------------------------------


async def test_an_application_words_its_mails(world: World) -> None:
    url = "/api/mail-templates/invitation"
    assert (await world.client.get(url, headers=world.auth)).status_code == 404
    put = await world.client.put(url, headers=world.auth, json={"subject": "Hi {{ name }}", "html": "<b>#{name}</b>"})
    told = {"subject": "Hi {{ name }}", "text": None, "html": "<b>#{name}</b>"}
    assert put.status_code == 200 and put.json() == told
    assert (await world.client.get(url, headers=world.auth)).json() == told
    await post(world, ADA)
    serial = await keep(world)
    shown = (await world.client.get(f"/outbox/{serial}", headers=world.auth)).text
    assert "Hi Launch review" in shown and "&lt;b&gt;Launch review&lt;/b&gt;" in shown
    replaced = await world.client.put(url, headers=world.auth, json={"text": "x"})
    assert replaced.json() == {"subject": None, "text": "x", "html": None}
    assert (await world.client.delete(url, headers=world.auth)).status_code == 204
    assert (await world.client.delete(url, headers=world.auth)).status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"subject": ""}, {"html": "{{ nobody }}"}, {"text": "{{ range(3) }}"}, {"x": "y"}]
)
async def test_what_cannot_be_filled_is_refused_when_it_is_put(world: World, body: dict[str, str]) -> None:
    url = "/api/mail-templates/invitation"
    refused = await world.client.put(url, headers=world.auth, json=body)
    assert refused.status_code == 400
    assert (await world.client.get(url, headers=world.auth)).status_code == 404
    assert (
        await world.client.put("/api/mail-templates/nothing", headers=world.auth, json={"text": "x"})
    ).status_code == 400
