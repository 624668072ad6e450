"""Commission and what is given back of it, over random lives of a policy; and the insurer's own reckoning of the same."""

import sqlite3
from datetime import date, timedelta
from itertools import accumulate
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.insurance.bordereau import BordereauEvent
from tapwealth.insurance.commission import Movement, reckon
from tapwealth.insurance.policy_event_store import PolicyEventRow
from tapwealth.kernel.clock import shanghai
from tapwealth.sandbox.insurer import books, settlement
from tapwealth.sandbox.insurer.books import INSURER_SCHEMA

PREMIUM = st.integers(1, 10**7)
RATE = st.integers(0, 1_000_000)


@st.composite
def lives(draw: st.DrawFn) -> list[Movement]:
    """Premiums, and now and then some of what is paid coming back; never more than was paid."""
    made, paid = [], 0
    for _ in range(draw(st.integers(1, 8))):
        amount = -draw(st.integers(1, paid)) if paid and draw(st.booleans()) else draw(PREMIUM)
        made.append(Movement(amount, draw(RATE) if amount > 0 else 0))
        paid += amount
    return made


@given(lives())
def test_never_more_is_given_back_than_was_had(life: list[Movement]) -> None:
    found = reckon(life)
    assert all((one.amount > 0) == (commission >= 0) or commission == 0 for one, commission in zip(life, found, strict=True))
    assert min(accumulate(found)) >= 0
    assert all(abs(commission) <= abs(one.amount) for one, commission in zip(life, found, strict=True))


@given(lives())
def test_when_all_premium_comes_back_all_commission_does(life: list[Movement]) -> None:
    left = sum(one.amount for one in life)
    if left:
        life = [*life, Movement(-left)]
    assert sum(reckon(life)) == 0


@given(lives(), st.integers(0, 10**6))
def test_in_the_free_look_all_is_given_back(life: list[Movement], refund: int) -> None:
    assert sum(reckon([*life, Movement(-refund, whole=True)])) == 0


@given(PREMIUM, RATE, st.integers(0, 10**7))
def test_a_part_that_comes_back_takes_its_part_of_the_commission(premium: int, rate: int, back: int) -> None:
    """To the half fen, by multiplication."""
    back = min(back, premium)
    had, given = reckon([Movement(premium, rate), Movement(-back)])
    assert abs(2 * had * 1_000_000 - 2 * premium * rate) <= 1_000_000
    assert abs(-2 * given * premium - 2 * had * back) <= premium


@given(lives(), st.integers(1, 999_999), st.integers(0, 999_999))
def test_the_insurer_reckons_the_same(life: list[Movement], early: int, late: int) -> None:
    """A rate until the fifth day, and another from then on; a movement a day."""
    first = date(2014, 2, 24)
    tx = sqlite3.connect(":memory:")
    tx.row_factory = sqlite3.Row
    tx.executescript(INSURER_SCHEMA + settlement.SCHEMA)
    rates = {first: early, first + timedelta(days=4): late}
    tx.executemany("INSERT INTO commission VALUES ('ACC1', ?, ?, 0, 0)", [(day.isoformat(), rate) for day, rate in rates.items()])
    ours = []
    for number, one in enumerate(life):
        day = first + timedelta(days=number)
        event = "issued" if number == 0 else "premium" if one.amount > 0 else "endorsed"
        books.happened(tx, f"s{number}", shanghai(day, 9), "PL1", event, one.amount)
        ours.append(Movement(one.amount, early if number < 4 else late))
    rows = tx.execute("SELECT * FROM event ORDER BY rowid").fetchall()
    theirs = settlement.reckoned(tx, "ACC1", rows)
    assert [theirs[row["serial"], row["event"]][1] for row in rows] == reckon(ours)
    tx.close()


def test_of_interest_neither_reckons_commission() -> None:
    """Reinstated for 225.00 and 11.56 of interest, which go to the insurer with it."""
    tx = sqlite3.connect(":memory:")
    tx.row_factory = sqlite3.Row
    tx.executescript(INSURER_SCHEMA + settlement.SCHEMA)
    tx.execute("INSERT INTO commission VALUES ('TL20', '2014-02-24', 250000, 15, 1000)")
    tx.execute("INSERT INTO premium VALUES ('s1', 'PL1', 22500, 1156, '2015-02-25', '2016-02-25')")
    books.happened(tx, "s1", shanghai(date(2015, 6, 1), 9), "PL1", "reinstated", 23_656)
    found = settlement.reckoned(tx, "TL20", tx.execute("SELECT * FROM event ORDER BY rowid").fetchall())
    assert found == {("s1", "reinstated"): (23_656, 5_625)}
    day, of = date(2015, 6, 1), UUID(int=1)
    here = PolicyEventRow(1, BordereauEvent.REINSTATED, "s1", of, 23_656, day, shanghai(day, 9), day, date(2016, 2, 25), interest=1_156)
    assert (here.trusted, reckon([Movement(here.premium, 250_000)])) == (23_656, [5_625])
    tx.close()


@pytest.mark.parametrize(("refund", "asked", "all_of_it"), [(13_000, 16, True), (13_000, 17, False), (12_999, 0, False), (0, 0, False)])
def test_the_insurer_tells_a_free_look_by_all_that_was_paid_and_when_it_was_asked(refund: int, asked: int, all_of_it: bool) -> None:
    """225.00 of which 85.00 came back for the true age; the look costs 10.00. It hears of the end on the 20th day; asked in the last second
    it may lie under the 16th."""
    tx = sqlite3.connect(":memory:")
    tx.row_factory = sqlite3.Row
    tx.executescript(INSURER_SCHEMA + settlement.SCHEMA)
    tx.execute("INSERT INTO commission VALUES ('TL20', '2014-02-24', 250000, 15, 1000)")
    first = date(2014, 2, 24)
    for number, (event, amount, later) in enumerate([("issued", 22_500, 0), ("endorsed", -8_500, 0), ("cancelled", refund, 20)]):
        books.happened(tx, f"s{number}", shanghai(first + timedelta(days=later), 9), "PL1", event, amount)
    tx.execute("INSERT INTO cancellation VALUES ('s2', ?)", ((first + timedelta(days=asked)).isoformat(),))
    found = settlement.reckoned(tx, "TL20", tx.execute("SELECT * FROM event ORDER BY rowid").fetchall())
    assert (sum(commission for _, commission in found.values()) == 0) == all_of_it
    tx.close()
