"""What a customer's holdings of funds have brought, from the ledger's units, the registrar's answers to orders, and prices that count.

Of a money fund the gain is its income. Of any other it is worth and what came back less what was paid in, and the last point of its curve
says the same from the lots, which the day's proof holds against the ledger.
"""

from collections.abc import Mapping
from datetime import date
from itertools import accumulate
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from tapwealth.flows.frame import House
from tapwealth.flows.funds.income_given import income_by_fund
from tapwealth.funds import returns_store, store
from tapwealth.funds.conditions import FundKind
from tapwealth.funds.returns import curve, gain, simple_return, total
from tapwealth.funds.store import Fund


class GrowthPoint(msgspec.Struct, frozen=True):
    """The end of a day, in fen."""

    date: date
    worth: int
    gain: int


class ReturnShown(msgspec.Struct, frozen=True):
    """Fen. `cost` is what was paid in less what came back; `last_day` and its `last_gain`: the newest day that is known (None: none yet).

    `simple_return` is the gain on all that was paid in, in 1/1,000 percent; None of a money fund, whose yields say it. `curve`: of each day
    that has a price, none of a money fund.
    """

    fund: str
    cost: int
    gain: int
    last_day: date | None
    last_gain: int
    simple_return: int | None
    curve: list[GrowthPoint]


class HeldDay(NamedTuple):
    """What a day brought, and all days up to its end, in fen; what the units were worth then (None of a money fund)."""

    date: date
    gain: int
    total_gain: int
    worth: int | None


async def days_of(house: House, tx: Any, book: int, holder: UUID, fund: Fund) -> list[HeldDay]:
    """Of one holding: of a money fund the days that brought income, of any other those that have a price since it is held, oldest first."""
    if fund.kind is FundKind.MONEY:
        income = (await income_by_fund(house, tx, book, holder))[fund.code]
        return [HeldDay(day, income[day], total_gain, None) for day, total_gain in zip(income, accumulate(income.values()), strict=True)]
    steps = (await returns_store.steps_of(tx, book, holder))[fund.code]
    prices = await returns_store.prices_since(tx, {fund.code: min(steps)} if steps else {})
    standings = curve(steps, prices.get(fund.code, []))
    before = [0, *(one.gain for one in standings)]
    return [HeldDay(one.day, one.gain - last, one.gain, one.worth) for one, last in zip(standings, before, strict=False)]


async def returns_of(house: House, tx: Any, book: int, holder: UUID, worths: Mapping[str, int]) -> list[ReturnShown]:
    """One of each holding, of which `worths` says by fund what it is worth, in their order."""
    if not worths:
        return []
    kinds = {one.code: one.kind for one in (await store.funds(tx)).values()}
    steps = await returns_store.steps_of(tx, book, holder)
    income = await income_by_fund(house, tx, book, holder)
    prices = await returns_store.prices_since(tx, {fund: min(of) for fund, of in steps.items()})
    shown = []
    for fund, worth in worths.items():
        if kinds[fund] is FundKind.MONEY:
            of_days = income[fund]
            newest, earned = max(of_days, default=None), sum(of_days.values())
            shown.append(ReturnShown(fund, worth - earned, earned, newest, of_days[newest] if newest else 0, None, []))
            continue
        so_far = total(steps[fund].values())
        gained, standings = gain(worth, so_far), curve(steps[fund], prices.get(fund, []))
        last = standings[-1] if standings else None
        before = standings[-2].gain if len(standings) > 1 else 0
        rate = simple_return(gained, so_far.paid_in)
        points = [GrowthPoint(*point) for point in standings]
        newest_gain = last.gain - before if last else 0
        shown.append(ReturnShown(fund, so_far.paid_in - so_far.came_back, gained, last.day if last else None, newest_gain, rate, points))
    return shown
