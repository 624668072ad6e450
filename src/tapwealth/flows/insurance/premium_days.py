"""What the end of a date does about policies that stand: premiums collected, cover suspended, policies lapsed, expired and renewed.

Only policies whose next look has come are read, by an index, in lots and book by book; where there is none nothing is read or written.
What a lot does follows from what is paid, so that a lot that was done is not done again after a kill. The last of the three steps says when
a policy is looked at next.
"""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from tapwealth.flows.bank.payments import end_to_end
from tapwealth.flows.end_of_day import StepReport, by_books, end_of
from tapwealth.flows.frame import Caller, House, Moment, moment
from tapwealth.flows.insurance.insured import cover_ended
from tapwealth.flows.insurance.policy_outcomes import INSURER
from tapwealth.flows.insurance.policy_product import products_of
from tapwealth.flows.insurance.premium_notices import News, notice
from tapwealth.flows.insurance.premium_outcomes import LAPSE, SUSPEND
from tapwealth.flows.insurance.premium_taking import Taken, Wanted, plan_of, take_premiums
from tapwealth.flows.insurance.premiums import keep_paid
from tapwealth.flows.insurance.renewals import Renewed, renew, renewable
from tapwealth.insurance import claim_store, endorsement_store, premium_store, store
from tapwealth.insurance.looks import Look, collects, look, next_look
from tapwealth.insurance.policy import PolicyEvent, PolicyState, anniversary, next_state
from tapwealth.insurance.premium_store import DueState, Mandate, Turn, TurnRow
from tapwealth.insurance.product import Product
from tapwealth.insurance.schedule import (
    YEARS_TO_REINSTATE,
    Schedule,
    cash_value,
    dues,
    lapses_on,
    next_due,
    suspended_from,
    within,
)
from tapwealth.insurance.store import Key, PolicyRow
from tapwealth.kernel.ids import derived, named
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import Refusal
from tapwealth.kernel.words import counted
from tapwealth.notices import store as notices
from tapwealth.storage import outbox
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.database import Tx
from tapwealth.storage.outbox import OutboxMessage

LOT = 500
"""Policies of a book that are looked at in one transaction."""
_DAY = timedelta(days=1)
_FIRST = UUID(int=0)
_TURNS = UUID(int=620)
"""What suspensions and lapses are named under."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A policy as the end of a date finds it. `busy`: the insurer is being asked about it, or to keep a premium of what it pays for a
    claim, or a claim would end it that is not decided (`claim_store.Undecided`), so that it is looked at again the next date. `in_grace`: a
    premium that is owed may still be kept of a claim, so that it does not lapse for that one meanwhile."""

    row: PolicyRow
    schedule: Schedule
    product: Product
    mandate: Mandate | None
    busy: bool
    in_grace: bool
    returned: int

    @property
    def key(self) -> Key:
        return self.row.book, self.row.id


Deed = Callable[[Tx, Moment, Sequence[_Seen]], Awaitable[None]]


async def _in_lots(house: House, day: date, deed: Deed, before: Callable[[Sequence[_Seen]], Awaitable[None]] | None = None) -> None:
    """Do the deed for every policy that is due to be looked at, a lot a transaction; `before`: outside it."""
    async with house.database.look() as tx:
        books = await premium_store.books_due(tx, list(house.all_books), day)

    async def work(book: int) -> None:
        async for lot in _lots(house, book, day):
            if before is not None:
                async with house.database.read() as tx:
                    seen = await _seen(tx, book, lot)
                await before(seen)
            async with house.database.transaction() as tx:
                await house.ledger.lock_books(tx, [book])
                await deed(tx, await moment(tx), await _seen(tx, book, lot))

    await by_books(books, work)


async def _lots(house: House, book: int, day: date) -> AsyncIterator[list[UUID]]:
    after = _FIRST
    while True:
        async with house.database.look() as tx:
            lot = await premium_store.due_in(tx, book, day, after, LOT)
        if lot:
            yield lot
        if len(lot) < LOT:
            return
        after = lot[-1]


async def _seen(tx: Tx, book: int, lot: Sequence[UUID]) -> list[_Seen]:
    keys = [(book, policy) for policy in lot]
    rows = await store.policies(tx, keys)
    schedules, mandates = await premium_store.schedules(tx, rows), await premium_store.mandates(tx, keys)
    products = await products_of(tx, rows.values())
    taken = await premium_store.premiums_of(tx, keys)
    waiting = {(one.book, one.policy) for one in taken if one.state is DueState.TAKEN}
    busy = waiting | {key for key, row in rows.items() if row.being_cancelled}
    undecided = await claim_store.undecided(tx, keys)
    busy |= await endorsement_store.under_way(tx, keys) | undecided.ending
    busy |= set(await claim_store.deducting(tx, keys))
    returned = Counter((one.book, one.policy) for one in taken if one.state is DueState.RETURNED)
    return [
        _Seen(
            row,
            schedules[key],
            products[row.product, row.version],
            mandates.get(key),
            key in busy,
            key in undecided.in_grace,
            returned[key],
        )
        for key, row in sorted(rows.items())
    ]


