"""Brings a database to the shape this program needs, and refuses one that a newer program has shaped.

The plain SQL files of `migrations/sql` are the revisions, in the order of their numbers; Alembic keeps account of them (table
`alembic_version`) and runs each in one transaction. After a file's tables have been made, and before its foreign keys are, they are
distributed if the extension Citus is there (see migrations/README.md). One migration runs at a time: an advisory lock sees to it.
"""

import contextlib
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import asyncpg

from tapwealth.kernel.refusal import Outage
from tapwealth.storage.database import PROGRAM_ROLE, SCHEMA, Connection, first_line, open_connection, outages
from tapwealth.storage.distribution import distribute

if TYPE_CHECKING:  # Alembic takes most of a second to import: only when there is something to apply
    from alembic.script import Script
    from sqlalchemy.engine import Connection as EngineConnection

_LOCK = 0x7461_7077
"""The advisory lock of migrations."""

_NAME = re.compile(r"[0-9]{4}_[a-z0-9_]+\.sql", re.ASCII)
_SPLIT = re.compile(r"^-- foreign keys\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Status:
    """`current` is the database's revision (None: empty), `head` the program's, `pending` what lies between, oldest first."""

    current: str | None
    head: str
    pending: tuple[str, ...]


def sql_files() -> list[Path]:
    """The revisions, oldest first."""
    package = Path(__file__).parents[1]
    folders = (package / "_migrations" / "sql", package.parents[1] / "migrations" / "sql")  # installed; a working tree
    folder = next((folder for folder in folders if folder.is_dir()), None)
    if folder is None:
        raise Outage(f"the program's migrations are not at {folders[0]}; install it anew")
    files = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    numbers = [path.name[:4] for path in files]
    assert len(set(numbers)) == len(numbers), f"two migrations share a number: {numbers}"
    return files


async def status(dsn: str) -> Status:
    """Where the database stands. Raises Outage, also when the database is newer than the program."""
    async with _owner(dsn) as connection:
        return await _status(connection)


async def require_current(dsn: str) -> None:
    """Raises Outage where something is to be applied: a foreign or an older database is not altered by who only looks."""
    found = await status(dsn)
    if found.current is None:
        raise Outage(
            "the database holds no Tapwealth tables; see whether --database-url names the right one, or run `tapwealth db migrate`"
        )
    if found.pending:
        raise Outage(f"the database is at {found.current}, this program needs {found.head}; run `tapwealth db migrate`")


async def apply(dsn: str) -> tuple[str, ...]:
    """Apply what is pending, as the owner; returns the revisions applied. Raises Outage, also when the database is newer."""
    async with _owner(dsn) as connection:
        if not (await _status(connection)).pending:
            return ()
        await connection.fetchval("select pg_advisory_lock($1)", _LOCK)  # freed when the connection closes
        pending = (await _status(connection)).pending
        if pending:
            await _prepare(connection)
            await _upgrade(dsn)
        return pending


async def erase(dsn: str) -> None:
    """Remove everything that the migrations made, as the owner: the database is as empty as before. Raises Outage."""
    async with _owner(dsn) as connection:
        await connection.execute(f"drop schema if exists {SCHEMA} cascade")
        await connection.execute("drop schema if exists ledger cascade")


@asynccontextmanager
async def _owner(dsn: str) -> AsyncIterator[Connection]:
    connection = await open_connection(dsn, {"server_settings": {"search_path": SCHEMA}})
    try:
        with outages(connection):
            yield connection
    finally:
        connection.terminate()


async def _status(connection: Connection) -> Status:
    names = [path.stem for path in sql_files()]
    known = await connection.fetchval("select to_regclass($1)", f"{SCHEMA}.alembic_version")
    current = await connection.fetchval(f"select version_num from {SCHEMA}.alembic_version") if known else None  # noqa: S608
    if current is not None and current not in names:
        raise Outage(f"the database is at {current}, newer than this program, which ends at {names[-1]}; install a newer tapwealth")
    done = 0 if current is None else names.index(current) + 1
    return Status(current, names[-1], tuple(names[done:]))


async def _prepare(connection: Connection) -> None:
    """The schema and the program's role, which belongs to the whole server and not to one database."""
    try:
        if not await connection.fetchval("select true from pg_roles where rolname = $1", PROGRAM_ROLE):
            with contextlib.suppress(asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):  # another database was faster
                await connection.execute(f"create role {PROGRAM_ROLE} nologin")
        if not await connection.fetchval("select pg_has_role(current_user, $1, 'set')", PROGRAM_ROLE):
            await connection.execute(f"grant {PROGRAM_ROLE} to current_user")
        await connection.execute(f"create schema if not exists {SCHEMA}")
        await connection.execute(f"grant usage on schema {SCHEMA} to {PROGRAM_ROLE}")
    except asyncpg.InsufficientPrivilegeError as error:
        hint = f"let it make the schema {SCHEMA} and the role {PROGRAM_ROLE}, or have them made"
        raise Outage(f"the database user may not prepare the database: {first_line(error)}; {hint}") from None


async def _upgrade(dsn: str) -> None:
    """Alembic is not asynchronous: SQLAlchemy bridges it to the driver, so that no second driver is needed."""
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    async def connect() -> Any:
        return await asyncpg.connect(dsn, server_settings={"search_path": SCHEMA, "timezone": "UTC"})

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_run)
    finally:
        await engine.dispose()


def _run(connection: "EngineConnection") -> None:
    from alembic.migration import MigrationContext
    from alembic.runtime.migration import MigrationStep
    from alembic.script.revision import RevisionMap

    scripts = {script.revision: script for script in _scripts(connection)}
    revisions = RevisionMap(scripts.values)

    def pending(heads: tuple[str, ...], _: MigrationContext) -> Sequence[MigrationStep]:
        newest_first = list(revisions.iterate_revisions("head", heads or "base"))
        return [MigrationStep.upgrade_from_script(revisions, scripts[step.revision]) for step in reversed(newest_first)]

    options = {"fn": pending, "transaction_per_migration": True, "version_table_schema": SCHEMA}
    context = MigrationContext.configure(connection, opts=options)
    with context.begin_transaction():
        context.run_migrations()


def _scripts(connection: "EngineConnection") -> "Iterator[Script]":
    """One Alembic revision per SQL file, each upon the one before; Alembic wants them as modules."""
    from alembic.script import Script

    before = None
    for path in sql_files():
        module = ModuleType(path.stem)
        vars(module).update(down_revision=before, upgrade=partial(_upgrade_by, path, connection))
        yield Script(module, path.stem, path)
        before = path.stem


def _upgrade_by(path: Path, connection: "EngineConnection") -> None:
    connection.exec_driver_sql(f"set local search_path to {SCHEMA}")  # also begins the driver's transaction
    tables, _, foreign_keys = _SPLIT.sub("\0", path.read_text("utf-8"), count=1).partition("\0")
    try:
        _on_driver(connection, lambda driver: driver.execute(tables))
        _on_driver(connection, distribute)
        if foreign_keys.strip():
            _on_driver(connection, lambda driver: driver.execute(foreign_keys))
    except asyncpg.PostgresError as error:
        error.add_note(f"in {path}")
        raise


def _on_driver(connection: "EngineConnection", work: Callable[[Any], Any]) -> None:
    """Alembic's side prepares single statements; the driver itself takes a whole file."""
    adapted: Any = connection.connection.dbapi_connection
    adapted.run_async(work)
