"""Field 55 of an authorisation request as the issuer reads it: checked, typed, and ready for the cryptogram."""

from collections.abc import Mapping
from datetime import date

from msgspec import Struct

from tapwealth.kernel.refusal import BadInput
from tapwealth.wire import tlv
from tapwealth.wire.emv_data import IssuerApplicationData, read_date, read_iad, read_numeric
from tapwealth.wire.emv_profiles import TERMINAL_DATA
from tapwealth.wire.emv_tags import LENGTHS, Tag, describe_tag, wrong_length

_WHERE = "field 55"
MACED = (*(tag for tag, _ in TERMINAL_DATA), Tag.AIP_82, Tag.ATC_9F36)
"""What a cryptogram of version 01 covers, in this order; bytes 4 to 7 of 9F10 follow (PBOC 3.0 part 5)."""

_REQUIRED = frozenset((*MACED, Tag.CRYPTOGRAM_9F26, Tag.IAD_9F10))


class ChipData(Struct, frozen=True):
    """`elements` by tag, each of the length its table entry allows. `amount` is in the currency's minor unit."""

    elements: Mapping[int, bytes]
    iad: IssuerApplicationData
    atc: int
    amount: int
    currency: int
    day: date

    @property
    def cryptogram(self) -> bytes:
        return self.elements[Tag.CRYPTOGRAM_9F26]


def read_chip_data(field_55: bytes) -> ChipData:
    """Raises BadInput with tag and place: torn TLV, a tag twice, one missing, a wrong length, a digit that is none."""
    elements = tlv.by_tag(field_55, where=_WHERE)
    if not elements.keys() >= _REQUIRED:
        absent = min(_REQUIRED - elements.keys())
        raise BadInput(f"{describe_tag(absent)} is missing", where=_WHERE, hint="the terminal must send it")
    wrong = wrong_length(elements)
    if wrong is not None:
        shortest, longest = LENGTHS[wrong].start, LENGTHS[wrong].stop - 1
        span = f"{shortest} to {longest}" if shortest != longest else f"{shortest}"
        raise BadInput(f"{describe_tag(wrong)} has {len(elements[wrong])} bytes", where=_WHERE, hint=f"{span} are expected")
    return ChipData(
        elements,
        read_iad(elements[Tag.IAD_9F10], where=f"{_WHERE}, 9F10"),
        int.from_bytes(elements[Tag.ATC_9F36], "big"),
        read_numeric(elements[Tag.AMOUNT_9F02], where=f"{_WHERE}, 9F02"),
        read_numeric(elements[Tag.CURRENCY_5F2A], where=f"{_WHERE}, 5F2A"),
        read_date(elements[Tag.DATE_9A], where=f"{_WHERE}, 9A"),
    )
