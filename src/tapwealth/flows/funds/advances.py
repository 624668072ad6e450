"""Units that the bank's advance takes over for as much money, whatever they paid for: their order to the registrar, and the draw.

The order (098) goes out with the files of its date, also on days without dealing, so its date must be one that is not cut. The money is
drawn at once: what it paid for may leave the reserve the same day, and must not leave out of other customers' money.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from tapwealth.bank.entries import NUMBER_OF, Part
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.payments import Payment, Purpose, end_to_end
from tapwealth.flows.frame import House, Moment
from tapwealth.flows.funds.purchase import OWN_CHANNEL, serial_of
from tapwealth.funds import orders_store
from tapwealth.funds.exchange_values import BusinessCode
from tapwealth.funds.orders_store import OrderRow
from tapwealth.funds.store import Fund
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.storage.database import Tx


@dataclass(frozen=True, slots=True)
class TakenOver:
    """`id` is the order's; `name` names it at the registrar and is the id of the draw, and does not depend on the book. `source`: what the
    units paid for, None where the holder has the money."""

    book: int
    id: UUID
    name: UUID
    person: UUID
    fund: Fund
    holding: int
    units: int
    received_at: datetime
    source: UUID | None = None


async def take_over(house: House, tx: Tx, at: Moment, day: date, actor: int, taken: Sequence[TakenOver]) -> None:
    """Place the orders and draw the money, for entries of the same transaction that have moved units and line. No statement for none."""
    if not taken:
        return
    await orders_store.add_orders(tx, [_order(one, day) for one in taken])
    await payments.instruct(house, tx, at, day, actor, [_draw(one, business_date_of(at.now)) for one in taken], set_aside=False)


def _order(one: TakenOver, day: date) -> OrderRow:
    return OrderRow(
        book=one.book,
        id=one.id,
        serial=serial_of(day, one.name),
        channel=OWN_CHANNEL,
        fund=one.fund.code,
        fund_account=one.person,
        funding=house_account(one.book, Kind.TRANSIT_098, one.fund.asset),
        holding=one.holding,
        business_code=BusinessCode.FAST_TRANSFER,
        amount=0,
        units=one.units,
        received_at=one.received_at,
        dealing_date=day,
        business_date=day,
        source=one.source,
    )


def _draw(one: TakenOver, today: date) -> Payment:
    """The advanced money's way from the bank's account into the reserve."""
    out, due = (house_account(one.book, kind, Asset.CNY) for kind in (Kind.ADVANCE_OUT, Kind.RESERVE_DUE))
    return Payment(
        one.name,
        end_to_end("ADV", one.name),
        Purpose.ADVANCE_DRAW,
        NUMBER_OF[Kind.ADVANCE],
        NUMBER_OF[Kind.CUSTOMER_RESERVE],
        "Tapwealth customer reserve",
        today,
        (Part(one.book, one.units, out, due),),
    )
