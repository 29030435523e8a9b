"""Client programs and users on the command line."""

import json
from pathlib import Path

from tests.test_cli import convene, one_line


def test_what_client_programs_are_given(tmp_path: Path) -> None:
    convene(tmp_path, "migrate")
    convene(tmp_path, "app", "create", "Acme", "--new-account")
    shown = json.loads(convene(tmp_path, "client", "show").stdout)
    assert (
        shown["number"] == 1 and shown["auth_key"] and shown["opens_users"] is False and shown["meeting_link"] is None
    )

    link = "https://meet.example.org/join/%s"
    changed = json.loads(convene(tmp_path, "client", "set", "--opens-users", "yes", "--meeting-link", link).stdout)
    assert changed == shown | {"opens_users": True, "meeting_link": link}
    assert json.loads(convene(tmp_path, "client", "set", "--meeting-link", "").stdout)["meeting_link"] is None

    keys = [json.loads(convene(tmp_path, "client", "rotate-key").stdout)["administration_api_key"] for _ in range(2)]
    assert len(set(keys)) == 2


def test_users_and_their_tokens(tmp_path: Path) -> None:
    convene(tmp_path, "migrate")
    convene(tmp_path, "app", "create", "Acme", "--new-account")
    options = ("--email", "ada@example.org", "--name", "Ada L")
    made = json.loads(convene(tmp_path, "user", "create", "ada.l", *options).stdout)
    assert (made["login"], made["full_name"], made["email_verified"]) == ("ada.l", "Ada L", True)
    assert len(json.loads(convene(tmp_path, "user", "token", str(made["number"])).stdout)["token"]) == 64
    convene(tmp_path, "user", "create", "bob")
    listed = [json.loads(line) for line in convene(tmp_path, "user", "list").stdout.splitlines()]
    assert [one["login"] for one in listed] == ["bob", "ada.l"]


def test_what_an_operator_gets_wrong_is_one_line(tmp_path: Path) -> None:
    convene(tmp_path, "migrate")
    convene(tmp_path, "app", "create", "Acme", "--new-account")
    convene(tmp_path, "user", "create", "ada.l")
    for command in (
        ("client", "set"),
        ("client", "set", "--meeting-link", "https://meet.example.org/join"),
        ("client", "show", "--app", "nothing"),
        ("user", "create", "ada.l"),
        ("user", "create", "x"),
        ("user", "create", "short", "--password"),
        ("user", "token", "99"),
    ):
        ended = convene(tmp_path, *command)
        assert ended.returncode == 1 and one_line(ended.stderr), (command, ended.stderr)
