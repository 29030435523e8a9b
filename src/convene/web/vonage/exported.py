"""What the vendor's lists returned (contract §1.4, §2.2, §3.3), read back for an import: kept whole pages, or their parts.

Every fault is told with its place. What an answer may hold besides is passed over: the vendor's answers grew over the years.
"""

import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from convene import access, logos, themes, uploads
from convene.errors import Invalid
from convene.imports import ImportedRoom, ImportedTheme
from convene.logos import Kind
from convene.rooms import Spec
from convene.web.vonage import fields

CODE = re.compile(r"\d{9,18}", re.ASCII)
PICTURES = ("brand_image_colored", "brand_image_white", "branded_favicon")

T = TypeVar("T")


class _Reader:
    """Reads the parts of one thing; `problems` has a line for each fault."""

    def __init__(self, place: str, given: Any):
        self.place, self.problems = place, list[str]()
        self.given: Mapping[str, Any] = given if isinstance(given, dict) else {}
        if not isinstance(given, dict):
            self.problems.append(f"{place}: must be an object")

    def wrong(self, name: str, told: str) -> None:
        """Notes a fault."""
        self.problems.append(f"{self.place}.{name}: {told}")

    def part(self, name: str, read: Callable[[Any], T]) -> T | None:
        """One field, read; None if it is at fault."""
        try:
            return read(self.given.get(name))
        except (fields.Wrong, ValueError) as error:
            self.wrong(name, str(error))
            return None

    def fields(self, read: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
        """Several fields, read by the rules of the API."""
        try:
            return read()
        except Invalid as refusal:
            for told in refusal.details["errors"]:
                name, _, rule = told.partition('" ')
                self.wrong(name.strip('"'), rule)
            return None


def rooms_in(document: Any, name: str) -> tuple[list[ImportedRoom], list[str]]:
    """The rooms of a page, of several, or of an array; and what is wrong. `name`: of the file, for messages."""
    read = [_room(_Reader(place, given)) for place, given in _parts(document, "rooms", name)]
    return [room for room, _ in read if room is not None], [line for _, problems in read for line in problems]


def themes_in(document: Any, name: str, pictures: Path | None = None) -> tuple[list[ImportedTheme], list[str]]:
    """The themes of an array; and what is wrong. `pictures`: a folder with a folder of files for each theme's id."""
    read = [_theme(_Reader(place, given), pictures) for place, given in _parts(document, "themes", name)]
    return [theme for theme, _ in read if theme is not None], [line for _, problems in read for line in problems]


def without_picture(document: Any, themes: Sequence[ImportedTheme]) -> int:
    """How many of the themes had a picture, which no list holds, and have none of our files."""
    had = {given.get("theme_id") for _, given in _parts(document, "themes", "") if any(map(given.get, PICTURES))}
    return sum(theme.id in had and not theme.pictures for theme in themes)


def _parts(document: Any, noun: str, place: str) -> Iterator[tuple[str, Any]]:
    """Each thing with its place: in a page's `_embedded`, which is an array or an object with one, or in an array."""
    if isinstance(document, list):
        for index, given in enumerate(document):
            here = f"{place}[{index}]"
            yield from _parts(given, noun, here) if _is_page(given) or isinstance(given, list) else [(here, given)]
    elif _is_page(document):
        within, here = document["_embedded"], f"{place}._embedded"
        if isinstance(within, dict):
            within, here = within.get(noun), f"{here}.{noun}"
        yield from _parts(within, noun, here) if isinstance(within, list) else [(here, within)]
    elif document not in ({}, None):  # what an empty list of themes once was
        yield place, document


def _is_page(given: Any) -> bool:
    return isinstance(given, dict) and "_embedded" in given


# --- A room ---------------------------------------------------------------------------------------------------------


def _room(reader: _Reader) -> tuple[ImportedRoom | None, Sequence[str]]:
    if reader.problems:
        return None, reader.problems
    id, code = reader.part("id", _uuid), reader.part("meeting_code", _code)
    created_at, expires_at = reader.part("created_at", fields.moment), reader.part("expires_at", fields.moment)
    host_id, spec = _host(reader), _spec(reader)
    available = reader.given.get("is_available", True)
    if not isinstance(available, bool):
        reader.wrong("is_available", "must be a boolean")
    if reader.problems or not (id and code and created_at and expires_at and host_id and spec):
        return None, reader.problems
    return ImportedRoom(reader.place, id, code, host_id, created_at, expires_at, bool(available), spec), ()


def _spec(reader: _Reader) -> Spec | None:
    """The room's own fields, by the rules of `POST /rooms` but those about time, which have been kept once."""
    given = reader.fields(lambda: fields.new_room(_pruned(reader.given, fields.NEW)))
    return None if given is None else Spec(**given)


def _pruned(given: Mapping[str, Any], shape: fields.Shape) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, part in shape.items():
        value = given.get(name)
        if isinstance(part, Mapping) and isinstance(value, dict):
            kept[name] = _pruned(value, part)
        elif name in given and name not in ("created_at", "expires_at"):
            kept[name] = value
    return kept


def _host(reader: _Reader) -> str | None:
    """Whom the host's link names: `/?room_token=<code>&participant_token=<JWT>`, also behind a theme's address."""
    name = "_links.host_url.href"
    try:
        href = reader.given["_links"]["host_url"]["href"]
        [token] = parse_qs(urlsplit(href).query)["participant_token"]
    except (KeyError, TypeError, ValueError, AttributeError):
        reader.wrong(name, "has no participant_token")
        return None
    host_id = access.host_named_in(token)
    if host_id is None:
        reader.wrong(name, "its participant_token is no HS256 token with a UUID as participantId")
    return host_id


# --- A theme --------------------------------------------------------------------------------------------------------


def _theme(reader: _Reader, pictures: Path | None) -> tuple[ImportedTheme | None, Sequence[str]]:
    if reader.problems:
        return None, reader.problems
    id = reader.part("theme_id", _uuid)
    given = reader.fields(lambda: fields.given(_pruned(reader.given, fields.THEME), fields.THEME, *fields.THEME_NEEDS))
    shown = _pictures(reader, pictures / id) if pictures and id else {}
    if reader.problems or id is None or given is None:
        return None, reader.problems
    return ImportedTheme(reader.place, id, themes.Spec(**{"name": id, **given}), shown), ()


def _pictures(reader: _Reader, folder: Path) -> dict[Kind, bytes]:
    """The theme's pictures as files: `white.png`, `colored.png`, `favicon.png`, as far as they are there."""
    found: dict[Kind, bytes] = {}
    for kind in uploads.KINDS:
        path = folder / f"{kind}.png"
        if path.exists():
            found[kind] = path.read_bytes()
            if fault := logos.fault(kind, found[kind]):
                reader.wrong("theme_id", f"{path} cannot be the {kind} picture: {fault}")
    return found


# --- Rules ----------------------------------------------------------------------------------------------------------


def _uuid(value: Any) -> str:
    try:
        return str(uuid.UUID(value if isinstance(value, str) else ""))
    except ValueError:
        raise fields.Wrong("must be a valid GUID") from None


def _code(value: Any) -> str:
    if not isinstance(value, str) or not CODE.fullmatch(value):
        raise fields.Wrong("must be 9 to 18 digits")
    return value
