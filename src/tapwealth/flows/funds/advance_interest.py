"""What the bank's advance costs: interest on what is out of the line, accrued each day, booked when the bank charges it.

Out is what was drawn and is not repaid. The bank's own income of units it has taken over is none of it: of what the registrar has paid, the
income that the paid redemptions held is left out.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from tapwealth.bank import entries, store
from tapwealth.bank.advance_interest import Day, accrued
from tapwealth.bank.entries import NUMBER_OF
from tapwealth.bank.store import BreakRow, Receipt
from tapwealth.compliance.rules import rule_set
from tapwealth.flows.bank.receipts import Pushed
from tapwealth.flows.end_of_day import StepReport, reported
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, actor_number, moment, must_post, step_key
from tapwealth.funds import advance_store
from tapwealth.funds import store as funds
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.storage.database import Tx

INTEREST = "INT-"
"""How the bank's charges are called."""
SOURCE = "advance_interest"
"""Of the breaks found here."""


async def accrue(house: House, day: date) -> StepReport:
    """The step of the day's end: what was out at its end, and what that cost."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, range(house.books + 1))
        at = await moment(tx)
        used = max(await _out(house, tx, day), 0)
        rules = rule_set(house.rule_set)
        today = Day(used, rules.value("advance_line", "interest_year"), rules.value("advance_line", "days_a_year"))
        amount = accrued([one.terms for one in await store.interest_open(tx) if one.day < day], today)
        if await store.add_interest(tx, store.InterestDay(day, today, amount)) and amount:
            key, actor = step_key(day, "advance interest", HOUSE_BOOK), await actor_number(tx, HOUSE_BOOK, PLATFORM)
            await must_post(house, tx, at, [entries.interest_accrued(HOUSE_BOOK, key, amount, day, actor)])
        text = f"{format_minor(used)} yuan of the advance line are out, interest {format_minor(amount)}"
        return await reported(tx, StepReport(text, {"used": used, "interest": amount}))


async def _out(house: House, tx: Any, day: date) -> int:
    """Drawn less repaid, by the ledger; what was repaid of the bank's own income counts as not repaid. What a redemption's units had earned
    counts as repaid when it and those before it are paid whole; until then its parts repay what was lent."""
    drawn = await _totals(house, tx, Kind.RESERVE_DUE, Asset.CNY, day)
    repaid = await _totals(house, tx, Kind.ADVANCE_REPAYMENT_DUE, Asset.CNY, day)
    asked = await advance_store.redemptions(tx)
    unpaid = [one.dealing_date for one in asked if one.state != "refused" and (one.paid_on is None or one.paid_on > day)]
    paid = [one.dealing_date for one in asked if one.state == "paid" and one.dealing_date < min(unpaid, default=date.max)]
    own = await _income(house, tx, max(paid)) if paid else 0
    return drawn[1] - repaid[0] + own


async def _income(house: House, tx: Any, day: date) -> int:
    """Of the units that the bank has taken over, what they had earned by that date."""
    earned = 0
    for asset in sorted({fund.asset for fund in (await funds.funds(tx)).values()}):
        holds = await _totals(house, tx, Kind.ADVANCER, Asset(asset), day)
        moved = await _totals(house, tx, Kind.TRANSIT_098, Asset(asset), day)
        earned += holds[1] - holds[0] - moved[0]
    confirmed = await _totals(house, tx, Kind.ADVANCE_REPAYMENT_DUE, Asset.CNY, day)
    return earned + confirmed[1]


async def _totals(house: House, tx: Any, kind: Kind, asset: Asset, day: date) -> tuple[int, int]:
    """(debits, credits) of all books."""
    accounts = [house_account(book, kind, asset) for book in house.all_books]
    found = await house.ledger.totals_dated(tx, accounts, day)
    return sum(one.debits for one in found.values()), sum(one.credits for one in found.values())


async def take_charges(house: House, taken: Sequence[Pushed]) -> None:
    """What the bank has taken from our own money as interest, told by it: once, however often it tells."""
    charges = {one.end_to_end_id: one for one in taken if _is_charge(one)}
    if not charges:
        return
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [HOUSE_BOOK])
        known = await store.receipts(tx, list(charges))
        for one in [one for name, one in charges.items() if name not in known]:
            await _charged(house, tx, one)


def _is_charge(one: Pushed) -> bool:
    return one.account == NUMBER_OF[Kind.OWN_MONEY] and one.end_to_end_id.startswith(INTEREST)


async def _charged(house: House, tx: Tx, one: Pushed) -> None:
    """All that was accrued up to the day before is paid by it; a difference stands on what is due, and is named."""
    at = await moment(tx)
    day, amount = at.booking_date(one.booked_on), -one.amount
    actor = await actor_number(tx, HOUSE_BOOK, PLATFORM)
    await must_post(house, tx, at, [entries.interest_charged(HOUSE_BOOK, one.key, amount, day, actor)])
    await store.add_receipts(
        tx, [Receipt(one.end_to_end_id, one.account, one.amount, one.booked_on, one.debtor, one.text, SOURCE, day)], at.now
    )
    owed = [open_day for open_day in await store.interest_open(tx) if open_day.day < one.booked_on]
    due = sum(open_day.amount for open_day in owed)
    await store.charge_interest(tx, [open_day.day for open_day in owed], one.end_to_end_id)
    if amount != due:
        text = (
            f"{one.end_to_end_id}: the bank charged {format_minor(amount)} yuan of interest, by our days it is {format_minor(due)}; ask it"
        )
        await store.add_breaks(tx, day, [BreakRow(SOURCE, "interest_differs", one.end_to_end_id, amount - due, text, True)], at.now)
