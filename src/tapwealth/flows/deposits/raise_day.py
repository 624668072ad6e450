"""The day's end of the bank's raises: what is over is allotted, or known to have failed; what is due goes back to wallets, or is credited.

A raise is looked at by itself, and of each the subscriptions book by book, some of them in a transaction, by their state: a kill is
followed by a run that goes on behind the last lot, and a date on which nothing is due writes nothing.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from tapwealth.bank import deposit_event_store
from tapwealth.bank.deposit_event_store import EventRow
from tapwealth.deposits import raise_entries as entries
from tapwealth.deposits import raise_rules, raise_store
from tapwealth.deposits.deposit import posted
from tapwealth.deposits.raise_entries import Stake
from tapwealth.deposits.raise_product import Allotment
from tapwealth.deposits.raise_rules import Ended, State
from tapwealth.deposits.raise_store import SubscriptionRow
from tapwealth.flows.deposits import raise_catalogue, raise_listed, raise_shown
from tapwealth.flows.deposits.raise_catalogue import Found
from tapwealth.flows.deposits.raise_notices import Message, Told, allotted_notice, back_notice, failed_notice, paid_notice
from tapwealth.flows.end_of_day import StepReport, by_books
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, Moment, actor_number, moment, must_post
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.kernel.words import counted
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import JournalEntry, Limit, NewAccount
from tapwealth.notices import store as notices
from tapwealth.storage.database import Tx

LOT = 2_048
"""Subscriptions that are settled in a transaction: nobody's tap waits for all of a raise."""
_NEXT_WORKING_DAY = 1


@dataclass(frozen=True, slots=True)
class Turned:
    """A subscription after its turn, the entry that belongs to it, what its owner is told, and what the bank is."""

    row: SubscriptionRow
    entry: JournalEntry | None
    notice: Message
    listed: Sequence[EventRow] = ()


Turn = Callable[[SubscriptionRow, Stake, date, int, Moment], Turned]


# ---- what is over


async def close_raises(house: House, day: date) -> StepReport:
    """The step: every raise whose last day has come is allotted, or given up; those and the open ones are what their subscriptions are."""
    async with house.database.read() as tx:
        known = await raise_catalogue.found(tx, await raise_store.not_allotted(tx))
    for product, one in known.items():
        if one.one.last_day <= day:
            await _close(house, day, product)
    async with house.database.read() as tx:
        done = await raise_store.allotted_on(tx, day)
        known = await raise_catalogue.found(tx, done)
        open_ones = await raise_catalogue.found(tx, await raise_store.not_allotted(tx))
        unproved = await raise_shown.unproved(tx, [*known.values(), *open_ones.values()])
    formed = sum(min(one.one.sold, one.one.terms.target) for one in known.values() if one.one.ended is Ended.FORMED)
    failed = sum(one.one.sold for one in known.values() if one.one.ended is Ended.FAILED)
    text = f"{counted(len(done), 'raise')} of the bank over: {format_minor(formed)} yuan formed, {format_minor(failed)} not formed"
    return StepReport(text, {"raises": len(done), "formed": formed, "failed": failed}, unproved)


async def _close(house: House, day: date, product: str) -> None:
    found = await _ended(house, product)
    one, standing = found.one, found.standing
    shares = await _shares(house, found)

    def turn(row: SubscriptionRow, stake: Stake, on: date, actor: int, at: Moment) -> Turned:
        told = Told(found.version, one, row, at.now)
        if one.ended is Ended.FAILED:
            return Turned(row._replace(state=State.FAILED), None, failed_notice(told, standing.back_on))
        after = row._replace(state=State.ALLOTTED, allotted=row.given if shares is None else shares[row.id])
        entry = entries.formed(stake, after.allotted, on, actor) if after.allotted else None
        return Turned(after, entry, allotted_notice(replace(told, row=after)), raise_listed.allotted(after, on))

    await _by_lots(house, day, product, [State.SUBSCRIBED], turn)
    await _note(house, lambda tx: raise_store.note_allotted(tx, product, day))


