"""What becomes of the advancer's redemptions: the registrar's answer, then its money, which makes the bank's line whole again.

On a large-redemption day the registrar confirms a part; the rest goes on with the next dealing day. A part is shared out over the books
whose units it is, pro rata to what each has open, and each part is paid by itself, under the date of its confirmation.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from tapwealth.bank import entries as bank
from tapwealth.bank import store as bank_store
from tapwealth.bank.entries import NUMBER_OF
from tapwealth.bank.store import BreakRow
from tapwealth.flows.frame import HOUSE_BOOK, House, Moment
from tapwealth.flows.purchase import OWN_CHANNEL
from tapwealth.flows.receipts import Claim, Pushed
from tapwealth.flows.redemption_outcomes import SOURCE, UNPAID, state_after
from tapwealth.funds import advance_store, entries
from tapwealth.funds.advance_store import AdvanceDue
from tapwealth.funds.exchange_values import ConfirmationRecord
from tapwealth.funds.order_state import OrderState
from tapwealth.funds.orders_store import OrderRow
from tapwealth.funds.store import Fund
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import named
from tapwealth.kernel.money import Asset, apportion, format_minor
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry

REDEMPTION = "RED-"
"""How the registrar's payments of redemptions begin."""
_FAR = date.max


def payment_name(confirmed_on: date) -> str:
    """How the registrar calls its payment of the advancer's units that it confirmed on that date."""
    return f"{REDEMPTION}{OWN_CHANNEL}-{confirmed_on:%Y%m%d}"


async def settle(
    tx: Any, said: Sequence[tuple[OrderRow, ConfirmationRecord]], funds: Mapping[str, Fund], day: date, actor: int
) -> list[JournalEntry]:
    """Note what the registrar answered to the advancer's redemptions (of one file). Returns the entries of what it confirmed."""
    left = await advance_store.open_units(tx, [order.serial for order, _ in said], _FAR)
    dues = [due for order, one in said if one.accepted and one.volume for due in _dues(one, left[order.serial], day)]
    await advance_store.add_dues(tx, dues)
    for state in OrderState.DEFERRED, OrderState.CONFIRMED, OrderState.REFUSED:
        await advance_store.move_redemptions(tx, [order.serial for order, one in said if state_after(one) is state], state, day)
    assets = {order.serial: funds[order.fund].asset for order, _ in said}
    return [_confirmed(due, assets[due.serial], actor) for due in dues]


def _dues(one: ConfirmationRecord, left: Mapping[int, int], day: date) -> list[AdvanceDue]:
    shares, name = apportion(one.volume, left), payment_name(one.confirmed_on)
    return [AdvanceDue(book, one.serial, one.confirmed_on, name, units, day, None) for book, units in shares.items() if units]


def _confirmed(due: AdvanceDue, asset: Asset, actor: int) -> JournalEntry:
    key = named(shanghai(due.confirmed_on), due.book, f"redeemed:{due.serial}")
    return entries.redemption_confirmed(due.book, key, due.units, due.business_date, actor, asset)


async def recognise(_house: House, tx: Any, at: Moment, pushed: Sequence[Pushed], actor: int) -> Mapping[str, Claim]:
    """The registrar's payment for the advancer's units that it confirmed on the date in the payment's name: the bank's line is whole again.
    An amount that is not due stands on the line too, and is a break."""
    ours = [one for one in pushed if one.account == NUMBER_OF[Kind.ADVANCE] and one.end_to_end_id.startswith(REDEMPTION)]
    due = await advance_store.unpaid_dues(tx, [one.end_to_end_id for one in ours])
    claims: dict[str, Claim] = {}
    for one in ours:
        paid = due.pop(one.end_to_end_id, [])
        owed = sum(part.units for part in paid)
        made = await (_repaid(tx, at, one, paid, actor) if owed == one.amount else _not_due(tx, at, one, owed, actor))
        claims[one.end_to_end_id] = Claim("advance_redemption", made)
    return claims


async def _repaid(tx: Any, at: Moment, one: Pushed, paid: Sequence[AdvanceDue], actor: int) -> tuple[JournalEntry, ...]:
    day = at.booking_date(one.booked_on)
    made = []
    for due in paid:
        key = named(shanghai(one.booked_on), due.book, f"redemption paid:{due.serial}:{due.confirmed_on}")
        made.append(entries.redemption_paid(due.book, key, due.units, day, actor))
    await advance_store.pay_dues(tx, paid, day)
    await _end(tx, sorted({due.serial for due in paid}), day)
    early = Counter({due.serial: 0 for due in paid})
    early.update({due.serial: due.units for due in paid if due.confirmed_on == one.booked_on})
    await bank_store.add_breaks(tx, day, [_early(one, units) for _, units in sorted(early.items()) if units], at.now)
    return tuple(made)


async def _end(tx: Any, serials: Sequence[str], day: date) -> None:
    """Those to which the registrar has nothing more to say or to pay."""
    answered = {one.serial for one in await advance_store.redemptions(tx) if one.state == OrderState.CONFIRMED}
    over = answered.intersection(serials) - await advance_store.still_due(tx, serials)
    await advance_store.move_redemptions(tx, sorted(over), OrderState.PAID, day)


def _early(one: Pushed, units: int) -> BreakRow:
    """It was due the day after its confirmation."""
    text = f"{one.end_to_end_id} was paid on {one.booked_on}, the day of its confirmation, a day too early; ask the registrar"
    return BreakRow(SOURCE, "redemption_early", one.end_to_end_id, units, text, accounted=True)


async def _not_due(tx: Any, at: Moment, one: Pushed, owed: int, actor: int) -> tuple[JournalEntry, ...]:
    day, line = at.booking_date(one.booked_on), house_account(HOUSE_BOOK, Kind.ADVANCE_PAYABLE, Asset.CNY)
    text = f"{one.end_to_end_id} pays {format_minor(one.amount)} yuan, due under that name are {format_minor(owed)}; ask the registrar"
    await bank_store.add_breaks(
        tx, day, [BreakRow(SOURCE, "redemption_differs", one.end_to_end_id, one.amount - owed, text, False)], at.now
    )
    return (bank.received(HOUSE_BOOK, one.key, one.account, line, one.amount, day, actor, known=False),)


async def unpaid(tx: Any, day: date) -> list[BreakRow]:
    """What should have been paid by the end of the date, the day after its confirmation, one line for each redemption."""
    late = await advance_store.dues_before(tx, day)
    return [_unpaid(serial, [due for due in late if due.serial == serial]) for serial in sorted({due.serial for due in late})]


def _unpaid(serial: str, dues: Sequence[AdvanceDue]) -> BreakRow:
    units, on = sum(due.units for due in dues), min(due.business_date for due in dues)
    text = f"redemption {serial} of {format_minor(units)} units was confirmed on {on} and is not paid; ask the registrar"
    return BreakRow(UNPAID, "redemption_unpaid", serial, units, text, accounted=True)
