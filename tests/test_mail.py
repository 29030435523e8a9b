"""Mail handed to a real SMTP server: once, whatever breaks; tried again for as long as it makes sense; kept where there is none."""

import asyncio
import email
import email.policy
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from convene import certificates, outbox
from convene.config import Settings
from convene.db import Tx, utcnow
from convene.letters import Kind
from convene.mail import Answer, Mailer, Outgoing, Verdict, mailer
from convene.meetings.mailing import Mailing
from convene.outbox import Journal, Mail, Posting, Recipient, Role, State
from convene.worker import Worker
from tests.postbox import Postbox, posting
from tests.test_letters import FACTS
from tests.world import World, free_port

ADA, BOB = "ada@example.org", "bob@example.org"


def to(address: str, name: str | None = None) -> Recipient:
    return Recipient(address, name, "en", Role.ATTENDEE)


async def post(world: World, *addresses: str, kind: Kind = Kind.INVITATION, start: int | None = FACTS.start) -> None:
    facts = replace(FACTS, start=start).as_json()
    await world.db.write(
        outbox.post, world.application_id, FACTS.meeting_id, kind, facts, [to(address) for address in addresses]
    )


async def mails(world: World) -> dict[str, Mail]:
    return {one.address: one for one in await world.db.read(outbox.latest, world.application_id, limit=1000)}


def set_to(world: World, url: str, **settings: object) -> Settings:
    return replace(world.runtime.settings, smtp_url=url, mail_from="Meet <meet@example.org>", **settings)


def sender(world: World, settings: Settings, out: Mailer | None = None) -> Posting:
    composer = Mailing(world.db, world.runtime.storage, settings)
    folder = settings.folder / "outbox" / "journals"
    return Posting(world.db, out or mailer(settings), composer.compose, folder, per_second=settings.mail_per_second)


