"""The ledger kept in memory: the oracle. One entry after the other, everything recounted from the lines, nothing clever.

It is what `postgres.PostgresLedger` is compared with, and serves tests and simulations of flows. `tx` is ignored: what is posted, stands.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from tapwealth.kernel.ids import derived
from tapwealth.kernel.refusal import BadInput
from tapwealth.ledger.chart import HOUSE_SERIALS_PER_ASSET, house_account
from tapwealth.ledger.install import house_accounts
from tapwealth.ledger.port import (
    EXPIRY_KIND,
    HOUSE,
    LEDGER_ACTOR,
    Answer,
    Balance,
    CloseRefusal,
    Head,
    HistoryLine,
    HistoryPage,
    Hold,
    JournalEntry,
    LedgerRefusal,
    Limit,
    Line,
    NewAccount,
    Op,
    Recorded,
    Shares,
    Spread,
    Totals,
    TrialBalances,
    TrialLine,
    account_id,
    book_of_account,
)
from tapwealth.ledger.rules import BATCH_BITS, FIRST_SERIAL, MICROSECOND, debited, history_cursor, malformed

MOVES = (Op.POST, Op.CAPTURE)


@dataclass
class _Account:
    book: int
    kind: int
    owner: UUID
    asset: int
    limit: Limit
    posted_debits: int = 0
    posted_credits: int = 0
    pending_debits: int = 0
    pending_credits: int = 0

    def room(self) -> int | None:
        """What may still be taken before the limit; None when there is none."""
        if self.limit is Limit.DEBITS_WITHIN_CREDITS:
            return self.posted_credits - self.posted_debits - self.pending_debits
        if self.limit is Limit.CREDITS_WITHIN_DEBITS:
            return self.posted_debits - self.posted_credits - self.pending_credits
        return None

    def add(self, debits: int, credits: int, pending_debits: int, pending_credits: int) -> None:
        self.posted_debits += debits
        self.posted_credits += credits
        self.pending_debits += pending_debits
        self.pending_credits += pending_credits


@dataclass
class RecordedLine:
    """A line that stands, with its entry."""

    no: int
    recorded_at: datetime
    entry: JournalEntry
    seq: int

    @property
    def line(self) -> Line:
        return self.entry.lines[self.seq]


@dataclass
class _Book:
    batch: int = 0
    clock: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    closed_through: date = date.min
    next_serial: int = FIRST_SERIAL
    lines: list[RecordedLine] = field(default_factory=list)
    decided: dict[UUID, Recorded] = field(default_factory=dict)


class MemoryLedger:
    """See `port.Ledger` for what each method does."""

    def __init__(self, books: int) -> None:
        self._books = books
        self.rows = {book: _Book() for book in range(books + 1)}
        self.accounts: dict[int, _Account] = {}
        self.by_name: dict[tuple[int, int, UUID, int], int] = {}
        self.hold_rows: dict[tuple[int, UUID], Hold] = {}
        self.links: dict[tuple[int, UUID], list[UUID]] = defaultdict(list)
        self.unfolded: set[int] = set()

    @property
    def books(self) -> int:
        return self._books

    async def install(self, tx: Any = None) -> None:
        await self.open_accounts(tx, house_accounts(self._books))

    async def lock_books(self, tx: Any, books: Iterable[int]) -> None:
        pass

    async def open_accounts(self, tx: Any, accounts: Sequence[NewAccount]) -> list[int]:
        return [self._open(account) for account in accounts]

    async def find_accounts(self, tx: Any, accounts: Sequence[NewAccount]) -> list[int | None]:
        return [self.by_name.get(_name(account)) for account in accounts]

    async def accounts_of_kind(self, tx: Any, kind: int) -> dict[int, dict[UUID, int]]:
        found: dict[int, dict[UUID, int]] = {}
        for number, one in self.accounts.items():
            if one.kind == kind:
                found.setdefault(one.asset, {})[one.owner] = number
        return found

    def _open(self, new: NewAccount) -> int:
        name = _name(new)
        if name not in self.by_name:
            row = self.rows[new.book]
            serial = new.asset * HOUSE_SERIALS_PER_ASSET + new.kind if name[2] == HOUSE else row.next_serial
            row.next_serial += name[2] != HOUSE
            account = account_id(new.book, serial)
            self.by_name[name] = account
            self.accounts[account] = _Account(new.book, new.kind, name[2], new.asset, new.limit)
        return self.by_name[name]

    async def post(self, tx: Any, now: datetime, entries: Sequence[JournalEntry]) -> list[Answer]:
        for account in sorted(debited(entries)):
            self._fold(now, account)
        return [self.post_one(now, entry) for entry in entries]

    def _fold(self, now: datetime, account: int) -> None:
        """What a spread gave the account is there already; but the entry that moves it out of the pool takes an instant of the book."""
        if account in self.unfolded:
            self.unfolded.remove(account)
            row = self.rows[book_of_account(account)]
            row.batch += 1
            row.clock = max(now, row.clock) + MICROSECOND

    async def spread(self, tx: Any, now: datetime, spread: Spread, shares: Shares) -> Mapping[int, Answer]:
        """Each share goes straight to its account: that is what a spread means."""
        pairs = list(zip(shares.accounts.tolist(), shares.amounts.tolist(), strict=True))
        answers = {}
        for book, key in spread.keys.items():
            source = house_account(book, spread.source, spread.asset)
            mine = [(account, amount) for account, amount in pairs if book_of_account(account) == book and amount]
            lines = tuple(Line(Op.POST, source, account, spread.asset, amount) for account, amount in mine)
            self.unfolded.update(account for account, _ in mine)
            if lines:
                entry = JournalEntry(book, key, spread.kind, spread.business_date, spread.actor, key, lines)
                answers[book] = self._record(now, entry, None)
                self.rows[book].clock -= MICROSECOND * (len(lines) - 1)  # it is one line in the book, whatever stands beside it
        return answers

    def post_one(self, now: datetime, entry: JournalEntry) -> Answer:
        """Judge one entry, and post it if nothing speaks against it."""
        if malformed(entry, self._books):
            return Answer(LedgerRefusal.MALFORMED, None, 0)
        known = self.rows[entry.book].decided.get(entry.key)
        if known is not None:
            return known.answer._replace(replay=True) if known.entry == entry else Answer(LedgerRefusal.KEY_REUSED, None, 0)
        return self._record(now, entry, self._judge(now, entry))

    def _judge(self, now: datetime, entry: JournalEntry) -> LedgerRefusal | None:
        if entry.business_date <= self.rows[entry.book].closed_through:
            return LedgerRefusal.DATE_CLOSED
        wrong = [code for line in entry.lines for code in self._wrong_with_hold(now, entry, line)]
        wrong += [code for line in entry.lines for code in self._wrong_with_accounts(entry, line)]
        return min(wrong) if wrong else self._judge_limits(now, entry)

    def _wrong_with_hold(self, now: datetime, entry: JournalEntry, line: Line) -> Iterator[LedgerRefusal]:
        if line.op == Op.POST or line.hold is None:
            return
        hold = self.hold_rows.get((entry.book, line.hold))
        if line.op == Op.HOLD:
            if hold is not None:
                yield LedgerRefusal.HOLD_EXISTS
        elif hold is None or (hold.debit, hold.credit, hold.asset) != (line.debit, line.credit, line.asset):
            yield LedgerRefusal.UNKNOWN_HOLD
        else:
            yield from self._wrong_with_ending(now, entry, line, hold)

    def _wrong_with_ending(self, now: datetime, entry: JournalEntry, line: Line, hold: Hold) -> Iterator[LedgerRefusal]:
        due = hold.expires_at <= now
        if hold.state != Op.HOLD or (line.op == Op.CAPTURE and due):
            yield LedgerRefusal.HOLD_CLOSED
        if line.op == Op.EXPIRE and not due:
            yield LedgerRefusal.HOLD_NOT_DUE
        if line.amount > hold.amount or (line.op != Op.CAPTURE and line.amount != hold.amount):
            yield LedgerRefusal.HOLD_AMOUNT
        if not {each.hold for each in entry.lines}.issuperset(self.links[entry.book, hold.link]):
            yield LedgerRefusal.HOLD_LINKED

    def _wrong_with_accounts(self, entry: JournalEntry, line: Line) -> Iterator[LedgerRefusal]:
        for number in (line.debit, line.credit):
            account = self.accounts.get(number)
            if account is None or account.book != entry.book:
                yield LedgerRefusal.UNKNOWN_ACCOUNT
            elif account.asset != line.asset:
                yield LedgerRefusal.ASSET_MISMATCH

    def _judge_limits(self, now: datetime, entry: JournalEntry) -> LedgerRefusal | None:
        """Each account in turn, by id. One that lacks room has its expired holds set free once, then all are judged again."""
        for number, net in sorted(self._net(entry).items()):
            room = self.accounts[number].room()
            if room is not None and net < 0 and room + net < 0:
                if self._expire(now, entry.book, entry.business_date, self._due(now, entry.book, number)):
                    return self._judge_limits(now, entry)
                return LedgerRefusal.EXCEEDS_LIMIT
        return None

    def _net(self, entry: JournalEntry) -> dict[int, int]:
        """What the whole entry does to the room of each account that has a limit."""
        net: dict[int, int] = defaultdict(int)
        for line in entry.lines:
            for number, effect in self._effects(entry.book, line):
                debits, credits, pending_debits, pending_credits = effect
                match self.accounts[number].limit:
                    case Limit.DEBITS_WITHIN_CREDITS:
                        net[number] += credits - debits - pending_debits
                    case Limit.CREDITS_WITHIN_DEBITS:
                        net[number] += debits - credits - pending_credits
                    case Limit.NONE:
                        pass
        return net

    def _effects(self, book: int, line: Line) -> tuple[tuple[int, tuple[int, int, int, int]], ...]:
        """Per account: debits, credits, pending debits, pending credits that a line adds."""
        moved = line.amount if line.op in MOVES else 0
        held = 0
        if line.op == Op.HOLD:
            held = line.amount
        elif line.op != Op.POST and line.hold is not None:
            held = -self.hold_rows[book, line.hold].amount
        return ((line.debit, (moved, 0, held, 0)), (line.credit, (0, moved, 0, held)))

    def _record(self, now: datetime, entry: JournalEntry, refusal: LedgerRefusal | None) -> Answer:
        """Give the entry its number and instant, keep the answer, and if it is posted, its effects."""
        row = self.rows[entry.book]
        row.batch += 1
        at = max(now, row.clock)
        row.clock = at + MICROSECOND * len(entry.lines)
        first = row.batch << BATCH_BITS | 1
        answer = Answer(refusal, at, first)
        row.decided[entry.key] = Recorded(entry, answer)
        if refusal is None:
            for seq, line in enumerate(entry.lines):
                for number, effect in self._effects(entry.book, line):
                    self.accounts[number].add(*effect)
                self._keep_hold(entry, line)
                row.lines.append(RecordedLine(first + seq, at, entry, seq))
        return answer

    def _keep_hold(self, entry: JournalEntry, line: Line) -> None:
        if line.op == Op.POST or line.hold is None:
            return
        place = (entry.book, line.hold)
        if line.op == Op.HOLD:
            assert line.expires_at is not None
            hold = Hold(line.hold, entry.book, entry.key, *line[1:5], 0, line.expires_at, Op.HOLD)
            self.hold_rows[place] = hold
            self.links[entry.book, entry.key].append(line.hold)
        else:
            captured = line.amount if line.op == Op.CAPTURE else 0
            self.hold_rows[place] = self.hold_rows[place]._replace(state=Op(line.op), captured=captured)

    def _due(self, now: datetime, book: int, account: int | None = None) -> list[UUID]:
        """Links whose holds are open and past their time, oldest first: all, or those that take room from one account."""
        due = {
            (hold.expires_at, hold.link)
            for (where, _), hold in self.hold_rows.items()
            if where == book
            and hold.state == Op.HOLD
            and hold.expires_at <= now
            and (account is None or account == self._pressed(hold, account))
        }
        return [link for _, link in sorted(due)]

    def _pressed(self, hold: Hold, account: int) -> int:
        """The side of the hold on which it would take room from the account."""
        return hold.credit if self.accounts[account].limit is Limit.CREDITS_WITHIN_DEBITS else hold.debit

    def _expire(self, now: datetime, book: int, business_date: date, links: Sequence[UUID]) -> int:
        """End all holds of these links, each link by an entry of its own; how many holds ended."""
        ended = 0
        if business_date <= (closed := self.rows[book].closed_through):
            business_date = closed + timedelta(days=1)
        for link in links:
            holds = [self.hold_rows[book, hold] for hold in self.links[book, link]]
            lines = tuple(Line(Op.EXPIRE, hold.debit, hold.credit, hold.asset, hold.amount, hold.id) for hold in holds)
            key = derived(link, "expire")
            self._record(now, JournalEntry(book, key, EXPIRY_KIND, business_date, LEDGER_ACTOR, None, lines), None)
            ended += len(lines)
        return ended

    async def expire_due(self, tx: Any, now: datetime, book: int, business_date: date, limit: int = 1000) -> int:
        return self._expire(now, book, business_date, self._due(now, book)[:limit])

    async def close_date(self, tx: Any, now: datetime, book: int, business_date: date) -> int | CloseRefusal:
        row = self.rows[book]
        if business_date <= row.closed_through:
            return 0
        dates = {recorded.entry.business_date for recorded in row.decided.values()}
        if any(row.closed_through < day < business_date for day in dates):
            return CloseRefusal.EARLIER_DATE_OPEN
        moved = {
            number
            for recorded in row.lines
            if recorded.line.op in MOVES and row.closed_through < recorded.entry.business_date <= business_date
            for number in (recorded.line.debit, recorded.line.credit)
        }
        row.closed_through = business_date
        return len(moved)

    async def recorded(self, tx: Any, book: int, key: UUID) -> Recorded | None:
        return self.rows[book].decided.get(key)

    async def balances(self, tx: Any, accounts: Sequence[int]) -> dict[int, Balance]:
        return {number: self._balance(number, self.accounts[number]) for number in accounts if number in self.accounts}

    async def free(self, tx: Any, now: datetime, accounts: Sequence[int]) -> dict[int, int]:
        due = [hold for hold in self.hold_rows.values() if hold.state == Op.HOLD and hold.expires_at <= now]
        return {
            number: balance.available + sum(hold.amount for hold in due if number == self._pressed(hold, number))
            for number, balance in (await self.balances(tx, accounts)).items()
        }

    async def find_balances(self, tx: Any, accounts: Sequence[NewAccount]) -> list[Balance | None]:
        numbers = await self.find_accounts(tx, accounts)
        found = await self.balances(tx, [number for number in numbers if number is not None])
        return [None if number is None else found[number] for number in numbers]

    async def find_free(self, tx: Any, now: datetime, accounts: Sequence[NewAccount]) -> list[tuple[int, int] | None]:
        numbers = await self.find_accounts(tx, accounts)
        free = await self.free(tx, now, [number for number in numbers if number is not None])
        return [None if number is None else (number, free[number]) for number in numbers]

    @staticmethod
    def _balance(number: int, account: _Account) -> Balance:
        sums = (account.posted_debits, account.posted_credits, account.pending_debits, account.pending_credits)
        return Balance(number, account.asset, account.limit, *sums)

    def _totals(self, account: int, counts: Callable[[RecordedLine], bool]) -> Totals:
        """Summed from the lines themselves."""
        moved = [one for one in self.rows[book_of_account(account)].lines if one.line.op in MOVES and counts(one)]
        debits = sum(one.line.amount for one in moved if one.line.debit == account)
        return Totals(debits, sum(one.line.amount for one in moved if one.line.credit == account))

    async def totals_at(self, tx: Any, accounts: Sequence[int], instant: datetime) -> dict[int, Totals]:
        return {number: self._totals(number, lambda one: one.recorded_at <= instant) for number in accounts if number in self.accounts}

    async def totals_dated(self, tx: Any, accounts: Sequence[int], business_date: date) -> dict[int, Totals]:
        known = [number for number in accounts if number in self.accounts]
        return {number: self._totals(number, lambda one: one.entry.business_date <= business_date) for number in known}

    async def archived_shares(self, tx: Any, account: int) -> list[tuple[int, int]]:
        """The oracle forgets nothing, and has no files."""
        return []

    async def account_history(self, tx: Any, account: int, cursor: str | None = None, limit: int = 50) -> HistoryPage:
        row = self.rows.get(book_of_account(account))
        touching = [one for one in row.lines if account in (one.line.debit, one.line.credit)] if row else []
        start = len(touching) - 1
        if cursor is not None:
            wanted = history_cursor(cursor)
            start = next((index for index, one in enumerate(touching) if one.no == wanted), -1)
            if start < 0:
                raise BadInput(f"{cursor[:40]!r} is no cursor of this account", where="cursor", hint="take it from the page before")
        stop = max(start - limit, -1)
        page = tuple(self._seen(account, touching[index]) for index in range(start, stop, -1))
        return HistoryPage(page, str(touching[stop].no) if stop >= 0 else None)

    def _seen(self, account: int, one: RecordedLine) -> HistoryLine:
        entry, line = one.entry, one.line
        debited = line.debit == account
        totals = self._totals(account, lambda other: other.no <= one.no)
        other = line.credit if debited else line.debit
        where = (one.no, one.recorded_at, entry.business_date, entry.key, one.seq)
        return HistoryLine(*where, line.op, entry.kind, entry.actor, entry.reference, debited, other, line.amount, line.hold, totals)

    async def trial_balances(self, tx: Any, books: Sequence[int], business_date: date | None = None) -> TrialBalances:
        kinds: dict[tuple[int, int], dict[int, list[Totals]]] = defaultdict(lambda: defaultdict(list))
        until = business_date or date.max
        for number, account in self.accounts.items():
            if account.book in books:
                of_kind = kinds[account.book, account.asset][account.kind]
                of_kind.append(self._totals(number, lambda one: one.entry.business_date <= until))
        return {
            where: [
                TrialLine(kind, len(all_of), Totals(sum(one.debits for one in all_of), sum(one.credits for one in all_of)))
                for kind, all_of in sorted(of.items())
            ]
            for where, of in kinds.items()
        }

    async def holds(self, tx: Any, account: int) -> list[Hold]:
        return sorted(
            (hold for hold in self.hold_rows.values() if hold.debit == account and hold.state == Op.HOLD),
            key=lambda hold: (hold.expires_at, hold.id),
        )

    async def holds_by_id(self, tx: Any, holds: Sequence[tuple[int, UUID]]) -> Mapping[tuple[int, UUID], Hold]:
        return {place: self.hold_rows[place] for place in holds if place in self.hold_rows}

    async def heads(self, tx: Any) -> list[Head]:
        """The oracle has no chain: its digests are empty."""
        return [Head(book, row.batch, "") for book, row in self.rows.items()]


def _name(new: NewAccount) -> tuple[int, int, UUID, int]:
    return (new.book, new.kind, new.owner or HOUSE, new.asset)
