"""Random exchange files come back equal; damaged ones are refused, or read as exactly the bytes they are: never another exception."""

import io
import tracemalloc
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from dear import dear
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.kernel.money import MAX_AMOUNT
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.ofd import (
    DataFile,
    DataWriter,
    Field,
    Header,
    Index,
    IndexName,
    Kind,
    fields_of,
    read_data_file,
    read_index,
    write_data_file,
    write_index,
    write_records,
)
from tapwealth.wire.ofd.blocks import BlockLayout
from tapwealth.wire.ofd.data_file import SERIALS
from tapwealth.wire.ofd.header import write_header
from tapwealth.wire.ofd.layout import Layout

TYPES = ("01", "02", "03", "04", "05", "06", "07", "09", "25", "26", "43", "44")
SPELLINGS: tuple[Callable[[str], str], ...] = (str, str.upper, str.lower, lambda name: f"{name} ")
CODES = st.text("ABCH0129", min_size=1, max_size=8)
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))


def values_of(field: Field) -> st.SearchStrategy[Any]:
    match field.kind:
        case Kind.NUMBER:
            return st.integers(0, min(10**field.width - 1, MAX_AMOUNT if field.width == 16 else 10**field.width)) | st.just("")
        case Kind.ALPHANUMERIC:
            return st.text("0123456789ABCxyz", max_size=field.width)
        case Kind.TEXT:
            texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=field.width)
            return texts.map(lambda text: fitted(text, field.width))


def fitted(text: str, width: int) -> str:
    while len(text.encode("gb18030")) > width:
        text = text[:-1]
    return text.rstrip(" ")


@st.composite
def files(draw: st.DrawFn) -> tuple[Header, list[dict[str, Any]]]:
    file_type = draw(st.sampled_from(TYPES))
    known = fields_of(file_type)
    names = draw(st.lists(st.sampled_from(sorted(known)), min_size=1, max_size=8, unique=True))
    records = draw(st.lists(st.fixed_dictionaries({name: values_of(known[name]) for name in names}), max_size=4))
    serial = [name for name in SERIALS.get(file_type, ()) if name in names]
    if serial:
        records = list({tuple(record[name] for name in serial): record for record in records}.values())
    version, summary = draw(st.sampled_from([("2.0", "007"), ("2.1", "001"), ("2.2", "00000003"), ("2.2", "3       ")]))
    parties = [draw(CODES) for _ in range(4)]
    spelt = tuple(draw(st.sampled_from(SPELLINGS))(name) for name in names)
    return Header(parties[0], parties[1], draw(DAYS), file_type, spelt, len(records), version, summary, *parties[2:]), records


@dear(100, some=40)
@given(files(), st.booleans())
def test_what_was_written_is_read(file: tuple[Header, list[dict[str, Any]]], crlf: bool) -> None:
    header, records = file
    content = write_data_file(header, records, end_with_crlf=crlf)
    again, read = read_data_file(content)
    assert again == header
    assert [dict(record) for record in read] == records
    assert written_again(content) == content


def written_again(content: bytes) -> bytes:
    """Read from a stream of bytes and write what was read; BadInput passes through."""
    stream = DataFile(io.BytesIO(content))
    records = [dict(record) for record in stream]
    return write_data_file(stream.header, records, end_with_crlf=stream.ends_with_crlf)


def refused_or(work: Callable[[], Any]) -> Any:
    """What the work gives; None if it refuses, in one line. Any other exception is a failure."""
    try:
        return work()
    except BadInput as error:
        line = str(error)
    assert "\n" not in line
    return None


@given(files(), st.data())
def test_a_damaged_file_is_refused_or_is_what_it_says(file: tuple[Header, list[dict[str, Any]]], data: st.DataObject) -> None:
    content = bytearray(write_data_file(*file))
    at = data.draw(st.integers(0, len(content) - 1))
    match data.draw(st.sampled_from(["flip", "cut", "drop", "insert", "swap"])):
        case "flip":
            content[at] ^= data.draw(st.integers(1, 255))
        case "cut":
            del content[at:]
        case "drop":
            del content[at]
        case "insert":
            content[at:at] = data.draw(st.binary(min_size=1, max_size=4))
        case "swap":
            content[at:] = content[at:][::-1]
    assert refused_or(lambda: written_again(bytes(content))) in (None, content)


class OneWay(io.BytesIO):
    """A stream that cannot be set back, whose records are read one after the other."""

    def seekable(self) -> bool:
        return False


def told(stream: io.BytesIO) -> tuple[list[tuple[str, bytes]], str]:
    """Each record with its place, and what is wrong after them."""
    read: list[tuple[str, bytes]] = []
    try:
        read += ((record.where, record.raw) for record in DataFile(stream, "f"))
    except BadInput as error:
        return read, str(error)
    return read, ""


@dear(100, some=30)
@given(files(), st.data())
def test_many_records_at_once_are_what_they_are_one_by_one(file: tuple[Header, list[dict[str, Any]]], data: st.DataObject) -> None:
    """The same records at the same lines, and of a damaged file the same complaint."""
    content = bytearray(write_data_file(*file))
    for _ in range(data.draw(st.integers(0, 2))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.sampled_from(b"\r\n\x00 0-9zZ|\xb5\x7f"))
    assert told(io.BytesIO(content)) == told(OneWay(content))


@given(files())
@dear(100, some=25)
def test_a_torn_file_is_always_refused(file: tuple[Header, list[dict[str, Any]]]) -> None:
    whole = write_data_file(*file, end_with_crlf=False)
    for length in range(len(whole)):
        try:
            read_data_file(whole[:length])
        except BadInput:
            continue
        raise AssertionError(f"{length} of {len(whole)} bytes were read as a file")


