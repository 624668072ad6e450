"""The embedded server under every odd condition: killed, orphaned, started by several at once, foreign, full, far away."""

import asyncio
import os
import pwd
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from tapwealth.kernel.refusal import Outage
from tapwealth.storage.database import Database
from tapwealth.storage.embedded import EmbeddedServer, binaries, cluster, place
from tapwealth.storage.embedded.owner import HOME, server_user

SMALL = {"shared_buffers": "32MB", "fsync": "off", "log_min_messages": "warning"}
PROGRAM = """
import sys, time
from pathlib import Path
from tapwealth.storage.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]), {"shared_buffers": "32MB", "fsync": "off"})
server.start()
print(server.postmaster_pid or 0, flush=True)
sys.stdin.read()
server.stop()
"""


def ask(server: EmbeddedServer, question: str = "select 1") -> object:
    async def run() -> object:
        connection = await asyncpg.connect(server.dsn(), timeout=60)
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    return asyncio.run(run())


def eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}/cmdline").exists() or Path(f"/proc/{pid}/cmdline").read_bytes() == b""


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tapwealth-test-", dir="/tmp"))
    folder.chmod(0o711)
    with EmbeddedServer(folder, SMALL):
        pass
    yield folder / "database"
    shutil.rmtree(folder)


@pytest.fixture
def data_dir(template: Path, reachable_dir: Path) -> Path:
    """A data directory with a database that has been stopped (making one anew takes a second)."""
    subprocess.run(["cp", "-a", template, reachable_dir / "database"], check=True)
    return reachable_dir


@pytest.fixture
def program() -> Iterator[Callable[[Path], "subprocess.Popen[str]"]]:
    started: list[subprocess.Popen[str]] = []

    def start(data_dir: Path) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", PROGRAM, str(data_dir)]
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.communicate(timeout=60)


def pid_of(process: "subprocess.Popen[str]") -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def test_data_survives_stop_and_kill(data_dir: Path) -> None:
    server = EmbeddedServer(data_dir, SMALL).start()
    try:
        ask(server, "create table kept as select 1 as n")
        server.stop()
        server.stop()
        server.start()
        first = server.postmaster_pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        eventually(lambda: server.postmaster_pid is None)
        server.start()
        assert server.postmaster_pid not in (None, first)
        assert ask(server, "select n from kept") == 1
    finally:
        server.stop()


async def test_database_revives_its_server(data_dir: Path) -> None:
    with EmbeddedServer(data_dir, SMALL) as server:
        async with Database(server.dsn().replace("?", "?role=tapwealth&"), revive=server.revive) as database:
            await _prepare(server)
            async with database.transaction() as tx:
                await tx.execute("create table kept as select 1 as n")
                sessions = await tx.fetch("select pid from pg_stat_activity where backend_type = 'client backend'")
            assert server.postmaster_pid is not None
            os.kill(server.postmaster_pid, signal.SIGKILL)
            while not all(gone(session["pid"]) for session in sessions):  # each lives until it has seen that its server is dead
                await asyncio.sleep(0.02)
            said = [outage async for outage in _outages_until_it_answers(database)]
            assert 1 <= len(said) < 200
            assert not any("\n" in outage for outage in said)


async def _outages_until_it_answers(database: Database) -> AsyncIterator[str]:
    for _ in range(200):
        try:
            async with database.transaction() as tx:
                assert await tx.fetchval("select n from kept") == 1
                return
        except Outage as outage:
            yield str(outage)
            await asyncio.sleep(0.05)


async def _prepare(server: EmbeddedServer) -> None:
    connection = await asyncpg.connect(server.dsn())
    await connection.execute("create role tapwealth_program superuser; create schema tapwealth")
    await connection.close()


def test_server_dies_with_a_killed_program_and_the_next_start_waits_for_it(
    data_dir: Path, program: Callable[[Path], "subprocess.Popen[str]"]
) -> None:
    first = program(data_dir)
    postmaster = pid_of(first)
    first.kill()
    with EmbeddedServer(data_dir, SMALL) as server:
        assert not server.joined
        assert gone(postmaster)
        assert ask(server) == 1


def test_second_program_joins_and_leaves_it_alone(data_dir: Path, program: Callable[[Path], "subprocess.Popen[str]"]) -> None:
    first = program(data_dir)
    postmaster = pid_of(first)
    with EmbeddedServer(data_dir, SMALL) as server:
        assert server.joined
        assert ask(server) == 1
    assert not gone(postmaster)
    with pytest.raises(Outage, match="in use"):
        EmbeddedServer(data_dir).erase()
    first.communicate(timeout=60)
    assert gone(postmaster)


def test_many_starters_at_once_run_one_server(reachable_dir: Path, program: Callable[[Path], "subprocess.Popen[str]"]) -> None:
    pids = [pid_of(process) for process in [program(reachable_dir) for _ in range(4)]]
    assert sorted(pids)[:3] == [0, 0, 0]
    assert max(pids) > 0


def test_a_program_killed_while_creating_leaves_nothing_in_the_way(
    reachable_dir: Path, program: Callable[[Path], "subprocess.Popen[str]"]
) -> None:
    first = program(reachable_dir)
    eventually(lambda: any((reachable_dir / "database").glob("cluster.new-*/global/pg_control")))
    first.kill()
    with EmbeddedServer(reachable_dir, SMALL) as server:
        assert ask(server) == 1
    assert not list((reachable_dir / "database").glob("cluster.new-*"))


