"""What the lines imply, computed anew and compared: pointers, balances, closed dates, holds, answers, the rows of the books.

Each query returns what differs and nothing else. `since` is a number: lines before it are taken as proved by the balances of a closed date,
and only what follows is recomputed. Line numbers make every finding a place: the batch is in the number.
"""

from datetime import date
from typing import Any

from tapwealth.ledger.findings import Finding, Wrong, at_line

_POINTERS = """
select no, account, stored, expected, exists (select from transfer t where t.book = $1 and t.no = stored) there
  from (select no, account, stored,
               coalesce(lag(no) over (partition by account order by no),
                        case when $2::bigint > 0 then least(stored, $2::bigint - 1) else 0 end) expected
          from transfer t, lateral (values (t.debit, t.debit_before), (t.credit, t.credit_before)) s(account, stored)
         where t.book = $1 and t.no >= $2::bigint) x
 where stored <> expected order by no
"""

_SUMS = """
side as (
  select s.account, t.no, case when debited and counts then t.amount else 0 end debits,
         case when not debited and counts then t.amount else 0 end credits
    from transfer t, lateral (values (t.debit, true), (t.credit, false)) s(account, debited),
         lateral (select t.op in (0, 2) and ($3::date is null or t.business_date > $3::date) counts) c
   where t.book = $1 and t.no >= $2::bigint),
summed as (select account, ledger_total(debits) debits, ledger_total(credits) credits, max(no) last_no from side group by account)
"""

_BALANCES = (
    "with"  # noqa: S608
    + _SUMS
    + """
select coalesce(a.id, s.account) account, a.id is null absent, a.debits_posted, a.credits_posted, a.last_no,
       coalesce(d.debits_posted, 0) + coalesce(s.debits, 0) debits, coalesce(d.credits_posted, 0) + coalesce(s.credits, 0) credits,
       s.last_no newest
  from (select * from account where book = $1) a full join summed s on s.account = a.id
  left join lateral (select * from balance_day d
                      where $3::date is not null and d.book = $1 and d.account = a.id and d.business_date <= $3::date
                      order by d.business_date desc limit 1) d on true
 where a.id is null or a.debits_posted <> coalesce(d.debits_posted, 0) + coalesce(s.debits, 0)
    or a.credits_posted <> coalesce(d.credits_posted, 0) + coalesce(s.credits, 0)
    or (s.account is not null and a.last_no <> s.last_no) or (s.account is null and $2::bigint = 0 and a.last_no <> 0)
 order by 1
"""
)

_PENDING = """
select a.id account, a.debits_pending, a.credits_pending, coalesce(h.debits, 0) debits, coalesce(h.credits, 0) credits
  from account a
  left join (select s.account, ledger_total(case when debited then h.amount else 0 end) debits,
                    ledger_total(case when debited then 0 else h.amount end) credits
               from hold h, lateral (values (h.debit, true), (h.credit, false)) s(account, debited)
              where h.book = $1 and h.state = 1 group by s.account) h on h.account = a.id
 where a.book = $1 and (a.debits_pending, a.credits_pending) is distinct from (coalesce(h.debits, 0), coalesce(h.credits, 0)) order by 1
"""

_HOLDS = """
with mine as (
  select no, op, hold, key, debit, credit, asset, amount, expires_at
    from transfer where book = $1 and no >= $2::bigint and hold is not null),
placed as (select *, count(*) over (partition by key) linked from mine where op = 1),
ended as (select hold, min(no) no, min(op) op, min(amount) amount, count(*) times from mine where op > 1 group by hold),
due as (
  select p.hold id, p.no, p.key link, p.debit, p.credit, p.asset, p.amount, p.expires_at, p.linked, coalesce(e.op, 1) state,
         case e.op when 2 then e.amount else 0 end captured, coalesce(e.times, 0) times
    from placed p left join ended e on e.hold = p.hold)
select coalesce(d.no, e.no) no, coalesce(h.id, d.id, e.hold) id, h.id is null absent, d.id is null and e.hold is null unplaced, d.times
  from (select * from hold where book = $1) h
  full join due d on d.id = h.id
  full join (select * from ended where $2::bigint > 0 and hold not in (select hold from placed)) e on e.hold = coalesce(h.id, d.id)
 where h.id is null or d.times > 1
    or (d.id is null and e.hold is null and $2::bigint = 0)
    or (d.id is not null and (h.link, h.debit, h.credit, h.asset, h.amount, h.expires_at, h.linked, h.state, h.captured)
         is distinct from (d.link, d.debit, d.credit, d.asset, d.amount, d.expires_at, d.linked, d.state, d.captured))
    or (d.id is null and e.hold is not null and (h.state, h.captured) is distinct from (e.op, case e.op when 2 then e.amount else 0 end))
 order by 1, 2
"""

