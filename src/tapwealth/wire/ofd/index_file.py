"""The index file, which is sent last: only files that it names exist.

JR/T 0017: `OFDCFIDX`, version, creator, receiver, date, file count, one file name a line, `OFDCFEND`.
"""

import io
from dataclasses import dataclass

from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.ofd.header import END_TAG, INDEX_TAG, VERSIONS, read_code, read_day, read_digits, read_tag, read_version
from tapwealth.wire.ofd.lines import CRLF, Lines
from tapwealth.wire.ofd.names import DataFileName, IndexName, parse_data_file_name
from tapwealth.wire.ofd.values import write_date

_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Index:
    """The data files of one creator for one receiver on one date."""

    name: IndexName
    files: tuple[DataFileName, ...]
    version: str = "2.0"


def read_index(content: bytes, expected: IndexName) -> Index:
    """Raises BadInput with the line: torn, a count that does not match, a name that is none, stands twice or belongs elsewhere."""
    lines = Lines(io.BytesIO(content), str(expected))
    read_tag(lines, INDEX_TAG)
    version, widths = read_version(lines)
    creator, receiver = read_code(lines, widths.code, "the creator"), read_code(lines, widths.code, "the receiver")
    name = IndexName(creator, receiver, read_day(lines))
    if name != expected:
        raise BadInput(f"the index belongs to {name}", where=str(expected), hint="the file was renamed: send it under its name")
    files = _read_names(lines, name, int(read_digits(lines, widths.file_count, "the file count")))
    if not lines.last(END_TAG):
        raise lines.bad(f"OFDCFEND should stand after the {len(files)} names that the index counts", "correct the count")
    return Index(name, files, version)


def _read_names(lines: Lines, index: IndexName, count: int) -> tuple[DataFileName, ...]:
    files: list[DataFileName] = []
    for number in range(1, count + 1):
        raw = lines.next(_LONGEST_NAME, f"file name {number} of {count}")
        file = parse_data_file_name(raw.decode("ascii", "replace"), where=lines.where)
        if file in files:
            raise lines.bad(f"{file} is named twice", "name each file once")
        if (file.creator, file.receiver, file.day) != (index.creator, index.receiver, index.day):
            raise lines.bad(f"{file} is not of this index", f"name it in OFI_{file.creator}_{file.receiver}_{write_date(file.day)}.TXT")
        files.append(file)
    return tuple(files)


def write_index(index: Index) -> bytes:
    """The bytes of an index."""
    spelt, widths = VERSIONS[index.version]
    lines = [
        INDEX_TAG,
        spelt.encode().ljust(widths.version),
        index.name.creator.encode().ljust(widths.code),
        index.name.receiver.encode().ljust(widths.code),
        write_date(index.name.day).encode(),
        b"%0*d" % (widths.file_count, len(index.files)),
        *(str(file).encode() for file in index.files),
        END_TAG,
    ]
    return CRLF.join(lines) + CRLF
