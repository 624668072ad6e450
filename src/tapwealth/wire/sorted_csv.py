"""A sealed CSV file (`wire.sealed_csv`) that may be longer than memory: read in lots, and put on disk in the order of its records' names.

A file that is written in that order is one run. Another is sorted by lots, and the runs are read side by side.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

import msgspec

from tapwealth.wire.sealed_csv import SealedCsv

LOT = 20_000
"""Records that are in memory at once."""
_RECORD = msgspec.json.Decoder(list[str])


@dataclass(frozen=True, slots=True)
class SortedRecords:
    """In the order of their names, the first `named_by` fields, by code point, however often one goes through. `runs`: where each begins
    in the file and ends."""

    named_by: int
    path: Path
    runs: tuple[tuple[int, int], ...]

    def __iter__(self) -> Iterator[list[str]]:
        return heapq.merge(*(self._run(*run) for run in self.runs), key=itemgetter(slice(self.named_by)))

    def _run(self, at: int, end: int) -> Iterator[list[str]]:
        with self.path.open("rb") as file:
            file.seek(at)
            while at < end:
                line = file.readline()
                at += len(line)
                yield _RECORD.decode(line)


def sort_records(kind: SealedCsv, file: BinaryIO, path: Path) -> SortedRecords:
    """The records of a file that is whole, in a file of their own. Raises BadInput, as `read` of that kind does."""
    name = itemgetter(slice(kind.named_by))
    runs, last = list[tuple[int, int]](), list[str]()
    with path.open("wb") as out:
        for lot in kind.lots(file, LOT):
            at = out.tell()
            lot.sort(key=name)
            out.writelines(msgspec.json.encode(record) + b"\n" for record in lot)
            start = runs.pop()[0] if runs and name(lot[0]) > last else at
            runs.append((start, out.tell()))
            last = name(lot[-1])
    found = SortedRecords(kind.named_by, path, tuple(runs))
    for before, after in pairwise(found):
        if name(before) == name(after):
            raise kind.doubled(name(after))
    return found
