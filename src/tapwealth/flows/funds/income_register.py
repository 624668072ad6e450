"""The registrar's word on a day's income (06) and our register of the fund, side by side as columns.

The register of a date is read by connections of their own, each its share of the books, while the file is read: the caller has locked the
books, so that nothing moves meanwhile. Both then are arrays of whole numbers, some hundred bytes a holder together, and a day of a million
holders costs a few passes over them; an object is made only of what does not agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from tapwealth.flows.frame import House, together
from tapwealth.flows.funds.exchange_out import ADVANCER
from tapwealth.funds.exchange_values import SUCCESS
from tapwealth.funds.holder_names import TA_WIDTH, TRADING_WIDTH, HolderNames
from tapwealth.funds.income import distribute_columns
from tapwealth.funds.income_file import SaidIncome
from tapwealth.funds.store import Fund
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.columns import owed_dated, total_of
from tapwealth.ledger.port import BOOK_SHIFT, Column
from tapwealth.storage.database import Tx
from tapwealth.storage.fixed_rows import Rows, UnequalRows, fixed_rows

Which = NDArray[np.bool_]

NO_ACCOUNT, ADVANCERS = 0, -1
"""Stand for the account of who has never held a unit, and for the advancer's, which are the house's, one a book."""
UNKNOWN = -1
"""Stands for the place of a holder that we do not know."""


async def earning(house: House, tx: Tx, fund: Fund, day: date) -> dict[int, int]:
    """By book, the units of a fund that earn for the advancer on a date: its own, and those on their way to it."""
    accounts = {house_account(book, kind, fund.asset): book for book in house.all_books for kind in (Kind.ADVANCER, Kind.TRANSIT_098)}
    found = dict.fromkeys(house.all_books, 0)
    for account, totals in (await house.ledger.totals_dated(tx, list(accounts), day)).items():
        found[accounts[account]] += totals.owed
    return found


async def units_earning(house: House, tx: Tx, fund: Fund, day: date) -> int:
    """All units of a fund that earn on a date: what the registrar has for us."""
    mirrors = [house_account(book, Kind.REGISTRAR_MIRROR, fund.asset) for book in house.all_books]
    return sum(totals.held for totals in (await house.ledger.totals_dated(tx, mirrors, day)).values())


@dataclass(frozen=True, slots=True)
class Holders:
    """Everybody whom a fund's registrar knows, with what they hold on a date; `mine`: those of the channel in question."""

    accounts: Column
    mine: Which
    names: HolderNames
    units: Column


_HOLDERS = """
select case when f.id = '{advancer}' then -1 else coalesce(a.id, 0) end, coalesce(a.credits_posted - a.debits_posted - a.folded, 0),
       f.channel = $1, {ta}, {trading}
  from fund_account f
  left join account a
    on a.book = f.book and a.owner = f.id and a.kind = $2::smallint and a.asset = $3::smallint and a.book between $4::int and $5::int
 where f.state = 'open' and f.book between $4::int and $5::int
"""
_NAMES = {"ta": f"f.ta_account::char({TA_WIDTH})", "trading": f"f.trading_account::char({TRADING_WIDTH})"}
_PADDED = "substr(convert_to(f.{0}, 'GB18030') || convert_to(repeat(' ', {1}), 'GB18030'), 1, {1})"
_NAMES_IN_FULL = {"ta": _PADDED.format("ta_account", TA_WIDTH), "trading": _PADDED.format("trading_account", TRADING_WIDTH)}
_ROW = {"account": ">i8", "running": ">i8", "mine": "?", "ta": f"({TA_WIDTH},)u1", "trading": f"({TRADING_WIDTH},)u1"}
_READERS = 2
"""Connections that read a register: as many as there are cores on the least machine."""


