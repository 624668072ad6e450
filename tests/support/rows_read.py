"""How many rows the database reads for a question: the same question is asked again, each of its statements explained."""

import json
from typing import Any


async def know_sizes(tx: Any, *tables: str) -> None:
    """Have the server look at tables, or else its plans depend on whether it did so before their rows were there. Only their owner may;
    anybody else is told so in a warning and nothing is done. `reset role` leads back to the role of the connection's start, the
    program's."""
    role = await tx.fetchval("select current_user")
    await tx.execute(f"set local role none; analyze {', '.join(tables)}; set local role {role}")
    sizes = await tx.fetch("select relname, reltuples from pg_class where oid = any($1::regclass[])", list(tables))
    assert len(sizes) == len(tables)
    assert all(size > 0 for _, size in sizes), sizes


class Explained:
    """A transaction that counts, of each table, the rows that its questions read."""

    def __init__(self, tx: Any) -> None:
        self._tx = tx
        self.rows: dict[str, int] = {}

    async def _count(self, query: str, arguments: tuple[Any, ...]) -> None:
        plan = await self._tx.fetchval(f"explain (analyze, format json) {query}", *arguments)
        for one in _nodes(json.loads(plan)[0]["Plan"]):
            if "Relation Name" in one:
                read = one["Actual Rows"] + one.get("Rows Removed by Filter", 0) + one.get("Rows Removed by Join Filter", 0)
                name = one["Relation Name"]
                self.rows[name] = self.rows.get(name, 0) + round(read * one["Actual Loops"])

    async def fetch(self, query: str, *arguments: Any) -> Any:
        await self._count(query, arguments)
        return await self._tx.fetch(query, *arguments)

    async def fetchrow(self, query: str, *arguments: Any) -> Any:
        await self._count(query, arguments)
        return await self._tx.fetchrow(query, *arguments)

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        await self._count(query, arguments)
        return await self._tx.fetchval(query, *arguments)


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(one for part in plan.get("Plans", ()) for one in _nodes(part))]
