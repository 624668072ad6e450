"""An amount in parts, each out of a source of its own, in an order of use: what several funds pay of one payment.

Sources are called by names without blanks and colons; amounts are above zero. Stored as text: `000198:5000 000343:20`.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Part(NamedTuple):
    """So much out of one source."""

    source: str
    amount: int


Parts = tuple[Part, ...]
"""In the order of use, each source once."""


def total(parts: Sequence[Part]) -> int:
    return sum(part.amount for part in parts)


def drawn(free: Mapping[str, int], amount: int) -> Parts:
    """`amount` out of what is free, in the order of the mapping: of the first source that covers it alone, else of several one after the
    other. There must be as much.

    >>> drawn({"a": 3, "b": 5}, 4)
    (Part(source='b', amount=4),)
    >>> drawn({"a": 3, "b": 5}, 7)
    (Part(source='a', amount=3), Part(source='b', amount=4))
    """
    alone = next((source for source, left in free.items() if left >= amount), None)
    if alone is not None:
        return (Part(alone, amount),) if amount > 0 else ()
    return first([Part(source, left) for source, left in free.items() if left > 0], amount)


def first(parts: Sequence[Part], amount: int) -> Parts:
    """The first `amount` of the parts, which have as much: those behind it fall away.

    >>> first([Part("a", 3), Part("b", 4)], 5)
    (Part(source='a', amount=3), Part(source='b', amount=2))
    """
    made, left = [], amount
    for source, most in parts:
        if left > 0:
            made.append(Part(source, min(most, left)))
            left -= most
    assert left <= 0, f"{left} more than there is"
    return tuple(made)


def pack(parts: Sequence[Part]) -> str:
    """As it is stored."""
    return " ".join(f"{source}:{amount}" for source, amount in parts)


def unpack(text: str) -> Parts:
    """What was stored.

    >>> unpack(pack([Part("000198", 5000), Part("000343", 20)]))
    (Part(source='000198', amount=5000), Part(source='000343', amount=20))
    """
    return tuple(Part(source, int(amount)) for source, _, amount in (one.partition(":") for one in text.split()))
