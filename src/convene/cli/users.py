"""`convene client` and `convene user`: what client programs are configured with, and the users they act for."""

import argparse
import json
import sys
from datetime import timedelta
from typing import Any

from convene.cli.running import asks, show
from convene.config import Settings


def client_commands(parser: argparse.ArgumentParser) -> None:
    """What an application's client programs are given."""
    commands = parser.add_subparsers(required=True, metavar="action")
    told = commands.add_parser("show", help="its number, keys and switches")
    told.set_defaults(run=_client_show)
    change = commands.add_parser("set", help="change a switch")
    change.add_argument("--opens-users", choices=("yes", "no"), help="an unknown login makes a new user")
    change.add_argument("--meeting-link", metavar="URL", help='with %%s for a meeting\'s id; "": our own page')
    change.add_argument("--recorded-url", metavar="URL", help='where finished recordings are announced; "": nowhere')
    change.add_argument("--language", help="of mails to people who have none themselves")
    change.set_defaults(run=_client_set)
    rotate = commands.add_parser("rotate-key", help="a new administration key, printed this once")
    rotate.add_argument("--overlap-hours", type=float, default=24, help="how long the old one works; default: 24")
    rotate.set_defaults(run=_rotate_key)
    for sub in (told, change, rotate):
        sub.add_argument("--app", help="application id; default: the first one")


def user_commands(parser: argparse.ArgumentParser) -> None:
    """An application's users."""
    commands = parser.add_subparsers(required=True, metavar="action")
    create = commands.add_parser(
        "create", help="a new user; the password, if there is one, is read from standard input"
    )
    create.add_argument("login")
    create.add_argument("--email", help="it counts as verified")
    create.add_argument("--name", help="as others see it")
    create.add_argument("--language", help="of mails to the user")
    create.add_argument("--password", action="store_true", help="read one from standard input")
    create.set_defaults(run=_user_create)
    token = commands.add_parser("token", help="a token of the user, printed this once")
    token.add_argument("user", type=int, help="the user's number")
    token.set_defaults(run=_user_token)
    listing = commands.add_parser("list", help="the newest users, one JSON object a line")
    listing.add_argument("--limit", type=int, default=50)
    listing.set_defaults(run=_user_list)
    for sub in (create, token, listing):
        sub.add_argument("--app", help="application id; default: the first one")


def _client_show(settings: Settings, asked: argparse.Namespace) -> None:
    from convene import clients

    show(asks(settings, asked, clients.of))


def _client_set(settings: Settings, asked: argparse.Namespace) -> None:
    from convene import clients

    changes: dict[str, Any] = {}
    if asked.opens_users is not None:
        changes["opens_users"] = asked.opens_users == "yes"
    for name in ("meeting_link", "recorded_url"):
        if (given := getattr(asked, name)) is not None:
            changes[name] = given or None
    if asked.language:
        changes["language"] = asked.language
    if not changes:
        sys.exit("convene: nothing to set: give --opens-users, --meeting-link, --recorded-url or --language")
    show(asks(settings, asked, clients.change, **changes))


def _rotate_key(settings: Settings, asked: argparse.Namespace) -> None:
    from convene import clients

    overlap = timedelta(hours=asked.overlap_hours)
    print(json.dumps({"administration_api_key": asks(settings, asked, clients.new_administration_key, overlap)}))


def _user_create(settings: Settings, asked: argparse.Namespace) -> None:
    from convene import users

    password = sys.stdin.readline().rstrip("\n") if asked.password else None
    if password is not None:
        users.check_password(password)
    given = {"login": asked.login, "email": asked.email, "full_name": asked.name, "language": asked.language}
    spec = users.Spec(given, None if password is None else users.hashed(password), email_verified=True)
    show(asks(settings, asked, users.create, spec))


def _user_token(settings: Settings, asked: argparse.Namespace) -> None:
    from convene import logins

    new = asks(settings, asked, logins.mint, asked.user, timedelta(minutes=settings.token_minutes))
    print(json.dumps({"token": new.token, "user_id": asked.user, "expires_at": str(new.login.expires_at)}))


def _user_list(settings: Settings, asked: argparse.Namespace) -> None:
    from convene import users

    found, _total = asks(settings, asked, users.search, (), order=("number", True), page=(asked.limit, 0))
    for one in found:
        show(one)
