"""How a day's income reaches the ledger: spread over the holders, one entry a book; or an entry for each.

The second way is for what cannot be spread: a day that comes after a later one, and the advancer, which is the house's. A day that lost
pays nobody: the registrar takes its units one by one (`registrar_orders`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import numpy as np

from tapwealth.flows.frame import HOUSE_BOOK, House, Moment, must_post
from tapwealth.flows.funds import income_register
from tapwealth.flows.funds.exchange_out import ADVANCER
from tapwealth.flows.funds.income_register import Side
from tapwealth.funds import entries, income_store
from tapwealth.funds.income_store import IncomeRow, SpreadIncome
from tapwealth.funds.store import Fund
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import named
from tapwealth.kernel.money import apportion
from tapwealth.ledger import spreading
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import BOOK_SHIFT, Column, Shares, book_of_account
from tapwealth.storage.database import Tx


@dataclass(frozen=True, slots=True)
class DaysIncome:
    """The income of a fund on a day by a file (its name). `advance`: the units that earn for the advancer, by book."""

    file: str
    fund: Fund
    income_date: date
    business_date: date
    advance: Mapping[int, int]

    def key(self, book: int, whose: UUID | str) -> UUID:
        """Of the entry that gives a holder, or a book by a file, its income of the day."""
        return named(shanghai(self.income_date), book, f"income:{self.fund.code}:{whose}")


async def give(house: House, tx: Tx, at: Moment, actor: int, income: DaysIncome, side: Side) -> None:
    """Post and remember what is to be paid."""
    await _to_the_advancer(house, tx, at, actor, income, side)
    paid = side.paid(to_the_advancer=False)
    through = await spreading.spread_through(tx, income.fund.asset)
    if through is not None and income.business_date < through:
        await _to_each(house, tx, at, actor, income, paid)
    elif len(paid[0]):
        await _spread(house, tx, at, actor, income, paid)


async def _to_the_advancer(house: House, tx: Tx, at: Moment, actor: int, income: DaysIncome, side: Side) -> None:
    """One entry a book, by its units there."""
    held = {book: units for book, units in income.advance.items() if units} or {min(house.all_books): 1}
    units = income.fund.asset
    _, volumes, computed = side.paid(to_the_advancer=True)
    for volume, ours in zip(volumes.tolist(), computed.tolist(), strict=True):
        made = [
            entries.income(
                book, income.key(book, ADVANCER), house_account(book, Kind.ADVANCER, units), share, income.business_date, actor, units
            )
            for book, share in (apportion(volume, held) if volume else {}).items()
            if share
        ]
        await must_post(house, tx, at, made)
        await income_store.add_income(tx, [_remembered(income, HOUSE_BOOK, ADVANCER, volume, ours)])


Paid = tuple[Column, Column, Column]
"""Accounts, what each is paid, and what we compute."""


async def _to_each(house: House, tx: Tx, at: Moment, actor: int, income: DaysIncome, paid: Paid) -> None:
    owners = await income_register.owners_of(tx, paid[0])
    made, rows = [], []
    for account, volume, computed in zip(*(column.tolist() for column in paid), strict=True):
        book, owner = book_of_account(account), owners[account]
        if volume:
            made.append(entries.income(book, income.key(book, owner), account, volume, income.business_date, actor, income.fund.asset))
        rows.append(_remembered(income, book, owner, volume, computed))
    await must_post(house, tx, at, made)
    await income_store.add_income(tx, rows)


def _remembered(income: DaysIncome, book: int, holder: UUID, volume: int, computed: int) -> IncomeRow:
    return IncomeRow(book, holder, income.fund.code, income.income_date, volume, computed, income.business_date)


async def _spread(house: House, tx: Tx, at: Moment, actor: int, income: DaysIncome, paid: Paid) -> None:
    """A book in which nobody gets anything has no line to spread; its holders are remembered one by one."""
    accounts, volumes, computed = paid
    sums = income_register.by_book(*paid)
    keys = {book: income.key(book, income.file) for book in sums}
    spread = entries.income_spread(keys, income.business_date, actor, income.fund.asset)
    answers = await house.ledger.spread(tx, at.now, spread, Shares(accounts, volumes))
    rows = [
        SpreadIncome(book, income.fund.code, income.income_date, answer.no, income.fund.asset, income.business_date, *sums[book])
        for book, answer in answers.items()
    ]
    await income_store.add_spread(tx, rows)
    there = np.isin(accounts >> BOOK_SHIFT, list(answers))
    other = there & (volumes != computed)
    await income_register.note_differing(tx, income.fund, income.income_date, accounts[other], computed[other])
    owners = await income_register.owners_of(tx, accounts[~there])
    left = zip(accounts[~there].tolist(), computed[~there].tolist(), strict=True)
    await income_store.add_income(tx, [_remembered(income, book_of_account(one), owners[one], 0, ours) for one, ours in left])
