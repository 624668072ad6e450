"""Receipts that belong to funds: a channel pays its orders in, the registrar pays a redemption of the advancer's out."""

from collections.abc import Mapping, Sequence
from typing import Any

from tapwealth.bank import entries as bank
from tapwealth.bank.entries import NUMBER_OF
from tapwealth.flows.channel import paid_in
from tapwealth.flows.frame import HOUSE_BOOK, House, Moment
from tapwealth.flows.receipts import Claim, Pushed
from tapwealth.funds import entries, store
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import named
from tapwealth.ledger.chart import Kind

REDEMPTION = "RED-"
"""How the registrar's payments of redemptions are called: RED-<distributor>-<date>."""


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
    """The registrar's payment for the advancer's units: the bank's line is whole again. An amount that does not fit is not claimed."""
    claims: dict[str, Claim] = {}
    for one in pushed:
        if one.account != NUMBER_OF[Kind.ADVANCE] or not one.end_to_end_id.startswith(REDEMPTION):
            continue
        due = [redemption for redemption in await store.redemptions(tx) if redemption.state == "confirmed"]
        if sum(redemption.units for redemption in due) != one.amount:
            continue
        day = at.booking_date(one.booked_on)
        made = []
        for redemption in due:
            for book, units in (await store.redemption_parts(tx, redemption.serial)).items():
                key = named(shanghai(one.booked_on), book, f"redemption paid:{redemption.serial}")
                made.append(entries.redemption_paid(book, key, units, day, actor))
            await store.move_redemption(tx, redemption.serial, "paid", day)
        claims[one.end_to_end_id] = Claim("advance_redemption", tuple(made))
    return claims
