"""The settlement with the insurer: two steps of the day's end (the proof of what is left in the trust: `premium_trust`).

What is settled under a date is every premium that a bordereau has named and that has come to the premium trust, less the house's commission
on it, plus what the house gives back of earlier commission: one payment to the insurer and one statement, a line per event. The commission
then goes from the trust to our own money. What is given back is taken from the commission of the day; where that is too little it is called
in from our own money, and is settled with the first date at whose end the trust has it: nobody else's premium is ever lent to it.

A book settles by itself, so that what is owed to the insurer in a book is covered there.
"""

import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import BinaryIO
from uuid import UUID

from tapwealth.bank import store as bank
from tapwealth.bank.entries import NUMBER_OF, Part
from tapwealth.bank.store import BreakRow
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.payments import Payment, Purpose
from tapwealth.flows.end_of_day import StepReport, handed_out, reported
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, actor_number, moment, must_post, step_key
from tapwealth.flows.insurance.policy_product import commission_rates, products_of
from tapwealth.insurance import entries, policy_event_store, store
from tapwealth.insurance.bordereau import BordereauEvent
from tapwealth.insurance.commission import Movement, reckon
from tapwealth.insurance.insurer import CONNECTED
from tapwealth.insurance.policy_event_store import PolicyEventRow
from tapwealth.insurance.settlement import SettlementAnswer, StatementLine, begin_statement, read_answer
from tapwealth.insurance.store import PolicyRow
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.kernel.refusal import BadInput
from tapwealth.kernel.words import counted
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry
from tapwealth.storage.database import Tx
from tapwealth.wire.sealed_csv import Sealed

SETTLEMENT = "settlement"
"""The source of the breaks found here."""
INSURER_ACCOUNT = "0200000002"
"""The insurer's account at the bank: a parameter of the installation."""
Key = tuple[int, UUID]


@dataclass(slots=True)
class _Book:
    """What a book settles: `rows` with their commission; fen from the trust to our own money, and fen called in the other way."""

    rows: list[PolicyEventRow] = field(default_factory=list)
    surplus: int = 0
    called: int = 0

    @property
    def had(self) -> int:
        return sum(max(row.commission, 0) for row in self.rows)

    @property
    def given_back(self) -> int:
        return sum(max(-row.commission, 0) for row in self.rows)

    @property
    def paid(self) -> int:
        """To the insurer."""
        return sum(row.trusted - row.commission for row in self.rows)