def test_stale_pid_files_are_no_obstacle(data_dir: Path) -> None:
    stale = data_dir / "database" / "cluster" / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{stale.parent}\n0\n5432\n{stale.parent}\n\n0 0\nready\n")
    with EmbeddedServer(data_dir, SMALL) as server:
        assert ask(server) == 1


def test_path_too_long_for_a_socket(reachable_dir: Path) -> None:
    data_dir = reachable_dir / ("long" * 25)
    with EmbeddedServer(data_dir, SMALL) as server:
        sockets = Path(server.dsn().split("host=")[1].replace("%2F", "/"))
        assert data_dir not in sockets.parents
        assert sockets.stat().st_mode & 0o777 == 0o700
        assert ask(server) == 1
    assert not sockets.exists()


def test_durable_by_default(reachable_dir: Path) -> None:
    with EmbeddedServer(reachable_dir, {"shared_buffers": "32MB"}) as server:
        for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert ask(server, f"show {name}") == "on"
        assert ask(server, "show server_encoding") == "UTF8"
        assert ask(server, "show listen_addresses") == ""


def test_less_memory_than_wished_for(data_dir: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, hard))
    try:
        with EmbeddedServer(data_dir, {**SMALL, "shared_buffers": "8GB", "huge_pages": "off"}) as server:
            assert ask(server, "show shared_buffers") == "64MB"
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def test_erase_leaves_nothing(data_dir: Path) -> None:
    server = EmbeddedServer(data_dir, SMALL).start()
    server.erase()
    assert list(data_dir.iterdir()) == []


def refused(data_dir: Path, says: str, overrides: dict[str, str] | None = None) -> None:
    with pytest.raises(Outage, match=says) as caught:
        EmbeddedServer(data_dir, overrides or SMALL).start()
    assert "\n" not in str(caught.value)


def test_other_major_version(data_dir: Path) -> None:
    (data_dir / "database" / "cluster" / "PG_VERSION").write_text("17\n")
    refused(data_dir, "was made by PostgreSQL 17, this program brings 18")


def test_not_a_database(reachable_dir: Path) -> None:
    (reachable_dir / "database" / "cluster").mkdir(parents=True)
    refused(reachable_dir, "is not a database")


def test_server_that_cannot_start_says_why(data_dir: Path) -> None:
    refused(data_dir, "did not start: .*nonsense", {"nonsense": "1"})
    (data_dir / "database" / "cluster" / "global" / "pg_control").unlink()
    refused(data_dir, "did not start")


def test_disk_full(reachable_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1 << 30, 1 << 30, 5 << 20))
    refused(reachable_dir, "the disk is full: 5 MB free")


def test_data_directory_that_cannot_be(reachable_dir: Path) -> None:
    (reachable_dir / "file").write_text("")
    refused(reachable_dir / "file" / "below", "cannot use .*/file/below/database")


def test_link_to_nothing(reachable_dir: Path) -> None:
    (reachable_dir / "database").symlink_to("/nowhere/database")
    refused(reachable_dir, "is a link to /nowhere/database, which is gone")


def test_only_from_the_main_thread(data_dir: Path) -> None:
    async def elsewhere() -> None:
        await asyncio.to_thread(EmbeddedServer(data_dir, SMALL).start)

    with pytest.raises(AssertionError, match="another thread"):
        asyncio.run(elsewhere())


def test_a_closed_directory_above_is_not_opened() -> None:
    """As root below a closed directory the data go to a place of their own; nobody else has a directory closed to oneself."""
    closed = Path(tempfile.mkdtemp(prefix="tapwealth-closed-", dir="/tmp"))
    closed.chmod(0o700)
    server = EmbeddedServer(closed / "data", SMALL)
    try:
        server.start()
        assert ask(server) == 1
        assert closed.stat().st_mode & 0o777 == 0o700
        elsewhere = HOME / "databases" in (closed / "data" / "database").resolve().parents
        assert elsewhere == (os.geteuid() == 0)
        found = place.find(closed / "data", server_user())
        assert found.cluster.stat().st_uid == server_user().uid
        server.erase()
        assert not found.folder.exists()
    finally:
        server.stop()
        shutil.rmtree(closed)


def test_program_installed_in_a_closed_directory(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root, the executables are copied to where the server's user can run them; the closed directory stays closed."""
    site = Path(tempfile.mkdtemp(prefix="tapwealth-closed-", dir="/tmp"))
    package = Path(binaries._package())
    try:
        for name in (package.name, f"{package.name}.libs"):
            shutil.copytree(package.with_name(name), site / name)
        monkeypatch.setattr(binaries, "HOME", data_dir / "home")
        monkeypatch.setattr(binaries, "_package", lambda: site / package.name)
        for _ in range(2):
            with EmbeddedServer(data_dir, SMALL) as server:
                assert ask(server) == 1
                running = Path(f"/proc/{server.postmaster_pid}/exe").readlink()
        assert (data_dir / "home" in running.parents) == (os.geteuid() == 0)
        assert site.stat().st_mode & 0o777 == 0o700
        assert not list((data_dir / "home").glob("postgresql/.part-*"))
    finally:
        shutil.rmtree(site)


def test_it_never_runs_as_root(data_dir: Path) -> None:
    with EmbeddedServer(data_dir, SMALL) as server:
        owner = Path(f"/proc/{server.postmaster_pid}").stat().st_uid
    assert owner != 0
    assert owner == (pwd.getpwnam("tapwealth").pw_uid if os.geteuid() == 0 else os.geteuid())
