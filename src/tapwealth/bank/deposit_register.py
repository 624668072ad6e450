"""The bank's register of deposits, which may be longer than memory: read in lots, and put by number on disk.

The bank writes it by number, so that it is one run. One that is not is sorted by lots, and the runs are read side by side.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import msgspec

from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.sealed_csv import SealedCsv

LOT = 20_000
"""Deposits that are in memory at once."""
_REGISTER = SealedCsv("deposit register", ("deposit", "balance"), ("balance",))
_LINE = msgspec.json.Decoder(tuple[str, int])
Line = tuple[str, int]
"""A deposit's number, and its balance in fen."""


@dataclass(frozen=True, slots=True)
class Register:
    """By number. `runs`: where each begins in the file and ends."""

    path: Path
    runs: tuple[tuple[int, int], ...]

    def __iter__(self) -> Iterator[Line]:
        return heapq.merge(*(self._run(*run) for run in self.runs))

    def _run(self, at: int, end: int) -> Iterator[Line]:
        with self.path.open("rb") as file:
            file.seek(at)
            while at < end:
                line = file.readline()
                at += len(line)
                yield _LINE.decode(line)


def read_register(file: BinaryIO, folder: Path) -> Register:
    """A register that is whole, in a file of its own in that folder. Raises BadInput."""
    path, runs, last = folder / "by_number", list[tuple[int, int]](), ""
    with path.open("wb") as out:
        for lot in _REGISTER.lots(file, LOT):
            lines, at = sorted((deposit, int(balance)) for deposit, balance in lot), out.tell()
            out.writelines(msgspec.json.encode(line) + b"\n" for line in lines)
            start = runs.pop()[0] if runs and lines[0][0] > last else at
            runs.append((start, out.tell()))
            last = lines[-1][0]
    register = Register(path, tuple(runs))
    _check_names(register)
    return register


def _check_names(register: Register) -> None:
    for before, after in pairwise(register):
        if before[0] == after[0]:
            raise _doubled(after)


def _doubled(line: Line) -> BadInput:
    return _REGISTER.doubled(line[:1])
