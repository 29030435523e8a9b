"""How ConnectyCube says no (contract §1.1): `{"errors": {"base": [sentence], field: [sentence]}}`; its session calls: an array."""

from typing import Any

from fastapi import Response

from convene.errors import (
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    Refusal,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from convene.web.app import answer

# Clients show a body with these alone (§1.1).
STATUS: dict[type[Refusal], int] = {
    Invalid: 422,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 422,
    Gone: 404,
    TooMany: 429,
    Unavailable: 503,
}
MALFORMED = ("malformed", "too_large")
PLAIN = {"bad_password": "Invalid password", "user_not_found": "User not found", "signature": "Unexpected signature"}


def refused(refusal: Refusal) -> Response:
    """A refusal as the vendor words it. `details["errors"]`: further fields, each with its sentences."""
    status = 400 if refusal.code in MALFORMED else STATUS[type(refusal)]
    wait = refusal.details.get("retry_after")
    headers = {"Retry-After": str(wait)} if wait else None
    if refusal.code in PLAIN:
        return answer({"errors": [PLAIN[refusal.code]]}, status, headers)
    errors: dict[str, Any] = {"base": [refusal.message]}
    if refusal.field:
        errors[refusal.field] = [refusal.message]
    return answer({"errors": errors | refusal.details.get("errors", {})}, status, headers)
