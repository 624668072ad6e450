"""Data object lists: what a card asks of the terminal, and the answer (EMV Book 3, 5.4).

A DOL is tags and lengths without values. The answer is the values alone, each cut or padded to the length asked for. Cards ask for
what they like, in any order, also for what no terminal knows: that is answered with zeros.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.emv_tags import TABLE, Format
from tapwealth.wire.tlv import read_length, read_tag, tag_bytes, tag_name

_TEMPLATE_BIT = 0x20


class Wanted(NamedTuple):
    """One entry: `length` bytes of `tag`."""

    tag: int
    length: int


def decode(data: bytes, *, where: str = "DOL") -> tuple[Wanted, ...]:
    """The entries in their order. Lengths of 128 and more come in the long form (81 80). Raises BadInput."""
    entries: list[Wanted] = []
    at = 0
    while at < len(data):
        if data[at] == 0:
            raise BadInput(f"a zero byte at byte {at}", where=where, hint="a list has tags and lengths and no padding")
        tag, at = read_tag(data, at, where=where)
        length, at = read_length(data, at, tag, where=where)
        entries.append(Wanted(tag, length))
    return tuple(entries)


def length(entries: Sequence[Wanted]) -> int:
    """How many bytes the answer has."""
    return sum(entry.length for entry in entries)


def fill(entries: Sequence[Wanted], values: Mapping[int, bytes]) -> bytes:
    """The answer to a list. What is unknown, or a template, is zeros (EMV Book 3, 5.4, rules 1 and 2)."""
    return b"".join(bytes(wanted) if _is_blank(tag, values) else fit(tag, values[tag], wanted) for tag, wanted in entries)


def _is_blank(tag: int, values: Mapping[int, bytes]) -> bool:
    return tag not in values or bool(tag_bytes(tag)[0] & _TEMPLATE_BIT)


def fit(tag: int, value: bytes, wanted: int) -> bytes:
    """A value cut or padded to `wanted` bytes as its format says (EMV Book 3, 5.4, rules 3 and 4)."""
    info = TABLE.get(tag)
    if info is not None and info.format is Format.NUMERIC:
        return value[max(0, len(value) - wanted) :].rjust(wanted, b"\x00")
    padding = b"\xff" if info is not None and info.format is Format.COMPRESSED else b"\x00"
    return value[:wanted].ljust(wanted, padding)


def split(entries: Sequence[Wanted], data: bytes, *, where: str = "DOL data") -> dict[int, bytes]:
    """The values of an answer by tag; of a tag asked for twice, the last. Raises BadInput when the lengths differ."""
    if len(data) != length(entries):
        raise BadInput(f"{len(data)} bytes instead of {length(entries)}", where=where, hint="send exactly what the list asks for")
    found: dict[int, bytes] = {}
    at = 0
    for tag, wanted in entries:
        found[tag] = data[at : at + wanted]
        at += wanted
    return found


def encode(entries: Sequence[tuple[int, int]]) -> bytes:
    """A list as a card announces it; each length below 128."""
    assert all(0 < wanted < 0x80 for _, wanted in entries)
    return b"".join(tag_bytes(tag) + bytes((wanted,)) for tag, wanted in entries)


def text(entries: Sequence[Wanted]) -> str:
    """For people: `9F66·4 9F02·6`."""
    return " ".join(f"{tag_name(tag)}·{wanted}" for tag, wanted in entries)
