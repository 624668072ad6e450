"""What the ledger promises, numbered and stated once; each can be checked against either implementation after any history.

A `Witness` stands beside the ledger and writes down what was asked and answered; the checks compare what the ledger says now with that.
They read through the port alone, so that whatever sits behind it is held to the same. A broken promise raises `Broken` with its number.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tapwealth.kernel.clock import iso
from tapwealth.ledger.port import (
    Answer,
    Balance,
    HistoryLine,
    Hold,
    JournalEntry,
    Ledger,
    LedgerRefusal,
    Limit,
    Op,
    Totals,
    book_of_account,
)
from tapwealth.ledger.rules import MICROSECOND

_UNREMEMBERED = (LedgerRefusal.MALFORMED, LedgerRefusal.KEY_REUSED)
_PAGE = 5


class Broken(AssertionError):
    """`number` of the invariant, and what was seen."""

    def __init__(self, number: int, seen: str) -> None:
        self.number = number
        super().__init__(f"INV-{number}: {seen}")


@dataclass
class Witness:
    """What happened, in order. `accounts` are all that anything is posted to."""

    accounts: list[int]
    decided: dict[tuple[int, UUID], tuple[JournalEntry, Answer]] = field(default_factory=dict)
    order: list[tuple[JournalEntry, Answer]] = field(default_factory=list)
    last_call: tuple[datetime | None, list[tuple[JournalEntry, Answer]]] = (None, [])
    instants: dict[tuple[int, datetime], Totals] = field(default_factory=dict)
    closed: dict[tuple[int, date], Totals] = field(default_factory=dict)
    spread: dict[UUID, set[int]] = field(default_factory=dict)
    """By the key of a spread: the accounts on which it has a line."""

    def saw(self, now: datetime, entries: Sequence[JournalEntry], answers: Sequence[Answer]) -> None:
        """A call and its answers."""
        pairs = list(zip(entries, answers, strict=True))
        self.last_call = (now, pairs)
        for entry, answer in pairs:
            if not answer.replay and answer.refusal not in _UNREMEMBERED:
                self.decided[entry.book, entry.key] = (entry, answer)
                self.order.append((entry, answer))


class View:
    """A ledger as it stands, read once for all checks."""

    def __init__(self, ledger: Ledger, tx: Any, witness: Witness) -> None:
        self.ledger, self.tx, self.witness = ledger, tx, witness
        self.balances: dict[int, Balance] = {}
        self.histories: dict[int, list[HistoryLine]] = {}
        self.holds: dict[int, list[Hold]] = {}

    async def read(self) -> "View":
        self.balances = await self.ledger.balances(self.tx, self.witness.accounts)
        for account in self.witness.accounts:
            self.histories[account] = await self._history(account)
            self.holds[account] = await self.ledger.holds(self.tx, account)
        return self

    async def _history(self, account: int) -> list[HistoryLine]:
        lines: list[HistoryLine] = []
        cursor: str | None = None
        while True:
            page = await self.ledger.account_history(self.tx, account, cursor, _PAGE)
            lines += page.lines
            cursor = page.next_cursor
            if cursor is None:
                return lines[::-1]

    def by_book_and_asset(self) -> Mapping[tuple[int, int], list[Balance]]:
        groups: dict[tuple[int, int], list[Balance]] = defaultdict(list)
        for balance in self.balances.values():
            groups[book_of_account(balance.account), balance.asset].append(balance)
        return groups


async def every_book_balances(view: View) -> None:
    """INV-1. In every book and asset, debits equal credits: posted, and pending."""
    for (book, asset), rows in view.by_book_and_asset().items():
        posted = sum(row.debits_posted - row.credits_posted for row in rows)
        pending = sum(row.debits_pending - row.credits_pending for row in rows)
        if posted or pending:
            raise Broken(1, f"book {book}, asset {asset}: posted off by {posted}, pending by {pending}")


async def history_makes_the_balance(view: View) -> None:
    """INV-2. An account's totals are the sum of its history, which runs through every total in between."""
    for account, balance in view.balances.items():
        totals = Totals(0, 0)
        for line in view.histories[account]:
            moved = abs(line.moved)
            totals = Totals(totals.debits + moved * line.debited, totals.credits + moved * (not line.debited))
            if line.totals != totals:
                raise Broken(2, f"account {account}, line {line.no}: running {line.totals}, summed {totals}")
        if balance.totals != totals:
            raise Broken(2, f"account {account}: balance {balance.totals}, summed {totals}")


async def limits_hold(view: View) -> None:
    """INV-3. No account is beyond its limit, what is held counted in."""
    for balance in view.balances.values():
        if balance.limit is not Limit.NONE and balance.available < 0:
            raise Broken(3, f"account {balance.account} is overdrawn by {-balance.available}")


