"""What a file says, copied into a temporary table as it is read: so the database looks at a million records set by set, and this process
never holds them. The records stand there in their order, every field as text with its padding; the table ends with the transaction.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Any

from tapwealth.funds.exchange_in import Incoming
from tapwealth.storage.database import Tx


class Plan(StrEnum):
    """What is not to be used."""

    LOOK_UP = "enable_seqscan"
    """Each record's row is looked up by an index: no table is read as a whole. (A `lateral` that ends with `offset 0` keeps the order.)"""
    SIDE_BY_SIDE = "enable_nestloop"
    """Two tables of a file's size are each read once."""


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


@asynccontextmanager
async def planned(tx: Tx, how: Plan) -> AsyncIterator[None]:
    """Have what is executed here planned so, whatever the statistics say: they may be of a time when there were few rows."""
    await tx.execute("select set_config($1, 'off', true)", how)
    yield
    await tx.execute("select set_config($1, 'on', true)", how)


async def _lines(incoming: Incoming[Any], wanted: list[str]) -> AsyncIterator[bytes]:
    """The records as text that COPY takes."""
    for block in incoming.blocks(looking_for_doubles=False):
        text = b"\n".join(map(b"\t".join, block.parts(wanted))).replace(b"\\", b"\\\\")
        yield (text if text.isascii() else text.decode("gb18030").encode()) + b"\n"
