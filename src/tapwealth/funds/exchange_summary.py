"""`fund exchange read`: what an exchange file holds, in a few figures, and the file written again from its values.

Reading it to its end is the check; the copy is made from the values that were read, so that it shows whether anything was lost.
"""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.ofd import DataFile, Header, Record, parse_data_file_name, parse_index_name, read_index, write_index, write_records

_AMOUNTS = {"03": "ApplicationAmount", "04": "ConfirmedAmount", "06": "ConfirmedAmount"}
_VOLUMES = {"03": "ApplicationVol", "04": "ConfirmedVol", "05": "TotalVolOfDistributorInTA", "06": "VolOfDividendforReinvestment"}


@dataclass
class Totals:
    """Sums over the records that went by; `amount` in fen, `volume` in 1/100 units."""

    records: int = 0
    amount: int = 0
    volume: int = 0
    business_codes: Counter[str] = field(default_factory=Counter)

    def add(self, file_type: str, record: Record) -> None:
        self.records += 1
        self.amount += _number(record, _AMOUNTS.get(file_type))
        self.volume += _number(record, _VOLUMES.get(file_type))
        if "BusinessCode" in record:
            self.business_codes[record.text("BusinessCode")] += 1


def summarise(path: Path, copy: Path | None = None) -> dict[str, object]:
    """Read the data or index file at `path` and, if asked, write it again to `copy`, which appears only when all of it was read. A file
    under a name of the standard must agree with its name. Raises BadInput for every defect, and if a file cannot be opened."""
    try:
        return _summarise(path, copy)
    except OSError as error:
        what = f"reading or writing failed ({error.strerror})"
        raise BadInput(what, where=str(error.filename or path), hint="look at the disk and at its rights") from None


def _summarise(path: Path, copy: Path | None) -> dict[str, object]:
    if path.name.startswith("OFI_"):
        return _summarise_index(path, copy)
    name = parse_data_file_name(path.name) if path.name.startswith("OFD_") else None
    with _opened(path, "rb") as stream:
        if copy is None:
            return _summarise_data(DataFile(stream, path.name, name), None)
        with _appearing(copy) as target:
            return _summarise_data(DataFile(stream, path.name, name), target)


@contextmanager
def _appearing(path: Path) -> Iterator[BinaryIO]:
    """A file that appears at `path` when it is whole, or not at all. Raises BadInput if something else than a file is there."""
    if path.exists() and not path.is_file():
        raise BadInput("there is something that is no file", where=str(path), hint="name a file to write")
    part = path.with_name(f".{path.name}.part")
    try:
        with _opened(part, "wb") as target:
            yield target
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _summarise_data(file: DataFile, target: BinaryIO | None) -> dict[str, object]:
    totals, header = Totals(), file.header
    if target is None:
        for record in file:
            totals.add(header.file_type, record)
    else:
        write_records(target, header, _counted(file, totals))
        if not file.ends_with_crlf:
            target.seek(-2, os.SEEK_END)
            target.truncate()
    return _figures(header, totals)


def _counted(file: DataFile, totals: Totals) -> Iterator[Record]:
    for record in file:
        totals.add(file.header.file_type, record)
        yield record


def _figures(header: Header, totals: Totals) -> dict[str, object]:
    return {
        "type": header.file_type,
        "version": header.version,
        "creator": header.creator,
        "receiver": header.receiver,
        "date": header.day.isoformat(),
        "fields": len(header.fields),
        "records": totals.records,
        "amount_fen": totals.amount,
        "volume_hundredths": totals.volume,
        "business_codes": dict(sorted(totals.business_codes.items())),
    }


def _summarise_index(path: Path, copy: Path | None) -> dict[str, object]:
    with _opened(path, "rb") as stream:
        content = stream.read()
    index = read_index(content, parse_index_name(path.name))
    if copy is not None:
        with _appearing(copy) as target:
            target.write(write_index(index) if content.endswith(b"\r\n") else write_index(index)[:-2])
    return {
        "type": "index",
        "version": index.version,
        "creator": index.name.creator,
        "receiver": index.name.receiver,
        "date": index.name.day.isoformat(),
        "files": [str(file) for file in index.files],
    }


def _number(record: Record, name: str | None) -> int:
    return record.number(name) if name is not None and name in record else 0


def _opened(path: Path, mode: Literal["rb", "wb"]) -> BinaryIO:
    try:
        return path.open(mode)
    except OSError as error:
        raise BadInput(f"the file cannot be opened ({error.strerror})", where=str(path), hint="look at its path and its rights") from None
