"""Connections, transactions and snapshots (asyncpg on PostgreSQL 18, or Citus).

**The program role.** Migrations run as the owner; everything else runs as `tapwealth_program`, to which each migration grants just what
the program does: history tables `select, insert`, never `update` or `delete`. The role is a start-up parameter of every connection
(`role`), so that it holds for the embedded server and for any given one alike, and `RESET` cannot leave it. Who wants it stricter
gives the program a login of its own that is a member of that role only, and migrates with the owner's.

**Outages.** A connection that breaks, a server that stops, a full disk, a lock that is not to be had: `kernel.refusal.Outage` in one line.
Whether an interrupted transaction was committed is then unknown: ask again with the same key. Connections are made anew by themselves.

**No network inside a transaction.** `in_transaction` tells; whoever opens a socket calls `forbid_in_transaction` first.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Protocol, Self

import asyncpg

from tapwealth.kernel.refusal import Outage

PROGRAM_ROLE = "tapwealth_program"
SCHEMA = "tapwealth"

in_transaction: ContextVar[bool] = ContextVar("in_transaction", default=False)
"""Whether this task (or the one that started it) has a transaction open."""

_after_commit: ContextVar[list[Callable[[], None]] | None] = ContextVar("after_commit", default=None)
_notes: ContextVar[dict[str, Any] | None] = ContextVar("transaction_notes", default=None)

SESSION = {
    "search_path": SCHEMA,
    "timezone": "UTC",
    "jit": "off",
    "application_name": "tapwealth",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
}
"""What every connection of the program asks for."""

_CONNECT_SECONDS, _CLOSE_SECONDS, _STATEMENTS = 10, 2, 500

_UNAVAILABLE = (
    ConnectionError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.PostgresSystemError,
    asyncpg.InternalClientError,  # the driver's state after a connection broke in the middle of an operation
)
"""What says "not now". Anything else that the driver raises is a bug of ours and passes as it is."""


class Tx(Protocol):
    """An asyncpg connection inside a transaction (or a snapshot): what flows open and pass down. `transaction()` makes a savepoint."""

    async def execute(self, query: str, *args: object) -> str: ...
    async def executemany(self, command: str, args: Iterable[Sequence[object]]) -> None: ...
    async def fetch(self, query: str, *args: object) -> list[Any]: ...
    async def fetchrow(self, query: str, *args: object) -> Any: ...
    async def fetchval(self, query: str, *args: object, column: int = 0) -> Any: ...
    async def fetchmany(self, query: str, args: Iterable[Sequence[object]]) -> list[Any]: ...
    async def prepare(self, query: str) -> Any: ...
    def cursor(self, query: str, *args: object) -> Any: ...
    def transaction(self, *, isolation: str | None = None, readonly: bool = False) -> Any: ...
    async def copy_from_query(self, query: str, *args: object, output: Callable[[bytes], Awaitable[None]], format: str) -> str: ...
    async def copy_to_table(
        self, table_name: str, *, source: AsyncIterator[bytes], columns: Sequence[str] | None = None, format: str | None = None
    ) -> str: ...
    async def copy_records_to_table(
        self, table_name: str, *, records: Iterable[Sequence[object]], columns: Sequence[str] | None = None, schema_name: str | None = None
    ) -> str: ...


class Connection(Tx, Protocol):
    """A connection of one's own."""

    def is_closed(self) -> bool: ...
    def is_in_transaction(self) -> bool: ...
    def terminate(self) -> None: ...
    async def close(self, *, timeout: int | None = None) -> None: ...


def forbid_in_transaction(what: str) -> None:
    """Called by whoever opens a socket: a transaction must not wait for somebody else's machine. Write to the outbox instead."""
    assert not in_transaction.get(), f"{what} inside a database transaction"


def after_commit(callback: Callable[[], None]) -> None:
    """Run `callback` once the open transaction is committed. In a transaction not opened by this module it never runs, nor if the
    `savepoint` is rolled back in which it was asked for."""
    callbacks = _after_commit.get()
    if callbacks is not None:
        callbacks.append(callback)


@asynccontextmanager
async def savepoint(tx: Tx) -> AsyncIterator[None]:
    """A part of the transaction that is taken back by itself when it raises, with what was to run once it is committed."""
    callbacks = _after_commit.get()
    before = len(callbacks or ())
    try:
        async with tx.transaction():
            yield
    except BaseException:
        del (callbacks or [])[before:]
        raise


def transaction_notes() -> dict[str, Any] | None:
    """A dict that lasts as long as the open transaction; None outside, and in a transaction not opened by this module."""
    return _notes.get()


@contextmanager
def outages(connection: Connection | None = None) -> Iterator[None]:
    """Turns what says "not now" into `Outage`."""
    try:
        yield
    except _UNAVAILABLE as error:
        raise Outage(_line(error)) from error
    except asyncpg.InterfaceError as error:  # also raised for wrong arguments, which are bugs
        if connection is None or not connection.is_closed():
            raise
        raise Outage(_line(error)) from error


def first_line(error: BaseException) -> str:
    """What an error says, without details and hints; never empty."""
    said = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return said.splitlines()[0]


def _line(error: BaseException) -> str:
    said = first_line(error)
    hint = "make room on its disk" if "No space left" in said else "try again, and see whether it runs"
    return f"the database does not answer: {said}; {hint}"


