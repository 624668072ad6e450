"""Demand deposits: paying in, taking out, and their quarterly interest.

What one earns is kept as fen-days, which only a movement or a settlement writes down. At the end of the day of settlement a step credits
the quarter's interest on the next day; a command that finds a settlement gone by does the same first, under the lock of its book, so that
whichever comes first does it and the other finds it done.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from tapwealth.bank import deposit_event_store as events
from tapwealth.bank.deposit_list import ListEvent
from tapwealth.deposits import entries, forms_store, store
from tapwealth.deposits.deposit import Deposit, DepositRefusal, DepositState, FormKind, Withdrawal
from tapwealth.deposits.entries import DepositEntry, Held
from tapwealth.deposits.forms_store import FenDays
from tapwealth.deposits.interest import Running, next_settlement
from tapwealth.deposits.product import Demand
from tapwealth.flows.customers.people import wallet_of, who
from tapwealth.flows.deposits import deposit_notices
from tapwealth.flows.deposits.deposit_events import event_of
from tapwealth.flows.deposits.deposit_terms import Terms, terms_of
from tapwealth.flows.end_of_day import StepReport, by_books, reported
from tapwealth.flows.frame import PLATFORM, Envelope, House, Moment, actor_numbers, moment, must_post, once, post
from tapwealth.kernel.ids import derived, named
from tapwealth.kernel.money import checked, format_minor
from tapwealth.kernel.refusal import Refusal
from tapwealth.kernel.words import counted
from tapwealth.ledger.port import JournalEntry
from tapwealth.notices import store as notices
from tapwealth.storage.database import Tx

AT_ONCE = 1000
_DAY = timedelta(days=1)


class PayIntoDeposit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Put `amount` fen more into a demand deposit of one's own."""

    deposit: UUID
    amount: int


class DepositPaidInto(msgspec.Struct, frozen=True):
    """`balance` is what is in it now."""

    deposit: str
    amount: int
    balance: int


class Kept(NamedTuple):
    """A demand deposit with its fen-days."""

    one: Deposit
    row: FenDays

    @property
    def running(self) -> Running:
        return Running(self.one.balance, self.row.fen_days, self.row.since)

    def after(self, running: Running, settles: date | None) -> "Kept":
        row = replace(self.row, fen_days=running.fen_days, since=running.since, settles=settles)
        return Kept(replace(self.one, balance=running.balance), row)


def begun(one: Deposit, form: Demand) -> FenDays:
    """Of one that was opened just now."""
    return FenDays(one.book, one.id, 0, one.first, next_settlement(one.first - _DAY, form.settles_on))


# ---- settlement


class _Settled(NamedTuple):
    before: Kept
    after: Kept
    interest: int
    credited_on: date
    key: UUID


def settle(kept: Kept, terms: Terms) -> _Settled:
    """Its next settlement: at the rate posted on that day, credited on the next."""
    said = terms.of(kept.one)
    assert isinstance(said.form, Demand), "a demand deposit"
    assert kept.row.settles is not None, "it is open"
    value = kept.row.settles + _DAY
    interest, running = kept.running.settled(value, terms.demand(kept.one, kept.row.settles, kept.one.balance))
    after = kept.after(running.moved(interest, value), next_settlement(kept.row.settles, said.form.settles_on))
    return _Settled(kept, after, interest, value, derived(kept.one.id, f"settled:{value}"))


async def settle_until(house: House, tx: Tx, at: Moment, rows: Sequence[Kept], until: date) -> list[Kept]:
    """Each as it is once every settlement before that day has happened. Their books are locked."""
    known = {row.one.id: row for row in rows}
    while due := [row for row in known.values() if row.row.settles is not None and row.row.settles < until]:
        terms = await terms_of(tx, [row.one for row in due])
        done = [settle(row, terms) for row in due]
        await _credit(house, tx, at, done, terms)
        known |= {one.after.one.id: one.after for one in done}
    return [known[row.one.id] for row in rows]


async def _credit(house: House, tx: Tx, at: Moment, done: Sequence[_Settled], terms: Terms) -> None:
    """What has earned nothing moves nothing; the bank is told of all that had something to earn on."""
    actors = await actor_numbers(tx, [(one.before.one.book, PLATFORM) for one in done])
    paid = [(one, actor) for one, actor in zip(done, actors, strict=True) if one.interest]
    await must_post(house, tx, at, [_entry(one, actor) for one, actor in paid])
    earned_on = [one for one in done if one.before.running.until(one.credited_on)]
    await events.add(tx, [event_of(one.before.one, one.key, ListEvent.SETTLED, one.credited_on, 0, one.interest) for one in earned_on])
    await store.save(tx, [one.after.one for one, _ in paid])
    await forms_store.put_running(tx, [one.after.row for one in done])
    told = [(one.before.one, one.interest, one.credited_on, terms.names(one.before.one)) for one, _ in paid]
    await notices.tell(tx, [deposit_notices.settled(*said, at.now) for said in told])


def _entry(one: _Settled, actor: int) -> JournalEntry:
    before = one.before.one
    held = Held(before.book, before.id, before.account, 0)
    return entries.credited(held, one.key, one.interest, DepositEntry.INTEREST_CREDITED, one.credited_on, actor)


