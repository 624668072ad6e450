"""How the bank's advance line lies in the books: who gives, where a book has too little. Pure; fen throughout.

The line is one, its use is judged in each book by itself, so that no two books wait for each other. What is free of it is levelled now and
then: a book that has little left takes its equal share, from the house's own book first, then from those that have most.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

LITTLE = 5
"""A book has little left below this part of its equal share: a fifth."""
KEPT = 2
"""What a giver keeps: half of an equal share."""


class Move(NamedTuple):
    """So much of the free line from one book to another."""

    giver: int
    taker: int
    amount: int


def levelled(house: int, free: Mapping[int, int], need: Mapping[int, int]) -> list[Move]:
    """Who gives how much to whom. `house`: free in the house's own book (0); `free` by people's book; `need`: what a book is asked for now.

    A book with little, or less than it is asked for, is brought to its equal share or to what it is asked for, as far as there is anything:
    the house's book gives all, people's what they have above a share, and then down to half of one.

    >>> levelled(50, {1: 0, 2: 100}, {})
    [Move(giver=0, taker=1, amount=50), Move(giver=2, taker=1, amount=25)]
    >>> levelled(0, {1: 40, 2: 100}, {})
    []
    """
    left = {0: house, **free}
    share = sum(left.values()) // len(free)
    moves = []
    for taker in sorted(free, key=lambda book: (-need.get(book, 0), free[book], book)):
        wanted = need.get(taker, 0)
        if left[taker] >= wanted and left[taker] * LITTLE >= share:
            continue
        others = sorted((book for book in free if book != taker), key=lambda book: (-left[book], book))
        given: dict[int, int] = defaultdict(int)
        for giver, keeps in [(0, 0), *((book, share) for book in others), *((book, share // KEPT) for book in others)]:
            amount = min(max(share, wanted) - left[taker], left[giver] - max(keeps, need.get(giver, 0)))
            if amount > 0:
                given[giver] += amount
                left[giver], left[taker] = left[giver] - amount, left[taker] + amount
        moves += [Move(giver, taker, amount) for giver, amount in given.items()]
    return moves