async def holders_on(house: House, fund: Fund, day: date, channel: str, advance: int) -> Holders:
    """Our register of a fund on a date, of which the advancer has `advance`. The caller has locked the books."""
    books = range(house.books + 1)
    step = -(-len(books) // _READERS)
    shares = await together(*(_holders_of(house, books[at : at + step], fund, day, channel) for at in range(0, len(books), step)))
    rows, units = zip(*shares, strict=True)
    accounts, mine, ta, trading = (np.concatenate([of[name] for of in rows]) for name in ("account", "mine", "ta", "trading"))
    holds = np.concatenate(units)
    holds[accounts == ADVANCERS] = advance
    return Holders(accounts.astype(np.int64), mine, HolderNames(ta, trading), holds)


async def _holders_of(house: House, books: range, fund: Fund, day: date, channel: str) -> tuple[Rows, Column]:
    """Those of some books, and what each is owed by a date."""
    async with house.database.read_beside() as tx:
        await tx.execute(_WHOLE)
        rows = await _rows(tx, channel, Kind.HOLDING, fund.asset, books[0], books[-1])
        accounts, running = rows["account"].astype(np.int64), rows["running"].astype(np.int64)
        return rows, await owed_dated(tx, list(books), fund.asset, accounts, running, day)


_WHOLE = "set local work_mem = '256MB'; set local enable_indexscan = off"
"""A register is read whole: joined in memory, and without going to its rows one by one in the order of an index."""


async def _rows(tx: Tx, *arguments: object) -> Rows:
    """Names are ASCII as a rule, and padded at least cost; where one is not, all are written as an exchange file has them."""
    try:
        return await fixed_rows(tx, _HOLDERS.format(advancer=ADVANCER, **_NAMES), *arguments, row=_ROW)
    except UnequalRows:
        return await fixed_rows(tx, _HOLDERS.format(advancer=ADVANCER, **_NAMES_IN_FULL), *arguments, row=_ROW)


class Row(NamedTuple):
    """What the file says of a holder, beside what we compute; `known`: whether we know whom it names."""

    ta_account: str
    trading_account: str
    volume: int
    return_code: str
    known: bool
    computed: int

    @property
    def accepted(self) -> bool:
        return self.return_code == SUCCESS


@dataclass(frozen=True, slots=True)
class Side:
    """What a file says of a fund, in its order, beside the channel's holders that it names. `accounts` as in `Holders`, `NO_ACCOUNT` too
    where we know nobody of the name; `payable`: to be paid, as it names a holder of ours who can have earned something and has not been
    given the day's income before."""

    said: SaidIncome
    holders: Holders
    places: Column
    accounts: Column
    computed: Column
    ours: Column
    """What we compute of each of the `holders`."""
    payable: Which

    @property
    def pays_somebody(self) -> bool:
        return bool((self.said.volumes > 0).any())

    def differing(self) -> list[Row]:
        """Records that are not what we compute of a holder of ours, in the order of the file."""
        known = self.places != UNKNOWN
        places = np.flatnonzero(~known | ~self.said.accepted | (self.said.volumes != self.computed))
        return [
            Row(
                *self.said.names.text(place),
                int(self.said.volumes[place]),
                self.said.return_code(place),
                bool(known[place]),
                int(self.computed[place]),
            )
            for place in places.tolist()
        ]

    def missing(self) -> list[tuple[str, str, int]]:
        """Holders of the channel (TA account, trading account) of whom nothing is said, with what we compute, where that is anything."""
        left_out = self.holders.mine & (self.ours != 0)
        left_out[self.places[self.places != UNKNOWN]] = False
        return sorted((*self.holders.names.text(place), int(self.ours[place])) for place in np.flatnonzero(left_out).tolist())

    def paid(self, *, to_the_advancer: bool) -> tuple[Column, Column, Column]:
        """Accounts that are to be paid, how much, and what we compute."""
        which = self.payable & ((self.accounts == ADVANCERS) == to_the_advancer)
        return self.accounts[which], self.said.volumes[which], self.computed[which]


def side_by_side(said: SaidIncome, holders: Holders, rate: int, given: Column) -> Side:
    """`given`: the accounts that have the day's income already."""
    ours = distribute_columns(rate, holders.units, holders.names.first)
    mine = np.flatnonzero(holders.mine)
    found = said.names.found_in(holders.names.chosen(holders.mine))
    known = found != UNKNOWN
    places = np.full(len(said), UNKNOWN)
    places[known] = mine[found[known]]
    accounts, computed = np.zeros(len(said), np.int64), np.zeros(len(said), np.int64)
    accounts[known], computed[known] = holders.accounts[places[known]], ours[places[known]]
    payable = said.accepted & (accounts != NO_ACCOUNT)
    if len(given):
        payable &= ~np.isin(accounts, given)
    return Side(said, holders, places, accounts, computed, ours, payable)


_GIVEN = f"""
select a.id from fund_income_posted i
  join account a on a.book = i.book and a.owner = i.fund_account and a.kind = {int(Kind.HOLDING)} and a.asset = $3
 where i.fund = $1 and i.income_date = $2
union all
select {ADVANCERS} from fund_income_posted where fund = $1 and income_date = $2 and fund_account = $4
union all
select (s.part << 8) + u.slot - 1
  from fund_income_spread i join spread_share s on s.book = i.book and s.asset = i.asset and s.no = i.no,
       lateral unnest(s.amounts) with ordinality u(amount, slot)
 where i.fund = $1 and i.income_date = $2 and u.amount is not null
"""  # noqa: S608 - numbers of ours
_GIVEN_AT_ALL = (
    "select exists (select from fund_income_posted where fund = $1 and income_date = $2)"
    " or exists (select from fund_income_spread where fund = $1 and income_date = $2)"
)


async def given_before(tx: Tx, fund: Fund, income_date: date) -> Column:
    """Accounts that have a day's income already."""
    if not await tx.fetchval(_GIVEN_AT_ALL, fund.code, income_date):
        return np.empty(0, np.int64)
    return np.array([row[0] for row in await tx.fetch(_GIVEN, fund.code, income_date, fund.asset, ADVANCER)], np.int64)


def by_book(accounts: Column, *columns: Column) -> dict[int, tuple[int, ...]]:
    """By book: how many accounts there are, and the sum of each column."""
    books = accounts >> BOOK_SHIFT
    found = {}
    for book in np.unique(books).tolist():
        mine = books == book
        found[book] = (int(mine.sum()), *(total_of(column[mine]) for column in columns))
    return found


async def owners_of(tx: Tx, accounts: Column) -> dict[int, UUID]:
    """Whose each account is."""
    rows: Sequence[Any] = await tx.fetch(
        "select a.id, a.owner from unnest($1::bigint[]) x(id) join account a on a.id = x.id and a.book = (x.id >> 48)::int",
        accounts.tolist(),
    )
    return {row["id"]: row["owner"] for row in rows}


async def note_differing(tx: Tx, fund: Fund, income_date: date, accounts: Column, computed: Column) -> None:
    """Holders whose income we compute otherwise, beside what was spread."""
    await tx.execute(
        "insert into fund_income_differing (book, fund_account, fund, income_date, computed)"
        " select a.book, a.owner, $3, $4, x.computed from unnest($1::bigint[], $2::bigint[]) x(id, computed)"
        " join account a on a.id = x.id and a.book = (x.id >> 48)::int",
        *(accounts.tolist(), computed.tolist(), fund.code, income_date),
    )
