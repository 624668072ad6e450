"""Values inside EMV data elements: numbers in BCD, track 2, the issuer application data of PBOC cards.

Used by card, terminal and issuer alike. Reading raises BadInput; writing takes values that were checked when they came in.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import Enum

from msgspec import Struct

from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import BadInput

_TRACK2 = re.compile(r"([0-9]{12,19})D([0-9]{2})(0[1-9]|1[0-2])([0-9]{3})([0-9]*)F?", re.ASCII)
_CVR_LENGTH = 3
DEBIT_SERVICE_CODE = "220"
"""International, with chip, authorise online, no restriction (ISO/IEC 7813)."""

TRACK2_LONGEST = 19
"""Bytes: 37 digits and separators, and the filler."""


class CryptogramType(Enum):
    """What the card decided, as bits 6 and 5 of its CVR's second byte say (PBOC 3.0 part 5)."""

    AAC = 0x00
    """Declined."""
    TC = 0x10
    """Approved offline."""
    ARQC = 0x20
    """Ask the issuer."""

    @property
    def cid(self) -> int:
        """Cryptogram information data 9F27, which qPBOC cards do not send."""
        return {CryptogramType.AAC: 0x00, CryptogramType.TC: 0x40, CryptogramType.ARQC: 0x80}[self]


def numeric(value: int, size: int) -> bytes:
    """A number as packed decimal digits, right-justified in `size` bytes."""
    digits = str(value).rjust(size * 2, "0")
    assert digits.isdecimal(), f"{value} is negative"
    assert len(digits) == size * 2, f"{value} does not fit {size} bytes"
    return bytes.fromhex(digits)


def read_numeric(value: bytes, *, where: str) -> int:
    """The number of packed decimal digits. Raises BadInput on a digit above 9."""
    digits = value.hex()
    if not digits.isdecimal():
        raise BadInput(f"{digits.upper() or 'nothing'} is not made of decimal digits", where=where, hint="use packed decimal digits")
    return int(digits)


def date_bytes(day: date) -> bytes:
    """YYMMDD (9A)."""
    return bytes.fromhex(f"{day:%y%m%d}")


def read_date(value: bytes, *, where: str) -> date:
    """YYMMDD of this century. Raises BadInput."""
    if len(value) != 3:
        raise BadInput(f"{len(value)} bytes", where=where, hint="a day has three: YYMMDD")
    rest, day = divmod(read_numeric(value, where=where), 100)
    try:
        return date(2000 + rest // 100, rest % 100, day)
    except ValueError:
        raise BadInput(f"{value.hex()} is not a day", where=where, hint="write it as YYMMDD") from None


@dataclass(frozen=True, slots=True)
class Track2:
    """Track 2 equivalent data (57). `expiry` is YYMM, `service_code` three digits."""

    pan: Pan
    expiry: str
    service_code: str
    discretionary: str = ""

    def encode(self) -> bytes:
        """Packed digits with D as separator, F to fill the last byte."""
        digits = f"{self.pan.reveal()}D{self.expiry}{self.service_code}{self.discretionary}"
        return bytes.fromhex(digits + "F" * (len(digits) % 2))

    def field_35(self) -> str:
        """As ISO 8583 field 35 carries it: `=` as separator and no filler."""
        return f"{self.pan.reveal()}={self.expiry}{self.service_code}{self.discretionary}"


def read_track2(value: bytes, *, where: str = "57 Track 2") -> Track2:
    """Raises BadInput, without showing any digit."""
    match = _TRACK2.fullmatch(value.hex().upper())
    if match is None or len(value) > TRACK2_LONGEST:
        hint = "12 to 19 digits, D, YYMM, three digits of service code, at most 37 in all"
        raise BadInput(f"{len(value)} bytes are not track 2 data", where=where, hint=hint)
    pan, year, month, service_code, rest = match.groups()
    return Track2(Pan(pan), year + month, service_code, rest)


class IssuerApplicationData(Struct, frozen=True):
    """9F10 of a PBOC card (PBOC 3.0 part 5): key index, cryptogram version, CVR with its length byte, algorithm (01 3DES, 04 SM4)."""

    key_index: int
    cvn: int
    cvr: bytes
    algorithm: int
    discretionary: bytes = b""

    @property
    def decision(self) -> CryptogramType:
        return CryptogramType(self.cvr[1] & 0x30)

    def encode(self) -> bytes:
        return bytes((3 + len(self.cvr), self.key_index, self.cvn)) + self.cvr + bytes((self.algorithm,)) + self.discretionary


def read_iad(value: bytes, *, where: str = "9F10 Issuer application data") -> IssuerApplicationData:
    """Raises BadInput on another layout, and on a decision that is none."""
    if not 8 <= len(value) <= 32:
        raise BadInput(f"{len(value)} bytes", where=where, hint="8 to 32 are expected")
    if value[0] != 7 or value[3] != _CVR_LENGTH:
        hint = "07, key index, cryptogram version and 03 are expected"
        raise BadInput(f"it begins with {value[:4].hex().upper()}", where=where, hint=hint)
    if value[4] & 0x30 == 0x30:
        raise BadInput(f"the decision in {value[4]:02X} is none of ARQC, TC, AAC", where=where, hint="the card is faulty")
    return IssuerApplicationData(value[1], value[2], value[3:7], value[7], value[8:])


def pboc_cvr(decision: CryptogramType) -> bytes:
    """Card verification results: length, the decision with "second cryptogram not requested", and nothing to report."""
    return bytes((_CVR_LENGTH, 0x80 | decision.value, 0, 0))
