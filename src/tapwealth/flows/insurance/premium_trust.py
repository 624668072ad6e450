"""What lies in the premium trust at the end of a date, by item, and its proof: a step of the day's end.

What the trust holds is owed to the insurer, is commission that is kept for what is given back, is in suspense, or has left by what the bank
was told to pay and has not paid. Beside it stands what has not come there: the commission that is to be given back, of which the rest is
called in, and the commission on premiums that the insurer has kept of claims.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tapwealth.bank import store as bank
from tapwealth.bank.entries import NUMBER_OF
from tapwealth.bank.store import BreakRow
from tapwealth.flows.end_of_day import StepReport
from tapwealth.flows.frame import House, moment
from tapwealth.flows.insurance.settling import by_book, commissions, have_arrived
from tapwealth.insurance import policy_event_store
from tapwealth.insurance.policy_event_store import PolicyEventRow
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.words import counted
from tapwealth.ledger.chart import BY_KIND, Kind
from tapwealth.storage.database import Tx

SOURCE = "premium_trust"
"""Of the breaks found here."""
_TRUST = (Kind.INSURER, Kind.COMMISSION, Kind.INSURER_SUSPENSE)
"""What is owed from the premium trust."""


@dataclass(frozen=True, slots=True)
class TrustItem:
    """An event, a payment or a receipt, in fen."""

    book: int
    item: str
    amount: int


@dataclass(frozen=True, slots=True)
class Trust:
    """At the end of a date. `standing`: what is owed from the trust, by account and book. By item: `owed`, premiums that are not settled;
    `back`, commission that is to be given back; `later`, commission to be had of premiums that the insurer has kept; `leaving`, what the
    bank was told to pay; `suspense`."""

    standing: Mapping[Kind, Mapping[int, int]]
    owed: Sequence[TrustItem]
    back: Sequence[TrustItem]
    later: Sequence[TrustItem]
    leaving: Sequence[TrustItem]
    suspense: Sequence[TrustItem]

    def total(self, kind: Kind) -> int:
        """Fen over all books."""
        return sum(self.standing[kind].values())

    @property
    def explained(self) -> int:
        """Fen that lie in the trust by item."""
        return sum(one.amount for one in (*self.owed, *self.suspense, *self.leaving)) + self.total(Kind.COMMISSION)


async def trust_on(house: House, tx: Tx, day: date) -> Trust:
    """By the accounts, and by item."""
    books, number = list(house.all_books), NUMBER_OF[Kind.PREMIUM_TRUST]
    standing = {kind: await by_book(house, tx, kind, day) for kind in _TRUST}
    swept = await policy_event_store.arrived_unsettled(tx, books, day)
    there = await have_arrived(tx, swept, day)
    waiting = await policy_event_store.unsettled(tx, books, day)
    back, later = [row for row in waiting if row.premium <= 0], [row for row in waiting if row.kept]
    commission = await commissions(tx, [*back, *later])

    def of(row: PolicyEventRow) -> int:
        return commission[row.book, row.event, row.serial]

    return Trust(
        standing,
        _items([row for row in swept if row.swept_by in there], lambda row: row.amount),
        _items(back, lambda row: -of(row)),
        _items(later, of),
        [TrustItem(0, one.end_to_end_id, one.amount) for one in await bank.unsettled_on(tx, day) if one.from_account == number],
        [TrustItem(0, name, amount) for name, amount in await bank.kept_in_suspense(tx, number, day)],
    )


def _items(rows: Sequence[PolicyEventRow], amount: Callable[[PolicyEventRow], int]) -> list[TrustItem]:
    return [TrustItem(row.book, row.serial, amount(row)) for row in rows]


async def prove_trust(house: House, day: date) -> StepReport:
    """What lies in the premium trust at the end of a date is owed to the insurer, is commission, or is in suspense; each named by item."""
    async with house.database.transaction() as tx:
        at = await moment(tx)
        trust = await trust_on(house, tx, day)
        found = await bank.replace_breaks(tx, day, SOURCE, _unexplained(trust), at.now)
    totals = {BY_KIND[kind].name: trust.total(kind) for kind in _TRUST}
    named = {
        "owed": _named(trust.owed),
        "given_back_later": _named(trust.back),
        "had_later": _named(trust.later),
        "leaving": _named(trust.leaving),
        "suspense": _named(trust.suspense),
    }
    return StepReport(_said(trust), {"trust": totals, **named}, [one.text for one in found if not one.accounted])


def _named(items: Sequence[TrustItem]) -> list[dict[str, Any]]:
    return [{"item": one.item, "amount": one.amount} for one in items]


def _said(trust: Trust) -> str:
    text = f"{counted(len(trust.owed), 'premium')} in the trust, {format_minor(_sum(trust.owed))} yuan"
    if not trust.later:
        return text
    return f"{text}; {format_minor(_sum(trust.later))} yuan of commission still to be had of premiums that the insurer kept"


def _sum(items: Sequence[TrustItem]) -> int:
    return sum(one.amount for one in items)


def _of_books(items: Sequence[TrustItem]) -> Mapping[int, int]:
    found: dict[int, int] = defaultdict(int)
    for one in items:
        found[one.book] += one.amount
    return found


def _unexplained(trust: Trust) -> list[BreakRow]:
    """What the accounts say otherwise than their items."""
    owed, back = _of_books(trust.owed), _of_books(trust.back)
    found = []
    for book, amount in trust.standing[Kind.INSURER].items():
        if amount != owed[book]:
            text = f"book {book} owes the insurer {format_minor(amount)} yuan, its unsettled premiums are {format_minor(owed[book])}"
            found.append(_break("owed_differs", f"book {book}", amount - owed[book], text))
    for book, amount in trust.standing[Kind.COMMISSION].items():
        if not 0 <= amount <= back[book]:
            way = f"{format_minor(back[book])} yuan are to be given back"
            text = f"{format_minor(amount)} yuan of commission are in the trust for book {book}, {way}"
            found.append(_break("commission_differs", f"book {book}", amount - max(back[book], 0), text))
    kept, suspense = trust.total(Kind.INSURER_SUSPENSE), _sum(trust.suspense)
    if kept != suspense:
        text = f"{format_minor(kept)} yuan are in suspense with the insurer, by item {format_minor(suspense)}"
        found.append(_break("suspense_differs", "suspense", kept - suspense, text))
    return found


def _break(kind: str, item: str, amount: int, text: str) -> BreakRow:
    return BreakRow(SOURCE, kind, item, amount, text, accounted=False)