async def pay_insurer(house: House, day: date) -> StepReport:
    """Settle what has arrived in the premium trust by this date; it is paid the next day."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, house.all_books)
        at, actor = await moment(tx), await actor_number(tx, HOUSE_BOOK, PLATFORM)
        books = await _settled(house, tx, day)
        await must_post(house, tx, at, [entry for book, one in sorted(books.items()) for entry in _entries(book, one, day, actor)])
        made = [_payout(day, books), _to_own_money(day, books), _called_in(day, books)]
        await payments.instruct(house, tx, at, day, actor, [payment for payment in made if payment.parts])
        await policy_event_store.settle(tx, [row for one in books.values() for row in one.rows], day)
        return await reported(tx, _paid(books))


def _paid(books: Mapping[int, _Book]) -> StepReport:
    paid, had = sum(one.paid for one in books.values()), sum(one.had for one in books.values())
    back, called = sum(one.given_back for one in books.values()), sum(one.called for one in books.values())
    way = f"{format_minor(paid)} yuan of premiums on their way to the insurer"
    text = f"{way}, commission {format_minor(had)}, given back {format_minor(back)}"
    return StepReport(text, {"amount": paid, "commission": had, "given_back": back, "called_in": called})


async def _settled(house: House, tx: Tx, day: date) -> dict[int, _Book]:
    """By book, what can be settled under this date."""
    rows = await policy_event_store.unsettled(tx, list(house.all_books), day)
    arrived = await have_arrived(tx, rows, day)
    came = [row for row in rows if row.premium > 0 and row.swept_by in arrived]
    kept = [row for row in rows if row.kept]
    back = [row for row in rows if row.premium <= 0]
    commission = await commissions(tx, [*came, *kept, *back])
    pots, under_way = await by_book(house, tx, Kind.COMMISSION, day), await _under_way(tx, day)
    books: dict[int, _Book] = {}
    for book in house.all_books:
        mine, kept_here, backs = (
            [replace(row, commission=commission[row.book, row.event, row.serial]) for row in of if row.book == book]
            for of in (came, kept, back)
        )
        due = {row.policy for row in rows if row.book == book and row.premium > 0 and not row.kept} - {row.policy for row in came}
        books[book] = _settle_book(_together(mine, kept_here, backs, due), pots[book], under_way[book])
    return {book: one for book, one in books.items() if one.rows or one.surplus or one.called}


@dataclass(frozen=True, slots=True)
class _Together:
    """`sure` is settled in any case; `tied`, premiums that the insurer has kept, once what is given back (`gives`) is."""

    sure: list[PolicyEventRow]
    tied: list[PolicyEventRow]
    gives: list[PolicyEventRow]


def _together(came: list[PolicyEventRow], kept: list[PolicyEventRow], back: list[PolicyEventRow], due: set[UUID]) -> _Together:
    """What a book settles. A policy gives back after its premiums are settled: those that are `due` are to come, and of those that were
    kept the commission is taken from what the book pays on, or else from what the policy itself gives back, so that neither waits for the
    other."""
    sure = [*came, *_from_what_is_paid(came, kept)]
    room = sum(row.trusted - row.commission for row in sure)
    later = [row for row in kept if row not in sure]
    tied = list[PolicyEventRow]()
    for policy in {row.policy: None for row in later}:
        mine = [row for row in later if row.policy == policy]
        more = sum(row.commission for row in (*mine, *back) if row.policy == policy)
        if policy not in due and any(row.policy == policy for row in back) and more <= room:
            tied += mine
            room -= max(more, 0)
    waiting = (due | {row.policy for row in later if row not in tied}) - {row.policy for row in sure}
    return _Together(sure, tied, [row for row in back if row.policy not in waiting])


def _from_what_is_paid(came: Sequence[PolicyEventRow], kept: Sequence[PolicyEventRow]) -> list[PolicyEventRow]:
    """Of premiums that the insurer has kept those whose commission can be taken from what the book pays it for others."""
    room, found = sum(row.trusted - row.commission for row in came), list[PolicyEventRow]()
    for row in kept:
        if row.commission <= room:
            found.append(row)
            room -= row.commission
    return found


def _settle_book(one: _Together, pot: int, under_way: int) -> _Book:
    """`pot` fen of commission lie in the trust from before, `under_way` fen are called in already."""
    made = _Book(one.sure)
    there, wanted = pot + made.had, -sum(row.commission for row in (*one.tied, *one.gives))
    if wanted <= there:
        return _Book([*one.sure, *one.tied, *one.gives], surplus=there - wanted)
    made.called = max(wanted - there - under_way, 0)
    return made


async def have_arrived(tx: Tx, rows: Sequence[PolicyEventRow], day: date) -> set[str]:
    """Of their sweeps those whose money was in the trust by the end of that date."""
    names = sorted({row.swept_by for row in rows if row.swept_by is not None})
    found = await bank.by_end_to_end(tx, names)
    return {name for name, one in found.items() if one.state == "executed" and one.settled_on is not None and one.settled_on <= day}


async def commissions(tx: Tx, rows: Sequence[PolicyEventRow]) -> dict[tuple[int, BordereauEvent, str], int]:
    """Of these events, from the whole history of their policies."""
    keys = sorted({(row.book, row.policy) for row in rows})
    histories, policies = await policy_event_store.of_policies(tx, keys), await store.policies(tx, keys)
    rates, products = await commission_rates(tx, policies.values()), await products_of(tx, policies.values())
    found = {}
    for key, history in histories.items():
        policy = policies[key]
        bought_as = policy.product, policy.version
        made = reckon(_movements(history, policy, products[bought_as].terms.free_look_cost, rates[bought_as]))
        found.update({(row.book, row.event, row.serial): amount for row, amount in zip(history, made, strict=True)})
    return found


def _movements(history: Sequence[PolicyEventRow], policy: PolicyRow, cost: int, rate: Callable[[date], int]) -> list[Movement]:
    """At the rate of the day on which the insurer booked each. In the free look is who has all back that was paid less its `cost`: not who
    has nothing back, since the answers were untrue. A request of its last second may lie under the date after."""
    until, asked = policy.free_look_until, policy.cancel_asked_on
    free = until is not None and asked is not None and asked <= until + timedelta(days=1)
    made: list[Movement] = []
    for row in history:
        paid = sum(one.amount for one in made)
        whole = free and row.event is BordereauEvent.CANCELLED and row.amount == max(paid - cost, 0)
        made.append(Movement(row.premium, rate(row.matched_on or row.happened_on), whole=whole))
    return made


async def _under_way(tx: Tx, day: date) -> dict[int, int]:
    found: dict[int, int] = defaultdict(int)
    for book, amount in await bank.parts_under_way(tx, day, [Purpose.COMMISSION_BACK]):
        found[book] += amount
    return found


def _entries(book: int, one: _Book, day: date, actor: int) -> list[JournalEntry]:
    made = []
    if one.had:
        made.append(entries.commission_had(book, step_key(day, "commission", book), one.had, day, actor))
    if one.given_back:
        made.append(entries.commission_given_back(book, step_key(day, "commission back", book), one.given_back, day, actor))
    return made


def _payout(day: date, books: Mapping[int, _Book]) -> Payment:
    parts = tuple(Part(book, one.paid, house_account(book, Kind.INSURER, Asset.CNY)) for book, one in sorted(books.items()) if one.paid)
    name, trust = f"INS-{day:%Y%m%d}", NUMBER_OF[Kind.PREMIUM_TRUST]
    return _payment(day, "insurer", name, Purpose.PREMIUM_PAYOUT, trust, INSURER_ACCOUNT, CONNECTED[0], parts)


def _to_own_money(day: date, books: Mapping[int, _Book]) -> Payment:
    parts = tuple(
        Part(book, one.surplus, house_account(book, Kind.COMMISSION, Asset.CNY), house_account(book, Kind.COMMISSION_OWN, Asset.CNY))
        for book, one in sorted(books.items())
        if one.surplus
    )
    name, trust, own = f"COM-{day:%Y%m%d}", NUMBER_OF[Kind.PREMIUM_TRUST], NUMBER_OF[Kind.OWN_MONEY]
    return _payment(day, "commission", name, Purpose.COMMISSION, trust, own, "Tapwealth", parts)


def _called_in(day: date, books: Mapping[int, _Book]) -> Payment:
    parts = tuple(
        Part(book, one.called, house_account(book, Kind.COMMISSION_OWN, Asset.CNY), house_account(book, Kind.COMMISSION, Asset.CNY))
        for book, one in sorted(books.items())
        if one.called
    )
    name, trust, own = f"COB-{day:%Y%m%d}", NUMBER_OF[Kind.PREMIUM_TRUST], NUMBER_OF[Kind.OWN_MONEY]
    return _payment(day, "commission back", name, Purpose.COMMISSION_BACK, own, trust, "Tapwealth premium trust", parts)


def _payment(
    day: date, what: str, name: str, purpose: Purpose, source: str, to: str, counterparty: str, parts: tuple[Part, ...]
) -> Payment:
    return Payment(step_key(day, what, HOUSE_BOOK), name, purpose, source, to, counterparty, day + timedelta(days=1), parts)


async def statement_of(house: House, tx: Tx, day: date) -> list[StatementLine]:
    """What is settled under a date."""
    return [_line(row) async for row in policy_event_store.settled(tx, list(house.all_books), day)]


def _line(row: PolicyEventRow) -> StatementLine:
    return StatementLine(row.event, row.serial, row.policy_number, row.trusted, row.commission)


async def agree_settlement(house: House, day: date) -> StepReport:
    """Give the insurer the statement of the date, and name what its books do not have so."""
    async with house.database.look() as tx:
        settled = await policy_event_store.commission_settled(tx, list(house.all_books), day)
    if settled is None:
        return StepReport("nothing is settled with the insurer", {"lines": 0, "net": 0})
    with tempfile.TemporaryFile(prefix="tapwealth-statement-") as file:
        statement = await _write(house, day, file)
        content = await handed_out(lambda: house.rails.insurer.settle(day, file))
    if content is None:
        return StepReport("no word on the settlement", wrong=[f"the insurer says nothing of the settlement of {day}; close {day} again"])
    try:
        answer = read_answer(content)
    except BadInput as error:
        return StepReport("no word on the settlement", wrong=[f"the settlement of {day}: {error}"])
    async with house.database.transaction() as tx:
        at = await moment(tx)
        found = await bank.replace_breaks(tx, day, SETTLEMENT, _differences(day, statement, answer), at.now)
    *_, net = statement.sums
    text = f"the insurer has been told of {counted(statement.records, 'event')}, {format_minor(net)} yuan net"
    wrong = [one.text for one in found if not one.accounted]
    return StepReport(text, {"lines": statement.records, "net": net, "differences": len(found)}, wrong)


async def _write(house: House, day: date, file: BinaryIO) -> Sealed:
    writer = begin_statement(file)
    async with house.database.read() as tx:
        async for row in policy_event_store.settled(tx, list(house.all_books), day):
            writer.add(_line(row))
    return writer.end()


def _differences(day: date, statement: Sealed, answer: SettlementAnswer) -> list[BreakRow]:
    *_, net = statement.sums
    if answer.digest != statement.hash:
        text = f"the insurer speaks of another statement than that of {day}; ask it"
        return [BreakRow(SETTLEMENT, "other_statement", str(day), 0, text, accounted=False)]
    found = [
        BreakRow(
            SETTLEMENT,
            "line_differs",
            one.serial,
            one.amount,
            f"settlement of {one.serial} ({one.event[:20]}): {format_minor(one.amount)} yuan more than at the insurer: {one.text[:80]}",
            accounted=False,
        )
        for one in answer.differences
    ]
    if not found and answer.net != net:
        text = f"the insurer expects {format_minor(answer.net)} yuan for {day}, the statement says {format_minor(net)}"
        found.append(BreakRow(SETTLEMENT, "net_differs", str(day), net - answer.net, text, accounted=False))
    return found


async def by_book(house: House, tx: Tx, kind: Kind, day: date) -> dict[int, int]:
    """Fen that are owed on a house account of each book at the end of a date."""
    accounts = {house_account(book, kind, Asset.CNY): book for book in range(house.books + 1)}
    return {accounts[account]: total.owed for account, total in (await house.ledger.totals_dated(tx, list(accounts), day)).items()}
