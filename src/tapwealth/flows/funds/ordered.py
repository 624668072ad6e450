"""What holders have ordered of funds: purchases, and the switches that go into them. Caps count both."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from tapwealth.funds import orders_store, quotation_store, switch_store
from tapwealth.funds.conditions import FundKind
from tapwealth.funds.orders_store import Ordered
from tapwealth.funds.store import Fund


async def ordered_by(
    tx: Any, people: Sequence[tuple[int, UUID]], first: date, funds: Mapping[str, Fund]
) -> dict[tuple[UUID, str], Ordered]:
    """Fen by holder (book, id) and fund, under way and of the dealing days from `first` on. What a switch brings is not known before it is
    answered: its units count at the last NAV."""
    found = await orders_store.purchases_of(tx, people, first)
    switched = await switch_store.entering(tx, people, first) if len(funds) > 1 else []
    priced = any(one.units and funds[one.left].kind is FundKind.NAV for one in switched)
    navs = await quotation_store.last_navs(tx) if priced else {}
    for one in switched:
        key, worth = (one.fund_account, one.fund), funds[one.left].value(one.units, navs)
        before = found[key]
        of_day = {one.day: before.by_day.get(one.day, 0) + worth + one.amount} if one.day >= first else {}
        found[key] = Ordered(before.under_way + worth, {**before.by_day, **of_day})
    return found
