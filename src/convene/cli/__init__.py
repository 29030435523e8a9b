"""The command line: `convene serve | worker | recorder | migrate | events | app | key | client | user | cert | import | openapi`."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from convene import __version__, config, logs
from convene.cli.running import asks, loop, moment, runs, show
from convene.cli.users import client_commands, user_commands
from convene.config import BadSettings, Settings
from convene.errors import Refusal


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command. Every failure that an operator can mend is one line on standard error, and exit code 1 or 2."""
    asked = _parser().parse_args(arguments)
    options = ("host", "port", "tls_cert", "tls_key")
    given = {key: str(getattr(asked, key)) for key in options if getattr(asked, key, None) is not None}
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
    serve.add_argument("--tls-cert", metavar="FILE", help="serve https as well, with this certificate (PEM)")
    serve.add_argument("--tls-key", metavar="FILE", help="and its private key (PEM)")
    serve.add_argument(
        "--no-worker", action="store_true", help="API and pages only; workers and recorders run elsewhere"
    )
    command("worker", _work, "run background work only, beside other processes on one PostgreSQL")
    command("recorder", _record, "make recordings only, beside other processes on one PostgreSQL")
    command("migrate", _migrate, "bring the database to this version's schema")
    command("settings", _settings, "print every setting with its meaning and default")
    cert = command("cert", _cert, "make a certificate for https, to develop with")
    cert.add_argument("--out", metavar="FOLDER", help="where to put it; default: tls in the data folder")
    _import_commands(command("import", lambda *_: None, "take over what another platform made"))
    command("openapi", _openapi, "print the OpenAPI document")
    _events_commands(command("events", lambda *_: None, "what was announced, and how its delivery went"))
    _application_commands(command("app", lambda *_: None, "applications: callback addresses and secrets"))
    _key_commands(command("key", lambda *_: None, "an application's keys: what its callers sign or show"))
    client_commands(command("client", lambda *_: None, "what client programs are given: number, keys, switches"))
    user_commands(command("user", lambda *_: None, "an application's users, and tokens for them"))
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
    replay.add_argument("--since", help="an ISO time, like 2026-03-01T08:00:00Z: what never arrived")
    replay.add_argument("--delivered-too", action="store_true", help="with --since: also what arrived")
    replay.set_defaults(run=_events_replay)
    for sub in (listing, show, replay):
        sub.add_argument("--app", help="application id; default: the first one")


def _application_commands(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="action")
    create = commands.add_parser("create", help="a further application; its keys are printed this once")
    create.add_argument("name")
    owner = create.add_mutually_exclusive_group()
    owner.add_argument("--account", metavar="API_KEY", help="whose it is; default: the first application's account")
    owner.add_argument("--new-account", action="store_true", help="with an account of its own, of the same name")
    create.add_argument("--public-key", metavar="FILE", help="PEM of your own RSA key; default: a new pair is made")
    create.set_defaults(run=_app_create)
    listing = commands.add_parser("list", help="the applications of all accounts, one JSON object a line")
    listing.set_defaults(run=_app_list)
    show = commands.add_parser("show", help="one application")
    show.set_defaults(run=_app_show)
    delete = commands.add_parser("delete", help="end an application: its keys stop, its meetings end, its rooms expire")
    delete.add_argument("app", metavar="application", help="its id")
    delete.set_defaults(run=_app_delete)
    callbacks = commands.add_parser("callbacks", help='set the application\'s callback addresses ("" removes one)')
    for family in ("rooms", "sessions", "recordings"):
        callbacks.add_argument(f"--{family}", metavar="URL")
    callbacks.add_argument("--signature", choices=("standard", "vonage"), help="vonage: with the vendor's JWT as well")
    callbacks.set_defaults(run=_set_callbacks)
    secret = commands.add_parser("callback-secret", help="print the secret that signs callbacks")
    secret.add_argument(
        "--rotate", action="store_true", help="make a new one; the old one signs as well for another day"
    )
    secret.set_defaults(run=_callback_secret)
    for sub in (show, callbacks, secret):
        sub.add_argument("--app", help="application id; default: the first one")


