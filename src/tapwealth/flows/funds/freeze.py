"""Units that an authority freezes (031) and sets free again (032): proposed by one operator, brought about by another one's yes.

A freeze holds the units here at once, and goes to the registrar with the next order file; whatever the registrar answers, they stay held. A
release goes to the registrar first: the units are free when it has set them free, so that nothing is redeemed that it would refuse. What it
had refused to freeze it has nothing to set free of: two people's yes sets that free here, and no order leaves.
"""

from enum import Enum, auto
from uuid import UUID

import msgspec

from tapwealth.customers import store as customers
from tapwealth.flows.frame import PLATFORM, House, Moment, actor_number, must_post
from tapwealth.flows.funds.purchase import OWN_CHANNEL, order_of, serial_of
from tapwealth.flows.funds.redemption import UNTIL_ANSWERED, facts_of
from tapwealth.funds import entries, freezes, orders_store, store
from tapwealth.funds.exchange_values import BusinessCode
from tapwealth.funds.order_state import OrderState
from tapwealth.funds.orders_store import OrderRow
from tapwealth.funds.purchase import dealing_date
from tapwealth.kernel.ids import book_of, derived
from tapwealth.kernel.money import checked, format_minor
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage.approvals import Approval
from tapwealth.storage.database import Tx


class FreezeRefusal(Enum):
    """In the order in which they are checked."""

    UNKNOWN_HOLDER = auto()
    FEWER_UNITS = auto()
    NOT_FROZEN = auto()


class ProposeFreeze(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Freeze `units` (1/100) of a customer's fund holding. `authority` and the number of its `document` stay on record."""

    customer: UUID
    fund: str
    units: int
    authority: str
    document: str


class ProposeUnfreeze(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Set free what an earlier proposal has frozen, all of it."""

    freeze: UUID
    authority: str
    document: str


Proposal = ProposeFreeze | ProposeUnfreeze


def check(command: Proposal) -> None:
    """Raises BadInput for a freeze of nothing, or by nobody."""
    if isinstance(command, ProposeFreeze):
        checked(command.units, where="units")
    if not command.authority.strip() or not command.document.strip():
        raise BadInput("the authority or its document is not named", where="authority, document", hint="copy them from the order")


async def bring_about(house: House, tx: Tx, at: Moment, made: Approval, proposal: Proposal) -> Refusal | None:
    """Place the order for the registrar; a freeze holds the units with it."""
    if isinstance(proposal, ProposeFreeze):
        return await _freeze(house, tx, at, made.id, proposal)
    return await _unfreeze(house, tx, at, made.id, proposal)


async def may_be(house: House, tx: Tx, at: Moment, proposal: Proposal) -> Refusal | None:
    """Why it could not be brought about as things stand."""
    if isinstance(proposal, ProposeUnfreeze):
        found = await _frozen(house, tx, proposal.freeze)
        return found if isinstance(found, Refusal) else None
    book = book_of(proposal.customer)
    if book not in house.all_books or not await customers.persons(tx, [(book, proposal.customer)]):
        return Refusal(FreezeRefusal.UNKNOWN_HOLDER, "there is no such customer; take the id from the customer's page")
    facts, _ = await facts_of(house, tx, at, book, proposal.customer, proposal.fund)
    if facts.fund is None or facts.holder is None or facts.holder.state != "open":
        return Refusal(FreezeRefusal.UNKNOWN_HOLDER, f"this customer holds nothing of {proposal.fund}; check the fund")
    if proposal.units > facts.free:
        text = f"{format_minor(facts.free)} of {format_minor(facts.held)} units are free and can be frozen; propose that much"
        return Refusal(FreezeRefusal.FEWER_UNITS, text)
    return None


async def _freeze(house: House, tx: Tx, at: Moment, identifier: UUID, proposal: ProposeFreeze) -> Refusal | None:
    book = book_of(proposal.customer)
    await house.ledger.lock_books(tx, [book])
    refusal = await may_be(house, tx, at, proposal)
    if refusal is not None:
        return refusal
    facts, holding = await facts_of(house, tx, at, book, proposal.customer, proposal.fund)
    assert facts.fund is not None, "a fund that is not there is refused"
    order = OrderRow(
        book=book,
        id=_order_of(book, identifier),
        serial=serial_of(at.date_of(at.now), identifier),
        channel=OWN_CHANNEL,
        fund=facts.fund.code,
        fund_account=proposal.customer,
        funding=0,
        holding=holding,
        business_code=BusinessCode.FREEZE,
        amount=0,
        units=proposal.units,
        received_at=at.now,
        dealing_date=dealing_date(house.calendar, facts.fund, at.now, at.cut),
        business_date=at.date_of(at.now),
    )
    view, actor = order_of(order, facts.fund, own=True), await actor_number(tx, book, PLATFORM)
    await must_post(house, tx, at, [entries.frozen(view, order.units, order.business_date, actor, at.now + UNTIL_ANSWERED)])
    await orders_store.add_orders(tx, [order])
    return None


async def _unfreeze(house: House, tx: Tx, at: Moment, identifier: UUID, proposal: ProposeUnfreeze) -> Refusal | None:
    found = await _frozen(house, tx, proposal.freeze)
    if isinstance(found, Refusal):
        return found
    fund = (await store.funds(tx))[found.fund]
    refused, today = found.state == OrderState.REFUSED, at.date_of(at.now)
    order = OrderRow(
        book=found.book,
        id=_order_of(found.book, identifier),
        serial=serial_of(at.date_of(at.now), identifier),
        channel=OWN_CHANNEL,
        fund=found.fund,
        fund_account=found.fund_account,
        funding=0,
        holding=found.holding,
        business_code=BusinessCode.UNFREEZE,
        amount=0,
        units=found.units,
        received_at=at.now,
        dealing_date=dealing_date(house.calendar, fund, at.now, at.cut),
        business_date=today,
        source=found.id,
        state=OrderState.CONFIRMED if refused else OrderState.PLACED,
        confirmed_on=today if refused else None,
    )
    if refused:
        await house.ledger.lock_books(tx, [found.book])
        actor = await actor_number(tx, found.book, PLATFORM)
        await must_post(house, tx, at, [entries.unfrozen(order_of(found, fund, own=True), found.units, today, actor)])
    await orders_store.add_orders(tx, [order])
    return None


def _order_of(book: int, proposal: UUID) -> UUID:
    """The order that a proposal brings about: its own id would not route to the holder's book."""
    return UUID(int=derived(proposal, "order").int & ~(0xFFFF << 46) | book << 46)


async def _frozen(house: House, tx: Tx, freeze: UUID) -> OrderRow | Refusal:
    """What a proposal has frozen, if the registrar has answered and nobody has asked to set it free."""
    orders = await orders_store.orders_by_id(tx, [(book, _order_of(book, freeze)) for book in house.all_books])
    for order in orders.values():
        freed = await freezes.freed(tx, order)
        if order.state in (OrderState.CONFIRMED, OrderState.REFUSED) and not freed:
            return order
    text = "no freeze of that proposal stands, or the registrar has not answered it yet, or it is being set free; look at its proposal"
    return Refusal(FreezeRefusal.NOT_FROZEN, text)
