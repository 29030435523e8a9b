"""The few ways we refuse. Each door maps these codes to its own dialect in one place; anything else is internal."""

from collections.abc import Mapping
from typing import Any


class Refusal(Exception):
    """A request that we understand and turn down.

    code: a stable word for programs; message: one plain sentence for people; field: the input at fault, if one is;
    details: further facts, JSON-ready.
    """

    def __init__(self, code: str, message: str, *, field: str | None = None, details: Mapping[str, Any] | None = None):
        super().__init__(message)
        self.code, self.message, self.field, self.details = code, message, field, dict(details or {})


class Invalid(Refusal):
    """The input breaks a rule of the contract."""


class Unauthenticated(Refusal):
    """No credentials, or none that we know."""


class Forbidden(Refusal):
    """Known, but not allowed to do this."""


class NotFound(Refusal):
    """There is no such thing for this caller; also the answer for things of another tenant."""


class Conflict(Refusal):
    """The present state of the thing does not allow it."""


class Gone(Refusal):
    """It existed and is over; told only to those who may know that it existed."""


class TooMany(Refusal):
    """Over a rate limit; `details["retry_after"]` is whole seconds."""


class Unavailable(Refusal):
    """A part that we need does not answer; `details["retry_after"]` is whole seconds. Nothing was changed."""
