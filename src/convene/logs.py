"""Structured logs: one JSON object a line on standard error, each with an `event` key. Secrets never come this far; tokens that
stand in a text all the same are struck out here."""

import json
import logging
import re
import sys
from datetime import UTC, datetime

_TOKEN = re.compile(
    r"eyJ[\w-]+\.[\w-]+\.[\w-]*|whsec_[\w+/=-]+|((?:access_token|participant_token|signature|token)=)[^&\s\"']+"
)
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "color_message"}


def redacted(text: str) -> str:
    """The text without anything that looks like a token."""
    return _TOKEN.sub(lambda found: f"{found[1] or ''}***", text)


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        facts = {key: value for key, value in record.__dict__.items() if key not in _STANDARD}
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = {
            "time": time,
            "level": record.levelname.lower(),
            "event": facts.pop("event", record.name),
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return redacted(json.dumps(line | facts, default=str, ensure_ascii=False))


def _is_true(record: logging.LogRecord) -> bool:
    """uvicorn calls every refused upgrade of a WebSocket an error of ours."""
    return "returned without completing handshake" not in record.getMessage()


def configure(level: str) -> None:
    """Sends every log line of this process to standard error as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("aiohttp.access", "asyncio", "alembic", "uvicorn.error", "websockets", "livekit"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # it warns of every broken upload: anybody's
    logging.getLogger("uvicorn.error").addFilter(_is_true)
