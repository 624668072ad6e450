"""The lines before the records: who sends what to whom, which fields the records have, and how many records there are.

JR/T 0017: `OFDCFDAT`, version, creator, receiver, date, summary number, file type, sender, recipient, field count, one field name a
line, record count. The widths changed with version 2.2 (GB/T 39595-2020) and stand in a table here; the tags did not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.ofd.dictionary import Field, field_named, fields_of
from tapwealth.wire.ofd.layout import Layout
from tapwealth.wire.ofd.lines import CRLF, Lines
from tapwealth.wire.ofd.names import DataFileName
from tapwealth.wire.ofd.values import read_date, write_date

DATA_TAG, INDEX_TAG, END_TAG = b"OFDCFDAT", b"OFDCFIDX", b"OFDCFEND"
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Widths:
    """Widths in bytes of one version's header lines; the date has 8 and both parties' codes are as wide as each other."""

    version: int
    code: int
    summary: int
    file_type: int
    party: int
    field_count: int
    record_count: int
    file_count: int


_OLD, _NEW = Widths(4, 9, 3, 2, 8, 3, 8, 3), Widths(8, 20, 8, 8, 8, 8, 16, 8)
VERSIONS = {"2.0": ("20", _OLD), "2.1": ("21", _OLD), "2.2": ("22", _NEW)}
"""What is written for a version, and its widths."""


@dataclass(frozen=True)
class Header:
    """`fields` decide the layout of the records, in the spelling of the file; `records` is their number. `sender` and `recipient` are who
    carries the file, by default the creator and the receiver themselves."""

    creator: str
    receiver: str
    day: date
    file_type: str
    fields: tuple[str, ...]
    records: int
    version: str = "2.0"
    summary: str = "001"
    sender: str | None = None
    recipient: str | None = None

    @property
    def name(self) -> DataFileName:
        """The name the file should have."""
        return DataFileName(self.creator, self.receiver, self.day, self.file_type)

    @cached_property
    def layout(self) -> Layout:
        """Raises BadInput for a file type or a field that the dictionary does not know."""
        return layout_of(self.file_type, self.fields, "header")

    def require(self, names: Sequence[str], where: str) -> None:
        """Raises BadInput for the first of `names` that the header does not declare."""
        for name in names:
            if name not in self.layout:
                raise BadInput(f"the header does not declare {name}", where=where, hint=f"a file of type {self.file_type} needs it")


def layout_of(file_type: str, names: Sequence[str], where: str) -> Layout:
    """The layout of these fields of a file type. Raises BadInput for one that is unknown or declared twice, and for none at all."""
    fields_of(file_type, where=where)
    chosen: dict[str, Field] = {}
    for name in names:
        field = field_named(file_type, name)
        if field is None:
            raise BadInput(f"the field {name[:40]!r} is not known in files of type {file_type}", where=where, hint="leave it out")
        if field.name in chosen:
            raise BadInput(f"the field {field.name} is declared twice", where=where, hint="declare it once")
        chosen[field.name] = field
    if not chosen:
        raise BadInput("no field is declared", where=where, hint="declare the fields of the records")
    return Layout(tuple(chosen.values()))


def write_header(header: Header) -> bytes:
    """The header's lines. Raises BadInput for a value wider than its line."""
    spelt, widths = _version(header.version, "header")
    assert header.layout.fields, "the layout knows each of the fields"
    lines = [
        DATA_TAG,
        *_parties(header, spelt, widths),
        _summary(header.summary, widths.summary),
        _padded(header.file_type, widths.file_type, "the file type"),
        _padded(header.sender or header.creator, widths.party, "the sender"),
        _padded(header.recipient or header.receiver, widths.party, "the recipient"),
        _count(len(header.fields), widths.field_count, "the field count"),
        *(name.encode() for name in header.fields),
        _count(header.records, widths.record_count, "the record count"),
    ]
    return CRLF.join(lines) + CRLF


def _parties(header: Header, spelt: str, widths: Widths) -> list[bytes]:
    return [
        _padded(spelt, widths.version, "the version"),
        _padded(header.creator, widths.code, "the creator"),
        _padded(header.receiver, widths.code, "the receiver"),
        write_date(header.day).encode(),
    ]


