"""What the registrar's answers (04) mean for funds with a NAV: each is computed by us too, and the lots follow what was confirmed.

The registrar's word is posted. Where our own arithmetic says otherwise, a break names both. A file whose price we do not know waits: what
cannot be checked is not posted.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from tapwealth.bank.store import BreakRow
from tapwealth.flows.frame import House
from tapwealth.funds import conditions_store, entries, lots_store, nav_orders, orders_store, quotation_store
from tapwealth.funds.conditions import Conditions, FundKind
from tapwealth.funds.exchange_values import BUYS, BusinessCode, ConfirmationRecord
from tapwealth.funds.lots import Lot, Taken
from tapwealth.funds.lots_store import LeftLot, LotRow, LotUse
from tapwealth.funds.nav import NAV_SCALE
from tapwealth.funds.nav_orders import Difference, Price
from tapwealth.funds.order_state import OrderState
from tapwealth.funds.orders_store import OrderRow
from tapwealth.funds.store import Fund
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import derived
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.ofd import DataFileName


class NavNotIn(BadInput):
    """What cannot be checked is not posted: the file waits for the NAV of a fund and day, and all that follow from it wait behind it."""

    def __init__(self, file: DataFileName, fund: str, day: date, which: str = "") -> None:
        hint = "ask the registrar for it, or decide on it if it waits for a second pair of eyes"
        super().__init__(f"the NAV (07) of {fund} of {day}{which} is not in", where=str(file), hint=hint)


Answer = tuple[OrderRow, ConfirmationRecord]


@dataclass(slots=True)
class _Changes:
    """What the answers of a file do to lots; `left` is what each holder has, the oldest first."""

    left: dict[tuple[UUID, str], list[LeftLot]]
    came: list[LotRow]
    went: list[LotUse]

    def lots(self, order: OrderRow) -> list[Lot]:
        """What its holder has: the units were held, and what is held has lots, as the day's proof says of everybody."""
        return [one.lot for one in self.left[order.fund_account, order.fund]]

    def take(self, order: OrderRow, taken: Sequence[Taken], source: UUID, day: date) -> None:
        """Units that went by the entry `source`."""
        key = order.fund_account, order.fund
        ids, gone = {of.lot: of.id for of in self.left[key]}, {one.lot: one.units for one in taken}
        self.went += [LotUse(order.book, ids[one.lot], source, *key, one.units, one.fee, day) for one in taken]
        left = [LeftLot(of.id, of.lot.less(gone.get(of.lot, 0))) for of in self.left[key]]
        self.left[key] = [of for of in left if of.lot.units]


async def take(
    house: House, tx: Any, file: DataFileName, fresh: Sequence[Answer], funds: Mapping[str, Fund], source: str, day: date
) -> list[BreakRow]:
    """Of a file's answers that are posted: keep price and lots. Raises NavNotIn."""
    answers = [(order, one) for order, one in fresh if one.accepted and one.volume and _has_price(order, funds)]
    if not answers:
        return []
    found = await _prices(house, tx, file, answers, funds)
    left = [(order.book, order.fund_account, order.fund) for order, _ in answers if order.business_code not in BUYS]
    changes = _Changes(await lots_store.lots_left(tx, sorted(set(left))), [], [])
    breaks = []
    for number, (order, one) in enumerate(answers):
        difference = _JUDGES[order.business_code](changes, order, one, found, number, day)
        if difference is not None:
            breaks.append(BreakRow(source, "price_differs", one.serial, difference.amount, f"{file}: {difference.text}", False))
    await lots_store.add_lots(tx, changes.came)
    await lots_store.use_lots(tx, changes.went)
    await orders_store.price_orders(tx, [(order.book, order.id, one.nav, one.charge + one.target_charge) for order, one in answers])
    switched = [(order.book, order.id, one.target_volume) for order, one in answers if order.business_code == BusinessCode.SWITCH]
    await orders_store.count_switched(tx, switched)
    return breaks


def _has_price(order: OrderRow, funds: Mapping[str, Fund]) -> bool:
    """A switch has two, and a money fund's is 1.0000."""
    if order.business_code in (*BUYS, BusinessCode.REDEEM):
        return funds[order.fund].kind is FundKind.NAV
    return order.business_code == BusinessCode.SWITCH


def _funds_of(order: OrderRow) -> tuple[str, ...]:
    return (order.fund, order.target_fund) if order.target_fund else (order.fund,)