async def settle_demand(house: House, day: date) -> StepReport:
    """The step of the day's end, in the last months of quarters."""
    if day.month % 3:
        return StepReport("no demand deposit is settled", {"settled": 0, "interest": 0})
    async with house.database.read() as tx:
        books = await forms_store.books_settling(tx, list(house.all_books), day)

    async def work(book: int) -> None:
        while await _settle_some(house, book, day) == AT_ONCE:
            pass

    await by_books(books, work)
    async with house.database.transaction() as tx:
        done, interest = (await events.counted(tx, list(house.all_books), day + _DAY)).get(ListEvent.SETTLED, (0, 0))
        text = f"{counted(done, 'demand deposit')} settled, {format_minor(interest)} yuan of interest"
        return await reported(tx, StepReport(text, {"settled": done, "interest": interest}))


async def _settle_some(house: House, book: int, day: date) -> int:
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [book])
        rows = await forms_store.settling(tx, book, day, AT_ONCE)
        found = await store.deposits(tx, [row.key for row in rows])
        await settle_until(house, tx, await moment(tx), [Kept(found[row.key], row) for row in rows], day + _DAY)
        return len(rows)


# ---- movements


async def kept_on(house: House, tx: Tx, at: Moment, one: Deposit, day: date) -> Kept:
    """A demand deposit as it is on that day."""
    row = (await forms_store.running(tx, [one.key]))[one.key]
    (kept,) = await settle_until(house, tx, at, [Kept(one, row)], day)
    return kept


async def pay_in(house: House, envelope: Envelope, command: PayIntoDeposit) -> DepositPaidInto | Refusal:
    """Take the money from the wallet."""
    checked(command.amount)
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, actor: int) -> DepositPaidInto | Refusal:
        one = (await store.deposits(tx, [(book, command.deposit)])).get((book, command.deposit))
        if one is None or one.person != person:
            return Refusal(DepositRefusal.UNKNOWN_DEPOSIT, "this is no deposit of yours; look at your list")
        if one.state is DepositState.CLOSED:
            return Refusal(DepositRefusal.CLOSED, "all of this deposit was paid out before; look at your list")
        said = (await terms_of(tx, [one])).of(one)
        if one.form is not FormKind.DEMAND:
            return Refusal(DepositRefusal.NOT_PAID_INTO, "only a demand deposit takes more; open another deposit")
        kept = await kept_on(house, tx, at, one, at.date_of(envelope.received_at))
        if 0 < said.maximum < kept.one.balance + command.amount:
            return Refusal(DepositRefusal.ABOVE_MAXIMUM, f"it takes {format_minor(said.maximum)} yuan at most; give less")
        return await _paid_in(house, tx, at, envelope, kept, (command.amount, actor))

    return await once(house, [book], envelope, command, act, DepositPaidInto)


async def _paid_in(house: House, tx: Tx, at: Moment, envelope: Envelope, kept: Kept, given: tuple[int, int]) -> DepositPaidInto | Refusal:
    (amount, actor), one = given, kept.one
    day = max(at.date_of(envelope.received_at), kept.row.since)
    key = named(envelope.received_at, one.book, f"pay_into_deposit:{one.person}:{envelope.key}")
    held = Held(one.book, one.id, one.account, await wallet_of(house, tx, one.book, one.person))
    (answer,) = await post(house, tx, at, [entries.paid_in(held, key, amount, DepositEntry.PAID_IN, day, actor)])
    if not answer.posted:
        return Refusal(DepositRefusal.NO_MONEY, "the wallet does not hold that much; move money in first")
    after = kept.after(kept.running.moved(amount, day), kept.row.settles)
    await _save(tx, after)
    await events.add(tx, [event_of(one, key, ListEvent.PAID_IN, day, amount, 0)])
    return DepositPaidInto(str(one.id), amount, after.one.balance)


def drawn(kept: Kept, amount: int, day: date, rate: int) -> tuple[int, Kept]:
    """The interest that is paid with it, and the deposit after it: it is settled when all of it is taken out."""
    left = kept.running.moved(-amount, day)
    if left.balance:
        return 0, kept.after(left, kept.row.settles)
    interest, running = left.settled(day, rate)
    closed = kept.after(running, None)
    return interest, Kept(replace(closed.one, state=DepositState.CLOSED, closed_on=day), closed.row)


async def _save(tx: Tx, kept: Kept) -> None:
    await store.save(tx, [kept.one])
    await forms_store.put_running(tx, [kept.row])


async def draw(house: House, tx: Tx, at: Moment, one: Deposit, amount: int | None, day: date) -> Withdrawal | Refusal:
    """Take so much out (None: all), saved; the caller pays it."""
    kept = await kept_on(house, tx, at, one, day)
    made = drawn_by_rule(kept, await terms_of(tx, [one]), amount, day)
    if isinstance(made, Refusal):
        return made
    withdrawal, after = made
    await _save(tx, after)
    return withdrawal


def drawn_by_rule(kept: Kept, terms: Terms, amount: int | None, day: date) -> tuple[Withdrawal, Kept] | Refusal:
    """So much of it (None: all), if it may be taken out on that day, and the deposit after it."""
    said, taken = terms.of(kept.one), kept.one.balance if amount is None else amount
    rest = kept.one.balance - taken
    if rest < 0:
        text = f"{format_minor(taken)} yuan is asked, {format_minor(kept.one.balance)} is in it; ask for less"
        return Refusal(DepositRefusal.MORE_THAN_THERE_IS, text)
    if 0 < rest < said.minimum:
        text = f"{format_minor(rest)} yuan would be left, its least is {format_minor(said.minimum)}; take out less, or all of it"
        return Refusal(DepositRefusal.LEAVES_TOO_LITTLE, text)
    day = max(day, kept.row.since)
    interest, after = drawn(kept, taken, day, terms.demand(kept.one, day, kept.one.balance))
    return Withdrawal(taken, interest, early=False, after=after.one, day=day), after
