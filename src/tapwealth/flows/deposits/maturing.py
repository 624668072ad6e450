"""What becomes of deposits when they are due: paid to the wallet, renewed at what is posted that day, or left as they are.

The day's end does so for the date that ends, book by book and in lots; a command that finds a deposit past its due day does the same first,
under the lock of its book, so that whichever comes first does it and the other finds it done. It counts from the due day in any case.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from tapwealth.bank import deposit_event_store as events
from tapwealth.bank.deposit_event_store import EventRow
from tapwealth.bank.deposit_list import ListEvent
from tapwealth.deposits import entries, store
from tapwealth.deposits.deposit import AtMaturity, Deposit, Fallen, WhenDue, fall_due
from tapwealth.deposits.entries import DepositEntry, Held
from tapwealth.flows.deposits import deposit_notices
from tapwealth.flows.deposits.deposit_events import event_of
from tapwealth.flows.deposits.deposit_terms import Terms, terms_of
from tapwealth.flows.end_of_day import StepReport, by_books, reported
from tapwealth.flows.frame import PLATFORM, House, Moment, actor_numbers, moment, must_post
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.kernel.words import counted
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import JournalEntry, Limit, NewAccount
from tapwealth.notices import store as notices
from tapwealth.storage.database import Tx

AT_ONCE = 1000
TOLD_BEFORE = timedelta(days=3)
"""How long before its due day the owner of a deposit is told of it."""


class _Due(NamedTuple):
    """A deposit on its due day, and what becomes of it."""

    before: Deposit
    fell: Fallen
    day: date
    key: UUID

    @classmethod
    def of(cls, one: Deposit, terms: Terms) -> "_Due":
        assert one.due is not None, "it is due"
        renewal = terms.renewal(one) if one.at_maturity is AtMaturity.RENEW else None
        return cls(one, fall_due(one, terms.of(one).form, renewal), one.due, derived(one.id, f"due:{one.due}"))


async def bring_up(house: House, tx: Tx, at: Moment, rows: Sequence[Deposit], through: date) -> list[Deposit]:
    """Each as it is once all that was due on that day or before has happened. Their books are locked."""
    known = {row.id: row for row in rows}
    while waiting := [row for row in known.values() if row.is_due(through)]:
        known |= {row.id: row for row in await _fall(house, tx, at, waiting)}
    return [known[row.id] for row in rows]


async def _fall(house: House, tx: Tx, at: Moment, rows: Sequence[Deposit]) -> list[Deposit]:
    terms = await terms_of(tx, rows)
    due = [_Due.of(row, terms) for row in rows]
    wallets = dict(zip([one.before.id for one in due], await wallets_of(house, tx, rows), strict=True))
    actors = await actor_numbers(tx, [(row.book, PLATFORM) for row in rows])
    made = [_entry(one, wallets[one.before.id], actor) for one, actor in zip(due, actors, strict=True)]
    await must_post(house, tx, at, [entry for entry in made if entry is not None])
    after = [one.fell.after for one in due]
    await store.save(tx, after)
    await events.add(tx, [row for one in due if (row := _happened(one)) is not None])
    await notices.tell(tx, [deposit_notices.fell_due(one.before, one.fell, terms.names(one.before), at.now) for one in due])
    return after


def _entry(one: _Due, wallet: int, actor: int) -> JournalEntry | None:
    """Nothing is posted for a deposit on which nothing moves."""
    held = Held(one.before.book, one.before.id, one.before.account, wallet)
    if one.fell.kind is WhenDue.MATURED:
        return entries.paid_out(held, one.key, one.before.balance, one.fell.interest, DepositEntry.MATURED, one.day, actor)
    if one.fell.interest:
        return entries.credited(held, one.key, one.fell.interest, DepositEntry.RENEWED, one.day, actor)
    return None


def _happened(one: _Due) -> EventRow | None:
    """What the bank is told of it: nothing of a deposit that is only kept."""
    event = {WhenDue.MATURED: ListEvent.MATURED, WhenDue.RENEWED: ListEvent.RENEWED}.get(one.fell.kind)
    return None if event is None else event_of(one.before, one.key, event, one.day, one.before.balance, one.fell.interest)


async def wallets_of(house: House, tx: Tx, rows: Sequence[Deposit]) -> list[int]:
    """The ledger accounts of their owners' wallets, in order."""
    wanted = [NewAccount(row.book, Kind.WALLET, row.person, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS) for row in rows]
    return await house.ledger.open_accounts(tx, wanted)


# ---- the day's end


async def mature_deposits(house: House, day: date) -> StepReport:
    """The step of the day's end. What no deposit is due in is left alone; what a run that was killed had done is not found again."""
    async with house.database.look() as tx:
        books = await store.books_due(tx, list(house.all_books), day + TOLD_BEFORE)

    async def work(book: int) -> None:
        while await _mature_some(house, book, day) == AT_ONCE:
            pass
        await _tell_before(house, book, day + TOLD_BEFORE)

    await by_books(books, work)
    async with house.database.transaction() as tx:
        return await reported(tx, await _report(house, tx, day))


async def _mature_some(house: House, book: int, day: date) -> int:
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [book])
        rows = await store.due(tx, book, day, AT_ONCE)
        await bring_up(house, tx, await moment(tx), rows, day)
        return len(rows)


async def _tell_before(house: House, book: int, due: date) -> None:
    """Who was told already is not told again."""
    after: UUID | None = None
    while True:
        async with house.database.transaction() as tx:
            rows = await store.due_on(tx, book, due, after, AT_ONCE)
            terms, at = await terms_of(tx, rows), await moment(tx)
            await notices.tell(tx, [deposit_notices.soon_due(row, terms.names(row), at.now) for row in rows])
        if len(rows) < AT_ONCE:
            return
        after = rows[-1].id


async def _report(house: House, tx: Tx, day: date) -> StepReport:
    """By what stands in the database: a run that was killed had its share in it."""
    found = await events.counted(tx, list(house.all_books), day)
    matured, renewed = found.get(ListEvent.MATURED, (0, 0)), found.get(ListEvent.RENEWED, (0, 0))
    kept = await store.overdue_since(tx, list(house.all_books), day)
    text = (
        f"{counted(matured[0], 'deposit')} matured, {format_minor(matured[1])} yuan; {renewed[0]} renewed, {kept} kept past their due day"
    )
    return StepReport(text, {"matured": matured[0], "amount": matured[1], "renewed": renewed[0], "overdue": kept})
