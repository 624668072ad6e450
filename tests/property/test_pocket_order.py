"""Laws of several sources behind one payment, over random money. Beside each law a planted defect that it finds."""

import doctest
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.issuing.authorise import Funding, Purse
from tapwealth.issuing.decline import DeclineReason
from tapwealth.kernel import parts
from tapwealth.kernel.parts import Part, Parts, drawn, first, pack, total, unpack

Drawing = Callable[[Mapping[str, int], int], Parts]
FREE = st.dictionaries(st.sampled_from(["000198", "000343", "000509", "000700"]), st.integers(0, 100))


def wrong(free: Mapping[str, int], amount: int, drawing: Drawing) -> str | None:
    """What is wrong with how an amount is drawn from what is free, in its order."""
    got = drawing(free, amount)
    if total(got) != amount:
        return "the sum differs"
    if any(not 0 < taken <= free[source] for source, taken in got):
        return "a source gives more than it has, or nothing"
    covering = [source for source, left in free.items() if left >= amount]
    if not amount:
        return "something is drawn for nothing" if got else None
    if covering:
        return None if [source for source, _ in got] == covering[:1] else "it is not the first that covers it alone"
    used = [source for source, left in free.items() if left]
    whole = [(source, free[source]) for source in used][: len(got) - 1]
    return None if list(got[:-1]) == whole and [source for source, _ in got] == used[: len(got)] else "one is passed by"


@given(FREE, st.data())
def test_the_first_that_covers_it_pays_alone_else_several_in_order(free: dict[str, int], data: st.DataObject) -> None:
    assert wrong(free, data.draw(st.integers(0, sum(free.values()))), drawn) is None


def always_the_first(free: Mapping[str, int], amount: int) -> Parts:
    """The planted defect: the first source is emptied though a later one covers it alone."""
    return first([Part(source, left) for source, left in free.items() if left], amount)


def the_fullest(free: Mapping[str, int], amount: int) -> Parts:
    """The planted defect: the fullest one first."""
    return drawn(dict(sorted(free.items(), key=lambda one: -one[1])), amount)


@pytest.mark.parametrize(
    ("defect", "amount", "found"),
    [(always_the_first, 40, "it is not the first"), (the_fullest, 30, "it is not the first"), (the_fullest, 110, "one is passed by")],
)
def test_planted_defects_are_found(defect: Drawing, amount: int, found: str) -> None:
    what = wrong({"000198": 30, "000343": 45, "000509": 50}, amount, defect)
    assert what is not None
    assert what.startswith(found)


@given(FREE, st.data())
def test_what_is_stored_is_read_back_and_a_part_of_it_is_its_beginning(free: dict[str, int], data: st.DataObject) -> None:
    got = drawn(free, sum(free.values()))
    assert unpack(pack(got)) == got
    amount = data.draw(st.integers(0, total(got)))
    some = first(got, amount)
    assert total(some) == amount
    assert [source for source, _ in some] == [source for source, _ in got][: len(some)]


@given(st.integers(-50, 100), FREE, st.integers(0, 300), st.lists(st.integers(1, 150), max_size=6), st.integers(0, 100))
def test_a_purse_never_gives_what_it_has_not_and_holds_all_or_nothing(
    wallet: int, free: dict[str, int], line: int, amounts: list[int], card: int
) -> None:
    """Whatever taps come, one after the other: what was given and what is left add up, fund by fund."""
    purse, given_by = Purse(wallet, dict(free), line, card, card), dict.fromkeys(free, 0)
    for amount in amounts:
        before = (purse.wallet, dict(purse.funds), purse.line, purse.card_left)
        funding = purse.draw(amount, by_card=True)
        if isinstance(funding, DeclineReason):
            assert before == (purse.wallet, purse.funds, purse.line, purse.card_left)
            continue
        assert isinstance(funding, Funding)
        assert funding.wallet + funding.units + funding.card == amount
        for fund, units in funding.funds:
            given_by[fund] += units
    assert {fund: free[fund] - given_by[fund] for fund in free} == purse.funds
    assert purse.line == line - sum(given_by.values()) >= 0
    assert all(left >= 0 for left in purse.funds.values())


def test_the_doctest() -> None:
    assert doctest.testmod(parts).failed == 0