def _import_commands(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="from")
    vonage = commands.add_parser(
        "vonage", help="rooms and themes that the Vonage Meetings API listed: ids, codes, links"
    )
    vonage.add_argument(
        "rooms", metavar="rooms.json", help="what GET /rooms answered: a page, an array of pages or rooms"
    )
    vonage.add_argument("themes", metavar="themes.json", nargs="?", help="what GET /themes answered")
    vonage.add_argument(
        "--pictures", metavar="FOLDER", help="files <theme_id>/white.png, colored.png, favicon.png: no list holds them"
    )
    vonage.add_argument("--app", help="whose they become: application id; default: the first one")
    vonage.set_defaults(run=_import_vonage)


def _key_commands(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="action")
    listing = commands.add_parser("list", help="all keys, one JSON object a line")
    listing.set_defaults(run=_key_list)
    add = commands.add_parser("add", help="a further key; its private key or secret is printed this once")
    add.add_argument("--name", required=True)
    add.add_argument("--scopes", default="*", help='like rooms:read,themes:write; default: "*", everything')
    add.add_argument("--expires", metavar="TIME", help="an ISO day or time, UTC unless it says otherwise")
    add.add_argument(
        "--secret", action="store_true", help="for Basic authentication as key id and secret, instead of RSA"
    )
    add.set_defaults(run=_key_add)
    expire = commands.add_parser("expire", help="end a key")
    expire.add_argument("key", help="its id")
    expire.add_argument("--at", metavar="TIME", help="default: now")
    expire.set_defaults(run=_key_expire)
    rotate = commands.add_parser("rotate", help="a new key in place of an old one, which goes on working for a while")
    rotate.add_argument("key", help="the old one's id")
    rotate.add_argument("--overlap-hours", type=float, default=24, help="how long both work; default: 24")
    rotate.set_defaults(run=_key_rotate)
    for sub in (add, rotate):
        sub.add_argument("--public-key", metavar="FILE", help="PEM of your own RSA key; default: a new pair is made")
    for sub in (listing, add, expire, rotate):
        sub.add_argument("--app", help="application id; default: the first one")


# --- Commands -------------------------------------------------------------------------------------------------------


def _serve(settings: Settings, asked: argparse.Namespace) -> None:
    from convene.serve import serve

    loop(serve(settings, alone=not asked.no_worker))


def _work(settings: Settings, _asked: argparse.Namespace) -> None:
    from convene.serve import work

    loop(work(settings))


def _record(settings: Settings, _asked: argparse.Namespace) -> None:
    from convene.serve import record

    loop(record(settings))


def _migrate(settings: Settings, _asked: argparse.Namespace) -> None:
    from convene.serve import migrate, owned

    with owned(settings):
        migrate(settings)
    print("The database has this version's schema.")


def _settings(_settings: Settings, _asked: argparse.Namespace) -> None:
    from importlib.resources import files

    print(files("convene").joinpath("defaults.toml").read_text(), end="")


def _cert(settings: Settings, asked: argparse.Namespace) -> None:
    from urllib.parse import urlsplit

    from convene import certificates
    from convene.db import utcnow
    from convene.runtime import write_private

    folder = Path(asked.out).absolute() if asked.out else settings.folder / "tls"
    certificate, key = folder / "cert.pem", folder / "key.pem"
    if certificate.exists() or key.exists():
        sys.exit(f"convene: {folder} has a certificate already: delete it, or name another folder with --out")
    made = certificates.self_signed(urlsplit(settings.base_url).hostname or "localhost", utcnow())
    write_private(key, made.private_key)
    write_private(certificate, made.certificate)
    print(f"""Made {certificate} and its key, good until {made.expires_at:%Y-%m-%d}. Serve https with them:
  convene serve --tls-cert {certificate} --tls-key {key}
It is its own authority: each program must be told to trust it.
  Python (requests)  export REQUESTS_CA_BUNDLE={certificate}
  Node               export NODE_EXTRA_CA_CERTS={certificate}
  Ruby, PHP          export SSL_CERT_FILE={certificate}
  curl               curl --cacert {certificate} …
  Java               keytool -importcert -noprompt -alias convene -file {certificate} -keystore trust.jks -storepass changeit
                     java -Djavax.net.ssl.trustStore=trust.jks -Djavax.net.ssl.trustStorePassword=changeit …""")


