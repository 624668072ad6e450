"""Loading and unloading electronic cash: each order counts once, in its turn, and only if it is genuine."""

from dataclasses import replace
from datetime import date

import pytest
from dear import dear
from hypothesis import given
from hypothesis import strategies as st
from issued_card import CARD_KEY, issued

from tapwealth.card import CardState, personalise
from tapwealth.card.cash import CashRefusal, LoadOrder, UnloadProof, load, load_mac, unload, unload_mac
from tapwealth.card.state import Purse
from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import Refusal
from tapwealth.wire.emv_crypto import cash_load_key

KEY = cash_load_key(CARD_KEY)


def order(number: int, amount: int) -> LoadOrder:
    return LoadOrder(number, amount, load_mac(KEY, number, amount))


def purse(card: CardState) -> Purse:
    assert card.cash is not None
    return card.cash


def refused(outcome: object, code: CashRefusal) -> None:
    assert isinstance(outcome, Refusal), outcome
    assert outcome.code is code
    assert "\n" not in outcome.text


def test_a_load_counts_once_however_often_it_comes() -> None:
    once = load(issued(balance=0), order(1, 300_00))
    assert isinstance(once, CardState)
    assert purse(once).balance == 300_00
    assert load(once, order(1, 300_00)) == once
    twice = load(once, order(2, 700_00))
    assert isinstance(twice, CardState)
    assert purse(twice).balance == 1000_00
    refused(load(twice, order(1, 300_00)), CashRefusal.OUT_OF_TURN)
    refused(load(twice, order(4, 1)), CashRefusal.OUT_OF_TURN)
    refused(load(twice, order(3, 1)), CashRefusal.ABOVE_LIMIT)


@pytest.mark.parametrize(
    "bad",
    [
        replace(order(1, 300_00), amount=300_01), replace(order(1, 300_00), number=2), replace(order(1, 300_00), mac=bytes(8)),
        replace(order(1, 300_00), mac=b""), LoadOrder(0, 1, bytes(8)), LoadOrder(1, 0, bytes(8)), LoadOrder(1, -1, bytes(8)),
        LoadOrder(1 << 32, 1, bytes(8)), LoadOrder(1, 10**12, bytes(8)),
    ],
)  # fmt: skip
def test_what_is_not_the_issuers_is_refused(bad: LoadOrder) -> None:
    refused(load(issued(), bad), CashRefusal.NOT_GENUINE)


def test_an_unload_leaves_proof() -> None:
    done = unload(issued(balance=500_00), 120_00)
    assert not isinstance(done, Refusal)
    card, proof = done
    assert purse(card).balance == 380_00
    assert proof == UnloadProof(1, 120_00, 380_00, 0, unload_mac(KEY, 1, 120_00, 380_00, 0))
    again = unload(card, 380_00)
    assert not isinstance(again, Refusal)
    assert (again[1].number, again[1].balance) == (2, 0)
    refused(unload(again[0], 1), CashRefusal.NOT_ENOUGH)
    refused(unload(card, 0), CashRefusal.NOT_ENOUGH)


def test_a_card_without_cash_says_so() -> None:
    plain = personalise(Pan("6222000000000009"), "00", date(2026, 12, 31), CARD_KEY)
    refused(load(plain, order(1, 1)), CashRefusal.NO_PURSE)
    refused(unload(plain, 1), CashRefusal.NO_PURSE)


@dear(100, some=30)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 40_000), st.integers(0, 2)), max_size=30))
def test_whatever_is_asked_the_card_holds_what_was_loaded_less_what_was_unloaded(steps: list[tuple[bool, int, int]]) -> None:
    card, balance, loads = issued(balance=0), 0, 0
    for loading, amount, repeats in steps:
        if loading:
            for _ in range(repeats + 1):
                after = load(card, order(loads + 1, amount))
                card = after if isinstance(after, CardState) else card
            if not isinstance(after, Refusal):
                loads, balance = loads + 1, balance + amount
        else:
            done = unload(card, amount)
            if not isinstance(done, Refusal):
                card, balance = done[0], balance - amount
        assert purse(card).balance == balance
        assert 0 <= balance <= 1000_00
