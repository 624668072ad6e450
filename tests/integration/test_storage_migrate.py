"""Migrations: applied once, whole or not at all, in order, never backwards."""

import asyncio
from itertools import count
from pathlib import Path

import asyncpg
import pytest

from tapwealth.kernel.refusal import Outage
from tapwealth.storage import migrate
from tapwealth.storage.database import connect
from tapwealth.storage.embedded import EmbeddedServer

_numbers = count(1)


@pytest.fixture
async def empty(server: EmbeddedServer) -> str:
    """The owner's address of a database with nothing in it."""
    name = f"unmigrated_{next(_numbers)}"
    owner = await asyncpg.connect(server.dsn())
    await owner.execute(f"create database {name}")
    await owner.close()
    return server.dsn(database=name)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Migrations of our own, instead of the program's."""
    (tmp_path / "0001_first.sql").write_text(
        "create table a (book int not null, n int not null, primary key (book, n));\n"
        "create function twice(int) returns int language sql as $$ select 2 * $1; $$;\n"
        "-- foreign keys\n"
        "alter table a add foreign key (book, n) references a;\n"
    )
    monkeypatch.setattr(migrate, "sql_files", lambda: sorted(tmp_path.iterdir()))
    return tmp_path


async def fetch(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "tapwealth"})
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_from_empty_to_head(empty: str) -> None:
    names = tuple(path.stem for path in migrate.sql_files())
    assert await migrate.status(empty) == migrate.Status(None, names[-1], names)
    assert await migrate.apply(empty) == names
    assert await migrate.status(empty) == migrate.Status(names[-1], names[-1], ())
    assert await migrate.apply(empty) == ()
    program = await connect(empty)
    assert await program.fetchval("select count(*) from operator") == 0
    await program.close()


async def test_in_order_and_only_what_is_pending(empty: str, files: Path) -> None:
    await migrate.apply(empty)
    (files / "0003_third.sql").write_text("insert into b values (twice(21));")
    (files / "0002_second.sql").write_text("create table b (n int);")
    assert (await migrate.status(empty)).pending == ("0002_second", "0003_third")
    assert await migrate.apply(empty) == ("0002_second", "0003_third")
    assert await fetch(empty, "select n from b") == 42
    assert await fetch(empty, "select count(*) from pg_constraint where conrelid = 'a'::regclass and contype = 'f'") == 1


async def test_a_failing_file_leaves_nothing_of_itself(empty: str, files: Path) -> None:
    (files / "0002_broken.sql").write_text("create table b (n int);\n-- foreign keys\nselect 1 / 0;")
    with pytest.raises(asyncpg.DivisionByZeroError) as caught:
        await migrate.apply(empty)
    assert "0002_broken.sql" in caught.value.__notes__[0]
    assert await fetch(empty, "select to_regclass('b')") is None
    assert await migrate.status(empty) == migrate.Status("0001_first", "0002_broken", ("0002_broken",))
    (files / "0002_broken.sql").write_text("create table b (n int);")
    assert await migrate.apply(empty) == ("0002_broken",)


async def test_newer_database_is_refused(empty: str, files: Path) -> None:
    (files / "0002_of_a_newer_program.sql").write_text("create table b (n int);")
    await migrate.apply(empty)
    (files / "0002_of_a_newer_program.sql").unlink()
    for ask in (migrate.status, migrate.apply):
        with pytest.raises(Outage, match="0002_of_a_newer_program, newer than this program, which ends at 0001_first; install") as caught:
            await ask(empty)
        assert "\n" not in str(caught.value)


async def test_several_programs_at_once(empty: str, files: Path) -> None:
    applied = await asyncio.gather(*(migrate.apply(empty) for _ in range(4)))
    assert sorted(applied) == [(), (), (), ("0001_first",)]


async def test_a_user_without_rights_is_told(server: EmbeddedServer, empty: str) -> None:
    owner = await asyncpg.connect(server.dsn())
    await owner.execute("drop role if exists somebody; create role somebody")
    await owner.close()
    with pytest.raises(Outage, match="may not prepare the database") as caught:
        await migrate.apply(f"{empty}&role=somebody")
    assert "\n" not in str(caught.value)


def test_two_files_of_one_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "tapwealth" / "_migrations" / "sql"
    monkeypatch.setattr(migrate, "__file__", str(tmp_path / "tapwealth" / "storage" / "migrate.py"))
    with pytest.raises(Outage, match="not at"):
        migrate.sql_files()
    folder.mkdir(parents=True)
    for name in ("0001_a.sql", "0002_b.sql", "README.md"):
        (folder / name).write_text("")
    assert [path.name for path in migrate.sql_files()] == ["0001_a.sql", "0002_b.sql"]
    (folder / "0002_c.sql").write_text("")
    with pytest.raises(AssertionError, match="share a number"):
        migrate.sql_files()