@dear(100, some=40)
@given(files(), st.sampled_from([-1, 1]))
def test_a_count_that_does_not_match_is_always_refused(file: tuple[Header, list[dict[str, Any]]], off: int) -> None:
    header, records = file
    content = write_data_file(header, records)
    digits = 16 if header.version == "2.2" else 8
    stated = b"\r\n%0*d\r\n" % (digits, header.records)
    if header.records + off < 0:
        return
    ahead, found, behind = content.partition(header.fields[-1].encode() + stated)
    assert found
    other = ahead + header.fields[-1].encode() + b"\r\n%0*d\r\n" % (digits, header.records + off) + behind
    assert refused_or(lambda: read_data_file(other)) is None


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    header = Header("T01", "H0", date(2014, 2, 24), "03", tuple(fields_of("03")), 20_000)
    path = tmp_path / "large"
    with path.open("wb") as target:
        write_records(target, header, ({"AppSheetSerialNo": str(number)} for number in range(header.records)))
    assert path.stat().st_size > 13_000_000
    tracemalloc.start()
    with path.open("rb") as stream:
        assert sum(1 for _ in DataFile(stream)) == header.records
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200 * header.records + 500_000, "hashes of serials, and little else"


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_politely(content: bytes) -> None:
    for prefix in (
        b"",
        b"OFDCFDAT\r\n20  \r\n",
        b"OFDCFDAT\r\n20  \r\n996      \r\nH0       \r\n20140224\r\n001\r\n03\r\n996     \r\nH0      \r\n",
    ):
        refused_or(lambda whole=prefix + content: read_data_file(whole))


@given(CODES, CODES, DAYS, st.lists(st.sampled_from(TYPES), unique=True), st.data())
def test_an_index_comes_back_and_a_damaged_one_is_refused(
    creator: str, receiver: str, day: date, types: list[str], data: st.DataObject
) -> None:
    name = IndexName(creator, receiver, day)
    index = Index(name, tuple(Header(creator, receiver, day, one, (), 0).name for one in types))
    content = bytearray(write_index(index))
    assert read_index(bytes(content), name) == index
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    assert refused_or(lambda: write_index(read_index(bytes(content), name))) in (None, content)


@given(st.sampled_from(["03", "04", "06"]), st.integers(2, 4), st.data())
@dear(300, some=100)
def test_records_taken_for_plainly_right_are_right_one_by_one(file_type: str, count: int, data: st.DataObject) -> None:
    """And plain ones are taken for it, whichever bytes the records have in common."""
    layout = Header("A", "B", date(2014, 2, 24), file_type, tuple(fields_of(file_type)), count).layout
    filled = data.draw(st.booleans())
    plain = b"".join(b"0" * one.width if filled or one.kind is Kind.NUMBER else b" " * one.width for one in layout.fields)
    lines = [bytearray(plain + b"\r\n") for _ in range(count)]
    firsts = [layout.place(one.name)[1] for one in layout.fields]
    places = st.integers(0, layout.width + 1) | st.sampled_from([*firsts, *[layout.width] * 10, layout.width + 1])
    for _ in range(data.draw(st.integers(0, 3))):
        at, byte = data.draw(places), data.draw(st.sampled_from(b"9z| \n\x7f"))
        for line in data.draw(st.sampled_from([lines, lines[:1], lines[1:], lines[-1:]])):
            line[at] = byte
    raw = b"".join(lines)
    expected = all(line.endswith(b"\r\n") and raw.isascii() and is_plain(layout, bytes(line[:-2])) for line in lines)
    assert BlockLayout(layout).plainly_right(raw) is expected


def is_plain(layout: Layout, record: bytes) -> bool:
    """Whether a record is right and has no number that was left blank."""
    numbers = b"".join(record[slice(*layout.place(field.name)[1:])] for field in layout.fields if field.kind is Kind.NUMBER)
    return b" " not in numbers and refused_or(lambda: layout.read(record, "here")) is not None


AMISS = st.sampled_from(["A\0B", "\0", "é", "天弘", "A B", "A\n", "X" * 99, -1, 10**15, 10**19, 10**30, True, ""])


@given(st.data())
@dear(150, some=50)
def test_what_is_written_by_column_is_what_is_written_one_by_one(data: st.DataObject) -> None:
    """Byte for byte, or refused in the same words; a column of one value is that of all records."""
    header = Header("996", "H0", date(2014, 2, 24), "03", tuple(fields_of("03")), data.draw(st.integers(1, 4)))
    fields = data.draw(st.lists(st.sampled_from(header.layout.fields), min_size=1, max_size=6, unique=True))
    columns: dict[str, list[Any]] = {}
    for field in fields:
        size = data.draw(st.sampled_from([1, header.records]))
        columns[field.name] = data.draw(st.lists(values_of(field) | values_of(field) | AMISS, min_size=size, max_size=size))
    whole = {name: column if len(column) == header.records else column * header.records for name, column in columns.items()}
    records = [{name: column[place] for name, column in whole.items()} for place in range(header.records)]

    def by_column() -> bytes:
        stream = io.BytesIO()
        writer = DataWriter(stream, header)
        if not writer.add_columns(columns, header.records):
            writer.add(records)
        writer.end()
        return stream.getvalue()

    def one_by_one() -> bytes:
        where = str(header.name)
        lines = [header.layout.write(one, f"{where} record {number}") for number, one in enumerate(records, 1)]
        return write_header(header) + b"".join(line + b"\r\n" for line in lines) + b"OFDCFEND\r\n"

    assert said_or_made(by_column) == said_or_made(one_by_one)


def said_or_made(make: Callable[[], bytes]) -> bytes | str:
    try:
        return make()
    except BadInput as error:
        return str(error)
