"""What becomes of the advancer's redemptions: the registrar's answer, then its money, which makes the bank's line whole again.

On a large-redemption day the registrar confirms a part; the rest goes on with the next dealing day. A part is shared out over the books
whose units it is, pro rata to what each has open, and each part is paid by itself, under the date of its confirmation.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from tapwealth.bank import store as bank_store
from tapwealth.bank.entries import NUMBER_OF
from tapwealth.bank.store import BreakRow
from tapwealth.flows.bank.receipts import Claim, Pushed
from tapwealth.flows.frame import HOUSE_BOOK, House, Moment, must_post
from tapwealth.flows.funds import registrar_money
from tapwealth.flows.funds.purchase import OWN_CHANNEL
from tapwealth.flows.funds.redemption_outcomes import SOURCE, UNPAID, paid_late, state_after
from tapwealth.funds import advance_store, entries
from tapwealth.funds.advance_store import AdvanceDue
from tapwealth.funds.exchange_values import ConfirmationRecord
from tapwealth.funds.order_state import OrderState
from tapwealth.funds.orders_store import OrderRow
from tapwealth.funds.registrar_money import Came, Paid, due_under
from tapwealth.funds.store import Fund
from tapwealth.kernel.clock import business_date_of, shanghai
from tapwealth.kernel.ids import named
from tapwealth.kernel.money import Asset, apportion, format_minor
from tapwealth.ledger.chart import Kind
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
    return entries.redemption_confirmed(due.book, _key(due, due.book, "redeemed"), due.units, due.business_date, actor, asset)


async def recognise(house: House, tx: Any, at: Moment, pushed: Sequence[Pushed], actor: int) -> Mapping[str, Claim]:
    """The registrar's payment for the advancer's units that it confirmed on the date in its name: the bank's line is whole again."""
    ours = [one for one in pushed if one.account == NUMBER_OF[Kind.ADVANCE] and one.end_to_end_id.startswith(REDEMPTION)]
    came = [(Came(one.end_to_end_id, one.amount), one.key, at.booking_date(one.booked_on)) for one in ours]
    made = await _taken(house, tx, at, came, actor)
    await _name_early(
        tx, at, [(one, [due for due in paid.dues if due.confirmed_on == one.booked_on]) for one, (paid, _) in zip(ours, made, strict=True)]
    )
    return {one.end_to_end_id: Claim("advance_redemption", tuple(of)) for one, (_, of) in zip(ours, made, strict=True)}


async def join(house: House, tx: Any, at: Moment, said: Sequence[ConfirmationRecord], actor: int) -> None:
    """Pay what these confirmations made due with money that came before them."""
    names = sorted({payment_name(one.confirmed_on) for one in said if one.accepted and one.volume})
    stood = await registrar_money.standing(house, tx, Kind.ADVANCE_PAYABLE, names)
    dues = await advance_store.unpaid_dues(tx, [name for name, amount in stood.items() if amount])
    day = at.open_date(business_date_of(at.now))
    fell_due = [
        (Came(name, 0), named(shanghai(due[0].confirmed_on), HOUSE_BOOK, f"joined:{due[0].serial}"), day)
        for name, due in dues.items()
        if due
    ]
    await must_post(house, tx, at, [entry for _, made in await _taken(house, tx, at, fell_due, actor) for entry in made])


async def _taken(
    house: House, tx: Any, at: Moment, came: Sequence[tuple[Came, UUID, date]], actor: int
) -> list[tuple[Paid[AdvanceDue], list[JournalEntry]]]:
    """What each that came (with its key and the date that it is booked under) pays, and its entries."""
    due = await advance_store.unpaid_dues(tx, [due_under(one.name) for one, _, _ in came])
    decided = await registrar_money.decided(house, tx, at, Kind.ADVANCE_PAYABLE, came, due, _worth)
    await _mark_paid(tx, [(due, one.day) for one in decided for due in one.paid.dues])
    apart = await registrar_money.moved(house, tx, Kind.ADVANCE_PAYABLE, decided, actor)
    return [(one.paid, [_repaid(due, one.day, actor) for due in one.paid.dues] + apart.get(one.key, [])) for one in decided]


def _worth(due: AdvanceDue) -> int:
    return due.units


def _repaid(due: AdvanceDue, day: date, actor: int) -> JournalEntry:
    return entries.redemption_paid(due.book, _key(due, due.book, "redemption paid"), due.units, day, actor)


def _key(due: AdvanceDue, book: int, what: str) -> UUID:
    return named(shanghai(due.confirmed_on), book, f"{what}:{due.serial}")


async def _mark_paid(tx: Any, paid: Sequence[tuple[AdvanceDue, date]]) -> None:
    """Those redemptions end to which the registrar has nothing more to say or to pay."""
    if not paid:
        return
    await advance_store.pay_dues(tx, paid)
    serials = sorted({due.serial for due, _ in paid})
    answered = {one.serial for one in await advance_store.redemptions(tx) if one.state == OrderState.CONFIRMED}
    over = answered.intersection(serials) - await advance_store.still_due(tx, serials)
    await advance_store.move_redemptions(tx, sorted(over), OrderState.PAID, max(day for _, day in paid))


async def _name_early(tx: Any, at: Moment, paid: Sequence[tuple[Pushed, Sequence[AdvanceDue]]]) -> None:
    """What came on the day of its confirmation: it was due the day after."""
    for one, dues in paid:
        units = sum(due.units for due in dues if due.confirmed_on == one.booked_on)
        await bank_store.add_breaks(tx, at.booking_date(one.booked_on), [_early(one, units)] if units else [], at.now)


def _early(one: Pushed, units: int) -> BreakRow:
    text = f"{one.end_to_end_id} was paid on {one.booked_on}, the day of its confirmation, a day too early; ask the registrar"
    return BreakRow(SOURCE, "redemption_early", one.end_to_end_id, units, text, accounted=True)


async def unpaid(tx: Any, day: date, delayed: Mapping[tuple[str, date], date]) -> list[BreakRow]:
    """What should have been paid by the end of the date, the day after its confirmation, one line for each redemption; and what may come
    later (`delayed`: until when, by fund and date of confirmation)."""
    late = await advance_store.dues_before(tx, day)
    fund_of = {one.serial: one.fund for one in await advance_store.redemptions(tx)} if late else {}
    parts: dict[tuple[str, date], list[AdvanceDue]] = defaultdict(list)
    for due in late:
        parts[due.serial, due.business_date].append(due)
    waits = {key: delayed[fund_of[key[0]], key[1]] for key in parts if (fund_of[key[0]], key[1]) in delayed}
    owed = {serial: [due for due in late if due.serial == serial and (serial, due.business_date) not in waits] for serial in fund_of}
    breaks = [_unpaid(serial, dues) for serial, dues in sorted(owed.items()) if dues]
    return breaks + [
        paid_late(f"redemption {serial} {on}", sum(due.units for due in parts[serial, on]), on, until)
        for (serial, on), until in sorted(waits.items())
    ]


def _unpaid(serial: str, dues: Sequence[AdvanceDue]) -> BreakRow:
    units, on = sum(due.units for due in dues), min(due.business_date for due in dues)
    text = f"redemption {serial} of {format_minor(units)} units was confirmed on {on} and is not paid; ask the registrar"
    return BreakRow(UNPAID, "redemption_unpaid", serial, units, text, accounted=True)
