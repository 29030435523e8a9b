"""An application's default theme and the numbers to dial in, as the vendor's clients ask for them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from convene import access, config
from tests.api.test_applications_v2 import a_theme
from tests.world import World, key_pair, world

PATH = "/v1/meetings/applications"


@pytest.mark.parametrize("wrapper", ["update_details", "update_options", None])
async def test_the_default_theme_is_set_and_removed(world: World, wrapper: str | None) -> None:
    theme = await world.db.write(a_theme, world.application_id)

    def wrapped(value: Any) -> dict[str, Any]:
        details = {"default_theme_id": value}
        return {wrapper: details} if wrapper else details

    ids = {"application_id": world.application_id, "account_id": world.first.api_key}
    for given, kept in ((theme, theme), ("null", None), (theme.upper(), theme), (None, None)):
        changed = await world.client.patch(PATH, json=wrapped(given), headers=world.auth)
        assert (changed.status_code, changed.json()) == (200, ids | {"default_theme_id": kept})
        assert (await world.db.read(access.application, world.application_id)).default_theme_id == kept


async def test_an_unknown_theme_and_anothers_are_refused_alike(world: World) -> None:
    other = await world.db.write(access.create_first, "Bob", key_pair())
    theirs = await world.db.write(a_theme, other.application_id)
    for theme in (theirs, "11111111-1111-4111-8111-111111111111"):
        refused = await world.client.patch(
            PATH, json={"update_details": {"default_theme_id": theme}}, headers=world.auth
        )
        message = f"Failed to update application because theme id {theme} not found"
        assert (refused.status_code, refused.json()) == (
            400,
            {"message": message, "name": "BadRequestError", "status": 400},
        )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"update_details": {}}, '"update_details" must have at least 1 key'),
        ({}, '"update_details" must have at least 1 key'),
        ({"update_details": {"default_theme": None}}, '"default_theme" is not allowed'),
        ({"update_details": {"default_theme_id": "x"}}, '"default_theme_id" must be a valid GUID'),
        ({"update_details": 1}, '"update_details" must be of type object'),
    ],
)
async def test_what_is_refused(world: World, body: Any, message: str) -> None:
    refused = await world.client.patch(PATH, json=body, headers=world.auth)
    assert refused.status_code == 400
    assert (refused.json()["name"], refused.json()["message"]) == ("InputValidationError", message)
    assert (await world.client.patch(PATH, json=body)).status_code == 401


async def test_dial_in_numbers_are_those_of_the_settings_and_need_no_credentials(tmp_path: Path) -> None:
    given = "442071838750 en-GB United Kingdom; +12025550143 en_US USA (east)"
    async with world(f"sqlite:///{tmp_path / 'x.db'}", tmp_path, dial_in_numbers=given) as made:
        listed = await made.client.get("/beta/meetings/dial-in-numbers")
    assert (listed.status_code, listed.json()) == (
        200,
        [
            {"number": "442071838750", "locale": "en-GB", "display_name": "United Kingdom"},
            {"number": "12025550143", "locale": "en_US", "display_name": "USA (east)"},
        ],
    )


async def test_without_the_setting_there_are_none(world: World) -> None:
    assert (await world.client.get("/v1/meetings/dial-in-numbers", headers=world.auth)).json() == []


@pytest.mark.parametrize("text", ["442071838750", "44 en-GB UK", "442071838750 english UK"])
def test_a_number_that_is_none_is_told_at_start(tmp_path: Path, text: str) -> None:
    with pytest.raises(config.BadSettings, match=r"dial_in_numbers: .* is not like"):
        config.load({"CONVENE_DIAL_IN_NUMBERS": text}, tmp_path)
    assert replace(config.load({}, tmp_path), dial_in_numbers=" ; ").dial_in == []
