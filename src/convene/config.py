"""One frozen settings object, read once from defaults.toml, convene.toml and the environment; reports all problems at once."""

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Value = str | int | bool
KEPT = ("keep_rooms_days", "keep_recordings_days", "keep_chat_days", "keep_events_days")
POSITIVE = (
    *("recorder_slots", "recording_max_minutes", "link_minutes", "code_misses_address", "code_misses_total"),
    *("reconcile_seconds", "rooms_limit", "themes_limit", "waiting_limit", "meeting_open_days", "token_minutes"),
)
NOT_NEGATIVE = (
    *("trusted_proxies", "mail_per_second", "session_grace_seconds"),
    *("requests_per_minute", "auth_failures_per_minute"),
)


class BadSettings(Exception):
    """One or more settings are wrong; `problems` has one line for each, naming the key and where it came from."""

    def __init__(self, problems: list[str]):
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings; meanings and defaults are in defaults.toml, which is also the documentation."""

    host: str
    port: int
    public_url: str
    frame_origins: str
    trusted_proxies: int
    tls_cert: str
    tls_key: str
    tls_port: int
    tls_only: bool
    data: str
    database_url: str
    storage_url: str
    storage_endpoint: str
    link_minutes: int
    engine_address: str
    engine_binary: str
    engine_port: int
    engine_udp_port: int
    engine_tcp_port: int
    engine_url: str
    engine_public_url: str
    engine_key: str
    engine_secret: str
    recorder_slots: int
    recording_max_minutes: int
    recording_min_free_mb: int
    allow_loopback_callbacks: bool
    callback_networks: str
    smtp_url: str
    mail_from: str
    mail_per_second: int
    code_digits: int
    code_misses_address: int
    code_misses_total: int
    session_grace_seconds: int
    reconcile_seconds: int
    rooms_limit: int
    themes_limit: int
    waiting_limit: int
    dial_in_numbers: str
    requests_per_minute: int
    auth_failures_per_minute: int
    meeting_open_days: int
    token_minutes: int
    keep_rooms_days: int
    keep_recordings_days: int
    keep_chat_days: int
    keep_events_days: int
    log_level: str

    @property
    def folder(self) -> Path:
        """The data folder, absolute."""
        return Path(self.data).absolute()

    @property
    def base_url(self) -> str:
        """The address of the pages and the API, without a trailing slash."""
        ours = f"https://localhost:{self.tls_port}" if self.tls_cert else f"http://localhost:{self.port}"
        return self.public_url.rstrip("/") or ours

    @property
    def framing(self) -> list[str]:
        """The origins whose pages may show ours in a frame."""
        return [part.strip().rstrip("/") for part in self.frame_origins.split(",") if part.strip()]

    @property
    def dial_in(self) -> list["DialIn"]:
        """The numbers to dial in. Raises ValueError for one that is not as it should be."""
        return [_dial_in(part) for part in self.dial_in_numbers.split(";") if part.strip()]

    @property
    def database(self) -> str:
        """The database URL, the default resolved."""
        return self.database_url or f"sqlite:///{self.folder / 'convene.db'}"


@dataclass(frozen=True, slots=True)
class DialIn:
    """A telephone number: E.164 without `+`, the locale of its voice, and how people name it."""

    number: str
    locale: str
    name: str


def load(environment: Mapping[str, str] | None = None, folder: Path | None = None) -> Settings:
    """Reads the settings. Raises BadSettings with every problem found."""
    environment = os.environ if environment is None else environment
    problems: list[str] = []
    values = tomllib.loads(files("convene").joinpath("defaults.toml").read_text())
    path = Path(environment.get("CONVENE_CONFIG") or (folder or Path.cwd()) / "convene.toml")
    for key, value in _from_file(path, "CONVENE_CONFIG" in environment, problems).items():
        _take(values, key, value, str(path.name), problems)
    for name, text in environment.items():
        if name.startswith("CONVENE_") and name != "CONVENE_CONFIG":
            _take(values, name.removeprefix("CONVENE_").lower(), text, name, problems)
    settings = Settings(**{f.name: values[f.name] for f in fields(Settings)})
    problems += _rules(settings)
    if problems:
        raise BadSettings(problems)
    return settings


def _from_file(path: Path, required: bool, problems: list[str]) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError:
        if required:
            problems.append(f"CONVENE_CONFIG names {path}, which does not exist")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(f"{path}: {error}")
    return {}


def _take(values: dict[str, Value], key: str, given: object, source: str, problems: list[str]) -> None:
    """Puts one given value in place of a default, turned into the default's type."""
    if key not in values:
        problems.append(f"{source}: there is no setting `{key}`")
        return
    kind = type(values[key])
    try:
        values[key] = _turn(given, kind)
    except ValueError:
        wanted = {int: "a whole number", bool: "true or false", str: "a text"}[kind]
        problems.append(f"{source}: `{key}` must be {wanted}")


