"""How a day's income reaches the ledger: spread over the holders, one entry a book; or an entry for each.

The second way is for what cannot be spread: a day that comes after a later one, and the advancer, which is the house's. A day that lost
pays nobody: the registrar takes its units one by one (`registrar_orders`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from tapwealth.flows.frame import House, Moment, must_post
from tapwealth.flows.funds import income_register
from tapwealth.flows.funds.exchange_out import ADVANCER
from tapwealth.funds import entries, income_store
from tapwealth.funds.income_store import IncomeRow, SpreadIncome
from tapwealth.funds.store import Fund
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import named
from tapwealth.kernel.money import apportion
from tapwealth.ledger import spreading
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.storage.database import Tx


@dataclass(frozen=True, slots=True)
class DaysIncome:
    """The income of a fund on a day by a file (its name), whose records stand in `income_side`. `advance`: the units that earn for the
    advancer, by book."""

    file: str
    fund: Fund
    income_date: date
    business_date: date
    advance: Mapping[int, int]

    def key(self, book: int, whose: UUID | str) -> UUID:
        """Of the entry that gives a holder, or a book by a file, its income of the day."""
        return named(shanghai(self.income_date), book, f"income:{self.fund.code}:{whose}")


async def give(house: House, tx: Tx, at: Moment, actor: int, income: DaysIncome) -> None:
    """Post and remember what is to be paid."""
    await _to_the_advancer(house, tx, at, actor, income)
    through = await spreading.spread_through(tx, income.fund.asset)
    if through is not None and income.business_date < through:
        await _to_each(house, tx, at, actor, income)
    elif paid := await income_register.books_paid(tx):
        await _spread(house, tx, at, actor, income, paid)


async def _to_the_advancer(house: House, tx: Tx, at: Moment, actor: int, income: DaysIncome) -> None:
    """One entry a book, by its units there."""
    held = {book: units for book, units in income.advance.items() if units} or {min(house.all_books): 1}
    units = income.fund.asset
    for row in await income_register.payable(tx, to_the_advancer=True):
        made = [
            entries.income(
                book, income.key(book, ADVANCER), house_account(book, Kind.ADVANCER, units), share, income.business_date, actor, units
            )
            for book, share in (apportion(row.volume, held) if row.volume else {}).items()
            if share
        ]
        await must_post(house, tx, at, made)
        await income_store.add_income(tx, [_remembered(income, row)])


async def _to_each(house: House, tx: Tx, at: Moment, actor: int, income: DaysIncome) -> None:
    rows = await income_register.payable(tx, to_the_advancer=False)
    made = []
    for row in rows:
        if row.volume:
            key = income.key(row.book, row.holder)
            made.append(entries.income(row.book, key, row.account, row.volume, income.business_date, actor, income.fund.asset))
    await must_post(house, tx, at, made)
    await income_store.add_income(tx, [_remembered(income, row) for row in rows])


def _remembered(income: DaysIncome, row: income_register.Row) -> IncomeRow:
    return IncomeRow(row.book, row.holder, income.fund.code, income.income_date, row.volume, row.computed, income.business_date)


async def _spread(house: House, tx: Tx, at: Moment, actor: int, income: DaysIncome, paid: Mapping[int, tuple[int, int, int]]) -> None:
    """A book in which nobody gets anything has no line to spread."""
    keys = {book: income.key(book, income.file) for book in sorted(paid)}
    await spreading.stage(tx)
    await income_register.stage_shares(tx)
    answers = await house.ledger.spread(tx, at.now, entries.income_spread(keys, income.business_date, actor, income.fund.asset))
    rows = [
        SpreadIncome(book, income.fund.code, income.income_date, answer.no, income.fund.asset, income.business_date, *paid[book])
        for book, answer in answers.items()
    ]
    await income_store.add_spread(tx, rows)
    await income_register.note_holders(tx, income.fund, income.income_date, income.business_date, list(answers))
