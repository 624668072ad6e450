"""Receipts that belong to funds: a channel pays its orders in, the registrar pays a redemption of the advancer's out."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from tapwealth.bank import entries as bank
from tapwealth.bank import store as bank_store
from tapwealth.bank.entries import NUMBER_OF
from tapwealth.bank.store import BreakRow
from tapwealth.flows import redemption_outcomes
from tapwealth.flows.channel import paid_in
from tapwealth.flows.exchange_in import SOURCE
from tapwealth.flows.frame import HOUSE_BOOK, House, Moment
from tapwealth.flows.purchase import OWN_CHANNEL
from tapwealth.flows.receipts import Claim, Pushed
from tapwealth.funds import advance_store, entries, store
from tapwealth.funds.advance_store import Redemption
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import named
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry

REDEMPTION = "RED-"
"""How the registrar's payments of redemptions are called: RED-<distributor>-<date of confirmation>."""


async def recognise_channel(house: House, tx: Any, at: Moment, pushed: Sequence[Pushed], actor: int) -> Mapping[str, Claim]:
    """Money in the collection account whose text begins with a channel's code: it covers that channel's orders."""
    codes = sorted({code for (code, _fund), channel in (await store.channels(tx)).items() if not channel.own})
    kept = dict(zip(codes, await house.ledger.open_accounts(tx, [paid_in(code) for code in codes]), strict=True))
    claims = {}
    for one in pushed:
        code = one.text.split(" ", 1)[0]
        if one.account == NUMBER_OF[Kind.FUND_COLLECTION] and code in kept:
            day = at.booking_date(one.booked_on)
            entry = bank.received(HOUSE_BOOK, one.key, one.account, kept[code], one.amount, day, actor, known=True)
            claims[one.end_to_end_id] = Claim(f"channel:{code}", (entry,))
    return claims


async def recognise_redemption(_house: House, tx: Any, at: Moment, pushed: Sequence[Pushed], actor: int) -> Mapping[str, Claim]:
    """The registrar's payment for the advancer's units that it confirmed on the date in the payment's name: the bank's line is whole again.
    An amount that is not due stands on the line too, and is a break."""
    due: dict[str, list[Redemption]] = defaultdict(list)
    for redemption in await advance_store.redemptions(tx):
        if redemption.state == "confirmed":
            due[f"{REDEMPTION}{OWN_CHANNEL}-{redemption.confirmed_on:%Y%m%d}"].append(redemption)
    claims: dict[str, Claim] = {}
    for one in pushed:
        if one.account != NUMBER_OF[Kind.ADVANCE] or not one.end_to_end_id.startswith(REDEMPTION):
            continue
        paid = due.pop(one.end_to_end_id, [])
        owed = sum(redemption.units for redemption in paid)
        made = await (_repaid(tx, at, one, paid, actor) if owed == one.amount else _not_due(tx, at, one, owed, actor))
        claims[one.end_to_end_id] = Claim("advance_redemption", made)
    return claims


async def _repaid(tx: Any, at: Moment, one: Pushed, paid: Sequence[Redemption], actor: int) -> tuple[JournalEntry, ...]:
    day = at.booking_date(one.booked_on)
    made = []
    parts = await advance_store.redemption_parts(tx, [one.serial for one in paid])
    for redemption in paid:
        for book, units in parts[redemption.serial].items():
            key = named(shanghai(one.booked_on), book, f"redemption paid:{redemption.serial}")
            made.append(entries.redemption_paid(book, key, units, day, actor))
        await advance_store.move_redemption(tx, redemption.serial, "paid", day)
    await bank_store.add_breaks(
        tx, day, [_early(one, redemption) for redemption in paid if redemption.confirmed_on == one.booked_on], at.now
    )
    return tuple(made)


def _early(one: Pushed, paid: Redemption) -> BreakRow:
    """It was due the day after its confirmation."""
    text = f"{one.end_to_end_id} was paid on {one.booked_on}, the day of its confirmation, a day too early; ask the registrar"
    return BreakRow(SOURCE, "redemption_early", one.end_to_end_id, paid.units, text, accounted=True)


async def _not_due(tx: Any, at: Moment, one: Pushed, owed: int, actor: int) -> tuple[JournalEntry, ...]:
    day, line = at.booking_date(one.booked_on), house_account(HOUSE_BOOK, Kind.ADVANCE_PAYABLE, Asset.CNY)
    text = f"{one.end_to_end_id} pays {format_minor(one.amount)} yuan, due under that name are {format_minor(owed)}; ask the registrar"
    await bank_store.add_breaks(
        tx, day, [BreakRow(SOURCE, "redemption_differs", one.end_to_end_id, one.amount - owed, text, False)], at.now
    )
    return (bank.received(HOUSE_BOOK, one.key, one.account, line, one.amount, day, actor, known=False),)


async def name_unpaid(tx: Any, at: Moment, day: date) -> None:
    """Redemptions that should have been paid by the end of the date, the day after their confirmation: the registrar owes the money."""
    late = [one for one in await advance_store.redemptions(tx) if one.state == "confirmed" and one.confirmed_on and one.confirmed_on < day]
    breaks = [_unpaid(one) for one in late] + await redemption_outcomes.unpaid(tx, day)
    await bank_store.replace_breaks(tx, day, redemption_outcomes.UNPAID, breaks, at.now)


def _unpaid(one: Redemption) -> BreakRow:
    text = f"redemption {one.serial} of {format_minor(one.units)} units was confirmed on {one.confirmed_on} and is not paid"
    return BreakRow(redemption_outcomes.UNPAID, "redemption_unpaid", one.serial, one.units, f"{text}; ask the registrar", accounted=True)
