"""What people paid into deposits, and were paid out of them, is carried over at the bank: one payment each way at a date's end.

Each book goes one way or the other by its net. A payment that the bank rejects comes back to where it was taken from, and goes with the
next date's; one that is under way has been counted already.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta

from tapwealth.bank import store as bank
from tapwealth.bank.entries import NUMBER_OF, Part
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.payments import Payment, Purpose
from tapwealth.flows.end_of_day import StepReport, reported
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, actor_number, moment, step_key
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.storage.database import Tx

_RESERVE, _DEPOSITS = NUMBER_OF[Kind.CUSTOMER_RESERVE], NUMBER_OF[Kind.DEPOSITS]


async def settle_deposits(house: House, day: date) -> StepReport:
    """The step of the day's end: `DPI-yyyymmdd` from the reserve to the deposits, `DPO-yyyymmdd` back, on the next day."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, range(house.books + 1))
        net = await net_of_books(house, tx, day)
        into = {book: amount for book, amount in net.items() if amount > 0}
        out = {book: -amount for book, amount in net.items() if amount < 0}
        made = [_payment(day, Purpose.DEPOSITS_IN, into), _payment(day, Purpose.DEPOSITS_OUT, out)]
        at, actor = await moment(tx), await actor_number(tx, HOUSE_BOOK, PLATFORM)
        await payments.instruct(house, tx, at, day, actor, made)
        text = f"{format_minor(made[0].amount)} yuan on their way to deposits, {format_minor(made[1].amount)} yuan to wallets"
        return await reported(tx, StepReport(text, {"in": made[0].amount, "out": made[1].amount}))


async def net_of_books(house: House, tx: Tx, day: date) -> Mapping[int, int]:
    """What has to go to deposits as of that date, by book, and no payment carries yet; below 0 what has to come from there."""
    accounts = {house_account(book, Kind.DEPOSIT_IN_TRANSIT, Asset.CNY): book for book in house.all_books}
    totals = await house.ledger.totals_dated(tx, list(accounts), day)
    under_way: dict[int, int] = defaultdict(int)
    for book, amount in await bank.parts_under_way(tx, day, [Purpose.DEPOSITS_OUT]):
        under_way[book] += amount
    return {book: totals[account].owed + under_way[book] for account, book in accounts.items()}


def _payment(day: date, purpose: Purpose, amounts: Mapping[int, int]) -> Payment:
    into = purpose is Purpose.DEPOSITS_IN
    source, target = (Kind.DEPOSIT_IN_TRANSIT, Kind.DEPOSIT_DUE) if into else (Kind.DEPOSIT_DUE, Kind.DEPOSIT_IN_TRANSIT)
    return Payment(
        step_key(day, purpose, HOUSE_BOOK),
        f"{'DPI' if into else 'DPO'}-{day:%Y%m%d}",
        purpose,
        _RESERVE if into else _DEPOSITS,
        _DEPOSITS if into else _RESERVE,
        "Tapwealth deposits" if into else "Tapwealth customer reserve",
        day + timedelta(days=1),
        tuple(
            Part(book, amount, house_account(book, source, Asset.CNY), house_account(book, target, Asset.CNY))
            for book, amount in sorted(amounts.items())
        ),
    )
