"""Answers of the registrar (04) to another channel's orders that say just what was asked, settled set by set in the database.

Plain is: a purchase of a money fund that is confirmed whole, at 1.0000, under the holder that ordered it, once in the file. Whatever is
anything else, or is not for certain plain, is left to be looked at one by one (`exchange_in`), which knows what is wrong with it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from tapwealth.flows.frame import House, Moment, must_post
from tapwealth.flows.funds import file_tables
from tapwealth.flows.funds.file_tables import Plan, Staged
from tapwealth.funds import entries
from tapwealth.funds.conditions import FundKind
from tapwealth.funds.exchange_in import Incoming
from tapwealth.funds.exchange_values import PAR, SUCCESS, UNFINISHED, BusinessCode
from tapwealth.funds.order_state import OrderState
from tapwealth.funds.store import Fund
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import named
from tapwealth.ledger import spreading
from tapwealth.ledger.port import JournalEntry, Shares
from tapwealth.storage.database import Tx
from tapwealth.storage.fixed_rows import fixed_rows
from tapwealth.wire.ofd import DataFileName, write_date

_COLUMNS = {
    "AppSheetSerialNo": "serial",
    "TASerialNO": "ta_serial",
    "BusinessCode": "business_code",
    "TransactionAccountID": "trading_account",
    "TAAccountID": "ta_account",
    "FundCode": "fund",
    "ConfirmedVol": "volume",
    "ConfirmedAmount": "amount",
    "TransactionCfmDate": "confirmed_on",
    "ReturnCode": "return_code",
    "BusinessFinishFlag": "finish_flag",
    "NAV": "nav",
    "Charge": "charge",
    "FromTAFlag": "from_ta",
}
_FEW = 64
"""Answers by which it is seen of which dealing days a file is."""

_DAYS = f"""
select distinct o.dealing_date from (select rtrim(serial) serial from answer_said limit {_FEW}) s, unnest($1::int[]) b(book),
  lateral (select o.dealing_date from fund_order o where o.book = b.book and o.channel = $2 and o.serial = s.serial offset 0) o
"""  # noqa: S608 - a number of ours
_TWICE = "select serial from answer_said group by serial having count(*) > 1"
_SIDE = "create temporary table answer_side (place bigint, book int, tid tid, holding bigint, fund text, amount bigint) on commit drop"
_SENT = """
create temporary table answer_sent on commit drop as
select o.ctid tid, o.book, o.holding, o.serial, o.fund, o.amount, lpad(o.amount::text, 16, '0') written, a.ta_account, a.trading_account
  from fund_order o
 {holders}
 where o.book = any($1) and o.channel = $2 and o.dealing_date = any($3) and o.business_code = $4 and o.fund = any($5)
   and o.state = any($6) and o.amount > 0 and a.ta_account <> ''
"""
_SENT_LOOKED_UP = _SENT.format(
    holders="cross join lateral (select a.ta_account, a.trading_account from fund_account a"
    " where a.book = o.book and a.id = o.fund_account offset 0) a"
)
_SENT_WHOLE = _SENT.format(holders="join fund_account a on a.channel = o.channel and a.book = o.book and a.id = o.fund_account")
"""The same for a file that is not small beside the holders: they are read as a whole."""
_MATCH = """
insert into answer_side
select s.place, o.book, o.tid, o.holding, o.fund, o.amount
  from (select row_number() over () place, * from answer_said) s
  left join answer_sent o
    on o.serial = rtrim(s.serial) and o.fund = rtrim(s.fund) and o.ta_account = rtrim(s.ta_account)
   and o.trading_account = rtrim(s.trading_account) and o.written = s.amount and s.volume = s.amount
   and s.business_code = $1 and s.return_code = $2 and s.confirmed_on = $3 and rtrim(s.ta_serial) <> '' and s.finish_flag <> $4
   and s.from_ta in ('', ' ', '0') and ltrim(s.nav, '0 ') in ('', $5) and ltrim(s.charge, '0 ') = '' and s.serial <> all($6)
"""
_SUMS = "select fund, book, sum(amount)::bigint as amount from answer_side where tid is not null group by 1, 2 order by 1, 2"
_SHARES = "select holding, sum(amount)::bigint from answer_side where tid is not null and fund = $1 group by holding"
_CONFIRM = """
update fund_order o
   set state = 'confirmed', confirmed_amount = p.amount, confirmed_units = p.amount, return_code = $1, confirmed_on = $2,
       under_way = false
  from answer_side p where o.ctid = p.tid and o.book = p.book
