"""Many records of a data file at once: looked at and decoded by column, in C, at a tenth of the cost of one after the other.

All records of a file are equally wide, so that a block of them is a table of bytes. What `plainly_right` does not recognise as right is
not thereby wrong: it is read record by record then, which knows better and says what is amiss.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from struct import Struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tapwealth.wire.ofd.dictionary import Field, Kind
from tapwealth.wire.ofd.layout import Layout, Record, Value, are_words
from tapwealth.wire.ofd.lines import CRLF

MOST = 1_024
"""Records of a block."""

Table = NDArray[np.uint8]
"""Bytes by record (rows) and place (columns)."""

_BLANK, _ZERO, _NINE, _TILDE = b" 09~"
_AMOUNT_WIDTH = 16

Numbers = NDArray[np.int64]

Rows = Callable[[bytes], Iterator[tuple[bytes, ...]]]


class BlockLayout:
    """How the records of a layout, each with its CRLF, stand in a block."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.stride = layout.width + len(CRLF)
        self._names = {field.name for field in layout.fields}
        self._numbers = self._places(field for field in layout.fields if field.kind is Kind.NUMBER)
        self._amounts = [
            layout.place(field.name)[1] for field in layout.fields if field.kind is Kind.NUMBER and field.width == _AMOUNT_WIDTH
        ]
        self._alphanumerics = [field for field in layout.fields if field.kind is Kind.ALPHANUMERIC]
        self._words = self._rows(self._alphanumerics)
        self._empty = b"".join(b"0" * field.width if field.kind is Kind.NUMBER else b" " * field.width for field in layout.fields) + CRLF

    def plainly_right(self, raw: bytes) -> bool:
        """Whether every record of a block is right for certain: ASCII without a control, numbers of digits, no amount of 10^15 and more.

        Most of it follows from the least and the greatest byte of each column. Where all records have the same letter or all a digit, their
        words are built as those of the first record."""
        count, left = divmod(len(raw), self.stride)
        if left or not count:
            return False
        table = np.frombuffer(raw, np.uint8).reshape(count, self.stride)
        least, most = table.min(axis=0), table.max(axis=0)
        width = self.layout.width
        return (
            least[width:].tobytes() == most[width:].tobytes() == CRLF
            and bool(least[:width].min() >= _BLANK and most[:width].max() <= _TILDE)
            and bool((least[self._numbers] >= _ZERO).all() and (most[self._numbers] <= _NINE).all())
            and bool((most[self._amounts] == _ZERO).all())
            and self._are_words(raw, (least == most) | ((least >= _ZERO) & (most <= _NINE)))
        )

    def _are_words(self, raw: bytes, alike: NDArray[np.bool_]) -> bool:
        """Whether each field of letters and digits has them before its blanks; where all are `alike`, the first record tells."""
        other = [field for field in self._alphanumerics if not alike[slice(*self.layout.place(field.name)[1:])].all()]
        return are_words(next(self._words(raw[: self.stride]))) and all(
            are_words([part for (part,) in self._rows([field])(raw)]) for field in other
        )

    def _places(self, fields: Iterable[Field]) -> list[int]:
        """The columns of these fields."""
        return [place for field in fields for place in range(*self.layout.place(field.name)[1:])]

    def written(self, records: Sequence[Mapping[str, Value]]) -> bytes | None:
        """The lines of these records, at a stroke; None where that cannot be, or where one of them is not plainly right."""
        names = tuple(records[0])
        if any(tuple(one) != names for one in records):
            return None
        columns = zip(*(one.values() for one in records), strict=True)
        return self.filled(dict(zip(names, columns, strict=False)), len(records))

    def filled(self, columns: Mapping[str, Sequence[Value] | Table | Numbers], count: int) -> bytes | None:
        """The same of so many records by column: the values of these fields, one alone if all records have it; the others are zero or
        blank. A table has the bytes of a text without its padding; numbers are written as digits, whatever the field is."""
        if not columns.keys() <= self._names:
            return None
        table = np.tile(np.frombuffer(self._empty, np.uint8), (count, 1))
        for name, column in columns.items():
            field, start, end = self.layout.place(name)
            part = _part(column, field)
            if part is None:
                return None
            table[:, start:end] = part
        raw = table.tobytes()
        return raw if self.plainly_right(raw) else None

    def rows(self, names: Sequence[str]) -> Rows:
        """What takes these fields out of each record, in the order of the names."""
        fields = [field for field in self.layout.fields if field.name in set(names)]
        assert [field.name for field in fields] == list(names), "name the fields in the order of the layout"
        return self._rows(fields)

    def _rows(self, fields: Iterable[Field]) -> Rows:
        wanted = {field.name for field in fields}
        parts = [f"{field.width}{'s' if field.name in wanted else 'x'}" for field in self.layout.fields]
        return Struct("".join([*parts, f"{len(CRLF)}x"])).iter_unpack


