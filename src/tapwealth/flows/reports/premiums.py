"""What of the premiums was earned at the end of a date, by product, and what lay in the premium trust, by item: the accountant's figures,
reckoned from what has happened to policies.

Nothing is kept by day: premiums of the same days and amount are reckoned as one, whatever their number.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec

from tapwealth.bank import store as bank
from tapwealth.bank.entries import NUMBER_OF
from tapwealth.flows.frame import House
from tapwealth.flows.insurance.premium_trust import TrustItem, trust_on
from tapwealth.flows.insurance.settling import by_book
from tapwealth.insurance import policy_event_store
from tapwealth.insurance.earning import Earned, unearned
from tapwealth.ledger.chart import Kind


class EarnedShown(msgspec.Struct, frozen=True):
    """Fen: `premium` (taken on less what came back) = `earned` + `unearned`; the same of the house's commission on it, as far as it is
    settled with the insurer."""

    product: str
    premium: int
    earned: int
    unearned: int
    commission: int
    commission_earned: int
    commission_unearned: int


async def earned_on(house: House, tx: Any, day: date) -> list[EarnedShown]:
    """By product."""
    books = list(house.all_books)
    taken, running = await policy_event_store.taken_on(tx, books, day), await policy_event_store.running(tx, books, day)
    shown = []
    for product, (premium, commission) in taken.items():
        left, commission_left = unearned(running.get(product, ()), day)
        one = Earned(premium, left, commission, commission_left)
        shown.append(EarnedShown(product, premium, one.earned, one.unearned, commission, one.commission_earned, one.commission_unearned))
    return shown


class TrustLine(msgspec.Struct, frozen=True):
    """A serial of the bordereau, a payment's or a receipt's name; fen."""

    item: str
    amount: int


class TrustShown(msgspec.Struct, frozen=True):
    """Fen: `held` (our mirror of the trust) = `owed` + `commission` + `leaving` + `suspense`; `statement` is the bank's closing balance,
    null while it is not in. Of `given_back_later` the trust has `commission`, and `had_later` is not in it."""

    date: date
    statement: int | None
    held: int
    commission: int
    owed: list[TrustLine]
    leaving: list[TrustLine]
    suspense: list[TrustLine]
    given_back_later: list[TrustLine]
    had_later: list[TrustLine]


async def in_trust(house: House, tx: Any, day: date) -> TrustShown:
    """At the end of a date."""
    trust, said = await trust_on(house, tx, day), (await bank.statements(tx, day)).get(NUMBER_OF[Kind.PREMIUM_TRUST])
    held = -sum((await by_book(house, tx, Kind.PREMIUM_TRUST, day)).values())
    return TrustShown(
        day,
        None if said is None else said[1],
        held,
        trust.total(Kind.COMMISSION),
        _lines(trust.owed),
        _lines(trust.leaving),
        _lines(trust.suspense),
        _lines(trust.back),
        _lines(trust.later),
    )


def _lines(items: Sequence[TrustItem]) -> list[TrustLine]:
    return [TrustLine(one.item, one.amount) for one in items]