"""
"""By where the orders stand, which nobody changes while the books are locked: the index was searched once."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What a file's plain answers came to: fen of purchases by fund and book, and which records (counted from 1) are left; `records` are
    all of the file's."""

    records: int
    confirmed: Mapping[str, Mapping[int, int]]
    left: Sequence[int]


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Under which date and by whom what a file confirms is posted."""

    file: DataFileName
    day: date
    actor: int


async def settle(house: House, tx: Tx, at: Moment, funds: Mapping[str, Fund], of: Confirmed, incoming: Incoming[Any]) -> Settled:
    """Settle a file's plain answers. Raises BadInput for a file that is not whole."""
    staged = await file_tables.stage(tx, "answer_said", incoming, _COLUMNS)
    await _match(house, tx, of, staged, await spreadable(tx, funds.values(), of.day))
    confirmed: dict[str, dict[int, int]] = defaultdict(dict)
    for row in await tx.fetch(_SUMS):
        confirmed[row["fund"]][row["book"]] = row["amount"]
    await must_post(house, tx, at, _cash(confirmed, of))
    for fund in confirmed:
        await _give_units(house, tx, at, funds[fund], of, confirmed[fund])
    changed = await tx.execute(_CONFIRM, SUCCESS, of.day)
    left = await tx.fetch("select place from answer_side where tid is null order by place")
    settled = staged.records - len(left)
    assert changed == f"UPDATE {settled}", f"{of.file}: {settled} orders are settled, and the note of it says {changed}"
    return Settled(staged.records, confirmed, [row["place"] for row in left])


async def spreadable(tx: Tx, funds: Iterable[Fund], day: date) -> list[str]:
    """The money funds whose units can be spread under a date."""
    through = {one.code: await spreading.spread_through(tx, one.asset) for one in funds if one.kind is FundKind.MONEY}
    return [code for code, date in through.items() if date is None or date <= day]


async def _match(house: House, tx: Tx, of: Confirmed, staged: Staged, funds: Sequence[str]) -> None:
    """Each record beside the order that it plainly answers, or beside nothing."""
    books, channel = list(house.all_books), of.file.receiver
    async with file_tables.planned(tx, Plan.LOOK_UP):
        days = [row["dealing_date"] for row in await tx.fetch(_DAYS, books, channel)]
    twice = [] if staged.rising else [row["serial"] for row in await tx.fetch(_TWICE)]
    await tx.execute(_SIDE)
    code = BusinessCode.PURCHASE
    asked = books, channel, days, code, funds, [OrderState.PLACED, OrderState.SENT]
    whole = await file_tables.whole(tx, staged.records, "fund_account")
    async with file_tables.planned(tx, Plan.FOUND_SIDE_BY_SIDE if whole else Plan.LOOK_UP):
        await tx.execute(_SENT_WHOLE if whole else _SENT_LOOKED_UP, *asked)
    async with file_tables.planned(tx, Plan.SIDE_BY_SIDE):
        await tx.execute(_MATCH, code.confirmed, SUCCESS, write_date(of.file.day), UNFINISHED, str(PAR), twice)


def _cash(confirmed: Mapping[str, Mapping[int, int]], of: Confirmed) -> list[JournalEntry]:
    """The money of each book."""
    sums: Counter[int] = Counter()
    for by_book in confirmed.values():
        sums.update(by_book)
    keys = {book: named(shanghai(of.file.day), book, f"channel confirmed:{of.file}") for book in sums}
    return [entries.channel_cash_confirmed(book, keys[book], sums[book], of.day, of.actor) for book in sorted(sums)]


async def _give_units(house: House, tx: Tx, at: Moment, fund: Fund, of: Confirmed, books: Mapping[int, int]) -> None:
    """Each holder's, spread over its book."""
    keys = {book: named(shanghai(of.file.day), book, f"channel units:{of.file}:{fund.code}") for book in books}
    rows = await fixed_rows(tx, _SHARES, fund.code, row={"holding": ">i8", "amount": ">i8"})
    shares = Shares(*(rows[name].astype(np.int64) for name in ("holding", "amount")))
    await house.ledger.spread(tx, at.now, entries.channel_units_spread(keys, of.day, of.actor, fund.asset), shares)
