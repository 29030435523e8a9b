"""One recording: a process that joins a room hidden, composes a picture, mixes the sound and writes a crash-safe MP4.

Started as `python -m convene.compositor`, never forked. It knows nothing of database or product. Its parent speaks to it in
JSON lines (`parent.Order` is the first) and gets JSON lines back:

    -> {"url", "token", "out", "width", "height", "fps", "only_owner", "metadata", "max_seconds", "min_free_bytes", "title", "lease"}
    -> {"do": "stop"}                   {"do": "token", "token"}: a fresh one, for joining again
    <- {"event": "joined"}
    <- {"event": "started", "at"}       the first picture is written
    <- {"event": "progress", "seconds", "bytes", "people", "late", "skipped", "preset"}       every second
    <- {"event": "finished", "reason", "started_at", "ended_at", "seconds", "bytes", "path"}       exit code 0
    <- {"event": "failed", "code", "reason", "path", "seconds", "bytes"}       exit code 1

`finished` has one of the reasons `stopped`, `room_ended`, `max_length`, `signal`, `disconnected`, `orphaned`; `failed` has one of the codes
`disk_full`, `cannot_join`, `broken`, `bad_order` and a plain sentence as reason; what could be kept is at `path`, or `path` is null.
SIGTERM and SIGINT stop and finish. When its parent is gone it records on for `lease` seconds, then finishes. After `kill -9` the
next one continues the same recording, or `files.recover` finishes it.
"""
