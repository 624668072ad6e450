"""What a customer holds of funds other than the first, as their phone shows it: units, the last price known, and what they are worth."""

from datetime import date
from typing import Any

import msgspec

from tapwealth.customers.store import PersonRow
from tapwealth.flows.frame import House
from tapwealth.flows.funds import dividend_method
from tapwealth.flows.funds.pocket import holding_of, pocket_of
from tapwealth.funds import quotation_store, store
from tapwealth.funds.conditions import DividendMethod, FundKind
from tapwealth.funds.nav import NAV_SCALE


class HoldingShown(msgspec.Struct, frozen=True):
    """Units in 1/100, `held` of them set aside; `nav` in 1/10,000 yuan of `nav_date` (None: always 1.0000, or not known yet, then `nav` is
    0); `worth` in fen. `dividend_method`: how dividends are paid now (None of a money fund)."""

    fund: str
    name: str
    name_en: str
    units: int
    held: int
    nav: int
    nav_date: date | None
    worth: int
    dividend_method: DividendMethod | None = None


async def other_holdings(house: House, tx: Any, person: PersonRow) -> list[HoldingShown]:
    """By code; of a fund without a unit nothing is shown."""
    first = await pocket_of(house, tx)
    funds = [one for one in (await store.funds(tx)).values() if first is None or one.code != first.fund]
    found = await house.ledger.find_accounts(tx, [holding_of(person.book, person.id, one.asset) for one in funds])
    balances = await house.ledger.balances(tx, [account for account in found if account is not None])
    prices = await quotation_store.last_prices(tx) if balances else {}
    navs = {fund: nav for fund, (_, nav) in prices.items()}
    methods = await dividend_method.standing(tx, person.book, person.id, funds) if balances else {}
    shown = []
    for fund, account in zip(funds, found, strict=True):
        if account is None or not (units := balances[account].totals.owed):
            continue
        day, nav = prices.get(fund.code, (None, 0)) if fund.kind is FundKind.NAV else (None, NAV_SCALE)
        held = balances[account].debits_pending
        worth, method = fund.value(units, navs), methods.get(fund.code)
        shown.append(HoldingShown(fund.code, fund.name, fund.name_en, units, held, nav, day, worth, method))
    return shown
