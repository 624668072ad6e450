"""What a file says, copied into a temporary table as it is read: so the database looks at a million records set by set, and this process
never holds them. The records stand there in their order, every field as text with its padding; the table ends with the transaction.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from enum import Enum
from typing import Any

from tapwealth.funds.exchange_in import Incoming
from tapwealth.storage.database import Tx


class Plan(Enum):
    """What is not to be used."""

    LOOK_UP = ("enable_seqscan",)
    """Each record's row is looked up by an index: no table is read as a whole. (A `lateral` that ends with `offset 0` keeps the order.)"""
    SIDE_BY_SIDE = "enable_nestloop", "enable_mergejoin"
    """Two tables of a file's size are each read once, and hashed: merged they might be by book, which many rows share."""


LEAST = 2_048
"""Records from which on a file is taken in sets: for fewer, a score of statements costs more than it saves."""


async def stage(tx: Tx, table: str, incoming: Incoming[Any], columns: Mapping[str, str]) -> int:
    """Make `table` of these fields (by field, the name of its column) and copy the file's records into it; how many there are. A field that
    the header does not declare is blank. Doubled records are not looked for. Raises BadInput for what cannot be read."""
    declared = ", ".join(f"{name} text not null default ''" for name in columns.values())
    await tx.execute(f"create temporary table {table} ({declared}) on commit drop")
    layout = incoming.header.layout
    wanted = sorted((name for name in columns if name in layout), key=lambda name: layout.place(name)[1])
    copied = await tx.copy_to_table(table, source=_lines(incoming, wanted), columns=[columns[name] for name in wanted])
    return int(copied.split()[-1])


_WHOLE = "select sum(pg_relation_size(x)) from unnest($1::regclass[]) x"
BYTES_A_RECORD = 2_048
"""Of a table that is read as a whole, at the most."""


async def whole(tx: Tx, records: int, *tables: str) -> bool:
    """Whether a file of so many records is long enough to read these tables as a whole for it. It follows from what they take of the disk,
    which is known at any time: a look-up costs what reading some ten rows does."""
    read: int = await tx.fetchval(_WHOLE, tables)
    return read <= records * BYTES_A_RECORD


_SET = "select set_config(name, $2, true) from unnest($1::text[]) x(name)"


@asynccontextmanager
async def planned(tx: Tx, how: Plan) -> AsyncIterator[None]:
    """Have what is executed here planned so, whatever the statistics say: they may be of a time when there were few rows."""
    await tx.execute(_SET, how.value, "off")
    yield
    await tx.execute(_SET, how.value, "on")


async def _lines(incoming: Incoming[Any], wanted: list[str]) -> AsyncIterator[bytes]:
    """The records as text that COPY takes."""
    for block in incoming.blocks(looking_for_doubles=False):
        text = b"\n".join(map(b"\t".join, block.parts(wanted))).replace(b"\\", b"\\\\")
        yield (text if text.isascii() else text.decode("gb18030").encode()) + b"\n"
