"""The words of letters, in eleven languages; dates and times as they are written there."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files

from babel import Locale
from babel.dates import format_date, format_time

from convene.letters.facts import Facts

_LOCALES = {
    "ar": "ar",
    "ca": "ca",
    "de": "de",
    "en": "en",
    "es": "es",
    "fr": "fr",
    "he": "he",
    "it": "it",
    "pt-br": "pt_BR",
    "zh-cn": "zh_Hans_CN",
    "zh-tw": "zh_Hant_TW",
}
LANGUAGES = tuple(_LOCALES)
DEFAULT = "en"
RIGHT_TO_LEFT = ("ar", "he")
_EVERY = {"DAILY": "daily", "WEEKLY": "weekly", "MONTHLY": "monthly", "YEARLY": "yearly"}
# Line breaks could begin a header of their own; marks of direction could make an address look like another.
_UNPRINTED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")


def language_of(wish: str | None) -> str:
    """The language of ours that is nearest to a tag like `pt-BR`, `de_AT`, `zh-Hant`; English for all others."""
    tag = (wish or "").strip().lower().replace("_", "-")
    if tag in _LOCALES:
        return tag
    if tag.startswith("zh"):
        return "zh-tw" if any(part in tag for part in ("hant", "tw", "hk", "mo")) else "zh-cn"
    first = tag.split("-")[0]
    return "pt-br" if first == "pt" else first if first in _LOCALES else DEFAULT


@cache
def words(language: str) -> Mapping[str, str]:
    """The texts of one of LANGUAGES."""
    text = files("convene.letters").joinpath("locales", f"{language}.json").read_text("utf-8")
    texts: dict[str, str] = json.loads(text)
    return texts


def say(language: str, key: str, **values: object) -> str:
    """A text with its values. They are put in, not interpreted."""
    return words(language)[key].format(**values)


def line(text: str | None) -> str:
    """A name as it may stand in a header or in a line: without breaks and invisible marks."""
    return " ".join(_UNPRINTED.sub(" ", text or "").split())


def when(facts: Facts, language: str) -> str | None:
    """From when to when, with the time zone; None when nobody knows."""
    begins, ends = facts.begins, facts.ends
    if begins is None:
        return None
    locale = _locale(language)
    told = f"{_day(begins, locale)}, {_time(begins, locale)}"
    if ends is not None:
        end = _time(ends, locale)
        told += f" – {end}" if ends.date() == begins.date() else f" – {_day(ends, locale)}, {end}"
    return f"{told} ({_zone(facts, begins)})"


def repeats(facts: Facts, language: str) -> str | None:
    """How it repeats, in a word or two."""
    if not facts.rrule:
        return None
    given = dict(part.partition("=")[::2] for part in facts.rrule.upper().removeprefix("RRULE:").split(";"))
    plain = given.get("INTERVAL", "1") == "1" and not set(given) - {"FREQ", "INTERVAL", "WKST", "COUNT", "UNTIL"}
    every = _EVERY.get(given.get("FREQ", "")) if plain else None
    return say(language, f"repeats.{every or 'other'}")


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(_LOCALES[language])


def _day(moment: datetime, locale: Locale) -> str:
    return str(format_date(moment, "full", locale=locale))


def _time(moment: datetime, locale: Locale) -> str:
    return str(format_time(moment, "short", locale=locale))


def _zone(facts: Facts, begins: datetime) -> str:
    shift = begins.strftime("%z")  # ±HHMM
    utc = "UTC" if shift == "+0000" else f"UTC{shift[:3]}:{shift[3:5]}"
    return f"{facts.zone}, {utc}" if facts.zone else utc