# ---- premiums


async def collect_premiums(house: House, day: date) -> StepReport:
    """Premiums that are due are collected where that is agreed, and asked for where it is not; those that will be due are announced."""

    async def deed(tx: Tx, at: Moment, seen: Sequence[_Seen]) -> None:
        asked = [one for one in seen if not one.busy and collects(one.schedule, one.row.state, day)]
        agreed = [one for one in asked if one.mandate is not None]
        answers = await take_premiums(house, tx, at, day, [_wanted(one, day, at) for one in agreed])
        answered = list(zip(agreed, answers, strict=True))
        await keep_paid(tx, [(one.row, one.schedule, said) for one, said in answered if isinstance(said, Taken)], day)
        news = [_unpaid(one, day, said.text) for one, said in answered if isinstance(said, Refusal)]
        news += [_unpaid(one, day, "it is not collected: pay it by hand") for one in asked if one.mandate is None]
        news += [_due(one) for one in seen if not one.busy and look(one.schedule, one.row.state, day) is Look.TELL]
        await notices.tell(tx, [notice(one, at.now) for one in news])

    await _in_lots(house, day, deed)
    async with house.database.look() as tx:
        policies, amount = await premium_store.collected_on(tx, list(house.all_books), day)
    text = f"premiums of {counted(policies, 'policy', 'policies')}, {format_minor(amount)} yuan, are collected"
    return StepReport(text, {"policies": policies, "amount": amount})


def _wanted(one: _Seen, day: date, at: Moment) -> Wanted:
    assert one.mandate is not None, "nobody let it be collected"
    caller = Caller(ActorKind.PLATFORM, "premiums", "agreement", one.row.person, one.row.book)
    read = min(at.now, end_of(day) - timedelta(seconds=1))
    owed = within(dues(one.schedule, day), one.mandate.most)
    return Wanted(one.row, owed, caller, read, one.mandate.fund, one.mandate.most, one.mandate.id, one.returned)


def _unpaid(one: _Seen, day: date, why: str) -> News:
    owed = dues(one.schedule, day)
    amount, until = sum(due.amount for due in owed), one.schedule.grace_until
    return News(one.row, one.product, "unpaid", str(day), amount, until=until, why=why)


def _due(one: _Seen) -> News:
    due = next_due(one.schedule)
    assert due is not None, "a premium will be due"
    what = "due by hand" if one.mandate is None else "due"
    return News(one.row, one.product, what, str(due.on), due.amount, on=due.on)


# ---- suspensions and lapses


async def suspend_and_lapse(house: House, day: date) -> StepReport:
    """Cover whose grace is over is suspended from the next day on; what was suspended for two years is over."""

    async def deed(tx: Tx, at: Moment, seen: Sequence[_Seen]) -> None:
        looked = [(one, look(one.schedule, one.row.state, day)) for one in seen if not one.busy]
        turned = [
            (one, _turn(one, what, day, at)) for one, what in looked if what is Look.SUSPEND or (what is Look.LAPSE and not one.in_grace)
        ]
        await premium_store.add_turns(tx, [turn for _, turn in turned])
        await store.save(tx, [_moved(one.row, turn.turn) for one, turn in turned])
        over = [one.key for one, turn in turned if turn.turn is Turn.LAPSED]
        await premium_store.end_mandates(tx, over, at.now)
        await cover_ended(tx, {(turn.book, turn.policy): turn.from_day for _, turn in turned if turn.turn is Turn.LAPSED})
        await outbox.put(tx, [_message(turn) for _, turn in turned])
        await notices.tell(tx, [notice(_turn_news(one, turn), at.now) for one, turn in turned])

    await _in_lots(house, day, deed)
    async with house.database.look() as tx:
        found = await premium_store.turned_on(tx, list(house.all_books), day)
    suspended, lapsed = found.get(Turn.SUSPENDED, 0), found.get(Turn.LAPSED, 0)
    text = f"cover of {counted(suspended, 'policy', 'policies')} is suspended, {counted(lapsed, 'policy', 'policies')} lapsed"
    return StepReport(text, {"suspended": suspended, "lapsed": lapsed})


