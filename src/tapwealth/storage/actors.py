"""Who acts, as a number: every command and journal entry names its actor by one bigint.

The number follows from the book and the content, so that nobody has to be asked for it: 16 bits of book, 47 bits of hash. Should two
actors of one book ever meet at one number, the later takes the next hash; a stored row is never changed.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from weakref import WeakKeyDictionary

from tapwealth.storage.database import Tx, after_commit


class ActorKind(IntEnum):
    """The number is stored."""

    PLATFORM = 1
    CUSTOMER = 2
    OPERATOR = 3
    PARTNER = 4
    MERCHANT = 5
    TERMINAL = 6


@dataclass(frozen=True, slots=True)
class Actor:
    """`who` is an identifier, never a name, phone or card number; `authenticated_by` says how we know (passkey, device, own process)."""

    book: int
    kind: ActorKind
    who: str
    authenticated_by: str

    def number(self, turn: int = 0) -> int:
        """The bigint that stands for this actor; `turn` counts the numbers that were taken by others."""
        content = "\0".join((str(int(self.kind)), self.who, self.authenticated_by, str(turn)))
        return self.book << 47 | int.from_bytes(hashlib.sha256(content.encode()).digest()[:6], "big") >> 1


_MOST_KNOWN = 50_000
_known: WeakKeyDictionary[Tx, dict[Actor, int]] = WeakKeyDictionary()
"""Per connection: what has been committed, so that a busy book asks only for newcomers."""

_INSERT = """
insert into actor (book, id, kind, who, authenticated_by)
select * from unnest($1::int[], $2::bigint[], $3::smallint[], $4::text[], $5::text[])
on conflict (book, id) do nothing
"""
_SELECT = """
select a.book, a.id, a.kind, a.who, a.authenticated_by
from unnest($1::int[], $2::bigint[]) as wanted (book, id) join actor a on a.book = wanted.book and a.id = wanted.id
"""


async def intern(tx: Tx, actors: Sequence[Actor]) -> list[int]:
    """The numbers of these actors, in their order; rows that are lacking are added. Two statements at most, however many there are."""
    known = _known.setdefault(tx, {})
    if len(known) > _MOST_KNOWN:
        known.clear()
    fresh = sorted({actor for actor in actors if actor not in known}, key=lambda actor: (actor.book, actor.number()))
    numbers = {**{actor: known[actor] for actor in actors if actor in known}, **await _add(tx, fresh)}
    if fresh:
        after_commit(lambda: known.update((actor, numbers[actor]) for actor in fresh))
    return [numbers[actor] for actor in actors]


async def _add(tx: Tx, actors: Sequence[Actor]) -> dict[Actor, int]:
    settled: dict[Actor, int] = {}
    turn = 0
    while lacking := [actor for actor in actors if actor not in settled]:
        books, numbers = [actor.book for actor in lacking], [actor.number(turn) for actor in lacking]
        kinds, whos, ways = zip(*((actor.kind, actor.who, actor.authenticated_by) for actor in lacking), strict=True)
        await tx.execute(_INSERT, books, numbers, kinds, whos, ways)
        for row in await tx.fetch(_SELECT, books, numbers):
            settled[Actor(row["book"], ActorKind(row["kind"]), row["who"], row["authenticated_by"])] = row["id"]
        turn += 1
    return settled
