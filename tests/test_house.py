"""The rules of the house that a machine can see."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine

from convene import config, migrations, tables

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src" / "convene").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
PAGE = [path for path in (ROOT / "ui").rglob("*.ts*") if "node_modules" not in path.parts]
SAYS_NOTHING = re.compile(r"(utils?|helpers?|common|base|managers?|services?|misc|repository)\.(py|tsx?)$")


def tracked() -> list[str]:
    """What git tracks; in a copy without git, every file of the tree."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    return listed.stdout.splitlines() or [str(path.relative_to(ROOT)) for path in (*SOURCES, *TESTS, *PAGE)]


def test_file_names_are_nouns_of_the_product() -> None:
    assert [name for name in tracked() if SAYS_NOTHING.search(name)] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_sizes(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 600
    if "migrations/versions" in str(path):
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < 50 or node.name in ("router", "add"), f"{node.name} is too long"


def test_page_files_are_short() -> None:
    long = [str(path) for path in PAGE if ".gen." not in path.name and path.read_text().count("\n") > 300]
    assert long == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_errors_of_the_database_hide_their_parameters(path: Path) -> None:
    """Their text goes into the log, and parameters may be secrets."""
    for call in ast.walk(ast.parse(path.read_text())):
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith(("create_engine", "create_async_engine")):
            given = {word.arg: ast.unparse(word.value) for word in call.keywords}
            assert given.get("hide_parameters") == "True", f"line {call.lineno}"


def test_only_db_reads_the_clock() -> None:
    """`logs` stamps its own lines; everything else is given the time."""
    clock = re.compile(r"datetime\.(now|utcnow|today)\(|time\.time\(")
    found = [str(path.relative_to(ROOT)) for path in SOURCES if clock.search(path.read_text())]
    allowed = {"src/convene/db.py"}
    assert {name for name in found if "compositor" not in name} <= allowed


def test_nothing_is_patched_in_tests() -> None:
    patching = re.compile(r"mock\.patch|mocker\.|monkeypatch\.setattr|unittest\.mock")
    assert [path.name for path in TESTS if path.name != "test_house.py" and patching.search(path.read_text())] == []


def test_every_module_says_what_it_is() -> None:
    assert [
        str(path) for path in SOURCES if path.stat().st_size and not ast.get_docstring(ast.parse(path.read_text()))
    ] == []


def test_every_setting_is_explained() -> None:
    lines = (ROOT / "src/convene/defaults.toml").read_text().splitlines()
    keys = [line.partition(" =")[0] for line in lines if re.match(r"\w+ =", line)]
    assert keys == [field.name for field in config.fields(config.Settings)]


def test_the_openapi_document_is_the_tracked_one() -> None:
    made = subprocess.run(
        [sys.executable, "-m", "convene", "openapi"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert made.stdout == (ROOT / "openapi.json").read_text(), "renew it: make openapi"


def test_no_registry_and_no_machine_is_named() -> None:
    hosts = re.compile(
        "registry.npm" + "js|files.pythonhosted" + "|pypi." + r"org/simple|proxy\.golang" + "|/root/|/work/"
    )
    named = []
    for name in tracked():
        path = ROOT / name
        if path.suffix not in (".png", ".woff2") and path.is_file() and path != Path(__file__):
            text = path.read_text(errors="ignore")
            if hosts.search(text):
                named.append(name)
    assert named == []


def _differences(connection: sa.Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": False})
    return [found for found in compare_metadata(context, tables.metadata) if "alembic_version" not in str(found)]


def test_migrations_make_the_tables_of_the_code_on_sqlite(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    migrations.upgrade(url)
    migrations.upgrade(url)  # the second start has nothing to do
    with sa.create_engine(url).connect() as connection:
        assert _differences(connection) == []


async def test_migrations_make_the_tables_of_the_code_on_postgresql(postgres_url: str) -> None:
    engine = create_async_engine(
        sa.make_url(postgres_url).set(drivername="postgresql+asyncpg"), poolclass=sa.pool.NullPool
    )
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(sa.text("drop database if exists migrated"))
        await connection.execute(sa.text("create database migrated"))
    url = postgres_url.rpartition("/")[0] + "/migrated"
    import asyncio

    await asyncio.gather(
        *(asyncio.to_thread(migrations.upgrade, url) for _ in range(3))
    )  # three processes start at once
    migrated = create_async_engine(sa.make_url(url).set(drivername="postgresql+asyncpg"), poolclass=sa.pool.NullPool)
    async with migrated.connect() as connection:
        assert await connection.run_sync(_differences) == []
    await migrated.dispose()
    await engine.dispose()
