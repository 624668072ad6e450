"""Databases of a test server: made from its migrated one, or taken again from an earlier test and emptied.

Making one takes some hundred files: hundredths of a second in the machine's memory, tenths on a disk. Emptying one takes hundredths on
either: its rows are deleted and those are put back that the migrations brought. Whoever changes a schema, or writes more than a flow's
handful of rows, takes a fresh one.
"""

from dataclasses import dataclass, field
from itertools import count
from urllib.parse import urlsplit

import asyncpg

from tapwealth.storage.embedded import EmbeddedServer
from tapwealth.storage.embedded.cluster import DATABASE

_TEMPLATE = "migrated"
TABLES = (
    "select quote_ident(n.nspname) || '.' || quote_ident(c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
    " where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema')"
)

_DELETE = (
    f"do $$ declare name text; begin for name in {TABLES} and pg_relation_size(c.oid) > 0 loop"
    " execute 'delete from ' || name; end loop; end $$"
)
"""Of those alone that have pages: most tables never had a row."""


@dataclass
class Databases:
    server: EmbeddedServer
    _numbers: "count[int]" = field(default_factory=lambda: count(1))
    _returned: list[str] = field(default_factory=list)
    _emptying: str = ""

    async def begin(self) -> None:
        """Set the template apart, and learn how to get back to it."""
        await _execute(self.server.dsn(database="postgres"), f"create database {_TEMPLATE} template {DATABASE} strategy file_copy")
        connection = await asyncpg.connect(self.server.dsn(database=_TEMPLATE))
        try:
            tables = [name for (name,) in await connection.fetch(TABLES)]
            statements = ["set lock_timeout = '2s'", "set session_replication_role = replica", _DELETE]
            for name in tables:
                rows = await connection.fetchval(f"select json_agg(t)::text from {name} t")
                if rows:
                    literal = await connection.fetchval("select quote_literal($1::text)", rows)
                    statements.append(f"insert into {name} select * from json_populate_recordset(null::{name}, {literal})")
            self._emptying = "; ".join(statements)
        finally:
            await connection.close()

    async def fresh(self) -> str:
        """The owner's address of one that nobody has had."""
        name = f"test_{next(self._numbers)}"
        await _execute(self.server.dsn(), f"create database {name} template {_TEMPLATE} strategy file_copy")
        return self.server.dsn(database=name)

    async def drop(self, url: str) -> None:
        """Whoever is still connected to it is cut off."""
        await _execute(self.server.dsn(), f"drop database if exists {urlsplit(url).path[1:]} with (force)")

    async def copy(self, url: str, model: str) -> None:
        """Make the database of that address anew, as another one is; nobody may be connected to either."""
        name, other = (urlsplit(one).path[1:] for one in (url, model))
        for statement in (f"drop database {name}", f"create database {name} template {other} strategy file_copy"):
            await _execute(self.server.dsn(), statement)

    async def empty(self) -> str:
        """One that is as the migrations leave it, new or not."""
        while self._returned:
            url = self._returned.pop()
            try:
                await _execute(url, self._emptying)
            except (OSError, asyncpg.PostgresError):  # its test has dropped or blocked it
                continue
            return url
        return await self.fresh()

    def take_back(self, url: str) -> None:
        self._returned.append(url)


async def _execute(dsn: str, statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()
