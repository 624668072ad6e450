"""SQL that holds what customers are shown of their funds against the ledger, a book at a time; read alone, by the audit.

What the pages show (what was paid in, what came back, income) is read from orders, dividends and rows of income. Here each of these is held
against the ledger's own lines, found by what kind of entry they are of.
"""

from collections.abc import Mapping
from typing import Any

from tapwealth.funds.entries import FundEntry
from tapwealth.funds.exchange_values import BUYS, BusinessCode
from tapwealth.ledger.archives import NOT_ARCHIVED
from tapwealth.ledger.chart import Kind

BOUGHT, REDEEMED, SWITCHED, REINVESTED, ADDED, TAKEN, FORCED, INCOME = (
    "units bought",
    "units redeemed",
    "units switched",
    "dividends reinvested",
    "units the registrar gave",
    "units the registrar took",
    "units the registrar redeemed",
    "income posted by itself",
)
_KINDS = {
    FundEntry.PURCHASE_CONFIRMED: BOUGHT,
    FundEntry.RAISE_FORMED: BOUGHT,
    FundEntry.HOLDER_REDEEMED: REDEEMED,
    FundEntry.SWITCH_CONFIRMED: SWITCHED,
    FundEntry.DIVIDEND_REINVESTED: REINVESTED,
    FundEntry.FORCED_INCREASE: ADDED,
    FundEntry.FORCED_DECREASE: TAKEN,
    FundEntry.FORCED_REDEMPTION: FORCED,
    FundEntry.INCOME: INCOME,
    FundEntry.NEGATIVE_INCOME: INCOME,
}
"""Entries on holdings, and what they are of. A spread of income is looked at as a whole (`income_spreads`)."""
_CODES = {
    BusinessCode.SUBSCRIBE: (BOUGHT, 1),
    **dict.fromkeys(BUYS, (BOUGHT, 1)),
    BusinessCode.REDEEM: (REDEEMED, -1),
    BusinessCode.SWITCH: (SWITCHED, -1),
    BusinessCode.FORCED_INCREASE: (ADDED, 1),
    BusinessCode.FORCED_DECREASE: (TAKEN, -1),
    BusinessCode.FORCED_REDEMPTION: (FORCED, -1),
}

_UNITS = f"""
with kinds as (select * from unnest($2::smallint[], $3::text[]) k(kind, what)),
codes as (select * from unnest($4::text[], $5::text[], $6::bigint[]) c(code, what, sign)),
holding as (select id, owner, asset from account where book = $1 and kind = {int(Kind.HOLDING)}),
moved as (
  select account, what, ledger_total(units) units from (
    select s.account, k.what, s.units
      from transfer t join kinds k on k.kind = t.kind, lateral (values (t.credit, t.amount), (t.debit, -t.amount)) s(account, units)
     where t.book = $1 and t.asset <> 1 and t.op in (0, 2)
    union all
    select (p.part << 8) + u.slot - 1, $3[array_position($2, $7)], u.units
      from spread_share p join transfer t on t.book = p.book and t.no = p.no and t.kind = $7,
           lateral unnest(p.amounts) with ordinality u(units, slot)
     where p.book = $1 and u.units > 0 and {NOT_ARCHIVED.format("p")}
    union all
    select account, $3[array_position($2, $7)], units from unnest($8::bigint[], $9::bigint[]) a(account, units)) x
  group by 1, 2),
said as (
  select account, what, sum(units)::bigint units from (
    select h.id account, c.what, o.confirmed_units * c.sign units from fund_order o join codes c on c.code = o.business_code
      join fund f on f.code = o.fund join holding h on h.owner = o.fund_account and h.asset = f.asset where o.book = $1
    union all
    select h.id, c.what, o.target_units from fund_order o join codes c on c.code = o.business_code
      join fund f on f.code = o.target_fund join holding h on h.owner = o.fund_account and h.asset = f.asset
     where o.book = $1 and o.target_units > 0
    union all
    select h.id, $10, d.units from fund_dividend d join fund f on f.code = d.fund join holding h on h.owner = d.fund_account and h.asset = f.asset
     where d.book = $1
    union all
    select h.id, $11, i.amount from fund_income_posted i join fund f on f.code = i.fund
      join holding h on h.owner = i.fund_account and h.asset = f.asset where i.book = $1) x
  group by 1, 2)
select h.id account, coalesce(m.what, s.what) what, coalesce(m.units, 0) moved, coalesce(s.units, 0) said
  from moved m full join said s on s.account = m.account and s.what = m.what join holding h on h.id = coalesce(m.account, s.account)
 where coalesce(m.units, 0) <> coalesce(s.units, 0) order by 1, 2
"""  # noqa: E501

