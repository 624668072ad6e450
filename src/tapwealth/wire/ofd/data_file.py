"""Data files read and written as streams: a header, then record after record, then `OFDCFEND`.

Nothing of a file counts before its last line is read: whoever posts from one reads it to its end first. The memory taken does not grow
with the file, save for a hash of each record's serial (100 to 170 bytes a record in all), by which a doubled one is found.
"""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import BinaryIO, Protocol

from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.ofd.blocks import MOST, Block, BlockLayout, Numbers, Table
from tapwealth.wire.ofd.header import END_TAG, Header, read_header, write_header
from tapwealth.wire.ofd.layout import Record, Value
from tapwealth.wire.ofd.lines import CRLF, Lines
from tapwealth.wire.ofd.names import DataFileName

SERIALS = {
    "01": ("AppSheetSerialNo",),
    "02": ("AppSheetSerialNo", "TASerialNO"),
    "03": ("AppSheetSerialNo",),
    "04": ("AppSheetSerialNo", "TASerialNO"),
    "05": ("TAAccountID", "TransactionAccountID", "DistributorCode", "FundCode", "ShareClass", "TASerialNO"),
    "06": ("TAAccountID", "TransactionAccountID", "DistributorCode", "FundCode", "RegistrationDate", "TASerialNO"),
    "07": ("FundCode", "UpdateDate"),
}
"""What tells one record of a type from every other in its file. A confirmation may come split: in parts with serials of the registrar's."""


class DataFile:
    """One data file being read: its `header` at once, its records by iterating, once. Raises BadInput with file, line and field for
    every defect, at the latest when the last line is reached."""

    def __init__(self, stream: BinaryIO, name: str = "", expected: DataFileName | None = None) -> None:
        self._lines = Lines(stream, name or str(expected or ""))
        self.header = read_header(self._lines)
        self.header_line = self._lines.where
        if expected is not None and self.header.name != expected:
            raise BadInput(
                f"the header belongs to {self.header.name}", where=str(expected), hint="the file was renamed: send it under its name"
            )
        layout = self.header.layout
        serial = [layout.place(name) for name in SERIALS.get(self.header.file_type, ()) if name in layout]
        self._serial = sorted(serial, key=lambda place: place[1])

    @property
    def ends_with_crlf(self) -> bool:
        """Whether the last line, once read, had its CRLF."""
        return self._lines.ends_with_crlf

    def __iter__(self) -> Iterator[Record]:
        for block in self.blocks():
            yield from block.records()

    def blocks(self, *, looking_for_doubles: bool = True) -> Iterator[Block]:
        """The records, many at once; instead of iterating, and once. Who finds doubled records better by other means does not look for them
        here, and needs no memory for it."""
        shape, left, seen = BlockLayout(self.header.layout), self.header.records, set[int]()
        self._serial = self._serial if looking_for_doubles else []
        while left:
            block = self._whole(shape, min(left, MOST), seen) or self._one_by_one(shape, min(left, MOST), left, seen)
            left -= len(block)
            yield block
        self._end()

    def _whole(self, shape: BlockLayout, count: int, seen: set[int]) -> Block | None:
        """So many records at a stroke; None, and nothing read, if they are not plainly right."""
        first = self._lines.number + 1
        raw = self._lines.take(count, shape.stride)
        block = Block(shape, raw, self._lines.name, first)
        if len(raw) == count * shape.stride and shape.plainly_right(raw) and self._are_new(block, seen):
            return block
        self._lines.give_back(raw, count)
        return None

    def _are_new(self, block: Block, seen: set[int]) -> bool:
        if not self._serial:
            return True
        keys = block.keys([field.name for field, _, _ in self._serial])
        fresh = set(keys)
        if len(fresh) < len(keys) or not seen.isdisjoint(fresh):
            return False
        seen |= fresh
        return True

    def _one_by_one(self, shape: BlockLayout, count: int, left: int, seen: set[int]) -> Block:
        layout, lines, records = self.header.layout, self._lines, self.header.records
        first, done, raws = lines.number + 1, records - left, []
        for number in range(done + 1, done + count + 1):
            raw = lines.next(layout.width, f"record {number} of {records}", layout.blame)
            if raw == END_TAG and layout.width != len(END_TAG):
                raise lines.bad(f"OFDCFEND comes after {number - 1} records, the header counts {records}", "correct the count")
            self._once(layout.read(raw, lines.where), seen)
            raws.append(raw)
        return Block(shape, CRLF.join([*raws, b""]), lines.name, first)

    def _once(self, record: Record, seen: set[int]) -> None:
        if not self._serial:
            return
        size = len(seen)
        seen.add(hash(b"".join(record.raw[start:end] for _, start, end in self._serial)))
        if len(seen) == size:
            shown = " ".join(f"{field.name} {str(record[field.name]) or 'blank'}" for field, _, _ in self._serial)
            raise record.bad(f"this record was here before: {shown}", "send each record once")

    def _end(self) -> None:
        if not self._lines.last(END_TAG):
            raise self._lines.bad(
                f"OFDCFEND should stand after the {self.header.records} records that the header counts", "correct the count"
            )


