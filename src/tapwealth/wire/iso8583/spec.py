"""What the fields of a UnionPay terminal message look like on the wire.

The base is ISO 8583:1987 with one bitmap of 64 bits; the packing is that of UnionPay's point-of-sale terminals (Q/CUP 009): digits in BCD,
lengths in BCD, texts in ASCII. A number of odd length is filled up with one zero: on the right, in field 23 on the left. Some terminals
fill up track 2 with an F, as the chip does; that is read as well.
The table is handed to pyiso8583, which does the packing. Only fields that UnionPay gives a meaning at a terminal are in it. 44 and 63 are
words for a person, in Chinese too (GBK): nothing here reads them, so their bytes are left alone.
"""

from enum import Enum
from types import MappingProxyType
from typing import Any, NamedTuple


class Kind(Enum):
    """What may stand in a field."""

    DIGITS = "digits"
    TRACK = "track 2"
    TEXT = "text"
    BYTES = "bytes"


class Field(NamedTuple):
    """`length` is fixed if `length_bytes` is 0, else the most; it counts digits (DIGITS, TRACK), characters (TEXT) or bytes (BYTES)."""

    name: str
    kind: Kind
    length_bytes: int
    length: int


D, Z, T, B = Kind.DIGITS, Kind.TRACK, Kind.TEXT, Kind.BYTES

FIELDS = MappingProxyType(
    {
        2: Field("primary account number", D, 1, 19),
        3: Field("processing code", D, 0, 6),
        4: Field("amount", D, 0, 12),
        11: Field("STAN", D, 0, 6),
        12: Field("local time", D, 0, 6),
        13: Field("local date", D, 0, 4),
        14: Field("expiry date", D, 0, 4),
        15: Field("settlement date", D, 0, 4),
        22: Field("entry mode", D, 0, 3),
        23: Field("PAN sequence number", D, 0, 3),
        25: Field("condition code", D, 0, 2),
        26: Field("longest PIN", D, 0, 2),
        32: Field("acquirer", D, 1, 11),
        35: Field("track 2", Z, 1, 37),
        36: Field("track 3", Z, 2, 104),
        37: Field("retrieval reference number", T, 0, 12),
        38: Field("authorisation code", T, 0, 6),
        39: Field("response code", T, 0, 2),
        41: Field("terminal", T, 0, 8),
        42: Field("merchant", T, 0, 15),
        44: Field("additional response data", B, 1, 25),
        48: Field("additional data", D, 2, 322),
        49: Field("currency", T, 0, 3),
        52: Field("PIN block", B, 0, 8),
        53: Field("security control", D, 0, 16),
        54: Field("additional amounts", T, 2, 20),
        55: Field("chip data", B, 2, 255),
        58: Field("electronic purse data", B, 2, 100),
        59: Field("own data", B, 2, 600),
        60: Field("type and batch", D, 2, 17),
        61: Field("original message", D, 2, 29),
        62: Field("own data", B, 2, 512),
        63: Field("own text", B, 2, 163),
        64: Field("MAC", B, 0, 8),
    }
)


OTHER_FIELDS = MappingProxyType(
    {
        5: Field("settlement amount", D, 0, 12),
        6: Field("cardholder's amount", D, 0, 12),
        7: Field("transmission time", D, 0, 10),
        8: Field("cardholder's fee", D, 0, 8),
        9: Field("settlement rate", D, 0, 8),
        10: Field("cardholder's rate", D, 0, 8),
        16: Field("conversion date", D, 0, 4),
        17: Field("capture date", D, 0, 4),
        18: Field("merchant type", D, 0, 4),
        19: Field("acquirer's country", D, 0, 3),
        20: Field("card's country", D, 0, 3),
        21: Field("forwarder's country", D, 0, 3),
        24: Field("network", D, 0, 3),
        27: Field("length of the authorisation code", D, 0, 1),
        28: Field("transaction fee", T, 0, 9),
        29: Field("settlement fee", T, 0, 9),
        30: Field("processing fee", T, 0, 9),
        31: Field("settlement processing fee", T, 0, 9),
        33: Field("forwarder", D, 1, 11),
        34: Field("extended account number", T, 1, 28),
        40: Field("service restriction", T, 0, 3),
        43: Field("acceptor's name and place", T, 0, 40),
        45: Field("track 1", T, 1, 76),
        46: Field("own data", T, 2, 999),
        47: Field("own data", T, 2, 999),
        50: Field("settlement currency", T, 0, 3),
        51: Field("cardholder's currency", T, 0, 3),
        56: Field("own data", T, 2, 999),
        57: Field("own data", T, 2, 999),
    }
)
"""The rest of ISO 8583:1987, which no UnionPay terminal sends: only to find the fields behind one, and so to have somebody to answer."""


def answer_type(mti: str) -> str | None:
    """The type of the answer to a request, an advice or a notice (third digit even), also to a repetition of it; None for an answer."""
    return f"{mti[:2]}{int(mti[2]) + 1}0" if mti[2] in "02468" else None


def describe(number: int) -> str:
    """`field 4 (amount)`, for messages to people."""
    field = FIELDS.get(number) or OTHER_FIELDS.get(number)
    return f"field {number} ({field.name})" if field else f"field {number}"


FILLED_ON_THE_LEFT = (19, 20, 21, 23, 24, 27)


def _packing(number: int, field: Field) -> dict[str, Any]:
    digits = field.kind in (Kind.DIGITS, Kind.TRACK)
    return {
        "data_enc": "ascii" if field.kind is Kind.TEXT else "b",
        "len_enc": "bcd",
        "len_type": field.length_bytes,
        "max_len": field.length,
        "len_count": "nibbles" if digits else "bytes",
        "left_pad" if number in FILLED_ON_THE_LEFT else "right_pad": "0",
        "desc": field.name,
    }


def _fixed(length: int, name: str) -> dict[str, Any]:
    return {"data_enc": "b", "len_enc": "bcd", "len_type": 0, "max_len": length, "desc": name}


PACKING = MappingProxyType(
    {"h": _fixed(0, "header"), "t": _fixed(2, "message type"), "p": _fixed(8, "bitmap"), "1": _fixed(8, "second bitmap")}
    | {str(number): _packing(number, field) for number, field in FIELDS.items()}
)
"""The same as pyiso8583 reads it. TPDU and header are not part of it: `frame` handles them."""
PACKING_OF_ALL = MappingProxyType(dict(PACKING) | {str(number): _packing(number, field) for number, field in OTHER_FIELDS.items()})
"""With the fields that are not taken; only for reading."""
TRACK2_FILLED_WITH_F = MappingProxyType(dict(PACKING) | {"35": PACKING["35"] | {"right_pad": "F"}})
"""The other way to fill up track 2; only for reading."""