def _import_vonage(settings: Settings, asked: argparse.Namespace) -> None:
    from convene import imports
    from convene.errors import Conflict
    from convene.web.vonage import exported

    themes_document = _json(asked.themes) if asked.themes else []
    rooms, problems = exported.rooms_in(_json(asked.rooms), asked.rooms)
    folder = Path(asked.pictures) if asked.pictures else None
    themes, more = exported.themes_in(themes_document, asked.themes, folder)
    try:
        if problems or more:
            raise imports.refused([*problems, *more])
        done = asks(settings, asked, imports.bring, rooms, themes)
    except Conflict as refusal:
        for problem in refusal.details["problems"]:
            print(f"convene: {problem}", file=sys.stderr)
        raise
    print(f"Imported {done.rooms} rooms, of which {done.expired} are over, and {done.themes} themes.")
    print(f"Here already: {done.known_rooms} rooms and {done.known_themes} themes.")
    if bare := exported.without_picture(themes_document, themes):
        print(f"{bare} themes had pictures, which no list holds: upload them again, or import with --pictures.")


def _json(name: str) -> Any:
    try:
        return json.loads(Path(name).read_bytes())
    except (OSError, ValueError) as error:
        sys.exit(f"convene: cannot read {name}: {error}")


def _openapi(settings: Settings, _asked: argparse.Namespace) -> None:
    from convene.runtime import assembled
    from convene.web.app import openapi

    print(json.dumps(openapi(assembled(settings, ("", ""))), indent=2, ensure_ascii=False))


def _events_list(settings: Settings, asked: argparse.Namespace) -> None:
    from convene import events

    for event in asks(settings, asked, events.latest, limit=asked.limit):
        show(event)


def _events_show(settings: Settings, asked: argparse.Namespace) -> None:
    from convene import callbacks, events

    show(asks(settings, asked, events.get, asked.event))
    for attempt in asks(settings, asked, callbacks.attempts_of, asked.event):
        show(attempt)


def _events_replay(settings: Settings, asked: argparse.Namespace) -> None:
    from convene import callbacks

    if bool(asked.event) == bool(asked.since) or (asked.delivered_too and not asked.since):
        sys.exit(
            "convene: name one event, or give --since a time (and then --delivered-too, if those that arrived are meant)"
        )
    if asked.event:
        count = asks(settings, asked, callbacks.replay, asked.event)
    else:
        since, too = moment(asked.since), asked.delivered_too
        count = asks(settings, asked, callbacks.replay_since, since, delivered_too=too)
    print(f"{count} deliveries are due again.")


def _app_create(settings: Settings, asked: argparse.Namespace) -> None:
    from convene import access, applications
    from convene.db import Tx

    public_key, private_key = _rsa_key(asked)

    def unit(tx: Tx) -> tuple[str, str | None, str]:
        account, secret = asked.account, None
        if asked.new_account:
            account, secret = access.open_account(tx, asked.name)
        elif account is None:
            account = access.application(tx, access.first_application(tx)).account_id
        return account, secret, applications.create(tx, account, applications.Spec(asked.name, public_key)).id

    account, secret, application_id = runs(settings, unit)
    told = {"api_key": account, "api_secret": secret, "application_id": application_id, "private_key": private_key}
    told |= {"base_url": settings.base_url}
    print(json.dumps({name: value for name, value in told.items() if value is not None}, indent=2))