_ANSWERS = """
select min(no) no, key, count(*) lines, count(distinct code) > 1 divided
  from (select no, key, seq, kind, business_date, actor, reference, 0::smallint code from transfer where book = $1 and no >= $2::bigint
        union all select no, key, seq, kind, business_date, actor, reference, code from refusal where book = $1 and no >= $2::bigint) x
 group by key
having count(*) <> max(seq) + 1 or count(distinct seq) <> count(*) or max(no) - min(no) + 1 <> count(*) or count(distinct code) > 1
    or count(distinct (kind, business_date, actor, coalesce(reference, key))) > 1
 order by 1
"""

_DAYS = """
with closed as (
  select business_date, close_no, row_number() over (order by close_no, business_date) - 1 place
    from book_day where book = $1 and closed_at is not null),
closes as (select coalesce(array_agg(close_no order by place), '{}') nos from closed),
side as (
  select s.account, t.no, t.business_date, t.op in (0, 2) moves, case when debited then t.amount else 0 end debits,
         case when debited then 0 else t.amount end credits
    from transfer t, lateral (values (t.debit, true), (t.credit, false)) s(account, debited) where t.book = $1),
dated as (  -- what each closed date should say
  select account, business_date, ledger_total(debits) debits, ledger_total(credits) credits
    from side where moves and business_date <= (select max(business_date) from closed) group by 1, 2),
running as (
  select account, business_date, ledger_total(debits) over w debits, ledger_total(credits) over w credits
    from dated window w as (partition by account order by business_date)),
event as (  -- what had been recorded when each date was closed: the lines, and the rows kept as marks among them
  select account, width_bucket(no - 1, nos) place, false mark, ledger_total(case when moves then debits else 0 end) debits,
         ledger_total(case when moves then credits else 0 end) credits, max(no) no
    from side, closes group by 1, 2
  union all
  select d.account, c.place, true, 0, 0, 0 from balance_day d join closed c on c.business_date = d.business_date where d.book = $1),
so_far as (
  select account, place, mark, ledger_total(debits) over w debits, ledger_total(credits) over w credits, max(no) over w no
    from event window w as (partition by account order by place))
select coalesce(d.account, r.account) account, coalesce(d.business_date, r.business_date) business_date, d.debits_posted, d.credits_posted,
       r.debits, r.credits
  from (select * from balance_day where book = $1) d
  left join closed c on c.business_date = d.business_date
  left join so_far s on s.mark and s.account = d.account and s.place = c.place
  full join running r on r.account = d.account and r.business_date = d.business_date
 where (d.debits_posted, d.credits_posted) is distinct from (r.debits, r.credits)
    or (d.debits_so_far, d.credits_so_far, d.last_no) is distinct from (s.debits, s.credits, s.no)
 order by 1, 2
"""

_BOOK = """
select b.batch, b.clock, b.top, b.newest_date, b.closed_through,
       (select max(recorded_at + lines * interval '1 microsecond') from batch where book = $1) clock_due,
       (select business_date from book_day where book = $1 and closed_at is not null order by business_date desc limit 1) closed_due,
       (select key from (select key from transfer where book = $1 and no >= $2::bigint
                         union all select key from refusal where book = $1 and no >= $2::bigint) k order by key desc limit 1) top_due,
       (select count(*) from (select recorded_at < lag(recorded_at + lines * interval '1 microsecond') over (order by batch) early
                                from batch where book = $1) x where early) early
  from book b where b.book = $1
"""


async def sum_findings(tx: Any, book: int, since: int, closed: date | None) -> list[Finding]:
    """Everything of a book but its chain. `since` 0 and `closed` None: from the beginning."""
    return [
        *await _pointers(tx, book, since),
        *await _balances(tx, book, since, closed),
        *await _pending(tx, book),
        *await _holds(tx, book, since),
        *await _answers(tx, book, since),
        *(await _days(tx, book) if closed is None else ()),
        *await _book(tx, book, since),
        *await _trial(tx, book),
    ]