async def a_key_has_one_answer(view: View) -> None:
    """INV-4. A decided entry, asked again, gets its first answer; its key with other content is refused; neither changes anything."""
    before = view.balances
    for entry, first in view.witness.order[-6:] + view.witness.order[:2]:
        now = first.recorded_at
        assert now is not None
        changed = entry._replace(actor=entry.actor + 1)
        again, other = await view.ledger.post(view.tx, now, [entry, changed])
        if again != first._replace(replay=True):
            raise Broken(4, f"key {entry.key} was answered {first}, now {again}")
        if other.refusal is not LedgerRefusal.KEY_REUSED:
            raise Broken(4, f"key {entry.key} with another actor was answered {other}")
    if await view.ledger.balances(view.tx, view.witness.accounts) != before:
        raise Broken(4, "a repetition moved something")


async def entries_stand_whole_or_not_at_all(view: View) -> None:
    """INV-5. The history of an account holds the lines of all posted entries on it and nothing of refused ones."""
    due: dict[int, list[tuple[UUID, int]]] = defaultdict(list)
    for entry, answer in view.witness.order:
        if answer.posted:
            for seq, line in enumerate(entry.lines):
                due[line.debit].append((entry.key, seq))
                due[line.credit].append((entry.key, seq))
    for key, accounts in view.witness.spread.items():
        for account in accounts:
            due[account].append((key, 0))
    for account in view.witness.accounts:
        lines = [(line.key, line.seq) for line in view.histories[account] if line.kind]
        seen = [one for one in lines if one[0] not in view.witness.spread]
        seen += {(key, 0) for key, _ in lines if key in view.witness.spread}  # a source may have a line for each share
        if sorted(seen) != sorted(due[account]):
            raise Broken(5, f"account {account} has lines {len(seen)}, due are {len(due[account])}")


async def a_hold_ends_once(view: View) -> None:
    """INV-6. A hold is placed once and ends once, by at most its amount; what is pending on an account is the sum of its open holds."""
    pending: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for account, lines in view.histories.items():
        for hold, ops in _by_hold(lines).items():
            if ops[0].op is not Op.HOLD or len(ops) > 2 or (len(ops) == 2 and ops[1].op in (Op.HOLD, Op.POST)):
                raise Broken(6, f"hold {hold} went through {[line.op.name for line in ops]}")
            if len(ops) == 2 and ops[1].amount > ops[0].amount:
                raise Broken(6, f"of hold {hold} over {ops[0].amount}, {ops[1].amount} was captured")
            if len(ops) == 1:
                pending[account][not ops[0].debited] += ops[0].amount
    for account, balance in view.balances.items():
        if [balance.debits_pending, balance.credits_pending] != pending[account]:
            raise Broken(6, f"account {account}: pending {balance.debits_pending, balance.credits_pending}, held {pending[account]}")
        if sum(hold.amount for hold in view.holds[account]) != balance.debits_pending:
            raise Broken(6, f"account {account}: its open holds are not its pending debits")


def _by_hold(lines: Sequence[HistoryLine]) -> Mapping[UUID, list[HistoryLine]]:
    holds: dict[UUID, list[HistoryLine]] = defaultdict(list)
    for line in lines:
        if line.hold is not None:
            holds[line.hold].append(line)
    return holds


async def instants_rise(view: View) -> None:
    """INV-7. Within a book, numbers and instants of entries rise strictly in the order of decision; a line's are its entry's."""
    last: dict[int, tuple[datetime, int]] = {}
    for entry, answer in view.witness.order:
        assert answer.recorded_at is not None
        if entry.book in last and not (answer.recorded_at > last[entry.book][0] and answer.no > last[entry.book][1]):
            raise Broken(7, f"key {entry.key} was recorded at {iso(answer.recorded_at)}, no later than the entry before it")
        last[entry.book] = (answer.recorded_at, answer.no)
    for account, lines in view.histories.items():
        for line in lines:
            decided = view.witness.decided.get((book_of_account(account), line.key))
            if decided is not None and (line.recorded_at, line.no - line.seq) != (decided[1].recorded_at, decided[1].no):
                raise Broken(7, f"line {line.no} does not bear the instant of its entry")


async def the_past_stays(view: View) -> None:
    """INV-8. The balance as of an instant that has passed is the sum of what was recorded up to it, and never changes."""
    for account, lines in view.histories.items():
        for line in lines[-3:]:
            view.witness.instants.setdefault((account, line.recorded_at), _up_to(lines, line.recorded_at))
            before = line.recorded_at - MICROSECOND
            view.witness.instants.setdefault((account, before), _up_to(lines, before))
    for (account, instant), totals in list(view.witness.instants.items())[-24:]:
        now = (await view.ledger.totals_at(view.tx, [account], instant))[account]
        if now != totals:
            raise Broken(8, f"account {account} at {iso(instant)} was {totals}, now it is {now}")