def _turn(one: _Seen, what: Look, day: date, at: Moment) -> TurnRow:
    turn = Turn.SUSPENDED if what is Look.SUSPEND else Turn.LAPSED
    first = suspended_from(one.schedule) if turn is Turn.SUSPENDED else lapses_on(one.schedule)
    assert first is not None, "a premium is not paid"
    name = derived(_TURNS, f"{one.row.serial} {turn} {first}")
    identifier = named(end_of(day) - timedelta(seconds=1), one.row.book, f"policy turn {name}")
    refund = cash_value(one.product, one.schedule) if turn is Turn.LAPSED else 0
    serial = end_to_end("SUS" if turn is Turn.SUSPENDED else "LAP", name)
    return TurnRow(one.row.book, identifier, one.row.id, turn, first, serial, day, at.now, refund)


def _moved(row: PolicyRow, turn: Turn) -> PolicyRow:
    state = next_state(row.state, PolicyEvent.SUSPEND if turn is Turn.SUSPENDED else PolicyEvent.LAPSE)
    assert isinstance(state, PolicyState), state
    return replace(row, state=state)


def _message(turn: TurnRow) -> OutboxMessage:
    kind = SUSPEND if turn.turn is Turn.SUSPENDED else LAPSE
    return OutboxMessage(turn.book, derived(turn.id, kind), INSURER, kind, {"policy": str(turn.policy), "serial": turn.serial})


def _turn_news(one: _Seen, turn: TurnRow) -> News:
    if turn.turn is Turn.SUSPENDED:
        return News(one.row, one.product, "suspended", turn.serial, on=turn.from_day, until=anniversary(turn.from_day, YEARS_TO_REINSTATE))
    return News(one.row, one.product, "lapsed", turn.serial, turn.refund, on=turn.from_day)


# ---- the end of cover


async def expire_and_renew(house: House, day: date) -> StepReport:
    """Policies whose last day this was are over; those that are to go on do so as other ones some days before. Then each policy that was
    looked at waits for its next look."""
    renewed: dict[Key, Renewed | Refusal] = {}

    async def before(seen: Sequence[_Seen]) -> None:
        for one in seen:
            if _renews(one, day) and one.mandate is not None:
                renewed[one.key] = await renew(house, day, one.row, one.mandate)

    async def deed(tx: Tx, at: Moment, seen: Sequence[_Seen]) -> None:
        over = [one for one in seen if not one.busy and look(one.schedule, one.row.state, day) is Look.EXPIRE]
        await store.save(tx, [replace(one.row, state=PolicyState.EXPIRED) for one in over])
        await premium_store.end_mandates(tx, [one.key for one in over], at.now)
        news = [News(one.row, one.product, "expired", on=one.schedule.to_day) for one in over]
        for one in seen:
            news += _renewal_news(one, day, renewed.get(one.key))
        await notices.tell(tx, [notice(one, at.now) for one in news])
        await premium_store.save_plans(tx, [_next(one, day, PolicyState.EXPIRED if one in over else one.row.state) for one in seen])

    await _in_lots(house, day, deed, before)
    async with house.database.look() as tx:
        expired = await premium_store.expired_before(tx, list(house.all_books), day + _DAY)
    return StepReport(f"{counted(expired, 'policy', 'policies')} expired", {"expired": expired})


def _renews(one: _Seen, day: date) -> bool:
    agreed = one.mandate is not None and one.mandate.renews and renewable(one.product)
    return agreed and not one.busy and look(one.schedule, one.row.state, day) is Look.RENEW


def _next(one: _Seen, day: date, state: PolicyState) -> premium_store.Plan:
    upcoming = day + _DAY if one.busy else next_look(one.schedule, state, day + _DAY)
    return plan_of(one.key, one.schedule, upcoming)


def _renewal_news(one: _Seen, day: date, said: Renewed | Refusal | None) -> list[News]:
    ends = one.schedule.to_day
    if isinstance(said, Refusal):
        return [News(one.row, one.product, "not renewed", str(day), on=ends, why=said.text)]
    if said is not None:
        return [News(one.row, one.product, "renewed", str(said.policy), said.premium, on=ends)]
    if one.busy or not renewable(one.product) or look(one.schedule, one.row.state, day) is not Look.TELL_RENEWAL:
        return []
    if one.mandate is not None and one.mandate.renews:
        return [News(one.row, one.product, "renews", "", one.mandate.most, on=ends)]
    return [News(one.row, one.product, "ends", "", on=ends)]
