"""Letters: in every language, harmless whatever they name, and with an entry that calendars understand."""

import email
import email.policy
import json
import shutil
import string
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

import pytest

from convene import letters
from convene.letters import BadTemplate, Facts, Guest, Kind, Letter, Part, Reader, Recorded, Sender
from convene.letters.wording import words

NPM = Path(__file__).parent / "npm"
AT = datetime(2026, 3, 1, 9, 15, tzinfo=UTC)
START = int(datetime(2026, 3, 2, 14, 0, tzinfo=UTC).timestamp())
GRACE, ADA = Guest("Grace Hopper", "grace@example.org"), Guest("Ada L", "ada@example.org")
FACTS = Facts(
    meeting_id="69a1f00c2b7d4e0011c0a9e1",
    name="Launch review",
    start=START,
    end=START + 3600,
    offset=120,
    zone="Europe/Riga",
    rrule=None,
    sequence=3,
    at=int(AT.timestamp()),
    host=GRACE,
    guests=(ADA, Guest(None, "guest@example.net")),
    recorded=(Recorded("r-1", 61),),
)
LINK = "https://meet.example.org/69a1f00c2b7d4e0011c0a9e1?participant_token=abc.def"
READER = Reader("ada@example.org", "Ada L", "en", is_host=False, link=LINK, downloads=("https://meet.example.org/r/1",))
SENDER = Sender.of("Convene Meetings <meetings@example.org>")


def letter(kind: Kind = Kind.INVITATION, facts: Facts = FACTS, reader: Reader = READER, **parts: str) -> Letter:
    templates = {Part(name): text for name, text in parts.items()}
    return letters.written(kind, facts, reader, organizer="meetings@example.org", templates=templates)


def message(made: Letter, reader: Reader = READER, reply_to: str | None = "grace@example.org") -> EmailMessage:
    raw = letters.as_message(made, SENDER, reader, id="n.7", at=AT, reply_to=reply_to)
    return cast(EmailMessage, email.message_from_bytes(raw, policy=email.policy.default))


Seen = Callable[[Letter], dict[str, Any]]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """What a calendar program of others sees in a letter."""
    folder = tmp_path_factory.mktemp("npm")
    for name in ("package.json", "calendar.mjs"):
        shutil.copy(NPM / name, folder)
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True, timeout=300)

    def read(made: Letter) -> dict[str, Any]:
        assert made.calendar is not None
        run = subprocess.run(["node", "calendar.mjs"], cwd=folder, input=made.calendar, capture_output=True, check=True)
        return cast(dict[str, Any], json.loads(run.stdout))

    return read


