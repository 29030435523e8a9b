"""Applications on the command line: further ones without touching the database by hand."""

import json
from pathlib import Path

from tests.test_cli import convene, one_line


def test_applications_are_made_shown_changed_and_deleted(tmp_path: Path) -> None:
    assert convene(tmp_path, "migrate").returncode == 0
    early = convene(tmp_path, "app", "create", "Acme")
    assert early.returncode == 1 and one_line(early.stderr) and "no application yet" in early.stderr

    first = json.loads(convene(tmp_path, "app", "create", "Acme", "--new-account").stdout)
    assert list(first) == ["api_key", "api_secret", "application_id", "private_key", "base_url"]
    second = json.loads(convene(tmp_path, "app", "create", "Second").stdout)
    assert second["api_key"] == first["api_key"] and "api_secret" not in second
    third = json.loads(convene(tmp_path, "app", "create", "Third", "--account", first["api_key"]).stdout)

    listed = [json.loads(line) for line in convene(tmp_path, "app", "list").stdout.splitlines()]
    assert [one["name"] for one in listed] == ["Acme", "Second", "Third"]
    assert [one["is_default"] for one in listed] == [True, False, False]

    options = ("--app", third["application_id"], "--rooms", "https://example.org/r", "--signature", "vonage")
    assert convene(tmp_path, "app", "callbacks", *options).stdout == "Set.\n"
    shown = json.loads(convene(tmp_path, "app", "show", "--app", third["application_id"]).stdout)
    assert (shown["rooms_url"], shown["callback_signature"]) == ("https://example.org/r", "vonage")

    assert convene(tmp_path, "app", "delete", first["application_id"]).stdout == "Deleted.\n"
    gone = convene(tmp_path, "app", "show", "--app", first["application_id"])
    assert gone.returncode == 1 and one_line(gone.stderr)
    assert json.loads(convene(tmp_path, "app", "show").stdout)["id"] == second["application_id"]  # the first one alive


def test_what_an_operator_gets_wrong_is_one_line(tmp_path: Path) -> None:
    convene(tmp_path, "migrate")
    (tmp_path / "key.pem").write_text("no key")
    for command in (
        ("app", "create", "x", "--account", "nobody"),
        ("app", "create", "x", "--new-account", "--public-key", "key.pem"),
        ("app", "create", "x", "--new-account", "--public-key", "none.pem"),
        ("app", "callbacks"),
        ("app", "delete", "nothing"),
    ):
        ended = convene(tmp_path, *command)
        assert ended.returncode == 1 and one_line(ended.stderr), (command, ended.stderr)
    assert convene(tmp_path, "app", "list").stdout == ""
