"""A CSV file (RFC 4180, UTF-8, CRLF) that shows whether it is whole: a header, records, and an end line with the number of records, the
sums of some columns, and the SHA-256 of every octet before it.

`END,<records>,<sum>,...,<sha256>`; the sums are those of the columns named, in their order. The first field of a record, or the first few,
are its name in the file, so that none stands there twice.
"""

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, Generic, TypeVar

from tapwealth.kernel.refusal import BadInput

T = TypeVar("T")

END = "END"
_DIGITS = 16
_LONGEST = 64 << 10
"""Octets of a line, where a file is not read as a whole."""
_AGAIN = "fetch or send it again"
PIECE = 5_000
"""Records that are in memory at once while a file is written."""


@dataclass(frozen=True, slots=True)
class SealedCsv:
    """How such a file is made: what it is called in a message, its columns, and those that are summed: whole numbers, from 0 on but for
    the `signed` ones. The first `named_by` columns name a record."""

    name: str
    columns: tuple[str, ...]
    summed: tuple[str, ...] = ()
    signed: tuple[str, ...] = ()
    named_by: int = 1

    def write(self, records: Iterable[Sequence[str]]) -> bytes:
        """The file; the same for the same records."""
        file = io.BytesIO()
        self.write_into(file, records)
        return file.getvalue()

    def write_into(self, file: BinaryIO, records: Iterable[Sequence[str]]) -> "Sealed":
        """The same as `write`, into a file, in pieces."""
        writer = SealedWriter[Sequence[str]](self, file, lambda record: record)
        for record in records:
            writer.add(record)
        return writer.end()

    def read(self, content: bytes) -> list[list[str]]:
        """The records. Raises BadInput: not UTF-8, no CSV, torn, doubled, altered, a record that has not as many fields."""
        start = _last_line(content)
        end = self._end(content[start:])
        rows = self._rows(content[:start], "text")
        self._check_header(rows[0] if rows else ())
        for number, row in enumerate(rows[1:], 2):
            self._check(row, f"{self.name} record {number}")
        self._check_names(rows[1:])
        self._check_end(end, len(rows) - 1, self._sums(rows[1:]), hashlib.sha256(content[:start]).hexdigest())
        return rows[1:]

    def lots(self, file: BinaryIO, most: int) -> Iterator[list[list[str]]]:
        """The records of a file that may be longer than memory, so many at once. Whether it is whole knows only who came to its end. Raises
        BadInput as `read` does, but not for what is doubled: by itself no lot tells."""
        size = file.seek(0, io.SEEK_END)
        file.seek(max(size - _LONGEST, 0))
        tail = file.read(_LONGEST)
        start = size - len(tail) + _last_line(tail)
        end, digest, sums, count = self._end(tail[_last_line(tail) :]), hashlib.sha256(), [0] * len(self.summed), 0
        file.seek(0)
        rows = self._parsed(self._lines(file, start, digest.update), "text")
        self._check_header(next(rows, ()))
        while lot := list(islice(rows, most)):
            for number, row in enumerate(lot, count + 2):
                self._check(row, f"{self.name} record {number}")
            count, sums = count + len(lot), self.sums(lot, sums)
            yield lot
        self._check_end(end, count, sums, digest.hexdigest())

    def _lines(self, file: BinaryIO, end: int, seen: Callable[[bytes], None]) -> Iterator[str]:
        """As text, up to that octet."""
        at = 0
        while line := file.readline(min(end - at, _LONGEST)):
            seen(line)
            yield self._text(line, "text", at)
            at += len(line)

    @property
    def _at(self) -> list[int]:
        return [self.columns.index(name) for name in self.summed]

    def _sums(self, records: Sequence[Sequence[str]]) -> list[int]:
        return [sum(int(record[at]) for record in records) for at in self._at]

    def sums(self, records: Sequence[Sequence[str]], before: Sequence[int]) -> list[int]:
        """Of the columns that are summed, with what they came to before."""
        return [so_far + more for so_far, more in zip(before, self._sums(records), strict=True)]

    def _rows(self, content: bytes, part: str) -> list[list[str]]:
        return list(self._parsed(io.StringIO(self._text(content, part), newline=""), part))

    def _text(self, content: bytes, part: str, at: int = 0) -> str:
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise BadInput(f"not UTF-8 at octet {at + error.start} of its {part}", where=self.name, hint=_AGAIN) from None

    def _parsed(self, lines: Iterable[str], part: str) -> Iterator[list[str]]:
        try:
            yield from csv.reader(lines, strict=True)
        except csv.Error as error:
            raise BadInput(f"its {part} is not CSV ({error})", where=self.name, hint=_AGAIN) from None

    def _end(self, line: bytes) -> list[str]:
        end = self._rows(line, "end line")
        if not line.endswith(b"\r\n") or len(end) != 1 or end[0][:1] != [END]:
            raise BadInput("its end line is missing or torn", where=self.name, hint=_AGAIN)
        return end[0]

    def _check_header(self, header: Sequence[str]) -> None:
        if tuple(header) != self.columns:
            raise BadInput(f"its header is not {','.join(self.columns)}", where=f"{self.name} line 1", hint=_AGAIN)

    def _check(self, row: Sequence[str], where: str) -> None:
        if row[:1] == [END]:
            raise BadInput("an end line stands before the last line: it is doubled", where=where, hint=_AGAIN)
        if len(row) != len(self.columns):
            raise BadInput(f"{len(row)} fields instead of {len(self.columns)}", where=where, hint=_AGAIN)
        for at in self._at:
            whole_number(row[at], f"{where} {self.columns[at]}", signed=self.columns[at] in self.signed)

    def _check_names(self, records: Sequence[Sequence[str]]) -> None:
        seen: set[tuple[str, ...]] = set()
        for record in records:
            named = tuple(record[: self.named_by])
            if named in seen:
                raise self.doubled(named)
            seen.add(named)

    def doubled(self, named: Sequence[str]) -> BadInput:
        """Of a record whose name stands there twice."""
        what = " ".join(f"{column} {field[:40]!r}" for column, field in zip(self.columns, named, strict=False))
        return BadInput(f"{what} stands there twice", where=self.name, hint=_AGAIN)

    def _check_end(self, end: Sequence[str], count: int, sums: Sequence[int], digest: str) -> None:
        where = f"{self.name} end line"
        if len(end) != 3 + len(self.summed):
            raise BadInput(f"{len(end)} fields instead of {3 + len(self.summed)}", where=where, hint=_AGAIN)
        for name, said, found in zip(("records", *self.summed), end[1:-1], (count, *sums), strict=True):
            if whole_number(said, where, signed=name in self.signed) != found:
                raise BadInput(f"it says {said} for {name}, but it is {found}", where=where, hint=_AGAIN)
        if end[-1] != digest:
            raise BadInput("its hash is not that of what stands before it: it was altered", where=where, hint=_AGAIN)


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a file that is written has: its records, the sums of the columns that are summed, and the SHA-256 of all of it."""

    records: int
    sums: tuple[int, ...]
    hash: str


class SealedWriter(Generic[T]):
    """A file that is being written, of records one after the other: what `fields` makes of each. No more than `PIECE` of them are held."""

    def __init__(self, kind: SealedCsv, file: BinaryIO, fields: Callable[[T], Sequence[str]]) -> None:
        self._kind, self._file, self._fields = kind, file, fields
        self._digest, self._sums, self._count, self._piece = hashlib.sha256(), [0] * len(kind.summed), 0, list[Sequence[str]]()
        self._put([kind.columns])

    def add(self, item: T) -> None:
        """The next record."""
        self._piece.append(self._fields(item))
        if len(self._piece) >= PIECE:
            self._put_piece()

    def end(self) -> Sealed:
        """Seal it: without its end line no file is whole."""
        self._put_piece()
        self._put([[END, str(self._count), *map(str, self._sums), self._digest.hexdigest()]])
        return Sealed(self._count, tuple(self._sums), self._digest.hexdigest())

    def _put_piece(self) -> None:
        self._sums, self._count = self._kind.sums(self._piece, self._sums), self._count + len(self._piece)
        self._put(self._piece)
        self._piece.clear()

    def _put(self, rows: Sequence[Sequence[str]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text).writerows(rows)
        octets = text.getvalue().encode()
        self._digest.update(octets)
        self._file.write(octets)


def _last_line(content: bytes) -> int:
    """Where it begins."""
    return content.rfind(b"\n", 0, max(len(content) - 1, 0)) + 1


def whole_number(text: str, where: str, *, signed: bool = False) -> int:
    """Up to 10^16 - 1, in digits; from 0 on unless it is `signed`. Raises BadInput."""
    if not re.fullmatch(f"{'-?' if signed else ''}[0-9]{{1,{_DIGITS}}}", text, re.ASCII):
        raise BadInput(f"{text[:20]!r} is not a whole number{'' if signed else ' from 0 on'}", where=where)
    return int(text)
