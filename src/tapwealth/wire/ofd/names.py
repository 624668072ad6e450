"""Names of exchange files: `OFD_<creator>_<receiver>_<yyyymmdd>_<type>.TXT`, the index `OFI_<creator>_<receiver>_<yyyymmdd>.TXT`."""

import re
from dataclasses import dataclass
from datetime import date

from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.ofd.values import read_date, write_date

_CODE = r"([0-9A-Za-z]{1,20})"
_DATA = re.compile(rf"OFD_{_CODE}_{_CODE}_([0-9]{{8}})_([0-9]{{2}})\.TXT", re.ASCII)
_INDEX = re.compile(rf"OFI_{_CODE}_{_CODE}_([0-9]{{8}})\.TXT", re.ASCII)


@dataclass(frozen=True, slots=True)
class DataFileName:
    """Who made the file, for whom, of which date, of which type. `str()` is the name."""

    creator: str
    receiver: str
    day: date
    file_type: str

    def __str__(self) -> str:
        return f"OFD_{self.creator}_{self.receiver}_{write_date(self.day)}_{self.file_type}.TXT"


@dataclass(frozen=True, slots=True)
class IndexName:
    """Who made the index, for whom, of which date. `str()` is the name."""

    creator: str
    receiver: str
    day: date

    def __str__(self) -> str:
        return f"OFI_{self.creator}_{self.receiver}_{write_date(self.day)}.TXT"


def parse_data_file_name(text: str, *, where: str = "file name") -> DataFileName:
    """Raises BadInput on anything else."""
    match = _DATA.fullmatch(text)
    if match is None:
        raise BadInput(f"{text[:60]!r} is not the name of a data file", where=where, hint="name it like OFD_996_H0_20170427_03.TXT")
    creator, receiver, day, file_type = match.groups()
    return DataFileName(creator, receiver, read_date(day, where), file_type)


def parse_index_name(text: str, *, where: str = "file name") -> IndexName:
    """Raises BadInput on anything else."""
    match = _INDEX.fullmatch(text)
    if match is None:
        raise BadInput(f"{text[:60]!r} is not the name of an index file", where=where, hint="name it like OFI_996_H0_20170427.TXT")
    creator, receiver, day = match.groups()
    return IndexName(creator, receiver, read_date(day, where))
