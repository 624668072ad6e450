"""The real flows of a money fund's users, day by day through the ledger by the funds' own recipes: each day ends as the file says."""

import csv
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from datetime import date, datetime, timedelta
from pathlib import Path

from shelf import UNITS

from tapwealth.funds import entries
from tapwealth.funds.entries import Order
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import named
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.install import house_accounts
from tapwealth.ledger.port import HOUSE, JournalEntry, Limit, Line, NewAccount, Op
from tapwealth.ledger.postgres import PostgresLedger
from tapwealth.storage.database import Database

FLOWS = Path(__file__).parents[1] / "golden" / "funds" / "money_fund_flows_daily.csv"
BOOK, ACTOR = 1, 1
LINE = 10**13
"""What the bank advances for those who spend from the fund."""


class Day:
    """A day of the file, in fen, which are 1/100 units too."""

    def __init__(self, row: dict[str, str]) -> None:
        year, month, day = map(int, row.pop("report_date").split("/"))
        self.day = date(year, month, day)
        self.said = {name: int(value) for name, value in row.items()}
        self.opening, self.closing = self.said["yBalance"], self.said["tBalance"]
        self.bought, self.income = self.said["direct_purchase_amt"], self.said["share_amt"]
        self.spent, self.redeemed = self.said["consume_amt"], self.said["transfer_amt"]


def days() -> list[Day]:
    with FLOWS.open(encoding="utf-8") as lines:
        return [Day(row) for row in csv.DictReader(lines)]


class Holder:
    """All users of the sample as one holder, whose purchases a channel pays."""

    def __init__(self, wallet: int, holding: int) -> None:
        self.wallet, self.holding = wallet, holding

    def order(self, day: date, what: str, amount: int) -> Order:
        key = named(shanghai(day), BOOK, what)
        return Order(BOOK, key, house_account(BOOK, Kind.CHANNEL_FUNDS, Asset.CNY), self.holding, amount, False, UNITS)

    def bought(self, day: date, amount: int) -> Iterator[JournalEntry]:
        order = self.order(day, "bought", amount)
        yield entries.purchase_placed(order, day, ACTOR)
        yield entries.purchase_confirmed(order, amount, day, ACTOR)

    def went(self, one: Day) -> Iterator[JournalEntry]:
        """The entries of a day; income first, since who holds it may redeem it."""
        if one.income:
            yield entries.income(BOOK, named(shanghai(one.day), BOOK, "income"), self.holding, one.income, one.day, ACTOR, UNITS)
        yield from self.bought(one.day, one.bought)
        if one.spent:
            yield entries.instantly_redeemed(self.order(one.day, "spent", 0), self.wallet, one.spent, one.day, ACTOR)
        if one.redeemed:
            order, until = self.order(one.day, "redeemed", 0), shanghai(one.day + timedelta(days=3))
            yield entries.redemption_placed(order, one.redeemed, one.day, ACTOR, until)
            yield entries.holder_redeemed(order, one.redeemed, one.redeemed, one.day, ACTOR)


def wrong_in_itself(one: Day) -> int:
    """Fen by which the file's own closing balance differs from its opening one and what went in and out."""
    return one.closing - (one.opening + one.said["total_purchase_amt"] - one.said["total_redeem_amt"])


async def post(ledger: PostgresLedger, database: Database, now: datetime, made: list[JournalEntry]) -> None:
    async with database.transaction() as tx:
        await ledger.lock_books(tx, [BOOK])
        answers = await ledger.post(tx, now, made)
    assert all(answer.posted for answer in answers), [answer for answer in answers if not answer.posted]


async def test_each_day_ends_as_the_file_says_and_its_wrong_day_is_named(new_database: Callable[[], str]) -> None:
    history = days()
    assert (len(history), history[0].day, history[-1].day) == (427, date(2013, 7, 1), date(2014, 8, 31))
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(new_database()))
        ledger = PostgresLedger(1)
        wanted = [
            NewAccount(BOOK, kind, named(shanghai(date(2013, 6, 30)), BOOK, "users"), asset, Limit.DEBITS_WITHIN_CREDITS)
            for kind, asset in ((Kind.WALLET, Asset.CNY), (Kind.HOLDING, UNITS))
        ]
        async with database.transaction() as tx:
            await ledger.install(tx)
            await ledger.open_accounts(tx, house_accounts(1, UNITS))
            holder = Holder(*await ledger.open_accounts(tx, wanted))
        before = history[0].day - timedelta(days=1)
        line = Line(Op.POST, *(house_account(BOOK, kind, Asset.CNY) for kind in (Kind.ADVANCE, Kind.ADVANCE_PAYABLE)), Asset.CNY, LINE)
        opened = JournalEntry(BOOK, named(shanghai(before), BOOK, "line"), 1, before, ACTOR, HOUSE, (line,))
        await post(ledger, database, shanghai(before, 12), [opened, *holder.bought(before, history[0].opening)])
        for one in history:
            await post(ledger, database, shanghai(one.day, 12), list(holder.went(one)))
        async with database.read() as tx:
            ends = {one.day: (await ledger.totals_dated(tx, [holder.holding], one.day))[holder.holding].owed for one in history}
            lines = await ledger.trial_balances(tx, [BOOK])
            units, money = lines[BOOK, UNITS], lines[BOOK, Asset.CNY]
    assert sum(line.totals.owed for line in units) == sum(line.totals.owed for line in money) == 0

    opening, wrong = history[0].opening, {}
    for one in history:
        assert one.opening == opening, "the file's days follow each other"
        moved = ends[one.day] - ends.get(one.day - timedelta(days=1), history[0].opening)
        if moved != one.closing - one.opening:
            wrong[one.day] = one.closing - one.opening - moved
        opening = one.closing
    assert wrong == {date(2013, 8, 13): -1_00}, "the file lacks a yuan there"
    assert wrong == {one.day: wrong_in_itself(one) for one in history if wrong_in_itself(one)}
    assert ends[history[-1].day] == history[-1].closing + 1_00, "and everywhere after it"
