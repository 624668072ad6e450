"""Units back into money in the ordinary way: no cap, no advance, and the money about two days after the dealing day.

The units stay the holder's, and earn, until the registrar confirms; until then they are held, so that nothing else can take them. The order
goes out with the file of its dealing day. An order can be taken back until the cut-off of that day: it has not left the house, so the
registrar hears of neither.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from tapwealth.customers import store as customers
from tapwealth.flows.customers.people import own_key, wallet_of, who
from tapwealth.flows.frame import Envelope, House, Moment, must_post, once
from tapwealth.flows.funds.purchase import Place, order_of, own_order
from tapwealth.funds import conditions_store, entries, freezes, orders_store, store
from tapwealth.funds.conditions import Conditions
from tapwealth.funds.exchange_values import CANCEL_REST, DEFER_REST, BusinessCode
from tapwealth.funds.order_state import OrderState
from tapwealth.funds.purchase import dealing_date
from tapwealth.funds.redemption import RedemptionFacts, decide, may_cancel
from tapwealth.kernel.ids import prefixed
from tapwealth.kernel.money import checked
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.storage.database import Tx

UNTIL_ANSWERED = timedelta(days=3660)
"""Units asked back stay held until the registrar answers, and every hold has an end: ten years, which none waits for."""


class WhatIsLeft(StrEnum):
    """What becomes of the part that a large-redemption day leaves: it goes on with the next dealing day, at its price, or is cancelled."""

    DEFER = "defer"
    CANCEL = "cancel"


class RedeemFund(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many units (1/100) of the fund with that code back into money, in the ordinary way."""

    fund: str
    units: int
    if_large: WhatIsLeft = WhatIsLeft.DEFER


class RedemptionPlaced(msgspec.Struct, frozen=True):
    """The order's id and dealing day."""

    order: str
    dealing_date: date
    units: int
    received_at: datetime | None = None
    business_date: date | None = None


async def redeem(house: House, envelope: Envelope, command: RedeemFund) -> RedemptionPlaced | Refusal:
    """Hold the units and place the order."""
    checked(command.units, where="units")
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, actor: int) -> RedemptionPlaced | Refusal:
        facts, holding = await facts_of(house, tx, at, book, person, command.fund)
        refusal = decide(facts, command.units)
        if refusal is not None:
            return refusal
        assert facts.fund is not None, "a fund that is not there is refused"
        row = (await customers.persons(tx, [(book, person)]))[person]
        key, day = own_key(envelope, "redeem", row), dealing_date(house.calendar, facts.fund, envelope.received_at, at.cut)
        place = Place(facts.fund.code, day, await wallet_of(house, tx, book, person), holding)
        order = own_order(envelope, at, "redeem", key, place, BusinessCode.REDEEM, units=command.units)
        order = replace(order, large_flag=DEFER_REST if command.if_large is WhatIsLeft.DEFER else CANCEL_REST)
        view, until = order_of(order, facts.fund, own=True), envelope.received_at + UNTIL_ANSWERED
        await must_post(house, tx, at, [entries.redemption_placed(view, order.units, order.business_date, actor, until)])
        await orders_store.add_orders(tx, [order])
        return RedemptionPlaced(prefixed("ord", order.id), day, order.units, order.received_at, order.business_date)

    return await once(house, [book], envelope, command, act, RedemptionPlaced)


async def facts_of(house: House, tx: Tx, at: Moment, book: int, person: UUID, code: str) -> tuple[RedemptionFacts, int]:
    """What is known, and the ledger account of the units."""
    fund, holding = (await store.funds(tx)).get(code), None
    if fund is not None:
        wanted = NewAccount(book, Kind.HOLDING, person, fund.asset, Limit.DEBITS_WITHIN_CREDITS)
        (holding,) = await house.ledger.find_accounts(tx, [wanted])
    accounts = [holding] if holding else []
    free, balances = await house.ledger.free(tx, at.now, accounts), await house.ledger.balances(tx, accounts)
    holder = (await store.accounts_by_id(tx, [(book, person)])).get(person)
    held = balances[holding].totals.owed if holding else 0
    frozen = await freezes.frozen_units(tx, book, person, code)
    _, terms = (await conditions_store.conditions(tx)).get(code, (0, Conditions()))
    units = free.get(holding, 0) if holding else 0
    return RedemptionFacts(fund, holder, held, units, frozen, terms.minimum_redemption, terms.minimum_holding), holding or 0


class CancelOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take a purchase, a redemption or a switch of one's own back, before the cut-off of its dealing day."""

    order: UUID


class OrderCancelled(msgspec.Struct, frozen=True):
    """`amount` fen are in the wallet again, or `units` free again."""

    order: str
    amount: int
    units: int


async def cancel(house: House, envelope: Envelope, command: CancelOrder) -> OrderCancelled | Refusal:
    """The money of a purchase comes back at once, the units of a redemption or a switch are free again."""
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, actor: int) -> OrderCancelled | Refusal:
        found = (await orders_store.orders_by_id(tx, [(book, command.order)])).get(command.order)
        order = found if found is not None and found.fund_account == person else None
        fund = (await store.funds(tx)).get(order.fund) if order else None
        refusal = may_cancel(order, fund, house.calendar, envelope.received_at, at.cut)
        if refusal is not None:
            return refusal
        assert order is not None, "an order that is not there is refused"
        assert fund is not None, "a fund on the shelf stays there"
        day, view = at.date_of(envelope.received_at), order_of(order, fund, own=True)
        match order.business_code:
            case BusinessCode.REDEEM:
                entry = entries.redemption_cancelled(view, order.units, day, actor)
            case BusinessCode.SWITCH:
                entry = entries.switch_cancelled(view, order.units, day, actor)
            case _:
                entry = entries.purchase_cancelled(view, day, actor)
        await must_post(house, tx, at, [entry])
        await orders_store.settle_orders(tx, [(book, order.id, OrderState.CANCELLED, 0, 0, "")], day)
        return OrderCancelled(prefixed("ord", order.id), order.amount, order.units)

    return await once(house, [book], envelope, command, act, OrderCancelled)
