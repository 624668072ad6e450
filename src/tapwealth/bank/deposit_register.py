"""The bank's register of deposits, which may be longer than memory: read in lots, and put by number on disk.

The bank writes it by number, so that it is one run.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tapwealth.wire.sealed_csv import SealedCsv
from tapwealth.wire.sorted_csv import SortedRecords, sort_records

_REGISTER = SealedCsv("deposit register", ("deposit", "balance"), ("balance",))
Line = tuple[str, int]
"""A deposit's number, and its balance in fen."""


@dataclass(frozen=True, slots=True)
class Register:
    """By number."""

    records: SortedRecords

    def __iter__(self) -> Iterator[Line]:
        return ((deposit, int(balance)) for deposit, balance in self.records)


def read_register(file: BinaryIO, folder: Path) -> Register:
    """A register that is whole, in a file of its own in that folder. Raises BadInput."""
    return Register(sort_records(_REGISTER, file, folder / "by_number"))