def _app_list(settings: Settings, _asked: argparse.Namespace) -> None:
    from convene import applications

    for one in runs(settings, applications.everything):
        show(one)


def _app_show(settings: Settings, asked: argparse.Namespace) -> None:
    from convene import applications

    show(asks(settings, asked, applications.find))


def _app_delete(settings: Settings, asked: argparse.Namespace) -> None:
    from convene import applications
    from convene.db import Tx

    def unit(tx: Tx) -> None:
        one = applications.find(tx, asked.app)
        applications.delete(tx, one.account_id, one.id)

    runs(settings, unit)
    print("Deleted.")


def _set_callbacks(settings: Settings, asked: argparse.Namespace) -> None:
    given = {name: value for name in ("rooms", "sessions", "recordings") if (value := getattr(asked, name)) is not None}
    if not given and asked.signature is None:
        sys.exit("convene: nothing to set: give --rooms, --sessions, --recordings or --signature")
    asks(settings, asked, _merge_callbacks, given, asked.signature)
    print("Set.")


def _merge_callbacks(tx: Any, application_id: str, given: dict[str, str], signature: Any) -> None:
    from convene import access, applications

    present = access.application(tx, application_id)
    urls = {
        name: given.get(name, getattr(present, f"{name}_url")) or None for name in ("rooms", "sessions", "recordings")
    }
    access.set_callback_urls(
        tx, application_id, rooms=urls["rooms"], sessions=urls["sessions"], recordings=urls["recordings"]
    )
    if signature is not None:
        applications.sign_callbacks(tx, application_id, signature)


def _callback_secret(settings: Settings, asked: argparse.Namespace) -> None:
    from convene import access

    if asked.rotate:
        print(asks(settings, asked, access.rotate_callback_secret, timedelta(days=1)))
    else:
        print(asks(settings, asked, access.callback_secrets)[0])


def _key_list(settings: Settings, asked: argparse.Namespace) -> None:
    from convene import keys

    for key in asks(settings, asked, keys.of_application):
        show(key)


def _key_add(settings: Settings, asked: argparse.Namespace) -> None:
    from convene import keys

    if asked.secret and asked.public_key:
        sys.exit("convene: a key is either a secret or an RSA key: give --secret or --public-key")
    expires_at = moment(asked.expires) if asked.expires else None
    public, private = (None, None) if asked.secret else _rsa_key(asked)
    scopes = tuple(scope.strip() for scope in asked.scopes.split(","))
    _show_once(asks(settings, asked, keys.add, keys.Wish(asked.name, scopes, expires_at, public)), private)


def _key_expire(settings: Settings, asked: argparse.Namespace) -> None:
    from convene import keys

    show(asks(settings, asked, keys.expire, asked.key, moment(asked.at) if asked.at else None))


def _key_rotate(settings: Settings, asked: argparse.Namespace) -> None:
    from convene import keys

    is_rsa = asks(settings, asked, keys.get, asked.key).kind == "rsa"
    public, private = _rsa_key(asked) if is_rsa or asked.public_key else (None, None)
    overlap = timedelta(hours=asked.overlap_hours)
    _show_once(asks(settings, asked, keys.rotate, asked.key, overlap, public), private)


def _rsa_key(asked: argparse.Namespace) -> tuple[str, str | None]:
    """The public key that was given; or that of a new pair, with its private one."""
    from convene import access

    if not asked.public_key:
        pair = access.new_key_pair()
        return pair.public_key, pair.private_key
    try:
        with open(asked.public_key) as file:
            return file.read(), None
    except (OSError, UnicodeDecodeError) as error:
        sys.exit(f"convene: cannot read {asked.public_key}: {error}")


def _show_once(new: Any, private_key: str | None) -> None:
    """A new key with what only its owner keeps: this is the only time that anybody sees it."""
    told = dataclasses.asdict(new.key) | {"secret": new.secret, "private_key": private_key}
    shown = {name: value for name, value in told.items() if value is not None}
    print(json.dumps(shown, default=str, ensure_ascii=False))
