"""What the registrar's answers (04) mean for funds with a NAV: each is computed by us too, and the lots follow what was confirmed.

The registrar's word is posted. Where our own arithmetic says otherwise, a break names both. A file whose price we do not know waits: what
cannot be checked is not posted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from tapwealth.bank.store import BreakRow
from tapwealth.flows.frame import House
from tapwealth.funds import conditions_store, entries, lots_store, nav_orders, orders_store, quotation_store
from tapwealth.funds.conditions import FundKind
from tapwealth.funds.exchange_values import BusinessCode, ConfirmationRecord
from tapwealth.funds.lots_store import LeftLot, LotRow, LotUse
from tapwealth.funds.nav_orders import Difference, Price
from tapwealth.funds.orders_store import OrderRow
from tapwealth.funds.store import Fund
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import derived
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.ofd import DataFileName

Answer = tuple[OrderRow, ConfirmationRecord]


@dataclass(slots=True)
class _Changes:
    """What the answers of a file do to lots; `left` is what each holder has, the oldest first."""

    left: dict[tuple[UUID, str], list[LeftLot]]
    came: list[LotRow]
    went: list[LotUse]


async def take(
    house: House, tx: Any, file: DataFileName, fresh: Sequence[Answer], funds: Mapping[str, Fund], source: str, day: date
) -> list[BreakRow]:
    """Of a file's answers that are posted: keep price and lots. Raises BadInput if the NAV of a dealing day is not known."""
    dealt = (BusinessCode.PURCHASE, BusinessCode.REDEEM)
    answers = [
        (order, one)
        for order, one in fresh
        if funds[order.fund].kind is FundKind.NAV and one.accepted and one.volume and order.business_code in dealt
    ]
    if not answers:
        return []
    prices = await _prices(house, tx, file, answers, funds)
    sold = [(order.book, order.fund_account, order.fund) for order, _ in answers if order.business_code == BusinessCode.REDEEM]
    changes = _Changes(await lots_store.lots_left(tx, sorted(set(sold))), [], [])
    breaks = []
    for number, (order, one) in enumerate(answers):
        judge = _bought if order.business_code == BusinessCode.PURCHASE else _sold
        difference = judge(changes, order, one, prices[order.id], number, day)
        if difference is not None:
            breaks.append(BreakRow(source, "price_differs", one.serial, difference.amount, f"{file}: {difference.text}", False))
    await lots_store.add_lots(tx, changes.came)
    await lots_store.use_lots(tx, changes.went)
    await orders_store.price_orders(tx, [(order.book, order.id, one.nav, one.charge) for order, one in answers])
    return breaks


async def _prices(house: House, tx: Any, file: DataFileName, answers: Sequence[Answer], funds: Mapping[str, Fund]) -> dict[UUID, Price]:
    """By order: the NAV of its dealing day, and the conditions that stood at that day's cut-off."""
    versions = await conditions_store.versions(tx, sorted({order.fund for order, _ in answers}))
    latest = {fund: said[-1][1] for fund, said in versions.items()}
    days = {
        order.id: nav_orders.dealt_on(
            house.calendar, order.dealing_date, one.confirmed_on, latest[order.fund].confirmation_days, order.confirmed_units
        )
        for order, one in answers
    }
    navs = await quotation_store.navs_of(tx, sorted({(order.fund, days[order.id]) for order, _ in answers}))
    made = {}
    for order, _ in answers:
        day = days[order.id]
        if (order.fund, day) not in navs:
            hint = "ask the registrar for it, or decide on it if it waits for a second pair of eyes"
            raise BadInput(f"the NAV (07) of {order.fund} of {day} is not in", where=str(file), hint=hint)
        cut_off = shanghai(day) + timedelta(hours=funds[order.fund].cut_off_hour)
        stood = [conditions for since, conditions in versions[order.fund] if since <= cut_off] or [versions[order.fund][0][1]]
        made[order.id] = Price(day, navs[order.fund, day], stood[-1], order.channel)
    return made


def _bought(changes: _Changes, order: OrderRow, one: ConfirmationRecord, price: Price, number: int, day: date) -> Difference | None:
    row = LotRow(order.book, derived(order.id, "lot"), order.fund_account, order.fund, one.confirmed_on, number, one.volume, order.id, day)
    changes.came.append(row)
    return nav_orders.purchase_differs(one, price, nav_orders.expected_purchase(one.amount, price))


def _sold(changes: _Changes, order: OrderRow, one: ConfirmationRecord, price: Price, _number: int, day: date) -> Difference | None:
    """The units were held, and what is held has lots: the day's proof says so of every holder."""
    key = order.fund_account, order.fund
    left = changes.left[key]
    ours = nav_orders.expected_redemption([one.lot for one in left], one.volume, price)
    ids = {of.lot: of.id for of in left}
    gone = {taken.lot: taken.units for taken in ours.taken}
    source = entries.redeemed_key(order.id, order.confirmed_units)
    changes.went += [LotUse(order.book, ids[taken.lot], source, *key, taken.units, taken.fee, day) for taken in ours.taken]
    changes.left[key] = [LeftLot(of.id, of.lot.less(gone.get(of.lot, 0))) for of in left if of.lot.units > gone.get(of.lot, 0)]
    return nav_orders.redemption_differs(one, price, ours)
