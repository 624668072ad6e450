"""What a file says, copied into a temporary table as it is read: so the database looks at a million records set by set, and this process
never holds them. The records stand there in their order, every field as text with its padding; the table ends with the transaction.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from enum import Enum
from typing import Any, NamedTuple

import numpy as np

from tapwealth.funds.exchange_in import Incoming
from tapwealth.storage.database import Tx
from tapwealth.wire.ofd import Block


class Plan(Enum):
    """What is not to be used."""

    LOOK_UP = ("enable_seqscan",)
    """Each record's row is looked up by an index: no table is read as a whole. (A `lateral` that ends with `offset 0` keeps the order.)"""
    SIDE_BY_SIDE = "enable_nestloop", "enable_mergejoin"
    """Two tables of a file's size are each read once, and hashed: merged they might be by book, which many rows share."""
    FOUND_SIDE_BY_SIDE = (*LOOK_UP, *SIDE_BY_SIDE)
    """Both: what an index finds is hashed, once."""


LEAST = 2_048
"""Records from which on a file is taken in sets: for fewer, a score of statements costs more than it saves."""


class Staged(NamedTuple):
    """How many records there are; and the first and the last serial, if each is higher than the one before, so that none stands there
    twice: mostly they are."""

    records: int
    rising: tuple[str, str] | None


async def stage(tx: Tx, table: str, incoming: Incoming[Any], columns: Mapping[str, str]) -> Staged:
    """Make `table` of these fields (by field, the name of its column; the serial among them) and copy the file's records into it. A field
    that the header does not declare is blank. Doubled records are not looked for. Raises BadInput for what cannot be read."""
    declared = ", ".join(f"{name} text not null default ''" for name in columns.values())
    await tx.execute(f"create temporary table {table} ({declared}) on commit drop")
    layout = incoming.header.layout
    wanted = sorted((name for name in columns if name in layout), key=lambda name: layout.place(name)[1])
    serials = _Serials()
    copied = await tx.copy_to_table(table, source=_lines(incoming, wanted, serials), columns=[columns[name] for name in wanted])
    return Staged(int(copied.split()[-1]), serials.rising())


class _Serials:
    """Of the blocks of a file, looked at in turn: whether serials rise, byte by byte."""

    def __init__(self) -> None:
        self._rise, self._first, self._last = True, b"", b""

    def see(self, block: Block) -> None:
        if not self._rise:
            return
        table = np.ascontiguousarray(block.table(_SERIAL))
        serials = table.view(f"S{table.shape[1]}").ravel()
        self._rise = bool(serials[0] > self._last and (serials[1:] > serials[:-1]).all())
        self._first, self._last = self._first or bytes(serials[0]), bytes(serials[-1])

    def rising(self) -> tuple[str, str] | None:
        return (self._first.decode("ascii").rstrip(), self._last.decode("ascii").rstrip()) if self._rise and self._first else None


_SERIAL = "AppSheetSerialNo"
"""Letters and digits: the database has them in the same order."""


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


async def _lines(incoming: Incoming[Any], wanted: list[str], serials: _Serials) -> AsyncIterator[bytes]:
    """The records as text that COPY takes."""
    for block in incoming.blocks(looking_for_doubles=False):
        serials.see(block)
        text = b"\n".join(map(b"\t".join, block.parts(wanted))).replace(b"\\", b"\\\\")
        yield (text if text.isascii() else text.decode("gb18030").encode()) + b"\n"
