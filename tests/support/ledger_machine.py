"""A hypothesis state machine that drives a ledger through any history of a small world and checks every invariant after every step."""

from collections.abc import Coroutine
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from ledger_histories import CNY, FIRST_DAY, START, UNITS, owner

from tapwealth.kernel.ids import named, uuid7
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.install import house_accounts
from tapwealth.ledger.invariants import INVARIANTS, Broken, Check, Witness, a_key_has_one_answer, check, limits_hold, note_closed
from tapwealth.ledger.memory import MemoryLedger
from tapwealth.ledger.port import Answer, CloseRefusal, JournalEntry, Limit, Line, NewAccount, Op, Shares, Spread

BOOKS = 2


def at_once(work: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that never waits, as the oracle's never do."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waited for something")


def small_world() -> list[NewAccount]:
    """Per book: three wallets, an account limited the other way, two holdings."""
    return [
        NewAccount(book, kind, owner(person), asset, limit)
        for book in range(1, BOOKS + 1)
        for kind, person, asset, limit in (
            (Kind.WALLET, 1, CNY, Limit.DEBITS_WITHIN_CREDITS),
            (Kind.WALLET, 2, CNY, Limit.DEBITS_WITHIN_CREDITS),
            (Kind.WALLET, 3, CNY, Limit.DEBITS_WITHIN_CREDITS),
            (Kind.MERCHANT, 4, CNY, Limit.CREDITS_WITHIN_DEBITS),
            (Kind.HOLDING, 1, UNITS, Limit.DEBITS_WITHIN_CREDITS),
            (Kind.HOLDING, 2, UNITS, Limit.DEBITS_WITHIN_CREDITS),
        )
    ]


def accounts_of(book: int, asset: int, ids: list[int]) -> list[int]:
    """The house's account twice: it is where money comes from."""
    house = house_account(book, Kind.SUSPENSE if asset == CNY else Kind.ADVANCER, asset)
    mine = ids[(book - 1) * 6 : book * 6]
    return [house, house, *(mine[:4] if asset == CNY else mine[4:])]


small = st.integers(0, 9)
amounts = st.sampled_from((1, 1, 5, 20, 100))
entry_plans = st.tuples(
    st.integers(1, BOOKS),
    st.lists(st.tuples(st.booleans(), st.sampled_from((CNY, CNY, CNY, UNITS)), small, small, amounts), min_size=1, max_size=3),
    st.sampled_from((1, 60, 3600)),  # how long its holds last
    st.sampled_from((0, 0, 0, 1, 1, -1)),  # days off
)


class LedgerMachine(RuleBasedStateMachine):
    """`make` and `drive` are what an implementation brings; `checked` are the invariants that it is held to."""

    checked: tuple[Check, ...] = INVARIANTS

    def __init__(self) -> None:
        super().__init__()
        self.ledger, self.tx = self.make()
        self.now, self.day, self.count = START, FIRST_DAY, 0
        self.holds: list[JournalEntry] = []
        self.drive(self.ledger.install(self.tx))
        self.drive(self.ledger.open_accounts(self.tx, house_accounts(BOOKS, UNITS)))
        self.ids: list[int] = self.drive(self.ledger.open_accounts(self.tx, small_world()))
        house = [
            house_account(book, kind, asset)
            for book in range(1, BOOKS + 1)
            for kind, asset in ((Kind.SUSPENSE, CNY), (Kind.ADVANCER, UNITS))
        ]
        self.witness = Witness(sorted([*self.ids, *house]))

    def make(self) -> tuple[Any, Any]:
        return MemoryLedger(BOOKS), None

    def drive(self, work: Coroutine[Any, Any, Any]) -> Any:
        return at_once(work)

    def key(self, book: int) -> UUID:
        self.count += 1
        return uuid7(self.now, book, lambda: self.count * 0x9E3779B97F4A7C15 & (1 << 64) - 1)

    def built(self, plan: Any) -> JournalEntry:
        book, line_plans, lasts, days = plan
        key = self.key(book)
        lines = []
        for number, (held, asset, debit, credit, amount) in enumerate(line_plans):
            choice = accounts_of(book, asset, self.ids)
            one, other = choice[debit % len(choice)], choice[credit % len(choice)]
            if one == other:
                other = choice[0] if one != choice[0] else choice[2]
            if held:
                expires_at = self.now + timedelta(seconds=lasts)
                lines.append(Line(Op.HOLD, one, other, asset, amount, named(self.now, book, f"{key} {number}"), expires_at))
            else:
                lines.append(Line(Op.POST, one, other, asset, amount))
        return JournalEntry(book, key, 1, self.day + timedelta(days=days), 1, None, tuple(lines))

    def post(self, entries: list[JournalEntry]) -> list[Answer]:
        answers: list[Answer] = self.drive(self.ledger.post(self.tx, self.now, entries))
        self.witness.saw(self.now, entries, answers)
        self.holds += [entry for entry in entries if any(line.op == Op.HOLD for line in entry.lines)]
        return answers

    @rule(plans=st.lists(entry_plans, min_size=1, max_size=5))
    def post_some(self, plans: list[Any]) -> None:
        self.post([self.built(plan) for plan in plans])

    @rule(plan=entry_plans)
    def post_one_twice_in_a_list(self, plan: Any) -> None:
        entry = self.built(plan)
        first, second = self.post([entry, entry])
        if second != first._replace(replay=first.recorded_at is not None) and a_key_has_one_answer in self.checked:
            raise Broken(4, f"asked twice in one list, it was answered {first} and {second}")

    @rule(
        which=small,
        op=st.sampled_from((Op.CAPTURE, Op.CAPTURE, Op.RELEASE, Op.EXPIRE)),
        short=st.sampled_from((0, 0, 0, 1, -1)),
        all_of_it=st.booleans(),
    )
    def end_a_hold(self, which: int, op: Op, short: int, all_of_it: bool) -> None:
        if not self.holds:
            return
        entry = self.holds[-1 - which % len(self.holds)]
        held = [line for line in entry.lines if line.op == Op.HOLD]
        if not all_of_it:
            held = held[:1]
        lines = tuple(Line(op, line.debit, line.credit, line.asset, max(line.amount - short, 1), line.hold) for line in held)
        self.post([JournalEntry(entry.book, self.key(entry.book), 2, self.day, 1, entry.key, lines)])

    @rule(book=st.integers(1, BOOKS), person=st.integers(0, 2), amount=amounts)
    def give(self, book: int, person: int, amount: int) -> None:
        """Money from outside, so that there is some to fight over."""
        line = Line(Op.POST, house_account(book, Kind.SUSPENSE, CNY), self.ids[(book - 1) * 6 + person], CNY, amount)
        self.post([JournalEntry(book, self.key(book), 3, self.day + timedelta(days=1), 1, None, (line,))])

    @rule(book=st.integers(1, BOOKS), shares=st.tuples(*2 * (st.sampled_from((0, 1, 7, 100)),)))
    def spread(self, book: int, shares: tuple[int, int]) -> None:
        """Income of both holdings of a book at once."""
        holdings = self.ids[(book - 1) * 6 + 4 : book * 6]
        given = Spread({book: self.key(book)}, 5, self.day, 1, UNITS, Kind.ADVANCER)
        self.drive(self.ledger.spread(self.tx, self.now, given, Shares.of(list(zip(holdings, shares, strict=True)))))
        got = {holding for holding, share in zip(holdings, shares, strict=True) if share}
        if got:
            self.witness.spread[given.keys[book]] = got | {house_account(book, Kind.ADVANCER, UNITS)}

    @rule(book=st.integers(1, BOOKS), person=st.integers(0, 1))
    def take_all_units(self, book: int, person: int) -> None:
        """What is available can be taken to the last unit, and no more."""
        holding, house = self.ids[(book - 1) * 6 + 4 + person], house_account(book, Kind.ADVANCER, UNITS)
        free = self.drive(self.ledger.free(self.tx, self.now, [holding]))[holding]
        for amount, stands in ((free + 1, False), (free, True)):
            if amount:
                line = Line(Op.POST, holding, house, UNITS, amount)
                (answer,) = self.post([JournalEntry(book, self.key(book), 6, self.day + timedelta(days=1), 1, None, (line,))])
                if answer.posted is not stands and limits_hold in self.checked:
                    raise Broken(3, f"{amount} of {free} free units were {'taken' if answer.posted else 'refused'}")

    @rule(book=st.integers(1, BOOKS), person=st.integers(0, 2), amount=amounts, worked=st.booleans())
    def spend_what_was_held_too_long(self, book: int, person: int, amount: int, worked: bool) -> None:
        """All of a wallet is held; the hold's time passes; all of it is spent."""
        self.give(book, person, amount)
        wallet, house = self.ids[(book - 1) * 6 + person], house_account(book, Kind.SUSPENSE, CNY)
        balances = self.drive(self.ledger.balances(self.tx, [wallet]))
        line = Line(Op.HOLD, wallet, house, CNY, balances[wallet].available)
        held = line._replace(hold=named(self.now, book, f"all {self.count}"), expires_at=self.now + timedelta(seconds=1))
        self.post([JournalEntry(book, self.key(book), 4, self.day, 1, None, (held,))])
        self.now += timedelta(seconds=1)
        if worked:
            self.the_worker_expires(book)
        self.post([JournalEntry(book, self.key(book), 4, self.day, 1, None, (line._replace(op=Op.POST),))])

    @rule(seconds=st.sampled_from((0, 1, 61, 4000)))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(book=st.integers(1, BOOKS))
    def the_worker_expires(self, book: int) -> None:
        self.drive(self.ledger.expire_due(self.tx, self.now, book, self.day, 2))

    @rule()
    def the_day_closes(self) -> None:
        for book in range(1, BOOKS + 1):
            for day in (self.day - timedelta(days=1), self.day):
                self.close(book, day)
        self.day += timedelta(days=1)

    def close(self, book: int, day: date) -> None:
        closed = self.drive(self.ledger.close_date(self.tx, self.now, book, day))
        assert closed is not CloseRefusal.EARLIER_DATE_OPEN
        self.drive(note_closed(self.ledger, self.tx, self.witness, book, day))

    @invariant()
    def promises_hold(self) -> None:
        self.drive(check(self.ledger, self.tx, self.witness, self.checked))