def _up_to(lines: Sequence[HistoryLine], instant: datetime) -> Totals:
    counted = [line.totals for line in lines if line.recorded_at <= instant]
    return counted[-1] if counted else Totals(0, 0)


async def dates_are_sums(view: View) -> None:
    """INV-9. The balance of a business date is the sum of what is dated up to it, whenever recorded; of a closed date it never changes."""
    dates = sorted({entry.business_date for entry, _ in view.witness.order})
    for day in dates[-4:]:
        said = await view.ledger.totals_dated(view.tx, view.witness.accounts, day)
        for account, lines in view.histories.items():
            moves = [line for line in lines if line.business_date <= day and line.moved]
            debits = sum(line.amount for line in moves if line.debited)
            due = Totals(debits, sum(line.amount for line in moves if not line.debited))
            if said[account] != due:
                raise Broken(9, f"account {account} on {day}: {said[account]}, its lines give {due}")
    for (account, day), totals in view.witness.closed.items():
        if (await view.ledger.totals_dated(view.tx, [account], day))[account] != totals:
            raise Broken(9, f"account {account} on the closed date {day} is no longer {totals}")


async def nobody_waits_for_a_worker(view: View) -> None:
    """INV-10. No entry is refused for want of money that a hold whose time has passed still keeps."""
    now, pairs = view.witness.last_call
    for entry, answer in pairs:
        if answer.refusal is not LedgerRefusal.EXCEEDS_LIMIT or answer.replay or now is None:
            continue
        touched = {account for line in entry.lines for account in (line.debit, line.credit)}
        limited = [view.balances[account] for account in sorted(touched & view.balances.keys()) if view.balances[account].limit]
        if any(balance.limit is Limit.CREDITS_WITHIN_DEBITS for balance in limited):
            continue  # the port tells an account's open holds by their debit side
        if all(any(hold.expires_at <= now for hold in view.holds[balance.account]) for balance in limited):
            raise Broken(10, f"key {entry.key} was refused at {iso(now)} while holds were due on all its accounts")


async def trial_balances_agree(view: View) -> None:
    """INV-11. A book's trial balance, today's and each date's, holds every account, and its debits equal its credits."""
    days: list[date | None] = [None, *sorted({entry.business_date for entry, _ in view.witness.order})[-2:]]
    held = view.by_book_and_asset()
    books = sorted({book for book, _ in held})
    for day in days:
        balances = await view.ledger.trial_balances(view.tx, books, day)
        for (book, asset), rows in held.items():
            lines = balances.get((book, asset), [])
            debits, credits = sum(line.totals.debits for line in lines), sum(line.totals.credits for line in lines)
            if debits != credits or sum(line.accounts for line in lines) < len(rows):
                raise Broken(11, f"book {book}, asset {asset}, {day}: debits {debits}, credits {credits}")
            if day is None and debits != sum(row.debits_posted for row in rows):
                raise Broken(11, f"book {book}, asset {asset}: the trial balance is not the sum of the balances")


async def nothing_is_written_into_the_past(view: View) -> None:
    """INV-12. Nothing is dated at or before a date that was closed when it was decided."""
    closed_by_book: dict[int, date] = {}
    for account, day in view.witness.closed:
        book = book_of_account(account)
        closed_by_book[book] = max(day, closed_by_book.get(book, date.min))
    for entry, answer in view.witness.last_call[1]:
        if answer.posted and not answer.replay and entry.business_date <= closed_by_book.get(entry.book, date.min):
            raise Broken(12, f"key {entry.key} was posted to {entry.business_date}, which is closed")


Check = Callable[[View], Awaitable[None]]

INVARIANTS: tuple[Check, ...] = (
    every_book_balances,
    history_makes_the_balance,
    limits_hold,
    a_key_has_one_answer,
    entries_stand_whole_or_not_at_all,
    a_hold_ends_once,
    instants_rise,
    the_past_stays,
    dates_are_sums,
    nobody_waits_for_a_worker,
    trial_balances_agree,
    nothing_is_written_into_the_past,
)
"""In the order of their numbers."""


async def check(ledger: Ledger, tx: Any, witness: Witness, only: Sequence[Check] = INVARIANTS) -> None:
    """All of them, or `only` these: the first that is broken hides those after it. Raises Broken."""
    view = await View(ledger, tx, witness).read()
    for invariant in only:
        await invariant(view)


async def note_closed(ledger: Ledger, tx: Any, witness: Witness, book: int, day: date) -> None:
    """Write down what the accounts of a book say of a date that has just been closed."""
    mine = [account for account in witness.accounts if book_of_account(account) == book]
    for account, totals in (await ledger.totals_dated(tx, mine, day)).items():
        witness.closed[account, day] = totals
    witness.last_call = (None, [])