def _turn(given: object, kind: type) -> Value:
    if type(given) is kind:
        return given  # type: ignore[return-value]
    if isinstance(given, str) and kind is int:
        return int(given)
    if isinstance(given, str) and kind is bool and given.lower() in ("true", "false", "1", "0", "yes", "no"):
        return given.lower() in ("true", "1", "yes")
    raise ValueError


def _rules(s: Settings) -> list[str]:
    """Every rule that a single type cannot say."""
    rules = [
        (not 9 <= s.code_digits <= 18, "code_digits must be 9 to 18"),
        (s.log_level not in ("debug", "info", "warning", "error"), "log_level must be debug, info, warning or error"),
        (
            bool(s.engine_url) != bool(s.engine_key and s.engine_secret),
            "engine_url, engine_key and engine_secret go together",
        ),
        (
            not _is_url(s.public_url, "http", "https"),
            "public_url must be like https://meet.example.org, without a path",
        ),
        (not _is_url(s.engine_url, "ws", "wss", "http", "https"), "engine_url must be like ws://livekit:7880"),
        (not _is_url(s.engine_public_url, "ws", "wss"), "engine_public_url must be like wss://livekit.example.org"),
        (not _is_database(s.database_url), "database_url must start with sqlite:/// or postgresql://"),
        (not _is_storage(s.storage_url), "storage_url must start with file://, s3://, gs:// or az://"),
        (bool(s.tls_cert) != bool(s.tls_key), "tls_cert and tls_key go together"),
        (bool(s.tls_cert) and s.tls_port == s.port, "tls_port must not be port: http and https need one each"),
        (s.tls_only and not s.tls_cert, "tls_only needs tls_cert and tls_key"),
        (not _is_address(s.engine_address), "engine_address must be an IP address"),
        (not _is_url(s.smtp_url, "smtp", "smtps"), "smtp_url must be like smtp://user:password@mail.example.org:587"),
        (bool(s.smtp_url) and not s.mail_from, "smtp_url needs mail_from"),
    ]
    found = [text for wrong, text in rules if wrong]
    for key in ("port", "tls_port", "engine_port", "engine_udp_port", "engine_tcp_port"):
        if not 1 <= getattr(s, key) <= 65535:
            found.append(f"{key} must be 1 to 65535")
    found += [f"{key} must be at least 1" for key in POSITIVE if getattr(s, key) < 1]
    found += [f"{key} must not be negative" for key in NOT_NEGATIVE if getattr(s, key) < 0]
    found += [
        f"frame_origins: `{origin}` is not an origin like https://app.example.org"
        for origin in s.framing
        if not re.fullmatch(r"https?://[a-z0-9.-]+(:\d{1,5})?", origin, re.ASCII)
    ]
    try:
        s.dial_in  # noqa: B018 - raises
    except ValueError as error:
        found.append(f"dial_in_numbers: {error}")
    for network in filter(None, (part.strip() for part in s.callback_networks.split(","))):
        try:
            ipaddress.ip_network(network)
        except ValueError:
            found.append(f"callback_networks: `{network}` is not a network like 10.1.0.0/16")
    return found


def _dial_in(text: str) -> DialIn:
    form = re.fullmatch(r"\+?([1-9]\d{6,14}) +([a-z]{2,3}(?:[-_][A-Z]{2})?) +(\S.*)", text.strip(), re.ASCII)
    if form is None:
        raise ValueError(f"`{text.strip()}` is not like `442071838750 en-GB United Kingdom`")
    return DialIn(*form.groups())


def _is_url(text: str, *schemes: str) -> bool:
    if not text:
        return True
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - raises on a bad port
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.hostname) and parts.path in ("", "/") and not parts.query


def _is_database(text: str) -> bool:
    return not text or text.startswith(("sqlite:///", "postgresql://", "postgres://"))


def _is_storage(text: str) -> bool:
    return not text or text.startswith(("file://", "s3://", "gs://", "az://"))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