def _part(column: Sequence[Value] | Table | Numbers, field: Field) -> Table | None:
    if isinstance(column, np.ndarray):
        if column.ndim == 1:
            return _digits(column.astype(np.int64, copy=False), field.width)
        return _padded(column.astype(np.uint8, copy=False), field.width)
    wanted = int if field.kind is Kind.NUMBER else str
    if set(map(type, column)) != {wanted}:
        return None
    return _digits(column, field.width) if field.kind is Kind.NUMBER else _letters(column, field.width)


def _digits(column: Sequence[Value] | Numbers, width: int) -> Table | None:
    """Numbers with leading zeros; None if one has too many digits or a sign."""
    try:
        left = np.array(column, np.int64)
    except OverflowError:
        return None
    part = np.full((len(left), width), _ZERO, np.uint8)
    for place in range(width - 1, -1, -1):
        if not left.any():
            break
        left, digit = np.divmod(left, 10)
        part[:, place] += digit.astype(np.uint8)
    return None if left.any() else part


def _letters(column: Sequence[Value], width: int) -> Table | None:
    """Texts padded with blanks; None if one is too long, not of ASCII, or has the byte that stands for nothing here."""
    try:
        texts = np.array(column, np.bytes_)
    except UnicodeEncodeError:
        return None
    if "\0" in "".join(map(str, column)):
        return None
    said = texts.view(np.uint8).reshape(len(texts), texts.dtype.itemsize)
    return _padded(np.where(said == 0, np.uint8(_BLANK), said), width)


def _padded(said: Table, width: int) -> Table | None:
    size = said.shape[1]
    if size > width:
        return None
    part = np.full((len(said), width), _BLANK, np.uint8)
    part[:, :size] = said
    return part


class Block:
    """Records that stand behind one another, checked. `where` of the first is its line `first` of the file `name`."""

    def __init__(self, shape: BlockLayout, raw: bytes, name: str, first: int) -> None:
        self._shape, self._raw, self._name, self._first = shape, raw, name, first

    def __len__(self) -> int:
        return len(self._raw) // self._shape.stride

    @property
    def layout(self) -> Layout:
        return self._shape.layout

    def records(self) -> Iterator[Record]:
        """One after the other."""
        layout, stride, width = self.layout, self._shape.stride, self.layout.width
        for place, start in enumerate(range(0, len(self._raw), stride)):
            number = self._first + place
            where = f"{self._name} line {number}" if self._name else f"line {number}"
            yield Record(layout, self._raw[start : start + width], where)

    def columns(self, names: Sequence[str]) -> dict[str, list[Any]]:
        """The values of these fields, which the layout has: numbers as ints, zero if left blank; text without its padding."""
        ordered = [field for field in self.layout.fields if field.name in set(names)]
        rows = self._shape.rows([field.name for field in ordered])
        columns: Iterable[tuple[bytes, ...]] = zip(*rows(self._raw), strict=True)
        return {field.name: _decoded(field, column) for field, column in zip(ordered, columns, strict=True)}

    def parts(self, names: Sequence[str]) -> Iterator[tuple[bytes, ...]]:
        """The bytes of these fields of each record, padded as they stand there; the names in the order of the layout."""
        return self._shape.rows(names)(self._raw)

    def table(self, name: str) -> Table:
        """The bytes of a field, a row for each record."""
        _, start, end = self.layout.place(name)
        return np.frombuffer(self._raw, np.uint8).reshape(len(self), self._shape.stride)[:, start:end]

    def numbers(self, name: str) -> NDArray[np.int64]:
        """A number of at most 18 digits of each record; zero if left blank."""
        digits = self.table(name)
        values = np.zeros(len(self), np.int64)
        for place in range(digits.shape[1]):
            values *= 10
            values += np.maximum(digits[:, place], _ZERO) - np.uint8(_ZERO)
        return values

    def keys(self, names: Sequence[str]) -> list[int]:
        """A hash for each record of the bytes of these fields."""
        return [*map(hash, map(b"".join, self._shape.rows(names)(self._raw)))]


def _decoded(field: Field, column: Sequence[bytes]) -> list[Any]:
    if field.kind is not Kind.NUMBER:
        return [text.rstrip(" ") for text in b"\n".join(column).decode("gb18030").split("\n")]
    return [*map(int, column)] if b"".join(column).isdigit() else [int(part) if not part.isspace() else 0 for part in column]
