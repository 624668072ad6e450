"""What many accounts are owed, as columns: a place for each account, no object for any.

The running balance of an account stands in its row, and whoever reads many reads it there. From it follows what is owed by a date: without
what was folded into it, less what else carries a later date, with all that spreads gave it by then (see `spreading`).
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from tapwealth.ledger.port import FOLD_KIND, Column

_SLOT_BITS = 8
SLOTS = 1 << _SLOT_BITS
"""Accounts with neighbouring ids that share a row of shares."""
NOTHING = -1
"""Stands in a slot for an account of which nothing was ever said."""

_LATER = """
select coalesce(array_agg(account), '{}'), coalesce(array_agg(amount), '{}') from (
  select s.account, ledger_total(s.amount) amount
    from unnest($1::int[]) b(book)
    join transfer t on t.book = b.book and t.asset = $2 and t.op in (0, 2) and t.business_date > $3 and t.kind <> $4
     and t.no >= (select min(first_no) from book_day y where y.book = b.book and y.business_date > $3),
         lateral (values (t.debit, -t.amount), (t.credit, t.amount)) s(account, amount)
   group by s.account) x
"""
_TOTALS = """
select int8send(p.part) || array_send(array_replace(n.totals, null, -1))
  from unnest($1::bigint[]) p(part),
       lateral (select s.totals from spread_share s
                 where s.book = (p.part >> 40)::int and s.asset = $2 and s.part = p.part and s.no <= (
                   select k.no from spread k where k.book = (p.part >> 40)::int and k.asset = $2 and k.business_date <= $3
                    order by k.business_date desc, k.no desc limit 1)
                 order by s.no desc limit 1) n
"""
_PART = np.dtype([("part", ">i8"), ("head", "V20"), ("slots", [("width", ">i4"), ("total", ">i8")], (SLOTS,))])


async def owed_dated(tx: Any, books: Sequence[int], asset: int, accounts: Column, running: Column, business_date: date) -> Column:
    """What each account, all of one asset and in these books, is owed by what is dated up to a date; `running` is what its row says,
    credits less debits and less what was folded. A number that is no account's (zero or less) is owed what `running` says."""
    owed = running + np.maximum(await _given(tx, asset, accounts, business_date), 0)
    numbers, amounts = await tx.fetchrow(_LATER, books, asset, business_date, FOLD_KIND)
    if numbers and len(accounts):
        order = np.argsort(accounts)
        changed = np.array(numbers, np.int64)
        at = np.minimum(np.searchsorted(accounts, changed, sorter=order), len(accounts) - 1)
        mine = accounts[order[at]] == changed
        owed[order[at[mine]]] -= np.array(amounts, np.int64)[mine]
    return owed


async def _given(tx: Any, asset: int, accounts: Column, business_date: date) -> Column:
    """What spreads dated up to a date ever gave each account; `NOTHING` where none did."""
    parts, row = np.unique(part_of(accounts), return_inverse=True)
    return (await totals(tx, asset, parts, business_date))[row, slot_of(accounts)]


async def totals(tx: Any, asset: int, parts: Column, business_date: date = date.max) -> Column:
    """A row for each part: what spreads dated up to a date ever gave each of its accounts, `NOTHING` where none did."""
    table = np.full((len(parts), SLOTS), NOTHING, np.int64)
    found = b"".join([row[0] for row in await tx.fetch(_TOTALS, parts.tolist(), asset, business_date)])
    rows: Any = np.frombuffer(found, _PART)
    table[np.searchsorted(parts, rows["part"])] = rows["slots"]["total"]
    return table


def part_of(accounts: Column) -> Column:
    """Which row of shares each account stands in."""
    return accounts >> _SLOT_BITS


def slot_of(accounts: Column) -> Column:
    """And where in it."""
    return accounts & (SLOTS - 1)


def total_of(column: Column) -> int:
    """The sum, however great."""
    return (int((column >> 32).sum()) << 32) + int((column & 0xFFFFFFFF).sum())
