"""The wheel is the whole installation: nothing but Python before it, and no Go, no Node and no network after it."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MEGABYTE = 1024 * 1024


def run(command: Sequence[str | Path], *, environment: Mapping[str, str] | None = None, cwd: Path = ROOT) -> str:
    """Standard output of a command that must succeed; its words are in the failure when it does not."""
    done = subprocess.run(command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, (
        f"{command} ended with {done.returncode}:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    )
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made as `make wheel` makes it."""
    folder = tmp_path_factory.mktemp("wheel")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CONVENE_")}
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    run([*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT], environment=environment)
    (made,) = folder.glob("*.whl")
    return made


def test_it_is_one_wheel_of_this_platform_and_small(wheel: Path) -> None:
    assert wheel.name.startswith("convene_server-") and "-py3-none-linux_" in wheel.name
    assert wheel.stat().st_size <= 30 * MEGABYTE


def test_it_holds_engine_page_and_settings_and_nothing_of_the_workshop(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        page = archive.read("convene/page/index.html").decode()
        engine = archive.getinfo("convene/bin/livekit-server")
    assert engine.external_attr >> 16 & 0o111, "the engine is not executable"
    assert '<script type="module"' in page
    assert any(name.startswith("convene/page/assets/") and name.endswith(".js") for name in names)
    assert {"convene/cli/__init__.py", "convene/defaults.toml", "convene/py.typed"} <= names
    tops = {name.split("/")[0] for name in names}
    assert tops == {"convene", wheel.name.rsplit("-", 3)[0] + ".dist-info"}
    assert not [name for name in names if "node_modules" in name or "__pycache__" in name or name.endswith(".digest")]
    notices = {name.rsplit("/", 1)[1] for name in names if "/licenses/" in name}
    assert notices == {"LICENSE", "NOTICE"}


def test_installed_it_serves_without_go_node_and_network(wheel: Path, tmp_path: Path) -> None:
    venv, folder = tmp_path / "venv", tmp_path / "home"
    folder.mkdir()
    run([sys.executable, "-m", "venv", venv])
    pip: list[str | Path] = [venv / "bin" / "python", "-m", "pip", "--disable-pip-version-check"]
    run([*pip, "install", "--quiet", "--requirement", ROOT / "requirements.lock"])
    run([*pip, "install", "--quiet", "--no-deps", "--no-index", wheel])
    run([*pip, "check"])

    prefix = without_network()
    seen = json.loads(run([*prefix, venv / "bin" / "python", Path(__file__).with_name("offline.py"), venv, folder]))

    assert seen["interfaces"] == ["lo"] or not prefix
    assert seen["ready"][0] == 200, describe(seen)
    with zipfile.ZipFile(wheel) as archive:
        assert seen["page"] == [200, archive.read("convene/page/index.html").decode()], describe(seen)
    assert any("convene/bin/livekit-server" in line for line in seen["running"]), describe(seen)
    assert seen["exit_code"] == 0, describe(seen)
    assert seen["left"] == [], describe(seen)


def without_network() -> list[str]:
    """A prefix that runs a command with loopback only, where the kernel lets us: containers may forbid namespaces."""
    prefix = ["unshare", "--net", "--map-root-user", "--"]
    allowed = shutil.which("unshare") and subprocess.run([*prefix, "true"], stderr=subprocess.DEVNULL).returncode == 0
    return prefix if allowed else []


def describe(seen: Mapping[str, Any]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in seen.items())
