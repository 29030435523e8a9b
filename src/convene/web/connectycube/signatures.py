"""Signed requests for a token, as older clients send them (contract §3.3): pure, no I/O."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

WINDOW = timedelta(minutes=60)  # how far a client's clock may be from ours
_ALGORITHMS = (hashlib.sha1, hashlib.sha256)


def signed_text(body: Mapping[str, Any]) -> str:
    """All parameters but the signature, raw, sorted by name, those of an object as `outer[inner]`."""
    flat: dict[str, Any] = {}
    for name, value in body.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}[{inner}]": held for inner, held in value.items()}
        elif name != "signature":
            flat[name] = value
    return "&".join(f"{name}={_text(flat[name])}" for name in sorted(flat))


def is_signed(body: Mapping[str, Any], secret: str, now: datetime) -> bool:
    """Whether the signature (HMAC in hex, SHA-1 or SHA-256) is the secret's, and the timestamp, if there is one, of this hour.

    A pair of timestamp and nonce may come again: clients draw their nonces from 0 to 9999.
    """
    signature, timestamp = body.get("signature"), body.get("timestamp")
    if not isinstance(signature, str) or not signature.isascii():
        return False
    text = signed_text(body).encode()
    made = [hmac.new(secret.encode(), text, algorithm).hexdigest() for algorithm in _ALGORITHMS]
    fits = any(hmac.compare_digest(one, signature.lower()) for one in made)
    return fits and (timestamp is None or _is_current(timestamp, now))


def _is_current(timestamp: Any, now: datetime) -> bool:
    try:
        return abs(now.timestamp() - int(timestamp)) <= WINDOW.total_seconds()
    except (TypeError, ValueError, OverflowError):
        return False


def _text(value: Any) -> str:
    """As JavaScript writes it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
