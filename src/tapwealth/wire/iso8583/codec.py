"""The bytes of a message that is as it should be, read and written without detours: every tap passes here twice.

Does what pyiso8583 does with the same table, for what it would take and what may stand in the fields. Anything else is None: `fields` then
asks pyiso8583, which says what is wrong and where. That both agree is tested over good, altered and torn messages.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from tapwealth.wire.iso8583.spec import FIELDS, FILLED_ON_THE_LEFT, Kind

BITS = 64
_TYPE, _HEAD = 2, 10
TEXT, BYTES, DIGITS = Kind.TEXT, Kind.BYTES, Kind.DIGITS
_TRACK = re.compile(r"[0-9D]+").fullmatch
_WHOLE_BYTES = re.compile(r"(?:[0-9A-F]{2})+").fullmatch


class _Field(NamedTuple):
    """A row of the table as it is used here. `length` as in `spec.Field`."""

    number: int
    kind: Kind
    length_bytes: int
    length: int
    filled_on_the_left: bool


_BY_NUMBER = {
    number: _Field(number, one.kind, one.length_bytes, one.length, number in FILLED_ON_THE_LEFT) for number, one in FIELDS.items()
}


@lru_cache(maxsize=256)
def _announced(bitmap: int) -> tuple[_Field, ...] | None:
    """The fields of a bitmap in their order; None if there is one that no terminal sends."""
    numbers = [number for number in range(1, BITS + 1) if bitmap >> (BITS - number) & 1]
    return tuple(_BY_NUMBER[number] for number in numbers) if all(number in _BY_NUMBER for number in numbers) else None


def read(message: bytes) -> dict[int, str] | None:
    """The fields of a message of which each may stand where it stands, up to its last byte; else None."""
    announced = _announced(int.from_bytes(message[_TYPE:_HEAD], "big"))
    if announced is None:
        return None
    digits, texts = message.hex().upper(), message.decode("latin-1")
    fields: dict[int, str] = {}
    at = _HEAD
    for number, kind, length_bytes, length, filled_on_the_left in announced:
        size = length
        if length_bytes:
            written = digits[at + at : at + at + length_bytes + length_bytes]
            at += length_bytes
            if not written.isdecimal() or not 0 < (size := int(written)) <= length:
                return None
        if kind is TEXT:
            text = texts[at : at + size]
            at += size
            if not (text.isascii() and text.isprintable()):
                return None
        elif kind is BYTES:
            text = digits[at + at : at + at + size + size]
            at += size
        else:
            behind = at + (size + 1 >> 1)
            text = digits[at + at : behind + behind]
            at = behind
            if size & 1:
                filler, text = (text[:1], text[1:]) if filled_on_the_left else (text[-1:], text[:-1])
                if filler != "0":
                    return None
            if not (text.isdecimal() if kind is DIGITS else _TRACK(text)):
                return None
        fields[number] = text
    return fields if at == len(message) else None


def write(mti: str, fields: Mapping[int, str]) -> bytes | None:
    """The bytes of a message whose type and fields are in order; else None."""
    if len(mti) != 2 * _TYPE or not (mti.isascii() and mti.isdecimal()):
        return None
    bitmap, parts = 0, [""]
    for number in sorted(fields):
        if number not in _BY_NUMBER:
            return None
        text = fields[number]
        _, kind, length_bytes, length, filled_on_the_left = _BY_NUMBER[number]
        size = len(text) >> 1 if kind is BYTES else len(text)
        if not 0 < size <= length or (not length_bytes and size != length):
            return None
        if kind is TEXT:
            if not (text.isascii() and text.isprintable()):
                return None
            text = text.encode("ascii").hex()
        elif kind is BYTES:
            if not _WHOLE_BYTES(text):
                return None
        else:
            if not (text.isascii() and text.isdecimal() if kind is DIGITS else _TRACK(text)):
                return None
            if size & 1:
                text = f"0{text}" if filled_on_the_left else f"{text}0"
        if length_bytes:
            parts.append(str(size).rjust(length_bytes + length_bytes, "0"))
        parts.append(text)
        bitmap |= 1 << (BITS - number)
    parts[0] = f"{mti}{bitmap:016x}"
    return bytes.fromhex("".join(parts))
