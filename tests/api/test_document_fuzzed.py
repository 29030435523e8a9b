"""Requests that schemathesis makes up from the document: none ends in a 5xx, in a status or in a body that it does not name.

10,000 of them; FUZZ=1500, for a quick run.
"""

import asyncio
import json
import os
import re
import sys
from pathlib import Path

import uvicorn

from convene.web.app import create_app
from tests import world as worlds
from tests.estate import settled
from tests.world import World, emptied_now, free_port

ROOT = Path(__file__).parents[2]
REQUESTS = int(os.environ.get("FUZZ", "10000"))
# Of 10,000 requests a good half are those at the edges of what each schema allows: there are always as many of them.
IS_WHOLE = REQUESTS >= 10_000
PHASES = f"--phases=examples,{'coverage,' if IS_WHOLE else ''}fuzzing"
EXAMPLES = REQUESTS // 200 if IS_WHOLE else REQUESTS // 100
UNBOUNDED = {
    "requests_per_minute": 0,
    "auth_failures_per_minute": 0,
    "rooms_limit": 10**9,
    "themes_limit": 10**9,
    "waiting_limit": 10**6,
    "code_misses_address": 10**9,
    "code_misses_total": 10**9,
    "log_level": "error",
}
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,negative_data_rejection,missing_required_header,unsupported_method"
)


async def facts_of(world: World, url: str) -> dict[str, object]:
    estate = await settled(world, "fuzzed")
    people = {"host": estate.host, "knocker": estate.knocker, "door_host": estate.doorman}
    proofs = {name: headers["Authorization"].removeprefix("Bearer ") for name, headers in people.items()}
    facts = {"url": url, "ids": estate.ids, "owner": world.auth, "public_key": worlds.key_pair().public_key}
    return facts | proofs | {"user": estate.user, "admin": estate.admin}


async def test_what_is_made_up_is_answered_as_documented(postgres_url: str, tmp_path: Path) -> None:
    """Some half of them on each kind of database, both at the same time."""
    urls = {"sqlite": f"sqlite:///{tmp_path / 'convene.db'}", "postgresql": await emptied_now(postgres_url)}
    said = await asyncio.gather(*(fuzzed(url, tmp_path / kind) for kind, url in urls.items()))
    assert [status for _, status in said] == [0, 0], "\n".join(readable(told) for told, status in said if status)
    counts = [int(found[1]) if (found := re.search(r"(\d+) generated", told)) else 0 for told, _ in said]
    assert sum(counts) >= REQUESTS, counts


def readable(told: str) -> str:
    """What failed; of long bodies only the beginning."""
    return "\n".join(line[:240] for line in told.splitlines()[-400:])


async def fuzzed(url: str, folder: Path) -> tuple[str, int]:
    """What schemathesis said of a server on this database, and its exit code."""
    folder.mkdir()
    port = free_port()
    async with worlds.world(url, folder, port=port, **UNBOUNDED) as world:
        world.runtime.stopping.set()  # streams say how things stand, and end: else each would be waited for
        file = folder / "fuzzed.json"
        file.write_text(json.dumps(await facts_of(world, f"http://127.0.0.1:{port}")))
        server = uvicorn.Server(
            uvicorn.Config(create_app(world.runtime), port=port, log_level="warning", lifespan="off")
        )
        serving = asyncio.create_task(server.serve())
        try:
            return await schemathesis(port, file)
        finally:
            server.should_exit = True
            await serving


async def schemathesis(port: int, file: Path) -> tuple[str, int]:
    """Runs it over the server; what it said and its exit code."""
    program = Path(sys.executable).with_name("schemathesis")
    arguments = ["run", f"http://127.0.0.1:{port}/openapi.json", PHASES, "--workers=1"]
    arguments += [f"--max-examples={EXAMPLES}", "--seed=1", "--no-shrink", "--no-color"]
    arguments += [f"--checks={CHECKS}", "--generation-database=none", "--continue-on-failure"]
    arguments += ["--suppress-health-check=all", "--generation-with-security-parameters=false", "--warnings=off"]
    environment = os.environ | {"FUZZED": str(file), "SCHEMATHESIS_HOOKS": "tests.fuzzing", "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        cwd=file.parent,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return said.decode(), process.returncode
