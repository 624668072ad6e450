"""Who acts, as a number: every command and journal entry names its actor by one bigint.

The number follows from the book and the content, so that nobody has to be asked for it: 16 bits of book, 47 bits of hash. Should two
actors of one book ever meet at one number, the later takes the next hash; a stored row is never changed.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from weakref import WeakKeyDictionary

from tapwealth.storage.database import Tx, transaction_notes


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
"""Per connection: rows seen that an earlier transaction committed, so that a busy book asks only for newcomers."""

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
    """The numbers of these actors, in their order; rows that are lacking are added. At most two statements, however many there are."""
    known = _known.setdefault(tx, {})
    if len(known) > _MOST_KNOWN:
        known.clear()
    numbers = {actor: known[actor] for actor in actors if actor in known}
    turn, lacking = 0, [actor for actor in dict.fromkeys(actors) if actor not in numbers]
    while lacking:
        numbers.update(await _stored_or_added(tx, known, lacking, turn))
        turn, lacking = turn + 1, [actor for actor in lacking if actor not in numbers]
    return [numbers[actor] for actor in actors]


async def _stored_or_added(tx: Tx, known: dict[Actor, int], actors: Sequence[Actor], turn: int) -> dict[Actor, int]:
    """Those that have the number of this turn; a number that somebody else has is left to the next turn."""
    wanted = {(actor.book, actor.number(turn)): actor for actor in actors}  # two at one number: the first waits for the next turn
    found = await _stored(tx, list(wanted))
    new = {place: wanted[place] for place in sorted(wanted) if place not in found}
    _learn(known, found, wanted)
    if new and await _add(tx, new) < len(new):  # somebody was adding at the same time
        found |= await _stored(tx, list(new))
        new = {place: actor for place, actor in new.items() if place not in found}
    there = found | new
    return {actor: place[1] for place, actor in wanted.items() if there[place] == actor}


def _learn(known: dict[Actor, int], found: Mapping[tuple[int, int], Actor], wanted: Mapping[tuple[int, int], Actor]) -> None:
    """What is there and was not added by this very transaction (which may still be undone, or its savepoint) is there for good."""
    notes = transaction_notes()
    if notes is not None:
        mine = notes.setdefault("actors added", set())
        known.update((actor, place[1]) for place, actor in found.items() if wanted[place] == actor and place not in mine)
        mine.update(place for place in wanted if place not in found)


async def _stored(tx: Tx, places: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Actor]:
    rows = await tx.fetch(_SELECT, [book for book, _ in places], [number for _, number in places])
    return {(row["book"], row["id"]): Actor(row["book"], ActorKind(row["kind"]), row["who"], row["authenticated_by"]) for row in rows}


async def _add(tx: Tx, new: Mapping[tuple[int, int], Actor]) -> int:
    """How many rows were added; in the order of the key, so that two that add the same cannot wait for each other."""
    rows = [(book, number, actor.kind, actor.who, actor.authenticated_by) for (book, number), actor in new.items()]
    done = await tx.execute(_INSERT, *zip(*rows, strict=True))
    return int(done.rsplit(" ", 1)[1])
