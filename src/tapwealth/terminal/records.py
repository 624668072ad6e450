"""The records that a card tells to read: its file locator, and what the records hold (EMV Book 3, 10.2 and 7.4)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tapwealth.kernel.refusal import BadInput
from tapwealth.wire import tlv
from tapwealth.wire.emv_tags import Tag

MOST_RECORDS = 32
"""Real cards have fewer than ten. The bound ends a dialogue that a hostile card would draw out without end."""

_WHERE = "94 Application file locator"
_LAST_EMV_FILE = 10


class Wanted(NamedTuple):
    """One record to read; `signed` when it takes part in offline data authentication."""

    sfi: int
    number: int
    signed: bool


def read_locator(value: bytes) -> list[Wanted]:
    """Every record in the order of the locator, at most `MOST_RECORDS` + 1 of them. Raises BadInput on a locator that is none."""
    if len(value) % 4:
        raise BadInput(f"{len(value)} bytes", where=_WHERE, hint="it is made of groups of four")
    wanted: list[Wanted] = []
    for at in range(0, len(value), 4):
        file, first, last, signed = value[at : at + 4]
        if file & 0x07 or not 1 <= file >> 3 <= 30 or not 1 <= first <= last or signed > last - first + 1:
            raise BadInput(
                f"the group {value[at : at + 4].hex().upper()} is none", where=_WHERE, hint="file, first, last, how many are signed"
            )
        wanted += [Wanted(file >> 3, number, number < first + signed) for number in range(first, last + 1)]
        if len(wanted) > MOST_RECORDS:
            break
    return wanted[: MOST_RECORDS + 1]


def read_elements(records: Sequence[tuple[Wanted, bytes]], given: Mapping[int, bytes]) -> dict[int, bytes]:
    """All elements of answer and records by tag. A tag that comes twice is BadInput, also once in each (EMV Book 3, 7.4).

    Records of the files 1 to 10 must be one template 70; the others belong to the issuer and count only when they are one.
    """
    elements = list(given.items())
    for (sfi, number, _), record in records:
        where = f"record {number} of file {sfi}"
        if sfi <= _LAST_EMV_FILE or record[:1] == bytes((Tag.RECORD_70,)):
            elements += tlv.template(record, Tag.RECORD_70, where=where)
    return tlv.unique([tlv.Element(*element) for element in elements], where="GPO and records")
