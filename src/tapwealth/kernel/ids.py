"""Identifiers and randomness. The only module that draws random numbers.

Ids are made by the program (a distributed database gives none). They are time-ordered UUIDs of version 7 (RFC 9562, 5.7) whose random
part carries the book, so that an id alone routes to its book; or, for a retry to land on the same id, derived from a parent id.
"""

import hashlib
import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID, SafeUUID

_EPOCH, _MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)
_DIGITS = re.compile(r"[0-9a-f]{32}", re.ASCII)

Random64 = Callable[[], int]
"""Draws 64 random bits."""


def id_of(value: int) -> UUID:
    """The UUID of 128 bits that are known to be some: without what `UUID()` looks at, which costs more than all else about an id."""
    made = UUID.__new__(UUID)
    object.__setattr__(made, "int", value)
    object.__setattr__(made, "is_safe", SafeUUID.unknown)
    return made


def system_random() -> Random64:
    """The operating system's generator."""
    return lambda: secrets.randbits(64)


SeededRandom = Random
"""The kind of generator that `seeded_random` gives, for annotations."""


def seeded_random(seed: int) -> Random:
    """A deterministic generator for simulations and the demo: the same seed, the same draws. Never for keys."""
    return Random(seed)  # noqa: S311


def secret_bytes(length: int) -> bytes:
    """Key material from the operating system."""
    return secrets.token_bytes(length)


def secret_token() -> str:
    """A bearer token of 256 bits."""
    return secrets.token_urlsafe(32)


def uuid7(now: datetime, book: int, random64: Random64) -> UUID:
    """48 bits of milliseconds, 12 random bits, 16 bits of book, 46 random bits."""
    return _timed(now, book, random64(), version=7)


def _timed(now: datetime, book: int, draw: int, *, version: int) -> UUID:
    high = (milliseconds(now) & (1 << 48) - 1) << 16 | version << 12 | draw & 0xFFF
    low = 0b10 << 62 | (book & 0xFFFF) << 46 | draw >> 12 & (1 << 46) - 1
    return id_of(high << 64 | low)


def milliseconds(instant: datetime) -> int:
    """Since 1970: the time that an id carries."""
    return (instant - _EPOCH) // _MILLISECOND


def derived(parent: UUID, purpose: str) -> UUID:
    """A child id of version 8: the parent's time and book, and a hash of parent and purpose. The same inputs give the same id."""
    digest = int.from_bytes(hashlib.sha256(parent.bytes + purpose.encode()).digest()[:8], "big")
    high = parent.int >> 64 & ~0xFFFF | 0x8000 | digest & 0xFFF
    low = 0b10 << 62 | (book_of(parent) << 46) | digest >> 12 & (1 << 46) - 1
    return id_of(high << 64 | low)


def named(now: datetime, book: int, name: str) -> UUID:
    """An id for something that a partner named; `now` must be the same on every repetition: take a date from the message itself. The
    function named_id() of the database gives the same."""
    return _timed(now, book, int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big"), version=8)


def book_of(identifier: UUID) -> int:
    """The book an id of ours routes to."""
    return identifier.int >> 46 & 0xFFFF


def without_book(identifier: UUID) -> UUID:
    """The same id whatever book it routes to: for what is named after it and must not differ with the number of books."""
    return UUID(int=identifier.int & ~(0xFFFF << 46))


def unprefixed(prefix: str, shown: str) -> UUID | None:
    """The id that `prefixed` showed; None for what it cannot have shown."""
    head, _, digits = shown.rpartition("_")
    if head != prefix or not _DIGITS.fullmatch(digits):
        return None
    return id_of(int(digits, 16))


def prefixed(prefix: str, identifier: UUID) -> str:
    """How an id is shown to people and partners: `ord_` and 32 hex digits."""
    return f"{prefix}_{identifier.hex}"
