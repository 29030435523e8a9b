"""Callbacks: stored events go out signed, at least once; each attempt is a row, and each event can be sent again."""

from convene.callbacks.claims import Claim, Tried, Turn, claim
from convene.callbacks.endpoints import Endpoint, enable, endpoint, endpoints
from convene.callbacks.history import (
    Attempt,
    Delivery,
    attempts_of,
    count_since,
    deliveries_of,
    replay,
    replay_since,
    replay_some,
)
from convene.callbacks.loop import Deliveries
from convene.callbacks.outcomes import give_back, release, settle
from convene.callbacks.signing import header_text, headers, signature

__all__ = [
    "Attempt",
    "Claim",
    "Deliveries",
    "Delivery",
    "Endpoint",
    "Tried",
    "Turn",
    "attempts_of",
    "claim",
    "count_since",
    "deliveries_of",
    "enable",
    "endpoint",
    "endpoints",
    "give_back",
    "header_text",
    "headers",
    "release",
    "replay",
    "replay_since",
    "replay_some",
    "settle",
    "signature",
]
