"""The record layout that a header's field list decides, and records read by name.

A record is checked as a whole when it is read (three passes in C over its bytes) and decoded field by field only when asked, so that
a file of millions costs what its reader looks at. Numbers are ints with implied decimals, the rest is text without its padding; a number
that was left blank is an empty text.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from struct import Struct

from tapwealth.kernel.money import MAX_AMOUNT
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.ofd.dictionary import Field, Kind

Value = int | str

_ALPHANUMERIC = re.compile(rb"[0-9A-Za-z]*+ *+", re.ASCII)
_ALPHANUMERICS = re.compile(rb"(?:[0-9A-Za-z]*+ *+\|)*+[0-9A-Za-z]*+ *+", re.ASCII)
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_EMPTY = (0, "")
_AMOUNT_WIDTH = 16
_GREATEST_AMOUNT = b"%0*d" % (_AMOUNT_WIDTH, MAX_AMOUNT)


class Layout:
    """`fields` in the order of the header. Widths are the dictionary's."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self.fields = tuple(fields)
        self.width = sum(field.width for field in fields)
        self._split = Struct("".join(f"{field.width}s" for field in fields)).unpack
        self._places: dict[str, tuple[Field, int, int]] = {}
        start = 0
        for field in fields:
            self._places[field.name] = (field, start, start + field.width)
            start += field.width
        self._order = {field.name: place for place, field in enumerate(fields)}
        self._empty = [(b"0" if field.kind is Kind.NUMBER else b" ") * field.width for field in fields]
        self._numbers = _places(field.kind is Kind.NUMBER for field in fields)
        self._alphanumerics = _places(field.kind is Kind.ALPHANUMERIC for field in fields)
        self._texts = _places(field.kind is Kind.TEXT for field in fields)
        self._amounts = _places(field.kind is Kind.NUMBER and field.width == _AMOUNT_WIDTH for field in fields)

    def place(self, name: str) -> tuple[Field, int, int]:
        """The field of that name with its first byte and the byte after its last. Raises KeyError."""
        return self._places[name]

    def __contains__(self, name: str) -> bool:
        return name in self._places

    def read(self, raw: bytes, where: str) -> "Record":
        """A record of exactly `width` bytes. Raises BadInput naming the first field that does not fit."""
        if len(raw) != self.width or not self._fits(raw):
            raise BadInput(self.misfit(raw), where=where, hint="send the record again as its header lays it out")
        return Record(self, raw, where)

    def write(self, values: Mapping[str, Value], where: str) -> bytes:
        """The bytes of a record. A declared field without a value is zero or blank, a number with the value "" blank too. Raises BadInput
        for a value that does not fit its field or a field that is not declared."""
        for name in values:
            if name not in self._order:
                raise BadInput(f"the header does not declare {name}", where=where, hint="declare the field or leave the value out")
        parts = self._empty.copy()
        for name, value in values.items():
            place = self._order[name]
            if value not in _EMPTY:
                parts[place] = encode(self.fields[place], value, where)
            elif value == "":
                parts[place] = b" " * self.fields[place].width
        return b"".join(parts)

    def blame(self, raw: bytes) -> str:
        """In which field trouble begins, for a line of a wrong length."""
        return f"in field {self._first_misfit(raw)[0]}"

    def misfit(self, raw: bytes) -> str:
        """What is wrong with a record that does not fit."""
        if len(raw) != self.width:
            return f"the record has {len(raw)} bytes, expected {self.width} {self.blame(raw)}"
        field, reason = self._first_misfit(raw)
        return f"{reason} in field {field}, {field.width} bytes wide"

    def _first_misfit(self, raw: bytes) -> tuple[Field, str]:
        for field, start, end in self._places.values():
            reason = defect(field, raw[start:end])
            if reason:
                return field, reason
        return self.fields[-1], "bytes beyond the last field"

    def _fits(self, raw: bytes) -> bool:
        parts = self._split(raw)
        numbers = b"".join([parts[place] for place in self._numbers])
        return (
            (numbers.isdigit() or not numbers or all(_is_number(parts[place]) for place in self._numbers))
            and all(parts[place] <= _GREATEST_AMOUNT for place in self._amounts)
            and are_words([parts[place] for place in self._alphanumerics])
            and _are_texts([parts[place] for place in self._texts])
        )