async def _pointers(tx: Any, book: int, since: int) -> list[Finding]:
    return [
        at_line(
            Wrong.POINTER_CHANGED,
            book,
            row["no"],
            f"on account {row['account']} it names {row['stored']}{'' if row['there'] or not row['stored'] else ', which is not there'};"
            f" the line before it is {row['expected']}",
        )
        for row in await tx.fetch(_POINTERS, book, since)
    ]


async def _balances(tx: Any, book: int, since: int, closed: date | None) -> list[Finding]:
    findings = []
    for row in await tx.fetch(_BALANCES, book, since, closed):
        account = row["account"]
        if row["absent"]:
            detail = f"account {account} has lines and no row"
        elif (row["debits_posted"], row["credits_posted"]) != (row["debits"], row["credits"]):
            said, due = (row["debits_posted"], row["credits_posted"]), (row["debits"], row["credits"])
            detail = f"account {account} says debits and credits {said[0]} and {said[1]}, its lines {due[0]} and {due[1]}"
        else:
            detail = f"account {account} names {row['last_no']} as its newest line, which is {row['newest']}"
        findings.append(Finding(Wrong.BALANCE_CHANGED, book, None, None, detail))
    return findings


async def _pending(tx: Any, book: int) -> list[Finding]:
    return [
        Finding(
            Wrong.PENDING_CHANGED,
            book,
            None,
            None,
            f"account {row['account']} says {row['debits_pending']} and {row['credits_pending']},"
            f" its open holds {row['debits']} and {row['credits']}",
        )
        for row in await tx.fetch(_PENDING, book)
    ]


async def _holds(tx: Any, book: int, since: int) -> list[Finding]:
    findings = []
    for row in await tx.fetch(_HOLDS, book, since):
        if row["unplaced"]:
            findings.append(Finding(Wrong.HOLD_CHANGED, book, None, None, f"hold {row['id']} was placed by no line"))
        else:
            detail = "is not there" if row["absent"] else "ended more than once" if (row["times"] or 0) > 1 else "differs"
            findings.append(at_line(Wrong.HOLD_CHANGED, book, row["no"], f"hold {row['id']} {detail}"))
    return findings


async def _answers(tx: Any, book: int, since: int) -> list[Finding]:
    return [
        at_line(
            Wrong.ANSWER_CHANGED,
            book,
            row["no"],
            f"key {row['key']} has {row['lines']} lines that are not one entry{', posted and refused' if row['divided'] else ''}",
        )
        for row in await tx.fetch(_ANSWERS, book, since)
    ]


async def _days(tx: Any, book: int) -> list[Finding]:
    return [
        Finding(
            Wrong.DAY_CHANGED,
            book,
            None,
            None,
            f"account {row['account']} on {row['business_date']}: kept {row['debits_posted']} and {row['credits_posted']},"
            f" its lines give {row['debits']} and {row['credits']}",
        )
        for row in await tx.fetch(_DAYS, book)
    ]


async def _book(tx: Any, book: int, since: int) -> list[Finding]:
    row = await tx.fetchrow(_BOOK, book, since)
    wrong = [
        f"{what} is {said}, should be {due}"
        for what, said, due in (
            ("the next instant", row["clock"], row["clock_due"] or row["clock"]),
            ("the last closed date", row["closed_through"], row["closed_due"]),
            (
                "the greatest key",
                row["top"],
                row["top_due"] if row["top_due"] and (not since or row["top_due"] > row["top"]) else row["top"],
            ),
        )
        if said != due
    ]
    if row["early"]:
        wrong.append(f"{row['early']} batches were recorded before the one before them")
    return [Finding(Wrong.BOOK_CHANGED, book, None, None, text) for text in wrong]


async def _trial(tx: Any, book: int) -> list[Finding]:
    rows = await tx.fetch(
        """select asset, ledger_total(debits_posted), ledger_total(credits_posted), ledger_total(debits_pending),
                  ledger_total(credits_pending)
             from account where book = $1 group by asset order by asset""",
        book,
    )
    return [
        Finding(
            Wrong.UNBALANCED,
            book,
            None,
            None,
            f"asset {asset}: debits {debits} and credits {credits}, held {held_debits} and {held_credits}",
        )
        for asset, debits, credits, held_debits, held_credits in rows
        if debits != credits or held_debits != held_credits
    ]
