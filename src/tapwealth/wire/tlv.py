"""BER-TLV as payment cards use it: bytes to elements and back (EMV Book 3, Annex B; ISO/IEC 8825-1).

Tags have one to four bytes and are kept as integers (`0x9F26`); the first byte is never zero, so an integer gives its bytes back.
Lengths are definite, up to 65,535, in any of the forms a card may choose (`0x21`, `0x8121` and `0x820021` mean the same). Zero bytes
between elements are padding. Whatever breaks these rules is `BadInput` with the byte at which it breaks; nothing else is ever raised.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tapwealth.kernel.refusal import BadInput

MAX_DEPTH = 8
"""Templates within templates; EMV's deepest is four (6F, A5, BF0C, 61)."""

_TORN = "it was cut short or its length is wrong: read it again"
_CONSTRUCTED = 0x20


class Element(NamedTuple):
    """One data object: its tag and its value bytes."""

    tag: int
    value: bytes

    @property
    def is_template(self) -> bool:
        """Whether the value is made of elements again (bit 6 of the first tag byte)."""
        return bool(tag_bytes(self.tag)[0] & _CONSTRUCTED)


def tag_bytes(tag: int) -> bytes:
    """The tag as it travels."""
    return tag.to_bytes((tag.bit_length() + 7) // 8 or 1, "big")


def tag_name(tag: int) -> str:
    """How a tag is written: at least two hex digits, whole bytes."""
    return tag_bytes(tag).hex().upper()


def encode(tag: int, value: bytes) -> bytes:
    """One element with the shortest length form. The value has at most 65,535 bytes."""
    size = len(value)
    if size < 0x80:
        return tag_bytes(tag) + bytes((size,)) + value
    if size < 0x100:
        return tag_bytes(tag) + bytes((0x81, size)) + value
    assert size < 0x10000, f"tag {tag_name(tag)} with {size} bytes"
    return tag_bytes(tag) + b"\x82" + size.to_bytes(2, "big") + value


def encode_all(elements: Iterable[tuple[int, bytes]]) -> bytes:
    """Elements one after the other, in the order given."""
    return b"".join(encode(tag, value) for tag, value in elements)


def decode(data: bytes, *, where: str = "TLV") -> list[Element]:
    """The elements of `data` at the top level, in their order; templates stay whole. Raises BadInput."""
    elements: list[Element] = []
    at, end = 0, len(data)
    while at < end:
        tag = data[at]
        if tag == 0:
            at += 1
            continue
        after = at + 1
        if tag & 0x1F == 0x1F:
            tag, after = read_tag(data, at, where=where)
        # The short form is the rule by far: it is read here, and the others, and a missing length, by `read_length`.
        size = data[after] if after < end else 0x80
        start = after + 1
        if size >= 0x80:
            size, start = read_length(data, after, tag, where=where)
        stop = start + size
        if stop > end:
            raise BadInput(f"tag {tag_name(tag)} at byte {at} wants {size} bytes, {end - start} are left", where=where, hint=_TORN)
        elements.append(Element(tag, data[start:stop]))
        at = stop
    return elements


def read_tag(data: bytes, at: int, *, where: str) -> tuple[int, int]:
    """The tag that begins at `at`, and where it ends (EMV Book 3, B1)."""
    end = at + 1
    if end <= len(data) and data[at] & 0x1F == 0x1F:
        while end < len(data) and data[end] & 0x80:
            end += 1
        end += 1
    if end > len(data):
        raise BadInput(f"the tag at byte {at} has no end", where=where, hint=_TORN)
    if end - at > 4:
        raise BadInput(f"the tag at byte {at} is {end - at} bytes long", where=where, hint="four is the most")
    return int.from_bytes(data[at:end], "big"), end


def read_length(data: bytes, at: int, tag: int, *, where: str) -> tuple[int, int]:
    """The length that begins at `at`, and where the value begins (EMV Book 3, B2)."""
    if at >= len(data):
        raise BadInput(f"tag {tag_name(tag)} has no length at byte {at}", where=where, hint=_TORN)
    first = data[at]
    if first < 0x80:
        return first, at + 1
    start = at + 1 + (first & 0x7F)
    if first not in (0x81, 0x82):
        raise BadInput(f"the length of tag {tag_name(tag)} at byte {at} has the form {first:02X}", where=where, hint="cards use 81 and 82")
    if start > len(data):
        raise BadInput(f"the length of tag {tag_name(tag)} at byte {at} is torn", where=where, hint=_TORN)
    return int.from_bytes(data[at + 1 : start], "big"), start


def leaves(data: bytes, *, where: str = "TLV", depth: int = 0) -> list[Element]:
    """All primitive elements at any depth, in their order. Raises BadInput, also when templates are nested deeper than `MAX_DEPTH`."""
    if depth > MAX_DEPTH:
        raise BadInput(f"templates are nested more than {MAX_DEPTH} deep", where=where, hint="no card or terminal needs that")
    found: list[Element] = []
    for element in decode(data, where=where):
        if element.is_template:
            found += leaves(element.value, where=f"{where} {tag_name(element.tag)}", depth=depth + 1)
        else:
            found.append(element)
    return found


def unique(elements: Sequence[Element], *, where: str = "TLV") -> dict[int, bytes]:
    """Elements by tag. A tag that comes twice is BadInput: which one counts would be anybody's guess (EMV Book 3, 7.4)."""
    found: dict[int, bytes] = dict(elements)
    if len(found) < len(elements):
        tags = [element.tag for element in elements]
        again = next(tag for at, tag in enumerate(tags) if tag in tags[:at])
        raise BadInput(f"tag {tag_name(again)} comes twice", where=where, hint="send each tag once")
    return found


def by_tag(data: bytes, *, where: str = "TLV") -> dict[int, bytes]:
    """What `unique` makes of `decode`. Tags of one or two bytes and short lengths are read here, without an object for each; all else is
    left to those two, which also say what is wrong."""
    found: dict[int, bytes] = {}
    at, end = 0, len(data)
    while at + 2 < end:
        tag, size, at = data[at], data[at + 1], at + 2
        if tag & 0x1F == 0x1F:
            tag, size, at = tag << 8 | size, data[at], at + 1
        if tag in found or tag & 0x1F80 == 0x1F80 or size >= 0x80 or not tag:
            break
        found[tag] = data[at : at + size]
        at += size
    else:
        if at == end:
            return found
    return unique(decode(data, where=where), where=where)


def template(data: bytes, tag: int, *, where: str) -> list[Element]:
    """The content of the one template `tag` that `data` must consist of. Raises BadInput."""
    elements = decode(data, where=where)
    if len(elements) != 1 or elements[0].tag != tag:
        found = " ".join(tag_name(element.tag) for element in elements[:8]) or "nothing"
        raise BadInput(f"expected one template {tag_name(tag)}, found {found}", where=where, hint="the answer must be that template alone")
    return decode(elements[0].value, where=f"{where} {tag_name(tag)}")
