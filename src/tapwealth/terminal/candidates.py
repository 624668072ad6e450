"""Which application to use: the card's directory against the terminal's list (EMV Contactless Book B, 3.3.2)."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from tapwealth.wire import tlv
from tapwealth.wire.emv_tags import Tag

_LOWEST_PRIORITY = 16
_KERNEL = 7
"""UnionPay's, in EMV's list of contactless kernels (Book B, table 3-6)."""


class Candidate(NamedTuple):
    """An application of the card: its name, and its priority from 1 (first) to 16 (none given)."""

    name: bytes
    priority: int


def directory(answer: bytes) -> list[Candidate]:
    """The usable entries of the answer to SELECT PPSE, in the card's order. Raises BadInput when it cannot be read."""
    proprietary = inside(tlv.template(answer, Tag.FCI_6F, where="PPSE"), Tag.FCI_PROPRIETARY_A5, where="PPSE")
    issuers = inside(proprietary, Tag.ISSUER_DISCRETIONARY_BF0C, where="PPSE")
    entries = (element.value for element in issuers if element.tag == Tag.APPLICATION_TEMPLATE_61)
    found = (_candidate(tlv.unique(tlv.decode(entry, where="PPSE 61"), where="PPSE 61")) for entry in entries)
    return [candidate for candidate in found if candidate is not None]


def inside(elements: Sequence[tlv.Element], tag: int, *, where: str) -> list[tlv.Element]:
    """The elements within template `tag`; none when it is absent. Raises BadInput."""
    value = tlv.unique(elements, where=where).get(tag, b"")
    return tlv.decode(value, where=f"{where} {tlv.tag_name(tag)}")


def _candidate(entry: dict[int, bytes]) -> Candidate | None:
    """One entry; None when it has no usable name or asks for another kernel, which the rules say to pass over (Book B, 3.3.2.5)."""
    name = entry.get(Tag.AID_4F, b"")
    if not 5 <= len(name) <= 16 or not _ours(entry.get(Tag.KERNEL_9F2A, b"")):
        return None
    indicator = entry.get(Tag.PRIORITY_87, b"")[:1]
    return Candidate(name, (indicator[0] & 0x0F if indicator else 0) or _LOWEST_PRIORITY)


def _ours(kernel: bytes) -> bool:
    """Whether the entry leaves the kernel open or names this one; the first byte tells (Book B, table 3-4 and 3.3.2.5)."""
    return not kernel or kernel[0] & 0x3F == 0 or kernel[0] == _KERNEL


def in_order(listed: Sequence[Candidate], taken: Callable[[bytes], bool]) -> list[Candidate]:
    """Those the terminal takes, the most wanted first; among equals the card's order stands. Each name once."""
    first: dict[bytes, Candidate] = {}
    for candidate in listed:
        if taken(candidate.name):
            first.setdefault(candidate.name, candidate)
    return sorted(first.values(), key=lambda candidate: candidate.priority)