async def _ended(house: House, product: str) -> Found:
    """How the raise has ended, decided once, under the lock under which it is sold."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [HOUSE_BOOK])
        found = await raise_catalogue.find(tx, product)
        assert found is not None, "what is over was there"
        if found.one.ended is Ended.NOT_YET:
            await raise_store.end(tx, _ending(house, found))
            found = await raise_catalogue.find(tx, product)
            assert found is not None, "it is still there"
    return found


def _ending(house: House, found: Found) -> raise_store.Standing:
    made, terms, last = raise_rules.ending(found.one), found.one.terms, found.one.last_day
    within = _NEXT_WORKING_DAY if made.ended is Ended.FORMED else terms.back_within
    back_on = raise_rules.working_days_after(house.calendar, last, within)
    return replace(
        found.standing,
        ended=made.ended,
        ended_on=last,
        begins_on=made.begins_on,
        matures_on=made.matures_on,
        back_on=back_on,
    )


async def _shares(house: House, found: Found) -> Mapping[UUID, int] | None:
    """Pro rata, what each is allotted: the same however often it is worked out. None by arrival: what each was given."""
    one, terms = found.one, found.one.terms
    if terms.allotment is Allotment.ARRIVAL or one.ended is Ended.FAILED:
        return None
    async with house.database.read() as tx:
        return raise_rules.allot(terms.target, terms.step, await raise_store.asked(tx, one.product))


# ---- what is due


async def credit_raises(house: House, day: date) -> StepReport:
    """The step: interest of raises and what was not allotted, or all of a raise that failed, goes back to wallets; so do principal and gain
    of products that have matured."""
    async with house.database.look() as tx:
        back = await raise_store.to_give_back(tx, day)
    for one in back:
        await _give_back(house, day, one.product)
    async with house.database.look() as tx:
        matured = await raise_store.matured(tx, day)
    for one in matured:
        await _credit(house, day, one.product)
    return await _credited(house, day)


async def _give_back(house: House, day: date, product: str) -> None:
    found = await _found(house, product)
    async with house.database.read() as tx:
        chart = await raise_catalogue.demand_chart(tx, found.one.terms.demand)
    until = found.one.begins_on or found.standing.back_on
    assert until is not None, "it has ended"

    def turn(row: SubscriptionRow, stake: Stake, on: date, actor: int, at: Moment) -> Turned:
        rest = row.given - row.allotted
        interest = raise_rules.raise_interest(row.given, posted(chart, until, row.given), (until - row.placed_on).days)
        state, settled_on = (State.RUNNING, None) if row.allotted else (State.BACK, on)
        after = row._replace(state=state, interest=interest, settled_on=settled_on)
        entry = entries.given_back(stake, rest, interest, on, actor) if rest or interest else None
        listed = raise_listed.given_back(after, until, on)
        return Turned(after, entry, back_notice(Told(found.version, found.one, after, at.now)), listed)

    await _by_lots(house, day, product, [State.ALLOTTED, State.FAILED], turn)
    await _note(house, lambda tx: raise_store.note_given_back(tx, product, day))


async def _credit(house: House, day: date, product: str) -> None:
    """Once its day of credit has come, which is known on maturity: until then nothing is earned."""
    found = await _found(house, product)
    one = found.one
    assert one.begins_on is not None, "it was formed"
    assert one.matures_on is not None, "it was formed"
    assert found.standing.given_back_on is not None, "what is matured is given back before"
    credit_on = found.standing.credit_on or raise_rules.credit_day(
        house.calendar, one.matures_on, one.terms.credit_within, found.standing.given_back_on
    )
    if found.standing.credit_on is None:
        await _note(house, lambda tx: raise_store.set_credit_day(tx, product, credit_on))
    if credit_on > day:
        return
    days = (one.matures_on - one.begins_on).days

    def turn(row: SubscriptionRow, stake: Stake, on: date, actor: int, at: Moment) -> Turned:
        after = row._replace(state=State.PAID, gain=raise_rules.gain(row.allotted, one.rate, days), settled_on=on)
        entry = entries.matured(stake, row.allotted, after.gain, on, actor)
        return Turned(after, entry, paid_notice(Told(found.version, one, after, at.now)), raise_listed.repaid(after, on))

    await _by_lots(house, day, product, [State.RUNNING], turn)
    await _note(house, lambda tx: raise_store.note_paid(tx, product, day))


async def _credited(house: House, day: date) -> StepReport:
    """What the step has done on that date, however often it was begun."""
    async with house.database.read() as tx:
        known = await raise_store.settled_on(tx, day)
        sums = await raise_store.sums(tx, [one.product for one in known]) if known else {}
    back = interest = principal = gain = 0
    for one in known:
        of = [found for (product, state), found in sums.items() if product == one.product and state is not State.CANCELLED]
        if one.given_back_on == day:
            back += sum(each.given - each.allotted for each in of)
            interest += sum(each.interest for each in of)
        if one.paid_on == day:
            principal += sum(each.allotted for each in of)
            gain += sum(each.gain for each in of)
    said = [format_minor(each) for each in (back, interest, principal, gain)]
    text = f"{said[0]} yuan of raises back, interest {said[1]}; {said[2]} yuan matured, gain {said[3]}"
    return StepReport(text, {"back": back, "interest": interest, "principal": principal, "gain": gain})


# ---- lot by lot


async def _found(house: House, product: str) -> Found:
    async with house.database.read() as tx:
        found = await raise_catalogue.find(tx, product)
    assert found is not None, "what is due was there"
    return found


async def _note(house: House, write: Callable[[Tx], Awaitable[None]]) -> None:
    """What is done with a raise, under the lock under which it is sold."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [HOUSE_BOOK])
        await write(tx)


