"""Recordings: one row each, with a lease, from the request to the file in the storage.

The state says how far it came; `reason` says what went wrong. A recording without a reason ends as `uploaded`; one with a reason ends
as `failed`, and a playable file is stored and announced all the same (`stored_at` is set then).
"""

from convene.recordings.making import (
    Capture,
    Claim,
    claim,
    claim_erase,
    claim_upload,
    erased,
    fail,
    finished,
    kept,
    lost,
    not_stored,
    progress,
    reclaim,
    release,
    started,
    try_later,
    uploaded,
)
from convene.recordings.reading import engine_metadata, get, latest, live, of_room, of_session, stored, view
from convene.recordings.row import Recording
from convene.recordings.telling import Notice, notices, shown
from convene.recordings.wishes import ENDED_EARLY, STOPPED_EARLY, delete, follow, mark_deleted, request, rule, stop
from convene.roles import TOPIC, tell

__all__ = [
    "ENDED_EARLY",
    "STOPPED_EARLY",
    "TOPIC",
    "Capture",
    "Claim",
    "Notice",
    "Recording",
    "claim",
    "claim_erase",
    "claim_upload",
    "delete",
    "engine_metadata",
    "erased",
    "fail",
    "finished",
    "follow",
    "get",
    "kept",
    "latest",
    "live",
    "lost",
    "mark_deleted",
    "not_stored",
    "notices",
    "of_room",
    "of_session",
    "progress",
    "reclaim",
    "release",
    "request",
    "rule",
    "shown",
    "started",
    "stop",
    "stored",
    "tell",
    "try_later",
    "uploaded",
    "view",
]