def read_header(lines: Lines) -> Header:
    """Reads up to and including the record count. Raises BadInput with the line."""
    read_tag(lines, DATA_TAG)
    version, widths = read_version(lines)
    creator, receiver = read_code(lines, widths.code, "the creator"), read_code(lines, widths.code, "the receiver")
    day = read_day(lines)
    summary = _read_summary(lines, widths.summary)
    file_type = read_code(lines, widths.file_type, "the file type")
    fields_of(file_type, where=lines.where)
    sender, recipient = read_code(lines, widths.party, "the sender"), read_code(lines, widths.party, "the recipient")
    fields = _read_fields(lines, file_type, int(read_digits(lines, widths.field_count, "the field count")))
    records = int(read_digits(lines, widths.record_count, "the record count"))
    return Header(creator, receiver, day, file_type, fields, records, version, summary, sender, recipient)


def _read_fields(lines: Lines, file_type: str, count: int) -> tuple[str, ...]:
    names: list[str] = []
    for number in range(1, count + 1):
        raw = lines.next(_LONGEST_NAME, f"field name {number} of {count}")
        names.append(raw.decode("ascii", "replace"))
        layout_of(file_type, names[-1:], lines.where)
    layout_of(file_type, names, lines.where)
    return tuple(names)


def read_tag(lines: Lines, tag: bytes) -> None:
    """The first line, which says what the file is."""
    raw = lines.next(len(tag), tag.decode())
    if raw != tag:
        raise lines.bad(f"{raw[:20]!r} where {tag.decode()} should stand", "this is another kind of file")


def read_version(lines: Lines) -> tuple[str, Widths]:
    """The version as in `VERSIONS`, and its widths."""
    raw = lines.next(_NEW.version, "the version")
    for version, (spelt, widths) in VERSIONS.items():
        if raw == spelt.encode().ljust(widths.version):
            return version, widths
    raise lines.bad(f"the version {raw!r} is not known", f"known are {', '.join(VERSIONS)}, padded to {_OLD.version} or {_NEW.version}")


def read_code(lines: Lines, width: int, what: str) -> str:
    """Letters and digits, padded with blanks to `width`."""
    raw = _exactly(lines, width, what)
    text = raw.rstrip(b" ")
    if not (text.isalnum() and text.isascii()):
        raise lines.bad(f"{what} {raw!r} is not letters and digits padded with blanks")
    return text.decode("ascii")


def read_day(lines: Lines) -> date:
    """The file's date."""
    return read_date(_exactly(lines, 8, "the date").decode("ascii", "replace"), lines.where)


def read_digits(lines: Lines, width: int, what: str) -> str:
    """`width` digits."""
    raw = _exactly(lines, width, what)
    if not raw.isdigit():
        raise lines.bad(f"{what} {raw!r} is not {width} digits")
    return raw.decode("ascii")


def _read_summary(lines: Lines, width: int) -> str:
    """Digits; some peers pad them with blanks, as if it were a code."""
    raw = _exactly(lines, width, "the summary number")
    if not raw.rstrip(b" ").isdigit():
        raise lines.bad(f"the summary number {raw!r} is not {width} digits")
    return raw.decode("ascii")


def _summary(text: str, width: int) -> bytes:
    if len(text) == width and text.rstrip(" ").isdigit():
        return text.encode("ascii")
    return _digits(text, width, "the summary number", "header")


def _exactly(lines: Lines, width: int, what: str) -> bytes:
    raw = lines.next(width, what)
    if len(raw) != width:
        raise lines.bad(f"{what} has {len(raw)} bytes, expected {width}", "pad it to its width")
    return raw


def _version(version: str, where: str) -> tuple[str, Widths]:
    if version not in VERSIONS:
        raise BadInput(f"the version {version!r} is not known", where=where, hint=f"known are {', '.join(VERSIONS)}")
    return VERSIONS[version]


def _padded(text: str, width: int, what: str) -> bytes:
    raw = text.encode("ascii", "replace")
    if not raw.isalnum() or len(raw) > width:
        raise BadInput(f"{what} {text!r} is not 1 to {width} letters and digits", where="header")
    return raw.ljust(width)


def _digits(text: str, width: int, what: str, where: str) -> bytes:
    raw = text.encode("ascii", "replace").rjust(width, b"0")
    if not raw.isdigit() or len(raw) != width:
        raise BadInput(f"{what} {text!r} is not at most {width} digits", where=where)
    return raw


def _count(number: int, width: int, what: str) -> bytes:
    return _digits(str(number), width, what, "header")
