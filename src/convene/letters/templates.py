"""An application's own wording: a small language of values, `if` and `for`, which cannot run away.

`{{ value }}` and the vendor's `#{value}` and `!{value}` put a value in, escaped in HTML; only links that are made here count as
HTML already. There are no calls, assignments, macros or includes, and loops stand at most two deep: so the size of what comes
out is bounded by that of the template and of the list of guests, and it is cut off at `LONGEST`.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, nodes
from jinja2.exceptions import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from convene.letters.facts import Part

LONGEST = 512 * 1024  # characters of a rendered part
LONGEST_SOURCE = 48 * 1024
LOOPS = 2
_VENDOR = re.compile(r"[#!]\{([^{}]*)\}")
_FILTERS = ("default", "e", "escape", "length", "lower", "title", "trim", "upper")
_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Const, nodes.If,
    nodes.For, nodes.Filter, nodes.Test, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.CondExpr,
    nodes.Concat,
)  # fmt: skip

# What every template may name; here with values, by which a template is tried when it is put.
_guest = {"name": "Ada", "email": "ada@example.org", "is_host": False}
SAMPLE: Mapping[str, Any] = {
    "title": "You are invited to a meeting",
    "text": "Grace invites you to “Weekly sync”.",
    "name": "Weekly sync",
    "host": {"name": "Grace", "email": "grace@example.org", "is_host": True},
    "guests": [_guest, {"name": "", "email": "guest@example.org", "is_host": False}],
    "when": "Wednesday, March 4, 2026, 10:00 AM – 11:00 AM (Europe/Riga, UTC+02:00)",
    "repeats": "",
    "link": "https://meet.example.org/69a1f00c2b7d4e0011c0a9e1",
    "downloads": ["https://meet.example.org/recordings/1"],
    "days": 7,
    "language": "en",
    "meeting": {
        "_id": "69a1f00c2b7d4e0011c0a9e1",
        "name": "Weekly sync",
        "start_date": "Wednesday, March 4, 2026, 10:00 AM",
        "host": "grace@example.org",
        "attendees": ["ada@example.org", "guest@example.org"],
    },
    "recording": {
        "download_record_link": Markup('<a href="https://meet.example.org/recordings/1">1</a>'),
        "link_expire_in_days": 7,
    },
}


class BadTemplate(ValueError):
    """The template cannot be used; the text says why, for its author."""


def checked(part: Part, source: str) -> None:
    """Tries it. Raises BadTemplate."""
    filled(part, source, SAMPLE)


def filled(part: Part, source: str, values: Mapping[str, Any]) -> str:
    """The part, from an application's template. Raises BadTemplate."""
    pieces, size = [], 0
    try:
        for piece in _compiled(part is Part.HTML, source).generate(values):
            size += len(piece)
            if size > LONGEST:
                raise BadTemplate(f"It makes more than {LONGEST:,} characters.")
            pieces.append(piece)
    except (TemplateError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
        if isinstance(error, BadTemplate):
            raise
        raise BadTemplate(str(error)[:300] or type(error).__name__) from error
    return "".join(pieces)


def _environment(html: bool) -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(autoescape=html, undefined=StrictUndefined, keep_trailing_newline=True)
    made.globals.clear()
    made.filters = {name: made.filters[name] for name in _FILTERS}
    return made


_HTML, _PLAIN = _environment(html=True), _environment(html=False)


@lru_cache(maxsize=256)
def _compiled(html: bool, source: str) -> Template:
    if len(source) > LONGEST_SOURCE:
        raise BadTemplate(f"It has more than {LONGEST_SOURCE:,} characters.")
    environment = _HTML if html else _PLAIN
    ours = _VENDOR.sub(r"{{ \1 }}", source)
    _look(environment.parse(ours), 0)
    return environment.from_string(ours)


def _look(node: nodes.Node, loops: int) -> None:
    if not isinstance(node, _ALLOWED):
        raise BadTemplate(f"A template has no {type(node).__name__} (line {node.lineno}).")
    if isinstance(node, nodes.For):
        loops += 1
        if loops > LOOPS or node.recursive:
            raise BadTemplate(f"Loops stand at most {LOOPS} deep (line {node.lineno}).")
    for child in node.iter_child_nodes():
        _look(child, loops)