_MONEY = f"""
with paid as (
  select t.reference, ledger_total(t.amount) amount from transfer t
   where t.book = $1 and t.asset = 1 and t.op = 0 and t.kind = any($2) and t.reference is not null group by 1),
said as (
  select o.id, o.serial, o.channel, o.fund, o.fund_account, o.confirmed_amount amount from fund_order o
    join fund f on f.code = o.fund
    join account h on h.book = o.book and h.kind = {int(Kind.HOLDING)} and h.owner = o.fund_account and h.asset = f.asset
   where o.book = $1 and o.business_code = any($3)
  union all
  select d.fund_order, d.fund || ' of ' || d.record_date, f.channel, d.fund, d.fund_account, case when d.units = 0 then d.amount else 0 end
    from fund_dividend d join fund_account f on f.book = d.book and f.id = d.fund_account where d.book = $1)
select s.serial, s.amount said, coalesce(p.amount, 0) moved
  from said s join sales_channel c on c.book = 0 and c.code = s.channel and c.fund = s.fund and c.own left join paid p on p.reference = s.id
 where s.amount <> coalesce(p.amount, 0) order by 1
"""
_PAID = (
    FundEntry.PURCHASE_CONFIRMED,
    FundEntry.RAISE_FORMED,
    FundEntry.HOLDER_REDEEMED,
    FundEntry.FORCED_REDEMPTION,
    FundEntry.DIVIDEND_DUE,
)
_PAID_CODES = [BusinessCode.SUBSCRIBE, *BUYS, BusinessCode.REDEEM, BusinessCode.FORCED_REDEMPTION]

_SPREADS = """
select coalesce(s.no, i.no) no
  from (select s.* from spread s join transfer t on t.book = s.book and t.no = s.no and t.kind = $2 where s.book = $1) s
  full join (select i.no, i.asset, sum(i.amount)::bigint amount, sum(i.holders) holders, max(i.business_date) business_date
               from fund_income_spread i join fund f on f.code = i.fund and f.asset = i.asset where i.book = $1 group by 1, 2) i
    on i.no = s.no and i.asset = s.asset
 where (s.amount, s.accounts, s.business_date) is distinct from (i.amount, i.holders, i.business_date) order by 1
"""


async def units(tx: Any, book: int, archived: Mapping[int, int]) -> list[Any]:
    """(account, what, units by the ledger, units by orders, dividends and income) where the two differ. `archived`: by account, what
    spreads of archived years gave it as bought."""
    kinds, codes = list(_KINDS), list(_CODES)
    found: list[Any] = await tx.fetch(
        _UNITS,
        book,
        kinds,
        list(_KINDS.values()),
        codes,
        [_CODES[code][0] for code in codes],
        [_CODES[code][1] for code in codes],
        FundEntry.PURCHASE_CONFIRMED,
        list(archived),
        list(archived.values()),
        REINVESTED,
        INCOME,
    )
    return found


async def money(tx: Any, book: int) -> list[Any]:
    """(serial, fen by the order or dividend, fen by the ledger) of own customers, where the two differ."""
    found: list[Any] = await tx.fetch(_MONEY, book, list(_PAID), _PAID_CODES)
    return found


async def income_spreads(tx: Any, book: int) -> list[int]:
    """Lines of spreads of income that no day of a fund's is, or another one; and days that no line gave."""
    return [row["no"] for row in await tx.fetch(_SPREADS, book, FundEntry.INCOME)]


async def archived_purchases(tx: Any, book: int) -> list[tuple[int, int, int]]:
    """(asset, year, line) of the archived spreads by which orders were confirmed."""
    rows = await tx.fetch(
        "select y.asset, y.year, t.no from spread_archive y join spread s on s.book = y.book and s.asset = y.asset"
        " and s.no between y.first_no and y.last_no join transfer t on t.book = s.book and t.no = s.no and t.kind = $2"
        " where y.book = $1 order by 1, 2, 3",
        book,
        FundEntry.PURCHASE_CONFIRMED,
    )
    return [tuple(row) for row in rows]