async def _by_lots(house: House, day: date, product: str, states: Sequence[State], turn: Turn) -> None:
    """Give every subscription in these states its turn, after which it is in another one."""
    async with house.database.read() as tx:
        books = await raise_store.books_of(tx, product, states)

    async def work(book: int) -> None:
        while await _lot(house, day, book, product, states, turn):
            pass

    await by_books(books, work)


async def _lot(house: House, day: date, book: int, product: str, states: Sequence[State], turn: Turn) -> bool:
    """Some of a book's; whether there may be more."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [book])
        rows = await raise_store.lot(tx, book, product, states, LOT)
        if not rows:
            return False
        at, actor = await moment(tx), await actor_number(tx, book, PLATFORM)
        stakes = await _stakes(house, tx, rows)
        turned = [turn(row, stake, day, actor, at) for row, stake in zip(rows, stakes, strict=True)]
        await must_post(house, tx, at, [one.entry for one in turned if one.entry is not None])
        await raise_store.save(tx, [one.row for one in turned])
        await deposit_event_store.add(tx, [event for one in turned for event in one.listed])
        await notices.tell(tx, [one.notice for one in turned])
        return len(rows) == LOT


async def _stakes(house: House, tx: Tx, rows: Sequence[SubscriptionRow]) -> list[Stake]:
    """Where their money is."""
    of = ((Kind.WALLET, [row.person for row in rows]), *((kind, [row.id for row in rows]) for kind in _OWN))
    wanted = [
        NewAccount(row.book, kind, owner, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)
        for kind, owners in of
        for row, owner in zip(rows, owners, strict=True)
    ]
    ids = await house.ledger.open_accounts(tx, wanted)
    count = len(rows)
    return [
        Stake(row.book, row.id, *accounts)
        for row, *accounts in zip(rows, ids[:count], ids[count : 2 * count], ids[2 * count :], strict=True)
    ]


_OWN = (Kind.WEALTH_SUBSCRIBED, Kind.WEALTH)
