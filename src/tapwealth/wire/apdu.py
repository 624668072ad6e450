"""Command and response APDUs with short lengths (ISO/IEC 7816-3, 12.1; EMV Book 1, 9.4): bytes to values and back.

Payment cards use short APDUs alone: up to 255 bytes of data in a command, up to 256 in an answer. `Sw` names the status words of this
product; a card may answer any other.
"""

from dataclasses import dataclass
from enum import IntEnum

from tapwealth.kernel.refusal import BadInput


class Sw(IntEnum):
    """Status words SW1 SW2 (ISO/IEC 7816-4, 5.6; EMV Book 1, 11)."""

    OK = 0x9000
    FILE_INVALIDATED = 0x6283
    AUTHENTICATION_FAILED = 0x6300
    WRONG_LENGTH = 0x6700
    DATA_INVALID = 0x6984
    CONDITIONS_NOT_SATISFIED = 0x6985
    COMMAND_NOT_ALLOWED = 0x6986
    WRONG_DATA = 0x6A80
    FUNCTION_NOT_SUPPORTED = 0x6A81
    FILE_NOT_FOUND = 0x6A82
    RECORD_NOT_FOUND = 0x6A83
    WRONG_P1P2 = 0x6A86
    DATA_NOT_FOUND = 0x6A88
    INS_NOT_SUPPORTED = 0x6D00
    CLA_NOT_SUPPORTED = 0x6E00


_MEANINGS = {
    Sw.OK: "done",
    Sw.FILE_INVALIDATED: "the application is blocked",
    Sw.AUTHENTICATION_FAILED: "authentication failed",
    Sw.WRONG_LENGTH: "wrong length",
    Sw.DATA_INVALID: "try another interface",
    Sw.CONDITIONS_NOT_SATISFIED: "conditions of use not satisfied",
    Sw.COMMAND_NOT_ALLOWED: "the holder must look at the phone",
    Sw.WRONG_DATA: "wrong data",
    Sw.FUNCTION_NOT_SUPPORTED: "function not supported",
    Sw.FILE_NOT_FOUND: "not found",
    Sw.RECORD_NOT_FOUND: "no such record",
    Sw.WRONG_P1P2: "wrong P1 P2",
    Sw.DATA_NOT_FOUND: "no such data",
    Sw.INS_NOT_SUPPORTED: "instruction unknown",
    Sw.CLA_NOT_SUPPORTED: "class unknown",
}


def explain_sw(sw: int) -> str:
    """A status word as people read it: `6985 conditions of use not satisfied`."""
    meaning = _MEANINGS.get(Sw(sw)) if sw in _MEANINGS else None
    return f"{sw:04X} {meaning}" if meaning else f"{sw:04X}"


class Ins(IntEnum):
    """Instructions, with the class they are sent in (EMV Book 1, 11.3; Book 3, 6.5.8)."""

    EXTERNAL_AUTHENTICATE = 0x82
    INTERNAL_AUTHENTICATE = 0x88
    SELECT = 0xA4
    GET_PROCESSING_OPTIONS = 0xA8
    GENERATE_AC = 0xAE
    READ_RECORD = 0xB2
    GET_DATA = 0xCA


CLA_ISO, CLA_EMV = 0x00, 0x80
P1_BY_NAME, P2_FIRST, P2_NEXT = 0x04, 0x00, 0x02
MAX_DATA, ANY_LENGTH = 255, 256


@dataclass(frozen=True, slots=True)
class CommandApdu:
    """`le` is how many bytes the sender can take: 256 for "all", None when no Le was sent."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    le: int | None = None

    def encode(self) -> bytes:
        """The bytes on the air."""
        assert len(self.data) <= MAX_DATA
        assert self.le is None or 0 < self.le <= ANY_LENGTH
        body = bytes((len(self.data),)) + self.data if self.data else b""
        tail = b"" if self.le is None else bytes((self.le & 0xFF,))
        return bytes((self.cla, self.ins, self.p1, self.p2)) + body + tail


@dataclass(frozen=True, slots=True)
class ResponseApdu:
    """Data and SW1 SW2."""

    data: bytes
    sw: int

    def encode(self) -> bytes:
        return self.data + self.sw.to_bytes(2, "big")

    @property
    def is_ok(self) -> bool:
        return self.sw == Sw.OK


def decode_command(raw: bytes, *, where: str = "command APDU") -> CommandApdu:
    """Cases 1 to 4 with short lengths. Raises BadInput when the bytes and their Lc do not agree."""
    size = len(raw)
    if size < 4:
        raise BadInput(f"{size} bytes", where=where, hint="a command has at least CLA INS P1 P2")
    header = raw[0], raw[1], raw[2], raw[3]
    if size == 4:
        return CommandApdu(*header)
    if size == 5:
        return CommandApdu(*header, le=raw[4] or ANY_LENGTH)
    lc = raw[4]
    if lc == 0:
        raise BadInput(f"Lc is 00 but {size - 5} bytes follow", where=where, hint="extended lengths are not used by payment cards")
    if size not in (5 + lc, 6 + lc):
        raise BadInput(f"Lc says {lc} data bytes, {size - 5} follow", where=where, hint="send Lc, its data, and at most one Le byte")
    le = (raw[-1] or ANY_LENGTH) if size == 6 + lc else None
    return CommandApdu(*header, data=raw[5 : 5 + lc], le=le)


def decode_response(raw: bytes, *, where: str = "response APDU") -> ResponseApdu:
    """Data and status word. Raises BadInput on fewer than 2 or more than 258 bytes."""
    if not 2 <= len(raw) <= ANY_LENGTH + 2:
        raise BadInput(f"{len(raw)} bytes", where=where, hint="an answer has 0 to 256 data bytes and SW1 SW2")
    return ResponseApdu(raw[:-2], int.from_bytes(raw[-2:], "big"))


def select(name: bytes, *, p2: int = P2_FIRST) -> CommandApdu:
    """SELECT by DF name (EMV Book 1, 11.3)."""
    return CommandApdu(CLA_ISO, Ins.SELECT, P1_BY_NAME, p2, name, ANY_LENGTH)


def get_processing_options(data: bytes) -> CommandApdu:
    """GET PROCESSING OPTIONS (EMV Book 3, 6.5.8); `data` is the whole element 83."""
    return CommandApdu(CLA_EMV, Ins.GET_PROCESSING_OPTIONS, 0, 0, data, ANY_LENGTH)


def read_record(number: int, sfi: int) -> CommandApdu:
    """READ RECORD by number in the file with the short identifier `sfi` (EMV Book 1, 11.2)."""
    return CommandApdu(CLA_ISO, Ins.READ_RECORD, number, sfi << 3 | 0x04, b"", ANY_LENGTH)
