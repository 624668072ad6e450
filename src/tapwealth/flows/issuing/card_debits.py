"""What clearing takes from bound bank cards, and what goes back to them.

A capture tells the bank to debit what it reserved, or less, on the next day: a pain.008 under the reservation's name. Until the bank has
booked it, the amount stands on `card_due`; a debit that the bank rejects is owed by the customer (`payments.hear`). What is given back of a
tap goes where it came from, the bank card first, since it was drawn on last, up to what its bank has paid by then.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from tapwealth.bank import mandate_store
from tapwealth.bank import store as bank
from tapwealth.bank.entries import NUMBER_OF, Part
from tapwealth.bank.reservation import ReservationState
from tapwealth.customers import store as customers
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.payments import Payment, Purpose
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, Moment, actor_number
from tapwealth.flows.issuing import reservations
from tapwealth.issuing import store
from tapwealth.issuing.entries import Taken, card_due
from tapwealth.issuing.store import Authorisation
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account

_RESERVE = NUMBER_OF[Kind.CUSTOMER_RESERVE]
_NEXT = timedelta(days=1)


async def collect(house: House, tx: Any, at: Moment, day: date, taken: Sequence[tuple[Authorisation, Taken]]) -> None:
    """Have the banks debit what was captured; what they hold beyond that is free. No statement for taps without a card."""
    by_card = [(row, of.card) for row, of in taken if row.card_amount]
    due = [(row, amount) for row, amount in by_card if amount]
    await reservations.give_up(tx, [row for row, amount in by_card if not amount], "clearing took nothing of it")
    if not due:
        return
    held = await mandate_store.reservations(tx, [(row.book, row.id) for row, _ in due])
    under = await mandate_store.mandates(tx, [(one.book, one.mandate) for one in held.values()])
    people = await customers.persons(tx, sorted({(row.book, row.person) for row, _ in due}))
    made = [
        Payment(
            derived(row.id, "card debit"),
            held[row.id].name,
            Purpose.CARD_DEBIT,
            str(under[held[row.id].mandate].card),
            _RESERVE,
            people[row.person].shown_name,
            day + _NEXT,
            (Part(row.book, amount, house_account(row.book, Kind.CUSTOMER_RECEIVABLE, Asset.CNY), card_due(row.book)),),
            direct_debit=True,
        )
        for row, amount in due
    ]
    await payments.instruct(house, tx, at, day, await actor_number(tx, HOUSE_BOOK, PLATFORM), made)
    await mandate_store.set_reservations(tx, [(row.book, row.id, held[row.id].state, ReservationState.DEBITED, "") for row, _ in due])


def to_card(paid: int, before: int, amount: int) -> int:
    """How much of `amount` fen goes back to a card that has `paid` so much of the tap, when `before` was given back already.

    >>> [to_card(50, 0, 30), to_card(50, 30, 30), to_card(50, 60, 30)]
    [30, 20, 0]
    """
    return min(paid, before + amount) - min(paid, before)


async def give_back(house: House, tx: Any, at: Moment, day: date, credited: Sequence[Authorisation], wallets: Sequence[int]) -> None:
    """Pay on to the cards what their share of these credits is. It lies in the wallets, and stays there if the bank rejects it, or has
    not paid the debit itself by now: what a bank rejects afterwards must not have gone to its customer already."""
    originals = await store.by_id(tx, [(row.book, row.original) for row in credited if row.original])
    by_card = [one for one in originals.values() if one.card_amount]
    if not by_card:
        return
    held = await mandate_store.reservations(tx, [(one.book, one.id) for one in by_card])
    debits = await bank.by_end_to_end(tx, [one.name for one in held.values()])
    under = await mandate_store.mandates(tx, [(one.book, one.mandate) for one in held.values()])
    people = await customers.persons(tx, sorted({(one.book, one.person) for one in by_card}))
    before = await store.credited_before(tx, [(one.book, one.id) for one in by_card], day + _NEXT)
    made = []
    for row, wallet in zip(credited, wallets, strict=True):
        original = row.original if row.original in held else None
        debit = debits.get(held[original].name) if original else None
        if original is None or debit is None or debit.state != "executed":
            continue
        amount = to_card(debit.amount, before.get(original, 0), row.credit)
        before[original] = before.get(original, 0) + row.credit
        if amount:
            card = str(under[held[original].mandate].card)
            made.append(_refund(row, card, people[row.person].shown_name, amount, wallet, day))
    await payments.instruct(house, tx, at, day, await actor_number(tx, HOUSE_BOOK, PLATFORM), made)


def _refund(row: Authorisation, card: str, shown_name: str, amount: int, wallet: int, day: date) -> Payment:
    identifier = derived(row.id, "card refund")
    name = payments.end_to_end("TRF", identifier)
    return Payment(identifier, name, Purpose.CARD_REFUND, _RESERVE, card, shown_name, day + _NEXT, (Part(row.book, amount, wallet),))
