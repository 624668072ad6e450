"""Shares of spreads proved from the lines: the line's reference is a hash over them, each total follows from the one before, what was
folded is what the pool's lines moved, and what is not folded yet is what the pool holds.

All of it is looked at whatever the audit begins with: a holder's balance hangs on the newest row of shares, and that may be an old one.
Of archived years the database has the lines and what is noted; their shares are `audit_archives`'s.
"""

from typing import Any

from tapwealth.ledger.chart import HOUSE_SERIALS_PER_ASSET, POOL
from tapwealth.ledger.findings import Finding, Wrong, at_line
from tapwealth.ledger.rules import FIRST_SERIAL, SERIAL_MASK

_POOL = f"({{0}} & {SERIAL_MASK}) < {FIRST_SERIAL} and ({{0}} & {SERIAL_MASK}) % {HOUSE_SERIALS_PER_ASSET} = {int(POOL)}"

_SPREADS = f"""
with kept as (select * from spread_archive where book = $1),
said as (
  select no, min(business_date) first_date, max(business_date) last_date, asset,
         ledger_total((select ledger_total(u) from unnest(amounts) u)) amount,
         ledger_total((select count(u) from unnest(amounts) u)) accounts,
         ledger_spread_reference(string_agg(ledger_share_digest(part, amounts), '' order by part)) reference
    from spread_share s
   where book = $1 and not exists (select from kept y where y.asset = s.asset and s.no between y.first_no and y.last_no)
   group by no, asset),
line as (select * from transfer t where t.book = $1 and {_POOL.format("t.credit")})
select coalesce(l.no, p.no, s.no) no,
       case when l.no is null then 'they belong to no line' when p.no is null or (s.no is null and y.year is null) then 'they are not there'
            when y.year is null and l.reference is distinct from s.reference then 'they do not give the reference of their line'
            when (p.key, p.business_date, p.amount, p.asset) is distinct from (l.key, l.business_date, l.amount, l.asset)
              or p.accounts <> s.accounts then 'what is noted of them is not what their line says'
            when s.amount <> l.amount then 'they do not make its amount'
            when (s.first_date, s.last_date) <> (l.business_date, l.business_date) then 'they carry another date than their line' end wrong
  from line l full join (select * from spread where book = $1) p on p.no = l.no and p.asset = l.asset
  full join said s on s.no = coalesce(l.no, p.no) and s.asset = coalesce(l.asset, p.asset)
  left join kept y on y.asset = coalesce(l.asset, p.asset) and coalesce(l.no, p.no) between y.first_no and y.last_no
 where l.no is null or p.no is null or s.amount <> l.amount
    or (y.year is null and (s.no is null or l.reference is distinct from s.reference))
    or p.accounts <> s.accounts or (p.key, p.business_date, p.amount, p.asset) is distinct from (l.key, l.business_date, l.amount, l.asset)
    or (s.first_date, s.last_date) <> (l.business_date, l.business_date)
 order by 1
"""  # noqa: S608 - numbers of ours

_TOTALS = """
select s.no, s.part
  from spread_share s
  left join lateral (select totals from spread_share w where w.book = s.book and w.asset = s.asset and w.part = s.part and w.no < s.no
                      order by w.no desc limit 1) b on true
 where s.book = $1
   and not exists (select from spread_archive y where y.book = $1 and y.asset = s.asset and s.no between y.first_no and y.last_no)
   and s.totals is distinct from
       (select array_agg(case when given is null then before else coalesce(before, 0) + given end order by slot)
          from unnest(s.amounts, coalesce(b.totals, array_fill(null::bigint, array[256]))) with ordinality u(given, before, slot))
 order by 1, 2
"""

_FOLDS = f"""
select coalesce(f.no, t.no) no, coalesce(f.account, t.credit) account
  from (select * from spread_fold where book = $1) f
  full join (select * from transfer t where t.book = $1 and {_POOL.format("t.debit")}) t on t.no = f.no
 where (f.account, f.amount, f.business_date) is distinct from (t.credit, t.amount, t.business_date)
    or (f.so_far is distinct from (select s.totals[(f.account & 255) + 1] from spread_share s
                                    where s.book = $1 and s.asset = t.asset and s.part = f.account >> 8 and s.no < f.no
                                    order by s.no desc limit 1)
        and not exists (select from spread_archive y where y.book = $1 and y.asset = t.asset and f.no between y.first_no and y.last_no))
    or f.amount is distinct from f.so_far - coalesce((select w.so_far from spread_fold w where w.book = $1 and w.account = f.account
                                                        and w.no < f.no order by w.no desc limit 1), 0)
 order by 1
"""  # noqa: S608 - numbers of ours

_FOLDED = """
select coalesce(a.id, f.account) account, coalesce(a.folded, 0) folded, coalesce(f.amount, 0) amount
  from (select account, ledger_total(amount) amount from spread_fold where book = $1 group by 1) f
  full join (select id, folded from account where book = $1 and folded <> 0) a on a.id = f.account
 where a.folded is distinct from f.amount order by 1
"""

_IN_POOL = f"""
select a.asset, a.credits_posted - a.debits_posted there,
       coalesce((select ledger_total(u.total)
                   from (select distinct part from spread_share where book = a.book and asset = a.asset) p,
                        lateral (select totals from spread_share s where s.book = a.book and s.asset = a.asset and s.part = p.part
                                  order by s.no desc limit 1) n, lateral unnest(n.totals) u(total)), 0)
       - coalesce((select ledger_total(f.amount) from spread_fold f join account o on o.book = f.book and o.id = f.account
                    where f.book = a.book and o.asset = a.asset), 0) due
  from account a where a.book = $1 and {_POOL.format("a.id")} order by 1
"""  # noqa: S608 - numbers of ours


async def spread_findings(tx: Any, book: int) -> list[Finding]:
    """What is wrong with the shares of a book."""
    found = [at_line(Wrong.SHARE_CHANGED, book, row["no"], row["wrong"]) for row in await tx.fetch(_SPREADS, book)]
    found += [
        at_line(
            Wrong.SHARE_CHANGED, book, row["no"], f"totals of the accounts {row['part'] << 8} to {(row['part'] << 8) + 255} do not follow"
        )
        for row in await tx.fetch(_TOTALS, book)
    ]
    found += [
        at_line(
            Wrong.FOLD_CHANGED, book, row["no"], f"what was folded into account {row['account']} is not what its line and its shares say"
        )
        for row in await tx.fetch(_FOLDS, book)
    ]
    found += [
        Finding(Wrong.FOLD_CHANGED, book, None, None, f"account {account}: {folded} was folded by its row, {amount} by its folds")
        for account, folded, amount in await tx.fetch(_FOLDED, book)
    ]
    return found + [
        Finding(Wrong.SHARE_CHANGED, book, None, None, f"asset {asset}: the pool holds {there}, the shares not folded yet are {due}")
        for asset, there, due in await tx.fetch(_IN_POOL, book)
        if there != due
    ]
