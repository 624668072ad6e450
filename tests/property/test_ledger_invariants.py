"""Any history, either implementation: the numbered invariants hold after every step. And each of them can be broken, and is then named."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from dear import examples
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from ledger_machine import BOOKS, LedgerMachine

from tapwealth.ledger.chart import Kind
from tapwealth.ledger.invariants import INVARIANTS, Broken
from tapwealth.ledger.memory import MemoryLedger
from tapwealth.ledger.port import Answer, Balance, CloseRefusal, JournalEntry, LedgerRefusal, Op, Spread, Totals, TrialBalances
from tapwealth.ledger.postgres import PostgresLedger

QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@pytest.mark.dear
def test_the_oracle_keeps_its_promises() -> None:
    run_state_machine_as_test(LedgerMachine, settings=settings(max_examples=examples(40, some=15), stateful_step_count=25, **QUIET))


@pytest.fixture(scope="module")
def postgres(database_url: str) -> Iterator[tuple[type[LedgerMachine], Any, asyncio.Runner]]:
    """The machine over PostgreSQL: a transaction per history, taken back at its end, and the oracle beside it."""
    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect(database_url, server_settings={"search_path": "tapwealth", "jit": "off"}))
        yield over(connection, runner), connection, runner
        runner.run(connection.close())


class Agreeing(PostgresLedger):
    """Whatever changes something is done by the oracle as well, and answered alike."""

    def __init__(self, books: int) -> None:
        super().__init__(books)
        self.oracle = MemoryLedger(books)
        self.spreads = False

    async def install(self, tx: Any) -> None:
        await super().install(tx)
        await self.oracle.install()

    async def open_accounts(self, tx: Any, accounts: Any) -> list[int]:
        opened = await super().open_accounts(tx, accounts)
        assert opened == await self.oracle.open_accounts(tx, accounts)
        return opened

    async def post(self, tx: Any, now: Any, entries: Any) -> list[Answer]:
        answers = await super().post(tx, now, entries)
        assert [one._replace(no=0) for one in answers] == [one._replace(no=0) for one in await self.oracle.post(tx, now, entries)]
        return answers

    async def expire_due(self, tx: Any, *asked: Any) -> int:
        ended = await super().expire_due(tx, *asked)
        assert ended == await self.oracle.expire_due(tx, *asked)
        return ended

    async def close_date(self, tx: Any, *asked: Any) -> Any:
        """How many balances are written differs where there were spreads: the oracle has one of each account, the other one of the pool."""
        closed = await super().close_date(tx, *asked)
        expected = await self.oracle.close_date(tx, *asked)
        assert closed == expected or (self.spreads and CloseRefusal.EARLIER_DATE_OPEN not in (closed, expected))
        return closed

    async def spread(self, tx: Any, now: Any, spread: Spread, shares: Any = None) -> Any:
        self.spreads = True
        answers = await super().spread(tx, now, spread, shares)
        expected = await self.oracle.spread(tx, now, spread, shares)
        assert {book: one._replace(no=0) for book, one in answers.items()} == {book: one._replace(no=0) for book, one in expected.items()}
        return answers


def over(
    connection: Any, runner: asyncio.Runner, kind: type[PostgresLedger] = Agreeing, mutation: str | None = None
) -> type[LedgerMachine]:
    """`mutation`: a statement run inside each history's transaction."""

    class PostgresMachine(LedgerMachine):
        def make(self) -> tuple[Any, Any]:
            self.change = connection.transaction()
            runner.run(self.change.start())
            if mutation is not None:
                runner.run(connection.execute(mutation))
            return kind(BOOKS), connection

        def drive(self, work: Any) -> Any:
            return runner.run(work)

        def teardown(self) -> None:
            runner.run(self.change.rollback())

    return PostgresMachine


@pytest.mark.dear
def test_postgres_keeps_its_promises(postgres: tuple[type[LedgerMachine], Any, asyncio.Runner]) -> None:
    run_state_machine_as_test(postgres[0], settings=settings(max_examples=examples(12, some=5), stateful_step_count=15, **QUIET))