_Prices = Mapping[tuple[UUID, str], Price]
Versions = Mapping[str, Sequence[tuple[datetime, Conditions]]]
"""By fund: which conditions stand from when on."""


async def _prices(
    house: House, tx: Any, file: DataFileName, answers: Sequence[Answer], funds: Mapping[str, Fund]
) -> dict[tuple[UUID, str], Price]:
    """By order and fund: the NAV of its dealing day, and the conditions that stood at that day's cut-off."""
    versions = await conditions_store.versions(tx, sorted({fund for order, _ in answers for fund in _funds_of(order)}))
    days = {order.id: _dealt_on(house, versions, order, one) for order, one in answers}
    wanted = {(fund, days[order.id]) for order, _ in answers for fund in _funds_of(order)}
    known = await prices_of(tx, file, wanted, versions, funds)
    return {(order.id, fund): known[fund, days[order.id]] for order, _ in answers for fund in _funds_of(order)}


def _dealt_on(house: House, versions: Versions, order: OrderRow, one: ConfirmationRecord) -> date:
    lag = versions[order.fund][-1][1].confirmation_days
    return nav_orders.dealt_on(house.calendar, order.dealing_date, one.confirmed_on, lag, deferred=order.state == OrderState.DEFERRED)


async def prices_of(
    tx: Any, file: DataFileName, wanted: Collection[tuple[str, date]], versions: Versions, funds: Mapping[str, Fund]
) -> dict[tuple[str, date], Price]:
    """By fund and dealing day. Raises NavNotIn."""
    navs = await quotation_store.navs_of(tx, sorted(one for one in wanted if funds[one[0]].kind is FundKind.NAV))
    made = {}
    for fund, day in sorted(wanted):
        nav = navs.get((fund, day), 0) if funds[fund].kind is FundKind.NAV else NAV_SCALE
        if not nav:
            raise NavNotIn(file, fund, day)
        made[fund, day] = Price(day, nav, _stood(versions[fund], day, funds[fund]), file.receiver, funds[fund].kind)
    return made


def _stood(versions: Sequence[tuple[datetime, Conditions]], day: date, fund: Fund) -> Conditions:
    """The conditions at the cut-off of a day; the first ones before there were any."""
    cut_off = shanghai(day) + timedelta(hours=fund.cut_off_hour)
    stood = [conditions for since, conditions in versions if since <= cut_off]
    return stood[-1] if stood else versions[0][1]


def _bought(changes: _Changes, order: OrderRow, one: ConfirmationRecord, prices: _Prices, number: int, day: date) -> Difference | None:
    price = prices[order.id, order.fund]
    changes.came.append(_lot(order, order.fund, one.volume, one, number, day))
    return nav_orders.purchase_differs(one, price, nav_orders.expected_purchase(one.amount, price))


def _lot(order: OrderRow, fund: str, units: int, one: ConfirmationRecord, number: int, day: date) -> LotRow:
    return LotRow(order.book, derived(order.id, "lot"), order.fund_account, fund, one.confirmed_on, number, units, order.id, day)


def _sold(changes: _Changes, order: OrderRow, one: ConfirmationRecord, prices: _Prices, _number: int, day: date) -> Difference | None:
    price = prices[order.id, order.fund]
    ours = nav_orders.expected_redemption(changes.lots(order), one.volume, price)
    changes.take(order, ours.taken, entries.redeemed_key(order.id, order.confirmed_units), day)
    return nav_orders.redemption_differs(one, price, ours)


def _switched(changes: _Changes, order: OrderRow, one: ConfirmationRecord, prices: _Prices, number: int, day: date) -> Difference | None:
    out, into = prices[order.id, order.fund], prices[order.id, order.target_fund]
    ours = nav_orders.expected_switch(changes.lots(order) if out.kind is FundKind.NAV else None, one.volume, out, into)
    changes.take(order, ours.left.taken, order.id, day)
    if into.kind is FundKind.NAV:
        changes.came.append(_lot(order, order.target_fund, one.target_volume, one, number, day))
    return nav_orders.switch_differs(one, out, into, ours)


_JUDGES: Mapping[str, Callable[[_Changes, OrderRow, ConfirmationRecord, _Prices, int, date], Difference | None]] = {
    BusinessCode.PURCHASE: _bought,
    BusinessCode.PLAN: _bought,
    BusinessCode.REDEEM: _sold,
    BusinessCode.SWITCH: _switched,
}