@asynccontextmanager
async def sending(world: World, settings: Settings) -> AsyncIterator[Posting]:
    """The loop's object: each `step` is one round."""
    made = sender(world, settings)
    await made.open()
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def running(made: Posting) -> AsyncIterator[None]:
    task = asyncio.create_task(made.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


# --- Once -----------------------------------------------------------------------------------------------------------


async def test_each_gets_his_mail_once(world: World) -> None:
    await post(world, ADA, BOB, "Ada@example.org")
    async with posting() as box, sending(world, set_to(world, box.url)) as loop:
        while await loop.step():
            pass
        assert sorted(one.recipient for one in box.posted) == sorted([ADA, BOB])
        [first] = box.to(ADA)
    assert first.sender == "meet@example.org"
    assert first.message["Subject"] == "Invitation: Launch review"
    assert first.message["From"] == "Meet <meet@example.org>"
    assert "Launch review" in first.part("text/plain") and "<table" in first.part("text/html")
    assert "BEGIN:VEVENT" in first.part("text/calendar")
    found = await mails(world)
    assert [found[ADA].state, found[BOB].state] == [State.SENT, State.SENT]
    assert found[ADA].answer == "250 it is here" and found[ADA].attempt == 1


async def test_a_change_that_is_not_written_sends_nothing(world: World) -> None:
    def work(tx: Tx) -> None:
        outbox.post(tx, world.application_id, "m", Kind.INVITATION, FACTS.as_json(), [to(ADA)])
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await world.db.write(work)
    assert await mails(world) == {}


async def test_lines_that_begin_with_a_dot_arrive(world: World) -> None:
    """RFC 5321 §4.5.2."""
    body = b"Subject: x\r\n\r\n.\r\n..\r\n.hidden\r\n"
    async with posting() as box:
        made = mailer(set_to(world, box.url))
        handed: list[int] = []
        answer = await made.send(Outgoing("x", "meet@example.org", ADA, body), lambda: handed.append(len(box.posted)))
        await made.close()
    assert answer == Answer(Verdict.ACCEPTED, "250 it is here")
    assert box.posted[0].raw == body and handed == [0]


async def test_many_share_few_connections(world: World) -> None:
    await post(world, *[f"p{n}@example.org" for n in range(200)])
    async with posting() as box, sending(world, set_to(world, box.url)) as loop:
        while await loop.step():
            pass
        assert len({one.recipient for one in box.posted}) == len(box.posted) == 200
        assert len({one.message["Message-ID"] for one in box.posted}) == 200
        assert box.connections <= 8


async def test_a_connection_that_the_server_closed_is_made_anew(world: World) -> None:
    async with posting() as box, sending(world, set_to(world, box.url)) as loop:
        await post(world, ADA)
        await loop.step()
        box.drop()
        await post(world, BOB)
        await loop.step()
        assert [one.recipient for one in box.posted] == [ADA, BOB]
        assert (await mails(world))[BOB].attempt == 1


async def test_two_workers_send_nothing_twice(world: World) -> None:
    await post(world, *[f"p{n}@example.org" for n in range(150)])
    async with posting() as box:
        settings = set_to(world, box.url)
        async with sending(world, settings) as one, sending(world, settings) as other:

            async def all_of(loop: Posting) -> None:
                while await loop.step():
                    pass

            await asyncio.gather(all_of(one), all_of(other))
    assert len({one.recipient for one in box.posted}) == len(box.posted) == 150


# --- Again ----------------------------------------------------------------------------------------------------------


async def test_what_is_refused_for_now_is_tried_again_under_the_same_name(world: World) -> None:
    await post(world, ADA, BOB)
    box = Postbox(answers={ADA: ["450 mailbox busy"]}, at_end={BOB: ["451 try later"]})
    async with posting(box), sending(world, set_to(world, box.url)) as loop:
        await loop.step()
        found = await mails(world)
        assert found[ADA].state == found[BOB].state == State.PENDING and not box.posted
        assert found[ADA].answer == "450 mailbox busy" and found[BOB].answer == "451 try later"
        assert found[ADA].due_at is not None and found[ADA].due_at > world.now
        assert not await loop.step()
        world.later(minutes=1)
        await loop.step()
    assert sorted(one.recipient for one in box.posted) == [ADA, BOB]
    assert {one.state for one in (await mails(world)).values()} == {State.SENT}


async def test_what_is_refused_for_good_is_dead(world: World) -> None:
    await post(world, ADA, BOB)
    box = Postbox(answers={ADA: ["550 no such person"]}, at_end={BOB: ["554 no such mail"]})
    async with posting(box), sending(world, set_to(world, box.url)) as loop:
        await loop.step()
        world.later(days=1)
        assert not await loop.step()
    found = await mails(world)
    assert found[ADA].state == found[BOB].state == State.DEAD and not box.posted
    assert (found[ADA].answer, found[BOB].answer) == ("550 no such person", "554 no such mail")


async def test_an_address_that_is_none_is_dead_from_the_beginning(world: World) -> None:
    await post(world, "nobody", ADA)
    async with posting() as box, sending(world, set_to(world, box.url)) as loop:
        await loop.step()
        assert [one.recipient for one in box.posted] == [ADA]
    found = await mails(world)
    assert found["nobody"].state == State.DEAD and "not an e-mail address" in (found["nobody"].answer or "")


async def test_a_dead_server_is_asked_by_one_mail_at_a_time_until_it_is_back(world: World) -> None:
    await post(world, *[f"p{n}@example.org" for n in range(150)])
    settings = set_to(world, f"smtp://127.0.0.1:{free_port()}")
    async with sending(world, settings) as loop:
        await loop.step()
        tried = sum(one.attempt for one in (await mails(world)).values())
        assert 0 < tried <= 40
        await loop.step()
        assert sum(one.attempt for one in (await mails(world)).values()) <= tried + 1
    world.later(minutes=20)
    port = int(settings.smtp_url.rpartition(":")[2])
    async with posting(port=port) as box, running(sender(world, settings)):
        await until(lambda: len(box.posted) == 150, 120)
    assert len({one.recipient for one in box.posted}) == 150


async def test_after_72_hours_a_mail_is_dead(world: World) -> None:
    await post(world, ADA)
    async with sending(world, set_to(world, f"smtp://127.0.0.1:{free_port()}")) as loop:
        await loop.step()
        assert (await mails(world))[ADA].state == State.PENDING
    world.later(hours=73)
    async with posting() as box, sending(world, set_to(world, box.url)) as loop:
        await loop.step()
        assert not box.posted
    found = (await mails(world))[ADA]
    assert found.state == State.DEAD and "72 hours" in (found.answer or "")


async def test_no_reminder_comes_after_the_beginning(world: World) -> None:
    soon = int((world.now + timedelta(minutes=5)).timestamp())
    await post(world, ADA, kind=Kind.REMINDER, start=soon)
    world.later(minutes=6)
    async with posting() as box, sending(world, set_to(world, box.url)) as loop:
        await loop.step()
        assert not box.posted
    assert (await mails(world))[ADA].state == State.DEAD


class Deaf:
    """A server that takes the mail and is never heard again; and one that dies just before."""

    def __init__(self, *, hands: bool):
        self.hands, self.asked = hands, asyncio.Event()

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def send(self, mail: Outgoing, handing: Callable[[], None]) -> Answer:
        if self.hands:
            handing()
        self.asked.set()
        await asyncio.Event().wait()
        raise AssertionError


async def test_stopped_before_the_answer_it_is_not_sent_again(world: World) -> None:
    await post(world, ADA)
    deaf = Deaf(hands=True)
    async with running(sender(world, set_to(world, ""), deaf)):
        await deaf.asked.wait()
    found = (await mails(world))[ADA]
    assert found.state == State.UNSURE and "before the server's answer" in (found.answer or "")


async def test_stopped_before_it_was_handed_over_it_is_due_at_once(world: World) -> None:
    await post(world, ADA)
    deaf = Deaf(hands=False)
    async with running(sender(world, set_to(world, ""), deaf)):
        await deaf.asked.wait()
    async with posting() as box, sending(world, set_to(world, box.url)) as loop:
        await loop.step()
        assert len(box.posted) == 1


# --- After a kill -9 ------------------------------------------------------------------------------------------------


async def test_what_a_dead_process_noted_is_settled_by_the_next(world: World) -> None:
    """Its journal as it lies there after the kill: accepted, in the middle, refused, and only claimed."""
    names = [f"p{n}@example.org" for n in range(5)]
    await post(world, *names)
    turn = await world.db.write(outbox.claim, 10, "dead")
    serial = {one.address: one.serial for one in turn.claims}
    settings = set_to(world, "")
    folder = settings.folder / "outbox" / "journals"
    folder.mkdir(parents=True)
    lines = [f"handed {serial[name]}" for name in names[:3]]
    lines += [
        f"accepted {serial[names[0]]} 250 it is here",
        f"refused {serial[names[2]]}",
        f"handed {serial[names[3]]}",
    ]
    (folder / "dead.journal").write_text("\n".join(lines)[:-1])  # its last line is torn: it counts for nothing
    async with posting() as box, sending(world, set_to(world, box.url)) as loop:
        while await loop.step():
            pass
    assert sorted(one.recipient for one in box.posted) == names[2:]
    found = await mails(world)
    assert [found[name].state for name in names] == [State.SENT, State.UNSURE, *[State.SENT] * 3]
    assert found[names[0]].answer == "250 it is here"
    assert not list(folder.iterdir())


async def test_the_journal_of_a_process_that_lives_is_left_alone(world: World, tmp_path: Path) -> None:
    living, other = Journal(tmp_path / "j"), Journal(tmp_path / "j")
    living.open()
    other.open()
    living.handed(1)
    found = other.left()
    assert not found.ended and not found.holders and not found.files
    living.close()
    other.close()


# --- How fast, and how ----------------------------------------------------------------------------------------------


async def test_the_rate_is_kept(world: World) -> None:
    """Ten a second: the last of fifteen is sent more than a second after the first."""
    await post(world, *[f"p{n}@example.org" for n in range(15)])
    loop_time = asyncio.get_running_loop().time
    async with posting() as box, sending(world, set_to(world, box.url, mail_per_second=10)) as loop:
        begin = loop_time()
        while await loop.step():
            pass
        assert loop_time() - begin >= 1.3 and len(box.posted) == 15


async def test_tls_and_a_password(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = certificates.self_signed("localhost", utcnow())
    certificate, key = tmp_path / "c.pem", tmp_path / "c.key"
    certificate.write_text(made.certificate)
    key.write_text(made.private_key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    box = Postbox()
    signed_in = {"auth_required": True, "authenticator": box.authenticate}
    starting = {"tls_context": context, "require_starttls": True, **signed_in}
    for scheme, options in (("smtp", starting), ("smtps", {"ssl": context, "auth_require_tls": False, **signed_in})):
        async with posting(box, **options):
            url = f"{scheme}://meetings:p%40ss%20word@127.0.0.1:{box.port}"
            async with sending(world, set_to(world, url)) as loop:
                await post(world, f"{scheme}@example.org")
                await loop.step()
    assert [one.recipient for one in box.posted] == ["smtp@example.org", "smtps@example.org"]
    assert ("meetings", "p@ss word") in box.credentials


async def test_a_server_that_is_not_trusted_gets_no_password(world: World, tmp_path: Path) -> None:
    made = certificates.self_signed("localhost", utcnow())
    certificate, key = tmp_path / "c.pem", tmp_path / "c.key"
    certificate.write_text(made.certificate)
    key.write_text(made.private_key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    box = Postbox()
    async with posting(box, tls_context=context, authenticator=box.authenticate):
        settings = set_to(world, f"smtp://meetings:secret@127.0.0.1:{box.port}")
        await post(world, ADA)
        async with sending(world, settings) as loop:
            await loop.step()
    found = (await mails(world))[ADA]
    assert not box.posted and not box.credentials and found.state == State.PENDING
    assert "certificate" in (found.answer or "").lower() and "secret" not in (found.answer or "")


# --- Kept -----------------------------------------------------------------------------------------------------------


async def test_without_a_server_mail_is_kept(world: World) -> None:
    await post(world, ADA, BOB)
    settings = set_to(world, "")
    async with sending(world, settings) as loop:
        await loop.step()
    found = await mails(world)
    assert {one.state for one in found.values()} == {State.KEPT}
    path = settings.folder / "outbox" / (found[ADA].answer or "")
    kept = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert kept["To"] == ADA and path.suffix == ".eml" and path.stat().st_mode & 0o77 == 0
    assert len(list((settings.folder / "outbox").glob("*.eml"))) == 2


async def test_files_go_with_their_mails(world: World) -> None:
    await post(world, ADA)
    worker = Worker(world.runtime)
    async with sending(world, world.runtime.settings) as loop:
        await loop.step()
    folder = world.runtime.settings.folder / "outbox"
    await worker.tidy()
    assert len(list(folder.glob("*.eml"))) == 1
    world.later(days=31)
    await worker.tidy()
    assert await mails(world) == {} and not list(folder.glob("*.eml"))


async def test_what_is_still_to_be_sent_is_not_forgotten(world: World) -> None:
    await post(world, ADA)
    assert await world.db.write(outbox.forget, world.application_id, before=world.now, limit=100) == 0
    assert ADA in await mails(world)