# --- Words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", letters.LANGUAGES)
def test_every_language_says_everything(language: str) -> None:
    def fields(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    english, own = words("en"), words(language)
    assert own.keys() == english.keys()
    assert all(own.values())
    assert {key: fields(text) for key, text in own.items()} == {key: fields(text) for key, text in english.items()}


@pytest.mark.parametrize("language", letters.LANGUAGES)
@pytest.mark.parametrize("kind", Kind)
def test_every_kind_is_written_in_every_language(kind: Kind, language: str) -> None:
    made = letter(kind, reader=replace(READER, language=language))
    other = letter(kind, reader=replace(READER, language="en"))
    assert "Launch review" in made.subject and "Launch review" in made.text and "Launch review" in made.html
    assert f'lang="{language}"' in made.html
    if language != "en":
        assert made.text != other.text and made.subject != other.subject


def test_the_nearest_language_is_taken() -> None:
    wishes = ["de-AT", "pt", "pt_BR", "zh-Hant-HK", "zh", "ZH-TW", "sv", "", None, "iw"]
    found = ["de", "pt-br", "pt-br", "zh-tw", "zh-cn", "zh-tw", "en", "en", "en", "en"]
    assert [letters.language_of(wish) for wish in wishes] == found


def test_times_are_the_meetings_own() -> None:
    text = letter().text.replace("\u202f", " ")
    assert "Monday, March 2, 2026, 4:00 PM – 5:00 PM (Europe/Riga, UTC+02:00)" in text
    by_offset = replace(FACTS, zone=None, offset=-330, end=None)
    assert "8:30 AM (UTC-05:30)" in letter(facts=by_offset).text.replace("\u202f", " ")
    german = letter(facts=replace(FACTS, end=START + 86400), reader=replace(READER, language="de")).text
    assert "Montag, 2. März 2026, 16:00 – Dienstag, 3. März 2026, 16:00 (Europe/Riga, UTC+02:00)" in german


def test_a_meeting_at_no_time_has_no_time() -> None:
    made = letter(facts=replace(FACTS, start=None))
    assert made.calendar is None and "When" not in made.text


def test_facts_are_stored_whole() -> None:
    assert Facts.of(json.loads(json.dumps(FACTS.as_json()))) == FACTS


# --- The message ----------------------------------------------------------------------------------------------------


def test_a_mail_has_all_its_parts() -> None:
    made = message(letter())
    assert [part.get_content_type() for part in made.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    assert made["From"] == "Convene Meetings <meetings@example.org>"
    assert made["To"] == "Ada L <ada@example.org>"
    assert made["Reply-To"] == "grace@example.org"
    assert made["Message-ID"] == "<n.7@example.org>"
    assert made["Auto-Submitted"] == "auto-generated"
    calendar = next(part for part in made.walk() if part.get_content_type() == "text/calendar")
    assert calendar.get_param("method") == "REQUEST"
    assert max(len(line) for line in made.as_bytes().splitlines()) <= 78


def test_links_are_in_both_texts() -> None:
    made = letter()
    assert LINK in made.text and f'href="{LINK}"' in made.html
    told = letter(Kind.RECORDED)
    assert "https://meet.example.org/r/1" in told.text and 'href="https://meet.example.org/r/1"' in told.html
    assert "7 days" in told.text


HOSTILE = "Sync\r\nBcc: all@example.org\r\n\r\n<script>alert(1)</script>\u202egnp\u2028{{ 7*7 }}{name}"


def test_names_break_no_header() -> None:
    facts = replace(FACTS, name=HOSTILE, host=Guest(HOSTILE, "grace@example.org"))
    reader = replace(READER, name=HOSTILE)
    made = message(letter(facts=facts, reader=reader), reader)
    assert made["Bcc"] is None and len(made.get_all("To")) == 1
    assert made["To"].addresses[0].addr_spec == "ada@example.org"
    assert "\n" not in made["Subject"] and "Bcc: all@example.org" in made["Subject"] and "\u202e" not in made["Subject"]


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("language", ["en", "ar"])
def test_names_are_no_html_and_no_template(kind: Kind, language: str) -> None:
    facts = replace(FACTS, name=HOSTILE, host=Guest(HOSTILE, "g@example.org"), guests=(Guest(HOSTILE, "<b>@x.org"),))
    made = letter(kind, facts, replace(READER, language=language, link='https://x.org/"><script>', name=HOSTILE))
    assert "<script>" not in made.html and "<b>@" not in made.html
    assert "49" not in made.text and "{{ 7*7 }}" in made.text


@pytest.mark.parametrize(
    "address",
    [
        *("", "ada", "@x.org", "a@", "a b@x.org", "a@x.org\nBcc: b@x.org", "a@x.org, b@x.org", "<a@x.org>"),
        *("ä@x.org", "a..b@x.org", "a@x..org", f"{'a' * 65}@x.org", "a@-x.org"),
    ],
)
def test_what_is_no_address_is_not_written_to(address: str) -> None:
    assert letters.address_error(address) is not None
    with pytest.raises(ValueError):
        message(letter(), replace(READER, address=address))


def test_domains_of_all_the_world_are_written_to() -> None:
    assert letters.address_error("ada@bücher.example") is None
    assert "ada@xn--bcher-kva.example" in str(message(letter(), replace(READER, address="ada@bücher.example"))["To"])


# --- The calendar ---------------------------------------------------------------------------------------------------


def test_the_invitation_in_a_calendar(seen: Seen) -> None:
    made = letter()
    entry = seen(made)
    assert entry["method"] == "REQUEST"
    assert entry["uid"] == "69a1f00c2b7d4e0011c0a9e1@convene" and entry["sequence"] == 3
    assert (entry["start"], entry["end"]) == ("2026-03-02T14:00:00.000Z", "2026-03-02T15:00:00.000Z")
    assert entry["zone"] == "Europe/Riga"
    assert entry["summary"] == "Launch review" and entry["location"] == LINK and entry["url"] == LINK
    assert entry["organizer"] == "mailto:grace@example.org"
    assert entry["attendees"] == ["mailto:grace@example.org", "mailto:ada@example.org", "mailto:guest@example.net"]
    assert entry["status"] == "CONFIRMED"


def test_a_change_has_the_same_name_and_a_higher_number(seen: Seen) -> None:
    before, after = letter(), letter(Kind.CHANGE, replace(FACTS, sequence=4, start=START + 7200, end=START + 9000))
    old, new = seen(before), seen(after)
    assert (new["uid"], new["method"]) == (old["uid"], "REQUEST") and new["sequence"] > old["sequence"]
    assert new["start"] == "2026-03-02T16:00:00.000Z"


def test_a_cancellation_takes_it_out(seen: Seen) -> None:
    made = letter(Kind.CANCELLATION, replace(FACTS, sequence=5), replace(READER, link=None))
    entry = seen(made)
    assert (entry["method"], entry["status"], entry["sequence"]) == ("CANCEL", "CANCELLED", 5)
    assert entry["attendees"] == ["mailto:ada@example.org"]


def test_a_repeating_meeting_stays_at_its_hour(seen: Seen) -> None:
    """Over the change to summer time, in a program that reads our time zone and not its own."""
    made = letter(facts=replace(FACTS, rrule="FREQ=WEEKLY;COUNT=6;BYDAY=MO"))
    times = seen(made)["times"]
    assert times == [
        "2026-03-02T14:00:00.000Z",
        "2026-03-09T14:00:00.000Z",
        "2026-03-16T14:00:00.000Z",
        "2026-03-23T14:00:00.000Z",
        "2026-03-30T13:00:00.000Z",
        "2026-04-06T13:00:00.000Z",
    ]
    assert "as the calendar entry says" in made.text
    assert "every week" in letter(facts=replace(FACTS, rrule="FREQ=WEEKLY")).text


def test_a_calendar_with_hostile_names_is_one_entry(seen: Seen) -> None:
    name = 'X\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:evil;"quoted",\\ ü'
    made = letter(facts=replace(FACTS, name=name, guests=(Guest(name, "ada@example.org"),)))
    entry = seen(made)
    assert entry["events"] == 1 and entry["uid"] == "69a1f00c2b7d4e0011c0a9e1@convene"
    assert entry["summary"] == 'X END:VEVENT BEGIN:VEVENT UID:evil;"quoted",\\ ü'


def test_reminders_and_recordings_have_no_entry() -> None:
    assert letter(Kind.REMINDER).calendar is None and letter(Kind.RECORDED).calendar is None


# --- An application's own wording -----------------------------------------------------------------------------------


def test_an_application_words_it_itself() -> None:
    made = letter(
        subject="Hi: {{ name }}",
        text="{% for guest in guests %}{{ guest.email }} {% endfor %}{{ when }}",
        html="<p>#{meeting._id} !{meeting.name}</p>{% if link %}<a href='{{ link }}'>in</a>{% endif %}",
        facts=replace(FACTS, name="A<b>"),
    )
    assert made.subject == "Hi: A<b>"
    assert made.text.startswith("ada@example.org guest@example.net Monday")
    assert made.html == f"<p>69a1f00c2b7d4e0011c0a9e1 A&lt;b&gt;</p><a href='{LINK}'>in</a>".replace("&", "&", 1)


def test_the_vendors_names_work() -> None:
    made = letter(Kind.RECORDED, html="!{recording.download_record_link} for #{recording.link_expire_in_days} days")
    assert made.html == '<a href="https://meet.example.org/r/1">https://meet.example.org/r/1</a> for 7 days'


@pytest.mark.parametrize(
    "source",
    [
        "{{ nobody }}",
        "{{ name.nothing }}",
        "{{ name",
        "{% if name %}",
        "{{ name.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ name.replace('a', 'b') }}",
        "{{ range(9) }}",
        "{% set x = name ~ name %}",
        "{% macro x() %}{% endmacro %}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% with x = name %}{% endwith %}",
        "{{ name * 1000000 }}",
        "{{ 2 ** 9999999 }}",
        "{{ '%9999999d' % 1 }}",
        "{{ name|replace('', name) }}",
        "{{ guests|join(name) }}",
        "{{ name|safe }}",
        "{% for a in guests %}{% for b in guests %}{% for c in guests %}x{% endfor %}{% endfor %}{% endfor %}",
        "{% for a in guests recursive %}{{ loop(guests) }}{% endfor %}",
        "x" * (48 * 1024 + 1),
    ],
)
@pytest.mark.parametrize("part", Part)
def test_what_cannot_be_filled_or_could_run_away_is_refused(part: Part, source: str) -> None:
    with pytest.raises(BadTemplate):
        letters.checked(part, source)


def test_a_template_that_makes_too_much_is_cut_off() -> None:
    source = "{% for a in guests %}{% for b in guests %}" + "x" * 40_000 + "{% endfor %}{% endfor %}"
    letters.checked(Part.TEXT, source)
    many = replace(FACTS, guests=(ADA,) * 100)
    assert letter(facts=many, text=source).text == letter(facts=many).text


def test_a_template_that_fails_gives_way_to_ours() -> None:
    source = "{{ guests[1].email }}"
    letters.checked(Part.TEXT, source)
    alone = replace(FACTS, guests=())
    assert letter(facts=alone, text=source).text == letter(facts=alone).text
