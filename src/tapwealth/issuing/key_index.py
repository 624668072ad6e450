"""Issuer master keys by index (the second byte of tag 9F10): which one new cards are given, which are honoured, which are retired.

New cards are given the greatest index that is not retired. Pure rules over what the table `issuer_key` says.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import Enum, auto
from typing import NamedTuple

from tapwealth.kernel.refusal import Refusal

FIRST, LAST = 1, 255
_NAME = "iss_mk_ac_"


class KeyIndexRefusal(Enum):
    """Why an index is not made or retired, in the order in which it is checked."""

    NONE_LEFT = auto()
    UNKNOWN_INDEX = auto()
    ONLY_ONE = auto()


class KeyIndex(NamedTuple):
    """An index (`number`); `retired_at` by the platform's clock."""

    number: int
    retired_at: datetime | None


def key_name(index: int) -> str:
    """What the master key of an index is called in the key store."""
    return f"{_NAME}{index}"


def index_of(name: str) -> int:
    """The index of a master key's name, as a token's row has it."""
    return int(name.removeprefix(_NAME))


def current(known: Iterable[KeyIndex]) -> int:
    """The index that new cards are given."""
    return max(one.number for one in known if one.retired_at is None)


def next_index(known: Iterable[KeyIndex]) -> int | Refusal:
    """The index to be made next: numbers are not used again."""
    last = max((one.number for one in known), default=0)
    if last == LAST:
        return Refusal(KeyIndexRefusal.NONE_LEFT, f"all {LAST} key indexes were used; an issuer identification number of its own is needed")
    return last + 1


def against_retiring(known: Iterable[KeyIndex], index: int) -> Refusal | None:
    """Why an index cannot be retired."""
    kept = {one.number: one for one in known}
    if index not in kept:
        return Refusal(KeyIndexRefusal.UNKNOWN_INDEX, f"there is no key index {index}; there are {', '.join(map(str, sorted(kept)))}")
    if not any(one.retired_at is None for one in kept.values() if one.number != index):
        return Refusal(KeyIndexRefusal.ONLY_ONE, f"key index {index} is the only one for new cards; generate the next one first")
    return None
