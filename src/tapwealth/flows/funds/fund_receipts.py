"""Receipts that belong to funds: a channel pays its orders in; and what the registrar should have paid and did not."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from tapwealth.bank import entries as bank
from tapwealth.bank import store as bank_store
from tapwealth.bank.entries import NUMBER_OF
from tapwealth.flows.bank.receipts import Claim, Pushed
from tapwealth.flows.frame import HOUSE_BOOK, House, Moment
from tapwealth.flows.funds import advance_outcomes, large_days, redemption_outcomes
from tapwealth.flows.funds.channel import paid_in_accounts
from tapwealth.ledger.chart import Kind


async def recognise_channel(house: House, tx: Any, at: Moment, pushed: Sequence[Pushed], actor: int) -> Mapping[str, Claim]:
    """Money in the collection account whose text begins with a channel's code: it covers that channel's orders."""
    kept, claims = await paid_in_accounts(house, tx), {}
    for one in pushed:
        code = one.text.split(" ", 1)[0]
        if one.account == NUMBER_OF[Kind.FUND_COLLECTION] and code in kept:
            day = at.booking_date(one.booked_on)
            entry = bank.received(HOUSE_BOOK, one.key, one.account, kept[code], one.amount, day, actor, known=True)
            claims[one.end_to_end_id] = Claim(f"channel:{code}", (entry,))
    return claims


async def name_unpaid(house: House, tx: Any, at: Moment, day: date) -> None:
    """Redemptions that should have been paid by the end of the date, the day after their confirmation: the registrar owes the money. After
    large-redemption days running it may come later."""
    delayed = await large_days.delayed(house, tx, day)
    breaks = await advance_outcomes.unpaid(tx, day, delayed) + await redemption_outcomes.unpaid(tx, day, delayed)
    await bank_store.replace_breaks(tx, day, redemption_outcomes.UNPAID, breaks, at.now)
