"""Wealth products of the bank over /v1: looked at, subscribed to and cancelled by who acts for a customer."""

from typing import Any
from uuid import UUID

from tapwealth.flows.customers.clients import Bearer
from tapwealth.flows.customers.consents import ACCOUNT
from tapwealth.flows.deposits import raise_sale, raise_shown
from tapwealth.flows.deposits.raise_sale import CancelWealth, SubscribeWealth, WealthCancelled, WealthSubscribed
from tapwealth.flows.deposits.raise_shown import WealthShown, WealthSubscriptionShown
from tapwealth.flows.frame import Caller, Envelope, House
from tapwealth.flows.v1.reading import Part, Wanted, allowed, ended, part
from tapwealth.flows.v1.shapes import decimals, yuan
from tapwealth.flows.v1.wealth_shapes import NewWealthSubscription, WealthCancellation, WealthProduct, WealthSubscription
from tapwealth.kernel.ids import prefixed, unprefixed
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage.database import Tx

WEALTH = "wsb"
"""How a subscription is shown."""
_PLACES = 4


async def products(house: House, bearer: Bearer, wanted: Wanted) -> Part | Refusal:
    """By code."""
    async with house.database.read() as tx:
        if (gone := await ended(tx, bearer)) is not None:
            return gone
        behind = [one for one in await raise_shown.shown(tx) if one.product > wanted.after][: wanted.limit + 1]
    return part([_product(one) for one in behind], [one.product for one in behind], wanted)


def _product(one: WealthShown) -> WealthProduct:
    allotment: Any = one.allotment
    return WealthProduct(
        one.product, one.version, one.name, one.name_en, f"R{one.risk_level}", one.opens_at, one.closes_at, yuan(one.target),
        yuan(one.least), yuan(one.minimum), yuan(one.step), yuan(one.cap) if one.cap else None, allotment,
        decimals(one.expected, _PLACES), None if one.paid is None else decimals(one.paid, _PLACES), one.days, yuan(one.sold),
        yuan(one.left), one.state, one.begins_on, one.matures_on, one.credit_on,
    )  # fmt: skip


async def subscriptions(house: House, caller: Caller, wanted: Wanted) -> Part | Refusal:
    """Newest first; one alone, if it is named."""

    async def read(tx: Tx, book: int, person: UUID) -> Part:
        found = await raise_shown.held(tx, book, person)
        if wanted.only is not None:
            found = [one for one in found if one.subscription == wanted.only]
        places = [number for number, one in enumerate(found) if one.subscription.hex == wanted.after]
        behind = (found[places[0] + 1 :] if places else found if not wanted.after else [])[: wanted.limit + 1]
        return part([_subscription(person, one) for one in behind], [one.subscription.hex for one in behind], wanted)

    return await allowed(house, caller, read)


def _subscription(person: UUID, one: WealthSubscriptionShown) -> WealthSubscription:
    state: Any = one.state
    return WealthSubscription(
        prefixed(WEALTH, one.subscription), prefixed(ACCOUNT, person), one.product, one.placed_on, yuan(one.asked), yuan(one.given),
        yuan(one.allotted), yuan(one.interest), yuan(one.expected_gain), yuan(one.gain), state, one.begins_on, one.matures_on,
        one.credit_on,
    )  # fmt: skip


async def subscribe(house: House, envelope: Envelope, asked: NewWealthSubscription) -> WealthSubscription | Refusal:
    """As it was taken, whatever has become of it meanwhile: the same answer each time it is asked for."""
    command = SubscribeWealth(asked.product, asked.amount.amount, asked.confirmed)
    answer: WealthSubscribed | Refusal = await raise_sale.subscribe(house, envelope, command)
    if isinstance(answer, Refusal):
        return answer
    assert envelope.caller.person is not None, "an account is acted for"
    async with house.database.read() as tx:
        expected = await raise_shown.expected_gain(tx, asked.product, answer.amount)
    nothing = yuan(0)
    return WealthSubscription(
        prefixed(WEALTH, answer.subscription), prefixed(ACCOUNT, envelope.caller.person), asked.product, answer.business_date,
        yuan(answer.asked), yuan(answer.amount), nothing, nothing, yuan(expected), nothing, "subscribed", None, None, None,
    )  # fmt: skip


async def cancel(house: House, envelope: Envelope, subscription: str) -> WealthCancellation | Refusal:
    """Taken back before the last day of its raise."""
    command = CancelWealth(unprefixed(WEALTH, subscription) or UUID(int=0))
    answer: WealthCancelled | Refusal = await raise_sale.cancel(house, envelope, command)
    if isinstance(answer, Refusal):
        return answer
    return WealthCancellation(prefixed(WEALTH, answer.subscription), "cancelled", yuan(answer.amount), yuan(answer.interest))
