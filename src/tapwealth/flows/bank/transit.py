"""Money between books: debit and transit in the sender's, transit and credit in the payee's, exactly once in effect.

The row of the transfer is written with the sending entry. Whoever delivers it, and however often, the receiving entry has the same key. The
day's end delivers what is left and then evens the books out, so that no transit account holds anything when a date is proved.
"""

from datetime import date
from typing import Any

from tapwealth.bank import entries, store
from tapwealth.flows.end_of_day import StepReport, reported
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, actor_number, moment, must_post, step_key
from tapwealth.kernel.money import Asset
from tapwealth.kernel.words import counted
from tapwealth.ledger.chart import Kind, house_account

_AT_ONCE = 1000


async def deliver(house: House) -> int:
    """Credit what lies in transit. Returns how many transfers were delivered; call again until it is none."""
    async with house.database.transaction() as tx:
        waiting = await store.undelivered(tx, _AT_ONCE)
        if not waiting:
            return 0
        await house.ledger.lock_books(tx, sorted({one.to_book for one in waiting}))
        at = await moment(tx)
        actor = await actor_number(tx, HOUSE_BOOK, PLATFORM)
        await must_post(
            house,
            tx,
            at,
            [entries.received_from_book(one.to_book, one.to_account, one.amount, one.id, one.business_date, actor) for one in waiting],
        )
        await store.mark_delivered(tx, waiting, at.now)
        return len(waiting)


async def drain(house: House, day: date) -> int:
    """Deliver everything, then even out: afterwards each book's transit account is zero. Returns the number of books that were evened."""
    while await deliver(house):
        pass
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, house.all_books)
        at = await moment(tx)
        actor = await actor_number(tx, HOUSE_BOOK, PLATFORM)
        owed = await _owed(house, tx, day)
        await must_post(
            house,
            tx,
            at,
            [entries.evened(book, amount, step_key(day, "evened", book), day, actor) for book, amount in owed.items() if amount],
        )
        evened = sum(1 for amount in owed.values() if amount)
        await reported(tx, _drained(evened))
        return evened


async def drain_step(house: House, day: date) -> StepReport:
    """The step of the day's end."""
    return _drained(await drain(house, day))


def _drained(evened: int) -> StepReport:
    return StepReport(f"transit drained, {counted(evened, 'book')} evened", {"evened": evened})


async def _owed(house: House, tx: Any, day: date) -> dict[int, int]:
    """By book: the credit balance of its transit account as of that date (negative: a debit balance)."""
    accounts = {house_account(book, Kind.BOOK_TRANSIT, Asset.CNY): book for book in house.all_books}
    totals = await house.ledger.totals_dated(tx, list(accounts), day)
    return {accounts[account]: total.owed for account, total in totals.items()}