class Record(Mapping[str, Value]):
    """One checked record: a mapping from field name to value, in the header's order. `where` names its file and line."""

    __slots__ = ("_layout", "raw", "where")

    def __init__(self, layout: Layout, raw: bytes, where: str) -> None:
        self._layout, self.raw, self.where = layout, raw, where

    def __getitem__(self, name: str) -> Value:
        field, start, end = self._layout.place(name)
        part = self.raw[start:end]
        if field.kind is Kind.NUMBER and not part.isspace():
            return int(part)
        return part.rstrip(b" ").decode("gb18030")

    def __iter__(self) -> Iterator[str]:
        return (field.name for field in self._layout.fields)

    def __len__(self) -> int:
        return len(self._layout.fields)

    def number(self, name: str) -> int:
        """A number, in units of its last implied decimal; zero if it was left blank. Raises BadInput if the header does not declare it."""
        self._declared(name)
        value = self[name] or 0
        assert isinstance(value, int), f"{name} is no number"
        return value

    def text(self, name: str) -> str:
        """A text without its padding. Raises BadInput if the header does not declare it."""
        self._declared(name)
        value = self[name]
        assert isinstance(value, str), f"{name} is no text"
        return value

    def bad(self, what: str, hint: str = "") -> BadInput:
        """A defect of this record."""
        return BadInput(what, where=self.where, hint=hint)

    def _declared(self, name: str) -> None:
        if name not in self._layout:
            raise self.bad(f"the header does not declare {name}", "declare the field and send it")


def encode(field: Field, value: Value, where: str) -> bytes:
    """One field's bytes, padded. Raises BadInput for a value of the wrong kind or one that does not fit."""
    if isinstance(value, int) is not (field.kind is Kind.NUMBER):
        raise BadInput(f"{value!r} is not of the kind of field {field}", where=where, hint="N takes an int, A and C take a str")
    try:
        part = b"%0*d" % (field.width, value) if isinstance(value, int) else value.encode("gb18030").ljust(field.width)
    except UnicodeEncodeError:
        raise BadInput(f"{value!r} is not in GB18030 in field {field}", where=where, hint="leave out what is no character") from None
    reason = f"{len(part)} bytes" if len(part) > field.width else defect(field, part)
    if reason:
        raise BadInput(f"{value!r}: {reason} in field {field}, {field.width} bytes wide", where=where, hint="correct the value")
    return part


def defect(field: Field, part: bytes) -> str:
    """What is wrong with the bytes of one field; empty if nothing is."""
    if len(part) < field.width:
        return f"{len(part)} bytes"
    match field.kind:
        case Kind.NUMBER:
            return _number_defect(field, part)
        case Kind.ALPHANUMERIC:
            return "" if _ALPHANUMERIC.fullmatch(part) else f"{_shown(part)} is not letters and digits padded with blanks"
        case Kind.TEXT:
            return "" if _is_text(part) else f"{_shown(part)} is not text of GB18030"


def are_words(parts: Sequence[bytes]) -> bool:
    """Whether each is letters and digits padded with blanks."""
    joined = b"|".join(parts)
    return joined.count(b"|") == len(parts[1:]) and _ALPHANUMERICS.fullmatch(joined) is not None


def _is_number(part: bytes) -> bool:
    """Digits; or blanks, by which peers say that there is none."""
    return part.isdigit() or not part.strip(b" ")


def _number_defect(field: Field, part: bytes) -> str:
    if not _is_number(part):
        negative = part.strip(b" 0").startswith(b"-")
        return f"{_shown(part)} is {'negative' if negative else 'not digits padded with zeros'}"
    if field.width == _AMOUNT_WIDTH and part > _GREATEST_AMOUNT:
        return f"{_shown(part)} is more than one movement can carry"
    return ""


def _is_text(part: bytes) -> bool:
    """Whether the bytes are whole characters, none of them a control, and come out of a decoder and encoder unchanged."""
    if _CONTROL.search(part):
        return False
    if part.isascii():
        return True
    try:
        return part.decode("gb18030").encode("gb18030") == part
    except UnicodeError:
        return False


def _are_texts(parts: list[bytes]) -> bool:
    joined = b"".join(parts)
    if joined.isascii():
        return not _CONTROL.search(joined)
    return all(_is_text(part) for part in parts)


def _shown(part: bytes) -> str:
    return ascii(part.decode("gb18030", "backslashreplace").strip()[:40])


def _places(chosen: Iterable[bool]) -> tuple[int, ...]:
    return tuple(place for place, yes in enumerate(chosen) if yes)
