"""Load for the ledger: accounts over all books, and journal entries between them, drawn from a seed."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from struct import Struct
from uuid import UUID

from asyncpg.pgproto.pgproto import UUID as DriverUUID

from tapwealth.kernel.clock import machine_now, shanghai
from tapwealth.kernel.ids import seeded_random
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry, Limit, Line, NewAccount, Op
from tapwealth.ledger.postgres import PostgresLedger
from tapwealth.storage.database import Database

DAY = date(2014, 2, 24)
NOW = shanghai(DAY, 12)
_UNTIL = NOW + timedelta(days=7)
_KIND = 1
_FUNDED = 10**12
_AT_ONCE = 8_000
_TWO_WORDS = Struct(">QQ").pack
_EPOCH, _MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)


@dataclass(frozen=True)
class Mix:
    """What the entries are: `hot`, one account of the house in every entry; `three`, the share of entries of three transfers; `refused`, of
    such as exceed a limit; `held`, of such as place a hold, each captured by a later one. Shares in hundredths."""

    hot: bool = False
    three: int = 0
    refused: int = 0
    held: int = 0


PLAIN, _POST = Mix(), Op.POST


class Load:
    """Draws entries. Keys rise with time, as those of the edges do."""

    def __init__(self, accounts: list[list[int]], empty: list[int], seed: int) -> None:
        self.accounts, self._empty = accounts, empty
        self._bits, self._books = seeded_random(seed).getrandbits, len(accounts)
        self._high = (machine_now() - _EPOCH) // _MILLISECOND << 16 | 0x7000
        self._count = 0
        self._open: deque[tuple[int, UUID, int, int]] = deque()

    def key(self) -> UUID:
        self._count = count = self._count + 1
        value: UUID = DriverUUID(_TWO_WORDS((self._high + (count >> 12 << 16)), 1 << 63 | count))
        return value

    def account(self) -> int:
        """Any of the funded ones."""
        draw = self._bits(64)
        own = self.accounts[draw % self._books]
        return own[(draw >> 8) % len(own)]

    def entry(self, mix: Mix, half: int | None = None) -> JournalEntry:
        """The next one, in any book or in those of one half (by parity). One draw decides all of it: the load shares the machine."""
        draw = self._bits(64)
        book = draw % self._books if half is None else draw % self._books & ~1 | half
        own = self.accounts[book]
        debit, credit = own[(draw >> 8) % len(own)], own[(draw >> 32) % len(own)]
        if debit == credit:
            credit = own[((draw >> 32) + 1) % len(own)]
        if mix is PLAIN:
            return JournalEntry(book + 1, self.key(), _KIND, DAY, 0, None, (Line(_POST, debit, credit, 1, 1 + (draw & 63)),))
        chance = (draw >> 56) * 100 >> 8
        if chance < mix.held:
            return self._hold_or_capture(book + 1, debit, credit)
        if mix.hot:
            credit = house_account(book + 1, Kind.FEES, Asset.CNY)
        if chance < mix.held + mix.refused:
            debit = self._empty[book]
        amount = 1 + (draw & 63)
        lines: tuple[Line, ...] = (Line(_POST, debit, credit, 1, amount),)
        if mix.refused + mix.held <= chance < mix.held + mix.refused + mix.three:
            fees = house_account(book + 1, Kind.FEES, Asset.CNY)
            lines = (*lines, Line(_POST, debit, fees, 1, 1), Line(_POST, credit, fees, 1, 1))
        return JournalEntry(book + 1, self.key(), _KIND, DAY, 0, None, lines)

    def _hold_or_capture(self, book: int, debit: int, credit: int) -> JournalEntry:
        """Every other one captures what an earlier one holds."""
        if len(self._open) > 4_096:
            of, hold, debit, credit = self._open.popleft()
            line = Line(Op.CAPTURE, debit, credit, 1, 1, hold)
            return JournalEntry(of, self.key(), _KIND, DAY, 0, None, (line,))
        hold = self.key()
        self._open.append((book, hold, debit, credit))
        line = Line(Op.HOLD, debit, credit, 1, 1, hold, _UNTIL)
        return JournalEntry(book, self.key(), _KIND, DAY, 0, None, (line,))


async def open_accounts(database: Database, ledger: PostgresLedger, total: int, on_progress: Callable[[str], None]) -> Load:
    """`total` funded wallets spread evenly over the books, and one empty one a book."""
    accounts: list[list[int]] = [[] for _ in range(ledger.books)]
    owners = seeded_random(total)
    for done in range(0, total, _AT_ONCE):
        wanted = [
            NewAccount(
                1 + (done + index) % ledger.books, Kind.WALLET, UUID(int=owners.getrandbits(128)), Asset.CNY, Limit.DEBITS_WITHIN_CREDITS
            )
            for index in range(min(_AT_ONCE, total - done))
        ]
        async with database.transaction() as tx:
            opened = await ledger.open_accounts(tx, wanted)
        for one, account in zip(wanted, opened, strict=True):
            accounts[one.book - 1].append(account)
        if done % (10 * _AT_ONCE) == 0 and total > 10 * _AT_ONCE:
            on_progress(f"{done + len(wanted):,} of {total:,} accounts opened")
    empty = [
        NewAccount(book, Kind.MERCHANT, UUID(int=total + book), Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)
        for book in range(1, ledger.books + 1)
    ]
    async with database.transaction() as tx:
        nothing = await ledger.open_accounts(tx, empty)
    load = Load(accounts, nothing, total)
    await _fund(database, ledger, load, accounts)
    return load


async def _fund(database: Database, ledger: PostgresLedger, load: Load, accounts: list[list[int]]) -> None:
    for book, own in enumerate(accounts, 1):
        source = house_account(book, Kind.CUSTOMER_RESERVE, Asset.CNY)
        for start in range(0, len(own), _AT_ONCE):
            entries = [
                JournalEntry(book, load.key(), _KIND, DAY, 0, None, (Line(_POST, source, account, Asset.CNY, _FUNDED),))
                for account in own[start : start + _AT_ONCE]
            ]
            async with database.transaction() as tx:
                answers = await ledger.post(tx, NOW, entries)
            assert all(answer.posted for answer in answers), "the accounts could not be funded"
