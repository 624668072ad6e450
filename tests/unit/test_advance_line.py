"""How the free line moves between books: nothing is lost, nobody gives below half of a share, and who asks gets what there is."""

import doctest

from hypothesis import given
from hypothesis import strategies as st

from tapwealth.bank import advance_line
from tapwealth.bank.advance_line import levelled

AMOUNT = st.integers(0, 10_000)
FREE = st.dictionaries(st.integers(1, 6), AMOUNT, min_size=1)


def test_the_doctest() -> None:
    assert doctest.testmod(advance_line).failed == 0


@given(AMOUNT, FREE, st.dictionaries(st.integers(1, 6), AMOUNT, max_size=2))
def test_no_fen_is_lost_and_nobody_gives_too_much(house: int, free: dict[int, int], need: dict[int, int]) -> None:
    share = (house + sum(free.values())) // len(free)
    left = {0: house, **free}
    for giver, taker, amount in levelled(house, free, {book: fen for book, fen in need.items() if book in free}):
        assert amount > 0
        assert taker != 0
        left[giver] -= amount
        left[taker] += amount
        assert left[giver] >= (share // 2 if giver else 0)
    assert sum(left.values()) == house + sum(free.values())


@given(AMOUNT, FREE, st.data())
def test_who_asks_gets_it_or_all_that_may_be_given(house: int, free: dict[int, int], data: st.DataObject) -> None:
    book, wanted = data.draw(st.sampled_from(sorted(free))), data.draw(st.integers(1, 30_000))
    after = {0: house, **free}
    for giver, taker, amount in levelled(house, free, {book: wanted}):
        after[giver] -= amount
        after[taker] += amount
    half = (house + sum(free.values())) // len(free) // 2
    assert after[book] >= wanted or all(left <= (half if other else 0) for other, left in after.items() if other != book)


@given(AMOUNT, FREE)
def test_levelled_books_are_left_alone(house: int, free: dict[int, int]) -> None:
    after = {0: house, **free}
    for giver, taker, amount in levelled(house, free, {}):
        after[giver] -= amount
        after[taker] += amount
    assert levelled(after.pop(0), after, {}) == []
