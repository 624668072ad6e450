"""Fixtures of the whole suite: one real database server per run, a fresh migrated database per test module.

`shared_folder` (session) · `server` (session) · `database_url` (module: migrated, empty) · `database` (function: a `Database` on it) ·
`new_database` (function: makes empty ones, for that test alone) · `folder` (module) and `on` (function): two played days on the module's ·
`reachable_dir` (a folder that the server's user can pass to; pytest's own tmp_path is closed to it when the suite runs as root).

Under `CI=true` a skipped test fails the run.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from apart import run_apart
from databases import Databases
from hypothesis import HealthCheck, settings
from made_cluster import SHARED, give_database
from memory import roomy
from played_days import Played, after, play_apart

from tapwealth.storage.database import Database
from tapwealth.storage.embedded import EmbeddedServer

NOT_DURABLE = {
    "fsync": "off", "full_page_writes": "off", "shared_buffers": "128MB", "max_connections": "100", "log_min_messages": "error",
    "max_wal_size": "128MB",
}  # fmt: skip
"""The suite outlives no power cut; the tests that kill servers start their own."""

LONGEST_FIRST = ("simulation", "integration", "browser", "docs", "flows", "property", "golden", "unit", "fuzz")
"""Where the tests are shared out to processes, those that take long must not come last: the others would wait for one of them."""


os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
"""Some thousand processes start from these sources: they are compiled once, not once for each."""
settings.register_profile("unhurried", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
"""How busy the machine is says nothing of a property; under `CI=true` the examples are the same each time, as hypothesis has it."""
os.environ["TMPDIR"] = tempfile.tempdir = str(roomy())
"""There is `tmp_path`, too: partners' stores, phones and databases made from nothing sync each of their writes."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: the tests wait for other processes a third of their time."""
    return len(os.sched_getaffinity(0)) + 1


def _open_folder(place: Path) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tapwealth-test-", dir=place))
    folder.chmod(0o711)
    return folder


@pytest.fixture
def reachable_dir() -> Iterator[Path]:
    folder = _open_folder(roomy())
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session", autouse=True)
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for the whole run of the tests, whatever the number of their processes."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    os.environ[SHARED] = str(shared)
    return shared


@pytest.fixture(scope="session")
def server(shared_folder: Path) -> Iterator[EmbeddedServer]:
    folder = _open_folder(roomy())
    give_database(folder)
    with EmbeddedServer(folder, NOT_DURABLE) as running:
        yield running
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def databases(server: EmbeddedServer) -> Databases:
    made = Databases(server)
    run_apart(made.begin())
    return made


@pytest.fixture
def new_database(databases: Databases) -> Iterator[Callable[[], str]]:
    """Makes an empty migrated database and returns its owner's address; after the test another one gets it."""
    made: list[str] = []

    def make() -> str:
        made.append(run_apart(databases.empty()))
        return made[-1]

    yield make
    for url in made:
        databases.take_back(url)


@pytest.fixture(scope="module")
def database_url(databases: Databases) -> Iterator[str]:
    """Gone with its module: that of all of them would fill the machine's memory."""
    url = run_apart(databases.fresh())
    yield url
    run_apart(databases.drop(url))


@pytest.fixture(scope="session")
def two_days(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Played once in each process, to be copied: a database and a folder."""
    url, made = run_apart(databases.fresh()), tmp_path_factory.mktemp("played")
    play_apart(url, made)
    return url, made


@pytest.fixture(scope="module")
def folder(database_url: str, databases: Databases, two_days: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days are on the module's database as if they had been played there; here lies what is not in the database."""
    url, played = two_days
    run_apart(databases.copy(database_url, url))
    return Path(shutil.copytree(played, tmp_path_factory.mktemp("played"), dirs_exist_ok=True))


@pytest.fixture
async def on(database_url: str, folder: Path) -> AsyncIterator[Played]:
    """Those two days."""
    async with after(database_url, folder) as played:
        yield played


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as open_database:
        yield open_database


def _folder_of(item: pytest.Item) -> str:
    here = Path(__file__).parent
    return item.path.relative_to(here).parts[0] if item.path.is_relative_to(here) else LONGEST_FIRST[-1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONGEST_FIRST.index(_folder_of(item)))
    for item in items:
        if item.get_closest_marker("soak"):
            item.add_marker(pytest.mark.timeout(0))


def _skip_is_failure(report: Any, name: str) -> Any:
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI") == "true":
        report.outcome, report.longrepr = "failed", f"{name} was skipped, which counts as a failure under CI=true: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    return _skip_is_failure((yield), item.nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    """A module that skips itself while it is being collected."""
    return _skip_is_failure((yield), collector.nodeid)
