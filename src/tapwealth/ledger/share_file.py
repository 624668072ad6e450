"""A year of spreads of one asset in one book, as a Parquet file.

A row for each account, with neighbours of 256 complete as in `spread_share`: `account`, `before` (all that spreads gave it until then;
null: none did) and `amounts`, one for each spread of the year in their order (null: nothing was said of the account). What the spreads are
stands in the file's metadata under `spreads`, as JSON. So an account's year is one row, whose neighbours in time are nearly alike: that is
what makes the file small. Any reader of Parquet can read it.
"""

import hashlib
import json
import struct
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import islice, takewhile
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

PART = 256
"""Accounts of one row of `spread_share`."""
_PARTS_AT_ONCE = 8
"""Of one row group: what is read to answer for one account."""
_SPREADS = b"spreads"
_LEVEL = 6

DAMAGE = (ValueError, OSError, KeyError, NotImplementedError)
"""What reading raises of bytes that are not what was written: OSError also of a page whose checksum does not hold."""

Amounts = Sequence[int | None]


class Given(NamedTuple):
    """A spread: its line, what it gave, and to how many."""

    no: int
    key: UUID
    business_date: date
    amount: int
    accounts: int


class Part(NamedTuple):
    """256 neighbours, from account `number` << 8 on: what each had before the year, and what each spread of the year gave it."""

    number: int
    before: Amounts
    amounts: Sequence[Amounts]
    """By account, then by spread."""

    @property
    def rows(self) -> list[tuple[int | None, ...]]:
        """By spread, then by account."""
        return list(zip(*self.amounts, strict=True))

    @property
    def after(self) -> list[int | None]:
        """What each had been given in all when the year was over."""
        return [so_far(before, amounts) for before, amounts in zip(self.before, self.amounts, strict=True)]


class ShareWriter:
    """Writes a file part by part, in ascending order; `close` makes it whole."""

    def __init__(self, path: Path, spreads: Sequence[Given]) -> None:
        import pyarrow
        from pyarrow import parquet

        self._arrow = pyarrow
        columns = [("account", pyarrow.int64()), ("before", pyarrow.int64()), ("amounts", pyarrow.list_(pyarrow.int64()))]
        self._schema = pyarrow.schema(columns, {_SPREADS: _as_json(spreads)})
        self._file = parquet.ParquetWriter(
            path,
            self._schema,
            compression="zstd",
            compression_level=_LEVEL,
            use_dictionary=False,
            write_page_checksum=True,
            write_statistics=["account"],
            column_encoding={"account": "DELTA_BINARY_PACKED", "amounts.list.element": "DELTA_BINARY_PACKED"},
        )
        self._parts: list[Part] = []

    def add(self, part: Part) -> None:
        """The next one."""
        self._parts.append(part)
        if len(self._parts) == _PARTS_AT_ONCE:
            self._write()

    def close(self) -> None:
        """With what is left."""
        if self._parts:
            self._write()
        self._file.close()

    def _write(self) -> None:
        accounts = [(part.number << 8) + slot for part in self._parts for slot in range(PART)]
        before = [one for part in self._parts for one in part.before]
        amounts = [one for part in self._parts for one in part.amounts]
        self._file.write_table(self._arrow.table([accounts, before, amounts], schema=self._schema))
        self._parts.clear()


class ShareFile:
    """A file that is there. What is no such file raises one of DAMAGE, here or where it is read."""

    def __init__(self, path: Path) -> None:
        from pyarrow import parquet

        self._file = parquet.ParquetFile(path, page_checksum_verification=True)
        metadata = self._file.schema_arrow.metadata or {}
        if _SPREADS not in metadata:
            raise ValueError("it names no spreads")
        self.spreads = _from_json(metadata[_SPREADS])

    def parts(self) -> Iterator[Part]:
        """All of it, in ascending order."""
        for group in range(self._file.num_row_groups):
            columns = self._file.read_row_group(group).to_pydict()
            rows = zip(columns["account"], columns["before"], columns["amounts"], strict=True)
            while some := list(islice(rows, PART)):
                accounts, before, amounts = zip(*some, strict=True)
                yield Part(accounts[0] >> 8, before, amounts)

    def years_of(self, accounts: Sequence[int]) -> dict[int, tuple[int | None, Amounts]]:
        """What each had before and what each spread gave it, of those that are in it."""
        wanted, found = sorted(accounts), {}
        for group in range(self._file.num_row_groups):
            range_ = self._file.metadata.row_group(group).column(0).statistics
            here = [one for one in wanted if range_.min <= one <= range_.max]
            if not here:
                continue
            table = self._file.read_row_group(group)
            numbers = {number: row for row, number in enumerate(table["account"].to_pylist())}
            for account in here:
                if account in numbers:
                    row = numbers[account]
                    found[account] = table["before"][row].as_py(), table["amounts"][row].as_py()
        return found

    def counted(self, counts: Callable[[Given], bool]) -> int:
        """How many of its first spreads count."""
        return len(list(takewhile(counts, self.spreads)))


def so_far(before: int | None, amounts: Amounts) -> int | None:
    """What an account was given in all with these; None: nothing was ever said of it."""
    said = [amount for amount in amounts if amount is not None]
    return before if not said else (before or 0) + sum(said)


_INT8_OID = 20
_HEAD = struct.Struct(">q5i")
_ELEMENT = struct.Struct(">iq").pack
_NULL = struct.pack(">i", -1)
_ALL = struct.Struct(">" + PART * "iq")


def share_digest(part: int, row: Amounts) -> bytes:
    """What 256 shares add to the hash of their spread: as `ledger_share_digest`, the part and PostgreSQL's binary form of their array."""
    nulls = None in row
    if nulls:
        body = b"".join(_NULL if amount is None else _ELEMENT(8, amount) for amount in row)
    else:
        body = _ALL.pack(*(field for amount in row for field in (8, amount)))
    return hashlib.sha256(_HEAD.pack(part, 1, nulls, _INT8_OID, PART, 1) + body).digest()


def _as_json(spreads: Sequence[Given]) -> bytes:
    said = [one._asdict() | {"key": str(one.key), "business_date": str(one.business_date)} for one in spreads]
    return json.dumps(said, separators=(",", ":")).encode()


def _from_json(text: bytes) -> list[Given]:
    said: list[dict[str, Any]] = json.loads(text)
    try:
        return [
            Given(one["no"], UUID(one["key"]), date.fromisoformat(one["business_date"]), one["amount"], one["accounts"]) for one in said
        ]
    except (KeyError, TypeError) as error:
        raise ValueError(f"it says of a spread {error}") from None