def read_data_file(content: bytes, name: str = "", expected: DataFileName | None = None) -> tuple[Header, list[Record]]:
    """A whole file at once; see `DataFile`."""
    file = DataFile(io.BytesIO(content), name, expected)
    return file.header, list(file)


class Sink(Protocol):
    """Where a file is written to."""

    def write(self, part: bytes, /) -> object: ...


class DataWriter:
    """One data file being written as a stream: its header at once, then records as they come, then `end`."""

    def __init__(self, stream: Sink, header: Header, where: str = "") -> None:
        self._stream, self._header, self._where = stream, header, where or str(header.name)
        self._shape, self._count = BlockLayout(header.layout), 0
        stream.write(write_header(header))

    def add(self, records: Iterable[Mapping[str, Value]]) -> None:
        """Raises BadInput for a value that does not fit."""
        coming = iter(records)
        while some := list(islice(coming, MOST)):
            self._stream.write(self._shape.written(some) or self._one_by_one(some))
            self._count += len(some)

    def add_columns(self, columns: Mapping[str, Sequence[Value] | Table | Numbers], count: int) -> bool:
        """So many records by column (see `BlockLayout.filled`). False, and none is written, where one of them is not plainly right."""
        raw = self._shape.filled(columns, count)
        if raw is None:
            return False
        self._stream.write(raw)
        self._count += count
        return True

    def end(self, *, with_crlf: bool = True) -> None:
        """Raises BadInput if there are not `header.records` records: then what was written is no file, its end is missing."""
        if self._count != self._header.records:
            raise BadInput(f"{self._count} records were written, the header counts {self._header.records}", where=self._where)
        self._stream.write(END_TAG + (CRLF if with_crlf else b""))

    def _one_by_one(self, records: Sequence[Mapping[str, Value]]) -> bytes:
        layout = self._header.layout
        return b"".join(
            layout.write(values, f"{self._where} record {number}") + CRLF for number, values in enumerate(records, self._count + 1)
        )


def write_records(
    stream: Sink, header: Header, records: Iterable[Mapping[str, Value]], *, end_with_crlf: bool = True, where: str = ""
) -> None:
    """Write a file as a stream. Raises BadInput as `DataWriter` does."""
    writer = DataWriter(stream, header, where)
    writer.add(records)
    writer.end(with_crlf=end_with_crlf)


def write_data_file(header: Header, records: Iterable[Mapping[str, Value]], *, end_with_crlf: bool = True) -> bytes:
    """A whole file at once; see `write_records`."""
    stream = io.BytesIO()
    write_records(stream, header, records, end_with_crlf=end_with_crlf)
    return stream.getvalue()
