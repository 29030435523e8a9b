"""Writing a letter: our own wording, or an application's."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from convene.letters.calendar import calendar
from convene.letters.facts import Facts, Guest, Kind, Part, Reader
from convene.letters.templates import BadTemplate, filled
from convene.letters.wording import RIGHT_TO_LEFT, line, repeats, say, when, words

log = logging.getLogger(__name__)

LONGEST_SUBJECT = 200  # characters

_PAGES = PackageLoader("convene.letters", "pages")
_HTML = Environment(loader=_PAGES, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
_PLAIN = Environment(loader=_PAGES, autoescape=False, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
_page, _note = _HTML.get_template("letter.html.j2"), _PLAIN.get_template("letter.txt.j2")


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says. `calendar`: an iCalendar object with a method, or None."""

    kind: Kind
    language: str
    subject: str
    text: str
    html: str
    calendar: bytes | None


def written(
    kind: Kind, facts: Facts, reader: Reader, *, organizer: str, templates: Mapping[Part, str] | None = None
) -> Letter:
    """The letter of this kind for this reader.

    `organizer`: the address that calendars answer to when the host has none; `templates`: the application's own wording. A part of
    it that cannot be filled with these facts is told in the log, and is worded as ours.
    """
    values = _values(kind, facts, reader)
    own = {part: _own(part, source, values) for part, source in (templates or {}).items()}
    subject = own.get(Part.SUBJECT) or say(reader.language, f"subject.{kind}", name=values["name"])
    return Letter(
        kind,
        reader.language,
        line(subject)[:LONGEST_SUBJECT],
        own.get(Part.TEXT) or _note.render(values),
        own.get(Part.HTML) or _page.render(values),
        calendar(kind, facts, reader, organizer),
    )


def _own(part: Part, source: str, values: Mapping[str, Any]) -> str | None:
    try:
        return filled(part, source, values)
    except BadTemplate as error:
        log.warning("template cannot be filled", extra={"event": "template_broken", "part": part, "reason": str(error)})
        return None


def _values(kind: Kind, facts: Facts, reader: Reader) -> dict[str, Any]:
    """What templates may name: `templates.SAMPLE` has the same names."""
    language, name = reader.language, line(facts.name)
    told = {"name": name, "host": line(facts.host.called)}
    moment = when(facts, language) or ""
    return {
        "say": words(language),
        "rtl": language in RIGHT_TO_LEFT,
        "kind": str(kind),
        "language": language,
        "subject": say(language, f"subject.{kind}", **told),
        "title": say(language, f"title.{kind}"),
        "text": say(language, f"text.{kind}", **told),
        "footer": say(language, "footer", **told),
        "name": name,
        "host": _shown(facts.host, is_host=True),
        "guests": [_shown(one, is_host=False) for one in facts.guests],
        "when": moment,
        "repeats": repeats(facts, language) or "",
        "link": reader.link or "",
        "downloads": list(reader.downloads),
        "files": [(say(language, "download", number=n), url) for n, url in enumerate(reader.downloads, 1)],
        "days": reader.days,
        "days_text": say(language, "download.days", days=reader.days),
        **_vendors(facts, reader, moment),
    }


def _vendors(facts: Facts, reader: Reader, moment: str) -> dict[str, Any]:
    """The names that the vendor's templates use."""
    links = Markup("<br>").join(
        Markup('<a href="{0}">{0}</a>').format(escape(url)) if url else "" for url in reader.downloads
    )
    return {
        "meeting": {
            "_id": facts.meeting_id,
            "name": line(facts.name),
            "start_date": moment,
            "host": line(facts.host.email),
            "attendees": [line(one.email) for one in facts.guests if one.email],
        },
        "recording": {"download_record_link": links, "link_expire_in_days": reader.days},
    }


def _shown(guest: Guest, *, is_host: bool) -> dict[str, Any]:
    return {"name": line(guest.name), "email": line(guest.email), "is_host": is_host}
