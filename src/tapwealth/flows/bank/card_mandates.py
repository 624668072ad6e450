"""Mandates at the banks of bound cards: for taps, sweeps and bills alike, each is confirmed by its bank before anything is collected."""

from datetime import date
from typing import NamedTuple
from uuid import UUID

from tapwealth.bank.mandate import BankSaid, MandateOrder
from tapwealth.customers import store as customers
from tapwealth.customers.store import BankCardRow
from tapwealth.flows.customers.people import card_number, open_person
from tapwealth.flows.frame import House

CONFIRM, REVOKE = "confirm", "revoke"
"""Kinds of outbox messages about them."""


class CardMandate(NamedTuple):
    """What a bound card lets us collect at once and in a day, fen; `name` is what its bank knows it by."""

    book: int
    person: UUID
    card: UUID
    name: str
    at_once: int
    per_day: int
    given_on: date


async def bank_told(house: House, kind: str, one: CardMandate) -> tuple[BankCardRow, BankSaid] | None:
    """Tell the card's bank, outside any transaction: what it says, with the card; None where it was told that the mandate is over. Raises
    Outage while it has not answered."""
    if kind == REVOKE:
        await house.rails.mandates.revoke(one.name)
        return None
    async with house.database.read() as tx:
        card = await customers.bank_card(tx, one.book, one.card)
        person = (await customers.persons(tx, [(one.book, one.person)]))[one.person]
    assert card is not None, "a mandate is of a bound card, and what is bound stays"
    holder = open_person(house, person).name
    order = MandateOrder(one.name, card_number(house, card), holder, one.at_once, one.per_day, one.given_on)
    return card, await house.rails.mandates.confirm(order)
