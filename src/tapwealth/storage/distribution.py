"""Spreads tables over the machines of a Citus cluster, as the comments on them say; without that extension nothing happens.

`distributed by COLUMN` or `reference table`, then perhaps a colon and words for people.
"""

import re

from tapwealth.storage.database import Tx

_COMMENT = re.compile(r"(?:distributed by (?P<column>[a-z_]+)|reference table)(?::.*)?", re.DOTALL)

_NOT_YET = """
select c.oid::regclass::text as name, obj_description(c.oid, 'pg_class') as comment
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and not c.relispartition and n.nspname = any (current_schemas(false))
  and not exists (select from pg_dist_partition d where d.logicalrelid = c.oid)
order by obj_description(c.oid, 'pg_class') like 'reference%' desc, c.oid
"""


def distribution_column(comment: str | None) -> str | None:
    """The column named by a table's comment, or None for a reference table. ValueError when the comment says neither."""
    match = _COMMENT.fullmatch(comment or "")
    if match is None:
        raise ValueError(f"comment {comment!r} says neither 'distributed by COLUMN' nor 'reference table'")
    return match["column"]


async def distribute(connection: Tx) -> None:
    """Distribute the tables that are not yet. Tables distributed by book lie together, book by book."""
    if not await connection.fetchval("select true from pg_extension where extname = 'citus'"):
        return
    for table in await connection.fetch(_NOT_YET):
        if table["name"] == "alembic_version":
            continue
        column = distribution_column(table["comment"])
        if column is None:
            await connection.fetchval("select create_reference_table($1::text::regclass)::text", table["name"])
        else:
            together = "default" if column == "book" else "none"
            await connection.fetchval(
                "select create_distributed_table($1::text::regclass, $2, colocate_with => $3)::text", table["name"], column, together
            )
