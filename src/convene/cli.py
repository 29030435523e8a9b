"""The command line: `convene serve | worker | recorder | migrate | events | app | openapi`."""

import argparse
import asyncio
import dataclasses
import json
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from convene import __version__, config, logs
from convene.config import BadSettings, Settings
from convene.errors import Refusal

T = TypeVar("T")


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command. Every failure that an operator can mend is one line on standard error, and exit code 1 or 2."""
    asked = _parser().parse_args(arguments)
    given = {key: str(getattr(asked, key)) for key in ("host", "port") if getattr(asked, key, None) is not None}
    try:
        settings = config.load(_environment(given))
    except BadSettings as bad:
        for problem in bad.problems:
            print(f"convene: {problem}", file=sys.stderr)
        sys.exit(2)
    logs.configure(settings.log_level)
    try:
        asked.run(settings, asked)
    except KeyboardInterrupt:
        sys.exit(130)
    except Refusal as refusal:
        sys.exit(f"convene: {refusal.message}")
    except _operator_errors() as error:
        sys.exit(f"convene: {error}")


def _environment(given: dict[str, str]) -> dict[str, str]:
    import os

    return {**os.environ, **{f"CONVENE_{key.upper()}": value for key, value in given.items()}}


def _operator_errors() -> tuple[type[Exception], ...]:
    from convene.embedded import EngineFailed
    from convene.serve import CannotStart

    return (CannotStart, EngineFailed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="convene", description="Self-hosted video meetings. All settings: convene settings"
    )
    parser.add_argument("--version", action="version", version=f"convene {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: Callable[[Settings, argparse.Namespace], None], text: str) -> argparse.ArgumentParser:
        found = commands.add_parser(name, help=text, description=text)
        found.set_defaults(run=run)
        return found

    serve = command("serve", _serve, "run the platform: API, pages, callbacks, media engine and recorder")
    serve.add_argument("--host", help="address to listen on")
    serve.add_argument("--port", type=int, help="port to listen on")
    serve.add_argument(
        "--no-worker", action="store_true", help="API and pages only; workers and recorders run elsewhere"
    )
    command("worker", _work, "run background work only, beside other processes on one PostgreSQL")
    command("recorder", _record, "make recordings only, beside other processes on one PostgreSQL")
    command("migrate", _migrate, "bring the database to this version's schema")
    command("settings", _settings, "print every setting with its meaning and default")
    command("openapi", _openapi, "print the OpenAPI document")
    _events_commands(command("events", lambda *_: None, "what was announced, and how its delivery went"))
    _application_commands(command("app", lambda *_: None, "applications: callback addresses and secrets"))
    return parser


def _events_commands(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="action")
    listing = commands.add_parser("list", help="the newest events, one JSON object a line")
    listing.add_argument("--limit", type=int, default=50)
    listing.set_defaults(run=_events_list)
    show = commands.add_parser("show", help="one event with every attempt to deliver it")
    show.add_argument("event")
    show.set_defaults(run=_events_show)
    replay = commands.add_parser("replay", help="deliver one event again, or all since a time")
    replay.add_argument("event", nargs="?")
    replay.add_argument("--since", help="an ISO time, like 2026-03-01T08:00:00Z")
    replay.set_defaults(run=_events_replay)
    for sub in (listing, show, replay):
        sub.add_argument("--app", help="application id; default: the first one")


def _application_commands(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="action")
    callbacks = commands.add_parser("callbacks", help='set the application\'s callback addresses ("" removes one)')
    for family in ("rooms", "sessions", "recordings"):
        callbacks.add_argument(f"--{family}", metavar="URL")
    callbacks.set_defaults(run=_set_callbacks)
    secret = commands.add_parser("callback-secret", help="print the secret that signs callbacks")
    secret.add_argument(
        "--rotate", action="store_true", help="make a new one; the old one signs as well for another day"
    )
    secret.set_defaults(run=_callback_secret)
    for sub in (callbacks, secret):
        sub.add_argument("--app", help="application id; default: the first one")


# --- Commands -------------------------------------------------------------------------------------------------------


def _serve(settings: Settings, asked: argparse.Namespace) -> None:
    from convene.serve import serve

    _loop(serve(settings, alone=not asked.no_worker))


def _work(settings: Settings, _asked: argparse.Namespace) -> None:
    from convene.serve import work

    _loop(work(settings))


def _record(settings: Settings, _asked: argparse.Namespace) -> None:
    from convene.serve import record

    _loop(record(settings))


def _migrate(settings: Settings, _asked: argparse.Namespace) -> None:
    from convene.serve import migrate, owned

    with owned(settings):
        migrate(settings)
    print("The database has this version's schema.")


def _settings(_settings: Settings, _asked: argparse.Namespace) -> None:
    from importlib.resources import files

    print(files("convene").joinpath("defaults.toml").read_text(), end="")


def _openapi(settings: Settings, _asked: argparse.Namespace) -> None:
    from convene.runtime import assembled
    from convene.web.app import openapi

    print(json.dumps(openapi(assembled(settings, ("", ""))), indent=2, ensure_ascii=False))


def _events_list(settings: Settings, asked: argparse.Namespace) -> None:
    from convene import events

    for event in _asks(settings, asked, events.latest, limit=asked.limit):
        _show(event)


def _events_show(settings: Settings, asked: argparse.Namespace) -> None:
    from convene import callbacks, events

    _show(_asks(settings, asked, events.get, asked.event))
    for attempt in _asks(settings, asked, callbacks.attempts_of, asked.event):
        _show(attempt)


def _events_replay(settings: Settings, asked: argparse.Namespace) -> None:
    from datetime import UTC, datetime

    from convene import callbacks

    if bool(asked.event) == bool(asked.since):
        sys.exit("convene: name one event, or give --since a time")
    if asked.event:
        count = _asks(settings, asked, callbacks.replay, asked.event)
    else:
        try:
            since = datetime.fromisoformat(asked.since)
        except ValueError:
            sys.exit(f"convene: {asked.since} is not a time like 2026-03-01T08:00:00Z")
        count = _asks(settings, asked, callbacks.replay_since, since if since.tzinfo else since.replace(tzinfo=UTC))
    print(f"{count} deliveries are due again.")


def _set_callbacks(settings: Settings, asked: argparse.Namespace) -> None:
    given = {name: value for name in ("rooms", "sessions", "recordings") if (value := getattr(asked, name)) is not None}
    _asks(settings, asked, _merge_callbacks, given)
    print("Set." if given else "Nothing to set: give --rooms, --sessions or --recordings.")


def _merge_callbacks(tx: Any, application_id: str, given: dict[str, str]) -> None:
    from convene import access

    present = access.application(tx, application_id)
    urls = {
        name: given.get(name, getattr(present, f"{name}_url")) or None for name in ("rooms", "sessions", "recordings")
    }
    access.set_callback_urls(
        tx, application_id, rooms=urls["rooms"], sessions=urls["sessions"], recordings=urls["recordings"]
    )


def _callback_secret(settings: Settings, asked: argparse.Namespace) -> None:
    from datetime import timedelta

    from convene import access

    if asked.rotate:
        print(_asks(settings, asked, access.rotate_callback_secret, timedelta(days=1)))
    else:
        print(_asks(settings, asked, access.callback_secrets)[0])


# --- How they run ---------------------------------------------------------------------------------------------------


def _loop(work: Coroutine[Any, Any, T]) -> T:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def _asks(settings: Settings, asked: argparse.Namespace, verb: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Runs one product function for the chosen application, in a transaction of its own."""
    from convene import access
    from convene.db import Database, Tx

    def unit(tx: Tx) -> T:
        return verb(tx, asked.app or access.first_application(tx), *args, **kwargs)

    async def run() -> T:
        db = Database(settings.database)
        await db.open()
        try:
            return await db.write(unit)
        finally:
            await db.close()

    return _loop(run())


def _show(row: Any) -> None:
    print(json.dumps(dataclasses.asdict(row), default=str, ensure_ascii=False))