async def connect(dsn: str) -> Connection:
    """A connection configured for the program. Raises Outage."""
    settings = {"role": PROGRAM_ROLE, **SESSION}
    options = {"server_settings": settings, "statement_cache_size": _STATEMENTS, "max_cached_statement_lifetime": 0}
    return await open_connection(dsn, options)


_REFUSES = (
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.ObjectNotInPrerequisiteStateError,  # it lets nobody in
)


async def open_connection(dsn: str, options: Mapping[str, Any]) -> Connection:
    """A connection with asyncpg's `options`. Raises Outage."""
    try:
        with outages():
            connection: Connection = await asyncpg.connect(dsn, timeout=_CONNECT_SECONDS, **options)
            return connection
    except OSError as error:
        raise Outage(_line(error)) from None
    except (asyncpg.InvalidParameterValueError, asyncpg.UndefinedObjectError):
        raise Outage("the database has not been prepared; run `tapwealth db migrate`") from None
    except _REFUSES as error:
        raise Outage(f"the database refuses the connection: {first_line(error)}; check --database-url") from None
    except (ValueError, asyncpg.InterfaceError) as error:
        raise Outage(f"the database address cannot be read: {first_line(error)}; write it like postgresql://user@host/name") from None


@asynccontextmanager
async def transact(connection: Connection, *, snapshot: bool = False) -> AsyncIterator[Tx]:
    """A transaction on a connection of one's own, with the guard and the outages. `snapshot`: read only, one instant for all reads."""
    callbacks: list[Callable[[], None]] = []
    guard, hooks, notes = in_transaction.set(True), _after_commit.set(callbacks), _notes.set({})
    try:
        with outages(connection):
            isolation = "repeatable_read" if snapshot else "read_committed"
            async with connection.transaction(isolation=isolation, readonly=snapshot):
                yield connection
    finally:
        in_transaction.reset(guard)
        _after_commit.reset(hooks)
        _notes.reset(notes)
    for callback in callbacks:
        callback()


class Database:
    """A few connections to one database, used by one event loop.

    `revive` is called before connecting anew after a failure (`EmbeddedServer.revive`), so that a server that died comes back.
    """

    def __init__(self, dsn: str, *, size: int = 8, revive: Callable[[], None] | None = None) -> None:
        self._dsn, self._revive = dsn, revive
        self._idle: list[Connection] = []
        self._free = asyncio.Semaphore(size)
        self._closed = False

    async def connect(self) -> Connection:
        """A configured connection of the caller's own, outside the pool. Raises Outage."""
        try:
            return await connect(self._dsn)
        except Outage:
            if self._revive is not None:
                self._revive()
            raise

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """Committed when the block ends, rolled back when it raises. Read committed. Raises Outage."""
        async with self._borrowed() as connection, transact(connection) as tx:
            yield tx

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        """A snapshot: all reads see the same instant, nothing can be written. Raises Outage."""
        async with self._borrowed() as connection, transact(connection, snapshot=True) as tx:
            yield tx

    @asynccontextmanager
    async def read_beside(self) -> AsyncIterator[Tx]:
        """A snapshot that is never waited for: on a connection of the pool if one is free this moment, else on one of its own. For who
        holds what those that have the others may wait for. Raises Outage."""
        if not self._free.locked():
            async with self.read() as tx:
                yield tx
            return
        connection = await self.connect()
        try:
            async with transact(connection, snapshot=True) as tx:
                yield tx
        finally:
            connection.terminate()

    @asynccontextmanager
    async def look(self) -> AsyncIterator[Tx]:
        """For one statement that reads: a snapshot by itself, at a third of the round trips. Raises Outage."""
        async with self._borrowed() as connection:
            with outages(connection):
                yield connection

    @asynccontextmanager
    async def deed(self) -> AsyncIterator[Tx]:
        """For one statement that writes: committed when it has returned, at a third of the round trips. Raises Outage."""
        async with self.look() as tx:
            yield tx

    @asynccontextmanager
    async def alone(self, lock: int) -> AsyncIterator[bool]:
        """Whether nobody else is in a block with this lock; then nobody gets it until the block ends. A connection of its own holds it,
        so that a kill frees it. Raises Outage."""
        connection = await self.connect()
        try:
            with outages(connection):
                await connection.execute("set lock_timeout = '1s'")  # whoever was killed may take a moment to go
                try:
                    await connection.fetchval("select pg_advisory_lock($1)", lock)
                    mine = True
                except asyncpg.LockNotAvailableError:
                    mine = False
            yield mine
        finally:
            connection.terminate()

    @asynccontextmanager
    async def _borrowed(self) -> AsyncIterator[Connection]:
        async with self._free:
            connection = await self._take()
            try:
                yield connection
            except (asyncio.CancelledError, GeneratorExit, Outage, asyncpg.InterfaceError):
                connection.terminate()  # cut off in the middle, the driver may think itself inside a transaction for ever
                raise
            finally:
                if self._closed or connection.is_closed() or connection.is_in_transaction():
                    connection.terminate()
                else:
                    self._idle.append(connection)

    async def _take(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return await self.connect()

    async def close(self) -> None:
        """Close the idle connections; those in use stay their borrowers', and are closed when these have done."""
        self._closed = True
        while self._idle:
            connection = self._idle.pop()
            try:
                await connection.close(timeout=_CLOSE_SECONDS)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                connection.terminate()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()
