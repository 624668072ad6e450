"""Roles, transactions, snapshots and outages on the real server."""

import asyncio
from contextlib import suppress

import asyncpg
import pytest

from tapwealth.kernel.ids import seeded_random
from tapwealth.kernel.refusal import Outage
from tapwealth.storage.database import Database, Tx, after_commit, connect, forbid_in_transaction, in_transaction, savepoint
from tapwealth.storage.embedded import EmbeddedServer, Role

INSERT_ACTOR = "insert into actor (book, id, kind, who, authenticated_by) values (1, $1, 1, $2, 'test')"


@pytest.mark.parametrize(
    "statement", ["update actor set who = ''", "delete from actor", "truncate actor", "drop table actor", "delete from outbox"]
)
@pytest.mark.parametrize("leave_role", ["", "reset role", "reset all", "discard all"])
async def test_program_cannot_alter_history(database: Database, statement: str, leave_role: str) -> None:
    connection = await database.connect()
    if leave_role:
        await connection.execute(leave_role)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement)
    await connection.close()


async def test_program_role_by_address(server: EmbeddedServer) -> None:
    connection = await asyncpg.connect(server.dsn(Role.PROGRAM))
    assert await connection.fetchval("select current_user") == Role.PROGRAM.value
    await connection.close()


async def test_committed_or_rolled_back(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(INSERT_ACTOR, 1, "kept")
    with pytest.raises(LookupError):
        await _insert_and_fail(database)
    async with database.read() as snapshot:
        assert await snapshot.fetchval("select array_agg(who) from actor where book = 1") == ["kept"]


async def _insert_and_fail(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(INSERT_ACTOR, 2, "lost")
        raise LookupError


async def test_snapshot_sees_one_instant_and_cannot_write(database: Database) -> None:
    async with database.read() as snapshot:
        before = await snapshot.fetchval("select count(*) from actor")
        async with database.transaction() as tx:
            await tx.execute(INSERT_ACTOR, 3, "meanwhile")
        assert await snapshot.fetchval("select count(*) from actor") == before
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await snapshot.execute(INSERT_ACTOR, 4, "never")


async def test_no_socket_in_a_transaction(database: Database) -> None:
    forbid_in_transaction("a call to the bank")
    async with database.transaction():
        assert in_transaction.get()
        with pytest.raises(AssertionError, match="a call to the bank"):
            forbid_in_transaction("a call to the bank")
        with pytest.raises(AssertionError):
            await asyncio.create_task(_call())
    assert not in_transaction.get()


async def _call() -> None:
    forbid_in_transaction("a call by a task started inside")


async def test_after_commit_only_after_a_commit(database: Database) -> None:
    seen: list[str] = []
    with pytest.raises(LookupError):
        await _note_and_fail(database, seen)
    async with database.transaction():
        after_commit(lambda: seen.append("committed"))
        assert seen == []
    assert seen == ["committed"]


async def test_what_a_rolled_back_savepoint_asked_for_is_not_run(database: Database) -> None:
    seen: list[str] = []
    async with database.transaction() as tx:
        after_commit(lambda: seen.append("before"))
        async with savepoint(tx):
            after_commit(lambda: seen.append("kept"))
        with pytest.raises(LookupError):
            await _note_in_savepoint_and_fail(tx, seen)
        after_commit(lambda: seen.append("after"))
    assert seen == ["before", "kept", "after"]


async def _note_in_savepoint_and_fail(tx: Tx, seen: list[str]) -> None:
    async with savepoint(tx):
        after_commit(lambda: seen.append("taken back"))
        raise LookupError


async def _note_and_fail(database: Database, seen: list[str]) -> None:
    async with database.transaction():
        after_commit(lambda: seen.append("rolled back"))
        raise LookupError


async def test_lost_connection_is_an_outage_and_made_anew(database: Database, database_url: str) -> None:
    owner = await asyncpg.connect(database_url)
    with pytest.raises(Outage, match="does not answer"):
        await _lose_connection(database, owner)
    async with database.transaction() as tx:
        assert await tx.fetchval("select 1") == 1
        idle = await tx.fetchval("select pg_backend_pid()")
    assert await owner.fetchval("select pg_terminate_backend($1, 60000)", idle), "it is gone, not only told to go"
    await asyncio.sleep(0.05)
    async with database.transaction() as tx:
        assert await tx.fetchval("select 1") == 1
    await owner.close()


async def _lose_connection(database: Database, owner: asyncpg.Connection) -> None:
    async with database.transaction() as tx:
        await owner.fetchval("select pg_terminate_backend($1)", await tx.fetchval("select pg_backend_pid()"))
        await tx.fetchval("select 1")


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("postgresql://nobody@/none?host=/nowhere", "does not answer"),
        ("postgresql://localhost:1/none", "does not answer"),
        ("http://example", "cannot be read"),
        ("postgresql://u@localhost:port/none", "cannot be read"),
    ],
)
async def test_wrong_address_is_one_line(address: str, says: str) -> None:
    with pytest.raises(Outage, match=says) as caught:
        await connect(address)
    assert "\n" not in str(caught.value)


async def test_unprepared_and_unknown_databases_are_one_line(server: EmbeddedServer) -> None:
    with pytest.raises(Outage, match="refuses the connection"):
        await connect(server.dsn(database="unknown"))


async def test_a_bug_is_not_an_outage(database: Database) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        async with database.transaction() as tx:
            await tx.execute("select from nothing_of_that_name")
    with pytest.raises(asyncpg.DataError):
        async with database.transaction() as tx:
            await tx.execute(INSERT_ACTOR, "not a number", "x")


async def test_a_task_cancelled_in_the_middle_leaves_no_broken_connection_behind(database_url: str) -> None:
    """Whatever instant it is cancelled at, the next transaction and the next snapshot work."""
    draw = seeded_random(1)
    async with Database(database_url, size=2) as database:

        async def work(*, snapshot: bool) -> None:
            async with database.read() if snapshot else database.transaction() as tx:
                await tx.fetchval("select 1")

        for turn in range(300):
            task = asyncio.create_task(work(snapshot=turn % 2 == 0))
            for _ in range(draw.randrange(25)):
                await asyncio.sleep(0)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            async with database.transaction() as tx:
                assert await tx.fetchval("select 2") == 2
            async with database.read() as tx:
                assert await tx.fetchval("select 3") == 3


async def test_a_connection_in_use_is_closed_by_its_borrower_once_the_pool_is(database_url: str) -> None:
    """A worker's task may end a moment after the house was closed."""
    async with Database(database_url) as database:
        borrowed = database.look()
        tx = await borrowed.__aenter__()
    assert await tx.fetchval("select 1") == 1
    await borrowed.__aexit__(None, None, None)
    with pytest.raises(asyncpg.InterfaceError, match="connection is closed"):
        await tx.fetchval("select 1")
