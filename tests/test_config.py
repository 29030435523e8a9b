"""Settings: from defaults, file and environment; every problem is told at once, by name."""

from pathlib import Path

import pytest

from convene import config
from convene.config import BadSettings


def test_loopback_needs_no_settings(tmp_path: Path) -> None:
    settings = config.load({}, tmp_path)
    assert (settings.host, settings.port, settings.base_url) == ("127.0.0.1", 8000, "http://localhost:8000")
    assert settings.database.startswith("sqlite:///")
    assert settings.allow_loopback_callbacks is False


def test_an_application_under_load_is_not_throttled_by_default(tmp_path: Path) -> None:
    """200 requests a second, for which the platform is built."""
    assert config.load({}, tmp_path).requests_per_minute >= 200 * 60


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "convene.toml").write_text('port = 8080\nhost = "0.0.0.0"\nallow_loopback_callbacks = true\n')
    settings = config.load({"CONVENE_PORT": "9090", "PATH": "/bin"}, tmp_path)
    assert (settings.port, settings.host, settings.allow_loopback_callbacks) == (9090, "0.0.0.0", True)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "convene.toml").write_text('prot = 8080\nport = "eighty"\n')
    environment = {
        "CONVENE_ENGINE_ADDRESS": "meet.example.org",
        "CONVENE_CODE_DIGITS": "4",
        "CONVENE_ENGINE_URL": "ws://livekit:7880",
        "CONVENE_TRUSTED_PROXIES": "many",
        "CONVENE_CALLBACK_NETWORKS": "10.0.0.0/8, intranet",
        "CONVENE_DATABASE_URL": "mysql://x",
    }
    with pytest.raises(BadSettings) as bad:
        config.load(environment, tmp_path)
    told = "\n".join(bad.value.problems)
    for word in (
        "convene.toml: there is no setting `prot`",
        "convene.toml: `port` must be a whole number",
        "engine_address must be an IP address",
        "code_digits must be 9 to 18",
        "engine_url, engine_key and engine_secret go together",
        "CONVENE_TRUSTED_PROXIES: `trusted_proxies` must be a whole number",
        "`intranet` is not a network",
        "database_url must start with",
    ):
        assert word in told
    assert len(bad.value.problems) == 8


@pytest.mark.parametrize("text", ["port = ", "\xff\xfe"])
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "convene.toml").write_text(text, encoding="latin-1")
    with pytest.raises(BadSettings, match=r"convene\.toml"):
        config.load({}, tmp_path)


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="does not exist"):
        config.load({"CONVENE_CONFIG": str(tmp_path / "none.toml")}, tmp_path)


@pytest.mark.parametrize("url", ["ftp://x", "meet.example.org", "https://", "https://x/path", "https://x:99999"])
def test_a_public_url_is_an_origin(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadSettings, match="public_url"):
        config.load({"CONVENE_PUBLIC_URL": url}, tmp_path)