class Overdraws(MemoryLedger):
    """3: forgets what is held."""

    def _judge_limits(self, now: datetime, entry: JournalEntry) -> LedgerRefusal | None:
        held = {number: account.pending_debits for number, account in self.accounts.items()}
        for account in self.accounts.values():
            account.pending_debits = 0
        refusal = super()._judge_limits(now, entry)
        for number, amount in held.items():
            self.accounts[number].pending_debits = amount
        return refusal


class LosesTheOtherSide(MemoryLedger):
    """1: a line of two entries in nine debits and does not credit."""

    def _effects(self, book: int, line: Any) -> Any:
        debit, credit = super()._effects(book, line)
        return (debit, (credit[0], (0, 0, 0, 0))) if line.amount == 100 else (debit, credit)


class ForgetsToAdd(MemoryLedger):
    """2: adds to the row what the history does not know."""

    @staticmethod
    def _balance(number: int, account: Any) -> Balance:
        balance = MemoryLedger._balance(number, account)
        return (
            balance._replace(debits_posted=balance.debits_posted + 1, credits_posted=balance.credits_posted + 1)
            if balance.credits_posted > 20
            else balance
        )


class Forgetful(MemoryLedger):
    """4: does not remember refusals."""

    def _record(self, now: datetime, entry: JournalEntry, refusal: LedgerRefusal | None) -> Answer:
        answer = super()._record(now, entry, refusal)
        if refusal is not None:
            del self.rows[entry.book].decided[entry.key]
        return answer


class HalfWay(MemoryLedger):
    """5: posts the first line of an entry that it refuses for its second."""

    def _record(self, now: datetime, entry: JournalEntry, refusal: LedgerRefusal | None) -> Answer:
        if refusal is LedgerRefusal.EXCEEDS_LIMIT and len(entry.lines) > 1 and entry.lines[0].op == Op.POST:
            first = entry._replace(lines=entry.lines[:1])
            if self._judge(now, first) is None:
                MemoryLedger._record(self, now, first, None)
        return super()._record(now, entry, refusal)


class CapturesTwice(MemoryLedger):
    """6: a captured hold stays open."""

    def _keep_hold(self, entry: JournalEntry, line: Any) -> None:
        if line.op != Op.CAPTURE:
            super()._keep_hold(entry, line)


class StandsStill(MemoryLedger):
    """7: gives the platform's clock, whatever it gave before."""

    def _record(self, now: datetime, entry: JournalEntry, refusal: LedgerRefusal | None) -> Answer:
        self.rows[entry.book].clock = now
        return super()._record(now, entry, refusal)


class Rewrites(MemoryLedger):
    """8: a balance as of an instant counts what was recorded a second later."""

    async def totals_at(self, tx: Any, accounts: Any, instant: datetime) -> dict[int, Totals]:
        return await super().totals_at(tx, accounts, instant + timedelta(seconds=1))


class DatesByRecording(MemoryLedger):
    """9: a date's balance is what was recorded before the next date's first entry."""

    async def totals_dated(self, tx: Any, accounts: Any, business_date: date) -> dict[int, Totals]:
        return {number: self._recorded_before(number, business_date) for number in accounts}

    def _recorded_before(self, number: int, day: date) -> Totals:
        lines = self.rows[self.accounts[number].book].lines
        first = min((one.no for one in lines if one.entry.business_date > day), default=1 << 62)
        return self._totals(number, lambda one: one.no < first)


class WaitsForTheWorker(MemoryLedger):
    """10: expired holds stand in the way."""

    def _due(self, now: datetime, book: int, account: int | None = None) -> list[UUID]:
        return [] if account is not None else super()._due(now, book)


class ForgetsAccounts(MemoryLedger):
    """11: the trial balance leaves out a kind."""

    async def trial_balances(self, tx: Any, books: Sequence[int], business_date: date | None = None) -> TrialBalances:
        found = await super().trial_balances(tx, books, business_date)
        return {where: [line for line in lines if line.kind != Kind.WALLET] for where, lines in found.items()}


