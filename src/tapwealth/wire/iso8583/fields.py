"""A message as its type and its fields, and back: every field is checked for what may stand in it.

Assumes one message without its envelope. Whatever cannot be read is `UnreadableMessage` (a `BadInput`), which also carries what could be
read before the fault, so that a host can still answer. What is in order is read and written by `codec`; of the rest pyiso8583 says what
is wrong, and nothing it raises leaves this module.
"""

import re
from collections.abc import Mapping

import iso8583
from msgspec import Struct

from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso8583 import codec
from tapwealth.wire.iso8583.mac import sealed
from tapwealth.wire.iso8583.spec import FIELDS, PACKING, PACKING_OF_ALL, TRACK2_FILLED_WITH_F, Kind, describe

MAC_FIELD = BITS = codec.BITS
FORMAT_ERROR = "30"
"""Response code for what cannot be read (Q/CUP 009, response codes)."""

_KNOWN = sum(1 << (BITS - number) for number in FIELDS)
"""The bitmap with every field that a terminal's message can have."""
_SECOND_BITMAP = 1 << (BITS - 1)
_ALLOWED = {Kind.DIGITS: r"[0-9]+", Kind.TRACK: r"[0-9D]+", Kind.TEXT: r"[ -~]+", Kind.BYTES: r"(?:[0-9A-F]{2})+"}
_EXPECTED = {Kind.DIGITS: "BCD digits", Kind.TRACK: "digits and one D", Kind.TEXT: "printable ASCII", Kind.BYTES: "whole bytes"}
_FULLMATCH = {number: re.compile(_ALLOWED[known.kind]).fullmatch for number, known in FIELDS.items()}


class Message(Struct, frozen=True):
    """`mti` are its four digits. `fields` maps numbers to digits, text, or (for bytes) upper-case hexadecimal; without the MAC's value."""

    mti: str
    fields: Mapping[int, str]

    def __repr__(self) -> str:
        return f"Message({self.mti}, fields {sorted(self.fields)})"


class UnreadableMessage(BadInput):
    """`read` is what was understood before the fault (None if not even the type); `response_code` is what field 39 would say."""

    def __init__(self, what: str, *, where: str = "", hint: str = "", read: Message | None = None, code: str = FORMAT_ERROR) -> None:
        super().__init__(what, where=where, hint=hint)
        self.read, self.response_code = read, code


def _complaint(number: int, value: str) -> str | None:
    """Why a field's value cannot be, if so. The value itself may be secret and is not shown."""
    if _FULLMATCH[number](value):
        return None
    return f"it has other characters than {_EXPECTED[FIELDS[number].kind]}" if value else "it is empty"


def _decoded(message: bytes) -> dict[str, str]:
    """Raises iso8583.DecodeError."""
    try:
        decoded, _ = iso8583.decode(message, PACKING)
    except iso8583.DecodeError as fault:
        if fault.field != "35":
            raise
        decoded, _ = iso8583.decode(message, TRACK2_FILLED_WITH_F)
    return dict(decoded)


def _readable_part(message: bytes, bitmap: int) -> dict[str, str]:
    """Whatever can be read of a message that has a second bitmap or fields that no terminal sends."""
    behind = 18 if bitmap & _SECOND_BITMAP else 10
    try:
        decoded, _ = iso8583.decode(message[:2] + (bitmap & ~_SECOND_BITMAP).to_bytes(8, "big") + message[behind:], PACKING_OF_ALL)
    except iso8583.DecodeError as fault:
        return dict(fault.doc_dec)
    return dict(decoded)


def _numbered(decoded: Mapping[str, str]) -> dict[int, str]:
    return {int(key): value for key, value in decoded.items() if key.isdigit()}


def _collected(mti: str, decoded: Mapping[str, str]) -> Message:
    """Those of the decoded fields that a terminal sends and that hold what they may hold."""
    known = {number: value for number, value in _numbered(decoded).items() if number in FIELDS}
    return Message(mti, {number: value for number, value in known.items() if not _complaint(number, value)})


def unpack(message: bytes) -> Message:
    """Read a message of a terminal. Raises UnreadableMessage, in one line that names the field."""
    mti = message[:2].hex()
    if len(message) < 10 or not mti.isdigit():
        raise UnreadableMessage("it does not begin with a message type and a bitmap", where="message", hint="send ISO 8583 in BCD")
    fields = codec.read(message)
    if fields is not None:
        return Message(mti, fields)
    bitmap = int.from_bytes(message[2:10], "big")
    unknown = BITS + 1 - (bitmap & ~_KNOWN).bit_length()
    if unknown > BITS:
        return _unpacked(mti, message)
    read = _collected(mti, _readable_part(message, bitmap))
    if unknown == 1:
        raise UnreadableMessage("it announces a second bitmap", where="bitmap bit 1", hint="terminal messages have 64 fields", read=read)
    raise UnreadableMessage("no terminal sends it", where=describe(unknown), hint="leave it out", read=read)


def _unpacked(mti: str, message: bytes) -> Message:
    try:
        decoded = _decoded(message)
    except iso8583.DecodeError as fault:
        where = describe(int(fault.field)) if fault.field.isdigit() else "bitmap"
        raise UnreadableMessage(
            fault.msg[:1].lower() + fault.msg[1:], where=f"{where}, byte {fault.pos + 1}", hint="compare it with the bitmap and the length",
            read=_collected(mti, fault.doc_dec),
        ) from None  # fmt: skip
    fields = _numbered(decoded)
    for number, value in fields.items():
        if complaint := _complaint(number, value):
            read = _collected(mti, decoded)
            raise UnreadableMessage(complaint, where=describe(number), hint="correct it and send again", read=read)
    return Message(mti, fields)


def pack(message: Message, mac_key: bytes | None) -> bytes:
    """The message's bytes; with a key, field 64 is set and computed. Values that do not fit are BadInput."""
    fields = dict(message.fields)
    if mac_key is None:
        fields.pop(MAC_FIELD, None)
    else:
        fields[MAC_FIELD] = "00" * 8
    encoded = codec.write(message.mti, fields) or _checked(message.mti, fields)
    return encoded if mac_key is None else sealed(mac_key, encoded[:-8])


def _checked(mti: str, fields: Mapping[int, str]) -> bytes:
    """What pyiso8583 makes of it; mostly the reason why it cannot be."""
    for number, value in fields.items():
        complaint = _complaint(number, value) if number in FIELDS else "no terminal message has it"
        if complaint:
            raise BadInput(complaint, where=describe(number))
    try:
        encoded, _ = iso8583.encode({"t": mti} | {str(number): value for number, value in fields.items()}, PACKING)
    except iso8583.EncodeError as fault:
        where = describe(int(fault.field)) if fault.field.isdigit() else "message type"
        raise BadInput(fault.msg[:1].lower() + fault.msg[1:], where=where) from None
    return bytes(encoded)
