"""What /v1 asks for, as the commands of the flows that phones use, and their answers in its shapes."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from uuid import UUID

from msgspec import structs

from tapwealth.flows.customers import people
from tapwealth.flows.customers.consents import ACCOUNT
from tapwealth.flows.customers.people import MoveIn, MoveOut, PaymentUnderWay
from tapwealth.flows.frame import HOUSE_BOOK, Envelope, House
from tapwealth.flows.funds import dividend_method, instant_redemption, plans, pocket, purchase, redemption, subscription, switch
from tapwealth.flows.funds.dividend_method import ChooseDividendMethod, DividendMethodOrdered
from tapwealth.flows.funds.instant_redemption import InstantlyRedeemed, RedeemInstantly
from tapwealth.flows.funds.plans import AgreePlan, EndPlan, PausePlan, PlanView, ResumePlan
from tapwealth.flows.funds.pocket import OrderPockets
from tapwealth.flows.funds.purchase import Placing, PurchaseFund, PurchasePlaced
from tapwealth.flows.funds.redemption import CancelOrder, OrderCancelled, RedeemFund, RedemptionPlaced
from tapwealth.flows.funds.subscription import Subscribed, SubscribeFund
from tapwealth.flows.funds.switch import SwitchFund, SwitchPlaced
from tapwealth.flows.v1 import reading
from tapwealth.flows.v1.reading import CARD, ORDER, PLAN, as_pocket
from tapwealth.flows.v1.shapes import (
    Cancelled,
    ChooseDividends,
    InstantRedemption,
    Money,
    NewOrder,
    NewPayment,
    NewPlan,
    NewPlanState,
    NewPocket,
    Order,
    Payment,
    Plan,
    Pocket,
    Purchase,
    Redemption,
    Subscription,
    Switch,
    decimals,
    yuan,
)
from tapwealth.funds.plan import Every
from tapwealth.kernel.ids import prefixed, unprefixed
from tapwealth.kernel.money import read_minor
from tapwealth.kernel.refusal import Refusal

Hot = Callable[[str, int, Any], Awaitable[Any]]
"""Hands a command to the batcher: flow, book, command."""


async def pay(house: House, envelope: Envelope, asked: NewPayment) -> Payment | Refusal:
    """Money in or out."""
    card = unprefixed(CARD, asked.bank_card) or UUID(int=0)
    amount = asked.amount.amount
    answer: PaymentUnderWay | Refusal
    if asked.direction == "in":
        answer = await people.move_in(house, envelope, MoveIn(card, amount))
    else:
        answer = await people.move_out(house, envelope, MoveOut(card, amount))
    if isinstance(answer, Refusal):
        return answer
    assert answer.created_at is not None, "a client's payments are younger than this field"
    assert answer.business_date is not None, "the same"
    return Payment(
        answer.payment, _account(envelope), asked.direction, prefixed(CARD, card), asked.amount, "processing", "", answer.created_at,
        answer.business_date, None,
    )  # fmt: skip


async def order(house: House, hot: Hot, envelope: Envelope, asked: NewOrder) -> Order | Refusal:
    """A purchase, a subscription, a redemption, a switch, or how dividends are paid."""
    match asked:
        case Purchase():
            return await _buy(hot, envelope, asked)
        case Subscription():
            return await _subscribe(hot, envelope, asked)
        case Redemption():
            return await _redeem(house, envelope, asked)
        case InstantRedemption():
            return await _redeem_instantly(house, envelope, asked)
        case Switch():
            return await _switch(house, envelope, asked)
        case ChooseDividends():
            return await _choose(house, envelope, asked)


async def _buy(hot: Hot, envelope: Envelope, asked: Purchase) -> Order | Refusal:
    command = PurchaseFund(asked.fund, asked.amount.amount)
    purchase.check(command)
    answer: PurchasePlaced | Refusal = await hot("purchase", envelope.caller.book, Placing(envelope, command))
    if isinstance(answer, Refusal):
        return answer
    return _placed(envelope, "purchase", asked.fund, answer, answer.dealing_date, amount=asked.amount)


async def _subscribe(hot: Hot, envelope: Envelope, asked: Subscription) -> Order | Refusal:
    command = SubscribeFund(asked.fund, asked.amount.amount)
    subscription.check(command)
    answer: Subscribed | Refusal = await hot("subscribe", HOUSE_BOOK, subscription.Placing(envelope, command))
    if isinstance(answer, Refusal):
        return answer
    return _placed(envelope, "subscription", asked.fund, answer, answer.dealing_date, amount=yuan(answer.amount))


async def order_pocket(house: House, envelope: Envelope, asked: NewPocket) -> Pocket | Refusal:
    """Another order of use, from the next payment on."""
    answer = await pocket.order(house, envelope, OrderPockets(asked.funds))
    return answer if isinstance(answer, Refusal) else as_pocket(answer)


async def _choose(house: House, envelope: Envelope, asked: ChooseDividends) -> Order | Refusal:
    answer = await dividend_method.choose(house, envelope, ChooseDividendMethod(asked.fund, asked.dividend_method))
    if isinstance(answer, Refusal):
        return answer
    placed = _placed(envelope, "dividend_method", asked.fund, answer, date.fromisoformat(answer.dealing_date))
    return structs.replace(placed, dividend_method=asked.dividend_method)


async def _redeem(house: House, envelope: Envelope, asked: Redemption) -> Order | Refusal:
    units = read_minor(asked.units, where="units")
    answer: RedemptionPlaced | Refusal = await redemption.redeem(house, envelope, RedeemFund(asked.fund, units))
    if isinstance(answer, Refusal):
        return answer
    return _placed(envelope, "redemption", asked.fund, answer, answer.dealing_date, units=units)


async def cancel(house: House, envelope: Envelope, order: str) -> Cancelled | Refusal:
    """An order taken back before its cut-off."""
    answer: OrderCancelled | Refusal = await redemption.cancel(house, envelope, CancelOrder(unprefixed(ORDER, order) or UUID(int=0)))
    if isinstance(answer, Refusal):
        return answer
    return Cancelled(
        answer.order, "cancelled", yuan(answer.amount) if answer.amount else None, decimals(answer.units, 2) if answer.units else None
    )


async def _redeem_instantly(house: House, envelope: Envelope, asked: InstantRedemption) -> Order | Refusal:
    units = read_minor(asked.units, where="units")
    answer: InstantlyRedeemed | Refusal = await instant_redemption.redeem(house, envelope, RedeemInstantly(asked.fund, units))
    if isinstance(answer, Refusal):
        return answer
    return _placed(envelope, "instant_redemption", asked.fund, answer, answer.business_date, units=units)


async def _switch(house: House, envelope: Envelope, asked: Switch) -> Order | Refusal:
    units = read_minor(asked.units, where="units")
    answer: SwitchPlaced | Refusal = await switch.switch(house, envelope, SwitchFund(asked.fund, asked.into, units))
    if isinstance(answer, Refusal):
        return answer
    placed = _placed(envelope, "switch", asked.fund, answer, answer.dealing_date, units=units)
    return structs.replace(placed, target_fund=asked.into)


def _placed(
    envelope: Envelope,
    kind: str,
    fund: str,
    answer: PurchasePlaced | Subscribed | RedemptionPlaced | InstantlyRedeemed | SwitchPlaced | DividendMethodOrdered,
    dealing_date: date | None,
    *,
    amount: Money | None = None,
    units: int | None = None,
) -> Order:
    """What was ordered just now, before the registrar has said anything of it."""
    assert answer.received_at is not None, "a client's orders are younger than this field"
    assert answer.business_date is not None, "the same"
    assert dealing_date is not None, "the same"
    return Order(
        answer.order, _account(envelope), kind, fund, amount, None if units is None else decimals(units, 2), "processing",
        answer.received_at, answer.business_date, dealing_date,
    )  # fmt: skip


async def agree_plan(house: House, envelope: Envelope, asked: NewPlan) -> Plan | Refusal:
    """A periodic plan."""
    command = AgreePlan(asked.fund, asked.amount.amount, Every(asked.every), asked.day)
    return _planned(envelope, await plans.agree(house, envelope, command))


async def change_plan(house: House, envelope: Envelope, asked: NewPlanState, plan: str) -> Plan | Refusal:
    """Paused, resumed, ended."""
    known = unprefixed(PLAN, plan) or UUID(int=0)
    match asked.state:
        case "paused":
            return _planned(envelope, await plans.pause(house, envelope, PausePlan(known)))
        case "active":
            return _planned(envelope, await plans.resume(house, envelope, ResumePlan(known)))
        case "ended":
            return _planned(envelope, await plans.end(house, envelope, EndPlan(known)))


def _planned(envelope: Envelope, answer: PlanView | Refusal) -> Plan | Refusal:
    assert envelope.caller.person is not None, "an account is acted for"
    return answer if isinstance(answer, Refusal) else reading.plan(envelope.caller.person, answer)


def _account(envelope: Envelope) -> str:
    assert envelope.caller.person is not None, "an account is acted for"
    return prefixed(ACCOUNT, envelope.caller.person)