class Backdates(MemoryLedger):
    """12: a closed date takes entries."""

    def _judge(self, now: datetime, entry: JournalEntry) -> LedgerRefusal | None:
        row = self.rows[entry.book]
        closed, row.closed_through = row.closed_through, date.min
        refusal = super()._judge(now, entry)
        row.closed_through = closed
        return refusal


PLANTED = (
    (1, LosesTheOtherSide),
    (2, ForgetsToAdd),
    (3, Overdraws),
    (4, Forgetful),
    (5, HalfWay),
    (6, CapturesTwice),
    (7, StandsStill),
    (8, Rewrites),
    (9, DatesByRecording),
    (10, WaitsForTheWorker),
    (11, ForgetsAccounts),
    (12, Backdates),
)


def test_every_invariant_has_its_defect() -> None:
    assert [number for number, _ in PLANTED] == list(range(1, len(INVARIANTS) + 1))
    assert [int(check.__doc__.split(".")[0].removeprefix("INV-")) for check in INVARIANTS if check.__doc__] == list(
        range(1, len(INVARIANTS) + 1)
    )


def is_named(machine: type[LedgerMachine], number: int, examples: int) -> bool:
    """Whether the invariant of that number catches it. No other is asked, for the first that is broken would hide it; the histories are the
    same in every run."""
    machine.checked = (INVARIANTS[number - 1],)
    found = settings(
        max_examples=examples,
        stateful_step_count=25,
        phases=(Phase.generate,),
        database=None,
        derandomize=True,
        report_multiple_bugs=False,
        **QUIET,
    )
    try:
        run_state_machine_as_test(machine, settings=found)
    except Broken as broken:
        return broken.number == number
    except asyncpg.IntegrityConstraintViolationError:  # the tables' own keys and checks stand behind the invariants
        return True
    return False


@pytest.mark.parametrize(("number", "defective"), PLANTED)
def test_a_planted_defect_is_caught(number: int, defective: type[MemoryLedger]) -> None:
    class Machine(LedgerMachine):
        def make(self) -> tuple[Any, Any]:
            return defective(BOOKS), None

    Machine.__name__ = defective.__name__
    assert is_named(Machine, number, examples=1_000)


MUTATIONS = (
    (1, "credits_posted  = a.credits_posted  + w.c", "credits_posted  = a.credits_posted  + w.c % 100"),
    (3, "then credits_posted - debits_posted - debits_pending when", "then credits_posted - debits_posted when"),
    (4, "and f.key = x.key and f.seq = 0", "and f.key = x.key and f.seq = 9"),
    (1, "when op = 1 then amount else -held end) pd", "when op = 1 then amount else 0 end) pd"),
    (7, "array_agg(greatest(b.clock, p_now) order by g)", "array_agg(p_now order by g)"),
    (10, "h.state = 1 and h.expires_at <= p_now)", "h.state = 9 and h.expires_at <= p_now)"),
    (12, "bool_or(day <= v_closed[book + 1])", "bool_or(day < v_closed[book + 1])"),
)
"""Defects of the posting function: what it says, and what it says instead. (The table's own checks stand behind 3, so they are dropped.)"""


@pytest.mark.parametrize(("number", "said", "instead"), MUTATIONS)
def test_a_planted_defect_in_sql_is_caught(
    postgres: tuple[type[LedgerMachine], Any, asyncio.Runner], number: int, said: str, instead: str
) -> None:
    _, connection, runner = postgres
    source = runner.run(connection.fetchval("select pg_get_functiondef('ledger_post'::regproc)"))
    assert said in source
    mutation = (
        source.replace(said, instead)
        + "; alter table account drop constraint account_check, drop constraint account_check1, drop constraint account_check2"
    )
    machine = over(connection, runner, PostgresLedger, mutation)
    assert is_named(machine, number, examples=200)
